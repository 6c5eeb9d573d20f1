"""The planner: which functions a new backend gets, and which files they go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from invented import DONORS, INTERFACES, KINDS, MASKERS, NEW, WORDS, groups, new_target
from test_groups import CONTRACTS, DECODERS, decoder

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import NewTarget
from vega_gen.function_template import build_template
from vega_gen.plan.planner import Planner
from vega_gen.records import (
    Candidate,
    Class,
    Contract,
    Mode,
    PlannedFunction,
)


def words(candidate: Candidate) -> list[str]:
    return [" ".join((*s.head, *s.tail)) for s in candidate.statements]


def planner(new: NewTarget, extra: Mapping[str, str] | None = None, contracts: Mapping[str, Sequence[Contract]] | None = None) -> Planner:
    found = groups(extra, contracts)
    return Planner(found, lambda g: build_template(g, g.members, MASKERS, KINDS), new, ConsensusFiller(), MASKERS)


def declared_class() -> Class:
    header = parse_file(b"""namespace llvm { class DddInstrInfo : public DddGenInstrInfo { public:
      void copyPhysReg(Block &MBB, unsigned To, unsigned From, bool Kill) const override; }; }""", NEW, "DddInstrInfo.h")  # fmt: skip
    return header.classes[0]


def named(planned: Sequence[PlannedFunction]) -> dict[str, PlannedFunction]:
    return {f.qualified_name: f for f in planned}


def test_without_headers_what_most_donors_have_is_planned() -> None:
    planned = named(planner(new_target()).plan())
    assert {"DddInstrInfo::copyPhysReg", "DddInstrInfo::isSmall", "DddInstrInfo::DddInstrInfo", "createDddInstrInfo"} <= set(planned)
    copy = planned["DddInstrInfo::copyPhysReg"]
    assert (copy.file, copy.module.value, copy.in_class, copy.group) == ("DddCopy.cpp", "OPT", False, "InstrInfo::copyPhysReg")
    assert sum(f.qualified_name == "DddInstrInfo::cost" for f in planner(new_target()).plan()) == 2


def test_what_one_donor_alone_has_is_not_planned() -> None:
    planned = named(planner(new_target(), {"Bbb": "int onlyBbbHasThis() { return 1; }"}).plan())
    assert "onlyDddHasThis" not in planned


def test_a_helper_that_a_planned_function_calls_is_planned_too() -> None:
    extra = {"Ccc": "void emitCccNote(const char *Text) { note(); }"}
    near = new_target({"Aaa": 0.1, "Bbb": 0.1, "Ccc": 0.9})
    assert "emitDddNote" in named(planner(near, extra).plan())
    assert "emitDddNote" not in named(planner(new_target(), extra).plan())


def test_with_headers_what_they_declare_is_planned_as_they_declare_it() -> None:
    new = new_target(mode=Mode.DESC, classes=(declared_class(),))
    planned = named(planner(new).plan())
    assert {n for n in planned if n.startswith("DddInstrInfo::")} == {"DddInstrInfo::copyPhysReg"}
    first = planned["DddInstrInfo::copyPhysReg"].candidate
    assert [p.name for p in first.signature.params] == ["MBB", "To", "From", "Kill"]
    assert words(first)[-1] == "BuildMI ( MBB , get ( Opc ) , To ) . addReg ( From , 4 ) ;"


PASSES = {
    "Aaa": """struct AaaOdd : public FunctionPass {
      AaaOdd() : FunctionPass(ID) { initializeAaaOddPass(); }
      bool runOnFunction(Function &F) override { return false; } };""",
    "Bbb": """class BbbFiller : public FunctionPass {
      BbbFiller() : FunctionPass(ID) { initializeBbbFillerPass(); }
      bool runOnFunction(Function &F) override { return false; } };""",
    "Ccc": "struct CccLast : public FunctionPass { CccLast() : FunctionPass(ID) { initializeCccLastPass(); } };",
}


def test_a_pass_that_headers_name_gets_the_methods_that_passes_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vega_gen.plan.planner.PASS_BASE", "FunctionPass")
    new = replace(new_target(mode=Mode.DESC, words=WORDS | {"FunctionPass", "ID", "initializeDddStrangePass"}), passes=("DddStrange",))
    planned = named(planner(new, PASSES).plan())
    assert {"DddStrange::DddStrange", "DddStrange::runOnFunction"} <= set(planned)
    assert {f.file for n, f in planned.items() if n.startswith("DddStrange")} == {"DddStrange.cpp"}
    made = planned["DddStrange::DddStrange"].candidate
    assert words(made) == ["initializeDddStrangePass ( ) ;"]
    assert made.signature.initialisers == (tokenize("FunctionPass(ID)"),)
    assert "DddStrange" not in {n.split("::")[0] for n in named(planner(replace(new, passes=()), PASSES).plan())}


def test_overloads_of_one_arity_are_both_planned() -> None:
    extra = {t: "struct @Thing { @Thing(const @Thing &A) {} @Thing(@Thing &&A) { move(A); } };".replace("@", t) for t in DONORS}
    header = b"struct DddThing { DddThing(const DddThing &A); DddThing(DddThing &&A); };"
    new = new_target(mode=Mode.DESC, classes=parse_file(header, NEW, "DddThing.h").classes, words=WORDS | {"move"})
    planned = [f for f in planner(new, extra).plan() if f.qualified_name == "DddThing::DddThing"]
    assert [words(f.candidate) for f in sorted(planned, key=lambda f: f.candidate.signature.params[0].type)] == [["move ( A ) ;"], []]


def test_a_free_function_that_headers_declare_is_planned_though_one_donor_has_it() -> None:
    extra = {"Bbb": "int createBbbOdd() { return 1; }"}
    assert "createDddOdd" not in named(planner(new_target(mode=Mode.DESC), extra).plan())
    declaring = replace(new_target(mode=Mode.DESC), identifiers=frozenset({"createDddOdd"}))
    assert "createDddOdd" in named(planner(declaring, extra).plan())


def test_a_free_function_has_the_parameters_that_its_header_gives_it() -> None:
    extra = {"Aaa": "int createAaaOdd(int A) { return A; }", "Bbb": "int createBbbOdd(int A, int B) { return B; }"}
    header = parse_file(b"namespace llvm { int createDddOdd(int A, int B); }", NEW, "Ddd.h")
    declaring = replace(new_target(mode=Mode.DESC), identifiers=frozenset({"createDddOdd"}), prototypes=header.prototypes)
    candidate = named(planner(declaring, extra).plan())["createDddOdd"].candidate
    assert ([p.name for p in candidate.signature.params], words(candidate)) == (["A", "B"], ["return B ;"])


def test_a_contract_is_filled_from_brothers_of_other_names() -> None:
    new = new_target(contracts=(decoder("DecodeWideRegisterClass", "Wide"),), words=WORDS | {"Ok"})
    planned = named(planner(new, DECODERS, CONTRACTS).plan())
    assert words(planned["DecodeWideRegisterClass"].candidate) == ["return Ok ;"]
    assert not any("GPR" in name or "Regs" in name for name in planned)


def test_only_what_is_asked_for_is_planned() -> None:
    planned = planner(new_target()).plan(only=lambda g: g.name == "InstrInfo::isSmall")
    assert [f.qualified_name for f in planned] == ["DddInstrInfo::isSmall"]


def test_the_interface_classes_are_read() -> None:
    assert INTERFACES.overridden("TargetInstrInfo", "copyPhysReg", 4) is not None
    assert INTERFACES.overridden("TargetInstrInfo", "isSmall", 1) is None
