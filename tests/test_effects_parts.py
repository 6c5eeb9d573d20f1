"""What instructions do to registers of which their operands are a part, and what patterns that fix an operand say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_effects import said
from test_facts_operations import cache as cache
from test_narrow_parts import described as narrow

from vega_gen.facts import find_facts
from vega_gen.facts.arithmetic import binary
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView
from vega_gen.records import Description, GivenFact
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import Assign, Binary, CallTo, Effect, Jump, Number, OperandNumber, OperandRegister, Require
from vega_gen.simulate.storage import Piece, storage

MORE = """
def coded : Operand<i64>, PatLeaf<(imm), [{ return isCoded(N->getZExtValue()); }]>;
def high : PatLeaf<(imm), [{ return (N->getZExtValue() & 0xffffffff) == 0; }]>;
def HIGH : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(Hi_32(N->getZExtValue()), SDLoc(N), MVT::i64); }]>;
def place : Operand<i64> { let MIOperandInfo = (ops GR, i64imm, i64imm); }
def ADDC : I<60, (outs GR:$d), (ins GR:$a, coded:$n), "addc $d, $a, $n", [(set i64:$d, (add i64:$a, coded:$n))]> {
  bits<7> n;
  let Inst{31-25} = n;
}
def LEAH : I<61, (outs GR:$d), (ins place:$at), "leah $d, $at", []> { bits<20> at; let Inst{31-12} = at; }
def signed32 : PatLeaf<(imm), [{ return isInt<32>(N->getSExtValue()); }]>;
def LOW : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(Lo_32(N->getZExtValue()), SDLoc(N), MVT::i64); }]>;
def LEAL : I<66, (outs GR:$d), (ins place:$at), "leal $d, $at", []> { bits<20> at; let Inst{31-12} = at; }
def : Pat<(add i64:$a, signed32:$n), (LEAL i64:$a, 0, (LOW imm:$n))>;
def ANDC : I<67, (outs GR:$d), (ins GR:$a, coded:$n), "andc $d, $a, $n", [(set i64:$d, (and i64:$a, coded:$n))]> {
  bits<7> n;
  let Inst{31-25} = n;
}
def : Pat<(and i64:$a, 255), (ANDC i64:$a, 120)>;
def EXT : I<62, (outs WR:$d), (ins WR:$a, i64imm:$n), "ext $d, $a, $n", []> { bits<7> n; let Inst{31-25} = n; }
def JSAVE : I<64, (outs GR:$d), (ins GR:$a, GR:$b), "jsave $d, $a, $b", []>;
def callnode : SDNode<"HeronISD::CALL", SDTypeProfile<0, -1, [SDTCisVT<0, i64>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
let isCodeGenOnly = 1, isCall = 1, Defs = [LR], d = 9, b = 3 in
def CALLR : I<64, (outs), (ins GR:$a, variable_ops), "jsave lr, $a, r3", [(callnode i64:$a)]>;
def to : Operand<OtherVT>;
let isBranch = 1, isTerminator = 1 in
def BRC : I<65, (outs), (ins i32imm:$c, GR:$a, GR:$b, to:$to), "br$c $a, $b, $to", []> {
  bits<8> to;
  bits<4> c;
  let Inst{31-24} = to;
  let d = c;
}
let mayLoad = 1 in
def LDBS : I<63, (outs WR:$d), (ins GR:$a), "ldbs $d, $a", [(set i32:$d, (sextloadi8 i64:$a))]>;
def wide : OutPatFrag<(ops node:$x), (INSERT_SUBREG (i64 (IMPLICIT_DEF)), $x, lo)>;
def : Pat<(add i64:$a, high:$n), (LEAH i64:$a, 0, (HIGH imm:$n))>;
def : Pat<(i64 (sextloadi8 i64:$a)), (wide (LDBS i64:$a))>;
def : Pat<(i64 (sext i32:$a)), (wide (EXT i32:$a, 1))>;
"""


@pytest.fixture(scope="module")
def heron(tmp_path_factory: pytest.TempPathFactory, llvm_source: Path) -> Description:
    return narrow(tmp_path_factory.mktemp("heron"), llvm_source, MORE)


def of(d: Description, record: str) -> Effect:
    found = next(e for e in effects(d, find_facts(d)) if e.record == record)
    assert isinstance(found, Effect), found
    return found


def test_a_pattern_of_the_whole_register_says_how_its_rest_is_set(heron: Description) -> None:
    load = of(heron, "LDBS")
    assert [(a.fill, said(a.value)) for a in load.actions if isinstance(a, Assign)] == [("sext", "s8[r1]")]
    assert [a.fill for a in of(heron, "ADDW").actions if isinstance(a, Assign)] == [""]  # its patterns say nothing of the rest


def test_a_pattern_that_fixes_an_operand_holds_for_that_number(heron: Description) -> None:
    extension = of(heron, "EXT")
    assert [(a.index, a.value) for a in extension.actions if isinstance(a, Require)] == [(2, (1,))]
    assert [(a.fill, said(a.value)) for a in extension.actions if isinstance(a, Assign)] == [("sext", "r1")]


def test_the_parts_of_an_address_are_given_one_by_one_and_an_upper_half_is_shifted_back(heron: Description) -> None:
    upper = of(heron, "LEAH")
    assert [(a.index, a.value) for a in upper.actions if isinstance(a, Require)] == [(2, (0,))]
    [value] = [a.value for a in upper.actions if isinstance(a, Assign)]
    match value:
        case Binary("add", OperandRegister(1), Binary("shl", OperandNumber(3), Number(32))):
            pass
        case _:
            pytest.fail(said(value))


def test_the_lower_part_of_a_number_that_fits_is_the_number(heron: Description) -> None:
    match [a.value for a in of(heron, "LEAL").actions if isinstance(a, Assign)]:
        case [Binary("add", OperandRegister(1), OperandNumber(3))]:
            pass
        case other:
            pytest.fail(str(other))


def test_a_pattern_for_a_certain_number_says_which_code_stands_for_it(heron: Description) -> None:
    told = said(next(a.value for a in of(heron, "ANDC").actions if isinstance(a, Assign)))
    assert "120" in told and "255" in told


def test_a_person_says_for_which_number_a_code_stands(heron: Description) -> None:
    line = {"number.coded.96": GivenFact("number.coded.96", "4294967295", "Heron.facts.toml:1:1")}
    told = [said(a.value) for a in of(replace(heron, given=line), "ADDC").actions if isinstance(a, Assign)]
    assert len(told) == 1 and "4294967295" in told[0] and "96" in told[0]
    assert "96" not in said(next(a.value for a in of(heron, "ADDC").actions if isinstance(a, Assign)))
    assert binary(TargetView(heron), "add", OperandKind.IMM) is None  # nobody knows which numbers have a code


def test_bits_may_be_numbered_from_the_left(heron: Description) -> None:
    """As where the part for integers is bits 32 to 63, and that of other values bits 0 to 31."""
    first = next(r for r in heron.registers if r.name == "R0")
    other = replace(next(r for r in heron.registers if r.name == "W0"), name="F0")
    turned = replace(first, subregisters=("W0", "F0"), places=((32, 32), (0, 32)))
    d = replace(heron, registers=(*(turned if r.name == "R0" else r for r in heron.registers), other))
    index = {r.name: n for n, r in enumerate(d.registers)}
    held = storage(d)
    box = held.pieces[index["R0"]][0].box
    assert held.pieces[index["R0"]] == (Piece(0, box, 0, 64),)
    assert held.pieces[index["W0"]] == (Piece(0, box, 0, 32),)
    assert held.pieces[index["F0"]] == (Piece(0, box, 32, 32),)


def test_an_instruction_does_what_a_special_case_of_it_does_with_the_same_operands(heron: Description) -> None:
    call = of(heron, "JSAVE")
    assert [(a.index, a.value) for a in call.actions if isinstance(a, Require)] == [(0, "LR"), (2, "R3")]
    assert [said(a) for a in call.actions if isinstance(a, CallTo)] == ["call r1 from LR"]


def test_a_branch_with_the_number_of_a_condition_tests_the_one_that_it_has(heron: Description) -> None:
    lines = {f"instruction.branch.{c}": f"BRC {number} src src2 target" for c, number in (("eq", 4), ("ne", 3), ("lt", 2))}
    d = replace(heron, given={key: GivenFact(key, value, "Heron.facts.toml:1:1") for key, value in lines.items()})
    [jump] = [a for a in of(d, "BRC").actions if isinstance(a, Jump)]
    assert jump.condition is not None
    text = said(jump.condition)
    for number, condition in ((4, "eq"), (3, "ne"), (2, "lt")):
        assert f"eq(#0, {number}) ? {condition}(r1, r2) : " in text
