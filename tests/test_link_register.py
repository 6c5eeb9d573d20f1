"""Return addresses and callees in registers that are no operand of ordinary instructions, and offsets that stand before their base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from simulated import described
from test_effects import told

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.complex_patterns import complex_pattern
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.selections import Selections
from vega_gen.records import CallingConvention, ContractRole, Description

HERON = Path(__file__).parent / "inputs/Heron.td"
MORE = """
def CNT : Register<"cnt"> { let Namespace = "Heron"; let HWEncoding = 11; }
def disp : Operand<i64>;
def ri : Operand<i64>, ComplexPattern<i64, 2, "selectRI", [add, frameindex]> { let MIOperandInfo = (ops disp, GR); }
let mayLoad = 1 in
def LDO : I<20, (outs GR:$d), (ins (ri $o, $a):$x), "ldo $d, $x", [(set i64:$d, (load ri:$x))]> {
  bits<12> o;
  let Inst{31-20} = o;
}
let Uses = [LR] in
def MFLR : I<21, (outs GR:$d), (ins), "mflr $d", []>;
let Defs = [LR] in
def MTLR : I<22, (outs), (ins GR:$a), "mtlr $a", []>;
let Defs = [CNT] in
def MTCNT : I<23, (outs), (ins GR:$a), "mtcnt $a", []>;
def place : Operand<i64> { let OperandType = "OPERAND_PCREL"; }
let isCall = 1, Defs = [LR] in {
  def BL : I<24, (outs), (ins place:$o), "bl $o", []> {
    bits<20> o;
    let Inst{31-12} = o;
  }
  let Uses = [CNT] in
  def BCNTL : I<25, (outs), (ins), "bcntl", []>;
}
"""


@pytest.fixture(scope="module")
def heron(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Description:
    td = tmp_path_factory.mktemp("heron") / "Heron.td"
    text = HERON.read_text().replace('(add (sequence "R%u", 0, 7), SP, LR)', '(add (sequence "R%u", 0, 7), SP, FRAME)')
    frame = 'def FRAME : Register<"**FRAME POINTER**"> { let Namespace = "Heron"; }\n'
    text = text.replace("def GR :", f"{frame}def GR :").replace("def HeronInstrInfo", f"{MORE}def HeronInstrInfo")
    td.write_text(text)
    return described(td, llvm_source)


def test_the_return_address_is_read_and_written_by_moves(heron: Description) -> None:
    m = find_facts(heron)
    assert m.ra == "" and m.link is not None
    assert (m.link.name, m.link.read.text, m.link.write.text) == ("LR", "MFLR dst", "MTLR src")


def test_a_function_that_cannot_save_its_return_address_calls_none(heron: Description) -> None:
    moves = {"MFLR", "MTLR"}
    without = replace(heron, instructions=tuple(i for i in heron.instructions if i.name not in moves))
    m = find_facts(without)
    assert m.link is None and m.lost_link == "LR" and find_facts(heron).lost_link == ""
    conventions = tuple(CallingConvention(name, ("R0", "R1"), ((8, 8),), (), callee_saved=False) for name in ("CC_Heron", "RetCC_Heron"))
    made = archetypes(replace(without, calling_conventions=conventions), Interface([Path("/usr/lib/llvm-19/include")]), "heron")
    assert "instruction.read_link" in made.limits
    saved = made.files["HeronFrameLowering.cpp"].partition("::determineCalleeSaves")[2].partition("\n}\n")[0]
    assert "if (MF.getFrameInfo().hasCalls())\n    report_fatal_error(" in saved


def unreached(folder: Path, llvm_source: Path, number: int, added: str = "") -> Description:
    """Heron whose link register has a number, and just a move of general registers. ``added``: behind its instructions."""
    moves = MORE[MORE.index("let Uses = [LR] in\ndef MFLR") : MORE.index("let Defs = [CNT] in")]
    more = MORE.replace(moves, 'def MOV : I<26, (outs GR:$d), (ins GR:$a), "mov $d, $a", []>;\n')
    text = HERON.read_text().replace('(add (sequence "R%u", 0, 7), SP, LR)', '(add (sequence "R%u", 0, 7), SP)')
    text = text.replace("let HWEncoding = 9;", f"let HWEncoding = {number};")
    (folder / "Heron.td").write_text(text.replace("def HeronInstrInfo", f"{more}{added}\ndef HeronInstrInfo"))
    return described(folder / "Heron.td", llvm_source)


def test_a_move_whose_field_holds_the_number_of_the_link_register_reaches_it(llvm_source: Path, tmp_path: Path) -> None:
    lacking = unreached(tmp_path, llvm_source, 9)
    assert find_facts(lacking).lost_link == "LR"
    text = completion(lacking, "", "").text
    moves = text[text.index("// MOV with the number of LR") :]
    whole = unreached(tmp_path, llvm_source, 9, moves[: moves.index("\n}\n", moves.index("MOVE_TO_LINK")) + 3])
    m = find_facts(whole)
    assert m.link is not None
    assert (m.link.name, m.link.read.text, m.link.write.text) == ("LR", "MOVE_FROM_LINK dst", "MOVE_TO_LINK src")
    read, write = ("".join(i.encoding) for i in whole.instructions if i.name in ("MOVE_FROM_LINK", "MOVE_TO_LINK"))
    assert "1001d{3}d{2}d{1}d{0}00011010" in read and "a{3}a{2}a{1}a{0}100100011010" in write


def test_a_number_that_is_a_general_registers_reaches_no_link_register(llvm_source: Path, tmp_path: Path) -> None:
    lacking = unreached(tmp_path, llvm_source, 3)
    assert find_facts(lacking).lost_link == "LR" and "_LINK :" not in completion(lacking, "", "").text


def test_a_number_that_no_field_holds_reaches_no_link_register(llvm_source: Path, tmp_path: Path) -> None:
    assert "_LINK :" not in completion(unreached(tmp_path, llvm_source, 16), "", "").text


def test_a_callee_is_put_into_the_register_that_the_call_reads(heron: Description) -> None:
    calls = find_facts(heron).calls
    assert calls.indirect is not None and calls.prepared is not None
    assert (calls.indirect.text, calls.prepared.text) == ("BCNTL", "MTCNT src")


def test_the_simulator_moves_addresses_to_and_from_registers_of_their_own(heron: Description) -> None:
    done = told(heron)
    assert (done["MFLR"], done["MTLR"], done["MTCNT"]) == ("r0 = LR", "LR = r0", "CNT = r0")
    assert done["BCNTL"] == "call CNT from LR"
    assert done["RET"] == "return to LR"


def test_a_register_that_assembly_cannot_name_is_reserved_and_no_frame_pointer(heron: Description) -> None:
    m = find_facts(heron)
    assert "FRAME" in m.reserved and m.fp != "FRAME"


def test_an_offset_may_stand_before_its_base(heron: Description) -> None:
    load = find_facts(heron).loads["", 64]
    assert load.text == "LDO dst imm base"
    contract = next(c for c in heron.contracts if c.role is ContractRole.COMPLEX_PATTERN)
    (case,) = complex_pattern(contract, heron, Selections(heron), Selections(heron), {})["cases"]
    assert case["memory"] and (case["base"], case["offset"]) == (1, 0)
