"""Factories: the new target's headers tell which classes it constructs, and which donors' constructors match its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invented import KINDS, MASKERS, NEW, WORDS, groups, new_target

from vega_gen.cxx import parse_file
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.function_template import FunctionTemplate, build_template
from vega_gen.groups import FunctionGroup
from vega_gen.pipeline.generation import pass_classes
from vega_gen.plan.factories import constructed_alike, factories, made_passes
from vega_gen.plan.planner import Planner
from vega_gen.records import Mode, Signature

SLOTS = """struct Filler : public FunctionPass {{ Filler() : FunctionPass(ID) {{}}
  int fill(int A) {{ return A + {0}; }} }};
  FunctionPass *create@SlotPass({1}) {{ return new Filler({2}); }}"""
ISEL = """class @Isel : public SelectBase {{ explicit @Isel({0}) : SelectBase({1}) {{}} }};
  class @IselLegacy : public Pass {{ explicit @IselLegacy({0}) : Pass(ID, std::make_unique<@Isel>({1})) {{}} }};
  Pass *create@Isel({0}) {{ return new @IselLegacy({1}); }}"""
EXTRA = {
    "Aaa": SLOTS.format(1, "", "") + ISEL.format("@Machine &TM, int Level", "TM, Level"),
    "Bbb": "class BbbOther : public FunctionPass { BbbOther() {} }; FunctionPass *createBbbOtherPass() { return new BbbOther; }"
    + ISEL.format("@Machine &TM, int Level", "TM, Level"),
    "Ccc": ISEL.format("@Machine &TM", "TM"),
}
FOUND = groups({t: text.replace("@", t) for t, text in EXTRA.items()})


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invented interface's passes."""
    for module in ("planner", "factories"):
        monkeypatch.setattr(f"vega_gen.plan.{module}.PASS_BASE", "FunctionPass")


def made(group: FunctionGroup) -> FunctionTemplate:
    return build_template(group, group.members, MASKERS, KINDS)


def declared(text: str) -> tuple[Signature, ...]:
    return parse_file(f"namespace llvm {{ {text} }}".encode(), NEW, "Ddd.h").prototypes


def test_a_pass_is_called_as_donors_call_what_their_function_of_the_same_name_makes() -> None:
    odd = "FunctionPass *createDddOddPass();"
    prototypes = declared(f"FunctionPass *createDddSlotPass(DddMachine &TM); {odd} Pass *createDddIsel(DddMachine &TM);")
    passes = made_passes(factories(prototypes, FOUND, made, MASKERS[NEW], MASKERS), FOUND, {}, MASKERS[NEW])
    assert passes == {"createDddSlotPass": "Filler"}, "no donor makes an odd one, and what selects instructions is no such pass"
    assert pass_classes(prototypes, (), passes) == ("DddOdd", "Filler")
    assert pass_classes(prototypes, parse_file(b"struct Filler {};", NEW, "F.h").classes, passes) == ("DddOdd",)


def test_the_methods_of_such_a_pass_are_those_of_the_donors_that_make_it() -> None:
    new = replace(new_target(mode=Mode.DESC, words=WORDS | {"FunctionPass", "ID"}), passes=("Filler",))
    planned = {f.qualified_name: f for f in Planner(FOUND, made, new, ConsensusFiller(), MASKERS).plan()}
    assert {n for n in planned if n.startswith("Filler::")} == {"Filler::Filler", "Filler::fill"}
    assert {d.target for d in planned["Filler::fill"].candidate.statements[0].donors} == {"Aaa"}


def test_a_constructor_is_given_what_the_declared_function_is_given() -> None:
    for parameters, donors in (("DddMachine &TM", {"Ccc"}), ("DddMachine &TM, int Level", {"Aaa", "Bbb"})):
        found = factories(declared(f"Pass *createDddIsel({parameters});"), FOUND, made, MASKERS[NEW], MASKERS)
        assert constructed_alike(found, FOUND, made, MASKERS) == {"<T>IselLegacy": frozenset(donors), "<T>Isel": frozenset(donors)}
    assert constructed_alike(factories(declared("Pass *createDddIsel();"), FOUND, made, MASKERS[NEW], MASKERS), FOUND, made, MASKERS) == {}


def test_such_a_constructor_has_their_parameters() -> None:
    for parameters in ("DddMachine &TM", "DddMachine &TM, int Level"):
        new = new_target({"Aaa": 0.5, "Bbb": 0.5, "Ccc": 0.5}, mode=Mode.DESC, words=WORDS | {"Pass", "ID"})
        new = replace(new, prototypes=declared(f"Pass *createDddIsel({parameters});"))
        planned = {f.qualified_name: f for f in Planner(FOUND, made, new, ConsensusFiller(), MASKERS).plan()}
        own = planned["DddIselLegacy::DddIselLegacy"].candidate.signature
        assert [p.name for p in own.params] == [p.split()[-1].lstrip("&") for p in parameters.split(", ")]
