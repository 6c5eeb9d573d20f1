"""Two widths in one description without hardware modes: a condition that is named for a width, and instructions that are there twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from simulated import TESTS, described

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.contract_values import contract_values
from vega_gen.archetypes.floating import float_values
from vega_gen.facts import find_facts
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import Float
from vega_gen.facts.selections import Range
from vega_gen.records import Description
from vega_gen.tablegen import predicates
from vega_gen.tablegen.subtargets import on_subtarget


@pytest.fixture(scope="module")
def godwit(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/Godwit.td", llvm_source)


@pytest.fixture(scope="module")
def wide(godwit: Description) -> Facts:
    return find_facts(on_subtarget(godwit, "godwit64"))


@pytest.fixture(scope="module")
def narrow(godwit: Description) -> Facts:
    return find_facts(on_subtarget(godwit))


def test_a_condition_that_is_named_for_a_width_is_that_widths_feature(godwit: Description) -> None:
    assert predicates.answer(godwit, "isGodwit64") == "HasLongWords"
    assert predicates.answer(godwit, "isGodwit16") == ""


def test_the_processors_feature_says_the_width_of_addresses(wide: Facts, narrow: Facts) -> None:
    assert (wide.gpr, wide.type, wide.sp) == ("GX", "i64", "X1")
    assert (narrow.gpr, narrow.type, narrow.sp) == ("GR", "i32", "R1")


def test_of_twins_the_one_of_the_width_calls_and_returns(wide: Facts, narrow: Facts) -> None:
    assert wide.calls.direct and wide.calls.indirect and wide.calls.prepared and wide.returns
    assert (wide.calls.direct.record, wide.calls.indirect.record, wide.calls.prepared.record) == ("BL_8", "BCNTL_8", "MTCNT_8")
    assert wide.returns.record == "RET_8"
    assert wide.link and (wide.link.name, wide.link.read.record, wide.link.write.record) == ("LR8", "MFLR_8", "MTLR_8")
    assert narrow.calls.direct and narrow.calls.direct.record == "BL"
    assert narrow.link and narrow.link.read.record == "MFLR"


def test_an_offset_counts_in_what_its_predicate_is_named_for(wide: Facts) -> None:
    assert wide.loads["", 64].range == Range(8, True, 3)
    assert wide.narrow and (wide.narrow.load.record, wide.narrow.load.range) == ("LW", Range(8, True))


def test_offsets_are_encoded_and_decoded_in_their_units(godwit: Description, wide: Facts) -> None:
    values = contract_values(on_subtarget(godwit, "godwit64"), wide, {"pass_subtarget": False})
    assert [case["shift"] for e in values["encoders"] if "getUnits" in e["declared"] for case in e["cases"]] == [3]
    decoders = [(o["bits"], o["signed"], o["shift"]) for o in values["operand_decoders"] if "decodeUnits" in o["defined"]]
    assert decoders == [(8, True, "3")]
    assert [case["unit"] for p in values["operand_predicates"] if p["name"] == "isS11ImmX8" for case in p["cases"]] == [8]


def test_integers_of_both_widths_are_converted_by_the_library(godwit: Description, wide: Facts) -> None:
    assert wide.narrow
    one = Float(32, "FR", wide.narrow.load, wide.narrow.store, (), frozenset({"fadd"}), frozenset(), ())
    made = float_values(godwit, replace(wide, floats=(one,)), frozenset())["floats"][0]["actions"]
    assert {f"setOperationAction(ISD::FP_TO_SINT, MVT::{t}, LibCall);" for t in ("i32", "i64")} <= {*made}


def test_a_pattern_shifts_by_any_number(wide: Facts, narrow: Facts) -> None:
    assert wide.shifted_by_pattern and not wide.shift_immediate
    assert not narrow.shifted_by_pattern


def test_arguments_for_which_a_convention_has_no_place_go_onto_the_stack(godwit: Description, llvm_source: Path) -> None:
    target_td = (llvm_source / "llvm/include/llvm/Target/Target.td").read_text()
    made = completion(on_subtarget(godwit, "godwit64"), "", target_td).text
    assert "def CC_Godwit : CallingConv<[CCDelegateTo<CC_Godwit64>," in made
    assert "CCIfType<[i64], CCAssignToStack<8, 8>>" in made
    assert "CC_Godwit :" not in completion(on_subtarget(godwit), "", target_td).text


def test_of_conventions_one_with_a_place_on_the_stack_is_the_usual_one(godwit: Description, wide: Facts) -> None:
    assert wide.cc == "CC_Godwit64"
    other = next(c for c in godwit.calling_conventions if c.name == "CC_Godwit64")
    placed = replace(other, name="CC_Godwit64_Placed", stack=((8, 8),))
    more = replace(godwit, calling_conventions=(*godwit.calling_conventions, placed))
    assert find_facts(on_subtarget(more, "godwit64")).cc == "CC_Godwit64_Placed"
