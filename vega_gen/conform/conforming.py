"""Gives each program of a suite its verdict: compiled by the generated backend, run, and where it fails by LLVM's own backend too."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vega_gen.conform.bisecting import bisected
from vega_gen.conform.compilers import NotCompiled, Toolchain
from vega_gen.conform.hosts import ANY_OUTPUT, Expected, ProgramEnd, ProgramHost, QemuHost
from vega_gen.conform.reducing import reduced_ir
from vega_gen.conform.verdicts import Conformed, Cost, ProgramVerdict
from vega_gen.simulate.elf import SectionKind, read_object

_FRAME = re.compile(r"NumStackBytes: *'(\d+)'")
_SPILLED = re.compile(r"^Name: *SpillReloadCopies\n(?:(?!\.\.\.).*\n)*", re.MULTILINE)
_COUNTED = re.compile(r"(?:NumSpills|NumFoldedSpills|NumReloads|NumFoldedReloads): *'(\d+)'")


@dataclass(frozen=True, slots=True)
class ForeignProgram:
    """A program of a suite. ``sources``: its C files; ``options``: of clang. ``expected``: how it ends."""

    suite: str
    name: str
    sources: tuple[Path, ...]
    options: tuple[str, ...] = ()
    expected: Expected = ANY_OUTPUT


@dataclass(frozen=True)
class Side:
    """A backend and what runs its objects. ``measured``: ask llc for frames and spills."""

    toolchain: Toolchain
    host: ProgramHost
    measured: bool = False

    def run(self, sources: Sequence[Path], level: str, place: Path, expected: Expected) -> tuple[ProgramEnd, Cost]:
        """Compile IR files and run them. Return the end, and what it takes. Raises NotCompiled."""
        objects = [place.with_name(f"{place.name}-{n}.o") for n in range(len(sources))]
        remarks = [path.with_suffix(".opt.yaml") for path in objects] if self.measured else []
        for n, ir in enumerate(sources):
            options = (f"-pass-remarks-output={remarks[n]}", "-pass-remarks-filter=prologepilog|regalloc") if remarks else ()
            self.toolchain.compile_ir(ir, level, objects[n], options)
        end = self.host.run(objects, self.toolchain.library, place, expected)
        cost = Cost(end.steps, text_bytes(objects), *_frames(remarks))
        if not end.problem:
            for path in objects:
                path.unlink()
        return end, cost


def _frames(remarks: Sequence[Path]) -> tuple[int, int]:
    """The bytes of frames and the number of spills and reloads that llc's remarks name; the files are removed."""
    stack = spills = 0
    for path in remarks:
        text = path.read_text(encoding="utf-8")
        stack += sum(map(int, _FRAME.findall(text)))
        spills += sum(int(number) for one in _SPILLED.findall(text) for number in _COUNTED.findall(one))
        path.unlink()
    return stack, spills


def text_bytes(objects: Sequence[Path]) -> int:
    """The bytes of code in objects."""
    return sum(s.size for path in objects for s in read_object(path).sections if s.kind is SectionKind.TEXT)


@dataclass
class Conforming:
    """Compiles and runs programs. ``reference``: returns LLVM's own backend, None where there is none to compare with; it is asked for
    when a program first fails. ``work``: folder for what fails. ``measured``: run what passes by LLVM's own backend
    too, and count there. ``reducing``: make what fails easier to read."""

    generated: Side
    reference: Callable[[], Side] | None
    work: Path
    measured: bool = False
    reducing: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _reference: Side | None = None

    def official(self) -> Side | None:
        """LLVM's own backend, its library compiled."""
        with self._lock:
            if self._reference is None and self.reference is not None:
                self._reference = self.reference()
        return self._reference

    def verdict_on(self, program: ForeignProgram, level: str) -> Conformed:
        """Compile and run a program at a level."""

        def said(verdict: ProgramVerdict, why: str = "", command: str = "", llvm_pass: str = "", function: str = "") -> Conformed:
            return Conformed(program.suite, program.name, level, verdict, why, llvm_pass, function, command)

        place = self.work / f"{program.suite}-{program.name}{level}"
        try:
            sources = self.ir_of(program, level, place)
        except NotCompiled as refusal:
            return said(ProgramVerdict.NOT_C, refusal.what, refusal.command)
        try:
            end, cost = self.generated.run(sources, level, place, program.expected)
        except NotCompiled as refusal:
            known = {"llc": ProgramVerdict.LLC, "mix": ProgramVerdict.ALONE}
            verdict = known.get(refusal.tool, ProgramVerdict.NOT_LINKED)
            found = said(verdict, refusal.what, refusal.command, refusal.llvm_pass, refusal.function)
        else:
            if not end.problem:
                theirs = self.by_reference(sources, level, place, program.expected)[1] if self.measured else Cost()
                for ir in sources:
                    ir.unlink()
                return Conformed(program.suite, program.name, level, ProgramVerdict.PASSES, cost=cost, reference=theirs)
            if program.expected.stdout is not None and self.agrees(sources, level, place):
                return Conformed(program.suite, program.name, level, ProgramVerdict.PASSES, cost=cost)
            found = said(ProgramVerdict.TIME_OUT if end.timed_out else ProgramVerdict.WRONG, end.problem, end.command)
        if found.verdict is ProgramVerdict.ALONE:
            return found
        problem, _ = self.by_reference(sources, level, place, program.expected)
        if problem:
            return said(ProgramVerdict.REFERENCE, f"{problem}; here: {found.why}", found.command)
        return self.reduced(found, sources, place, program.expected) if self.reducing else found

    def reduced(self, found: Conformed, sources: Sequence[Path], place: Path, expected: Expected) -> Conformed:
        """A failure that is easier to read: what llc does not compile with the IR that llvm-reduce leaves of it, a wrong result with the
        pass of llc and the function that make it, where a bisection finds them."""
        if found.verdict is ProgramVerdict.LLC:
            small = next((reduced_ir(self.generated.toolchain, ir, found.level) for ir in sources if str(ir) in found.command), None)
            return replace(found, function=small.function, command=small.command) if small else found
        if found.verdict is not ProgramVerdict.WRONG:
            return found
        place, llc = place.with_name(f"{place.name}-bisected"), self.generated.toolchain

        def goes_wrong(objects: Sequence[Path]) -> bool:
            return bool(self.generated.host.run(objects, llc.library, place, expected).problem)

        cause = bisected(llc, sources, found.level, place, goes_wrong)
        if cause is None:
            return replace(found, why=f"{found.why}, without optional passes of llc too")
        why = f"{found.why}, from pass {cause.number} of {cause.total} on"
        return replace(found, why=why, llvm_pass=cause.llvm_pass, function=cause.function, command=cause.command)

    def ir_of(self, program: ForeignProgram, level: str, place: Path) -> list[Path]:
        """Compile a program's C files to IR files at ``place``-N.ll. Raises NotCompiled."""
        names = [place.with_name(f"{place.name}-{n}.ll") for n in range(len(program.sources))]
        pairs = zip(program.sources, names, strict=True)
        return [self.generated.toolchain.ir_of(source, level, ir, program.options) for source, ir in pairs]

    def agrees(self, sources: Sequence[Path], level: str, place: Path) -> bool:
        """Whether both backends' programs print the same, though not what is expected: a host with a wider ``long`` may compute otherwise.
        """
        official = self.official()
        if official is None or not isinstance(official.host, QemuHost):
            return False
        own = place.with_name(f"{place.name}-own")
        try:
            objects = [official.toolchain.compile_ir(ir, level, own.with_name(f"{own.name}-{n}.o")) for n, ir in enumerate(sources)]
            known = official.host.output_hash(objects, official.toolchain.library, own)
            end, _ = self.generated.run(sources, level, own, Expected(known=known))
        except NotCompiled:
            return False
        return not end.problem

    def by_reference(self, sources: Sequence[Path], level: str, place: Path, expected: Expected) -> tuple[str, Cost]:
        """What goes wrong with LLVM's own backend, given the same IR, "" where it passes, and where there is no such backend; and what it
        takes where it passes."""
        official = self.official()
        if official is None:
            return "", Cost()
        try:
            end, cost = official.run(sources, level, place.with_name(f"{place.name}-reference"), expected)
        except NotCompiled as refusal:
            return refusal.what, Cost()
        return end.problem, cost
