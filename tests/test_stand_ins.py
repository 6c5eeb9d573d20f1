"""Pseudo instructions that patterns select and nothing encodes, and the instructions that stand for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_archetypes import cache as cache
from test_archetypes import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.records import Description
from vega_gen.tablegen.stand_ins import with_stand_ins


@pytest.fixture(scope="module")
def ibis(llvm_source: Path) -> Description:
    return described(Path(__file__).parent / "inputs/Ibis.td", "Ibis", llvm_source)


def test_a_pseudo_stands_for_the_instruction_of_its_pattern_with_what_an_alias_leaves_out(ibis: Description) -> None:
    assert {i.name: i.expansion for i in ibis.instructions if i.expansion} == {
        "ADD": "(ADDS GR:$to, GR:$x, GR:$y, 64)",
        "ORN": "(ORNS GR:$to, GR:$x, GR:$y, 64)",
        "MULTIPLY": "(MUL GR:$to, GR:$x, GR:$y)",
    }


def test_an_inserter_or_an_expansion_of_the_td_goes_before(ibis: Description) -> None:
    def made(name: str, **changed: object) -> str:
        others = (replace(i, expansion="") for i in ibis.instructions)
        told = with_stand_ins(replace(ibis, instructions=tuple(replace(i, **changed) if i.name == name else i for i in others)))  # type: ignore[arg-type]
        return {i.name: i.expansion for i in told.instructions}[name]

    assert made("ADD") == "(ADDS GR:$to, GR:$x, GR:$y, 64)"
    assert made("ADD", flags=frozenset({"isPseudo", "usesCustomInserter"})) == ""
    assert made("ADD", expansion="(SUBS GR:$to, GR:$x, GR:$y, 1)") == "(SUBS GR:$to, GR:$x, GR:$y, 1)"


def test_the_printer_writes_what_stands_for_a_pseudo_and_its_size_is_that(ibis: Description, llvm_source: Path) -> None:
    files = archetypes(ibis, Interface([llvm_source / "llvm/include"])).files
    printed = f"MCInstBuilder(Ibis::ADDS){''.join(f'.addOperand(Inst.getOperand({n}))' for n in range(3))}.addImm(64)"
    assert f"case Ibis::ADD:\n    Inst = {printed};" in files["IbisAsmPrinter.cpp"]
    sizes = files["IbisInstrInfo.cpp"].partition("getInstSizeInBytes")[2].partition("\n}")[0]
    assert "case Ibis::ADD:" in sizes and "Size = 4;" in sizes and "case Ibis::SUB:" not in sizes


def test_predicates_of_instructions_are_defined_where_the_td_has_some(ibis: Description, llvm_source: Path) -> None:
    llvm = Interface([llvm_source / "llvm/include"])
    for has, d in ((True, ibis), (False, replace(ibis, data=ibis.data | {"InstrInfo.predicates": "0"}))):
        files = archetypes(d, llvm).files
        assert ("GET_INSTRINFO_MC_HELPER_DECLS" in files["MCTargetDesc/IbisMCTargetDesc.h"]) is has
        assert ("GET_INSTRINFO_MC_HELPERS" in files["MCTargetDesc/IbisMCTargetDesc.cpp"]) is has
