"""What a backend's C++ uses its records for, and the verdicts on found facts that rest on it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.facts import role, table
from vega_gen.cxx import parse_file
from vega_gen.facts import find_facts
from vega_gen.facts.scoring import Scored, scores
from vega_gen.facts.used import Used, records_used
from vega_gen.records import Description, Evidence, Fact
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent
CODE = """
enum JayCC { COND_EQ = 4, COND_NE, COND_LT = 9 };
static const MCPhysReg ArgumentGRs[] = {Jay::R1, Jay::R2};
JayRegisterInfo::JayRegisterInfo() : JayGenRegisterInfo(Jay::R13) { FramePtr = Jay::R12; }
Register JayRegisterInfo::getFrameRegister(const MachineFunction &MF) const {
  return getFrameLowering(MF)->hasFP(MF) ? FramePtr : Jay::SP;
}
BitVector JayRegisterInfo::getReservedRegs(const MachineFunction &MF) const {
  BitVector Reserved(getNumRegs());
  Reserved.set(Jay::SP);
  for (unsigned R : {Jay::R0, Jay::R14}) Reserved.set(R);
  if (hasFP(MF)) Reserved.set(Jay::R12);
  return Reserved;
}
JayTargetLowering::JayTargetLowering() {
  addRegisterClass(MVT::i32, &Jay::GRRegClass);
  setStackPointerRegisterToSaveRestore(RegInfo->stackRegister());
}
Register JayRegisterInfo::stackRegister() const { return Jay::SP; }
JayFrameLowering::JayFrameLowering() : TargetFrameLowering(StackGrowsDown, Align(8), 0) {}
static std::string computeDataLayout(const Triple &TT) { return "e-m:e-p:32:32-n32"; }
void JayInstrInfo::copyPhysReg(Block &B, unsigned D, unsigned S) const { BuildMI(B, get(Jay::ADD), D).addReg(S).addReg(Jay::R0); }
void JayInstrInfo::loadRegFromStackSlot(Block &B, unsigned D) const { BuildMI(B, get(loadOpcode()), D); }
unsigned JayInstrInfo::loadOpcode() const { return Jay::LW; }
void JayInstrInfo::storeRegToStackSlot(Block &B, unsigned S) const {
  unsigned Opc = isByte(S) ? Jay::SB : Jay::SW;
  BuildMI(B, get(Opc));
}
void JayFrameLowering::emitPrologue(MachineFunction &MF) const { adjust(MF, -16); BuildMI(get(Jay::SHLI)); }
void JayFrameLowering::adjust(MachineFunction &MF, int N) const { BuildMI(get(Jay::ADDI), Jay::SP).addReg(Jay::SP).addImm(N); }
MCInst JayInstrInfo::getNop() const { return MCInstBuilder(Jay::NOP).addImm(0); }
static unsigned codeOf(ISD::CondCode CC) {
  switch (CC) {
  case ISD::SETEQ:
    return JayCC::COND_EQ;
  case ISD::SETNE: return JayCC::COND_NE;
  case ISD::SETUGT:
    std::swap(L, R);
    [[fallthrough]];
  case ISD::SETULT:
  case ISD::SETLT: return JayCC::COND_LT;
  }
}
static unsigned codeOfFloat(ISD::CondCode CC) {
  switch (CC) { case ISD::SETEQ: return JayCC::COND_LT; case ISD::SETNE: case ISD::SETUO: return JayCC::COND_EQ; }
}
SDValue JayTargetLowering::LowerFormalArguments(SDValue Chain) const { return assign(Chain, ArgumentGRs); }
"""


@pytest.fixture
def jay(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Description:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(TESTS / "inputs/Jay.td", folder="Jay", llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


@pytest.fixture
def used(jay: Description) -> Used:
    return records_used(jay, [parse_file(CODE.encode(), "Jay", "Jay.cpp")])


def test_registers_are_followed_through_members_and_calls(used: Used) -> None:
    assert used.records["register.stack_pointer"] == {"SP"}
    assert used.records["register.frame_pointer"] == {"R12"}
    assert used.records["register.return_address"] == {"R13"}
    assert used.records["register.zero"] == {"R0"}
    assert used.records["class.pointer"] == {"GR"}


def test_what_a_condition_guards_is_reserved_at_times(used: Used) -> None:
    assert used.always == {"SP", "R0", "R14"}
    assert used.ever == {"SP", "R0", "R14", "R12"}


def test_instructions_are_found_behind_variables_and_helpers(used: Used) -> None:
    assert used.records["instruction.copy.GR"] == {"ADD"}
    assert used.records["instruction.load.32"] == {"LW"}
    assert used.records["instruction.store.32"] == {"SB", "SW"}
    assert used.records["instruction.add_immediate"] == {"ADDI"}
    assert used.records["instruction.nop"] == {"NOP"}


def test_a_switch_on_conditions_gives_their_numbers_but_not_one_on_floats(used: Used) -> None:
    numbers = {key.removeprefix("condition."): values for key, values in used.records.items() if key.startswith("condition.")}
    assert numbers == {"eq": {"4"}, "ne": {"5"}, "ult": {"9"}, "lt": {"9"}}


def test_numbers_and_lists(used: Used) -> None:
    told = {key: used.records[key] for key in ("byte_order", "width.pointer", "stack.alignment")}
    assert told == {"byte_order": {"little"}, "width.pointer": {"32"}, "stack.alignment": {"8"}}
    assert used.lists["registers.arguments"] == (("R1", "R2"),)


def test_a_wrong_choice_is_scored_with_the_place_of_the_right_one(jay: Description, used: Used) -> None:
    found = dict(find_facts(jay).records)
    at = {s.key: s for s in scores(jay, found, used)}
    assert at["register.stack_pointer"].right and at["instruction.load.32"].right
    wrong = replace(found["instruction.load.32"], value="LB dst base imm", alternatives=())
    assert {s.key: s.place for s in scores(jay, {"instruction.load.32": wrong}, used)}["instruction.load.32"] == -1
    assert {s.key: s.fact for s in scores(jay, {}, used)}["instruction.load.32"] is None


def test_the_table_counts_what_a_person_would_have_to_touch() -> None:
    fact = Fact("byte_order", "big", Evidence.DEFAULT, "", 0.5)
    scored = [Scored("Jay", "byte_order", fact, 0, "big"), Scored("Jay", "condition.eq", None, -1, "4")]
    last = table("target", scored, lambda s: s.target).splitlines()[-1]
    assert last == "| all | 2 | 50% | 50% | 50% | 1 | 1 | 0.500 |"
    assert role("instruction.load.8.zext") == "instruction.load" and role("register.zero") == "register.zero"
