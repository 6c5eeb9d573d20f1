"""Loads, stores, numbers and nops: by pattern, by what a pattern's fragments expand to, and by mnemonic where there is no pattern."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vega_gen.facts import find_facts
from vega_gen.facts.find import Facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Range, Selections
from vega_gen.records import Description
from vega_gen.tablegen import describe, predicates

TESTS = Path(__file__).parent
FIXED = OperandRole.FIXED


@pytest.fixture
def jay(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Facts:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    return find_facts(jay_described(llvm_source))


def jay_described(llvm_source: Path) -> Description:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(TESTS / "inputs/Jay.td", folder="Jay", llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


def test_loads_are_found_by_fragment_and_by_mnemonic(jay: Facts) -> None:
    assert {key: op.record for key, op in jay.loads.items()} == {("", 32): "LW", ("sext", 8): "LB", ("zext", 8): "LBU"}
    assert jay.loads["sext", 8].roles == (OperandRole.DST, OperandRole.BASE, OperandRole.IMM)


def test_a_store_without_a_pattern_has_its_base_in_brackets(jay: Facts) -> None:
    roles = (OperandRole.SRC, OperandRole.BASE, OperandRole.IMM)
    assert {bits: (op.record, op.roles) for bits, op in jay.stores.items()} == {8: ("SB", roles), 32: ("SW", roles)}


def test_the_predicate_of_a_leaf_limits_an_immediate(jay: Facts) -> None:
    assert jay.add_immediate and jay.add_immediate.range == Range(16, signed=False)
    assert jay.shift_immediate and jay.shift_immediate.range == Range(5, signed=False)


def test_an_address_may_hold_a_register_of_the_pointers_class(jay: Facts) -> None:
    assert jay.loads["", 32].range == Range(16, signed=True)  # of 20 bits, 4 are the register's


def test_an_instruction_that_takes_all_registers_goes_before_one_that_takes_few(jay: Facts) -> None:
    assert jay.add_immediate and jay.add_immediate.record == "ADDI"


def test_a_pattern_for_any_number_is_no_use_where_the_field_is_narrow(jay: Facts) -> None:
    assert not jay.whole_constants
    assert jay.load_immediate and jay.load_immediate.record == "LI"  # and not RSET


def test_a_branch_that_compares_with_a_number_is_none_of_two_registers(jay: Facts) -> None:
    assert not jay.branches and jay.branch_nonzero and jay.branch_nonzero.record == "BNZ"


def test_a_pattern_that_tablegen_drops_is_none(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    assert "null_frag" not in Selections(jay_described(llvm_source)).roots


def test_a_call_is_encoded_as_a_jump_to_an_address(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    d = jay_described(llvm_source)
    kinds, users = fixups(d, find_facts(d))
    used = {record: kinds[u.fixup] for u in users for record in u.records}
    assert (used["CALL"].pc_relative, used["CALL"].part, used["CALL"].shift) == (False, "", 2)
    assert used["BNZ"].pc_relative


def test_a_nop_may_have_an_operand(jay: Facts) -> None:
    assert jay.nop == Operation("NOP", (FIXED,), fixed=((0, "0"),))


def test_a_condition_takes_the_subtarget_by_dot_too(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    d = jay_described(llvm_source)
    assert predicates.asked(d) == {"hasShift", "noShift"}
    assert (predicates.answer(d, "hasShift"), predicates.answer(d, "noShift")) == ("", "true")
