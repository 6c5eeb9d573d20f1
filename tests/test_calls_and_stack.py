"""Calls, returns and stacks that ordinary instructions do not reach: which instructions are found, and what completion adds for them.

Each description is Tern with a few lines changed.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.printed_pseudos import expansions, written
from vega_gen.facts import find_facts
from vega_gen.facts.operations import OperandRole
from vega_gen.pipeline.completing import completed
from vega_gen.records import Description
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import Assign, Binary, CallTo, Effect, Loaded, NamedRegister, Number, OperandNumber, OperandRegister
from vega_gen.tablegen import describe

PREFIX = Path("/usr/lib/llvm-19")
TERN = Path(__file__).parents[1] / "targets/Tern"
CALL = 'def CALL : FormatJ<0x2a, (outs), (ins calltarget:$target), "call\\t$target",'
PATTERNS = (
    "def : Pat<(TernCall tglobaladdr:$callee), (CALL tglobaladdr:$callee)>;",
    "def : Pat<(TernCall texternalsym:$callee), (CALL texternalsym:$callee)>;",
)
RET = 'def RET : FormatJR<0x29, (outs), (ins), "ret", [(TernRet)]>,'
ENDS = "let isTerminator = 1; let isBarrier = 1;"


def described(td: Path, *folders: Path) -> Description:
    return describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen", include_dirs=folders)


@pytest.fixture
def tern(tmp_path: Path) -> Path:
    shutil.copytree(TERN, tmp_path / "Tern")
    return tmp_path / "Tern/Tern.td"


def change(td: Path, *changes: tuple[str, str], added: str = "") -> None:
    file = td.with_name("TernInstrInfo.td")
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(f"{text}\n{added}\n")


def completed_description(td: Path, own: Description) -> Description:
    made = completed(td, own.name, completion(own, "", "").text, td.parents[1] / "made")
    return described(made, td.parent)


def test_a_call_without_a_pattern_for_its_callee_gets_a_pseudo_instruction_that_has_one(tern: Path) -> None:
    change(tern, *((pattern, "") for pattern in PATTERNS))
    own = described(tern)
    direct = find_facts(own).calls.direct
    assert direct and direct.record == "CALL" and not find_facts(own).calls.node
    again = completed_description(tern, own)
    m = find_facts(again)
    assert (m.calls.node, m.calls.direct) == ("TernISD::CALL_SYMBOL", direct)
    assert written(again, m) == [("CALL_SYMBOL", direct)]
    assert not completion(again, "", "").text


def test_a_call_that_has_the_return_address_s_register_as_an_operand_is_given_it(tern: Path) -> None:
    link = ', (ins calltarget:$target, GPR:$link), "call\\t$target, $link",'
    change(
        tern,
        (', (ins calltarget:$target), "call\\t$target",', link),
        ("def SDT_TernCall : SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>;", "def SDT_TernCall : SDTypeProfile<0, -1, [SDTCisVT<1, i32>]>;"),
        (PATTERNS[0], "def : Pat<(TernCall (i32 tglobaladdr:$callee), GPR:$link), (CALL tglobaladdr:$callee, GPR:$link)>;"),
        (PATTERNS[1], ""),
        ("[(TernCall GPR:$rs1)]>", "[]>"),
    )
    m = find_facts(described(tern))
    assert m.calls.direct and m.calls.direct.roles == (OperandRole.TARGET, OperandRole.FIXED)
    assert m.calls.direct.fixed == ((1, "LR"),) and not m.calls.node


def test_a_jump_that_can_write_the_return_address_is_the_call_of_a_symbol(tern: Path) -> None:
    """The pseudo instruction that calls has no expansion; that of the jump discards the address into the zero register."""
    branch = 'def PseudoBR : Pseudo<(outs), (ins jmptarget:$to), "", [(br bb:$to)]>, PseudoInstExpansion<(J R0, jmptarget:$to)>;'
    change(
        tern,
        ('(outs), (ins jmptarget:$target), "j\\t$target",', '(outs GPR:$link), (ins jmptarget:$target), "j\\t$link, $target",'),
        ("[(br bb:$target)]>,", "[]>,"),
        (CALL, 'def CALL : Pseudo<(outs), (ins calltarget:$target), "call\\t$target",'),
        added=f"let isBranch = 1, isTerminator = 1, isBarrier = 1 in\n{branch}",
    )
    own = described(tern)
    m = find_facts(own)
    assert m.calls.direct and m.calls.direct.text == "J LR target" and m.calls.node == "TernISD::CALL"
    assert written(own, m) == [("CALL", m.calls.direct)]
    jump = next(e for e in effects(own, m) if e.record == "J")
    assert isinstance(jump, Effect)
    (action,) = jump.actions
    assert isinstance(action, CallTo) and action.link == OperandRegister(0, 32), "any register can hold the return address"


def test_a_return_takes_its_operands_from_the_alias_of_its_name(tern: Path) -> None:
    change(
        tern,
        (RET, 'let isCodeGenOnly = 1 in\ndef RET : FormatJR<0x29, (outs), (ins simm16:$offset), "jr\\tlr+$offset", []>,'),
        added='def : InstAlias<"ret", (RET 8)>;',
    )
    own = described(tern)
    m = find_facts(own)
    assert m.returns and (m.returns.record, m.returns.fixed, m.return_node) == ("RET", ((0, "8"),), "")
    again = completed_description(tern, own)
    m = find_facts(again)
    assert (m.return_node, m.return_pseudo) == ("TernISD::RETURN", "RETURN")
    pseudo = next(i for i in again.instructions if i.name == "RETURN")
    assert {"isReturn", "isTerminator", "isBarrier"} <= pseudo.flags and pseudo.uses == ("LR",)


def test_a_pseudo_instruction_with_an_expansion_is_printed_as_that(tern: Path) -> None:
    pseudo = 'def PseudoRET : Pseudo<(outs), (ins), "", [(TernRet)]>, PseudoInstExpansion<(JR LR)>;'
    flags = "let isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [LR] in"
    jump = 'def PseudoBR : Pseudo<(outs), (ins calltarget:$to), "", []>, PseudoInstExpansion<(CALL calltarget:$to)>;'
    change(tern, (RET, RET.replace("[(TernRet)]", "[]")), added=f"{flags}\n{pseudo}\n{jump}")
    own = described(tern)
    m = find_facts(own)
    assert (m.return_node, m.return_pseudo) == ("TernISD::RET_GLUE", "PseudoRET") and not written(own, m)
    assert dict(expansions(own)) == {
        "PseudoRET": "MCInstBuilder(Tern::JR).addReg(Tern::LR)",
        "PseudoBR": "MCInstBuilder(Tern::CALL).addOperand(Inst.getOperand(0))",
    }


def test_a_pseudo_return_that_expands_to_a_copy_into_the_program_counter_is_found(tern: Path) -> None:
    pc = 'def PC : Register<"pc"> { let Namespace = "Tern"; }\ndef AnyRegister : RegisterClass<"Tern", [i32], 32, (add GPR, PC)>;'
    copy = 'def MOVE : FormatRI<0x3a, (outs AnyRegister:$rd), (ins AnyRegister:$rs1), "move\\t$rd, $rs1", []> { let imm = 0; }'
    pseudo = 'def PseudoRET : Pseudo<(outs), (ins), "", [(TernRet)]>, PseudoInstExpansion<(MOVE PC, LR)>;'
    flags = "let isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [LR] in"
    change(
        tern,
        (RET, 'let isPseudo = 1 in def RET : FormatJR<0x29, (outs), (ins), "ret", []>,'),
        ("let isBranch = 1, isIndirectBranch = 1, isTerminator = 1, isBarrier = 1 in\ndef JR", "let isPseudo = 1 in def JR"),
        ("[(brind GPR:$rs1)]>", "[]>"),
        added=f"{pc}\nlet hasSideEffects = 0 in {copy}\n{flags}\n{pseudo}",
    )
    m = find_facts(described(tern))
    assert m.returns and m.returns.text == "MOVE PC LR"
    assert (m.return_node, m.return_pseudo) == ("TernISD::RET_GLUE", "PseudoRET")


def test_of_several_calls_without_a_pattern_one_that_is_always_taken_is_chosen(tern: Path) -> None:
    sometimes = 'let isCall = 1, Defs = [LR] in def CALLEQ : FormatJ<0x3a, (outs), (ins calltarget:$target), "bleq\\t$target", []>;'
    text = tern.with_name("TernInstrInfo.td").read_text()
    change(tern, *((pattern, "") for pattern in PATTERNS), (CALL, CALL.replace('"call', '"jal')))
    file = tern.with_name("TernInstrInfo.td")
    at = text.index("let isCall = 1, Defs = [LR], Uses = [SP] in {")
    file.write_text(file.read_text()[:at] + sometimes + "\n" + file.read_text()[at:])
    direct = find_facts(described(tern)).calls.direct
    assert direct and direct.record == "CALL"


def test_jumps_and_branches_end_their_block_though_the_td_says_so_of_none(tern: Path) -> None:
    """A record cannot be changed: the copy of its file says it."""
    ends = "let isBranch = 1, isTerminator = 1, isBarrier = 1 in"
    through = "let isBranch = 1, isIndirectBranch = 1, isTerminator = 1, isBarrier = 1 in"
    jump = f"{ends}\ndef J :", "let isBranch = 1, isTerminator = 1 in\ndef J :"
    change(tern, jump, (f"{through}\ndef JR", "let isBranch = 1, isCall = 1 in\ndef JR"))
    own, text = described(tern), tern.with_name("TernInstrInfo.td").read_text()
    made = completion(own, text, "")
    assert made.mendings == {"J": "let isBarrier = 1;", "JR": f"let isIndirectBranch = 1; {ENDS} let isCall = 0;"}
    assert "// In the copy of the file that defines it, J says: let isBarrier = 1;" in made.text
    td = completed(tern, own.name, made.text, tern.parents[1] / "made", made.mendings)
    again = {i.name: i.flags for i in described(td, tern.parent).instructions}
    assert {"isBranch", "isTerminator", "isBarrier"} <= again["J"] & again["JR"] and "isIndirectBranch" in again["JR"]
    assert not completion(described(tern), "", "").mendings, "a file that does not define it cannot say it"


def test_a_td_without_a_flag_of_control_flow_gets_those_that_llvm_needs(tern: Path) -> None:
    """Patterns and mnemonics say what calls, returns and branches."""
    file = tern.with_name("TernInstrInfo.td")
    flag = "is(?:Branch|IndirectBranch|Terminator|Barrier|Call|Return) = 1"
    text = re.sub(rf"let {flag}(?:, {flag})* in(?= |\n)", "let hasSideEffects = 0 in", file.read_text())
    file.write_text(re.sub(rf"\b{flag}, ?|, {flag}\b", "", text))
    own = described(tern)
    assert not any({"isCall", "isBranch", "isReturn", "isTerminator"} & i.flags for i in own.instructions)
    made = completion(own, file.read_text(), "")
    assert made.mendings == {
        **{f"B{c}": "let isBranch = 1; let isTerminator = 1;" for c in ("EQ", "NE", "LT", "GE", "LTU", "GEU")},
        "J": f"let isBranch = 1; {ENDS}", "JR": f"let isBranch = 1; let isIndirectBranch = 1; {ENDS}",
        "CALL": "let isCall = 1;", "CALLR": "let isCall = 1;",
    }  # fmt: skip
    assert "def RETURN : Instruction" in made.text, "a pseudo instruction stands for the return"


STACK = """
def AnyReg : RegisterClass<"Tern", [i32], 32, (add GPR, SP)> { let isAllocatable = 0; }
let Uses = [SP], hasSideEffects = 0 in {
  let mayLoad = 1 in def LDWSP : FormatRI<0x30, (outs AnyReg:$rd), (ins uimm16:$imm), "ldw\\t$rd, sp[$imm]", []> { let rs1 = 0; }
  let mayStore = 1 in def STWSP : FormatRI<0x31, (outs), (ins AnyReg:$rd, uimm16:$imm), "stw\\t$rd, sp[$imm]", []> { let rs1 = 0; }
  def LDAWSP : FormatRI<0x32, (outs AnyReg:$rd), (ins uimm16:$imm), "ldaw\\t$rd, sp[$imm]", []> { let rs1 = 0; }
  let Defs = [SP] in def EXTSP : FormatRI<0x33, (outs), (ins uimm16:$imm), "extsp\\t$imm", []> { let rs1 = 0; let rd = 0; }
}
let Defs = [SP], hasSideEffects = 0 in
def SETSP : FormatJR<0x34, (outs), (ins GPR:$rs1), "set\\tsp, $rs1", []>;
"""


def test_a_stack_pointer_that_is_no_operand_is_reached_by_the_instructions_that_use_it(tern: Path) -> None:
    registers = tern.with_name("TernRegisterInfo.td")
    text = registers.read_text()
    assert text.count("SP,") == 1
    registers.write_text(text.replace("SP,", ""))
    m = find_facts(described(tern))
    assert (m.sp, m.stack) == ("", None)
    change(tern, added=STACK)
    m = find_facts(described(tern))
    assert m.sp == "SP" and m.stack
    found = [op.record for op in (m.stack.load, m.stack.store, m.stack.address, m.stack.extend, m.stack.assign)]
    assert found == ["LDWSP", "STWSP", "LDAWSP", "EXTSP", "SETSP"] and (m.stack.unit, m.stack.whole) == (4, True)


def test_the_simulator_knows_how_the_stack_is_reached(tern: Path) -> None:
    registers = tern.with_name("TernRegisterInfo.td")
    registers.write_text(registers.read_text().replace("SP,", ""))
    narrow = 'let Uses = [SP], mayLoad = 1 in def LDWSP_S : FormatRI<0x35, (outs AnyReg:$rd), (ins uimm5:$imm), "lds\\t$rd, sp[$imm]", []>'
    change(tern, added=STACK + narrow + " { let rs1 = 0; }")
    d = described(tern)
    known = {e.record: e for e in effects(d, find_facts(d)) if isinstance(e, Effect)}
    sp = NamedRegister("SP", 32)
    for record in ("LDWSP", "LDWSP_S"):
        match known[record].actions:
            case (Assign(OperandRegister(0, 32), Loaded(Binary("add", left, Binary("mul", _, Number(4, 32), 32), 32), 4, 32, False)),):
                assert left == sp
            case other:
                pytest.fail(f"{record}: {other}")
    match known["EXTSP"].actions:
        case (Assign(place, Binary("sub", left, Binary("mul", OperandNumber(0, 32), Number(4, 32), 32), 32)),):
            assert place == left == sp
        case other:
            pytest.fail(str(other))
    assert known["SETSP"].actions == (Assign(sp, OperandRegister(0, 32)),)
