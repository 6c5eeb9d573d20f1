"""Build one target of an LLVM checkout without CMake: run llvm-tblgen, compile the target's files, and link LLVM's tools.

The tools are linked with the target's objects and the prebuilt libraries of an installation of the same version, so LLVM itself is not
built. ``TargetBuild`` also recompiles single files with other texts, which is how generated functions are judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from llvm_integration.cmake import Lists, read_lists
from llvm_integration.discover import Installation, SourceTree, machine
from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, dependencies, run_steps
from llvm_integration.overlay import Overlay
from llvm_integration.precompiled import PrecompiledHeaders
from llvm_integration.process import Completed, Progress, run
from llvm_integration.toolchain import ToolLinker, compile_flags, write_overlay

DEFAULT_TOOLS = ("llc", "opt", "llvm-mc", "llvm-objdump")
"""The tools that contain a target's code and that most of its tests run."""
TABLEGEN_SECONDS = 600.0
PREPARE_SECONDS = 900.0
COMPILE_SECONDS = 180.0


def _silent(done: int, total: int, name: str) -> None:
    del done, total, name


@dataclass(frozen=True)
class TargetBuild:
    """A build of one target of `source` in the folder `work`, against the libraries of `installation`.

    `overlay`: changed files of LLVM itself (such as for a new triple), which take precedence over the installation's headers and libraries.
    `folder`: the target's folder if it is not `lib/Target/<target>` of the checkout. `tools`: names of folders of `llvm/tools`.
    """

    source: SourceTree
    installation: Installation
    target: str
    work: Path
    overlay: Overlay | None = None
    folder: Path | None = None
    tools: tuple[str, ...] = DEFAULT_TOOLS
    jobs: int = 0
    """Parallel processes; 0 means one per core."""
    tables: Path | None = None
    """A folder with the target's TableGen output, if it exists already; llvm-tblgen is then run for the tools only."""
    flags: tuple[str, ...] = ()
    """Additional compiler flags for the target's own files, after the others."""

    def __reduce__(self) -> tuple[type[TargetBuild], tuple[object, ...]]:
        """Pickle the fields only: cached properties hold locks, and another process computes them again."""
        return TargetBuild, tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def target_dir(self) -> Path:
        """The absolute path of the target's sources."""
        return (self.folder or self.source.llvm / "lib" / "Target" / self.target).resolve()

    @cached_property
    def lists(self) -> Lists:
        """The sources, TableGen runs and components that the target's CMakeLists.txt files name. Raises ToolFailure."""
        return read_lists(self.target_dir)

    @property
    def generated_dir(self) -> Path:
        """The folder of llvm-tblgen's output; it corresponds to `lib/Target/<target>` in a CMake build directory."""
        return (self.tables or self.work / "gen").resolve()

    @property
    def tools_dir(self) -> Path:
        """The folder into which `prepare()` links the tools of the unmodified backend."""
        return self.work.resolve() / "bin"

    @property
    def include_dirs(self) -> tuple[Path, ...]:
        """The include folders of the target's files, in search order."""
        own = (self.target_dir, self.generated_dir)
        overlay = (self.overlay.include_dir,) if self.overlay else ()
        return (*own, *overlay, self.work.resolve() / "include", *self.installation.include_dirs)

    @cached_property
    def objects(self) -> dict[str, Path]:
        """Source file, relative to the target's folder -> its object in the unmodified backend."""
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
        """Build the unmodified backend, or bring it up to date; `progress` is called for each file.

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
        """Run llvm-tblgen for the target and the tools where a .td file has changed; return `generated_dir`. Raises ToolFailure."""
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
        """Compile one source file of the target (relative to its folder) to the object `out`, with `text` as its content (None: its own).

        `header_overrides`: file relative to the target's folder -> replacement text. The compiler sees replaced files under their own
        paths, through clang's VFS overlay, so an equal text gives an equal object. `flags` come last. `timeout` is in seconds.
        The result's `ok` says whether it compiled. Raises ToolFailure if no CMakeLists.txt of the target names the file.
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
        """Return the target's source files that include `header` (relative to the target's or the generated folder), also indirectly.

        The answer comes from the depfiles that `prepare()` writes. Raises ToolFailure if no file includes it, because a change of the
        header would then go untested.
        """
        wanted = {str(self.target_dir / header), str(self.generated_dir / header)}
        found = tuple(file for file, out in self.objects.items() if wanted & set(dependencies(out.with_suffix(".d"))))
        if not found:
            raise ToolFailure(f"no source file of {self.target} includes {header}", next_step="check the header's path")
        return found

    def link(self, tools_dir: Path, replaced: Mapping[str, Path] | None = None, tools: Sequence[str] | None = None) -> None:
        """Link `tools` (default: all) into `tools_dir`. `replaced`: source file -> the object to link in place of its own.

        Raises ToolFailure with the linker's message.
        """
        unknown = set(replaced or {}) - set(self.objects)
        if unknown:
            raise ToolFailure(f"no source files of {self.target}: {', '.join(sorted(unknown))}", where=str(self.target_dir))
        objects = {**self.objects, **{file: path.resolve() for file, path in (replaced or {}).items()}}
        self._linker.link(tools_dir.resolve(), list(objects.values()), tools or self.tools, self._jobs)

    def attempt(self, progress: Progress = _silent) -> dict[str, Completed]:
        """As `prepare`, but return the results of linking (tool -> linker run) rather than raise where a tool does not link.

        Linking stops at the first tool that fails. Raises ToolFailure if a file cannot be read, generated or compiled."""
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
        """Return the commands that compile the target's own files."""
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
        """Write, beside the object, the VFS overlay file that replaces files of the target's folder with `texts`; return its path."""
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
