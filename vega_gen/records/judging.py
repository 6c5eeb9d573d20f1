"""Judgements of a plan: the judge's verdicts, and a reviewer's queue and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vega_gen.records.enums import Band, Module, Step, Verdict
from vega_gen.records.planned import Donor


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one function of the reference backend.

    ``function``, ``group``, ``file``, ``line``: the function, its group's name, and its place. ``interface``: whether it belongs to the
    interface population. ``errors``: from Err-V, Err-CS, Err-Def.
    ``test``: the failing test. ``output``: its or the compiler's output, cut to 20 kB. ``command``: repeats it. ``seconds``: time taken.
    ``statements``: numbers of the reference's statements, of those reproduced in order, and of those to add, change or delete.
    ``confidences``: for each generated statement, its confidence and whether it reproduces the reference.
    ``aligned``: statements in order: the generated text, the reference's text ("" where one is missing), the generated one's confidence.
    ``alone``: why the function had a build of its own, "" if it shared one.
    ``several``: its statements come from several targets; no single one has them all.
    ``confidence``: the filler's probability that the function passes, from 0 to 1; None where nothing was generated.
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
    """A random sample of the interface population: its size, the population's size, and the random seed."""

    size: int
    population: int
    seed: int


class DecisionKind(StrEnum):
    """A reviewer's decision on a statement."""

    ACCEPT = "accept"
    REPLACE = "replace"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's decision on the statement ``id``.

    ``function``: the qualified name of its function. ``decided_on``: the tokens as generated, before any decision, separated by spaces; the
    decision is stale if the statement reads differently now. ``text``: the replacement, for REPLACE.
    """

    id: str
    kind: DecisionKind
    function: str
    decided_on: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions on one generated backend in the order they were taken, at most one per id."""

    target: str
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A flagged statement as the reviewer sees it.

    ``file``: relative to the target's folder. ``line``: from 1; 0 where the generated tree does not mark the statement.
    ``text``: its tokens up to a body. ``alternatives``: other texts for it, likeliest first. ``doubt``: see ``FilledStatement``.
    ``compiles``, ``message``, ``step``: those of its function (see ``PlannedFunction``).
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
        """``file:line``, or just the file where the line is unknown."""
        return f"{self.file}:{self.line}" if self.line else self.file
