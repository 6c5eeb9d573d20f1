"""Fixups, and registers that calls keep, of a made-up target whose .td is changed a little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from llvm_integration.discover import find_installation
from vega_gen import tablegen
from vega_gen.facts import find_facts
from vega_gen.facts.code_units import CodeUnits
from vega_gen.facts.fixups import fixups
from vega_gen.facts.selections import Selections
from vega_gen.records import Description, SubtargetFeature
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import Effect, Here, parts_of
from vega_gen.simulate.operands import Operands


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    program = find_installation("19.1.7").llvm_tblgen
    td = ROOT / "tests/inputs/rook/Rook.td"
    return tablegen.describe(td, folder="Rook", llvm_include=llvm_source / "llvm/include", tblgen=program)


def test_a_call_counts_as_the_jump_that_has_its_address_in_the_same_bits(rook: Description) -> None:
    plain = tuple(replace(o, operand_type="OPERAND_IMMEDIATE") if o.name == "calltarget" else o for o in rook.operand_classes)
    changed = replace(rook, operand_classes=plain)
    kinds, users = fixups(changed, find_facts(changed))
    assert [kinds[u.fixup].pc_relative for u in users if "CALL" in u.records] == [True]
    told = {e.record: e for e in effects(changed, find_facts(changed))}["CALL"]
    assert isinstance(told, Effect) and any(isinstance(part, Here) for part in parts_of(told.actions)), "it counts from the call"


def test_an_empty_list_says_that_a_call_keeps_nothing(rook: Description) -> None:
    emptied = tuple(replace(c, registers=()) if c.callee_saved else c for c in rook.calling_conventions)
    assert find_facts(rook).saved
    assert find_facts(replace(rook, calling_conventions=emptied)).saved == ()


def test_short_encodings_of_another_mode_do_not_lie_beside_long_ones(rook: Description) -> None:
    """The jump of a mode counts in its units, as in Mips beside microMIPS; an instruction of no mode has all beside it."""
    jump = next(i for i in rook.instructions if i.name == "CALL")
    short = replace(jump, name="SHORT", size=2, encoding=jump.encoding[:16], predicates=("Dense",))
    plain = replace(jump, predicates=("NotDense",))
    any_mode = replace(jump, name="ANY", predicates=())
    d = replace(
        rook, instructions=(plain, short, any_mode), features=(SubtargetFeature("FD", "dense", "IsDense", "true", "", ()),),
        assembler_predicates={"Dense": "(all_of FD)", "NotDense": "(all_of (not FD))"},
    )  # fmt: skip
    units = CodeUnits(d)
    assert [units.of(i) for i in d.instructions] == [4, 2, 2]


def test_variable_arguments_need_a_place_of_a_word_on_the_stack(rook: Description) -> None:
    usual = next(c for c in rook.calling_conventions if c.name == find_facts(rook).cc)
    wide = replace(usual, name="CC", stack=((4, 8),))
    others = tuple(c for c in rook.calling_conventions if c.name != usual.name)
    fitting = replace(usual, name="CC_Rook_Fast", stack=((8, 8), (4, 4)))
    assert find_facts(replace(rook, calling_conventions=(*others, wide, fitting))).cc == "CC_Rook_Fast"
    assert find_facts(replace(rook, calling_conventions=(*others, replace(wide, stack=((4, 0),)), fitting))).cc == "CC"


def test_a_jump_to_an_address_has_no_distance(rook: Description) -> None:
    """Only the names of encoders tell: that of jumps differs from that of branches, as in Mips."""
    branch = next(o for o in rook.operand_classes if o.name == "brtarget")
    own = replace(branch, name="jmptarget", encoder_method="getJumpTargetOpValue", operand_type="")
    to_own = tuple(replace(i, ins=tuple(replace(o, type="jmptarget") for o in i.ins)) if i.name == "J" else i for i in rook.instructions)
    d = replace(rook, operand_classes=(*rook.operand_classes, own), instructions=to_own)
    facts, selections = find_facts(d), Selections(d)
    kinds, users = fixups(d, facts)
    jump = next(kinds[u.fixup] for u in users if "J" in u.records)
    assert not jump.pc_relative and not jump.signed
    operands = Operands(d, facts, selections, {})
    expressions = {name: operands.target(name, 0, selections.operands(name)[0]) for name in ("J", "CALL")}
    assert "Here" not in repr(expressions["J"]) and "Here" in repr(expressions["CALL"])
