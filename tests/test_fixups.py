"""Fixups, and registers that calls keep, of a made-up target whose .td is changed a little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from llvm_integration.discover import find_installation
from vega_gen import tablegen
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.records import Description


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


def test_an_empty_list_says_that_a_call_keeps_nothing(rook: Description) -> None:
    emptied = tuple(replace(c, registers=()) if c.callee_saved else c for c in rook.calling_conventions)
    assert find_facts(rook).saved
    assert find_facts(replace(rook, calling_conventions=emptied)).saved == ()
