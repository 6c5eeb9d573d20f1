"""Grafts: which mined functions are tried on a backend of archetypes, which stay, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from commands import Command
from commands import command as command
from commands import kept_cache as kept_cache
from plans import function, statement

from llvm_integration.check import Mistake
from vega_gen import review, store
from vega_gen.pipeline import grafting
from vega_gen.pipeline.building import Workshop
from vega_gen.pipeline.grafting import Grafting
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import silent
from vega_gen.plan.grafts import PROBE, grafts_of
from vega_gen.records import (
    Climbed,
    FillerName,
    Ladder,
    Member,
    MemberKind,
    Mode,
    Plan,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Rung,
)


def backend(*functions: PlannedFunction, overriding: bool = True) -> Plan:
    """A plan with the class ToyInstrInfo, which declares the functions."""
    heads = [replace(f.candidate.signature, class_name="", qualifiers=("override",) if overriding else ()) for f in functions]
    members = tuple(Member(MemberKind.METHOD, "public", 1, s) for s in heads)
    owner = PlannedClass("ToyInstrInfo", (), "ToyInstrInfo.h", (), members, (), ())
    file = PlannedFile("ToyInstrInfo.cpp", (), ())
    return Plan("Toy", Mode.TD, FillerName.ARCHETYPE, "19", (), (file,), (owner,), functions)


def mined(name: str, confidence: float = 0.5) -> PlannedFunction:
    f = function(name, (statement("a", f"return {name}Body ;", confidence),))
    return replace(f, candidates=(replace(f.candidate, confidence=confidence),))


OWN = backend(mined("copyPhysReg"))


def test_what_overrides_and_is_not_there_is_a_graft_the_surest_first() -> None:
    found = grafts_of(OWN, backend(mined("copyPhysReg"), mined("less", 0.4), mined("more", 0.8)))
    assert [g.name for g in found] == ["ToyInstrInfo::more", "ToyInstrInfo::less"]
    assert grafts_of(OWN, backend(mined("plain"), overriding=False)) == ()


class Shop:
    """Compiles a made-up backend: ``broken`` functions have an error. What a program enters, and how many pass, is given."""

    def __init__(self, work: Path, broken: str, entered: Sequence[str], harm: str) -> None:
        self.work, self.broken, self.entered, self.harm = work, broken, entered, harm
        self.tools = work
        self.texts: Mapping[str, str] = {}

    def compile(self, texts: Mapping[str, str]) -> dict[str, tuple[Mistake, ...]]:
        self.texts = texts
        lines = texts["ToyInstrInfo.cpp"].splitlines()
        wrong = [(n, name) for n, line in enumerate(lines, start=1) for name in self.broken.split() if f"{name}Body" in line]
        return {"ToyInstrInfo.cpp": tuple(Mistake("ToyInstrInfo.cpp", n, f"no such name in {name}") for n, name in wrong), PROBE: ()}

    def link(self) -> tuple[dict[str, tuple[Mistake, ...]], tuple[()]]:
        return {}, ()

    def climb(self, *_: object) -> Ladder:
        text = self.texts.get("ToyInstrInfo.cpp", "")
        numbers = [line.split("(")[1].split(")")[0] for name in self.entered for line in text.splitlines() if f"{name}Body" in line]
        (self.work / "entered").write_text("\n".join(numbers))
        return Ladder("Toy", "toy", (Climbed(Rung.RUNS, 50 if f"{self.harm}Body" in text else 60, 60, ()),))


def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, *names: str) -> grafting.Grafted:
    def texts_of(plan: Plan, inputs: Inputs) -> dict[str, str]:
        del inputs
        lines = ["".join(t for s in f.candidate.statements for t in s.head) for f in plan.functions]
        return {"ToyInstrInfo.cpp": ("\n" * 20).join(lines)}

    monkeypatch.setattr(grafting, "texts_of", texts_of)
    monkeypatch.setattr(grafting, "climb_built", shop.climb)
    inputs = cast(Inputs, SimpleNamespace(folder="Toy"))
    return Grafting(OWN, backend(*map(mined, names)), inputs, cast(Workshop, shop), silent, 60.0).run()


def test_a_graft_stays_that_compiles_is_entered_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, "bad worse", ("good", "wrong"), "wrong")
    found = run(shop, monkeypatch, "good", "bad", "idle", "wrong", "worse")
    assert list(found.kept) == ["ToyInstrInfo::good"]
    assert found.suggested == {
        "ToyInstrInfo::bad": "it does not compile: no such name in bad",
        "ToyInstrInfo::worse": "it does not compile: no such name in worse",
        "ToyInstrInfo::idle": "no program of the ladder enters it",
        "ToyInstrInfo::wrong": "fewer pass runs with it: 50, not 60",
    }
    assert [f.qualified_name for f in found.plan.functions] == ["ToyInstrInfo::copyPhysReg", "ToyInstrInfo::good"]
    assert not any("graftEntered" in token for f in found.plan.functions for s in f.candidate.statements for token in s.head)
    assert [m.signature and m.signature.name for m in found.plan.classes[0].members] == ["copyPhysReg", "good"]


def test_the_review_lists_what_is_not_written(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "llvm/lib/Target/Toy"
    store.dump(replace(OWN, suggested={"ToyInstrInfo::idle": "no program of the ladder enters it"}), folder / review.PLAN_FILE)
    line = "suggested, not written: ToyInstrInfo::idle: no program of the ladder enters it"
    assert line in command("review", "--tree", folder).out.splitlines()
    assert line not in command("review", "--tree", folder, "--function", "*copy*").out


def test_nothing_is_tried_without_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, "bad", ("good",), "wrong")
    monkeypatch.setattr(grafting.time, "monotonic", iter(range(0, 10**6, 1000)).__next__)
    found = run(shop, monkeypatch, "good")
    assert (dict(found.kept), set(found.suggested.values())) == ({}, {"there was no time to try it"})
    assert found.plan == OWN
