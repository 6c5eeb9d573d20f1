"""``conform``: make a backend of a .td, compile the programs of a suite with it, run them, and say what became of each."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from shutil import which

import orjson

from llvm_integration import crash, discover
from llvm_integration.plugin import linker
from llvm_integration.process import Progress, threads
from vega_gen import ladder, store
from vega_gen.conform import foreign, program_suites
from vega_gen.conform.compilers import Toolchain
from vega_gen.conform.conforming import Conforming, ForeignProgram, Side
from vega_gen.conform.hosts import ProgramHost, QemuHost, SimulatedHost, plugin
from vega_gen.conform.mixing import MixedSide
from vega_gen.conform.program_suites import ProgramSuite
from vega_gen.conform.verdicts import Conformed, Cost, read_conformed
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.ladder.executable import Linker
from vega_gen.pipeline.try_request import TryRequest, TryResult
from vega_gen.pipeline.trying import try_out
from vega_gen.records import Description
from vega_gen.simulate import simulator
from vega_gen.simulate.relocating import Relocating

LEVELS = ("-O0", "-O2")
"""Levels that are run unless others are asked for: the two selectors of instructions, without and with all passes."""
KNOWN_LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ConformRequest:
    """The options of ``conform``.

    ``backend``: what to make the backend of. ``llvm``: a source tree of LLVM, whose version is used and whose compiler-rt if it is there.
    ``suite_dir``: the folder of the suite's files, None for what the package manager has. ``count``: of programs that csmith makes.
    ``every``: take every Nth program. ``reference``: triple of LLVM's own backend, or the path of an llc that has it, "" for the one
    that targets/settings/qemu.toml names, "none" for none; ``reference_attrs``: its -mattr. ``builtins``: a folder of compiler-rt's C.
    ``simulated``: use the simulator even where QEMU runs the ISA. ``counted``: count executed instructions, and
    bytes of frames and spills. ``seconds``: time limit of a program. ``again``: forget an earlier run.
    ``mix``: the reference compiles half of each program's functions.
    """

    backend: TryRequest
    suite: ProgramSuite = ProgramSuite.TORTURE
    llvm: Path | None = None
    suite_dir: Path | None = None
    levels: tuple[str, ...] = LEVELS
    count: int = 100
    every: int = 1
    reference: str = ""
    reference_attrs: str = ""
    builtins: Path | None = None
    work: Path | None = None
    jobs: int = 2
    simulated: bool = False
    counted: bool = False
    seconds: float = SECONDS
    again: bool = False
    mix: bool = False


@dataclass(frozen=True, slots=True)
class Conformity:
    """What became of a suite. ``reference``: the triple of LLVM's own backend, "" for none. ``host``: what ran the programs. ``lost``:
    function of the library -> why it does not compile. ``command_line``: what to repeat it by. ``seconds``: wall-clock time."""

    target: str
    llvm: str
    suite: ProgramSuite
    host: str
    reference: str
    programs: tuple[Conformed, ...]
    lost: dict[str, str]
    seconds: float

    def of(self, level: str) -> list[Conformed]:
        """The programs of a level."""
        return [one for one in self.programs if one.level == level]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels in the order in which they were run."""
        return tuple(dict.fromkeys(one.level for one in self.programs))


@dataclass
class _Lab:
    """A backend that is made, and where its programs are compiled. ``digest``: of the backend; ``layout``: its data layout string."""

    request: ConformRequest
    made: TryResult
    description: Description
    work: Path
    builtins: Path
    progress: Progress
    digest: str
    layout: str

    @property
    def emulator(self) -> ladder.Emulator | None:
        """The ISA as QEMU knows it, None where no QEMU that is installed does."""
        asked = self.request.backend
        one = ladder.subject(self.description, self.made.arch, cpu=asked.cpu, attrs=asked.attrs, machine=asked.machine)
        return next((m for m in one.emulators if m.little == self.layout.startswith("e") and which(m.qemu)), None)

    def generated(self) -> tuple[Side, dict[str, str]]:
        """The generated backend with its library, and what of that does not compile."""
        asked, made = self.request.backend, self.made
        options = (*((f"-mcpu={asked.cpu}",) if asked.cpu else ()), *((f"-mattr={asked.attrs}",) if asked.attrs else ()))
        tools, installation = made.folder / "bin", made.plugin.installation
        llc = Toolchain(tools, made.arch, self.layout, installation, self.work / f"generated-{self.digest}", options)
        lost = llc.build_library(self.builtins, {}, self.progress, jobs=self.request.jobs, kept=True)
        emulator = self.emulator
        if emulator is None or self.request.simulated:
            sim = simulator(self.description, find_facts(self.description), installation.tool("clang"), self.progress)
            return Side(llc, SimulatedHost(sim, llc, self.request.seconds), self.request.counted), lost
        host = QemuHost(emulator, llc, Linker(self.description), self.request.seconds, self._counter(emulator))
        host.prepare()
        return Side(llc, host, self.request.counted), lost

    def official(self) -> Callable[[], Side] | None:
        """Returns what makes the reference, None where there is none."""
        emulator = self.emulator
        triple, attrs = self.reference()
        if not triple or emulator is None:
            return None
        installation = self.made.plugin.installation
        program = self._reference_llc() or installation.tool("llc")
        found = emulator

        def make() -> Side:
            version = store.digest(str(program), self.layout, runtime_version())[:12]
            folder = self.work / f"reference-{triple}{attrs}-{installation.version}-{version}"
            own = (f"-mattr={attrs}",) if attrs else ()
            llc = Toolchain(program.parent, triple, self.layout, installation, folder, own)
            llc.build_library(self.builtins, {}, self.progress, jobs=self.request.jobs, kept=True)
            host: ProgramHost = QemuHost(found, llc, None, self.request.seconds, self._counter(found), linker(installation))
            host.prepare()
            return Side(llc, host, self.request.counted)

        return make

    def mixed(self, bench: Conforming) -> MixedSide:
        """The generated backend beside the reference. Raises InputError where objects of both cannot be linked with each other."""
        d, side = self.description, bench.generated
        made_up = not d.relocations or Relocating(d, find_facts(d), little=self.layout.startswith("e")).made_up
        if bench.reference is None or made_up or not isinstance(side.host, QemuHost):
            why = "it has other relocations than LLVM's own" if made_up else "no reference runs beside it"
            raise InputError(f"objects of this backend cannot be mixed: {why}", "--mix", "see --reference, and <T>.def beside the .td")
        extract = self.made.plugin.installation.tool("llvm-extract")
        return MixedSide(side.toolchain, side.host, official=bench.official, extract=extract)

    def reference(self) -> tuple[str, str]:
        """The triple and -mattr of LLVM's own backend, "" where there is none."""
        asked = self.request
        if asked.reference == "none":
            return "", ""
        official = self.emulator.official if self.emulator else None
        program = self._reference_llc()
        if asked.reference and program is None:
            return asked.reference, asked.reference_attrs
        if official is None or not crash.data_layout(program or self.made.plugin.installation.tool("llc"), official.triple):
            return "", ""
        return official.triple, asked.reference_attrs or official.attrs

    def _reference_llc(self) -> Path | None:
        """The llc that ``--reference`` names by a path. Raises InputError where there is none."""
        asked = self.request.reference
        if "/" not in asked:
            return None
        program = Path(asked).absolute()
        if program.name != "llc" or not program.is_file():
            raise InputError("this is no llc", asked, "give the path of one, such as build/bin/llc, or a triple")
        return program

    def _counter(self, emulator: ladder.Emulator) -> Path | None:
        return plugin(emulator) if self.request.counted else None

    def programs(self) -> Sequence[ForeignProgram]:
        """The programs of the suite."""
        asked, cache = self.request, store.cache_folder("foreign", "programs")
        if asked.suite_dir is None and asked.suite not in (ProgramSuite.TORTURE, ProgramSuite.CSMITH):
            at = program_suites.CHECKOUTS[asked.suite]
            raise InputError(f"no package has {asked.suite}", "--suite-dir", f"name a checkout of it: {at}")
        if asked.suite is ProgramSuite.CSMITH:
            headers, clang = asked.suite_dir or foreign.csmith_headers(cache, self.progress), self.made.plugin.installation.tool("clang")
            return list(program_suites.csmith_programs(_folder(cache / "csmith-programs"), headers, clang, asked.count))[:: asked.every]
        folder = asked.suite_dir.absolute() if asked.suite_dir else foreign.torture(cache, self.progress)
        return list(program_suites.PROGRAMS_OF[asked.suite](folder))[:: asked.every]


def conform(request: ConformRequest, progress: Progress) -> Conformity:
    """Make the backend, compile and run the programs, and return what became of them; finished ones are kept in ``work`` and not done
    again.

    Raises InputError where there is no code generator, or nothing that runs its programs; ToolFailure where a tool is missing or fails."""
    start = time.monotonic()
    lab = _lab(request, progress)
    generated, lost = lab.generated()
    bench = Conforming(generated, lab.official(), _folder(lab.work / "programs"), measured=request.counted)
    if request.mix:
        bench.generated, bench.reducing = lab.mixed(bench), False
    programs = [(program, level) for level in request.levels for program in lab.programs()]
    found = _judged(lab, bench, programs)
    reference = lab.reference()[0] if bench.reference else ""
    installation = lab.made.plugin.installation
    seconds = time.monotonic() - start
    return Conformity(lab.made.target, installation.version, request.suite, generated.host.name, reference, tuple(found), lost, seconds)


def _judged(lab: _Lab, bench: Conforming, programs: Sequence[tuple[ForeignProgram, str]]) -> list[Conformed]:
    """The verdicts of all programs: those of the journal, and the others as they come."""
    path = lab.work / "journal"
    if lab.request.again:
        path.unlink(missing_ok=True)
    with store.Journal(path) as journal:
        asked = lab.request
        written = (field.name for record in (Conformed, Cost) for field in fields(record))  # other vega-gens' entries have other fields
        mark = store.digest(lab.digest, *lab.reference(), str(asked.counted), str(asked.mix), bench.generated.host.name, *written)[:12]
        kept = {key: read_conformed(orjson.loads(payload)) for key, payload in journal.items() if key.startswith(mark)}
        found = {(p.name, level): kept.get(f"{mark} {p.suite} {p.name} {level}") for p, level in programs}
        todo = [(p, level) for p, level in programs if found[p.name, level] is None]
        lab.progress(0, len(todo), "running programs")
        with threads(lab.request.jobs) as pool:
            running = [pool.submit(bench.verdict_on, program, level) for program, level in todo]
            for done, one in enumerate((future.result() for future in as_completed(running)), start=1):
                lab.progress(done, len(todo), f"running {one.program} {one.level}")
                found[one.program, one.level] = one
                journal.record(f"{mark} {one.key}", orjson.dumps(asdict(one)))
    return [one for one in found.values() if one is not None]


def _lab(request: ConformRequest, progress: Progress) -> _Lab:
    if unknown := [level for level in request.levels if level not in KNOWN_LEVELS]:
        raise InputError(f"{unknown[0]} is no level of optimisation", "--levels", f"name some of {', '.join(KNOWN_LEVELS)}")
    asked, tree = request.backend, discover.open_source(request.llvm) if request.llvm else None
    made = try_out(replace(asked, version=tree.version) if tree else asked, progress)
    d = made.description
    if "compiles" not in made.abilities or d is None:
        why = "; ".join(made.missing.values()) or "its C++ does not compile"
        raise InputError(f"there is no code generator: {why}", str(asked.td), "vega-gen try says what is missing")
    own = tree.llvm.parent / "compiler-rt/lib/builtins" if tree else None
    builtins = request.builtins or (own if own and own.is_dir() else None)
    if builtins is None:
        builtins = foreign.builtins(store.cache_folder("foreign", "programs"), made.plugin.installation.version, progress)
    name = re.sub(r"[^\w.-]", "_", f"{made.target}-{request.suite}{asked.cpu}{asked.attrs}")
    work = _folder((request.work or store.cache_folder("conform", name)).absolute())
    digest = store.digest(made.plugin.library.read_bytes(), asked.cpu, asked.attrs, runtime_version())[:12]
    layout = crash.data_layout(made.folder / "bin" / "llc", made.arch)
    return _Lab(request, made, d, work, builtins, progress, digest, layout)


def runtime_version() -> str:
    """Return a hash of what verdicts depend on beside the backend: how programs are compiled, linked and run, and the C library."""
    return store.code_version("vega_gen.conform.program_suites")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
