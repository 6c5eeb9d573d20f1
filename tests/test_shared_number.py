"""A machine on which one number is the stack pointer or the zero register, with numbers of parts and offsets that count in steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_facts_operations import cache as cache
from test_facts_operations import described
from test_layouts import told

from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.records import CallingConvention, Description
from vega_gen.tablegen.contracts import is_instance

GIVEN = {
    "class.pointer": "GRall",
    "layout.parted": "0+12 12+1",
    "instruction.add_immediate": "ADDI dst src imm 0",
    "instruction.subtract_immediate": "SUBI dst src imm 0",
    "instruction.copy.GR": "ORx dst ZR src 0",
    "instruction.copy.GRsp": "ADDI dst src 0 0",
    "instruction.constant": "MVZ dst imm 0",
    "instruction.constant_upper": "MVK dst src imm 16",
}
CONVENTIONS = tuple(CallingConvention(name, ("R0", "R1"), (), (), callee_saved=False) for name in ("CC_Dunlin", "RetCC_Dunlin"))


@pytest.fixture(scope="module")
def dunlin(llvm_source: Path) -> Description:
    return told(replace(described("Dunlin", llvm_source), calling_conventions=CONVENTIONS), GIVEN)


@pytest.fixture(scope="module")
def made(dunlin: Description, llvm_source: Path) -> Archetypes:
    return archetypes(dunlin, Interface([llvm_source / "llvm/include"]))


def body(made: Archetypes, file: str, function: str) -> str:
    """Returns the text of a function, on one line."""
    return " ".join(made.files[file].partition(f"::{function}(")[2].partition("\n}")[0].split())


def test_a_number_is_put_together_of_as_many_parts_as_a_register_has(made: Archetypes) -> None:
    constant = body(made, "DunlinISelDAGToDAG.cpp", "selectConstant")
    assert "if (Value >= 0LL && Value <= 65535LL)" in constant  # the predicate of the assembler says that the field has no sign
    for low in (16, 32, 48):
        assert f"if (int64_t Part = (Value >> {low}) & 0xffff)" in constant
        assert f"SDValue(Result, 0), Immediate(Part), CurDAG->getTargetConstant({low}, DL, MVT::i32)" in constant
    moved = body(made, "DunlinInstrInfo.cpp", "movImmediate")
    assert moved.count("get(Dunlin::MVK)") == 3 and ".addImm(Part).addImm(48)" in moved


def test_the_zero_register_is_no_source_of_what_takes_the_stack_pointer_there(made: Archetypes) -> None:
    assert "ADDI" not in body(made, "DunlinISelDAGToDAG.cpp", "selectConstant")
    assert "ADDI" not in body(made, "DunlinInstrInfo.cpp", "movImmediate")


def test_a_register_is_copied_by_what_has_it(made: Archetypes) -> None:
    copy = body(made, "DunlinInstrInfo.cpp", "copyPhysReg")
    places = [copy.index(f"Dunlin::{name}RegClass.contains(Dst, Src)") for name in ("GR", "GRsp", "GRall")]
    assert places == sorted(places)  # in the class of all registers is the stack pointer, which GR's copy would take for zero


def test_a_shifted_register_stands_for_any_register_an_extended_one_does_not(made: Archetypes) -> None:
    shifted = body(made, "DunlinISelDAGToDAG.cpp", "SelectShifted")
    assert "Op0 = N; Op1 = CurDAG->getTargetConstant(0, SDLoc(N), MVT::i32); return true;" in shifted
    assert body(made, "DunlinISelDAGToDAG.cpp", "SelectExtended").endswith("return false;")


def test_a_number_of_two_parts_is_the_first_where_a_person_says_how_they_stand(made: Archetypes, dunlin: Description) -> None:
    parted = body(made, "DunlinISelDAGToDAG.cpp", "SelectParted")
    assert "C->getSExtValue() < 0 || C->getSExtValue() > 4095" in parted and "Op1 = CurDAG->getTargetConstant(0," in parted
    assert body(made, "DunlinISelDAGToDAG.cpp", "SelectNegative").endswith("return false;")


def test_an_offset_that_counts_in_steps_is_divided_and_reaches_no_object_of_the_frame(made: Archetypes) -> None:
    scaled = body(made, "DunlinISelDAGToDAG.cpp", "SelectScaled")
    assert "splitAddress(N, Op0, Op1, -16384, 16376, 8);" in scaled
    assert "if (Op0.getOpcode() == ISD::TargetFrameIndex) return false;" in scaled
    assert "->getSExtValue() / 8" in scaled
    facts = made.machine
    assert facts.loads["", 64].record == "LDU" and facts.stores[64].record == "STU"


def test_each_load_and_store_of_a_base_and_an_offset_in_bytes_reaches_objects_of_the_frame(made: Archetypes) -> None:
    ranges = made.files["DunlinRegisterInfo.cpp"].partition("offsetRange(unsigned Opcode)")[2].partition("\n}")[0]
    reach = " ".join(ranges.partition("case Dunlin::LDW:")[2].split()).partition(";")[0]
    assert "case Dunlin::STW:" in reach and reach.endswith("return OffsetRange{-256, 255, 1}")
    assert "Dunlin::LDS" not in ranges and "Dunlin::ADDx" not in ranges


def test_a_narrow_number_is_part_of_a_wide_one(made: Archetypes) -> None:
    narrow = made.machine.narrow
    assert narrow and (narrow.load.record, narrow.store.record) == ("LDW", "STW")
    assert {"zext", "anyext", "trunc"} <= narrow.legal and "imm" not in narrow.legal
    selected = body(made, "DunlinISelDAGToDAG.cpp", "Select")
    assert "getSubRegIndex(Dunlin::R0, Dunlin::W0)" in selected and "getTargetExtractSubreg(Part, DL, VT, SDValue(Whole, 0))" in selected


def test_what_vectors_do_is_not_done_for_numbers(made: Archetypes) -> None:
    assert "setOperationAction(ISD::CTPOP, MVT::i64, Expand);" in made.files["DunlinISelLowering.cpp"]


def test_an_alias_says_which_instruction_does_nothing(dunlin: Description) -> None:
    nop = find_facts(dunlin).nop
    assert nop and (nop.record, nop.fixed) == ("HINT", ((0, "0"),))


def test_each_class_with_an_instance_of_the_decoder_has_it(made: Archetypes) -> None:
    text = " ".join(made.files["Disassembler/DunlinDisassembler.cpp"].split())
    for name in ("GR", "GRsp", "WR"):
        assert f"template <> DecodeStatus decodeOne<Dunlin::{name}RegClassID, 0, 16>(" in text


def test_a_number_right_behind_another_is_printed_apart(made: Archetypes) -> None:
    assert "O << \", \"; printPlain(" in body(made, "MCTargetDesc/DunlinInstPrinter.cpp", "printAmount")
    assert "O <<" not in body(made, "MCTargetDesc/DunlinInstPrinter.cpp", "printExtended").partition(", ")[0]


def test_a_word_behind_a_register_and_a_point_is_a_token(made: Archetypes, llvm_source: Path) -> None:
    parsed = body(made, "AsmParser/DunlinAsmParser.cpp", "parseOperand")
    assert "if (Name != Text && (Reg = registerSpelt(Name)))" in parsed
    assert "createToken(Text.drop_front(Name.size()), Start)" in parsed
    heron = replace(described("Heron", llvm_source), calling_conventions=())
    assert "Name != Text" not in archetypes(heron, Interface([llvm_source / "llvm/include"])).files["AsmParser/HeronAsmParser.cpp"]


def test_an_operand_behind_a_mnemonic_and_a_point_is_a_number(dunlin: Description, llvm_source: Path) -> None:
    def parser(d: Description) -> str:
        made = archetypes(d, Interface([llvm_source / "llvm/include"]))
        names = ("parseInstruction", "ParseInstruction")  # LLVM's versions differ
        return "".join(body(made, "AsmParser/DunlinAsmParser.cpp", name) for name in names)

    broken = {**dunlin.data, "AsmParserVariant.BreakCharacters": "."}
    dotted = tuple(replace(i, asm="hint.$n") if i.name == "HINT" else i for i in dunlin.instructions)
    assert "auto [Word, Number] = Name.split('.');" in parser(replace(dunlin, data=broken, instructions=dotted))
    assert "Number" not in parser(replace(dunlin, data=broken))


def test_an_argument_of_a_template_that_is_a_type_is_compared_as_one() -> None:
    assert is_instance(("int16_t", "-1", "Dunlin::R0")) == "std::is_same_v<P0, int16_t> && P1 == -1 && P2 == Dunlin::R0"
