"""Archetypes of an ISA whose .td says less: conditions are numbers, calls are made, registers have DWARF's numbers, halves are swapped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_archetypes import cache as cache
from test_archetypes import described

from vega_gen.archetypes.contract_values import contract_values
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.own_encodings import memory_operands, own_encodings, plain_siblings
from vega_gen.archetypes.texts import texts
from vega_gen.cxx import parse_file
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.byte_order import ByteOrder, DecoderTable, byte_order, tables
from vega_gen.facts.fixups import fixups
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Range, Selections
from vega_gen.ladder.round_trip import Order
from vega_gen.records import Description, HardwareMode, Instruction
from vega_gen.tablegen.subtargets import MODE

TD = Path(__file__).parent / "inputs/pike/Pike.td"


@pytest.fixture(scope="module")
def pike(llvm_source: Path) -> Description:
    return described(TD, "Pike", llvm_source)


@pytest.fixture(scope="module")
def made(pike: Description, llvm_source: Path) -> Archetypes:
    return archetypes(pike, Interface([llvm_source / "llvm/include"]))


def test_registers_without_encodings_have_dwarf_s_numbers(pike: Description, made: Archetypes) -> None:
    assert {r.name: r.encoding for r in pike.registers}["R9"] == 9
    emitter = made.files["MCTargetDesc/PikeMCCodeEmitter.cpp"]
    assert "case Pike::R9:\n    return 9;" in emitter and "getEncodingValue" not in emitter


def test_a_register_s_number_is_short_however_long_the_instructions_are(pike: Description, made: Archetypes) -> None:
    declared = {c.name: c.signature for c in pike.contracts}
    assert "(MCInst &Inst, unsigned RegNo," in declared["DecodeGPRRegisterClass"]
    assert "(MCInst &Inst, unsigned Val," in declared["decodeMem"]  # its field is short, however long the instruction is
    disassembler = made.files["Disassembler/PikeDisassembler.cpp"]
    assert "DecodeGPRRegisterClass(MCInst &Inst, unsigned RegNo," in disassembler and "MCPhysReg" not in disassembler


def test_patterns_say_which_registers_hold_constants(pike: Description) -> None:
    m = find_facts(pike)
    assert (m.zero, m.ones) == ("R0", "R1") and {"R0", "R1", "R2", "R15"} == set(m.reserved)
    assert m.copies["GPR"] == Operation("OR", (OperandRole.DST, OperandRole.SRC, OperandRole.ZERO))


def test_masks_and_bounds_say_what_an_immediate_may_be(pike: Description) -> None:
    s = Selections(pike)
    assert s.said("lo16") == Range(16, signed=False) and s.said("shift") == Range(6, signed=True)
    assert s.is_upper("hi16") and not s.is_upper("lo16") and not s.is_upper("ones16")
    assert (s.part("hi16"), s.part("ones16"), s.part("lo16")) == ((16, 0), (0, 0xFFFF0000), (0, 0))
    m = find_facts(pike)
    assert m.or_immediate and m.or_immediate.record == "ORI"  # ORHI's number stands for its upper half


def test_a_whole_address_is_put_into_a_register_by_one_instruction(pike: Description) -> None:
    assert find_facts(pike).load_symbol == Operation("MOV", (OperandRole.DST, OperandRole.IMM), Range(32, signed=True))


def test_stores_store_what_they_are_given(pike: Description) -> None:
    m = find_facts(pike)
    assert m.stores[32].record == "SW"  # not SWAP, which stores a sum
    assert m.jump_register == Operation("JR", (OperandRole.SRC,))


def test_pseudo_instructions_select_nothing(pike: Description, made: Archetypes) -> None:
    assert "ctlz" not in find_facts(pike).legal
    assert "setOperationAction(ISD::CTLZ, MVT::i32, Expand);" in made.files["PikeISelLowering.cpp"]
    selector = made.files["PikeISelDAGToDAG.cpp"]
    assert "return false;" in selector.partition("::selectPair(")[2].partition("\n}")[0]
    assert "splitAddress(N, Op0, Op1, -32768, 32767, 1)" in selector.partition("::selectAddr(")[2].partition("\n}")[0]


def test_conditions_without_meaning_are_branches_through_tables(made: Archetypes) -> None:
    assert set(made.limits) == {"branches"} and made.machine.by_table
    assert "createJumpTableIndex({Other, Taken})" in made.files["PikeISelDAGToDAG.cpp"]
    lowering = made.files["PikeISelLowering.cpp"]
    assert "setOperationAction(ISD::BR_CC, MVT::i32, Expand);" in lowering and "ISD::BRCOND, MVT::Other, Expand" not in lowering
    assert "ISD::SUBE, DL, VTs, Zero, Zero, Borrow" in lowering  # a comparison is the borrow of a difference


def test_calls_are_made_where_no_instruction_calls(pike: Description, made: Archetypes) -> None:
    calls = made.machine.calls
    assert (calls.direct, calls.indirect, {op.record for op in calls.pseudos}) == (None, None, {"CALL", "CALLR"})
    printer = made.files["PikeAsmPrinter.cpp"]
    assert "MCInstBuilder(Pike::MOV).addOperand(Link).addOperand(MCOperand::createExpr(Address))" in printer
    assert "Inst = MCInstBuilder(Pike::JR).addOperand(MCOperand::createReg(Pike::R15));" in printer  # and the return fits them
    assert "hasDelaySlot())\n    EmitToStreamer(*OutStreamer, MCInstBuilder(Pike::NOP))" in printer
    sizes = made.files["PikeInstrInfo.cpp"].partition("getInstSizeInBytes")[2]
    assert "case Pike::CALL:\n  case Pike::CALLR:\n    Size = 12;" in sizes and "Size += 2;" in sizes
    without = replace(pike, instructions=tuple(i for i in pike.instructions if i.name != "JR"))
    assert find_facts(without).jump_register is None


def test_a_target_whose_zero_bits_are_numbered_is_not_shifted(pike: Description) -> None:
    s = Selections(pike)
    jump = s.operands("B")[0]
    assert s.immediate("B", jump) == Range(26, signed=True) and s.scale("B", jump) == 0
    kinds, _ = fixups(pike, find_facts(pike))
    assert any(k.runs == ((2, 24, 3),) and (k.bits, k.shift) == (26, 0) for k in kinds)


def test_the_parts_of_a_memory_operand_lie_where_its_bits_are(pike: Description) -> None:
    s = Selections(pike)
    assert s.places("LW", "at") == ((18, 4), (0, 16), (16, 2))
    load = next(i for i in pike.instructions if i.name == "LW")
    bits = [f"at{{{n}}}" for n in (3, 2, 1, 0, *range(21, 3, -1))]  # the four lowest apart, as many as a register's number has
    low = replace(load, encoding=(*load.encoding[:-22], *bits))
    changed = replace(pike, instructions=tuple(low if i.name == "LW" else i for i in pike.instructions))
    assert Selections(changed).places("LW", "at") == ((0, 4), (4, 16), (20, 2))
    assert [(o["index"], o["places"], o["records"]) for o in memory_operands(pike)] == [
        (1, ((18, 4), (0, 16), (16, 2)), ["LW", "SW", "SWAP"]),
    ]  # fmt: skip


def test_a_field_of_another_name_is_the_operand_s_that_has_none(pike: Description) -> None:
    move = next(i for i in pike.instructions if i.name == "MOV")
    renamed = replace(move, encoding=tuple(b.replace("imm{", "limm{") for b in move.encoding))
    s = Selections(replace(pike, instructions=(renamed,)))
    assert s.field("MOV", "imm")[0] == (31, 63) and s.immediate("MOV", s.operands("MOV")[1]) == Range(32, signed=True)
    assert s.field("MOV", "d")[0] == (3, 26)


def test_what_tablegen_refuses_to_encode_is_encoded(pike: Description, made: Archetypes) -> None:
    encodings = {e["record"]: e for e in own_encodings(pike)}
    assert encodings["ADD"]["value"] == "0x8000000ULL"  # the field N is no operand: it stays 0
    assert [(o["index"], o["runs"]) for o in encodings["ADD"]["operands"]] == [(0, ((0, 4, 23),)), (1, ((0, 4, 19),)), (2, ((0, 4, 15),))]
    assert "CALL" not in encodings and "PikeGenMCCodeEmitter.inc" not in made.files["MCTargetDesc/PikeMCCodeEmitter.cpp"]
    named = tuple(replace(i, encoding=tuple("0" if b.startswith("N") else b for b in i.encoding)) for i in pike.instructions)
    assert own_encodings(replace(pike, instructions=named)) == []


def test_lengths_are_told_apart_by_what_comes_first(pike: Description) -> None:
    assert byte_order(pike) is ByteOrder.WORDS
    assert byte_order(replace(pike, instructions=tuple(i for i in pike.instructions if i.size == 4))) is ByteOrder.LITTLE
    other = tuple(i if i.size == 4 else replace(i, predicates=("Compressed",)) for i in pike.instructions)
    without = replace(pike, instructions=other, predicates=pike.predicates | {"Compressed": "Subtarget->compressed()"})
    assert byte_order(without) is ByteOrder.LITTLE  # the chosen processor has one length
    found = tables(pike.instructions, ByteOrder.WORDS)
    assert {t.size for t in found} == {2, 4, 8} and len(found) == 3


@pytest.mark.parametrize("size", [2, 4, 6, 8])
def test_the_ladder_and_the_backend_agree_on_bytes(size: int) -> None:
    bits = int.from_bytes(bytes(range(1, size + 1)), "little")
    plain = bits.to_bytes(size, "little")
    assert Order.WORDS.bytes_of(bits, size) == bytes(plain[ByteOrder.WORDS.place(n, size)] for n in range(size))


@given(st.binary(min_size=1, max_size=8))
def test_bytes_come_back_in_every_order(data: bytes) -> None:
    for order in Order:
        assert order.bytes_of(order.bits_of(data), len(data)) == data


def test_of_two_lengths_the_one_that_fixes_more_is_tried_first(pike: Description) -> None:
    like = next(i for i in pike.instructions if i.name == "NOP")

    def of(bits: str) -> Instruction:
        return replace(like, size=len(bits) // 8, encoding=tuple(bits))

    short, long = of("0000????????????"), of("?" * 16 + "0000111111111111")
    assert tables((short, long), ByteOrder.LITTLE) == (DecoderTable(4, ""), DecoderTable(2, ""))
    short, long = of("0000111111111111"), of("?" * 16 + "0000????????????")
    assert tables((short, long), ByteOrder.LITTLE) == (DecoderTable(2, ""), DecoderTable(4, ""))


def test_operands_read_as_they_are_written(pike: Description, made: Archetypes) -> None:
    printer, parser = made.files["MCTargetDesc/PikeInstPrinter.cpp"], made.files["AsmParser/PikeAsmParser.cpp"]
    assert "O << '.';" in printer.partition("::printCond(")[2].partition("\n}")[0]  # b.3: a condition stands in the word
    assert "(MO.getImm() << 16) | 0LL" in printer.partition("::printHi16(")[2].partition("\n}")[0]
    assert "O << '@';" in printer.partition("::printIndirect(")[2].partition("\n}")[0]
    assert "return isInPart(0LL, 65535LL, 16, 0LL);" in parser and "return Kind == Reg && Marks == 1;" in parser
    given = {"pass_subtarget": False, "printer": "PikeInstPrinter"}
    assert {p["name"] for p in contract_values(pike, find_facts(pike), given)["operand_predicates"]} == {
        "isLo16", "isHi16", "isOnes16", "isIndirect", "isCode",
    }  # fmt: skip


def test_codes_that_nothing_tells_are_not_used(pike: Description, made: Archetypes) -> None:
    assert plain_siblings(pike) == [("ADD3C", "ADD3")]
    assert "case Pike::ADD3C:\n    return Pike::ADD3;" in made.files["PikeInstrInfo.cpp"]
    assert "PikeInstrInfo::plainOpcode(MI.getOpcode())" in made.files["PikeMCInstLower.cpp"]
    assert "return false;" in made.files["AsmParser/PikeAsmParser.cpp"].partition("bool isCode()")[2].partition("}")[0]


def test_an_operand_that_is_redefined_is_copied_first(pike: Description, llvm_source: Path) -> None:
    tied = {"ADD": "$d = $a", "ADDI": "$a = $d"}
    changed = tuple(replace(i, constraints=tied.get(i.name, "")) for i in pike.instructions)
    made = archetypes(replace(pike, instructions=changed), Interface([llvm_source / "llvm/include"]))
    assert made.machine.add and made.machine.add.tied and made.machine.add_immediate and made.machine.add_immediate.tied
    assert "if (Dst != Src)" in made.files["PikeInstrInfo.cpp"].partition("::addRegisters")[2].partition("\n}")[0]
    frame = made.files["PikeISelDAGToDAG.cpp"].partition("case ISD::FrameIndex:")[2].partition("return;")[0]
    assert "Pike::OR" in frame and "Pike::ADDI" not in frame


def test_registers_of_one_name_are_told_apart_by_the_instruction(pike: Description, made: Archetypes, llvm_source: Path) -> None:
    assert "validateTargetOperandClass" not in made.files["AsmParser/PikeAsmParser.cpp"]
    twin = replace(next(r for r in pike.registers if r.name == "R3"), name="R3B")
    both = archetypes(replace(pike, registers=(*pike.registers, twin)), Interface([llvm_source / "llvm/include"]))
    assert "{Pike::R3, Pike::R3B, 0}" in both.files["AsmParser/PikeAsmParser.cpp"]


def test_without_operands_for_the_matcher_instructions_are_read_by_their_text(pike: Description, llvm_source: Path) -> None:
    short = tuple(replace(i, asm="add3\t$d, $imm", constraints="$a = $d") if i.name == "ADD3" else i for i in pike.instructions)
    plain = replace(pike, instructions=short, data={**pike.data, "AsmParser.present": "0"})
    forms = {f["record"]: f for f in texts(plain, {"condition"})}
    kinds = {name: [p["kind"] for p in form["parts"]] for name, form in forms.items()}
    assert forms["BCC"]["text"] == r"b\002 \001" and kinds["BCC"] == ["number", "word"]
    assert forms["LW"]["text"] == r"ld \001, \002" and kinds["LW"] == ["reg", "memory", "offset", "none"]
    assert forms["ADD3"]["text"] == r"add3 \001, \003" and kinds["ADD3"] == ["reg", "same", "number"]
    assert list(forms).index("ORI") < list(forms).index("MOV") and "CALL" not in forms  # the shortest that fits is tried first
    made = archetypes(plain, Interface([llvm_source / "llvm/include"]))
    parser = made.files["AsmParser/PikeAsmParser.cpp"]
    assert parse_file(parser.encode(), "Pike", "AsmParser/PikeAsmParser.cpp").unreadable == ()
    assert "GenAsmMatcher" not in parser and r'{Pike::BCC, "b\002 \001"' in parser


def test_every_file_reads_as_cpp(made: Archetypes) -> None:
    assert made.missing == {}
    for path, text in made.files.items():
        parsed = parse_file(text.encode(), "Pike", path)
        assert parsed.unreadable == () and all(f.complete for f in parsed.functions), path


def test_the_registers_have_the_sizes_of_the_chosen_mode(pike: Description, llvm_source: Path) -> None:
    """The tables of registers take the number of a mode, of which the default one's is 0."""
    modes = tuple(HardwareMode(name, features, (), (), ()) for name, features in (("DefaultMode", ""), ("Wide", "+wide")))
    for mode, number in (("DefaultMode", ""), ("Wide", ", 0, 0, 0, /*HwMode=*/1")):
        chosen = replace(pike, modes=modes, data={**pike.data, MODE: mode})
        made = archetypes(chosen, Interface([llvm_source / "llvm/include"]))
        assert f"PikeGenRegisterInfo(Pike::R15{number}) {{}}" in made.files["PikeRegisterInfo.cpp"]
