"""Search by tests that the tool makes itself: other values of doubtful facts, one at a time, and the ladder says which stay.

A fact that only a name or a default gives may be wrong, and no .td says it. But a backend with a wrong one compiles, verifies or runs fewer
programs. What is tried is made by ``try``, which compiles only what a fact changes. LLVM's tests are never used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from llvm_integration.failure import Failure
from llvm_integration.process import Progress
from vega_gen.facts.choosing import CERTAIN
from vega_gen.pipeline.try_request import TriedFact, TryRequest, TryResult
from vega_gen.pipeline.trying import try_out
from vega_gen.records import Alternative, Evidence, Fact, GivenFact, Ladder

CLOSE = 0.5
"""Alternatives are tried whose confidence is at most this much below that of the value that was chosen."""


def searched(request: TryRequest, progress: Progress) -> TryResult:
    """As ``try_out``, with the values of doubtful facts by which the most programs pass.

    No trial begins after ``request.search`` seconds, or once every rung is whole. Raises what ``try_out`` raises without a trial."""
    plain = replace(request, program=None, out=None, ladder=True)
    best, end = try_out(plain, progress), time.monotonic() + request.search
    trials: list[TriedFact] = []
    tried: set[tuple[str, str]] = set()
    while time.monotonic() < end and not _whole(best):
        pair = next((p for p in close_alternatives(best.facts) if (p[0].key, p[1].value) not in tried), None)
        if pair is None:
            break
        fact, other = pair
        tried.add((fact.key, other.value))
        progress(len(trials), 0, f"trying {fact.key} = {other.value}")
        supposed = (*(s for s in plain.supposed if s.key != fact.key), GivenFact(fact.key, other.value, "", Evidence.TESTS))
        try:
            made = try_out(replace(plain, supposed=supposed), progress)
        except Failure as failure:
            trials.append(TriedFact(fact.key, other.value, fact.value, {}, failure.what, kept=False))
            continue
        gained = gains(best.ladder, made.ladder)
        kept = bool(gained) and min(gained.values()) > 0
        trials.append(TriedFact(fact.key, other.value, fact.value, gained, "", kept=kept))
        if kept:
            best, plain = made, replace(plain, supposed=supposed)
    return replace(try_out(replace(request, ladder=True, supposed=plain.supposed), progress), trials=tuple(trials))


def close_alternatives(facts: Iterable[Fact]) -> list[tuple[Fact, Alternative]]:
    """Return the doubtful facts with their close alternatives, the closest first. What a person gave is not doubtful."""
    found = [
        (fact, other)
        for fact in facts
        for other in fact.alternatives
        if fact.confidence < CERTAIN and fact.confidence - other.confidence <= CLOSE
    ]
    return sorted(found, key=lambda pair: (pair[0].confidence - pair[1].confidence, pair[0].confidence))


def gains(before: Ladder | None, after: Ladder | None) -> dict[str, int]:
    """Return the rungs on which other numbers pass -> how many more."""
    assert before and after
    passed = {step.rung: step.passed for step in before.steps}
    return {str(s.rung): s.passed - passed[s.rung] for s in after.steps if s.passed != passed[s.rung]}


def _whole(made: TryResult) -> bool:
    assert made.ladder
    return all(step.total and step.passed == step.total for step in made.ladder.steps)
