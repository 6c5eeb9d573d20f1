"""What enters: an LLVM checkout, an installation of the same version, the name of one target, a work folder.
What leaves: that target's generated files, its objects, and LLVM's tools linked with them and with the prebuilt libraries.
What it does not do: run CMake, build LLVM's own libraries, or judge what the tools do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from llvm_integration.cmake import Lists, read_lists
from llvm_integration.discover import Installation, SourceTree, machine
from llvm_integration.incremental import BuildStep, ContentHashes, Progress, dependencies, run_steps
from llvm_integration.overlay import Overlay
from llvm_integration.precompiled import PrecompiledHeaders
from llvm_integration.process import Completed, ToolFailure, run
from llvm_integration.toolchain import ToolLinker, compile_flags, write_overlay

DEFAULT_TOOLS = ("llc", "opt", "llvm-mc", "llvm-objdump")
"""The tools that most tests of a target run and that hold its code."""
TABLEGEN_SECONDS = 600.0
PREPARE_SECONDS = 900.0
COMPILE_SECONDS = 180.0


def _silent(done: int, total: int, name: str) -> None:
    del done, total, name


@dataclass(frozen=True)
class TargetBuild:
    """One target of `source`, built in `work` against the libraries of `installation`.

    `overlay`: files of LLVM's own that differ from the installation's (a new triple); they come before its headers and libraries.
    `folder` is the target's folder if it is not `lib/Target/<target>` of the checkout. `tools` are folders of `llvm/tools`.
    """

    source: SourceTree
    installation: Installation
    target: str
    work: Path
    overlay: Overlay | None = None
    folder: Path | None = None
    tools: tuple[str, ...] = DEFAULT_TOOLS
    jobs: int = 0
    """Processes at a time; 0 is one a core."""
    tables: Path | None = None
    """The target's tables where they are made already; llvm-tblgen is then run for the tools alone."""
    flags: tuple[str, ...] = ()
    """More flags for the target's own files, after the others."""

    def __reduce__(self) -> tuple[type[TargetBuild], tuple[object, ...]]:
        """Its fields are all that another process needs; what was derived from them is derived again."""
        return TargetBuild, tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def target_dir(self) -> Path:
        """The folder of the target's sources, absolute."""
        return (self.folder or self.source.llvm / "lib" / "Target" / self.target).resolve()

    @cached_property
    def lists(self) -> Lists:
        """What the target's CMakeLists.txt files name. Raises ToolFailure."""
        return read_lists(self.target_dir)

    @property
    def generated_dir(self) -> Path:
        """Where llvm-tblgen's output lies: what `lib/Target/<target>` is in a CMake build directory."""
        return (self.tables or self.work / "gen").resolve()

    @property
    def tools_dir(self) -> Path:
        """Where the tools of the unmodified backend lie after `prepare()`."""
        return self.work.resolve() / "bin"

    @property
    def include_dirs(self) -> tuple[Path, ...]:
        """Include folders of the target's files, in the order of search."""
        own = (self.target_dir, self.generated_dir)
        overlay = (self.overlay.include_dir,) if self.overlay else ()
        return (*own, *overlay, self.work.resolve() / "include", *self.installation.include_dirs)

    @cached_property
    def objects(self) -> dict[str, Path]:
        """The unmodified backend: source file relative to the target's folder -> its object."""
        return {file: (self.work.resolve() / "obj" / file).with_suffix(".o") for file in self.lists.sources}

    @cached_property
    def _hashes(self) -> ContentHashes:
        return ContentHashes()

    @cached_property
    def _precompiled(self) -> PrecompiledHeaders:
        return PrecompiledHeaders(self.work.resolve() / "pch", self._hashes)

    @cached_property
    def _linker(self) -> ToolLinker:
        return ToolLinker(self.source, self.installation, self.work.resolve(), self.include_dirs[2:], self.tools, self.lists, self.overlay)

    @property
    def _jobs(self) -> int:
        return self.jobs or machine(self.work).cores

    def prepare(self, progress: Progress = _silent) -> Path:
        """Make or refresh everything of the unmodified backend; `progress` is called for each file.

        Returns the folder of the linked tools. Raises ToolFailure if a file cannot be read, generated, compiled or linked.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        write_overlay(self.work.resolve() / "include", self.target, self.target_dir, self.installation)
        self.generate(progress)
        compiles = [*self.steps(), *self._linker.compile_steps()]
        made = run_steps(compiles, self._hashes, self._jobs, progress)
        if made or not all((self.tools_dir / tool).exists() for tool in self.tools):
            self.link(self.tools_dir)
        return self.tools_dir

    def generate(self, progress: Progress = _silent) -> Path:
        """Run llvm-tblgen for the target and the tools as far as the .td files have changed; returns `generated_dir`."""
        own = [] if self.tables else _tablegen_steps(self.lists, self.target_dir, self.generated_dir, self)
        runs = [*own, *self._tool_tablegen()]
        run_steps(runs, self._hashes, self._jobs, progress)
        return self.generated_dir

    def _tool_tablegen(self) -> list[BuildStep]:
        return [
            step
            for tool in self.tools
            for step in _tablegen_steps(self._linker.lists[tool], self._linker.folder(tool), self._linker.generated_dir(tool), self)
        ]

    def compile(
        self,
        file: str,
        text: str | None,
        out: Path,
        *,
        header_overrides: Mapping[str, str] | None = None,
        flags: Sequence[str] = (),
        timeout: float = COMPILE_SECONDS,
    ) -> Completed:
        """Compile one file of the target (relative to its folder) with another `text` (None: its own) to the object `out`.

        `header_overrides` gives files of the target's folder other texts. The compiler sees them under their own names and in
        their own places, through clang's VFS overlay, so an equal text gives an equal object. `flags` come last. The
        result's `returncode` says whether it compiled. Raises ToolFailure if the file is none of the target's.
        """
        if file not in self.objects:
            raise ToolFailure(
                f"{file} is not named in a CMakeLists.txt", where=str(self.target_dir), next_step="add it to the list of sources"
            )
        replaced = dict(header_overrides or {})
        if text is not None:
            replaced[file] = text
        out.parent.mkdir(parents=True, exist_ok=True)
        argv = [*self._compile_argv(file, out.resolve()), *flags]
        if not header_overrides:
            argv += self._precompiled.flags(self.target_dir / file, self._compiler(file), self.objects[file])
        if replaced:
            argv += ["-ivfsoverlay", str(self._write_vfs(replaced, out.resolve()))]
        return run(argv, timeout=timeout)

    def objects_including(self, header: str) -> tuple[str, ...]:
        """The target's source files whose objects depend on `header` (relative to the target's or the generated folder).

        Known after `prepare()`. Raises ToolFailure if no file includes it: then nothing would be compiled, nor judged.
        """
        wanted = {str(self.target_dir / header), str(self.generated_dir / header)}
        found = tuple(file for file, out in self.objects.items() if wanted & set(dependencies(out.with_suffix(".d"))))
        if not found:
            raise ToolFailure(f"no source file of {self.target} includes {header}", next_step="check the header's path")
        return found

    def link(self, tools_dir: Path, replaced: Mapping[str, Path] | None = None, tools: Sequence[str] | None = None) -> None:
        """Link `tools` (all by default) into `tools_dir`, with the objects of some source files `replaced`.

        Raises ToolFailure with the linker's message.
        """
        unknown = set(replaced or {}) - set(self.objects)
        if unknown:
            raise ToolFailure(f"no source files of {self.target}: {', '.join(sorted(unknown))}", where=str(self.target_dir))
        objects = {**self.objects, **{file: path.resolve() for file, path in (replaced or {}).items()}}
        self._linker.link(tools_dir.resolve(), list(objects.values()), tools or self.tools, self._jobs)

    def attempt(self, progress: Progress = _silent) -> dict[str, Completed]:
        """As `prepare`, but a tool that cannot be linked is no failure: tool -> its link, after the first that fails no other.

        Raises ToolFailure if a file cannot be read, generated or compiled."""
        self.work.mkdir(parents=True, exist_ok=True)
        write_overlay(self.work.resolve() / "include", self.target, self.target_dir, self.installation)
        self.generate(progress)
        run_steps([*self.steps(), *self._linker.compile_steps()], self._hashes, self._jobs, progress)
        links: dict[str, Completed] = {}
        for number, tool in enumerate(self.tools, start=1):
            links[tool] = self._linker.attempt(tool, self.tools_dir / tool, list(self.objects.values()))
            progress(number, len(self.tools), f"linking {tool}")
            if not links[tool].ok:
                break
        return links

    def steps(self) -> list[BuildStep]:
        """The commands that compile the target's own files."""
        return [self._compile_step(file, out) for file, out in self.objects.items()]

    def _compiler(self, file: str) -> list[str]:
        source = self.target_dir / file
        includes = dict.fromkeys((*self.include_dirs[:2], source.parent, self.generated_dir / Path(file).parent, *self.include_dirs[2:]))
        return [str(self.installation.clangxx), *compile_flags(self.installation), *self.flags, *(f"-I{folder}" for folder in includes)]

    def _compile_argv(self, file: str, out: Path) -> list[str]:
        return [*self._compiler(file), "-c", str(self.target_dir / file), "-o", str(out)]

    def _compile_step(self, file: str, out: Path) -> BuildStep:
        depfile = out.with_suffix(".d")
        return BuildStep((*self._compile_argv(file, out), "-MMD", "-MF", str(depfile)), out, depfile, PREPARE_SECONDS)

    def _write_vfs(self, texts: Mapping[str, str], out: Path) -> Path:
        """The overlay file that puts `texts` in the place of files of the target's folder; it lies beside the object."""
        roots: list[dict[str, object]] = []
        for number, (file, text) in enumerate(texts.items()):
            path = out.with_suffix(f".{number}{Path(file).suffix}")
            path.write_text(text, encoding="utf-8")
            roots.append({"type": "file", "name": str(self.target_dir / file), "external-contents": str(path)})
        overlay = out.with_suffix(".vfs.yaml")
        overlay.write_text(json.dumps({"version": 0, "use-external-names": False, "roots": roots}), encoding="utf-8")
        return overlay


def _tablegen_steps(lists: Lists, folder: Path, out: Path, build: TargetBuild) -> list[BuildStep]:
    llvm = build.source.llvm
    overlay = [f"-I{build.overlay.include_dir}"] if build.overlay else []
    includes = [f"-I{folder}", *overlay, f"-I{llvm / 'include'}", f"-I{llvm / 'lib' / 'Target'}"]
    steps: list[BuildStep] = []
    for run_ in lists.tablegen:
        output = out / run_.output
        depfile = output.with_name(output.name + ".d")
        files = (str(run_.definitions), "-o", str(output), "-d", str(depfile))
        command = (str(build.installation.llvm_tblgen), *run_.arguments, *includes, *files)
        steps.append(BuildStep(command, output, depfile, TABLEGEN_SECONDS))
    return steps
