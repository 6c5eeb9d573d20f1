"""The search by self-made tests: which facts are tried, and what stays. No plug-in is built: a made-up backend says how far it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import Plugin
from vega_gen.pipeline import searching
from vega_gen.pipeline.mining import silent
from vega_gen.pipeline.searching import candidates, close_alternatives, failing, searched
from vega_gen.pipeline.try_request import TryRequest, TryResult
from vega_gen.records import Alternative, Climbed, Description, Evidence, Fact, Ladder, Obstacle, Rung


def doubtful(key: str, *values: tuple[str, float], evidence: Evidence = Evidence.NAME) -> Fact:
    (first, confidence), *others = values
    return Fact(key, first, evidence, "", confidence, tuple(Alternative(v, Evidence.NAME, "", c) for v, c in others))


FACTS = (
    doubtful("register.frame_pointer", ("R1", 0.4), ("R2", 0.4), ("R3", 0.3)),
    doubtful("register.zero", ("R0", 0.99), ("R9", 0.99), evidence=Evidence.PATTERN),
    doubtful("register.scratch", ("R4", 0.6), ("R5", 0.05)),
)
NAMES = tuple(f"p{n}" for n in range(60))


def step(rung: Rung, failed: Iterable[str], names: Iterable[str] = NAMES) -> Climbed:
    every, missed = tuple(names), tuple(Obstacle(name, "", "") for name in failed)
    return Climbed(rung, len(every) - len(missed), len(every), missed)


def result(ladder: Ladder, facts: tuple[Fact, ...] = FACTS) -> TryResult:
    return TryResult("Toy", "toy", cast(Plugin, None), Path(), 1, {}, {}, {}, (), (), (), 1.0, {}, ladder=ladder, facts=facts)


class Backend:
    """Runs as many programs as ``right`` says of the supposed facts, the first ones; it does not build with R3. ``asked``: the supposed
    facts and how many programs climb."""

    def __init__(self, right: Mapping[str, int]) -> None:
        self.right = right
        self.asked: list[tuple[dict[str, str], int]] = []

    def try_out(self, request: TryRequest, progress: object) -> TryResult:
        del progress
        supposed = {fact.key: fact.value for fact in request.supposed}
        self.asked.append((supposed, sum(map(len, request.probe.values())) or len(NAMES)))
        if "R3" in supposed.values():
            raise ToolFailure("no such register")
        facts = tuple(
            Fact(f.key, supposed[f.key], Evidence.TESTS, "", 0.9, (Alternative(f.value, f.evidence, "", f.confidence), *f.alternatives))
            if f.key in supposed
            else f
            for f in FACTS
        )
        runs = self.right.get(supposed.get("register.frame_pointer", ""), 40)
        if request.probe:
            steps = [step(rung, (n for n in names if n not in NAMES[:runs]), names) for rung, names in request.probe.items()]
        else:
            steps = [step(Rung.OBJECTS, ()), step(Rung.RUNS, NAMES[runs:])]
        return result(Ladder("Toy", "toy", tuple(steps)), facts)


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
    assert [(t.value, t.kept, t.gained) for t in made.trials] == [("R2", True, {"runs": 18}), ("R3", False, {})]
    assert backend.asked[-1] == ({"register.frame_pointer": "R2"}, 60), "the last trial is not what stays: it is made again"
    assert next(f for f in made.facts if f.key == "register.frame_pointer").evidence is Evidence.TESTS


def test_a_value_that_helps_gives_way_to_a_better_one_of_the_same_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = (doubtful("register.frame_pointer", ("R1", 0.4), ("R2", 0.4), ("R4", 0.4)), *FACTS[1:])
    monkeypatch.setitem(globals(), "FACTS", facts)
    _, made = search(monkeypatch, R2=42, R4=58)
    assert [(t.value, t.instead, t.kept) for t in made.trials] == [("R2", "R1", True), ("R4", "R2", True)]


@pytest.mark.parametrize(
    ("gained", "worth"),
    [
        ({}, False),
        ({"runs": 2}, True),
        ({"runs": 27, "round-trip": -1}, True),
        ({"runs": 1, "round-trip": -2}, False),
        ({"runs": 9, "objects": -1}, False),
        ({"round-trip": 3}, True),
    ],
)
def test_a_round_trip_may_be_lost_for_more_programs_and_no_program_for_others(gained: dict[str, int], worth: bool) -> None:
    assert searching.better(gained) is worth


def test_what_lowers_it_or_does_not_build_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, made = search(monkeypatch, R2=12)
    assert [(t.value, t.kept, t.gained, t.problem) for t in made.trials] == [
        ("R2", False, {}, "none of 10 that fail passes"),
        ("R3", False, {}, "no such register"),
    ]
    assert backend.asked[-1] == ({}, 60)


def test_the_programs_that_fail_are_asked_first_and_no_others_where_none_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, _ = search(monkeypatch, R2=12)
    assert [count for supposed, count in backend.asked if supposed == {"register.frame_pointer": "R2"}] == [10]


def test_a_rung_that_falls_outweighs_one_that_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend({"R2": 58})

    def worse(request: TryRequest, progress: object) -> TryResult:
        made = backend.try_out(request, progress)
        if request.supposed and not request.probe:
            return result(Ladder("Toy", "toy", (step(Rung.OBJECTS, ["p59"]), step(Rung.RUNS, NAMES[58:]))), made.facts)
        return made

    monkeypatch.setattr(searching, "try_out", worse)
    made = searched(TryRequest(Path("toy.td"), search=60.0), silent)
    assert next((t.value, t.gained, t.kept) for t in made.trials) == ("R2", {"objects": -1, "runs": 18}, False)


def test_where_every_program_passes_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend({"": 60})
    monkeypatch.setattr(searching, "try_out", backend.try_out)
    assert searched(TryRequest(Path("toy.td"), search=60.0), silent).trials == ()
    assert len(backend.asked) == 1
    searched(TryRequest(Path("toy.td"), search=60.0, out=Path("out")), silent)
    assert len(backend.asked) == 3, "and what was asked for is made once nothing is left to try"


def test_programs_that_fail_are_asked_on_the_rung_where_they_fail() -> None:
    climbed = Ladder("Toy", "toy", (step(Rung.ROUND_TRIP, ["ADD"]), step(Rung.SMOKE, ["a"]), step(Rung.RUNS, ["a", *NAMES[:24]])))
    assert failing(climbed) == {Rung.SMOKE: ("a",), Rung.RUNS: NAMES[:24:4]}


def test_where_all_are_objects_but_not_all_run_distances_come_first() -> None:
    facts = (*FACTS, doubtful("distance.origin", ("0", 0.6), ("4", 0.5)))
    climbed = [Ladder("Toy", "toy", (step(Rung.OBJECTS, failed), step(Rung.RUNS, ["p0"]))) for failed in ((), ("p0",))]
    assert [candidates(result(one, facts))[0][0].key for one in climbed] == ["distance.origin", "register.frame_pointer"]


@pytest.mark.parametrize(("rung", "kept"), [(Rung.SMOKE, False), (Rung.RUNS, True)])
def test_what_is_only_like_the_right_record_must_run(monkeypatch: pytest.MonkeyPatch, rung: Rung, kept: bool) -> None:
    jump = Fact("instruction.jump", "", Evidence.DEFAULT, "", 0.0)

    def try_out(request: TryRequest, _: object) -> TryResult:
        better = {rung: ()} if request.supposed else dict[Rung, tuple[str, ...]]()
        steps = [step(one, better.get(one, ("p1",))) for one in request.probe or (Rung.SMOKE, Rung.RUNS)]
        made = result(Ladder("Toy", "toy", tuple(steps)), (jump,))
        return replace(made, limits={"instruction.jump": ""}, description=cast(Description, object()))

    def view(d: Description) -> Description:
        return d

    def nothing(_: object) -> tuple[Fact, ...]:
        return ()

    def likely(_: object, key: str) -> list[tuple[float, str]]:
        return [(0.7, "HOP target")] if key == "instruction.jump" else []

    for name, stand_in in (("try_out", try_out), ("TargetView", view), ("suppositions", nothing), ("likely", likely)):
        monkeypatch.setattr(searching, name, stand_in)
    made = searched(TryRequest(Path("toy.td"), search=60.0), silent)
    assert [(t.key, t.value, t.kept) for t in made.trials] == [("instruction.jump", "HOP target", kept)]
