"""What the simulator makes of patterns that fix operands of an instruction, and of leaves whose numbers go through a transform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_effects import said, told
from test_facts_operations import heron

from vega_gen.facts import find_facts
from vega_gen.facts.selections import Selections
from vega_gen.records import Description
from vega_gen.simulate.effects import effects

FIXED = """
def five : Operand<i64>, ImmLeaf<i64, [{ return isUInt<5>(Imm); }]>;
class Field<bits<8> op, string name> : I<op, (outs GR:$d), (ins GR:$a, five:$high, five:$low), name # " $d, $a, $high, $low", []> {
  bits<5> high;
  bits<5> low;
  let b = 0;
  let Inst{24-20} = high;
  let Inst{29-25} = low;
  let Inst{31-30} = 0;
}
def EXTRACT : Field<30, "ext">;
def : Pat<(and i64:$a, 255), (EXTRACT i64:$a, 7, 0)>;
def : Pat<(and i64:$a, 65535), (EXTRACT i64:$a, 15, 0)>;
def SIGNED : Field<31, "sext">;
let isCodeGenOnly = 1 in
def SIGNED8 : I<31, (outs GR:$d), (ins GR:$a), "sext8 $d, $a", [(set i64:$d, (sext_inreg i64:$a, i8))]> {
  let b = 0;
  let Inst{24-20} = 7;
  let Inst{31-25} = 0;
}
let mayStore = 1 in
def STXX : I<32, (outs), (ins GR:$d, GR:$a, GR:$b, five:$n), "stxx $d, $a, $b, $n", []> {
  bits<5> n;
  let Inst{24-20} = n;
  let Inst{31-25} = 0;
}
def : Pat<(store i64:$d, (add i64:$a, i64:$b)), (STXX i64:$d, i64:$a, i64:$b, 0)>;
def : Pat<(store i64:$d, (add i64:$a, (shl i64:$b, (i64 3)))), (STXX i64:$d, i64:$a, i64:$b, 3)>;

def inverse : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(~N->getSExtValue(), SDLoc(N), MVT::i64); }]>;
def minus : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(-N->getSExtValue(), SDLoc(N), MVT::i64); }]>;
def upper : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant((N->getZExtValue() >> 12) & 0xfff, SDLoc(N), MVT::i64); }]>;
def place : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(Log2_64(N->getZExtValue()), SDLoc(N), MVT::i64); }]>;
def inverted : Operand<i64>, ImmLeaf<i64, [{ return isUInt<12>(~Imm); }], inverse>;
def negative : Operand<i64>, ImmLeaf<i64, [{ return isUInt<12>(-Imm); }], minus>;
def upper12 : Operand<i64>, ImmLeaf<i64, [{ return isShiftedUInt<12, 12>(Imm); }], upper>;
def onebit : PatLeaf<(imm), [{ return isPowerOf2_64(N->getZExtValue()); }]>;
class Imm<bits<8> op, string name, list<dag> pattern, Operand type> : I<op, (outs GR:$d), (ins GR:$a, type:$i), name, pattern> {
  bits<12> i;
  let b = 0;
  let Inst{31-20} = i;
}
def ANDN : Imm<33, "andn $d, $a, $i", [(set i64:$d, (and i64:$a, inverted:$i))], inverted>;
def TAKE : Imm<34, "take $d, $a, $i", [(set i64:$d, (add i64:$a, negative:$i))], negative>;
def HIGH : Imm<35, "high $d, $a, $i", [(set i64:$d, (or i64:$a, upper12:$i))], upper12>;
def BSET : Imm<36, "bset $d, $a, $i", [], five>;
def : Pat<(or i64:$a, onebit:$i), (BSET i64:$a, (place onebit:$i))>;
def ROTI : Imm<37, "roti $d, $a, $i", [(set i64:$d, (rotr i64:$a, five:$i))], five>;
def SWAP : I<38, (outs GR:$d), (ins GR:$a), "swap $d, $a", []>;
def : Pat<(bswap i64:$a), (ROTI (SWAP i64:$a), 16)>;
def gap : PatLeaf<(imm), [{
  uint64_t Imm = N->getZExtValue();
  unsigned Low, Count;
  return isShiftedMask_64(~Imm, Low, Count);
}]>;
class End<string which> : SDNodeXForm<imm, [{
  uint64_t Imm = N->getZExtValue();
  unsigned Low, Count;
  isShiftedMask_64(~Imm, Low, Count);
  return CurDAG->getTargetConstant(}] # which # [{, SDLoc(N), MVT::i64);
}]>;
def last : End<"Low + Count - 1">;
def first : End<"Low">;
def INSERT : I<39, (outs GR:$d), (ins GR:$a, GR:$b, five:$high, five:$low), "insert $d, $a, $b, $high, $low", []> {
  bits<5> high;
  bits<5> low;
  let Inst{24-20} = high;
  let Inst{29-25} = low;
}
def : Pat<(and i64:$a, gap:$n), (INSERT i64:$a, R0, (last gap:$n), (first gap:$n))>;
"""


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory, llvm_source: Path) -> Description:
    return heron(tmp_path_factory.mktemp("fixed"), llvm_source, FIXED)


def test_patterns_that_fix_operands_tell_what_the_instruction_does_with_these_numbers(fixed: Description) -> None:
    found = told(fixed)
    assert found["EXTRACT"] == (
        "operand 2 is (7, 15) * operand 3 is (0, 0) * r0 = and(eq(#2, 7), eq(#3, 0)) ? and(r1, 255) : and(r1, 65535)"
    )
    assert found["STXX"] == "operand 3 is (0, 3) * 64[eq(#3, 0) ? add(r1, r2) : add(r1, shl(r2, 3))] = r0"


def test_an_instruction_for_the_compiler_alone_tells_what_another_does_with_the_numbers_in_its_encoding(fixed: Description) -> None:
    assert told(fixed)["SIGNED"] == "operand 2 is (7,) * operand 3 is (0,) * r0 = sext64(trunc8(r1))"


def test_an_instruction_holds_what_the_transform_of_a_leaf_makes_of_a_number(fixed: Description) -> None:
    found = told(fixed)
    assert found["ANDN"] == "r0 = and(r1, xor(#2:u12, -1))"
    assert found["TAKE"] == "r0 = add(r1, sub(0, #2:u12))"
    assert found["HIGH"] == "r0 = or(r1, #2:u12<<12)"
    assert found["BSET"] == "r0 = or(r1, shl(1, #2:u5))"
    assert Selections(fixed).part("upper12") == (12, 0)


def test_an_instruction_whose_result_another_rotates_computes_the_pattern_rotated_back(fixed: Description) -> None:
    assert told(fixed)["SWAP"] == "r0 = rotr(bswap64(r1), 48)"


def test_the_ends_of_a_mask_in_two_operands_are_the_mask(fixed: Description) -> None:
    zero = replace(find_facts(fixed), zero="R0")
    found = next(e for e in effects(fixed, zero) if e.record == "INSERT")
    assert said(found) == "operand 2 is 'R0' * r0 = and(r1, xor(shl(sub(shl(2, sub(#3:u5, #4:u5)), 1), #4:u5), -1))"
    assert "nobody knows" in told(fixed)["INSERT"] or "fix an operand" in told(fixed)["INSERT"]  # where R0 holds anything
