"""Gives each program of a suite its verdict: compiled by the generated backend, run, and where it fails by LLVM's own backend too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vega_gen.conform.compilers import NotCompiled, Toolchain, without_layout
from vega_gen.conform.hosts import ANY_OUTPUT, Expected, ProgramEnd, ProgramHost
from vega_gen.conform.verdicts import Conformed, ProgramVerdict
from vega_gen.simulate.elf import SectionKind, read_object


@dataclass(frozen=True, slots=True)
class ForeignProgram:
    """A program of a suite. ``sources``: its C files; ``options``: of clang. ``expected``: how it ends."""

    suite: str
    name: str
    sources: tuple[Path, ...]
    options: tuple[str, ...] = ()
    expected: Expected = ANY_OUTPUT


@dataclass(frozen=True, slots=True)
class Side:
    """A backend and what runs its objects."""

    toolchain: Toolchain
    host: ProgramHost

    def run(self, sources: Sequence[Path], level: str, place: Path, expected: Expected) -> tuple[ProgramEnd, int]:
        """Compile IR files and run them. Return the end, and the bytes of .text. Raises NotCompiled."""
        objects = [self.toolchain.compile_ir(ir, level, place.with_name(f"{place.name}-{n}.o")) for n, ir in enumerate(sources)]
        end = self.host.run(objects, self.toolchain.library, place, expected)
        text = sum(s.size for path in objects for s in read_object(path).sections if s.kind is SectionKind.TEXT)
        if not end.problem:
            for path in objects:
                path.unlink()
        return end, text


@dataclass
class Conforming:
    """Compiles and runs programs. ``reference``: returns LLVM's own backend, None where there is none to compare with; it is asked for
    when a program first fails. ``work``: folder for what fails."""

    generated: Side
    reference: Callable[[], Side] | None
    work: Path
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
            end, text = self.generated.run(sources, level, place, program.expected)
        except NotCompiled as refusal:
            verdict = ProgramVerdict.LLC if refusal.tool == "llc" else ProgramVerdict.NOT_LINKED
            found = said(verdict, refusal.what, refusal.command, refusal.llvm_pass, refusal.function)
        else:
            if not end.problem:
                for ir in sources:
                    ir.unlink()
                return Conformed(program.suite, program.name, level, ProgramVerdict.PASSES, steps=end.steps, text=text)
            found = said(ProgramVerdict.TIME_OUT if end.timed_out else ProgramVerdict.WRONG, end.problem, end.command)
        if (theirs := self.fails_in_reference(sources, level, place, program.expected)) is not None:
            return said(ProgramVerdict.REFERENCE, f"{theirs}; here: {found.why}", found.command)
        return found

    def ir_of(self, program: ForeignProgram, level: str, place: Path) -> list[Path]:
        """Compile a program's C files to IR files at ``place``-N.ll. Raises NotCompiled."""
        names = [place.with_name(f"{place.name}-{n}.ll") for n in range(len(program.sources))]
        pairs = zip(program.sources, names, strict=True)
        return [self.generated.toolchain.ir_of(source, level, ir, program.options) for source, ir in pairs]

    def fails_in_reference(self, sources: Sequence[Path], level: str, place: Path, expected: Expected) -> str | None:
        """What goes wrong with LLVM's own backend, given the same IR; None where it passes, and where there is no such backend."""
        official = self.official()
        if official is None:
            return None
        place = place.with_name(f"{place.name}-reference")
        own = [without_layout(ir, place.with_name(f"{place.name}-{n}.ll")) for n, ir in enumerate(sources)]
        try:
            end, _ = official.run(own, level, place, expected)
        except NotCompiled as refusal:
            return refusal.what
        finally:
            for path in own:
                path.unlink()
        return end.problem or None
