"""The rungs that compile the smoke suite: smoke-compiles, machine-verified, objects, runs.

They count programs; each program counts twice, at -O0 and at -O2.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.discover import machine
from llvm_integration.process import Completed, Progress, threads
from vega_gen.ladder import failures, smoke
from vega_gen.ladder.ask import SECONDS, ask
from vega_gen.ladder.runners import SECONDS as RUN_SECONDS
from vega_gen.ladder.runners import STATIC, Runner
from vega_gen.ladder.subject import Subject, Tools
from vega_gen.records import Climbed, Obstacle, Rung

LEVELS = ("-O0", "-O2")
_FEW = 2
"""After so many programs of which llc does not end it has ``_SHORT`` seconds for each, for others mostly hang too."""
_SHORT = 10.0
_FEW_RUNS, _SHORT_RUN = 6, 4.0
"""After so many programs that a runner does not end it has so many seconds for each: they take milliseconds."""


_SYMBOL = re.compile(r"([0-9a-f]+) <.*>:$")
_BYTES = re.compile(r"\s*([0-9a-f]+):\s+((?:[0-9a-f]{2,} )+)")


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

    def __init__(self, tools: Tools, llc: Path, subject: Subject, work: Path, only: Collection[str] = ()) -> None:
        """``only``: the programs, with their levels ("calls -O0"), that are compiled; all by default."""
        self.tools = tools
        self.llc = llc
        self.subject = subject
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self._endless: dict[str, Obstacle] = {}
        every = [self._written(program, level) for program in smoke.programs(subject.widths, subject.pointer_bits) for level in LEVELS]
        self.all = [one for one in every if not only or one.name in only]

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

    def runs(self, runners: Sequence[Runner], progress: Progress) -> Climbed:
        """Compile each program to an object, run it with each of ``runners``, and compare its exit status.

        A program passes if it ends as it must with the first; where another one disagrees, a note says so.
        """
        helpers = self._helpers()
        library = [path for path in helpers.values() if path]
        lost = sorted(name for name, path in helpers.items() if path is None)

        others: dict[str, list[str]] = {}
        endless = Counter[str]()

        def one(program: _Compiling) -> Obstacle | None:
            if obstacle := self._compile(program, ".o", "-filetype=obj", STATIC):
                return obstacle
            found: Obstacle | None = None
            for runner in runners:
                most = _SHORT_RUN if endless[runner.name] >= _FEW_RUNS else RUN_SECONDS
                begun = time.monotonic()
                ended = runner.run([program.file(".o")], library, program.file(".elf"), most)
                endless[runner.name] += ended.status is None and time.monotonic() - begun >= most
                if ended.status == program.program.expected:
                    continue
                problem = ended.problem or f"ended with {ended.status}, not {program.program.expected}"
                if runner is runners[0]:
                    found = Obstacle(program.name, ended.command, f"{runner.name}: {problem}")
                elif found is None:
                    others.setdefault(runner.name, []).append(f"{program.name}: {problem}")
            return found

        step = self._step(Rung.RUNS, progress, one)
        notes = [f"run by {' and '.join(runner.name for runner in runners)}"]
        notes += [f"the {name} disagrees on {len(said)}, such as {min(said)}" for name, said in others.items()]
        notes += [f"helpers that do not compile: {', '.join(lost)}"] if lost else []
        return replace(step, notes=tuple(notes))

    def _step(self, rung: Rung, progress: Progress, ask: Callable[[_Compiling], Obstacle | None]) -> Climbed:
        """Ask for each program, several at a time, and return the obstacles in the order of the programs.

        A program of which llc did not end on an earlier rung is not asked for again."""
        found: list[Obstacle] = []

        def ended(program: _Compiling) -> Obstacle | None:
            return self._endless.get(program.name) or ask(program)

        with threads(machine(self.work).cores) as pool:
            asked = [pool.submit(ended, program) for program in self.all]
            for done, one in enumerate(asked):
                progress(done, len(self.all), rung.value)
                obstacle = one.result()
                found += [obstacle] if obstacle else []
        return Climbed(rung, len(self.all) - len(found), len(self.all), tuple(found))

    def _compile(self, one: _Compiling, ending: str, *options: str) -> Obstacle | None:
        done = self._llc(one.level, one.program.name, one.file(ending), options)
        found = None if done.ok else failures.obstacle(one.name, done, self.subject.name)
        if done.timed_out and found:
            self._endless[one.name] = found
        return found

    def _llc(self, level: str, name: str, out: Path, options: Sequence[str]) -> Completed:
        out.unlink(missing_ok=True)
        argv = [str(self.llc), *self.subject.options(), level, *options, str(self.work / f"{name}.ll"), "-o", str(out)]
        done = ask(argv, seconds=_SHORT if len(self._endless) >= _FEW else SECONDS)
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
            if unknown := undecoded(done.stdout):
                return Obstacle(one.name, done.command, f"not disassembled: {unknown}")
        return None

    def _helpers(self) -> dict[str, Path | None]:
        """Helper function -> its object, None if it does not compile."""
        found: dict[str, Path | None] = {}
        for name, text in smoke.helpers(self.subject.widths, self.subject.pointer_bits).items():
            (self.work / f"{name}.ll").write_text(text, encoding="utf-8")
            out = self.work / f"{name}.o"
            found[name] = out if self._llc("-O2", name, out, ("-filetype=obj", STATIC)).ok else None
        return found


def undecoded(printed: str) -> str:
    """The first line of llvm-objdump's output with bytes that are no instruction, "" if there is none.

    Zeros in front of the next symbol, or at the end of a section, are padding."""
    start: int | None = None
    found = ""
    for line in reversed(printed.splitlines()):
        if symbol := _SYMBOL.match(line):
            start = int(symbol[1], 16)
        elif line.startswith("Disassembly of section"):
            start = None
        elif "<unknown>" in line:
            shown = _BYTES.match(line)
            kept = shown[2].split()[: None if start is None else start - int(shown[1], 16)] if shown else ["?"]
            found = found if set("".join(kept)) <= {"0"} else line.strip()
    return found
