"""Link LLVM's tools from the checkout's sources, one target's objects and the prebuilt libraries, so that they contain only that target.

Also provides the compiler flags, and the headers in llvm/Config that list the one target. ``llvm_integration.build`` runs the compilations.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from llvm_integration.cmake import Lists, read_lists
from llvm_integration.discover import Installation, SourceTree
from llvm_integration.incremental import BuildStep
from llvm_integration.overlay import Overlay
from llvm_integration.process import Completed, run, threads

COMPILE_SECONDS = 600.0
LINK_SECONDS = 120.0

_TARGET_LISTS = {
    "Targets.def": ("LLVM_TARGET", "CMakeLists.txt"),
    "AsmPrinters.def": ("LLVM_ASM_PRINTER", "*AsmPrinter.cpp"),
    "AsmParsers.def": ("LLVM_ASM_PARSER", "AsmParser/CMakeLists.txt"),
    "Disassemblers.def": ("LLVM_DISASSEMBLER", "Disassembler/CMakeLists.txt"),
    "TargetMCAs.def": ("LLVM_TARGETMCA", "MCA/CMakeLists.txt"),
}
"""Header of llvm/Config -> its macro, and the file whose presence tells LLVM's top CMakeLists.txt that a target has that component."""

_NATIVE_PARTS = ("TARGET", "TARGETINFO", "TARGETMC", "TARGETMCA", "ASMPRINTER", "ASMPARSER", "DISASSEMBLER")
"""llvm-config.h defines LLVM_NATIVE_<part> as the host target's initialisers; undefined, LLVM behaves as built without the host target."""
_UNDEFINED = (*(f"LLVM_NATIVE_{part}" for part in _NATIVE_PARTS), "LLVM_ENABLE_CURL", "LLVM_ENABLE_HTTPLIB")
"""Macros of llvm-config.h to undefine for tools: no host target, and no network client, which makes each start 5 ms slower."""


def compile_flags(installation: Installation) -> list[str]:
    """Return the flags of every compilation: LLVM's own settings, and limits on diagnostics, since wrong candidates cause many errors."""
    language = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-funwind-tables", "-D_GNU_SOURCE"]
    macros = [f"-D__STDC_{name}_MACROS" for name in ("CONSTANT", "FORMAT", "LIMIT")]
    assertions = [] if installation.assertions else ["-DNDEBUG"]
    sections = ["-O1", "-fno-pie", "-ffunction-sections", "-fdata-sections", "-fvisibility-inlines-hidden"]
    return [*language, *macros, *assertions, *sections, "-w", "-fno-spell-checking", "-ferror-limit=20"]


def write_overlay(folder: Path, target: str, target_dir: Path, installation: Installation) -> None:
    """Write headers in llvm/Config that take precedence over LLVM's: their lists of targets name only `target`.

    The tools then contain no other target, and `target` need not be part of the installation.
    """
    config = folder / "llvm" / "Config"
    config.mkdir(parents=True, exist_ok=True)
    texts = {
        name: (f"{macro}({target})\n" if any(target_dir.glob(sign)) else "") + f"#undef {macro}\n"
        for name, (macro, sign) in _TARGET_LISTS.items()
    }
    texts["llvm-config.h"] = "".join(["#include_next <llvm/Config/llvm-config.h>\n", *(f"#undef {macro}\n" for macro in _UNDEFINED)])
    for name, text in texts.items():
        _write(config / name, text)
    write_config_header(folder, installation)


def write_config_header(folder: Path, installation: Installation) -> None:
    """Write a `llvm/Config/config.h` that includes llvm-config.h, unless the installation has one: some sources need it, but packages
    do not install it."""
    name = Path("llvm", "Config", "config.h")
    if not any((include / name).exists() for include in installation.include_dirs):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _write(folder / name, '#include "llvm/Config/llvm-config.h"\n')


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def holds_targets(llvm: Path, tool: str) -> bool:
    """Whether a tool (a folder of llvm/tools) links the targets' code, and not just their TargetInfo, by its CMakeLists.txt."""
    folder = llvm / "tools" / tool
    if not (folder / "CMakeLists.txt").exists():
        return False
    return any(c.startswith("AllTargets") and c != "AllTargetsInfos" for c in read_lists(folder).components)


@dataclass(frozen=True)
class ToolLinker:
    """Compiles and links tools of the checkout, in the folder `work`, for one target.

    `include_dirs`: LLVM's include folders. `target_lists`: the contents of the target's CMakeLists.txt files. `overlay`: changed files of
    LLVM; tools' sources are taken from it where it has them, and its objects are linked ahead of the libraries."""

    source: SourceTree
    installation: Installation
    work: Path
    include_dirs: tuple[Path, ...]
    tools: tuple[str, ...]
    target_lists: Lists
    overlay: Overlay | None = None

    @cached_property
    def lists(self) -> dict[str, Lists]:
        """Tool -> the contents of its CMakeLists.txt. Raises ToolFailure if one cannot be read."""
        return {tool: read_lists(self.folder(tool)) for tool in self.tools}

    def folder(self, tool: str) -> Path:
        """Return the folder of the tool's sources in the checkout."""
        return self.source.llvm / "tools" / tool

    def generated_dir(self, tool: str) -> Path:
        """Return the folder of llvm-tblgen's output for the tool."""
        return self.work / "tools" / tool / "gen"

    def compile_steps(self) -> list[BuildStep]:
        """Return the commands that compile the tools' own sources, and the library sources that `overlay` replaces."""
        steps = [self._compile_step(tool, source) for tool in self.tools for source in self._sources(tool)]
        if self.overlay is not None:
            for path, out in self._changed.items():
                steps.append(self._step(self.source.root / path, out, self.overlay.private_dirs(path), self._as_built))
        return steps

    @cached_property
    def _as_built(self) -> tuple[str, ...]:
        """Flags for a file that replaces one of a library: with RTTI if the library has it, since its other files may refer to the type
        information of the file's classes."""
        has = run([str(self.installation.llvm_config), "--has-rtti"], timeout=LINK_SECONDS).check().stdout.strip()
        return ("-frtti",) if has == "YES" else ()

    @cached_property
    def _changed(self) -> dict[str, Path]:
        """Source file -> its object, for the sources that `overlay` replaces in libraries that the tools link."""
        linked = {flag for flags in self._libraries.values() for flag in flags}
        return {
            path: out
            for path, out in (self.overlay.objects if self.overlay else {}).items()
            if any(f"-lLLVM{name}" in linked for name in read_lists((self.source.root / path).parent).defined)
        }

    def link(self, tools_dir: Path, objects: Sequence[Path], tools: Sequence[str], jobs: int) -> None:
        """Link `tools` into `tools_dir` with the target's `objects`. Raises ToolFailure with the linker's message."""
        tools_dir.mkdir(parents=True, exist_ok=True)
        with threads(jobs) as pool:
            commands = [self.link_command(tool, tools_dir / tool, objects) for tool in tools]
            for ended in pool.map(partial(run, timeout=LINK_SECONDS), commands):
                ended.check()

    def attempt(self, tool: str, out: Path, objects: Sequence[Path]) -> Completed:
        """Link one tool and return the linker's run; if it fails, its output lists all symbol errors (`linking.link_errors`)."""
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [word for word in self.link_command(tool, out, objects) if word != "-s"]  # keeps the symbols, for stacks of crashes
        return run([*command, "-Wl,--error-limit=0"], timeout=LINK_SECONDS)

    def link_command(self, tool: str, out: Path, objects: Sequence[Path]) -> list[str]:
        """Return the command that links one tool. The target's objects are linked like an archive's members, only if needed."""
        own = [str(self._object(tool, source)) for source in self._sources(tool)]
        # Few and small shared libraries make the start faster: most processes of a test run for milliseconds only.
        runtime = ["-Wl,--as-needed", "-static-libstdc++", "-static-libgcc"]
        flags = ["-no-pie", "-fuse-ld=lld", f"--ld-path={self.installation.lld}", "-Wl,--gc-sections", "-Wl,-O0", "-s", *runtime]
        members = ["-Wl,--start-lib", *map(str, (*objects, *self._changed.values())), "-Wl,--end-lib"]
        return [str(self.installation.clangxx), *flags, "-o", str(out), *own, *members, *self._libraries[tool]]

    @cached_property
    def _libraries(self) -> dict[str, list[str]]:
        return {tool: self._component_libraries(tool) for tool in self.tools}

    def _component_libraries(self, tool: str) -> list[str]:
        """Linker flags for the libraries of the tool's and the target's components, without those of other targets (`AllTargets...`)."""
        helpers = [component for _, lists in self._helper_libraries(tool) for component in lists.components]
        named = dict.fromkeys((*self.lists[tool].components, *helpers, *self.target_lists.components))
        wanted = [c for c in named if not c.startswith("AllTargets") and c not in self.target_lists.defined]
        # llvm-config fails on an unknown name. LLVM 19's RISCV lists "Scalar", which does not exist; CMake ignores it too.
        components = [c for c in wanted if c.lower() in self._known]
        argv = [str(self.installation.llvm_config), "--link-static", "--ldflags", "--libs", "--system-libs", *components]
        return shlex.split(run(argv, timeout=LINK_SECONDS).check().stdout)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The installation's components, in lower case."""
        return frozenset(run([str(self.installation.llvm_config), "--components"], timeout=LINK_SECONDS).check().stdout.lower().split())

    def _helper_libraries(self, tool: str) -> list[tuple[Path, Lists]]:
        """(folder, CMake lists) of the tool's libraries that are not components: llvm-config does not know them, so their sources in
        lib/<name> are compiled with the tool."""
        folders = [self.source.llvm / "lib" / library.removeprefix("LLVM") for library in self.lists[tool].libraries]
        return [(folder, read_lists(folder)) for folder in folders]

    def _sources(self, tool: str) -> list[Path]:
        lists = self.lists[tool]
        sources = [self.folder(tool) / source for source in lists.sources]
        sources += [folder / source for folder, helper in self._helper_libraries(tool) for source in helper.sources]
        return [*sources, self._driver(tool)] if lists.generate_driver else sources

    def _driver(self, tool: str) -> Path:
        """Write the tool's `main` from the checkout's driver template, as add_llvm_tool does for GENERATE_DRIVER; return its path."""
        template = self.source.llvm / "cmake" / "modules" / "llvm-driver-template.cpp.in"
        text = template.read_text(encoding="utf-8").replace("@TOOL_NAME@", tool.replace("-", "_"))
        path = self.generated_dir(tool) / f"{tool}-driver.cpp"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return path

    def _object(self, tool: str, source: Path) -> Path:
        return self.work / "tools" / tool / f"{source.parent.name}-{source.stem}.o"

    def _compile_step(self, tool: str, source: Path) -> BuildStep:
        return self._step(source, self._object(tool, source), (self.folder(tool), self.generated_dir(tool)))

    def _step(self, source: Path, out: Path, folders: Sequence[Path], flags: Sequence[str] = ()) -> BuildStep:
        """The command that compiles a file of the checkout, or its replacement in `overlay`."""
        depfile = out.with_suffix(".d")
        text = self.overlay.file(source) if self.overlay else source
        argv = [str(self.installation.clangxx), "-c", str(text), "-o", str(out), *compile_flags(self.installation), *flags]
        argv += [f"-I{folder}" for folder in (*folders, *self.include_dirs)]
        return BuildStep((*argv, "-MMD", "-MF", str(depfile)), out, depfile, COMPILE_SECONDS)
