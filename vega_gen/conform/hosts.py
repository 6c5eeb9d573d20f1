"""What runs the objects of foreign programs: QEMU, which counts instructions if asked, and the simulator."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llvm_integration.failure import Failure
from llvm_integration.process import run
from vega_gen import store
from vega_gen.conform.compilers import NotCompiled, Toolchain, first_line, runtime_folder
from vega_gen.errors import InputError
from vega_gen.ladder.executable import BASE, EXPECTED, STATUS, Linker
from vega_gen.ladder.subject import Emulator
from vega_gen.simulate import Simulator

STEPS = 20_000_000_000
MEMORY = 64 << 20
TOOL_SECONDS = 120.0
_QEMU_MB = 16384
_EXECUTED = re.compile(r"^executed: (\d+)$", re.MULTILINE)
_OTHER_OUTPUT = 121
"""Exit status that templates/foreign/ending.c gives for another output than expected."""


_HASH_BYTE = 0xFFFFFFF0
"""The expected hash by which templates/foreign/ending.c gives the lowest byte of the program's own as exit status; the next ones follow."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How a program ends that is compiled right: with status 0, and with this output; None: with any. ``known``: the hash of the output,
    where that itself is not known, 0 where it is."""

    stdout: str | None = None
    known: int = 0

    @property
    def hash(self) -> int:
        """What templates/foreign/ending.c makes of the output, 0 for any."""
        if self.stdout is None or self.known:
            return self.known
        printed = 1
        for byte in self.stdout.encode():
            printed = ((printed << 5 | printed >> 27) + byte) & 0xFFFFFFFF
        return printed


ANY_OUTPUT = Expected()


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended. ``problem``: "" if as expected. ``timed_out``: it was stopped at the limit of time or steps. ``steps``: executed
    instructions, 0 if not counted. ``command``: shell text that runs it again."""

    problem: str
    timed_out: bool = False
    steps: int = 0
    command: str = ""


class ProgramHost(Protocol):
    """Something that links and runs objects of one backend."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def run(self, objects: Sequence[Path], library: Sequence[Path], place: Path, expected: Expected) -> ProgramEnd:
        """Run the program of ``objects`` and of what they need of ``library``. ``place``: path for an executable, which is deleted if the
        program ends as expected. Raises NotCompiled where it is not linked."""
        ...


def plugin(emulator: Emulator) -> Path | None:
    """The plug-in that makes QEMU count instructions, compiled by the machine's cc if it is not in the cache. None where there is no cc, or
    where this QEMU takes no plug-in of version 1 of its interface."""
    source = runtime_folder() / "counter.c"
    out = store.cache_folder("counter", store.digest(source.read_bytes())[:12]) / "counter.so"
    if not out.is_file():
        if (cc := shutil.which("cc") or shutil.which("clang")) is None:
            return None
        made = out.with_suffix(".new")
        if not run([cc, "-shared", "-fPIC", "-O2", str(source), "-o", str(made)], timeout=TOOL_SECONDS).ok:
            return None
        made.replace(out)
    loaded = run([emulator.qemu, "-plugin", str(out), "/nonexistent"], timeout=TOOL_SECONDS)
    return None if "plugin" in loaded.stderr.lower() else out


@dataclass
class QemuHost:
    """QEMU's user mode. ``linker``: the one of the simulator, which knows a generated backend's relocations; None: LLVM's lld, given as
    ``lld``. ``start``: objects of ``_start`` and ``exit``. ``counter``: QEMU's plug-in that counts, None not to count."""

    emulator: Emulator
    toolchain: Toolchain
    linker: Linker | None
    seconds: float
    counter: Path | None = None
    lld: Path | None = None

    @property
    def name(self) -> str:
        """The QEMU program."""
        return self.emulator.qemu

    def prepare(self) -> None:
        """Compile ``_start`` and ``exit``. Raises NotCompiled."""
        source = runtime_folder() / "ending.c"
        self._start = self.toolchain.compile_c(source, "-O2", self.toolchain.work / "ending.o")
        self._archive = self.toolchain.work / "library.a"
        if self.linker is None:
            self._archive.unlink(missing_ok=True)
            ar = str(self.toolchain.installation.tool("llvm-ar"))
            run([ar, "rc", str(self._archive), *map(str, self.toolchain.library)], timeout=TOOL_SECONDS).check()

    def link(self, objects: Sequence[Path], library: Sequence[Path], out: Path, expected: Expected) -> None:
        """Write the executable. Raises NotCompiled."""
        if self.linker is not None:
            try:
                self.linker.link((*objects, self._start), library, self.emulator, out, expected.hash)
            except InputError as error:
                raise NotCompiled("link", error.what) from None
            return
        own = [str(path) for path in (*objects, self._start, self._exit(expected.hash))]
        argv = [str(self.lld), "-e", "_start", f"--section-start=.ending={BASE:#x}", f"--image-base={2 * BASE:#x}"]
        own += [str(self._archive)] if library else []
        done = run([*argv, *own, "-o", str(out)], timeout=TOOL_SECONDS)
        if not done.ok:
            raise NotCompiled("ld.lld", first_line(done.stderr).removeprefix("ld.lld: "), command=done.command)

    def _exit(self, expected: int) -> Path:
        """Assemble the code that exits, with LLVM's own llvm-mc."""
        out = self.toolchain.work / f"exit-{expected:x}.o"
        if not out.is_file():
            code = ", ".join(f"0x{byte:02x}" for byte in self.emulator.exit_code)
            text = f'.section .ending,"awx"\n.globl __exit\n__exit:\n.byte {code}\n.org {STATUS - BASE}\n.globl __exit_status\n'
            text += f"__exit_status:\n.zero 4\n.org {EXPECTED - BASE}\n.globl __expected_output\n__expected_output:\n"
            octets = expected.to_bytes(4, "little" if self.emulator.little else "big")
            text += f".byte {', '.join(str(octet) for octet in octets)}\n"
            mc = [str(self.toolchain.tools / "llvm-mc"), f"-triple={self.toolchain.triple}", *self.toolchain.options, "-filetype=obj"]
            made = out.with_suffix(f".{id(text)}")
            run([*mc, "-o", str(made)], stdin=text, timeout=TOOL_SECONDS).check()
            made.replace(out)
        return out

    def run(self, objects: Sequence[Path], library: Sequence[Path], place: Path, expected: Expected) -> ProgramEnd:
        """See ``ProgramHost``."""
        executable = place.with_suffix(".elf")
        self.link(objects, library, executable, expected)
        counting = ("-plugin", str(self.counter), "-d", "plugin") if self.counter else ()
        argv = [self.emulator.qemu, *self.emulator.options, *counting, str(executable)]
        ran = run(argv, timeout=self.seconds, memory_mb=_QEMU_MB)
        counted = _EXECUTED.search(ran.stderr)
        end = ProgramEnd(_problem(ran.returncode), ran.timed_out, int(counted[1]) if counted else 0, ran.command)
        if ran.timed_out:
            return ProgramEnd(f"it has not ended within {self.seconds:g} s", True, command=ran.command)
        if not end.problem:
            executable.unlink()
        return end


    def output_hash(self, objects: Sequence[Path], library: Sequence[Path], place: Path) -> int:
        """The hash of what a program prints, as ``Expected.hash``: a byte a run, as exit status. Raises NotCompiled."""
        found = 0
        for n in range(4):
            executable = place.with_suffix(".elf")
            self.link(objects, library, executable, Expected(known=_HASH_BYTE + n))
            ran = run([self.emulator.qemu, *self.emulator.options, str(executable)], timeout=self.seconds, memory_mb=_QEMU_MB)
            found |= max(ran.returncode, 0) << (8 * n)
        return found


def _problem(status: int) -> str:
    if status < 0:
        return f"signal {-status}"
    if status == _OTHER_OUTPUT:
        return "another output than expected"
    return f"exit status {status}" if status else ""


@dataclass
class SimulatedHost:
    """The simulator that is made from the .td."""

    simulator: Simulator
    toolchain: Toolchain
    seconds: float
    name: str = "simulator"

    def run(self, objects: Sequence[Path], library: Sequence[Path], place: Path, expected: Expected) -> ProgramEnd:
        """See ``ProgramHost``."""
        del place
        llc = self.toolchain
        options = (f"-triple={llc.triple}", *llc.options)
        command = f"the simulator on {' '.join(map(str, objects))}"
        limits = {"steps": STEPS, "memory": MEMORY}
        try:
            ran = self.simulator.run(objects, llc.tools / "llvm-mc", options, library=library, seconds=self.seconds, **limits)
        except Failure as failure:
            raise NotCompiled("link", failure.what) from None
        if ran.problem:
            return ProgramEnd(ran.problem, "has not ended" in ran.problem, ran.steps, command)
        if ran.status:
            return ProgramEnd(_problem(ran.status), steps=ran.steps, command=command)
        same = expected.stdout is None or ran.stdout == expected.stdout
        return ProgramEnd("" if same else "another output than expected", steps=ran.steps, command=command)
