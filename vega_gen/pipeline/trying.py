"""``try``: from a .td to a plug-in of an installed LLVM, and a program compiled with it. No source tree of LLVM is read.

What can be done at once is: LLVM's headers are precompiled while llvm-tblgen reads the .td, its tables are made while the C++ is
written, the simulator is compiled beside the C++, and the .td is checked meanwhile. Everything is kept by content in the cache, so
that a changed .td makes again only the tables and objects that it reaches.
"""

from __future__ import annotations

import re
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import orjson

from llvm_integration.crash import registered
from llvm_integration.discover import Installation, machine
from llvm_integration.edits import STAMP
from llvm_integration.failure import Failure, ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, alone, run_step
from llvm_integration.plugin import Plugin, PluginBuild, host, precompile
from llvm_integration.process import Progress, threads
from vega_gen import ladder, store, tablegen
from vega_gen.archetypes.completion import Completion, completion, may_lack
from vega_gen.archetypes.files import Archetypes, archetypes, code_generator_tables, common_tables, headers, tables
from vega_gen.archetypes.parts import planned
from vega_gen.c_front import clang_of, layouts
from vega_gen.cxx.interface import TRIPLES, Interface
from vega_gen.emit.order import INC
from vega_gen.emit.templates import table_of
from vega_gen.errors import InputError
from vega_gen.facts import lint
from vega_gen.facts.facts_file import with_given
from vega_gen.facts.find import Facts
from vega_gen.facts.left_out import leaving_out, left_out_by
from vega_gen.pipeline.climbing import given_tools
from vega_gen.pipeline.completing import completed, completion_file
from vega_gen.pipeline.mining import masker_of
from vega_gen.pipeline.request import relocations_beside
from vega_gen.pipeline.trial_build import PARTS, compiled, part_of, texts_of, write
from vega_gen.pipeline.trial_run import run_program
from vega_gen.pipeline.try_request import MARK, PhaseClock, TryRequest, TryResult, reads, require_fit
from vega_gen.records import Description, FillerName, GivenFact, Mode, Plan, Severity, TdFinding
from vega_gen.registration.triple import machine_number
from vega_gen.simulate import Simulator, simulator
from vega_gen.tablegen.subtargets import on_subtarget

TABLEGEN_SECONDS = 600.0
_NUMBER = re.compile(r"\bEM_\w+\s*=\s*(0[xX][0-9a-fA-F]+|\d+)")
_SAID = re.compile(r"^(?P<where>[^\n:]+:\d+:\d+): error: (?P<what>.*)$", re.MULTILINE)
_NO_FIELD = "give it `field bits<N> Inst`, N its width in bits; left unset, the instruction has an assembly text alone"
_TABLES = "make the tables"
_MAIN = re.compile(r"\bmain\b")
_TARGET = re.compile(r"^\s*def\s+(\w+)\s*:\s*Target\s*[{;]", re.MULTILINE)
_BESIDE = 2
"""Threads for what runs beside the build: the check of the .td, and the compiler of the simulator."""


@dataclass
class _Bench:
    """Where one ``try`` works. ``td``: absolute. ``include``: LLVM's folder of .td files."""

    request: TryRequest
    progress: Progress
    clock: PhaseClock = field(default_factory=PhaseClock)
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
        asked = self.request
        key = store.digest(str(self.td), asked.name, asked.cpu, asked.attrs, str(self.installation.prefix), self.installation.version)[:12]
        return store.cache_folder("try", f"{self.td.stem}-{key}")

    @property
    def sources(self) -> Path:
        return self.work / "src"

    @property
    def tables(self) -> Path:
        return self.work / "tables"

    def leave_out(self, d: Description, names: Iterable[str]) -> None:
        """Make a backend that does without fragments and transforms of the .td, now and the next time."""
        fact = leaving_out(d, names)
        store.write_atomic(self._unfit, orjson.dumps({"key": self._fragments(d), "names": fact.value}))
        self.request = replace(self.request, supposed=(*self.request.supposed, fact))

    def left_out_before(self, d: Description) -> bool:
        """Whether the last backend of these fragments did without some, which this one does too then."""
        kept: dict[str, str] = orjson.loads(self._unfit.read_bytes()) if self._unfit.is_file() else {}
        if kept.get("key") != self._fragments(d) or left_out_by(d) >= set(kept["names"].split()):
            return False
        self.leave_out(d, kept["names"].split())
        return True

    @property
    def _unfit(self) -> Path:
        return self.work / "unfit.json"

    def _fragments(self, d: Description) -> str:
        return store.digest(store.code_version(__name__), *(part for f in d.fragments for part in (f.name, f.code)))


@dataclass(frozen=True, slots=True)
class _Built:
    """A plug-in in the cache, the description that it was made of and its facts, and what returns the simulator of that and what was found
    in the .td."""

    made: TryResult
    description: Description
    facts: Facts
    simulated: Callable[[], Simulator]
    checked: Callable[[], tuple[tuple[TdFinding, ...], tuple[str, ...]]]


def try_out(request: TryRequest, progress: Progress) -> TryResult:
    """Make a plug-in of the .td, and compile the program with it if there is one.

    Where the .td does not say enough for a code generator, the plug-in assembles and disassembles only. A part whose C++ does not compile
    is left out: ``TryResult.broken``. What llvm-tblgen lets through is found meanwhile, and is no error here.
    Raises InputError for a wrong request, for what llvm-tblgen rejects (with its message and place), and where a file has changed while it
    was read; ToolFailure for a missing or unfit LLVM, and where a tool fails.
    """
    require_fit(request)
    bench = _Bench(request, progress)
    before = reads(bench.td, bench.include, request.program, request.facts)
    cores = machine(bench.work).cores
    with threads(cores + _BESIDE) as pool, threads(max(cores - 1, 1)) as tabling:
        with alone(bench.work / "try"):
            built = _built(bench, pool, tabling)
        made = _used(built, bench, before)
        findings, notes = built.checked()
    made = replace(made, findings=findings, notes=(*made.notes, *notes))
    return replace(made, phases=bench.clock.phases, seconds=time.monotonic() - bench.clock.start)


def _used(built: _Built, bench: _Bench, before: Mapping[Path, str]) -> TryResult:
    """The plug-in where it was asked for, and what the program and the ladder made of it. ``before``: what was read, as of the start."""
    made, request = built.made, bench.request
    now = reads(bench.td, bench.include, request.program, request.facts)
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
        made = run_program(made, request, built.simulated, bench.clock, bench.progress)
    if request.ladder:
        with bench.clock.phase("climb the ladder"):
            tools = given_tools(made.folder / "bin", made.plugin.installation)
            widths = ladder.legal_widths(built.description, built.facts.native)
            subject = ladder.subject(built.description, made.arch, widths=widths, machine=request.machine)
            lacking = "" if "compiles" in made.abilities else "no code generator"
            work = bench.work / "ladder"
            if request.probe and not lacking:
                climbed = ladder.probe(tools, subject, work, request.probe, bench.progress)
            else:
                climbed = ladder.climb(tools, subject, work, bench.progress, no_code=lacking)
        made = replace(made, ladder=climbed)
    return made


def tablegen_include(installation: Installation) -> Path:
    """Return the folder of LLVM's own .td files. Raises ToolFailure where the installation has none."""
    found = next((folder for folder in installation.include_dirs if (folder / "llvm/Target/Target.td").is_file()), None)
    if found is None:
        advice = f"install its development package: llvm-{installation.major}-dev"
        raise ToolFailure(f"LLVM {installation.version} has no llvm/Target/Target.td", str(installation.prefix), advice)
    return found


def _checked(bench: _Bench) -> tuple[tuple[TdFinding, ...], tuple[str, ...]]:
    """What llvm-tblgen lets through in the .td, or a note why that is not known; the build says what llvm-tblgen rejects."""
    try:
        with bench.clock.phase("check the .td") as said:
            found = lint.check(bench.td, llvm_include=bench.include, program=bench.installation.llvm_tblgen)
            said.append(f"{sum(f.severity is not Severity.NOTE for f in found)} errors and warnings")
    except Failure as failure:
        return (), (f"the .td was not checked: {failure.what}",)
    return found, ()


def _built(bench: _Bench, pool: ThreadPoolExecutor, tabling: ThreadPoolExecutor) -> _Built:
    """The plug-in, in the cache, and what it was made of. ``tabling``: the threads of llvm-tblgen, which leave a processor to what takes
    longest."""
    request, installation, clock, jobs = bench.request, bench.installation, bench.clock, machine(bench.work).cores
    names = headers()

    def kept(name: str) -> Path:
        return store.cache_folder("precompiled", name)

    def precompiled() -> None:
        with clock.phase("precompile LLVM's headers"):
            precompile(installation, names, kept, bench.hashes, bench.progress)

    tabled: dict[str, Future[bool]] = {}
    begun: list[float] = []

    def tabled_by(step: BuildStep) -> bool:
        ran = run_step(step, bench.hashes)
        clock.ended(_TABLES, begun[0])
        return ran

    def start(td: Path, incs: Iterable[str]) -> None:
        begun.append(time.monotonic())
        for inc in incs:
            if inc not in tabled and (step := _table_step(bench, td, inc)):
                tabled[inc] = tabling.submit(tabled_by, step)

    ready = pool.submit(precompiled)
    # llvm-tblgen takes longest for a large .td, and runs once a table: those that every target has need not wait for the description.
    if name := _name_of(bench):
        start(bench.td, common_tables(name))
    with clock.phase("read the .td") as said:
        d, td = _described(bench, bench.td), bench.td
        said.append(f"{len(d.instructions)} instructions")
    if bench.left_out_before(d):
        d = _described(bench, bench.td)
    if (lacking := _completion(bench, d)).text:
        wait(tabled.values())  # tables of the .td alone, some perhaps refused for what it lacks: they are made again
        tabled.clear()
        td = completed(bench.td, d.name, lacking.text, bench.tables, lacking.mendings)
        if lacking.described:
            with clock.phase("read the completed .td") as said:
                d = lacking.mark(_described(bench, td))
                if lacking.selected and (lacking := (first := lacking).extended(d)) != first:
                    td = completed(bench.td, d.name, lacking.text, bench.tables, lacking.mendings)
                    d = lacking.mark(_described(bench, td))
                said.append(f"{len(d.instructions)} instructions")
    else:
        (bench.tables / completion_file(d.name)).unlink(missing_ok=True)
    late = code_generator_tables(d)
    start(td, (inc for inc in tables(d) if inc not in late))
    with clock.phase("write the C++") as said:
        arch = arch_of(d, installation)
        made = _archetypes(bench, d, arch)
        if not made.missing:
            start(td, sorted(late))
        plan = _plan(made, d, installation)
        texts = texts_of(plan, d)
        said.append(f"{len(texts)} files")
    write(bench.sources, texts)
    # Nothing waits for these until the end: before, they would only keep what is waited for from the processors.
    checked = pool.submit(_checked, bench)
    if request.program is not None and request.program.suffix == ".c":
        pool.submit(lambda: layouts(clang_of(installation)))
    count, wanted, untabled = _tables_made(bench, texts, tabled)
    clock.said(_TABLES, f"{count} of {wanted}")
    ready.result()

    def simulated() -> Simulator:
        with clock.phase("compile the simulator"):
            return simulator(d, made.machine, clang_of(installation), bench.progress)

    simulating = pool.submit(simulated) if not made.missing and _may_run(request) else None
    build = PluginBuild(installation, bench.sources, bench.tables, d.folder, bench.work, kept, jobs, names, bench.hashes)
    with clock.phase("compile the C++") as said:
        trial = compiled(build, plan, d, bench.progress, untabled)
        build = trial.build
        said.append(f"{trial.compiled} of {len(build.objects) + 1} files")
    with clock.phase("link the plug-in"):
        bench.progress(0, 0, "linking the plug-in")
        build.link().check()
    plugin = Plugin(installation, build.library)
    with clock.phase("load the plug-in"):
        plugin.load(arch)
    folders = {path.rpartition("/")[0] for path in build.objects}
    abilities = tuple(ability for folder, (_, ability) in PARTS.items() if folder in folders)
    if not left_out_by(d) >= set(trial.unfit):
        bench.leave_out(d, trial.unfit)
        return _built(bench, pool, tabling)
    limits = {**made.limits, **dict.fromkeys(trial.assumed, "the .td does not say when it holds: it is false")} if "" in folders else {}
    result = TryResult(
        d.folder, arch, plugin, bench.work, len(build.objects), made.missing, trial.broken, limits, abilities, (), (), 0.0, {},
        stubs=trial.stubs, facts=tuple(made.machine.records.values()), description=d,
    )  # fmt: skip
    return _Built(result, d, made.machine, simulating.result if simulating else simulated, checked.result)


def _may_run(request: TryRequest) -> bool:
    """Whether a simulator will be wanted, as far as it can be known before anything is compiled."""
    return request.ladder or (request.program is not None and bool(_MAIN.search(request.program.read_text("utf-8", errors="replace"))))


def _described(bench: _Bench, td: Path) -> Description:
    """What a .td says: that of the request, or the file that completes it."""
    bench.progress(0, 0, f"reading {td.name}")
    name = bench.request.name or bench.td.stem
    beside = relocations_beside(bench.td, (name, bench.td.stem))
    program = bench.installation.llvm_tblgen
    own = (bench.td.parent,)
    d = tablegen.describe(td, folder=name, llvm_include=bench.include, tblgen=program, relocs=beside, include_dirs=own)
    d = on_subtarget(d, bench.request.cpu, bench.request.attrs)
    given = with_given(d if bench.request.name else replace(d, folder=d.name), bench.request.facts)
    order = {"byte_order": GivenFact("byte_order", "big", "--big-endian")} if bench.request.big_endian else {}
    return replace(given, given={**given.given, **order, **{fact.key: fact for fact in bench.request.supposed}})


def arch_of(d: Description, installation: Installation) -> str:
    """Return the name for -march: the target's name in lower case, made unlike all that LLVM knows.

    Of two targets for one architecture, LLVM chooses neither."""
    arch, llvm = d.folder.lower(), Interface(installation.include_dirs)
    known = any(llvm.enumerator(header, arch) for header in TRIPLES) or arch in registered(installation.tool("llc"))
    return f"{arch}_td" if known else arch


def _archetypes(bench: _Bench, d: Description, arch: str) -> Archetypes:
    elf = (folder / "llvm/BinaryFormat/ELF.h" for folder in bench.installation.include_dirs)
    text = next((path.read_text(encoding="utf-8") for path in elf if path.is_file()), "")
    number = machine_number(arch, frozenset(int(n, 0) for n in _NUMBER.findall(text)))
    return archetypes(d, Interface(bench.installation.include_dirs), arch, number, big_endian=bench.request.big_endian)


def _plan(made: Archetypes, d: Description, installation: Installation) -> Plan:
    files, classes, functions = planned(made.printed, d.folder, masker_of(d.folder, d))
    return Plan(d.folder, Mode.TD, FillerName.ARCHETYPE, installation.version, (), files, classes, functions, {})


def _name_of(bench: _Bench) -> str:
    """The name of the Target record as the .td file says it, "" where it says none or more than one, or where the tables may be made of
    another file, as the last time."""
    own, target = _texts_of_td(bench)
    found = _TARGET.findall(own)
    if len(found) != 1 or may_lack(own, target) or (bench.tables / completion_file(found[0])).is_file():
        return ""
    return found[0]


def _texts_of_td(bench: _Bench) -> tuple[str, str]:
    """The text of the target's .td files, and that of LLVM's Target.td."""
    own = "".join(path.read_text(encoding="utf-8") for path in tablegen.reachable(bench.td, (bench.td.parent,)))
    return own, (bench.include / "llvm/Target/Target.td").read_text(encoding="utf-8", errors="replace")


def _completion(bench: _Bench, d: Description) -> Completion:
    return completion(d, *_texts_of_td(bench))


def _table_step(bench: _Bench, td: Path, inc: str) -> BuildStep | None:
    """The command that makes a table of ``td``, None where llvm-tblgen is not known to write it."""
    known = table_of(inc)
    if known is None:
        return None
    out = bench.tables / inc
    depfile = out.with_name(f"{inc}.d")
    folders = [f"-I{folder}" for folder in dict.fromkeys((td.parent, bench.td.parent, bench.include))]
    argv = [str(bench.installation.llvm_tblgen), *known[0].options.split(), *folders, str(td), "-o", str(out), "-d", str(depfile)]
    return BuildStep(tuple(argv), out, depfile, TABLEGEN_SECONDS)


def _tables_made(bench: _Bench, texts: Mapping[str, str], tabled: Mapping[str, Future[bool]]) -> tuple[int, int, dict[str, str]]:
    """Wait for the tables that the texts include. Return how many of them had to be made, how many there are, and the parts of the backend
    that have to be left out, with llvm-tblgen's error, because only they include a table that it does not make of this .td.

    Raises InputError for an error in a table that other parts include."""
    users: dict[str, set[str]] = {}
    for path, text in texts.items():
        for inc in INC.findall(text):
            users.setdefault(inc, set()).add(part_of(path))
    wanted = sorted(users.keys() & tabled.keys())
    count, lost = 0, dict[str, str]()
    for number, inc in enumerate(wanted, start=1):
        try:
            count += tabled[inc].result()
        except ToolFailure as failure:
            if (found := _SAID.search(failure.output)) and "" not in users[inc]:
                lost |= dict.fromkeys(users[inc], f"{found['where']}: {found['what']}")
            elif found:
                advice = _NO_FIELD if "field named `Inst'" in found["what"] else "correct the file"
                raise InputError(found["what"], found["where"], advice, command=failure.command) from failure
            else:
                raise
        bench.progress(number, len(wanted), f"making {inc}")
    return count, len(wanted), lost


def _delivered(made: TryResult, bench: _Bench, out: Path) -> TryResult:
    """Copy the result to ``out``, in place of an earlier one."""
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text(f"{STAMP}\n", encoding="utf-8")
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
