"""What instructions do, as their .td says: expectations are written from the instruction sets' manuals, not from what the tool gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from simulated import TESTS, described

from vega_gen.facts import find_facts
from vega_gen.records import Description, GivenFact
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import (
    Assign,
    Binary,
    CallTo,
    Carry,
    Conditional,
    Effect,
    Forget,
    Halt,
    Here,
    Jump,
    Loaded,
    NamedRegister,
    Number,
    OperandNumber,
    OperandRegister,
    Relation,
    Require,
    ReturnTo,
    Source,
    Store,
    Unary,
    Unknown,
)
from vega_gen.simulate.storage import Piece, register_widths, storage


def said(node: object) -> str:
    """An expression or a statement in short: rN is the register in operand N, #N its number, ' * ' stands between two statements."""
    match node:
        case Number(value, bits):
            return str(value - (1 << bits) if value >> (bits - 1) else value)
        case OperandRegister(index, _):
            return f"r{index}"
        case OperandNumber(index, _, field, sign, shift, ones):
            cut = f":{'s' if sign else 'u'}{field}" if field else ""
            return f"#{index}{cut}" + (f"<<{shift}" if shift else "") + (f"|{ones:#x}" if ones else "")
        case NamedRegister(name, _):
            return name
        case Carry():
            return "carry"
        case Here():
            return "here"
        case Loaded(address, size, _, sign):
            return f"{'s' if sign else 'u'}{size * 8}[{said(address)}]"
        case Binary(op, left, right, _):
            return f"{op}({said(left)}, {said(right)})"
        case Unary(op, value, bits):
            return f"{op}{bits}({said(value)})"
        case Relation(condition, left, right):
            return f"{condition}({said(left)}, {said(right)})"
        case Conditional(condition, then, otherwise, _):
            return f"{said(condition)} ? {said(then)} : {said(otherwise)}"
        case Assign(place, value):
            return f"{said(place)} = {said(value)}"
        case Store(address, size, value):
            return f"{size * 8}[{said(address)}] = {said(value)}"
        case Jump(target, condition):
            return f"{f'if {said(condition)} ' if condition else ''}go {said(target)}"
        case CallTo(target, link):
            return f"call {said(target)} from {said(link) if link else 'stack'}"
        case ReturnTo(link):
            return f"return to {said(link) if link else 'stack'}"
        case Halt(reason):
            return f"stop: {reason}"
        case Require(index, value, _):
            return f"operand {index} is {value!r}"
        case Forget():
            return "carry lost"
        case Effect():
            return " * ".join(said(a) for a in node.actions) + (" (delayed)" if node.delayed else "")
        case Unknown(_, reason):
            return f"unknown: {reason}"
        case _:
            raise AssertionError(node)


def told(d: Description) -> dict[str, str]:
    return {e.record: said(e) for e in effects(d, find_facts(d))}


@pytest.fixture(scope="module")
def tern(llvm_source: Path) -> Description:
    return described(ROOT / "targets/Tern/Tern.td", llvm_source)


@pytest.fixture(scope="module")
def wren(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/Wren.td", llvm_source)


# From the comments of targets/Tern: three-operand arithmetic, offsets from the branch itself, lr for calls.
TERN = {
    "ADD": "r0 = add(r1, r2)",
    "SUB": "r0 = sub(r1, r2)",
    "ADDI": "r0 = add(r1, #2)",
    "ORI": "r0 = or(r1, #2)",
    "SLLI": "r0 = shl(r1, #2)",
    "SRAI": "r0 = sra(r1, #2)",
    "SLT": "r0 = zext32(lt(r1, r2))",
    "SLTIU": "r0 = zext32(ult(r1, #2))",
    "MULHU": "r0 = mulhu(r1, r2)",
    "REM": "r0 = srem(r1, r2)",
    "CMOVN": "r0 = ne(r2, 0) ? r1 : r3",
    "CMOVZ": "r0 = eq(r2, 0) ? r1 : r3",
    "LUI": "r0 = shl(#1, 16)",
    "LB": "r0 = s8[add(r1, #2)]",
    "LBU": "r0 = u8[add(r1, #2)]",
    "LH": "r0 = s16[add(r1, #2)]",
    "LHU": "r0 = u16[add(r1, #2)]",
    "LW": "r0 = u32[add(r1, #2)]",
    "SB": "8[add(r1, #2)] = r0",
    "SH": "16[add(r1, #2)] = r0",
    "SW": "32[add(r1, #2)] = r0",
    "BEQ": "if eq(r0, r1) go add(here, #2)",
    "BLTU": "if ult(r0, r1) go add(here, #2)",
    "BGEU": "if uge(r0, r1) go add(here, #2)",
    "J": "go add(here, #0)",
    "JR": "go r0",
    "CALL": "call add(here, #0) from LR",
    "CALLR": "call r0 from LR",
    "RET": "return to LR",
}
# From the RISC-V manual, chapters RV32I and M; the .td has FENCE, ECALL and AUIPC for the assembler alone.
RISCY = {
    "XORI": "r0 = xor(r1, #2)",
    "SLTU": "r0 = zext32(ult(r1, r2))",
    "LUI": "r0 = shl(#1, 12)",
    "LHU": "r0 = u16[add(r1, #2)]",
    "BNE": "if ne(r0, r1) go add(here, #2)",
    "BLT": "if lt(r0, r1) go add(here, #2)",
    "JAL": "call add(here, #1) from r0",
    "JALR": "call add(r1, #2) from r0",
    "MULH": "r0 = mulhs(r1, r2)",
    "DIVU": "r0 = udiv(r1, r2)",
    "EBREAK": "stop: a trap",
}
# From the comments of tests/inputs/Wren.td.
WREN = {
    "ADDB": "r0 = add(r1, r2)",
    "BIC": "r0 = and(r1, xor(r2, -1))",
    "MIN": "operand 3 is 0 * r0 = smin(r1, r2)",
    "DIVREM": "r0 = sdiv(r2, r3) * r1 = srem(r2, r3)",
    "UMULL": "r0 = mul(r2, r3) * r1 = mulhu(r2, r3)",
    "SXT": "r0 = sext16(trunc8(r1))",
    "SWAP": "r0 = bswap16(r1)",
    "LDB": "r0 = u8[add(r1, #2)]",
    "LDSB": "r0 = s8[add(r1, #2)]",
    "ADDM": "16[add(r1, #2)] = add(u16[add(r1, #2)], r0)",
    "ORHI": "r0 = or(r1, #2:u8<<8|0xff)",
    "SHIFT": "r0 = ult(#2, 16) ? shl(r1, #2) : srl(r1, sub(0, #2))",
    "LI": "r0 = #1",
    "XOR": "r0 = xor(r1, r2) * carry lost",
    "INC": "r0 = add(r1, 1)",
    "JMP": "go add(here, #0)",
    "JNZ": "if ne(r0, 0) go add(here, #1) (delayed)",
    "CALL": "call r0 from stack (delayed)",
    "RET": "return to stack",
    "CLEAR": "SR = 0",
}


def test_what_the_instructions_of_tern_do(tern: Description) -> None:
    found = told(tern)
    assert {name: found[name] for name in TERN} == TERN
    known = [i.name for i in tern.instructions if "isPseudo" not in i.flags]
    assert [name for name in known if found[name].startswith("unknown")] == []


def test_what_the_instructions_of_risc_v_do(llvm_source: Path) -> None:
    found = told(described(ROOT / "targets/RV32IM/RV32IM.td", llvm_source))
    assert {name: found[name] for name in RISCY} == RISCY
    assert {n for n, text in found.items() if "no pattern selects" in text} == {"AUIPC", "ECALL", "FENCE"}


def test_what_the_instructions_of_a_machine_of_sixteen_bits_do(wren: Description) -> None:
    found = told(wren)
    assert {name: found[name] for name in WREN} == WREN


def test_a_sum_that_carries_knows_the_carry_out(wren: Description) -> None:
    found = told(wren)
    assert found["ADD"].startswith("r0 = add(r1, r2) * carry = ")
    assert found["SBC"].startswith("r0 = sub(sub(r1, r2), zext16(carry)) * carry = ")


def test_an_instruction_that_nobody_knows_says_why(wren: Description) -> None:
    found = told(wren)
    assert (
        found["MYSTERY"]
        == "unknown: no pattern selects MYSTERY and no fact says what it does: give it a pattern in the .td (a Pat will do), or a fact"
    )
    assert "the node WrenISD::ODD, and no .td says what that does" in found["ODD"]


def test_a_pattern_that_fixes_an_operand_says_nothing_of_the_instruction(wren: Description) -> None:
    """(add a, 1) is INC a, but (setne a, 0) being SLTU zero, a does not make SLTU a comparison with zero."""
    fixed = replace(wren, patterns=(*wren.patterns, ("(i16 (setne GR16:$a, 0))", "[(MYSTERY R1, GR16:$a)]")))
    assert told(fixed)["MYSTERY"].startswith("unknown")


def test_the_decoder_cannot_tell_twins_apart_so_they_do_the_same(wren: Description) -> None:
    """MYSTERY2 is written like SHIFT in every bit; its pattern is the only one for shifts to the right."""
    shift = next(i for i in wren.instructions if i.name == "SHIFT")
    twin = replace(shift, name="SHIFTR", pattern="", flags=shift.flags | {"isCodeGenOnly"})
    patterns = tuple((source, given.replace("SHIFT", "SHIFTR")) for source, given in wren.patterns)
    found = told(replace(wren, instructions=(*wren.instructions, twin), patterns=patterns))
    assert found["SHIFT"] == found["SHIFTR"] == WREN["SHIFT"]


def test_facts_say_what_patterns_do_not(tern: Description) -> None:
    """Without any pattern, the operations that the facts name are still known."""
    facts = find_facts(tern)
    bare = replace(tern, patterns=(), instructions=tuple(replace(i, pattern="", nodes=()) for i in tern.instructions))
    found = {e.record: e for e in effects(bare, facts)}
    for name in ("ADD", "ADDI", "SUB", "ORI", "SLLI", "LUI", "LB", "LHU", "LW", "SB", "SW", "J", "JR", "BEQ", "BLTU", "RET"):
        e = found[name]
        assert isinstance(e, Effect), (name, e.reason)
        assert e.source in (Source.FACT, Source.SHAPE)
        assert said(e) == TERN[name]
    assert isinstance(found["MULH"], Unknown)


def test_flags_alone_tell_calls_and_jumps_but_no_number_is_an_address(tern: Description) -> None:
    bare = replace(tern, patterns=(), instructions=tuple(replace(i, pattern="", nodes=()) for i in tern.instructions))
    facts = find_facts(tern)
    assert said(next(e for e in effects(bare, facts) if e.record == "CALLR")) == "call r0 from LR"
    number = [replace(i, ins=tuple(replace(o, type="uimm16") for o in i.ins)) if i.name in ("CALL", "J") else i for i in bare.instructions]
    assert facts.calls.direct
    assert facts.jump
    other = replace(facts, calls=replace(facts.calls, direct=None), jump=None)
    found = {e.record: e for e in effects(replace(bare, instructions=tuple(number)), other)}
    assert isinstance(found["CALL"], Unknown)
    assert isinstance(found["J"], Unknown)


# -- registers


def test_views_and_pairs_share_storage(wren: Description) -> None:
    found = storage(wren)
    at = {r.name: n for n, r in enumerate(wren.registers)}
    assert register_widths(wren) | {} == {r.name: 8 if r.name.endswith("B") else 32 if r.name == "R2R3" else 16 for r in wren.registers}
    assert found.pieces[at["R1B"]] == (Piece(0, at["R1"], 0, 8),)
    assert found.pieces[at["R2R3"]] == (Piece(0, at["R2"], 0, 16), Piece(16, at["R3"], 0, 16))
    assert found.whole(at["R1"]) == at["R1"]
    assert (found.low(at["R1B"]), found.whole(at["R1B"])) == (at["R1"], -1)
    assert found.clears == {at[f"R{n}B"] for n in range(1, 8)}


def test_parts_clear_the_rest_only_where_patterns_rely_on_it(wren: Description) -> None:
    assert storage(replace(wren, patterns=())).clears == frozenset()


def test_descriptions_say_what_operators_and_operands_are(wren: Description) -> None:
    operators = {o.name: o for o in wren.operators}
    assert operators["add"].opcode == "ISD::ADD"
    assert operators["bit_clear"].dag == "(and node:$a, (not node:$b))"
    assert operators["bit_clear"].parameters == ("a", "b")
    assert operators["zextloadi8"].memory == "i8"
    assert "IsZeroExtLoad" in operators["zextload"].properties
    assert next(o for o in wren.operand_classes if o.name == "pred").defaults == ("0",)
    assert next(r for r in wren.registers if r.name == "R2R3").places == ((0, 16), (16, 16))


WIDER = """
def uimm20 : Operand<i64>, ImmLeaf<i64, [{ return isUInt<20>(Imm); }]>;
def Number : I<20, (outs GR:$d), (ins uimm20:$imm), "up $d, $imm", []> { bits<20> imm; let Inst{31-12} = imm; }
def ADDH : I<21, (outs GR:$d), (ins GR:$a, GR:$b), "addh $d, $a, $b", []>;
def : Pat<(i32 (add (i32 GR:$a), (i32 GR:$b))), (ADDH GR:$a, GR:$b)>;
"""


BITS = """
def Bit : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(llvm::countr_zero(N->getZExtValue()), SDLoc(N), MVT::i16); }]>;
def OneBit : ImmLeaf<i16, [{ return isPowerOf2_32(Imm); }], Bit>;
def twice : ComplexPattern<i16, 1, "selectTwice">;
def added : PatFrags<(ops node:$a, node:$b), [(or node:$a, node:$b), (add node:$a, node:$b)],
  [{ return CurDAG->isADDLike(SDValue(N, 0)); }]>;
def SETB : I<(outs GR16:$d), (ins GR16:$a, i16imm:$i), "setb", [(set GR16:$d, (or GR16:$a, OneBit:$i))], 60>;
def FLIP : I<(outs GR16:$d), (ins GR16:$a, i16imm:$i), "flip", [(set GR16:$d, (xor GR16:$a, OneBit:$i))], 61>;
def ADDT : I<(outs GR16:$d), (ins GR16:$a, GR16:$b), "addt", [(set GR16:$d, (added twice:$a, GR16:$b))], 62>;
def ADDS : I<(outs GR16:$d), (ins GR16:$a, GR16:$b), "adds", [(set GR16:$d, (added (shl GR16:$a, (i16 1)), GR16:$b))], 63>;
"""


def test_an_instruction_may_hold_the_number_of_a_bit_and_not_the_bit(tmp_path: Path, llvm_source: Path) -> None:
    """As BSETI of RISC-V and BSET of many. The facts know it too: such a number is none to combine a register with."""
    td = tmp_path / "Wren.td"
    td.write_text((TESTS / "inputs/Wren.td").read_text().replace("def WrenInstrInfo", f"{BITS}def WrenInstrInfo"))
    d = described(td, llvm_source)
    found = told(d)
    assert found["SETB"] == "r0 = or(r1, shl(1, #2))"
    assert found["FLIP"] == "r0 = xor(r1, shl(1, #2))"
    assert found["ADDT"].startswith("unknown: its pattern has twice, and no .td says which nodes that matches")
    assert found["ADDS"] == "r0 = add(shl(r1, 1), r2)", "an or of disjoint bits is an addition, and not the reverse"
    assert "SETB" not in {a.value.split()[0] for f in find_facts(d).records.values() for a in (f, *f.alternatives) if a.value}


def test_what_holds_for_half_a_register_says_nothing_of_the_rest(tmp_path: Path, llvm_source: Path) -> None:
    td = tmp_path / "Heron.td"
    text = (TESTS / "inputs/Heron.td").read_text().replace("[i64], 64,", "[i64, i32], 64,")
    td.write_text(text.replace("def HeronInstrInfo", f"{WIDER}def HeronInstrInfo"))
    given = {"instruction.constant_upper": GivenFact("instruction.constant_upper", "Number dst imm", "Heron.facts.toml:1")}
    found = told(replace(described(td, llvm_source), given=given))
    assert found["ADDH"].startswith("unknown: ")
    assert found["Number"] == "r0 = sext64(trunc32(shl(#1:u20, 12)))", "bit 31 is the sign of all that is above it"
