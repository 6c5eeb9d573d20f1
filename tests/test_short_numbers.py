"""A machine of 16 bits: numbers in two parts, calls that reach less than a program, offsets without their lowest bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from vega_gen.archetypes.completion.decodable import part
from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.archetypes.files import archetypes
from vega_gen.archetypes.legality import legality_actions
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.ranges import Range
from vega_gen.facts.selections import Selections
from vega_gen.records import Description
from vega_gen.tablegen import describe
from vega_gen.tablegen.older_encodings import SPACE

DIPPER = Path(__file__).parent / "inputs/Dipper.td"
PREFIX = Path("/usr/lib/llvm-19")


def described(td: Path) -> Description:
    return describe(td, folder="Dipper", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")


@pytest.fixture(scope="module")
def dipper() -> Description:
    return described(DIPPER)


def edited(tmp_path: Path, *changes: str) -> Description:
    """``changes``: what stands once in the description, and in its place; and so on."""
    text = DIPPER.read_text()
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    td = tmp_path / "Dipper.td"
    td.write_text(text)
    return described(td)


def test_the_parts_of_a_number_are_as_wide_as_an_address(dipper: Description) -> None:
    m = find_facts(dipper)
    assert m.upper and m.upper.record == "LUI" and (m.low, m.upper_shift) == ("add", 10)
    selector = archetypes(dipper, Interface([PREFIX / "include"])).files["DipperISelDAGToDAG.cpp"]
    assert "int64_t Low = SignExtend64<10>(Value);" in selector and "(Value - Low) >> 10)" in selector


def test_what_is_shifted_afterwards_is_no_upper_part(tmp_path: Path) -> None:
    d = edited(tmp_path, "(ADDI (LUI (HI6 imm:$n)), (LO10 imm:$n))", "(INS (LI (HI6 imm:$n)), (INS10 imm:$n))")
    m = find_facts(d)
    assert m.load_immediate and m.load_immediate.record == "LI" and (m.upper is None or m.upper.record != "LI")


def test_a_call_that_reaches_less_than_programs_are_long_goes_through_a_register(dipper: Description, tmp_path: Path) -> None:
    m = find_facts(dipper)
    assert m.calls.direct and m.calls.direct.record == "JAL" and m.calls.near
    lowering = archetypes(dipper, Interface([PREFIX / "include"])).files["DipperISelLowering.cpp"]
    assert "getTargetExternalSymbol" not in lowering.partition("::LowerCall(")[2].partition("\n}")[0]
    call = "{ bits<11> t; let Inst{16-6} = t; }\n  def JALR"
    assert not find_facts(edited(tmp_path, call, call.replace("11", "16").replace("16-6", "21-6"))).calls.near


def test_bits_below_the_lowest_of_a_field_are_zero(dipper: Description) -> None:
    s = Selections(dipper)
    assert s.immediate("LWS", next(o for o in s.operands("LWS") if o.name == "n")) == Range(6, True, 1)


def test_a_product_of_parts_is_no_product_of_whole_registers(dipper: Description, tmp_path: Path) -> None:
    action = "setOperationAction(ISD::MUL, MVT::i16, LibCall);"
    assert action in legality_actions(dipper, find_facts(dipper), set())
    whole = edited(tmp_path, 'def OR : Three<2, "or", or>;', 'def OR : Three<2, "or", or>;\ndef MUL : Three<16, "mul", mul>;')
    assert action not in legality_actions(whole, find_facts(whole), set())


def test_the_parts_of_a_bundle_are_not_decoded(tmp_path: Path) -> None:
    """Where no instruction has a size: ADD alone is 24 bits, the other stands in a bundle beside an instruction that has the open bits."""
    text = DIPPER.read_text().replace("  let Size = 3;\n", "").replace("field bits<24> Inst = 0;", "field bits<24> Inst;")
    add = 'def ADD : Three<1, "add", add>'
    text = text.replace(f"{add};", f'{add} {{ let Inst{{23-20}} = 2; let Inst{{7-6}} = 0; }}\ndef ADD_SLOT : Three<1, "add", null_frag>;')
    td = tmp_path / "Dipper.td"
    td.write_text(text)
    d = described(td)
    assert {i.name for i in d.instructions if i.decoder_namespace == SPACE} >= {"ADD", "ADD_SLOT", "OR"}
    made = part(Lacking(d, find_facts(d), text))
    assert "AdditionalEncoding<ADD>" in made and "AdditionalEncoding<OR>" in made and "ADD_SLOT" not in made


def test_a_field_as_wide_as_the_number_has_its_zero_bits(tmp_path: Path) -> None:
    """An even distance of 11 bits: in a field of 11 bits it stands as it is, in one of 10 bits without its lowest bit."""
    even = "def target : Operand<OtherVT>, ImmLeaf<OtherVT, [{ return isShiftedInt<10, 1>(Imm); }]>;"
    d = edited(tmp_path, "def target : Operand<OtherVT>;", even)
    s = Selections(d)
    assert s.scale("J", next(o for o in s.operands("J"))) == 0
    assert {(f.bits, f.shift) for f in fixups(d, find_facts(d))[0] if f.pc_relative and f.use == "jump"} == {(11, 0)}
    field = "{ bits<11> t; let Inst{16-6} = t; }\n  let isIndirect"
    narrow = edited(tmp_path, "def target : Operand<OtherVT>;", even, field, field.replace("11", "10").replace("16-6", "15-6"))
    s = Selections(narrow)
    assert s.scale("J", next(o for o in s.operands("J"))) == 1


def test_a_jump_that_a_pattern_does_by_a_call_is_none(tmp_path: Path) -> None:
    d = edited(tmp_path, "def : Pat<(simm16:$n)", "def : Pat<(brind GPR:$a), (JALR GPR:$a)>;\ndef : Pat<(simm16:$n)")
    m = find_facts(d)
    assert m.jump_register and m.jump_register.record == "JR" and "brind" not in m.legal
