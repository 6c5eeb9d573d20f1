"""What a .td says behind other names: fragments that stand for operators, loads that C++ tells apart, addresses of three parts, calls that
pseudo instructions are named after."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import described

from vega_gen.archetypes.complex_patterns import complex_pattern
from vega_gen.facts import find_facts, ranges
from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.ranges import Range
from vega_gen.facts.selections import Selections
from vega_gen.records import ContractRole, Description

HERON = Path(__file__).parent / "inputs/Heron.td"
MORE = """
let isAllocatable = 1 in {
  def GA : RegisterClass<"Heron", [i64], 64, (sub GR, R0)>;
}
def disp : Operand<i64>;
def bdx : Operand<i64>, ComplexPattern<i64, 3, "selectBDX", [add, frameindex]> { let MIOperandInfo = (ops GA, disp, GA); }
def addo : SDNode<"HeronISD::ADDO", SDTIntBinOp>;
def h_add : PatFrags<(ops node:$a, node:$b), [(addo node:$a, node:$b), (add node:$a, node:$b)]>;
def h_ext : PatFrags<(ops node:$p), [(unindexedload node:$p)], [{ return getLoadExtType(N) == ISD::SEXTLOAD; }]>;
def h_ext8 : PatFrag<(ops node:$p), (h_ext node:$p), [{ return cast<MemSDNode>(N)->getMemoryVT() == MVT::i8; }]>;
def simm32 : Operand<i64>, PatLeaf<(i64 imm), [{ return N->getAPIntValue().isSignedIntN(32); }]>;
def nimm32 : Operand<i64>, PatLeaf<(i64 imm), [{ return (-N->getAPIntValue()).isSignedIntN(32); }]>;
def place : Operand<i64> { let OperandType = "OPERAND_PCREL"; }
class H<bits<8> op, int size, dag outs, dag ins, string asm, list<dag> pattern> : Instruction {
  let Namespace = "Heron";
  let Size = size;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<64> Inst = 0;
  bits<4> d;
  bits<4> a;
  bits<32> i;
  let Inst{7-0} = op;
  let Inst{11-8} = d;
  let Inst{15-12} = a;
  let Inst{47-16} = i;
}
def ADDX : Binary<20, "addx", h_add>;
let mayLoad = 1 in
def LDB : I<21, (outs GR:$d), (ins (bdx $a, $o, $b):$x), "ldb $d, $x", [(set i64:$d, (h_ext8 bdx:$x))]> {
  bits<12> o;
  let Inst{31-20} = o;
}
def MOVI : H<22, 8, (outs GR:$d), (ins simm32:$i), "hi $d, $i", [(set GR:$d, (bitconvert simm32:$i))]>;
def SUBI : H<23, 8, (outs GR:$d), (ins GR:$a, nimm32:$i), "subi $d, $a, $i", [(set GR:$d, (add i64:$a, nimm32:$i))]>;
let isCall = 1 in {
  def TRAP : H<24, 8, (outs), (ins disp:$i), "trap $i", []>;
  def JAL : H<25, 8, (outs), (ins GR:$a, place:$i), "jal $a, $i", []>;
}
def callnode : SDNode<"HeronISD::CALL", SDTypeProfile<0, -1, [SDTCisPtrTy<0>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
let isCall = 1, isPseudo = 1, Defs = [LR] in
def CallJAL : H<0, 8, (outs), (ins place:$i, variable_ops), "", [(callnode tglobaladdr:$i)]>;
def : Pat<(callnode texternalsym:$i), (CallJAL texternalsym:$i)>;
"""


@pytest.fixture(scope="module")
def heron(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Description:
    td = tmp_path_factory.mktemp("heron") / "Heron.td"
    td.write_text(HERON.read_text().replace("def HeronInstrInfo", f"{MORE}def HeronInstrInfo"))
    return described(td, llvm_source)


def test_of_several_operators_that_of_llvm_counts(heron: Description) -> None:
    assert {s.record for s in Selections(heron).of("add")} >= {"ADD", "ADDX"}


def test_a_load_extends_as_its_predicates_say(heron: Description) -> None:
    loads = find_facts(heron).loads
    assert loads["sext", 8].text == "LDB dst base imm zero_reg"
    assert ("zext", 8) not in loads
    assert "sextloadi8" in find_facts(heron).legal


def test_a_base_without_the_number_0_may_be_left_out(heron: Description) -> None:
    assert may_be_absent(heron, "GA")
    assert not may_be_absent(heron, "GR")
    contract = next(c for c in heron.contracts if c.role is ContractRole.COMPLEX_PATTERN)
    (case,) = complex_pattern(contract, heron, Selections(heron), Selections(heron), {})["cases"]
    assert case["memory"] and case["absent"] and case["left_out"] == {2: "zero_reg"}


def test_a_number_behind_a_conversion_is_a_constant(heron: Description) -> None:
    m = find_facts(heron)
    assert m.load_immediate is not None and m.load_immediate.text == "MOVI dst imm"
    assert m.load_immediate.range == Range(32, True)
    assert m.load_symbol == m.load_immediate


def test_what_an_instruction_holds_negated_is_no_immediate_to_add(heron: Description) -> None:
    assert find_facts(heron).add_immediate is None
    assert ranges.negated("return (-N->getAPIntValue()).isIntN(8);") and not ranges.negated("return N->getAPIntValue().isIntN(8);")
    assert ranges.said("return N->getAPIntValue().isIntN(8);") == Range(8, False)


def test_a_call_is_that_which_a_pseudo_is_named_after_and_no_trap(heron: Description) -> None:
    calls = find_facts(heron).calls
    assert calls.direct is not None and calls.direct.text == "JAL LR target"
    assert (calls.node, dict(calls.written)) == ("HeronISD::CALL", {"CallJAL": calls.direct})


