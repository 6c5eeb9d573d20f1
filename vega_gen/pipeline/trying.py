"""``try``: from a .td to a plug-in of an installed LLVM, and a program compiled with it. No source tree of LLVM is read.

What can be done at once is: LLVM's headers are precompiled while llvm-tblgen reads the .td, and its tables are made while the C++ is
written. Everything is kept by content in the cache, so that a changed .td makes again only the tables and objects that it reaches.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import threading
import time
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from llvm_integration.checkout import valid_target_name
from llvm_integration.discover import Installation, machine
from llvm_integration.edits import STAMP, target_folder
from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, alone, run_step
from llvm_integration.plugin import Plugin, PluginBuild, host, precompile, write_changed
from llvm_integration.process import Progress, run, threads
from vega_gen import store, tablegen
from vega_gen.archetypes.files import Archetypes, archetypes, headers, tables
from vega_gen.archetypes.parts import planned
from vega_gen.cxx.interface import TRIPLES, Interface
from vega_gen.emit import emit
from vega_gen.emit.order import INC
from vega_gen.emit.templates import table_of
from vega_gen.errors import InputError
from vega_gen.pipeline.mining import masker_of
from vega_gen.pipeline.request import relocations_beside
from vega_gen.records import Description, FillerName, Mode, Plan
from vega_gen.registration.triple import machine_number

TOOL_SECONDS = 120.0
TABLEGEN_SECONDS = 600.0
TOOL_MEMORY_MB = 4096
_MARK = ".vega-gen-try"
"""A file in a folder that ``try`` wrote, which it may therefore replace."""
_NUMBER = re.compile(r"\bEM_\w+\s*=\s*(0[xX][0-9a-fA-F]+|\d+)")
_SAID = re.compile(r"^(?P<where>[^\n:]+:\d+:\d+): error: (?P<what>.*)$", re.MULTILINE)
_SOURCE = re.compile(r" -c (\S+\.cpp) ")
_TABLES = "make the tables"
_PARTS = {
    "": ("code generator", "compiles"), "AsmParser": ("assembler", "assembles"), "Disassembler": ("disassembler", "disassembles"),
}  # fmt: skip
"""Folder of a backend -> the part that can be left out with it, and what is lost then."""
_NEEDS_MORE = "the .td names C++ that it does not hold: new-target takes the headers that have it with --desc, and leaves out what fails"
_KINDS = (".c", ".ll")


@dataclass(frozen=True, slots=True)
class TryRequest:
    """The options of ``try``.

    ``version``: of the LLVM to use, "" for the newest that will do; ``prefix``: its folder, instead of those where LLVMs are installed.
    ``out``: folder for the result, None for one in the cache. ``program``: a .c or .ll file to compile. ``level``: of optimisation, 0 to 3.
    """

    td: Path
    version: str = ""
    prefix: Path | None = None
    name: str = ""
    big_endian: bool = False
    out: Path | None = None
    program: Path | None = None
    level: int = 2


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the work. ``seconds``: wall-clock time; phases overlap. ``said``: how much there was to do."""

    name: str
    seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class TryResult:
    """A plug-in, and a program compiled with it.

    ``arch``: the name for -march and -mtriple. ``folder``: holds ``src``, ``bin`` (the tools) and the program's files.
    ``missing``: fact -> why there is no code generator. ``broken``: part that was left out, because its C++ does not compile -> the first
    error. ``limits``: fact -> what the code generator cannot do.
    ``abilities``: what the plug-in does. ``commands``: shell commands that use it by hand. ``ir``, ``assembly``, ``object_file``: the
    program's files, None where there is none. ``reads``: the contents of all files that were read, as digests.
    """

    target: str
    arch: str
    plugin: Plugin
    folder: Path
    files: int
    missing: Mapping[str, str]
    broken: Mapping[str, str]
    limits: Mapping[str, str]
    abilities: tuple[str, ...]
    commands: tuple[str, ...]
    phases: tuple[Phase, ...]
    seconds: float
    reads: Mapping[Path, str]
    ir: Path | None = None
    assembly: Path | None = None
    object_file: Path | None = None


@dataclass
class _Clock:
    start: float = field(default_factory=time.monotonic)
    _phases: dict[str, tuple[float, Phase]] = field(default_factory=dict[str, tuple[float, Phase]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def phase(self, name: str) -> Generator[list[str]]:
        """Time the block. The caller puts what it did into the list."""
        begun, said = time.monotonic(), list[str]()
        yield said
        self.ended(name, begun, " ".join(said))

    def ended(self, name: str, begun: float, said: str = "") -> None:
        """A phase ends now; of several ends the last one counts."""
        with self._lock:
            self._phases[name] = (begun, Phase(name, time.monotonic() - begun, said))

    def said(self, name: str, said: str) -> None:
        """Add what a phase did."""
        begun, phase = self._phases[name]
        self._phases[name] = (begun, replace(phase, said=said))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in the order in which they began."""
        return tuple(phase for _, phase in sorted(self._phases.values(), key=lambda pair: pair[0]))


@dataclass
class _Bench:
    """Where one ``try`` works. ``td``: absolute. ``include``: LLVM's folder of .td files."""

    request: TryRequest
    progress: Progress
    clock: _Clock = field(default_factory=_Clock)
    hashes: ContentHashes = field(default_factory=ContentHashes)

    @cached_property
    def td(self) -> Path:
        return self.request.td.absolute()

    @cached_property
    def installation(self) -> Installation:
        return host(self.request.version, self.request.prefix)

    @cached_property
    def include(self) -> Path:
        return tablegen_include(self.installation)

    @cached_property
    def work(self) -> Path:
        key = store.digest(str(self.td), self.request.name, str(self.installation.prefix), self.installation.version)[:12]
        return store.cache_folder("try", f"{self.td.stem}-{key}")

    @property
    def sources(self) -> Path:
        return self.work / "src"

    @property
    def tables(self) -> Path:
        return self.work / "tables"


def try_out(request: TryRequest, progress: Progress) -> TryResult:
    """Make a plug-in of the .td, and compile the program with it if there is one.

    Where the .td does not say enough for a code generator, the plug-in assembles and disassembles only. A part whose C++ does not compile
    is left out: ``TryResult.broken``.
    Raises InputError for a wrong request, for what llvm-tblgen rejects (with its message and place), and where a file has changed while it
    was read; ToolFailure for a missing or unfit LLVM, and where a tool fails.
    """
    require_fit(request)
    bench = _Bench(request, progress)
    before = reads(bench.td, bench.include, request.program)
    with alone(bench.work / "try"):
        made = _built(bench)
    now = reads(bench.td, bench.include, request.program)
    if changed := sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path)):
        for key in bench.tables.glob("*.key"):
            key.unlink()  # a table of the old content may have the new one's key
        raise InputError("this file has changed while it was read", str(changed[0]), "run it again once it is written; --watch does")
    made = replace(made, reads=before)
    if request.out is not None:
        made = _delivered(made, bench, request.out.absolute())
    made.plugin.write_tools(made.folder / "bin")
    made = replace(made, commands=_commands(made))
    if request.program is not None and "compiles" in made.abilities:
        made = _compiled(made, bench, request.program)
    return replace(made, phases=bench.clock.phases, seconds=time.monotonic() - bench.clock.start)


def require_fit(request: TryRequest) -> None:
    """Check what can be checked before the work. Raises InputError."""
    if not request.td.is_file():
        raise InputError("no such file", str(request.td), "give the .td file that defines the target")
    if request.name and not valid_target_name(request.name):
        raise InputError(f"{request.name!r} cannot name a target", "--name", "give an identifier: letters, digits and underscores")
    program, out = request.program, request.out
    if program is not None and program.suffix not in _KINDS:
        raise InputError("not a program that can be compiled", str(program), f"give a file that ends in {' or '.join(_KINDS)}")
    if program is not None and not program.is_file():
        raise InputError("no such file", str(program), "give the C or LLVM IR file to compile")
    if out is not None and out.exists() and not (out / _MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("this folder is not empty, and try did not write it", str(out), "name another one with --out")


def tablegen_include(installation: Installation) -> Path:
    """Return the folder of LLVM's own .td files. Raises ToolFailure where the installation has none."""
    found = next((folder for folder in installation.include_dirs if (folder / "llvm/Target/Target.td").is_file()), None)
    if found is None:
        advice = f"install its development package: llvm-{installation.major}-dev"
        raise ToolFailure(f"LLVM {installation.version} has no llvm/Target/Target.td", str(installation.prefix), advice)
    return found


def reads(td: Path, include: Path, program: Path | None) -> dict[Path, str]:
    """Return the digest of each file that a run reads: the .td files, the list of relocations beside them, and the program.

    A file that is not there has the digest "". Raises InputError for a .td that is not UTF-8."""
    listed = relocations_beside(td, (td.stem,))
    others = (path for path in (listed, program) if path is not None)
    return {path: _digest(path) for path in (*tablegen.reachable(td, (td.parent, include)), *others)}


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


def _built(bench: _Bench) -> TryResult:
    """The plug-in, in the cache."""
    installation, clock, jobs = bench.installation, bench.clock, machine(bench.work).cores
    with threads(max(jobs, 2)) as pool:
        names = headers()

        def kept(name: str) -> Path:
            return store.cache_folder("precompiled", name)

        def precompiled() -> None:
            with clock.phase("precompile LLVM's headers"):
                precompile(installation, names, kept, bench.hashes, bench.progress)

        ready = pool.submit(precompiled)
        with clock.phase("read the .td") as said:
            d = _described(bench)
            said.append(f"{len(d.instructions)} instructions")
        begun = time.monotonic()

        def tabled_by(step: BuildStep) -> bool:
            ran = run_step(step, bench.hashes)
            clock.ended(_TABLES, begun)
            return ran

        steps = {inc: step for inc in tables(d) if (step := _table_step(bench, inc))}
        tabled = {inc: pool.submit(tabled_by, step) for inc, step in steps.items()}
        with clock.phase("write the C++") as said:
            arch = arch_of(d, installation)
            made = _archetypes(bench, d, arch)
            texts = _texts(made, d, installation)
            said.append(f"{len(texts)} files")
        _write(bench.sources, texts)
        count, wanted = _tables_made(bench, texts, tabled)
        clock.said(_TABLES, f"{count} of {wanted}")
        ready.result()
    build = PluginBuild(installation, bench.sources, bench.tables, d.folder, bench.work, kept, jobs, names, bench.hashes)
    with clock.phase("compile the C++") as said:
        build, count, broken = _compiled_parts(build, texts, bench)
        said.append(f"{count} of {len(build.objects) + 1} files")
    with clock.phase("link the plug-in"):
        bench.progress(0, 0, "linking the plug-in")
        build.link().check()
    plugin = Plugin(installation, build.library)
    folders = {path.rpartition("/")[0] for path in build.objects}
    abilities = tuple(ability for folder, (_, ability) in _PARTS.items() if folder in folders)
    limits = made.limits if "" in folders else dict[str, str]()
    return TryResult(d.folder, arch, plugin, bench.work, len(build.objects), made.missing, broken, limits, abilities, (), (), 0.0, {})


def _compiled_parts(build: PluginBuild, texts: Mapping[str, str], bench: _Bench) -> tuple[PluginBuild, int, dict[str, str]]:
    """Compile, and leave out the parts of the backend that do not compile. Return how many files were compiled, and part -> first error.

    Raises ToolFailure where the rest does not compile either."""
    broken: dict[str, str] = {}
    while True:
        try:
            return build, build.compile(bench.progress), broken
        except ToolFailure as failure:
            found = _SOURCE.search(f"{failure.command} ")
            source = Path(found[1]) if found else Path()
            folder = source.parent.relative_to(build.target_dir).as_posix() if source.is_relative_to(build.target_dir) else ".."
            folder = folder.removeprefix(".")
            if folder not in _PARTS or _PARTS[folder][0] in broken:
                failure.next_step = failure.next_step or _NEEDS_MORE
                raise
            broken[_PARTS[folder][0]] = _first_error(failure)
            texts = {path: text for path, text in texts.items() if path.rpartition("/")[0] != folder}
            _write(bench.sources, texts)
            build = replace(build)  # lists the files again


def _described(bench: _Bench) -> Description:
    bench.progress(0, 0, f"reading {bench.td.name}")
    name = bench.request.name or bench.td.stem
    beside = relocations_beside(bench.td, (name, bench.td.stem))
    program = bench.installation.llvm_tblgen
    d = tablegen.describe(bench.td, folder=name, llvm_include=bench.include, tblgen=program, relocs=beside)
    return d if bench.request.name else replace(d, folder=d.name)


def arch_of(d: Description, installation: Installation) -> str:
    """Return the name for -march: the target's name in lower case, made unlike all that LLVM knows.

    Of two targets for one architecture, LLVM chooses neither."""
    arch, llvm = d.folder.lower(), Interface(installation.include_dirs)
    return f"{arch}_td" if any(llvm.enumerator(header, arch) for header in TRIPLES) else arch


def _archetypes(bench: _Bench, d: Description, arch: str) -> Archetypes:
    elf = (folder / "llvm/BinaryFormat/ELF.h" for folder in bench.installation.include_dirs)
    text = next((path.read_text(encoding="utf-8") for path in elf if path.is_file()), "")
    number = machine_number(arch, frozenset(int(n, 0) for n in _NUMBER.findall(text)))
    return archetypes(d, Interface(bench.installation.include_dirs), arch, number, big_endian=bench.request.big_endian)


def _texts(made: Archetypes, d: Description, installation: Installation) -> dict[str, str]:
    """The backend's files, as ``new-target`` writes them: path relative to the target's folder -> text."""
    files, classes, functions = planned(made.printed, d.folder, masker_of(d.folder, d))
    plan = Plan(d.folder, Mode.TD, FillerName.ARCHETYPE, installation.version, (), files, classes, functions, {})
    prefix = f"{target_folder(d.folder)}/"
    edits = emit(plan, d, {}, threshold=plan.flag_below)
    return {e.path.removeprefix(prefix): e.content for e in edits if isinstance(e.content, str)}


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Make ``texts`` the files of a folder; those that do not change keep their time."""
    for old in [p for p in folder.rglob("*") if p.is_file()]:
        if old.relative_to(folder).as_posix() not in texts:
            old.unlink()
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_changed(folder / path, text)


def _table_step(bench: _Bench, inc: str) -> BuildStep | None:
    """The command that makes a table, None where llvm-tblgen is not known to write it."""
    known = table_of(inc)
    if known is None:
        return None
    out = bench.tables / inc
    depfile = out.with_name(f"{inc}.d")
    folders = [f"-I{folder}" for folder in (bench.td.parent, bench.include)]
    argv = [str(bench.installation.llvm_tblgen), *known[0].options.split(), *folders, str(bench.td), "-o", str(out), "-d", str(depfile)]
    return BuildStep(tuple(argv), out, depfile, TABLEGEN_SECONDS)


def _tables_made(bench: _Bench, texts: Mapping[str, str], tabled: Mapping[str, Future[bool]]) -> tuple[int, int]:
    """Wait for the tables that the texts include. Return how many of them had to be made, and how many there are."""
    wanted = sorted({inc for text in texts.values() for inc in INC.findall(text)} & tabled.keys())
    count = 0
    for number, inc in enumerate(wanted, start=1):
        try:
            count += tabled[inc].result()
        except ToolFailure as failure:
            if found := _SAID.search(failure.output):
                raise InputError(found["what"], found["where"], "correct the file", command=failure.command) from failure
            raise
        bench.progress(number, len(wanted), f"making {inc}")
    return count, len(wanted)


def _first_error(failure: ToolFailure) -> str:
    found = _SAID.search(failure.output)
    return f"{found['where']}: {found['what']}" if found else failure.what


def _delivered(made: TryResult, bench: _Bench, out: Path) -> TryResult:
    """Copy the result to ``out``, in place of an earlier one."""
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).write_text(f"{STAMP}\n", encoding="utf-8")
    for folder in (bench.sources, bench.tables):
        shutil.rmtree(out / folder.name, ignore_errors=True)
        shutil.copytree(folder, out / folder.name, ignore=shutil.ignore_patterns("*.key", "*.d"))
    library = out / made.plugin.library.name
    library.unlink(missing_ok=True)  # a tool may have the old one loaded
    shutil.copyfile(made.plugin.library, library)
    return replace(made, plugin=Plugin(made.plugin.installation, library), folder=out)


def _commands(made: TryResult) -> tuple[str, ...]:
    """What a person types to use the plug-in."""
    command, arch = made.plugin.command, made.arch
    typed = {
        "compiles": command("llc", f"-march={arch}", "FILE.ll", "-o", "FILE.s"),
        "assembles": command("llvm-mc", f"-triple={arch}", "-filetype=obj", "FILE.s", "-o", "FILE.o"),
        "disassembles": command("llvm-objdump", "-d", f"--triple={arch}", "FILE.o"),
    }
    return tuple(shlex.join(typed[ability]) for ability in made.abilities)


def _compiled(made: TryResult, bench: _Bench, program: Path) -> TryResult:
    """Compile the program to assembly and to an object."""
    clock, stem = bench.clock, made.folder / program.stem
    ir, assembly, object_file = (stem.with_name(f"{stem.name}{end}") for end in (".ll", ".s", ".o"))
    with clock.phase("C to IR" if program.suffix == ".c" else "read the IR"):
        if program.suffix == ".c":
            _ir(program, bench, ir)
        elif program.resolve() != ir.resolve():
            shutil.copyfile(program, ir)
    with clock.phase("compile the program"):
        bench.progress(0, 0, f"compiling {program.name}")
        _llc(made, ir, assembly, "asm", bench.request.level)
        _llc(made, ir, object_file, "obj", bench.request.level)
    return replace(made, ir=ir, assembly=assembly, object_file=object_file)


def _ir(program: Path, bench: _Bench, out: Path) -> None:
    """Compile C for a generic target; llc replaces its triple and data layout with the target's."""
    argv = [str(bench.installation.tool("clang")), "--target=riscv32", "-ffreestanding", f"-O{bench.request.level}", "-S", "-emit-llvm"]
    done = run([*argv, str(program), "-o", str(out)], timeout=TOOL_SECONDS, memory_mb=TOOL_MEMORY_MB)
    done.check("correct the program")


def _llc(made: TryResult, ir: Path, out: Path, kind: str, level: int) -> None:
    argv = made.plugin.command("llc", f"-march={made.arch}", f"-O{level}", f"-filetype={kind}", str(ir), "-o", str(out))
    done = run(argv, timeout=TOOL_SECONDS, memory_mb=TOOL_MEMORY_MB)
    done.check("the plug-in itself is there: see which instruction the message names, and what the .td says of it")
