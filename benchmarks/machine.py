"""A machine for benchmarks: compiles C and IR with a generated backend, runs the objects under QEMU and in the simulator, and compares."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from llvm_integration.failure import Failure
from llvm_integration.process import Progress, run
from vega_gen.conform.compilers import NotCompiled, Toolchain, first_line
from vega_gen.ladder.subject import Emulator, OfficialLinking
from vega_gen.simulate import Simulator

RUNTIME = Path(__file__).resolve().parent / "runtime"
STEPS = 2_000_000_000
"""Instructions that a program may execute in the simulator."""
MEMORY = 64 << 20
SECONDS = 30.0
"""Wall clock time that a program may take under QEMU, and in the simulator."""
_QEMU_MB = 16384


class Verdict(StrEnum):
    """How the two runs of a program compare."""

    AGREE = "agree"
    """Both end with the same status and output."""
    DIFFER = "differ"
    """Both end, with another status or output."""
    STOPPED = "simulator stopped"
    """QEMU runs the program to its end, the simulator does not."""
    BOTH_STOP = "neither ends"
    """Both are stopped: by a signal, the simulator's own checks or a limit."""
    ONLY_SIMULATOR = "QEMU stopped"
    """The simulator runs the program to its end, QEMU does not."""
    NOT_COMPARED = "not compared"
    """It ran under QEMU, and there was no simulator."""
    NOT_COMPILED = "not compiled"
    """clang, the backend or the linker refuses it, so that there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run. ``status``: the exit status, None where it was stopped (``problem`` says by what). ``steps``: instructions, 0 if unknown."""

    status: int | None
    stdout: str
    problem: str = ""
    steps: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Compared:
    """A program and how it ran. ``why``: for what has no two runs, the first line of what refused it."""

    suite: str
    name: str
    level: str
    verdict: Verdict
    why: str = ""
    qemu: Ended | None = None
    simulator: Ended | None = None

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.suite} {self.name} {self.level}"

    def to_json(self) -> dict[str, Any]:
        """As JSON has it. Output is cut: a program may print much before it goes wrong."""
        cut = [replace(e, stdout=e.stdout[-200:]) if e else None for e in (self.qemu, self.simulator)]
        return asdict(replace(self, qemu=cut[0], simulator=cut[1]))


def verdict(qemu: Ended, simulator: Ended) -> Verdict:
    """Compare two runs."""
    if qemu.status is None or simulator.status is None:
        if qemu.status is None:
            return Verdict.BOTH_STOP if simulator.status is None else Verdict.ONLY_SIMULATOR
        return Verdict.STOPPED
    return Verdict.AGREE if (qemu.status, qemu.stdout) == (simulator.status, simulator.stdout) else Verdict.DIFFER


@dataclass
class Machine(Toolchain):
    """A target with a backend.

    ``emulator``: the ISA as QEMU knows it. ``simulator``: None to run under QEMU alone. ``entry``: assembly of what QEMU needs besides the
    program. ``steps``, ``seconds``: limits of a program. For the others see ``Toolchain``."""

    emulator: Emulator = field(kw_only=True)
    simulator: Simulator | None = field(kw_only=True)
    entry: Path = RUNTIME / "riscv32.s"
    steps: int = STEPS
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        super().__post_init__()
        self._defines: dict[Path, tuple[frozenset[str], frozenset[str]]] = {}
        self._library: dict[str, Path] = {}  # symbol -> the object that defines it
        self._entry = self.work / "entry.o"

    @property
    def _official(self) -> OfficialLinking:
        assert self.emulator.official, "only such emulators are found"
        return self.emulator.official

    def assemble_entry(self) -> None:
        """Assemble what QEMU needs besides the program: its entry, and putchar and exit as system calls."""
        official = self._official
        attrs = (f"-mattr={official.attrs}",) if official.attrs else ()
        argv = [str(self.installation.tool("llvm-mc")), f"-triple={official.triple}", *attrs, "-filetype=obj", str(self.entry)]
        run([*argv, "-o", str(self._entry)], timeout=SECONDS).check()

    def add_to_library(self, objects: Iterable[Path]) -> None:
        """Offer objects to programs that lack what they define. The first that defines a symbol is taken."""
        for path in objects:
            for symbol in self.symbols(path)[0]:
                self._library.setdefault(symbol, path)

    def symbols(self, path: Path) -> tuple[frozenset[str], frozenset[str]]:
        """The global symbols that an object defines, and those that it lacks."""
        if path not in self._defines:
            said = run([str(self.installation.tool("llvm-nm")), "-P", "-g", str(path)], timeout=SECONDS).check().stdout
            words = [line.split() for line in said.splitlines() if line]
            lacks = frozenset(w[0] for w in words if w[1] in "Uvw")
            self._defines[path] = frozenset(w[0] for w in words if w[1] not in "Uvw"), lacks
        return self._defines[path]

    def linked(self, program: Path) -> list[Path]:
        """The program's object and those of the library that it needs, directly or not."""
        found, defined = [program], set(self.symbols(program)[0])
        queue = sorted(self.symbols(program)[1])
        while queue:
            symbol = queue.pop(0)
            if symbol not in defined and (path := self._library.get(symbol)):
                found.append(path)
                defined |= self.symbols(path)[0]
                queue += sorted(self.symbols(path)[1] - defined)
        return found

    def under_qemu(self, objects: Sequence[Path], place: Path) -> Ended:
        """Link by ld.lld and run under QEMU. Raises NotCompiled.

        Copies get the ELF machine number of the official ISA, since ld.lld and QEMU know no other."""
        number = self._entry.read_bytes()[18:20]
        copies: list[Path] = []
        for n, path in enumerate(objects):
            copies.append(place.with_name(f"{place.name}-{n}.qemu.o"))
            data = path.read_bytes()
            copies[-1].write_bytes(data[:18] + number + data[20:])
        executable = place.with_name(f"{place.name}.elf")
        argv = [str(self.installation.lld), "-m", self._official.emulation, "-e", "_start", str(self._entry), *map(str, copies)]
        done = run([*argv, "-o", str(executable)], timeout=SECONDS)
        for copy in copies:
            copy.unlink()
        if not done.ok:
            raise NotCompiled("ld.lld", first_line(done.stderr))
        ran = run([self.emulator.qemu, str(executable)], timeout=self.seconds, memory_mb=_QEMU_MB)
        executable.unlink()
        if ran.timed_out or ran.returncode < 0:
            problem = f"no end within {self.seconds:g} s" if ran.timed_out else f"signal {-ran.returncode}"
            return Ended(None, ran.stdout, problem, seconds=ran.seconds)
        return Ended(ran.returncode, ran.stdout, seconds=ran.seconds)

    def simulated(self, objects: Sequence[Path]) -> Ended:
        """Run the same objects in the simulator."""
        assert self.simulator is not None
        options = (f"-triple={self.triple}",)
        try:
            ran = self.simulator.run(objects, self.tools / "llvm-mc", options, steps=self.steps, memory=MEMORY, seconds=self.seconds)
        except Failure as failure:
            return Ended(None, "", failure.what)
        status = None if ran.problem or ran.status is None else ran.status & 0xFF
        return Ended(status, ran.stdout, ran.problem, ran.steps, ran.seconds)

    def compare(self, suite: str, name: str, level: str, compiled: Callable[[Path], Path]) -> Compared:
        """Compile a program by ``compiled(out)`` and run it in both."""
        place = self.work / re.sub(r"[^\w.-]", "_", f"{suite}-{name}{level}")
        out = place.with_name(f"{place.name}.o")
        try:
            objects = self.linked(compiled(out))
            qemu = self.under_qemu(objects, place)
        except NotCompiled as refused:
            return Compared(suite, name, level, Verdict.NOT_COMPILED, refused.what)
        if self.simulator is None:
            return Compared(suite, name, level, Verdict.NOT_COMPARED, qemu.problem or f"ended with {qemu.status}", qemu)
        ours = self.simulated(objects)
        return Compared(suite, name, level, verdict(qemu, ours), ours.problem, qemu, ours)

    def build_library(
        self, builtins: Path | None, helpers: Mapping[str, str], progress: Progress, *, jobs: int = 2, kept: bool = False
    ) -> dict[str, str]:
        """As ``Toolchain.build_library``; ``linked`` takes of it what a program needs."""
        lost = super().build_library(builtins, helpers, progress, jobs=jobs, kept=kept)
        self.add_to_library(self.library)
        return lost


def emulator_found(emulator: Emulator) -> bool:
    """Whether QEMU's program is on this machine."""
    return shutil.which(emulator.qemu) is not None
