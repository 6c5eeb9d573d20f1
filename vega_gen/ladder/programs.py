"""The rungs that compile the smoke suite: smoke-compiles, machine-verified, objects, runs.

They count programs; each program counts twice, at -O0 and at -O2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which

from llvm_integration.process import Completed, Progress, run
from vega_gen.ladder import failures, smoke
from vega_gen.ladder.ask import ask
from vega_gen.ladder.subject import Emulator, Subject, Tools
from vega_gen.records import Climbed, Obstacle, Rung

LEVELS = ("-O0", "-O2")
_STATIC = "-relocation-model=static"  # _start sets up nothing for position-independent code
SECONDS = 20.0
QEMU_MB = 16384  # limit on address space: QEMU reserves the guest's


@dataclass(frozen=True, slots=True)
class _Compiling:
    """A program at one optimisation level. ``place``: path of its files, without the suffix."""

    program: smoke.Program
    level: str
    place: Path

    @property
    def name(self) -> str:
        return f"{self.program.name} {self.level}"

    def file(self, ending: str) -> Path:
        return self.place.with_name(f"{self.place.name}{ending}")


class Programs:
    """The smoke suite of one subject, and the rungs that it climbs."""

    def __init__(self, tools: Tools, llc: Path, subject: Subject, work: Path) -> None:
        self.tools = tools
        self.llc = llc
        self.subject = subject
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self.all = [self._written(program, level) for program in smoke.programs(subject.widths, subject.pointer_bits) for level in LEVELS]

    def _written(self, program: smoke.Program, level: str) -> _Compiling:
        (self.work / f"{program.name}.ll").write_text(program.text, encoding="utf-8")
        return _Compiling(program, level, self.work / f"{program.name}{level}")

    def compiles(self, progress: Progress) -> Climbed:
        """Compile to assembly."""
        return self._step(Rung.SMOKE, progress, lambda one: self._compile(one, ".s", "-filetype=asm"))

    def verified(self, progress: Progress) -> Climbed:
        """Compile to assembly with the machine verifier after each pass."""
        return self._step(Rung.VERIFIED, progress, lambda one: self._compile(one, ".s", "-filetype=asm", "-verify-machineinstrs"))

    def objects(self, progress: Progress) -> Climbed:
        """Compile to an object that llvm-readobj reads, and that llvm-objdump disassembles without an unknown instruction."""

        def one(program: _Compiling) -> Obstacle | None:
            return self._compile(program, ".o", "-filetype=obj") or self._read_back(program)

        readers = {"llvm-readobj": self.tools.llvm_readobj, "llvm-objdump": self.tools.llvm_objdump}
        step = self._step(Rung.OBJECTS, progress, one)
        return replace(step, notes=tuple(f"not read back by {name}: tool not found" for name, path in readers.items() if not path))

    def runs(self, machine: Emulator, qemu: str, progress: Progress) -> Climbed:
        """Link each program with ``_start`` and the helper functions, run it under QEMU, and compare its exit status.

        The objects get the ELF machine number of the official ISA, because lld and QEMU know no other; code and relocations are the ISA's
        already. Raises ``ToolFailure`` if ``_start`` cannot be assembled.
        """
        start = self._start(machine)
        helpers = self._helpers()
        _put_machine(start, (path for path in helpers.values() if path))
        lost = sorted(name for name, path in helpers.items() if path is None)

        def one(program: _Compiling) -> Obstacle | None:
            if obstacle := self._compile(program, ".o", "-filetype=obj", _STATIC):
                return obstacle
            _put_machine(start, [program.file(".o")])
            executable = program.file(".elf")
            archive = [str(path) for path in helpers.values() if path]
            inputs = [str(start), str(program.file(".o")), "--start-lib", *archive, "--end-lib"]
            argv = [str(self.tools.lld), "-m", machine.emulation, "-e", "_start", *inputs, "-o", str(executable)]
            linked = run(argv, timeout=SECONDS)
            if not linked.ok:
                return failures.obstacle(program.name, linked, self.subject.name)
            ran = run([qemu, str(executable)], timeout=SECONDS, memory_mb=QEMU_MB)
            if ran.returncode == program.program.expected and not ran.timed_out:
                return None
            ended = f"ended with {ran.returncode}, not {program.program.expected}"
            return Obstacle(program.name, ran.command, failures.message(ran) if ran.timed_out or ran.returncode < 0 else ended)

        step = self._step(Rung.RUNS, progress, one)
        return replace(step, notes=(f"helpers that do not compile: {', '.join(lost)}",) if lost else ())

    def _step(self, rung: Rung, progress: Progress, ask: Callable[[_Compiling], Obstacle | None]) -> Climbed:
        found: list[Obstacle] = []
        for done, program in enumerate(self.all):
            progress(done, len(self.all), rung.value)
            obstacle = ask(program)
            found += [obstacle] if obstacle else []
        return Climbed(rung, len(self.all) - len(found), len(self.all), tuple(found))

    def _compile(self, one: _Compiling, ending: str, *options: str) -> Obstacle | None:
        done = self._llc(one.level, one.program.name, one.file(ending), options)
        return None if done.ok else failures.obstacle(one.name, done, self.subject.name)

    def _llc(self, level: str, name: str, out: Path, options: Sequence[str]) -> Completed:
        out.unlink(missing_ok=True)
        argv = [str(self.llc), *self.subject.options(), level, *options, str(self.work / f"{name}.ll"), "-o", str(out)]
        done = ask(argv)
        if not done.ok:
            out.unlink(missing_ok=True)
        return done

    def _read_back(self, one: _Compiling) -> Obstacle | None:
        compiled = str(one.file(".o"))
        if reader := self.tools.llvm_readobj:
            done = ask([str(reader), "-h", "-S", "-r", "--symbols", compiled])
            if not done.ok:
                return failures.obstacle(one.name, done, self.subject.name)
            if "Name: main" not in done.stdout:
                return Obstacle(one.name, done.command, "the object has no symbol main")
        if dumper := self.tools.llvm_objdump:
            done = ask([str(dumper), "-d", *self.subject.options("--triple"), compiled])
            if not done.ok:
                return failures.obstacle(one.name, done, self.subject.name)
            unknown = next((line.strip() for line in done.stdout.splitlines() if "<unknown>" in line), "")
            if unknown:
                return Obstacle(one.name, done.command, f"not disassembled: {unknown}")
        return None

    def _start(self, machine: Emulator) -> Path:
        source, out = self.work / "start.s", self.work / "start.o"
        source.write_text(machine.start, encoding="utf-8")
        attrs = (f"-mattr={machine.attrs}",) if machine.attrs else ()
        argv = [str(self.tools.assembler), f"-triple={machine.triple}", *attrs, "-filetype=obj", str(source), "-o", str(out)]
        run(argv, timeout=SECONDS).check()
        return out

    def _helpers(self) -> dict[str, Path | None]:
        """Helper function -> its object, None if it does not compile."""
        found: dict[str, Path | None] = {}
        for name, text in smoke.helpers(self.subject.widths, self.subject.pointer_bits).items():
            (self.work / f"{name}.ll").write_text(text, encoding="utf-8")
            out = self.work / f"{name}.o"
            found[name] = out if self._llc("-O2", name, out, ("-filetype=obj", _STATIC)).ok else None
        return found


def _put_machine(like: Path, objects: Iterable[Path]) -> None:
    """Copy the e_machine of the ELF file ``like`` to ``objects`` (System V ABI, "ELF Header": two bytes at 18, in the file's order)."""
    number = like.read_bytes()[18:20]
    for path in objects:
        with path.open("r+b") as stream:
            stream.seek(18)
            stream.write(number)


def emulator(subject: Subject, tools: Tools) -> tuple[Emulator, str] | str:
    """The machine that runs a subject's programs and the path of its QEMU, or the reason why they cannot be run."""
    machine = subject.machine
    if machine is None:
        return "no QEMU of user mode is known to run this ISA (targets/settings/qemu.toml)"
    qemu = which(machine.qemu)
    if qemu is None:
        return f"{machine.qemu} was not found: apt-get install qemu-user"
    if tools.lld is None or tools.assembler is None:
        return "running programs needs ld.lld and an official llvm-mc"
    return machine, qemu
