"""Search by tests that the tool makes itself: other values of doubtful facts, one at a time, and the ladder says which stay.

A fact that only a name or a default gives may be wrong, and no .td says it. But a backend with a wrong one compiles, verifies or runs fewer
programs. What is tried is made by ``try``, which compiles only what a fact changes. A value is asked first about a few of the programs that
fail, and climbs the whole ladder only if it helps one of them. LLVM's tests are never used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from llvm_integration.failure import Failure
from llvm_integration.process import Progress
from vega_gen.facts.choosing import CERTAIN
from vega_gen.facts.keys import CODING, DISTANCE, FactKind, key_of
from vega_gen.facts.operations import Operation
from vega_gen.facts.ranking import likely
from vega_gen.facts.suppositions import suppositions
from vega_gen.facts.view import TargetView
from vega_gen.pipeline.try_request import TriedFact, TryRequest, TryResult
from vega_gen.pipeline.trying import try_out
from vega_gen.records import Alternative, Climbed, Evidence, Fact, GivenFact, Ladder, Rung

CLOSE = 0.5
"""Alternatives are tried whose confidence is at most this much below that of the value that was chosen."""
_PROGRAMS = (Rung.SMOKE, Rung.VERIFIED, Rung.OBJECTS, Rung.RUNS)
"""The rungs that depend on facts with alternatives; what round-trips depends on encodings alone."""
_ASKED = 12
"""So many of the programs that fail are asked first."""
_UNSEEN = (DISTANCE, CODING)
"""Facts of which only what runs can tell: the backend's own tools agree with each other whatever they are."""


def searched(request: TryRequest, progress: Progress) -> TryResult:
    """As ``try_out``, with the values of doubtful facts by which the most programs pass.

    No trial begins after ``request.search`` seconds, or once every program passes. Raises what ``try_out`` raises without a trial."""
    search = _Search(replace(request, program=None, out=None, ladder=True), progress)
    search.run(time.monotonic() + request.search)
    trials = tuple(search.trials)
    if search.built == search.plain.supposed and not (request.program or request.out):
        return replace(search.best, trials=trials)
    return replace(try_out(replace(request, ladder=True, supposed=search.plain.supposed), progress), trials=trials)


class _Search:
    """The values tried so far, and the best backend. ``built``: the supposed facts of the plug-in that the cache holds now."""

    def __init__(self, plain: TryRequest, progress: Progress) -> None:
        self.plain, self.progress = plain, progress
        self.trials: list[TriedFact] = []
        self.built: Sequence[GivenFact] = plain.supposed
        self.best = try_out(plain, progress)
        self._tried: set[tuple[str, str]] = set()

    def run(self, end: float) -> None:
        """Try one value after the other until the time ``end``."""
        pairs: list[tuple[Fact, Alternative]] = candidates(self.best)
        while time.monotonic() < end and not _whole(self.best):
            pair = next(((fact, other) for fact, other in pairs if (fact.key, other.value) not in self._tried), None)
            if pair is None:
                return
            fact, other = pair
            self._tried.add((fact.key, other.value))
            self.progress(len(self.trials), 0, f"trying {fact.key} = {other.value}")
            if self._try(fact, other):  # another value of the same fact may be better still
                pairs = [*(pair for pair in pairs if pair[0].key == fact.key), *candidates(self.best)]

    def _try(self, fact: Fact, other: Alternative) -> bool:
        """Try one value. Returns whether it stays."""
        instead = next((s.value for s in self.plain.supposed if s.key == fact.key), fact.value)
        supposed = (*(s for s in self.plain.supposed if s.key != fact.key), GivenFact(fact.key, other.value, "", Evidence.TESTS))
        asked = replace(self.plain, supposed=supposed)
        self.built = supposed
        gained, problem = dict[str, int](), ""
        try:
            assert self.best.ladder
            some = failing(self.best.ladder)
            if some and not _passes(try_out(replace(asked, probe=some), self.progress)):
                problem = f"none of {sum(map(len, some.values()))} that fail passes"
            else:
                made = try_out(asked, self.progress)
                gained = gains(self.best.ladder, made.ladder)
                ran = gained.get(Rung.RUNS, 0) > 0  # what is only like the right record may well compile, to wrong code
                if better(gained) and (ran or other.evidence is not Evidence.DONOR):
                    self.best, self.plain = made, asked
        except Failure as failure:
            problem = failure.what
        kept = self.plain is asked
        self.trials.append(TriedFact(fact.key, other.value, instead, gained, problem, kept=kept))
        return kept


def candidates(made: TryResult) -> list[tuple[Fact, Alternative]]:
    """Return what to try in place of the facts of a backend, the most promising first: for what its programs want and no rule finds, what
    is like LLVM's backends'; then the close alternatives, where everything becomes an object but not all runs, of distances first."""
    assert made.ladder
    wanted = dict.fromkeys([*(fact.key for fact in made.ladder.wanted), *(key for key in made.limits if key_of(key))])
    facts = {fact.key: fact for fact in made.facts}
    found = [pair for key in wanted if (fact := facts.get(key)) and not fact.value for pair in _supplied(made, fact)]
    untold = suppositions(TargetView(made.description)) if made.description else ()
    close = [*close_alternatives(made.facts), *close_alternatives(untold)]
    objects = next((step for step in made.ladder.steps if step.rung is Rung.OBJECTS), None)
    unseen = objects is not None and 0 < objects.total == objects.passed
    close.sort(key=lambda pair: (pair[0].key not in wanted, unseen and not pair[0].key.startswith(_UNSEEN)))
    return [*found, *close]


def _supplied(made: TryResult, fact: Fact) -> Iterator[tuple[Fact, Alternative]]:
    """Yields the values that ranking gives a fact that has none."""
    key = key_of(fact.key)
    if made.description is None or key is None or key.kind not in (FactKind.REGISTER, FactKind.OPERATION):
        return
    for share, value in likely(TargetView(made.description), fact.key):
        text = value.text if isinstance(value, Operation) else value
        yield fact, Alternative(text, Evidence.DONOR, f"like what LLVM's backends use ({share:.2f})", share)


def close_alternatives(facts: Iterable[Fact]) -> list[tuple[Fact, Alternative]]:
    """Return the doubtful facts with their close alternatives, the closest first. What a person gave is not doubtful."""
    found = [
        (fact, other)
        for fact in facts
        for other in fact.alternatives
        if fact.confidence < CERTAIN and fact.confidence - other.confidence <= CLOSE
    ]
    return sorted(found, key=lambda pair: (pair[0].confidence - pair[1].confidence, pair[0].confidence))


def failing(climbed: Ladder) -> dict[Rung, tuple[str, ...]]:
    """Return, for each rung on which programs fail that passed the one below, some of these."""
    steps = [step for step in climbed.steps if step.rung in _PROGRAMS and step.total]
    found: dict[Rung, list[str]] = {}
    lower: set[str] = set()
    for step in steps:
        names = [obstacle.name for obstacle in step.obstacles if obstacle.name not in lower]
        lower |= set(names)
        found |= {step.rung: names} if names else {}
    each = _ASKED // len(found) if found else 0
    return {rung: tuple(names[:: -(-len(names) // each)]) for rung, names in found.items()}


def gains(before: Ladder | None, after: Ladder | None) -> dict[str, int]:
    """Return the rungs on which other numbers pass -> how many more."""
    assert before and after
    passed = {step.rung: step.passed for step in before.steps}
    return {str(s.rung): s.passed - passed[s.rung] for s in after.steps if s.passed != passed[s.rung]}


def better(gained: Mapping[str, int]) -> bool:
    """Whether what a value gains (``gains``) is worth it: on no rung fewer programs pass, and more programs than it costs round trips."""
    return min((gained.get(rung, 0) for rung in _PROGRAMS), default=0) >= 0 and sum(gained.values()) > 0


def _passes(made: TryResult) -> bool:
    assert made.ladder
    return any(step.passed for step in made.ladder.steps if step.rung in _PROGRAMS)


def _programs(climbed: Ladder) -> list[Climbed]:
    return [step for step in climbed.steps if step.rung in _PROGRAMS]


def _whole(made: TryResult) -> bool:
    assert made.ladder
    return all(step.total and step.passed == step.total for step in _programs(made.ladder))
