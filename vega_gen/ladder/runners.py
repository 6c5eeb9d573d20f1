"""What runs a target's programs: QEMU where it knows the ISA, and the simulator that is made from the .td."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Protocol

from llvm_integration.failure import ToolFailure
from llvm_integration.process import Progress, run
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.ladder import failures, smoke
from vega_gen.ladder.ask import ask
from vega_gen.ladder.executable import Linker
from vega_gen.ladder.subject import Emulator, OfficialLinking, Subject, Tools
from vega_gen.simulate import Simulator, simulator
from vega_gen.simulate.relocating import Relocating

SECONDS = 20.0
QEMU_MB = 16384  # limit on address space: QEMU reserves the guest's
STATIC = "-relocation-model=static"  # _start sets up nothing for position-independent code
STEPS = 500_000_000
MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. ``status``: its exit status, None if it did not end by itself; then ``problem`` says why."""

    status: int | None
    problem: str
    command: str


class Runner(Protocol):
    """Something that runs programs."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    def run(self, objects: Sequence[Path], library: Sequence[Path], out: Path, seconds: float = SECONDS) -> Ended:
        """Run the program of ``objects`` and of those of ``library`` that they need, for at most ``seconds``. ``out``: path for an
        executable."""
        ...


@dataclass(frozen=True, slots=True)
class Qemu:
    """Links as the simulator does, and runs under QEMU's user mode. ``start``: an object that defines ``_start``."""

    machine: Emulator
    linker: Linker
    start: Path

    @property
    def name(self) -> str:
        """The QEMU program."""
        return self.machine.qemu

    def run(self, objects: Sequence[Path], library: Sequence[Path], out: Path, seconds: float = SECONDS) -> Ended:
        """See ``Runner``."""
        try:
            self.linker.link((self.start, *objects), library, self.machine, out)
        except InputError as error:
            return Ended(None, f"{error.where}: {error.what}" if error.where else error.what, f"link {' '.join(map(str, objects))}")
        return _emulated(self.machine, out, seconds)


@dataclass(frozen=True, slots=True)
class OfficialQemu:
    """Links with ``_start`` (an object at ``start``) by lld, and runs under QEMU's user mode.

    The objects get the ELF machine number of the official ISA, because lld and QEMU know no other; code and relocations are the ISA's
    already."""

    machine: Emulator
    lld: Path
    emulation: str
    start: Path

    @property
    def name(self) -> str:
        """The QEMU program."""
        return self.machine.qemu

    def run(self, objects: Sequence[Path], library: Sequence[Path], out: Path, seconds: float = SECONDS) -> Ended:
        """See ``Runner``."""
        _put_machine(self.start, (*objects, *library))
        inputs = [str(self.start), *map(str, objects), "--start-lib", *map(str, library), "--end-lib"]
        linked = run([str(self.lld), "-m", self.emulation, "-e", "_start", *inputs, "-o", str(out)], timeout=SECONDS)
        if not linked.ok:
            return Ended(None, failures.message(linked), linked.command)
        return _emulated(self.machine, out, seconds)


@dataclass(frozen=True, slots=True)
class Simulated:
    """Runs on the simulator; ``llvm_mc`` and ``options`` decode its instructions."""

    simulator: Simulator
    llvm_mc: Path
    options: tuple[str, ...]
    name: str = "simulator"

    def run(self, objects: Sequence[Path], library: Sequence[Path], out: Path, seconds: float = SECONDS) -> Ended:
        """See ``Runner``."""
        del out
        command = f"the simulator on {' '.join(map(str, objects))}"
        try:
            ran = self.simulator.run(objects, self.llvm_mc, self.options, library=library, steps=STEPS, memory=MEMORY, seconds=seconds)
        except InputError as error:
            return Ended(None, f"{error.where}: {error.what}" if error.where else error.what, command)
        return Ended(ran.status, ran.problem, command)


def _emulated(machine: Emulator, executable: Path, seconds: float) -> Ended:
    ran = run([machine.qemu, *machine.options, str(executable)], timeout=seconds, memory_mb=QEMU_MB)
    if ran.timed_out or ran.returncode < 0:
        return Ended(None, failures.message(ran), ran.command)
    return Ended(ran.returncode, "", ran.command)


def runners(subject: Subject, tools: Tools, work: Path, progress: Progress) -> tuple[tuple[Runner, ...], tuple[str, ...]]:
    """Return what can run a subject's programs, and why something else cannot. ``work``: folder for QEMU's ``_start``.

    QEMU comes first: it knows the ISA, and the simulator only the .td. Raises ``ToolFailure`` if an official LLVM does not assemble
    ``_start``."""
    found: list[Runner] = []
    notes: list[str] = []
    for one in (_qemu(subject, tools, work), _simulated(subject, tools, progress)):
        if isinstance(one, str):
            notes.append(one)
        else:
            found.append(one)
    return tuple(found), tuple(notes)


def _qemu(subject: Subject, tools: Tools, work: Path) -> Qemu | OfficialQemu | str:
    if not subject.emulators:
        return "no QEMU of user mode is known to run this ISA (targets/settings/qemu.toml)"
    source, start = work / "start.ll", work / "start.o"
    source.write_text(smoke.start(subject.widths, subject.pointer_bits), encoding="utf-8")
    made = ask([str(tools.llc), *subject.options(), "-O2", "-filetype=obj", STATIC, str(source), "-o", str(start)])
    if not made.ok:
        return f"QEMU runs nothing: _start does not compile: {failures.message(made)}"
    little = start.read_bytes()[5] == 1  # EI_DATA is ELFDATA2LSB
    machine = next((m for m in subject.emulators if m.little == little), None)
    if machine is None:
        known = ", ".join(m.qemu for m in subject.emulators)
        return f"the objects are {'little' if little else 'big'}-endian, and what these run is not: {known}"
    if which(machine.qemu) is None:
        return f"{machine.qemu} was not found: apt-get install qemu-user"
    d = subject.description
    # lld knows the relocations that are listed, and no other.
    listed = d.relocations and not Relocating(d, find_facts(d), little=little).made_up
    if machine.official and listed and tools.lld and tools.assembler:
        official = _assembled(machine.official, tools.assembler, work)
        return OfficialQemu(machine, tools.lld, machine.official.emulation, official)
    return Qemu(machine, Linker(d), start)


def _assembled(official: OfficialLinking, assembler: Path, work: Path) -> Path:
    source, out = work / "official.s", work / "official.o"
    source.write_text(official.start, encoding="utf-8")
    attrs = (f"-mattr={official.attrs}",) if official.attrs else ()
    argv = [str(assembler), f"-triple={official.triple}", *attrs, "-filetype=obj", str(source), "-o", str(out)]
    run(argv, timeout=SECONDS).check()
    return out


def _simulated(subject: Subject, tools: Tools, progress: Progress) -> Simulated | str:
    if tools.llvm_mc is None or tools.clang is None:
        return "the simulator needs the backend's llvm-mc, which decodes, and a clang, which compiles it"
    facts = find_facts(subject.description)
    if not facts.sp:
        return "the simulator needs a stack pointer, and no register is known to be it"
    try:
        made = simulator(subject.description, facts, tools.clang, progress)
    except ToolFailure as failure:
        return f"the simulator was not made: {failure.what}"
    return Simulated(made, tools.llvm_mc, subject.options("--triple"))


def _put_machine(like: Path, objects: Iterable[Path]) -> None:
    """Copy the e_machine of the ELF file ``like`` to ``objects`` (System V ABI, "ELF Header": two bytes at 18, in the file's order)."""
    number = like.read_bytes()[18:20]
    for path in objects:
        with path.open("r+b") as stream:
            stream.seek(18)
            stream.write(number)
