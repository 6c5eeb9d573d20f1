"""Compiles half of a program's functions by LLVM's own backend and half by the generated one: both must agree on how functions are called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.process import run
from vega_gen.conform.compilers import NotCompiled
from vega_gen.conform.conforming import Side, text_bytes
from vega_gen.conform.hosts import Expected, ProgramEnd
from vega_gen.conform.verdicts import Cost

ALONE = "mix"
"""The tool of a NotCompiled for a program that has no two functions."""
_DEFINED = re.compile(r'^define [^\n@]*@("[^"\n]+"|[\w.$-]+)\(', re.MULTILINE)
_SECONDS = 60.0


@dataclass(frozen=True)
class MixedSide(Side):
    """A generated backend that compiles every second function of a program, beside LLVM's own, which compiles the others and links.

    ``official``: LLVM's own backend, whose relocations the generated one has; ``extract``: llvm-extract."""

    official: Callable[[], Side | None] = field(kw_only=True)
    extract: Path = field(kw_only=True)

    def run(self, sources: Sequence[Path], level: str, place: Path, expected: Expected) -> tuple[ProgramEnd, Cost]:
        """As ``Side.run``, twice: with the first half and with the other half. Raises NotCompiled, with the tool ``ALONE`` where there is
        nothing to mix."""
        end, cost = ProgramEnd(""), Cost()
        for first in (0, 1):
            end, cost = self._half(sources, level, place, expected, first)
            if end.problem:
                break
        return end, cost

    def _half(self, sources: Sequence[Path], level: str, place: Path, expected: Expected, first: int) -> tuple[ProgramEnd, Cost]:
        """``first``: 0 if LLVM's own backend compiles the first function, the third and so on; 1 for the others."""
        official = self.official()
        assert official is not None, "a reference was asked for"
        own: list[Path] = []
        theirs: list[Path] = []
        for n, ir in enumerate(sources):
            names = [name.strip('"') for name in _DEFINED.findall(ir.read_text(encoding="utf-8"))]
            half = place.with_name(f"{place.name}-{n}-official.ll"), place.with_name(f"{place.name}-{n}-own.ll")
            if len(names) < 2:
                continue
            asked = [f"--func={name}" for name in names[first::2]]
            for out, deleting in zip(half, ((), ("--delete",)), strict=True):
                run([str(self.extract), "-S", *asked, *deleting, str(ir), "-o", str(out)], timeout=_SECONDS).check()
            theirs.append(official.toolchain.compile_ir(half[0], level, half[0].with_suffix(".o")))
            own.append(self.toolchain.compile_ir(half[1], level, half[1].with_suffix(".o")))
        if not own:
            raise NotCompiled(ALONE, "it has no two functions")
        rest = [ir for n, ir in enumerate(sources) if not place.with_name(f"{place.name}-{n}-own.o").is_file()]
        own += [self.toolchain.compile_ir(ir, level, ir.with_suffix(".o")) for ir in rest]
        for path in own:
            _put_machine(path, theirs[0])
        end = official.host.run([*theirs, *own], official.toolchain.library, place, expected)
        cost = Cost(end.steps, text_bytes(own))
        if not end.problem:
            for path in (*own, *theirs):
                path.unlink()
        return end, cost


def _put_machine(path: Path, like: Path) -> None:
    """Give an object the e_machine and e_flags of another: lld links objects of one machine."""
    data, model = bytearray(path.read_bytes()), like.read_bytes()
    flags = slice(48, 52) if data[4] == 2 else slice(36, 40)
    data[18:20], data[flags] = model[18:20], model[flags]
    path.write_bytes(data)
