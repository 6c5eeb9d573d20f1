"""What became of a program of a suite."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ProgramVerdict(StrEnum):
    """What became of a program at a level."""

    PASSES = "passes"
    NOT_C = "not C for a freestanding target"
    """clang refuses it for the triple that lays out C as the target does: nested functions, missing headers."""
    ALONE = "one function, nothing to mix"
    """With --mix: it has no two functions, of which each backend could compile some."""
    REFERENCE = "fails in the reference too"
    """LLVM's own backend, given the same IR and library, does not make it pass either."""
    LLC = "llc fails"
    """llc crashes, ends with an error or does not end."""
    NOT_LINKED = "not linked"
    """A symbol that neither the program nor the library defines, or a relocation that does not reach."""
    WRONG = "wrong result"
    """It ends with another exit status or output than expected, or by a signal."""
    TIME_OUT = "does not end"

    @property
    def fails(self) -> bool:
        """Whether the generated backend is to blame."""
        return self in (ProgramVerdict.LLC, ProgramVerdict.NOT_LINKED, ProgramVerdict.WRONG, ProgramVerdict.TIME_OUT)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program takes of the machine, 0 where it was not counted.

    ``steps``: instructions executed. ``text``: bytes of its .text sections. ``stack``: bytes of its functions' frames, together.
    ``spills``: instructions that the register allocator put in to store and load registers; the one of -O0 does not say."""

    steps: int = 0
    text: int = 0
    stack: int = 0
    spills: int = 0


@dataclass(frozen=True, slots=True)
class Conformed:
    """A program at a level.

    ``why``: one line that says what went wrong, "" where it passes. ``llvm_pass``, ``function``: where llc crashed, or what a bisection
    found; "" if not known. ``command``: shell text that repeats what failed. ``cost``: of the generated backend's program; ``reference``:
    of that of LLVM's own."""

    suite: str
    program: str
    level: str
    verdict: ProgramVerdict
    why: str = ""
    llvm_pass: str = ""
    function: str = ""
    command: str = ""
    cost: Cost = Cost()
    reference: Cost = Cost()

    @property
    def key(self) -> str:
        """What tells it from the others of a run."""
        return f"{self.suite} {self.program} {self.level}"


def read_conformed(data: dict[str, Any]) -> Conformed:
    """Read what ``dataclasses.asdict`` of one gave, through JSON."""
    data = dict(data)
    cost, reference = Cost(**data.pop("cost")), Cost(**data.pop("reference"))
    return Conformed(verdict=ProgramVerdict(data.pop("verdict")), cost=cost, reference=reference, **data)
