"""What is said of a plan: the judge's verdicts, and a reviewer's queue and decisions.

Enters: nothing. Leaves: types. It does not judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vega_gen.records.enums import Band, Module, Step, Verdict
from vega_gen.records.planned import Donor


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one function of the reference.

    ``interface``: it belongs to the interface population. ``errors``: of Err-V, Err-CS, Err-Def.
    ``output``: the failing test's or compiler's output, cut to 20 kB.  ``command``: repeats it.
    ``statements``: (reference statements, of these reproduced in order, to add, change or delete).
    ``confidences``: of each statement that was written, with whether it is one of the reproduced.
    ``aligned``: statements in order: as written, as the reference has it ("" where there is none), confidence of what was written.
    ``alone``: why the function had a build of its own, "" if it shared one. ``several``: no single target has all the statements that
    it is made of. ``confidence``: that the function passes, as its filler says (0 to 1); None where nothing was written.
    """

    function: str
    group: str
    file: str
    line: int
    module: Module
    interface: bool
    verdict: Verdict
    errors: tuple[str, ...] = ()
    test: str = ""
    output: str = ""
    command: str = ""
    statements: tuple[int, int, int] = (0, 0, 0)
    seconds: float = 0.0
    alone: str = ""
    several: bool = False
    confidences: tuple[tuple[float, bool], ...] = ()
    aligned: tuple[tuple[str, str, float], ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Functions drawn from the interface population: so many, of how many, with which seed."""

    size: int
    population: int
    seed: int


class DecisionKind(StrEnum):
    """What a reviewer decided about a statement."""

    ACCEPT = "accept"
    REPLACE = "replace"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's decision on the statement ``id``; ``function`` is its qualified name.

    ``decided_on``: the tokens decided upon, one space between, as generated (before any decision): a decision
    whose statement reads otherwise now is stale.  ``text``: what REPLACE puts there.
    """

    id: str
    kind: DecisionKind
    function: str
    decided_on: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions on one generated backend, at most one an id, in the order of taking them."""

    target: str
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A flagged statement as the reviewer sees it.

    ``file``: relative to the target's folder; ``line``: 1-based, 0 where the generated tree does not mark it.
    ``text``: its tokens up to a body.  ``compiles``, ``message``, ``step``: of its function (see PlannedFunction).
    ``doubt``: see FilledStatement.
    """

    id: str
    function: str
    module: Module
    file: str
    line: int
    text: str
    confidence: float
    band: Band
    donors: tuple[Donor, ...]
    alternatives: tuple[str, ...]
    compiles: bool | None
    message: str
    step: Step = Step.FILLED
    doubt: str = ""

    @property
    def place(self) -> str:
        """``file:line``, or the file alone where the line is unknown."""
        return f"{self.file}:{self.line}" if self.line else self.file
