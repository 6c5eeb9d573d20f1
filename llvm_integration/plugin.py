"""Build a backend as a plug-in: a shared library that the tools of an installed LLVM load. Nothing of LLVM is compiled or linked again.

llc and opt load it with ``-load``; the others, which have no such option, with LD_PRELOAD. The plug-in registers its target itself when it
is loaded. It is linked to the installation's libLLVM, which the tools use too, and exports nothing, so that neither side ever takes a
function of the other's by chance: LLVM may have a target with the same names.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from llvm_integration.crash import START_SECONDS
from llvm_integration.discover import Installation, installed
from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, alone, failed_steps, run_step, run_steps
from llvm_integration.process import Completed, Progress, run
from llvm_integration.toolchain import LINK_SECONDS, compile_flags

COMPILE_SECONDS = 300.0
LOADING_TOOLS = ("llc", "opt")
"""Tools with the option ``-load``."""
PRELOADED_TOOLS = ("llvm-mc", "llvm-objdump")
"""Tools that hold targets but have no such option."""
PLAIN_TOOLS = ("llvm-readobj",)
"""Tools that need no target, put beside the others by ``Plugin.write_tools``."""

_OUTER = re.compile(r'^[ \t]*#[ \t]*include[ \t]*("llvm/[^"\n]+\.h"|<[^>\n]+>)', re.MULTILINE)
_VERSION = re.compile(r'^#define LLVM_VERSION_STRING "(\d+(?:\.\d+)*)', re.MULTILINE)
_NUMBERS = re.compile(r"^libLLVM(?:-(?P<before>\d+(?:\.\d+)*))?\.so(?:\.(?P<after>\d+(?:\.\d+)*))?")
_INITIALISERS = ("TargetInfo", "Target", "TargetMC", "AsmPrinter", "AsmParser", "Disassembler")
"""The ends of the names of LLVM's initialisers, in the order in which LLVM's tools call them: the later ones need the earlier."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A backend as a shared library, ``library``, for the tools of ``installation``."""

    installation: Installation
    library: Path

    def command(self, tool: str, *args: str) -> list[str]:
        """Return the command that runs a tool of the installation with the plug-in. Raises ToolFailure where it has no such tool."""
        program = str(self.installation.tool(tool))
        if tool in LOADING_TOOLS:
            return [program, f"-load={self.library}", *args]
        if tool in PRELOADED_TOOLS:
            return ["env", f"LD_PRELOAD={self.library}", program, *args]
        return [program, *args]

    def load(self, arch: str) -> None:
        """Load the plug-in into llvm-mc, to see that it can be and that its target is listed as ``arch``. Raises ToolFailure."""
        advice = "see that ldd shows the same libLLVM for the tool and the plug-in; else the target's initialisers are at fault"
        argv = [str(self.installation.tool("llvm-mc")), "--version"]
        said = run(argv, timeout=START_SECONDS, env={"LD_PRELOAD": str(self.library)}).check(advice)
        if not re.search(rf"^ +{re.escape(arch)} +- ", said.stdout, re.MULTILINE):
            raise ToolFailure(f"llvm-mc loads the plug-in but lists no target {arch}", str(self.library), advice, command=said.command)

    def write_tools(self, folder: Path) -> Path:
        """Write, for each tool, a shell script of its name that runs it with the plug-in; return ``folder``. Absent tools are left out."""
        folder.mkdir(parents=True, exist_ok=True)
        for tool in (*LOADING_TOOLS, *PRELOADED_TOOLS, *PLAIN_TOOLS):
            if self.installation.find_tool(tool):
                script = folder / tool
                script.write_text(f'#!/bin/sh\nexec {shlex.join(self.command(tool))} "$@"\n', encoding="utf-8")
                script.chmod(0o755)
        return folder


@dataclass(frozen=True)
class PluginBuild:
    """The build of a plug-in in the folder ``work``.

    ``sources``: the backend's folder; every .cpp below it is compiled. ``tables``: folder of llvm-tblgen's output for it. ``target``: its
    name as in ``LLVMInitialize<target>Target``. ``precompiled``: a name -> the folder, kept between runs, for the precompiled header of
    that name; backends with the same ``headers`` share one (70 MB). ``headers``: those of LLVM and of the C++ library to precompile
    ('"llvm/x.h"', "<x>"), by default those that the backend's files include. ``flags``: further ones of the compiler and the linker.
    """

    installation: Installation
    sources: Path
    tables: Path
    target: str
    work: Path
    precompiled: Callable[[str], Path]
    jobs: int
    headers: tuple[str, ...] = ()
    _hashes: ContentHashes = field(default_factory=ContentHashes)
    flags: tuple[str, ...] = ()

    @property
    def target_dir(self) -> Path:
        """The absolute path of the backend's folder."""
        return self.sources.resolve()

    @property
    def library(self) -> Path:
        """The shared library."""
        return self.work.resolve() / f"lib{self.target}.so"

    @cached_property
    def objects(self) -> dict[str, Path]:
        """Source file, relative to the backend's folder -> its object."""
        files = sorted(p.relative_to(self.target_dir).as_posix() for p in self.target_dir.rglob("*.cpp"))
        return {file: (self.work.resolve() / "obj" / file).with_suffix(".o") for file in files}

    def build(self, progress: Progress) -> Plugin:
        """Build the plug-in or bring it up to date; ``progress`` is called for each file. Raises ToolFailure as ``attempt``, or with the
        linker's message."""
        self.attempt(progress).check()
        return Plugin(self.installation, self.library)

    def attempt(self, progress: Progress) -> Completed:
        """As ``build``, but return the linker's run: if it fails, its output lists all missing functions (``linking.link_errors``).

        Raises ToolFailure if the installation has no libLLVM of its headers' version, or if a file does not compile."""
        shared_library(self.installation)
        self.compile(progress)
        return self.link()

    def compile(self, progress: Progress) -> int:
        """Compile the files that have changed, or include one that has; return how many. Raises ToolFailure for one that fails."""
        with self._compiling(progress) as steps:
            return run_steps(list(steps.values()), self._hashes, self.jobs, progress)

    def failures(self, progress: Progress) -> tuple[int, dict[str, ToolFailure]]:
        """As ``compile``, but compile every file; return how many were compiled or tried, and file, relative to the backend's folder -> why
        it does not compile."""
        with self._compiling(progress) as steps:
            made, failed = failed_steps(list(steps.values()), self._hashes, self.jobs, progress)
            return made, {file: failed[step.output] for file, step in steps.items() if step.output in failed}

    @contextmanager
    def _compiling(self, progress: Progress) -> Generator[dict[str, BuildStep]]:
        """The commands that compile the backend's files and the registration, while no other process compiles them."""
        self.work.mkdir(parents=True, exist_ok=True)
        texts = {p: p.read_text(encoding="utf-8") for p in sorted(self.target_dir.rglob("*")) if p.suffix in (".cpp", ".h")}
        headers = self.headers or outer_headers(texts.values())
        header = precompile(self.installation, headers, self.precompiled, self._hashes, progress)
        with alone(self.work / "plugin"):
            write_changed(self._registration, self._registration_text())
            # What is not precompiled takes longest, so that files with such headers begin.
            more = {file: len({*outer_headers([texts[self.target_dir / file]])} - {*headers}) for file in self.objects}
            ordered = sorted(self.objects.items(), key=lambda pair: -more[pair[0]])
            steps = {file: self._compile_step(self.target_dir / file, out, header) for file, out in ordered}
            own = self._compile_step(self._registration, self._registration.with_suffix(".o"), header)
            yield {**steps, self._registration.name: own}

    @property
    def _registration(self) -> Path:
        return self.work.resolve() / "registration.cpp"

    def _registration_text(self) -> str:
        """C++ with a static object that calls those initialisers that the backend defines."""
        texts = [(self.target_dir / file).read_text(encoding="utf-8") for file in self.objects]
        defined = {name for text in texts for name in re.findall(r"\bvoid\s+(LLVMInitialize\w+)\s*\(\s*\)\s*\{", text)}
        names = [name for end in _INITIALISERS if (name := f"LLVMInitialize{self.target}{end}") in defined]
        declared = "".join(f"void {name}();\n" for name in names)
        called = "".join(f"    {name}();\n" for name in names)
        return f'extern "C" {{\n{declared}}}\n\nstatic struct Registration {{\n  Registration() {{\n{called}  }}\n}} Registered;\n'

    def _compile_step(self, source: Path, out: Path, header: Path) -> BuildStep:
        folders = dict.fromkeys((self.target_dir, self.tables.resolve(), source.parent))
        argv = [*_compiler(self.installation), *(f"-I{folder}" for folder in folders), "-include-pch", str(header), *self.flags]
        return _step((*argv, "-ferror-limit=200", "-c", str(source)), out)

    def link(self) -> Completed:
        """Link the objects that ``compile`` made, if one has changed. The library is replaced only where the linker succeeds, and at once,
        since tools may have it loaded. Raises ToolFailure if the installation has no libLLVM of its headers' version."""
        with alone(self.work / "plugin"):
            return self._link_alone(shared_library(self.installation))

    def _link_alone(self, shared: Path) -> Completed:
        # The registration is last: its constructor runs after those of the backend's own static objects.
        objects = [*self.objects.values(), self._registration.with_suffix(".o")]
        hidden = self.work.resolve() / "hidden.map"
        write_changed(hidden, "{ local: *; };\n")
        made = self.library.with_suffix(".new")
        lld = linker(self.installation)
        chosen = ["-fuse-ld=lld", f"--ld-path={lld}", "-Wl,--error-limit=0"] if lld else []
        flags = ["-shared", *chosen, "-Wl,--no-undefined", "-Wl,-O0", *self.flags]
        places = [f"-Wl,--version-script={hidden}", f"-Wl,-rpath,{self.installation.lib_dir}"]
        argv = [str(self.installation.clangxx), *flags, *places, "-o", str(made), *map(str, objects), str(shared)]
        key, stamp = " ".join((*argv, *(self._hashes.digest(str(o)) for o in objects))), self.work / "linked"
        if self.library.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == key:
            return Completed(tuple(argv), 0, "", "", 0.0)
        stamp.unlink(missing_ok=True)
        done = run(argv, timeout=LINK_SECONDS)
        if done.ok:
            made.replace(self.library)
            stamp.write_text(key, encoding="utf-8")
        else:
            made.unlink(missing_ok=True)
        return done


def build_plugin(
    installation: Installation,
    sources: Path,
    tables: Path,
    target: str,
    work: Path,
    precompiled: Callable[[str], Path],
    progress: Progress,
    jobs: int,
) -> Plugin:
    """Build a plug-in; see ``PluginBuild`` for the arguments and ``PluginBuild.build`` for the errors."""
    return PluginBuild(installation, sources, tables, target, work, precompiled, jobs).build(progress)


def host(version: str = "", prefix: Path | None = None) -> Installation:
    """Return the LLVM to make a plug-in for: the newest that has headers and libLLVM, of ``version`` ("19", "19.1") if given, or that in
    ``prefix``.

    Raises ToolFailure where there is none, which says what is installed, or why the one asked for will not do."""
    found = installed(prefix)
    fitting = [one for one in found if _agree(one.version, version)]
    if not fitting:
        there = ", ".join(one.version for one in found) or "none"
        what = f"LLVM {version} is not installed" if version else "no LLVM with headers is installed"
        raise ToolFailure(what, str(prefix or ""), f"installed with headers: {there}; vega-gen doctor --install gets one")
    for one in fitting:
        with suppress(ToolFailure):
            shared_library(one)
            return one
    shared_library(fitting[0])
    return fitting[0]


def linker(installation: Installation) -> Path | None:
    """Return the installation's lld, else another one: it links for any LLVM, and ``linking.link_errors`` reads what it says."""
    own = installation.find_tool("ld.lld")
    return own or next((found for one in installed() if (found := one.find_tool("ld.lld"))), None)


def shared_library(installation: Installation) -> Path:
    """Return the installation's libLLVM. Raises ToolFailure where it has none, or none of the version that its headers state."""
    headers = _header_version(installation)
    names = (f"libLLVM-{installation.major}.so", "libLLVM.so", f"libLLVM.so.{installation.major}*", f"libLLVM-{installation.major}*.so*")
    found = [path for name in names for path in sorted(installation.lib_dir.glob(name)) if path.is_file()]
    fitting = next((path for path in found if _agree(library_version(path), headers)), None)
    if fitting is not None and _agree(headers, installation.version):
        return fitting
    where = str(installation.lib_dir)
    if not found:
        advice = f"install the package of LLVM {installation.major}'s shared library, or build LLVM with -DLLVM_BUILD_LLVM_DYLIB=ON"
        raise ToolFailure(f"LLVM {installation.version} has no shared library libLLVM.so", where, advice)
    version = library_version(fitting or found[0]) or installation.version
    what = f"the headers are LLVM {headers}'s, but the library {(fitting or found[0]).resolve().name} is LLVM {version}'s"
    if fitting is not None:
        what = f"the headers are LLVM {headers}'s, but {installation.llvm_config.name} is LLVM {installation.version}'s"
    raise ToolFailure(what, where, "install headers and library of the same version, and name their folder with --prefix")


def has_shared_library(installation: Installation) -> bool:
    """Whether a plug-in can be built for the installation."""
    try:
        return bool(shared_library(installation))
    except ToolFailure:
        return False


def library_version(path: Path) -> str:
    """Return the version in the name of libLLVM's file ("19.1" for libLLVM.so.19.1, "16" for libLLVM-16.so.1), "" where it has none."""
    named = _NUMBERS.match(path.resolve().name)
    return (named["before"] or named["after"] or "") if named else ""


def _header_version(installation: Installation) -> str:
    for folder in installation.include_dirs:
        config = folder / "llvm" / "Config" / "llvm-config.h"
        if config.is_file() and (found := _VERSION.search(config.read_text(encoding="utf-8"))):
            return found[1]
    raise ToolFailure(
        f"LLVM {installation.version} has no headers",
        str(installation.prefix),
        f"install its development package: llvm-{installation.major}-dev",
    )


def _agree(one: str, other: str) -> bool:
    """Whether two versions are the same as far as both say; "" says nothing."""
    return not one or not other or all(a == b for a, b in zip(one.split("."), other.split("."), strict=False))


def outer_headers(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the headers of LLVM and of the C++ library ('"llvm/x.h"', "<x>") that C++ texts include, in alphabetical order."""
    return tuple(sorted({name for text in texts for name in _OUTER.findall(text)}))


def precompile(
    installation: Installation, headers: Sequence[str], folder_of: Callable[[str], Path], hashes: ContentHashes, progress: Progress
) -> Path:
    """Precompile ``headers`` ('"llvm/x.h"', "<x>") for a plug-in's files; a header that the installation lacks is left out.

    ``folder_of``: see ``PluginBuild.precompiled``. Raises ToolFailure."""
    there = [x for x in headers if x[0] == "<" or any((folder / x.strip('"')).is_file() for folder in installation.include_dirs)]
    text = "".join(f"#include {name}\n" for name in there)
    argv = [*_compiler(installation), "-Xclang", "-fno-pch-timestamp", "-x", "c++-header"]
    folder = folder_of(f"{installation.version}-{hashlib.blake2b(' '.join((*argv, text)).encode(), digest_size=8).hexdigest()}").resolve()
    with alone(folder / "headers"):
        write_changed(folder / "headers.h", text)
        step = _step((*argv, str(folder / "headers.h")), folder / "headers.pch")
        progress(0, 1, "precompiling LLVM's headers")
        run_step(step, hashes)
    return step.output


def _compiler(installation: Installation) -> list[str]:
    # Compiling takes longer than what the plug-in runs afterwards, so nothing is optimised: llc spends its time in libLLVM.
    flags = [*compile_flags(installation), "-O0", "-fPIC", "-fpch-instantiate-templates"]
    return [str(installation.clangxx), *flags, *(f"-I{folder}" for folder in installation.include_dirs)]


def _step(argv: tuple[str, ...], out: Path) -> BuildStep:
    depfile = out.with_suffix(".d")
    return BuildStep((*argv, "-o", str(out), "-MMD", "-MF", str(depfile)), out, depfile, COMPILE_SECONDS)


def write_changed(path: Path, text: str) -> None:
    """Write a file unless it has this content already, so that its time stays."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
