"""Operands of which a person says where their parts stand, and instructions that set a part of a register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_facts_operations import cache as cache
from test_facts_operations import heron

from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.layouts import PartLayout, read_layout
from vega_gen.facts.operations import OperandRole
from vega_gen.facts.selections import Range, Selections
from vega_gen.records import CallingConvention, Description, GivenFact

MEMORY = """
def near : Operand<i64>, ComplexPattern<i64, 2, "SelectNear", []> {
  let MIOperandInfo = (ops GR, i64imm);
  let EncoderMethod = "getNear";
  let DecoderMethod = "decodeNear";
}
def far : Operand<i64>, ComplexPattern<i64, 3, "SelectFar", []> {
  let MIOperandInfo = (ops GR, GR, i64imm);
  let EncoderMethod = "getFar";
  let DecoderMethod = "decodeFar";
}
def low16 : Operand<i64>, ImmLeaf<i64, [{ return Imm >= 0 && Imm < 65536; }]>;
let mayLoad = 1 in {
  def LDN : I<30, (outs GR:$d), (ins near:$at), "ldn $d, $at", [(set i64:$d, (load near:$at))]> {
    bits<17> at;
    let Inst{15-12} = at{16-13};
    let Inst{16} = at{12};
    let Inst{28-17} = at{11-0};
  }
  def LDF : I<31, (outs GR:$d), (ins far:$at), "ldf $d, $at", [(set i64:$d, (zextloadi16 far:$at))]> {
    bits<14> at;
    let Inst{25-12} = at;
  }
}
def ROLW : I<32, (outs GR:$d), (ins GR:$a, GR:$b), "rolw $d, $a, $b", [(set i64:$d, (rotl (bswap i64:$a), i64:$b))]>;
"""
GIVEN = {"layout.near": "13+4 0+12plus12", "layout.far": "9+4 none@13 0+8minus8"}


CONVENTIONS = tuple(CallingConvention(name, ("R0", "R1"), (), (), callee_saved=False) for name in ("CC_Heron", "RetCC_Heron"))


def told(d: Description, lines: Mapping[str, str]) -> Description:
    return replace(d, given={key: GivenFact(key, value, "Heron.facts.toml:1:1") for key, value in lines.items()})


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, llvm_source: Path) -> Description:
    return heron(tmp_path_factory.mktemp("heron"), llvm_source, MEMORY)


@pytest.fixture(scope="module")
def made(plain: Description, llvm_source: Path) -> Archetypes:
    return archetypes(replace(told(plain, GIVEN), calling_conventions=CONVENTIONS), Interface([llvm_source / "llvm/include"]))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30), st.sampled_from(["", "plus", "minus"]), st.integers(0, 60)), min_size=1))
def test_a_layout_is_read_as_it_is_written(parts: list[tuple[int, int, str, int]]) -> None:
    text = " ".join(f"{low}+{bits}{sign}{at if sign else ''}" for low, bits, sign, at in parts)
    assert read_layout(text) == tuple(PartLayout(low, bits, at if sign else -1, sign != "minus") for low, bits, sign, at in parts)


def test_a_layout_that_does_not_fit_its_operand_is_an_error_at_its_place(plain: Description) -> None:
    for wrong in ("13+4", "13-4 0+12", "near"):
        with pytest.raises(InputError, match=r"does not say where the 2 parts of near stand"):
            find_facts(told(plain, {"layout.near": wrong}))
    with pytest.raises(InputError, match="no operand type neer"):
        find_facts(told(plain, {"layout.neer": "1+1"}))


def test_an_offset_of_a_sign_and_a_magnitude_reaches_as_far_back_as_ahead(plain: Description) -> None:
    s = Selections(told(plain, GIVEN))
    offset = s.immediate("LDN", s.operands("LDN")[2])
    assert (offset.low, offset.high) == (-4095, 4095)
    assert s.places("LDN", "at") == ((13, 4), (0, 12))
    usual = Selections(plain)
    assert usual.immediate("LDN", usual.operands("LDN")[2]) == Range(13, signed=True)


def test_a_register_that_is_left_out_is_none_in_code_and_in_the_encoding(plain: Description, made: Archetypes) -> None:
    load = made.machine.loads["zext", 16]
    assert load.roles == (OperandRole.DST, OperandRole.BASE, OperandRole.FIXED, OperandRole.IMM) and load.value(2) == "zero_reg"
    assert ("zext", 16) not in find_facts(plain).loads  # nobody says what the second register is
    selector = made.files["HeronISelDAGToDAG.cpp"].partition("::SelectFar(")[2].partition("\n}")[0]
    assert "Op1 = CurDAG->getRegister(0, " in selector and "splitAddress(N, Op0, Op2, -255, 255, 1)" in selector
    frames = made.files["HeronRegisterInfo.cpp"]
    assert "case Heron::LDF:\n    OffsetOperand = FIOperandNum + 2;" in frames


def test_encoder_and_decoder_follow_the_layout(made: Archetypes) -> None:
    emitter = made.files["MCTargetDesc/HeronMCCodeEmitter.cpp"]
    near, far = (emitter.partition(f"Emitter::{name}(")[2].partition("\n}")[0] for name in ("getNear", "getFar"))
    assert "withSign(encode(MI, OpNo + 1, Fixups), 12, 0, 12, true)" in near
    assert "1ULL << 13" in far and "withSign(encode(MI, OpNo + 2, Fixups), 8, 0, 8, false)" in far
    decoder = made.files["Disassembler/HeronDisassembler.cpp"]
    near, far = (decoder.partition(f"DecodeStatus {name}(")[2].partition("\n}")[0] for name in ("decodeNear", "decodeFar"))
    assert "bool Plus2 = (static_cast<uint64_t>(Val) >> 12 & 1);" in near
    assert "bool Plus3 = !(static_cast<uint64_t>(Val) >> 8 & 1);" in far and "createReg(0)" in far


def test_a_rotation_of_some_other_result_is_no_rotation_of_a_register(plain: Description) -> None:
    assert "rotl" not in find_facts(plain).legal


HALVES = """
def low16 : Operand<i32>, ImmLeaf<i32, [{ return Imm >= 0 && Imm < 65536; }]>;
def high16 : ImmLeaf<i32, [{ return (Imm & 0xffff) == 0; }]>;
def MOVW : I<40, (outs GR:$d), (ins low16:$i), "movw $d, $i", [(set i32:$d, low16:$i)]> {
  bits<16> i;
  let Inst{31-16} = i;
}
let Constraints = "$d = $a" in
def MOVT : I<41, (outs GR:$d), (ins GR:$a, low16:$i), "movt $d, $i", [(set i32:$d, (or (and i32:$a, 0xffff), high16:$i))]> {
  bits<16> i;
  let Inst{31-16} = i;
}
"""


def test_a_number_is_set_low_half_first_where_the_other_instruction_keeps_that(tmp_path: Path, llvm_source: Path) -> None:
    d = replace(heron(tmp_path, llvm_source, HALVES, bits=32), calling_conventions=CONVENTIONS)
    m = find_facts(d)
    assert m.upper and m.load_immediate
    assert (m.upper.text, m.load_immediate.text, m.low, m.upper_shift) == ("MOVT dst src imm", "MOVW dst imm", "insert", 16)
    made = archetypes(d, Interface([llvm_source / "llvm/include"]))
    assert "upper" not in made.limits
    constant = made.files["HeronISelDAGToDAG.cpp"].partition("::selectConstant(")[2].partition("\n}")[0]
    assert constant.index("Heron::MOVW, DL, MVT::i32, {Immediate(Value & 0xffff)}") < constant.index("Heron::MOVT")
    assert "{SDValue(Low, 0), Immediate((Value >> 16) & 0xffff)}" in constant


def test_a_list_that_keeps_a_result_is_that_of_interrupts(plain: Description) -> None:
    lists = (CallingConvention("CSR_I", ("R0", "R1", "R4"), (), (), True), CallingConvention("CSR_Usual", ("R4", "R5"), (), (), True))
    assert find_facts(replace(plain, calling_conventions=(*CONVENTIONS, *lists))).csr == "CSR_Usual"
