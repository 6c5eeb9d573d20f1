"""What enters: LLVM's tool sources, a target's objects, an installation's libraries.
What leaves: compiler flags, the overlay headers that name one target only, and linked tools.
What it does not do: compile or generate anything itself (it says which commands do), or know which target it is.
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
"""Header of llvm/Config -> its macro, and the file by which LLVM's top CMakeLists.txt knows that a target has that part."""

_NATIVE_PARTS = ("TARGET", "TARGETINFO", "TARGETMC", "TARGETMCA", "ASMPRINTER", "ASMPARSER", "DISASSEMBLER")
"""llvm-config.h names the host target's initialisers LLVM_NATIVE_<part>; without the names LLVM is as if built without that target."""
_UNDEFINED = (*(f"LLVM_NATIVE_{part}" for part in _NATIVE_PARTS), "LLVM_ENABLE_CURL", "LLVM_ENABLE_HTTPLIB")
"""Macros of llvm-config.h that tools are built without: no host target, and no network client, which costs a start 5 ms."""


def compile_flags(installation: Installation) -> list[str]:
    """Flags of every compilation: LLVM's own settings, and the limits that keep a wrong candidate from costing minutes."""
    language = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-funwind-tables", "-D_GNU_SOURCE"]
    macros = [f"-D__STDC_{name}_MACROS" for name in ("CONSTANT", "FORMAT", "LIMIT")]
    assertions = [] if installation.assertions else ["-DNDEBUG"]
    sections = ["-O1", "-fno-pie", "-ffunction-sections", "-fdata-sections", "-fvisibility-inlines-hidden"]
    return [*language, *macros, *assertions, *sections, "-w", "-fno-spell-checking", "-ferror-limit=20"]


def write_overlay(folder: Path, target: str, target_dir: Path, installation: Installation) -> None:
    """Write the headers that come before LLVM's: the lists of targets name `target` alone, so that tools hold no other
    and a target that the installation lacks is there.
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
    """Write `llvm/Config/config.h`, which no package installs, for those who include it: it stands for llvm-config.h."""
    name = Path("llvm", "Config", "config.h")
    if not any((include / name).exists() for include in installation.include_dirs):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _write(folder / name, '#include "llvm/Config/llvm-config.h"\n')


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def holds_targets(llvm: Path, tool: str) -> bool:
    """Whether a tool (a folder of llvm/tools) links code of targets: what its CMakeLists.txt names beside their mere names."""
    folder = llvm / "tools" / tool
    if not (folder / "CMakeLists.txt").exists():
        return False
    return any(c.startswith("AllTargets") and c != "AllTargetsInfos" for c in read_lists(folder).components)


@dataclass(frozen=True)
class ToolLinker:
    """Compiles and links tools of the checkout, in `work`, for a target whose CMakeLists.txt files say `target_lists`.

    What `overlay` has changed is taken from there: the tools' sources, and objects ahead of the libraries."""

    source: SourceTree
    installation: Installation
    work: Path
    include_dirs: tuple[Path, ...]
    tools: tuple[str, ...]
    target_lists: Lists
    overlay: Overlay | None = None

    @cached_property
    def lists(self) -> dict[str, Lists]:
        """What each tool's CMakeLists.txt names. Raises ToolFailure."""
        return {tool: read_lists(self.folder(tool)) for tool in self.tools}

    def folder(self, tool: str) -> Path:
        """The tool's sources in the checkout."""
        return self.source.llvm / "tools" / tool

    def generated_dir(self, tool: str) -> Path:
        """Where llvm-tblgen's output for the tool lies."""
        return self.work / "tools" / tool / "gen"

    def compile_steps(self) -> list[BuildStep]:
        """The commands that compile the tools' own sources, and what LLVM's libraries have otherwise than in `overlay`."""
        steps = [self._compile_step(tool, source) for tool in self.tools for source in self._sources(tool)]
        if self.overlay is not None:
            for path, out in self._changed.items():
                steps.append(self._step(self.source.root / path, out, self.overlay.private_dirs(path), self._as_built))
        return steps

    @cached_property
    def _as_built(self) -> tuple[str, ...]:
        """Flags for a file in the place of one of the libraries': the others of its library may ask for its classes' type information."""
        has = run([str(self.installation.llvm_config), "--has-rtti"], timeout=LINK_SECONDS).check().stdout.strip()
        return ("-frtti",) if has == "YES" else ()

    @cached_property
    def _changed(self) -> dict[str, Path]:
        """Files of the libraries that the tools link, where `overlay` has them otherwise -> the objects."""
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
        """Link one tool; the result says whether it could be linked, and if not, every symbol in the way (`linking.link_errors`)."""
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [word for word in self.link_command(tool, out, objects) if word != "-s"]  # a stack of a crash has names then
        return run([*command, "-Wl,--error-limit=0"], timeout=LINK_SECONDS)

    def link_command(self, tool: str, out: Path, objects: Sequence[Path]) -> list[str]:
        """The command that links one tool; the target's objects are taken as an archive's members are, only where needed."""
        own = [str(self._object(tool, source)) for source in self._sources(tool)]
        # Few and small shared libraries: most of a test's processes live for milliseconds.
        runtime = ["-Wl,--as-needed", "-static-libstdc++", "-static-libgcc"]
        flags = ["-no-pie", "-fuse-ld=lld", f"--ld-path={self.installation.lld}", "-Wl,--gc-sections", "-Wl,-O0", "-s", *runtime]
        members = ["-Wl,--start-lib", *map(str, (*objects, *self._changed.values())), "-Wl,--end-lib"]
        return [str(self.installation.clangxx), *flags, "-o", str(out), *own, *members, *self._libraries[tool]]

    @cached_property
    def _libraries(self) -> dict[str, list[str]]:
        return {tool: self._component_libraries(tool) for tool in self.tools}

    def _component_libraries(self, tool: str) -> list[str]:
        """The libraries of the tool's and the target's components, but no target's: `AllTargets...` names groups of targets."""
        helpers = [component for _, lists in self._helper_libraries(tool) for component in lists.components]
        named = dict.fromkeys((*self.lists[tool].components, *helpers, *self.target_lists.components))
        wanted = [c for c in named if not c.startswith("AllTargets") and c not in self.target_lists.defined]
        # llvm-config ends at a name it does not know; LLVM 19's RISCV asks for "Scalar", which CMake passes over too.
        components = [c for c in wanted if c.lower() in self._known]
        argv = [str(self.installation.llvm_config), "--link-static", "--ldflags", "--libs", "--system-libs", *components]
        return shlex.split(run(argv, timeout=LINK_SECONDS).check().stdout)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The components of the installation, in lower case."""
        return frozenset(run([str(self.installation.llvm_config), "--components"], timeout=LINK_SECONDS).check().stdout.lower().split())

    def _helper_libraries(self, tool: str) -> list[tuple[Path, Lists]]:
        """LLVM's libraries that are no component (llvm-config does not know them) are compiled from the checkout's lib/<name>."""
        folders = [self.source.llvm / "lib" / library.removeprefix("LLVM") for library in self.lists[tool].libraries]
        return [(folder, read_lists(folder)) for folder in folders]

    def _sources(self, tool: str) -> list[Path]:
        lists = self.lists[tool]
        sources = [self.folder(tool) / source for source in lists.sources]
        sources += [folder / source for folder, helper in self._helper_libraries(tool) for source in helper.sources]
        return [*sources, self._driver(tool)] if lists.generate_driver else sources

    def _driver(self, tool: str) -> Path:
        """The tool's `main`, made from the checkout's template as add_llvm_tool's GENERATE_DRIVER does."""
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
        """The command that compiles a file of the checkout, or what `overlay` has in its place."""
        depfile = out.with_suffix(".d")
        text = self.overlay.file(source) if self.overlay else source
        argv = [str(self.installation.clangxx), "-c", str(text), "-o", str(out), *compile_flags(self.installation), *flags]
        argv += [f"-I{folder}" for folder in (*folders, *self.include_dirs)]
        return BuildStep((*argv, "-MMD", "-MF", str(depfile)), out, depfile, COMPILE_SECONDS)
