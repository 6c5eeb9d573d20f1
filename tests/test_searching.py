"""The search by self-made tests: which facts are tried, and what stays. No plug-in is built: a made-up backend says how far it gets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import Plugin
from vega_gen.pipeline import searching
from vega_gen.pipeline.mining import silent
from vega_gen.pipeline.searching import close_alternatives, searched
from vega_gen.pipeline.try_request import TryRequest, TryResult
from vega_gen.records import Alternative, Climbed, Evidence, Fact, Ladder, Rung


def doubtful(key: str, *values: tuple[str, float], evidence: Evidence = Evidence.NAME) -> Fact:
    (first, confidence), *others = values
    return Fact(key, first, evidence, "", confidence, tuple(Alternative(v, Evidence.NAME, "", c) for v, c in others))


FACTS = (
    doubtful("register.frame_pointer", ("R1", 0.4), ("R2", 0.4), ("R3", 0.3)),
    doubtful("register.zero", ("R0", 0.99), ("R9", 0.99), evidence=Evidence.PATTERN),
    doubtful("register.scratch", ("R4", 0.6), ("R5", 0.05)),
)


class Backend:
    """Runs as many programs as ``right`` says of the supposed facts; it does not build with R3."""

    def __init__(self, right: Mapping[str, int]) -> None:
        self.right = right
        self.asked: list[dict[str, str]] = []

    def try_out(self, request: TryRequest, progress: object) -> TryResult:
        del progress
        supposed = {fact.key: fact.value for fact in request.supposed}
        self.asked.append(supposed)
        if "R3" in supposed.values():
            raise ToolFailure("no such register")
        facts = tuple(
            Fact(f.key, supposed[f.key], Evidence.TESTS, "", 0.9, (Alternative(f.value, f.evidence, "", f.confidence), *f.alternatives))
            if f.key in supposed
            else f
            for f in FACTS
        )
        runs = self.right.get(supposed.get("register.frame_pointer", ""), 40)
        ladder = Ladder("Toy", "toy", (Climbed(Rung.OBJECTS, 60, 60, ()), Climbed(Rung.RUNS, runs, 60, ())))
        return TryResult(
            "Toy", "toy", cast(Plugin, None), Path(), 1, {}, {}, {}, (), (), (), 1.0, {}, ladder=ladder, facts=facts
        )


def search(monkeypatch: pytest.MonkeyPatch, **right: int) -> tuple[Backend, TryResult]:
    backend = Backend(right)
    monkeypatch.setattr(searching, "try_out", backend.try_out)
    return backend, searched(TryRequest(Path("toy.td"), search=60.0), silent)


def test_only_close_alternatives_of_doubtful_facts_are_tried() -> None:
    assert [(fact.key, other.value) for fact, other in close_alternatives(FACTS)] == [
        ("register.frame_pointer", "R2"),
        ("register.frame_pointer", "R3"),
    ]


def test_what_raises_the_ladder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, made = search(monkeypatch, R2=58)
    assert [(t.value, t.kept, t.gained) for t in made.trials] == [("R2", True, {"runs": 18})]
    assert backend.asked[-1] == {"register.frame_pointer": "R2"}
    assert next(f for f in made.facts if f.key == "register.frame_pointer").evidence is Evidence.TESTS


def test_what_lowers_it_or_does_not_build_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, made = search(monkeypatch, R2=12)
    assert [(t.value, t.kept, t.gained, t.problem) for t in made.trials] == [
        ("R2", False, {"runs": -28}, ""),
        ("R3", False, {}, "no such register"),
    ]
    assert backend.asked[-1] == {}


def test_a_whole_ladder_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend({"": 60})
    monkeypatch.setattr(searching, "try_out", backend.try_out)
    assert searched(TryRequest(Path("toy.td"), search=60.0), silent).trials == ()
    assert len(backend.asked) == 2
