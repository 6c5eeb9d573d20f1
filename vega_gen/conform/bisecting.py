"""Finds the pass of llc, and the function, by which a program goes wrong: llc leaves out its optional passes beyond a number.

LLVM's documentation, "Using -opt-bisect-limit to debug optimization errors"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vega_gen.conform.compilers import NotCompiled, Toolchain
from vega_gen.ladder.ask import ask

_PASS = re.compile(r"^BISECT: running pass \((\d+)\) (.+?) on (?:\w+ )?\(?(.+?)\)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Bisection:
    """The first pass that makes a program go wrong. ``number``: of the pass, of ``total`` ones. ``command``: llc's, up to that pass; with
    one less the program is right."""

    llvm_pass: str
    function: str
    number: int
    total: int
    command: str


def first_failing(total: int, fails: Callable[[int], bool]) -> int:
    """The smallest number up to ``total`` for which ``fails``; it does for ``total`` and not for 0, and once it does it does beyond."""
    right, wrong = 0, total
    while wrong - right > 1:
        middle = (right + wrong) // 2
        right, wrong = (right, middle) if fails(middle) else (middle, wrong)
    return wrong


def bisected(
    llc: Toolchain, sources: Sequence[Path], level: str, place: Path, goes_wrong: Callable[[Sequence[Path]], bool]
) -> Bisection | None:
    """Bisect a program of IR files that goes wrong at a level. ``goes_wrong``: of its objects. ``place``: for files.

    None where it goes wrong without all optional passes too, or where no single file of it does."""

    def compiled(n: int, limit: int) -> Path:
        return llc.compile_ir(sources[n], level, place.with_name(f"{place.name}-{n}.o"), (_limit(limit),))

    def fails(n: int, limit: int) -> bool:
        try:
            return goes_wrong([compiled(k, limit if k == n else 0) for k in range(len(sources))])
        except NotCompiled:
            return True

    if fails(0, 0):
        return None
    for n, source in enumerate(sources):
        out = place.with_name(f"{place.name}-{n}.o")
        said = ask(llc.llc(source, level, out, (_limit(-1),))).stderr
        passes = {int(number): (name, where) for number, name, where in _PASS.findall(said)}
        total = max(passes, default=0)
        if total and fails(n, total):
            number = first_failing(total, lambda limit, n=n: fails(n, limit))
            argv = llc.llc(source, level, out, (_limit(number),))
            return Bisection(*passes[number], number, total, " ".join(argv))
    return None


def _limit(number: int) -> str:
    return f"-opt-bisect-limit={number}"
