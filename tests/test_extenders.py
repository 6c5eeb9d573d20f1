"""Immediates whose upper bits another instruction holds, open bits, truth values in registers of their own, and names of C++ in the .td."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_archetypes import cache as cache
from test_archetypes import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.extenders import Extenders
from vega_gen.facts.fixups import fixups
from vega_gen.facts.selections import Selections
from vega_gen.records import Description, GivenFact, Instruction
from vega_gen.tablegen.subtargets import predicate_test


@pytest.fixture(scope="module")
def whimbrel(llvm_source: Path) -> Description:
    return described(Path(__file__).parent / "inputs/Whimbrel.td", "Whimbrel", llvm_source)


@pytest.fixture(scope="module")
def files(whimbrel: Description, llvm_source: Path) -> dict[str, str]:
    ones = {key: GivenFact(key, value, "") for key, value in (("encoding.ones", "49152"), ("encoding.ones_of.EXT", "3"))}
    return archetypes(replace(whimbrel, given=ones), Interface([llvm_source / "llvm/include"])).files


def instruction(d: Description, name: str) -> Instruction:
    return next(i for i in d.instructions if i.name == name)


def test_what_takes_only_upper_bits_extends_operands_whose_type_is_wider_than_their_field(whimbrel: Description) -> None:
    found = Extenders(whimbrel)
    assert (found.record, found.low, found.size) == ("EXT", 6, 4)
    extended = {(i.name, o.name): e for i in whimbrel.instructions for o in i.ins if (e := found.of(i, o.name, o.type))}
    told = {name: (e.bits, e.shift, e.signed, e.always) for (name, _), e in extended.items()}
    assert told == {"SET": (8, 0, True, False), "ADDI": (10, 0, True, False), "ANDI": (10, 0, False, False), "LW": (8, 2, True, False)}


def test_a_symbol_stands_in_both_words(whimbrel: Description) -> None:
    kinds, users = fixups(whimbrel, find_facts(whimbrel))
    n, whole = next((n, k) for n, k in enumerate(kinds) if k.extended)
    # The lower 6 bits stand in SET, which is the second word of two, from its bit 2 on; the others in EXT as its encoding says.
    assert (whole.size, whole.bits, whole.runs) == (8, 32, ((0, 6, 34), (6, 26, 0)))
    assert [u.records for u in users if u.fixup == n] == [("SET",)]


def test_a_number_of_an_extended_operand_may_have_all_bits(whimbrel: Description) -> None:
    m = find_facts(whimbrel)
    assert m.load_immediate and m.load_immediate.text == "SET dst imm" and m.load_immediate.range
    assert (m.load_immediate.range.low, m.load_immediate.range.high) == (-(1 << 31), (1 << 31) - 1)
    assert m.load_symbol and m.load_symbol.record == "SET"


def test_the_emitter_writes_the_extender_first_and_the_open_bits(files: dict[str, str]) -> None:
    text = files["MCTargetDesc/WhimbrelMCCodeEmitter.cpp"]
    assert "case Whimbrel::LW:\n    return {2, 8, 2, true, false};" in text
    assert "Upper.setOpcode(Whimbrel::EXT);" in text and "MCOperand::createImm((Value & 63) << E.Shift)" in text
    opened = text.partition("openBits(unsigned Opcode) {")[2].partition("\n}")[0]
    # 15 and 14 are open in most instructions; EXT has no open bit at all.
    assert "default:\n    return 0xc000;" in opened and "case Whimbrel::EXT:\n    return 0x0;" in opened


def test_truth_values_are_compared_into_and_branched_on_as_patterns_say(whimbrel: Description) -> None:
    found = find_facts(whimbrel).comparisons[32]
    assert {c: (b.compare.text, b.branch.text) for c, b in found.items()} == {
        "eq": ("SAME P0 src src2", "BT P0 target"), "ne": ("SAME P0 src src2", "BF P0 target"),
        "gt": ("MORE P0 src src2", "BT P0 target"), "le": ("MORE P0 src src2", "BF P0 target"),
        "ugt": ("ABOVE P0 src src2", "BT P0 target"), "ule": ("ABOVE P0 src src2", "BF P0 target"),
    }  # fmt: skip


def test_a_half_of_others_is_no_instruction_of_the_assembly(whimbrel: Description, files: dict[str, str]) -> None:
    m = find_facts(whimbrel)
    assert m.returns and m.returns.record == "BACK"
    parser = files["AsmParser/WhimbrelAsmParser.cpp"]
    assert '{Whimbrel::BACK, "jumpr r15",' in parser and "Whimbrel::HALF," not in parser


def test_a_pseudo_stands_for_the_alias_with_its_assembly(whimbrel: Description) -> None:
    assert instruction(whimbrel, "ZEXT").expansion == "(ANDI GR:$d, GR:$a, 255)"
    assert instruction(whimbrel, "OTHER").expansion == ""


def test_the_scheduler_knows_a_class_for_what_is_inside_a_result(files: dict[str, str]) -> None:
    body = files["WhimbrelISelLowering.cpp"].partition("::findRepresentativeClass")[2].partition("\n}")[0]
    assert "case MVT::i64:\n    return {&Whimbrel::DRRegClass, 1};" in body


def test_names_of_registers_may_have_a_colon_and_instructions_a_number_sign(files: dict[str, str]) -> None:
    parser = files["AsmParser/WhimbrelAsmParser.cpp"]
    assert "isLabel(AsmToken &Token) override { return !registerNamed(Token.getString()); }" in parser
    assert 'CommentString = "//";' in files["MCTargetDesc/WhimbrelMCAsmInfo.cpp"]


def test_fields_share_an_enumeration_of_the_targets_namespace(files: dict[str, str]) -> None:
    header = files["WhimbrelSubtarget.h"]
    assert header.count("enum class Level { NoWhole, One, Two };") == 1
    assert "Whimbrel::Level Whole = Whimbrel::Level::NoWhole;" in header and "Whimbrel::Level Wide = Whimbrel::Level::NoWhole;" in header


def test_conditions_may_call_the_subtarget_otherwise(whimbrel: Description, files: dict[str, str]) -> None:
    assert not predicate_test(whimbrel)(["HasTwo"])
    assert re.search(r"const WhimbrelSubtarget \*&WST = Subtarget;", files["WhimbrelISelDAGToDAG.cpp"])
    assert "bool hasTwo() const { return Whole >= Whimbrel::Level::Two; }" in files["WhimbrelSubtarget.h"]


def test_an_immediate_without_an_extender_has_the_bits_of_its_field(whimbrel: Description) -> None:
    without = replace(whimbrel, instructions=tuple(i for i in whimbrel.instructions if i.name != "EXT"))
    s = Selections(without)
    slot = next(o for o in s.operands("ADDI") if o.name == "n")
    assert s.immediate("ADDI", slot).bits == 10
