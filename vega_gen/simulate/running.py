"""Compiles the simulator of a target, once for each content, and runs programs on it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.process import Progress, run
from vega_gen import resources, store
from vega_gen.facts.find import Facts
from vega_gen.records import Description
from vega_gen.simulate.decoding import Decoder
from vega_gen.simulate.elf import read_kept, read_object, with_needed
from vega_gen.simulate.image import Limits, LinkedProgram, write_image
from vega_gen.simulate.relocating import Relocating

_COMPILE_SECONDS = 300.0
_DECODE_SECONDS = 120.0
_GRACE = 10.0
"""Seconds that the simulator has beyond a program's, to read the image and to stop by itself."""
_STEPS = re.compile(r"^steps: (\d+)$", re.M)
_STOPPED = re.compile(r"^stopped: (.*)$", re.M)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended.

    ``status``: its exit status, main's result or that of exit, 0 to 255; 134 after abort or a failed assertion; None where it was stopped.
    ``stdout``: what it printed. ``problem``: "" if it ended by itself, else why it was stopped, one sentence with the address, the function
    and the instruction. ``steps``: instructions executed, 0 if not known. ``seconds``: of wall-clock time, without loading."""

    status: int | None
    stdout: str
    problem: str
    steps: int
    seconds: float


class Simulator:
    """The simulator of one target. ``executable``: the compiled one. ``functions``: what programs may call that no object defines, with
    their signatures, as templates/simulator/library.c has them."""

    def __init__(self, d: Description, m: Facts, executable: Path) -> None:
        self._d, self._m = d, m
        self.executable = executable
        said = run([str(executable), "--functions"], timeout=_GRACE).check().stdout
        self.functions = dict(line.split() for line in said.splitlines())
        self._decoders: dict[tuple[Path, tuple[str, ...]], Decoder] = {}
        self._relocating: dict[bool, Relocating] = {}

    @property
    def address_bits(self) -> int:
        """The width of an address in bits."""
        return self._m.native

    def run(
        self, objects: Sequence[Path], llvm_mc: Path, options: Sequence[str], *,
        library: Sequence[Path] = (), steps: int, memory: int, seconds: float,
    ) -> Ran:  # fmt: skip
        """Runs the program that ``objects`` make, from main on. ``library``: further objects, taken only where one defines what is missing.

        ``llvm_mc``: an llvm-mc that knows the target; ``options``: those that select it. ``steps``, ``memory`` (bytes of the program,
        heap and stack) and ``seconds``: its limits. Raises InputError for objects that make no program: not ELF, a symbol that nobody
        defines, a relocation that cannot be applied; and ToolFailure where llvm-mc fails."""
        linked = with_needed([read_object(path) for path in objects], [read_kept(path) for path in library])
        program = LinkedProgram(linked, self._m, frozenset(self.functions), Limits(steps, memory, seconds))
        if program.little not in self._relocating:
            self._relocating[program.little] = Relocating(self._d, self._m, little=program.little)
        program.relocate(self._relocating[program.little])
        key = (llvm_mc, tuple(options))
        if key not in self._decoders:
            self._decoders[key] = Decoder(self._d, llvm_mc, options, seconds=_DECODE_SECONDS)
        with tempfile.TemporaryDirectory(prefix="vega-gen-") as work:
            image, out = Path(work) / "program.image", Path(work) / "stdout"
            write_image(image, program, self._d, self._decoders[key])
            done = run([str(self.executable), str(image)], timeout=seconds + _GRACE, stdout_path=out)
            printed = out.read_bytes().decode("utf-8", errors="replace")
        counted = _STEPS.search(done.stderr)
        executed = int(counted[1]) if counted else 0
        if stopped := _STOPPED.search(done.stderr):
            return Ran(None, printed, stopped[1], executed, done.seconds)
        if done.timed_out:
            return Ran(None, printed, f"it has not ended within {seconds:g} s", executed, done.seconds)
        if counted is None:
            return Ran(None, printed, f"the simulator itself ended with {done.returncode}", executed, done.seconds)
        return Ran(done.returncode, printed, "", executed, done.seconds)


def compiled(machine: str, name: str, clang: Path, progress: Progress) -> Path:
    """Compiles a simulator and returns the executable; from the cache, where the same texts have been compiled by the same clang.

    ``machine``: the text of machine.c; ``name``: of the target. Raises ToolFailure where clang fails."""
    fixed = [path for path in resources.files_of("templates/simulator") if path.suffix in (".c", ".h")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in fixed}
    version = run([str(clang), "--version"], timeout=_GRACE).check("name a clang that runs").stdout
    folder = store.cache_folder("simulator", f"{name}-{store.digest(machine, version, *texts, *texts.values())[:16]}")
    executable = folder / f"{name.lower()}-sim"
    if executable.is_file():
        return executable
    progress(0, 1, f"compiling the simulator of {name}")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        for file, text in (texts | {"machine.c": machine, "whole.c": '#include "machine.c"\n#include "host.c"\n'}).items():
            (Path(work) / file).write_text(text, encoding="utf-8")
        # One unit, so that loads and stores are inlined.
        argv = [str(clang), "-std=gnu17", "-O2", "-w", "whole.c", "-lm", "-o", "made"]
        run(argv, cwd=Path(work), timeout=_COMPILE_SECONDS).check("report it with the .td: the simulator's C is generated from it")
        (Path(work) / "made").replace(executable)
    progress(1, 1, f"compiled the simulator of {name}")
    return executable
