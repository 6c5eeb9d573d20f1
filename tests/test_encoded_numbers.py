"""Numbers that fields hold in another form than assembly: less one, or without their low bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_archetypes import cache as cache
from test_archetypes import described

from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.values import values
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.selections import OperandKind, Range, Selections
from vega_gen.records import Description
from vega_gen.simulate.encoded import Encoded


@pytest.fixture(scope="module")
def ibis(llvm_source: Path) -> Description:
    return described(Path(__file__).parent / "inputs/Ibis.td", "Ibis", llvm_source)


@pytest.fixture(scope="module")
def made(ibis: Description, llvm_source: Path) -> Archetypes:
    return archetypes(ibis, Interface([llvm_source / "llvm/include"]))


def test_a_predicate_says_what_a_field_leaves_out_and_what_it_counts_from(ibis: Description) -> None:
    s = Selections(ibis)
    assert s.said("next") == Range(2, signed=False, bias=1)
    found = {name: s.scale(name, s.operands(name)[-1]) for name in ("ADDI", "LW", "LD", "SHADD", "J", "JAL")}
    assert found == {"ADDI": 0, "LW": 2, "LD": 3, "SHADD": 0, "J": 2, "JAL": 2}
    shifted = replace(ibis, fragments=tuple(replace(f, code="return isInt<8>(Imm >> 2);") for f in ibis.fragments if f.name == "fours"))
    assert Selections(shifted).said("fours") == Range(8, signed=True, shift=2)


@given(bits=st.integers(1, 8), signed=st.booleans(), shift=st.integers(0, 4), bias=st.integers(0, 9))
def test_a_range_has_the_bounds_of_what_its_field_can_hold(bits: int, signed: bool, shift: int, bias: int) -> None:
    r = Range(bits, signed, shift, bias=bias)
    held = range(-(1 << bits - 1), 1 << bits - 1) if signed else range(1 << bits)
    assert (r.low, r.high) == (min(held) * 2**shift + bias, max(held) * 2**shift + bias)


def test_a_number_that_only_calls_have_is_a_distance_where_it_is_encoded_as_one(ibis: Description) -> None:
    s = Selections(ibis)
    assert [s.kind(name) for name in ("callee", "place", "fours")] == [OperandKind.TARGET, OperandKind.TARGET, OperandKind.IMM]


def test_one_method_for_many_fields_takes_what_they_differ_in_from_its_parameters(made: Archetypes) -> None:
    emitter = " ".join(made.files["MCTargetDesc/IbisMCCodeEmitter.cpp"].split())
    assert "return encode(MI, OpNo, Fixups) >> P0;" in emitter
    assert "return (encode(MI, OpNo, Fixups) - 1);" in emitter
    disassembler = " ".join(made.files["Disassembler/IbisDisassembler.cpp"].split())
    assert "createImm(SignExtend64<P0>(Val) * (int64_t(1) << P1))" in disassembler
    assert "createImm(static_cast<int64_t>(Val) + P1)" in disassembler


def test_the_simulator_reads_the_numbers_of_the_assembly(ibis: Description) -> None:
    """lw r1, r2, -4 and shadd r1, r2, r3, 4."""
    decoded = (Encoded(ibis).decode(word.to_bytes(4, "little"), little=True) for word in (0x0200FF12, 0x04003312))
    assert [one[2][-1] for one in decoded if one] == [-4, 4]


def test_the_value_type_of_a_register_is_what_its_method_returns(ibis: Description, llvm_source: Path) -> None:
    made = values(ibis, find_facts(ibis), Interface([llvm_source / "llvm/include"]), "ibis")
    assert (made["register_type_methods"], made["register_width_methods"]) == (["getILenVT"], [])


def test_each_instance_of_a_template_decodes_the_registers_of_its_class(made: Archetypes) -> None:
    text = " ".join(made.files["Disassembler/IbisDisassembler.cpp"].split())
    assert text.count("static DecodeStatus decodeRegister(MCInst &Inst, unsigned RegNo,") == 1  # declared, defined for no class
    few = text.partition("template <> DecodeStatus decodeRegister<Ibis::FRRegClassID>(")[2].partition("}")[0]
    assert few.endswith("Registers[] = {Ibis::F0, Ibis::F1, ")
    many = text.partition("template <> DecodeStatus decodeRegister<Ibis::GRRegClassID>(")[2].partition("}")[0]
    assert many.endswith("Ibis::R15, ")


def test_a_number_of_which_only_names_tell_does_not_hide_what_predicates_say(tmp_path: Path, llvm_source: Path) -> None:
    """It goes through the same method, and its argument is not what its names tell."""
    text = (Path(__file__).parent / "inputs/Ibis.td").read_text()
    more = """
def bare : Operand<i32> {
  let ParserMatchClass = Asm<"Bare">;
  let EncoderMethod = "encodeAsr<1>";
  let DecoderMethod = "decodeSigned<8, 1>";
}
def ADDB : Load<99, "addb", bare>;
def IbisInstrInfo"""
    td = tmp_path / "Ibis.td"
    td.write_text(text.replace("\ndef IbisInstrInfo", more))
    d = described(td, "Ibis", llvm_source)
    files = archetypes(d, Interface([llvm_source / "llvm/include"])).files
    assert "createImm(SignExtend64<P0>(Val) * (int64_t(1) << P1))" in " ".join(files["Disassembler/IbisDisassembler.cpp"].split())
    assert "return encode(MI, OpNo, Fixups) >> P0;" in " ".join(files["MCTargetDesc/IbisMCCodeEmitter.cpp"].split())
