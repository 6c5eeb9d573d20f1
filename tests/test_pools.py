"""A target whose addresses come from constant pools beside the code, and whose shifts take their amount from a register of its own."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from commands import Command
from conftest import ROOT

from llvm_integration.process import run
from vega_gen import tablegen
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.facts_file import with_given
from vega_gen.facts.fixups import fixups
from vega_gen.ladder.programs import undecoded
from vega_gen.records import Description, GivenFact

PREFIX = Path("/usr/lib/llvm-19")
ADDED = """
def TernPool : SDNode<"TernISD::POOL", SDT_TernAddress>;
def pooltarget : Operand<i32> {
  let ParserMatchClass = BranchTargetAsmOperand;
  let EncoderMethod = "getPoolOpValue";
  let DecoderMethod = "decodePool";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}
let mayLoad = 1 in
def LDP : TernInst<(outs GPR:$rd), (ins pooltarget:$target), "ldp\\t$rd, $target", []>, Sched<[WriteLoad]> {
  bits<4> rd;
  bits<16> target;
  let opcode = 0x3e;
  let Inst{25-22} = rd;
  let Inst{21-16} = 0;
  let Inst{15-0} = target;
}
def : Pat<(TernPool tconstpool:$at), (LDP tconstpool:$at)>;

class Amount<bits<6> op, dag outs, dag ins, string asm> : TernInst<outs, ins, asm, []>, Sched<[WriteALU]> {
  bits<4> rs1;
  let opcode = 0x3d;
  let Inst{25-22} = 0;
  let Inst{21-18} = rs1;
  let Inst{17-6} = 0;
  let Inst{5-0} = op;
}
class ByAmount<bits<6> op, dag outs, dag ins, string asm> : Amount<op, outs, ins, asm> {
  bits<4> rd;
  let Inst{25-22} = rd;
}
let Defs = [AMOUNT] in {
  def SSL : Amount<1, (outs), (ins GPR:$rs1), "ssl\\t$rs1">;
  def SSR : Amount<2, (outs), (ins GPR:$rs1), "ssr\\t$rs1">;
}
let Uses = [AMOUNT] in {
  def BSLL : ByAmount<3, (outs GPR:$rd), (ins GPR:$rs1), "sll\\t$rd, $rs1">;
  def BSRL : ByAmount<4, (outs GPR:$rd), (ins GPR:$rs1), "srl\\t$rd, $rs1">;
  def BSRA : ByAmount<5, (outs GPR:$rd), (ins GPR:$rs1), "sra\\t$rd, $rs1">;
}
"""
FACTS = """
[distance]
origin_of.pooltarget = 4
unit_of.pooltarget = 4
sign_of.pooltarget = "SIGN"
"""
PROGRAM = """\
@table = constant [3 x i32] [i32 1000001, i32 -7, i32 12]
@pointer = global ptr @table
define internal i32 @far(i32 %a, i32 %by) noinline {
  %left = shl i32 %a, %by
  %right = lshr i32 %left, 3
  %signed = ashr i32 %right, %by
  %big = add i32 %signed, 1985229328
  ret i32 %big
}
define i32 @main() {
  %at = load volatile ptr, ptr @pointer
  %second = getelementptr i32, ptr %at, i32 1
  %a = load volatile i32, ptr %second
  %near = load volatile i32, ptr getelementptr (i32, ptr @table, i32 2)
  %f = call i32 @far(i32 %a, i32 %near)
  %wrong = xor i32 %f, 1985360399
  %nonzero = icmp ne i32 %wrong, 0
  %status = select i1 %nonzero, i32 99, i32 %near
  ret i32 %status
}
"""


@pytest.fixture
def pooled(tmp_path: Path) -> Path:
    """Tern without instructions for the upper part of a number and for shifts by a register, with the ones above instead."""
    folder = tmp_path / "Tern"
    shutil.copytree(ROOT / "targets/Tern", folder)
    code, registers = folder / "TernInstrInfo.td", folder / "TernRegisterInfo.td"
    text = re.sub(r"^def (SLL|SRL|SRA)  : .*;\n", "", code.read_text(), flags=re.M)
    text = re.sub(r"^def : Pat<\(i32 (hi16only:|imm:).*;\n", "", text, flags=re.M)
    text, count = re.subn(r"^def LUI : .*?\n\}\n", "", text, flags=re.M | re.S)
    text, parts = re.subn(r"^foreach symbol = .*?\n\}\n", "", text, flags=re.M | re.S)
    assert (count, parts) == (1, 1)
    code.write_text(text + ADDED)
    registers.write_text(registers.read_text() + 'def AMOUNT : Register<"amount"> { let Namespace = "Tern"; }\n')
    return folder / "Tern.td"


def facts(folder: Path, sign: str) -> Path:
    file = folder / "Tern.facts.toml"
    file.write_text(FACTS.replace("SIGN", sign))
    return file


def described(td: Path) -> Description:
    return tablegen.describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")


def test_addresses_and_numbers_come_from_a_pool_that_the_load_reaches(pooled: Path, tmp_path: Path, command: Command) -> None:
    program = tmp_path / "program.ll"
    program.write_text(PROGRAM)
    file, out = facts(tmp_path, "back"), tmp_path / "out"
    said = command("try", "--td", pooled, "--facts", file, "--llvm-version", "19", "--run", program, "--out", out)
    assert "exit status 12;" in said.out, said.out + said.err
    text = run([str(out / "bin/llc"), "-march=tern", str(program), "-o", "-"], timeout=60).check().stdout
    places = [text.index(f"\n{name}:") for name in ("far.pool", "far", "main.pool", "main")]
    assert places == sorted(places)
    assert text.count("\tldp\t") == 4


def test_a_pool_that_is_reached_forwards_lies_behind_the_function(pooled: Path, tmp_path: Path) -> None:
    interface = Interface([PREFIX / "include"])
    printed = {
        sign: archetypes(with_given(described(pooled), facts(tmp_path, sign)), interface, "tern").printed["TernAsmPrinter.cpp"]
        for sign in ("back", "ahead")
    }
    assert "::emitFunctionBodyEnd() { emitPool(); }" in printed["ahead"] and "emitConstantPool" not in printed["ahead"]
    assert "::emitConstantPool() {" in printed["back"] and "emitFunctionBodyEnd" not in printed["back"]


def test_what_shifts_by_an_amount_register_is_found(pooled: Path) -> None:
    found = find_facts(described(pooled))
    shown = {root: (how.amount.text, how.shift.text, how.register) for root, how in found.amount_shifts.items()}
    assert shown == {
        "shl": ("SSL src", "BSLL dst src", "AMOUNT"),
        "srl": ("SSR src", "BSRL dst src", "AMOUNT"),
        "sra": ("SSR src", "BSRA dst src", "AMOUNT"),
    }
    assert not find_facts(described(ROOT / "targets/Tern/Tern.td")).amount_shifts


def test_a_load_that_patterns_select_for_symbols_too_reads_no_pool(pooled: Path) -> None:
    assert find_facts(described(pooled)).pool == "LDP"
    code = pooled.with_name("TernInstrInfo.td")
    code.write_text(code.read_text() + "def : Pat<(TernPool tglobaladdr:$at), (LDP tglobaladdr:$at)>;\n")
    found = find_facts(described(pooled))
    assert (found.pool, found.load_symbol) == ("", None)


def test_distances_count_from_where_a_person_says(pooled: Path) -> None:
    lines = (("distance.origin", "4"), ("distance.origin_of.pooltarget", "7"), ("distance.unit_of.pooltarget", "8"))
    d = replace(described(pooled), given={key: GivenFact(key, value, "") for key, value in lines})
    kinds, users = fixups(d, find_facts(d))
    told = {r: kinds[u.fixup] for u in users for r in u.records}
    assert [(told[r].origin, told[r].rounded, told[r].shift) for r in ("BEQ", "CALL", "LDP")] == [(4, 1, 2), (4, 1, 2), (7, 8, 3)]
    printed = archetypes(d, Interface([PREFIX / "include"]), "tern").printed["MCTargetDesc/TernAsmBackend.cpp"]
    assert "return Value - 4; // from where it counts" in printed
    # T - (P + 7) / 8 * 8 is that of T - P if T is a multiple of 8
    assert "return Value & -8;" in printed
    for here in range(64):
        assert (4096 - here) & -8 == 4096 - (here + 7) // 8 * 8


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("distance.origin_of.pooltaget", "4", "the .td has no operand type pooltaget"),
        ("distance.unit_of.pooltarget", "3", "is a power of two"),
        ("distance.sign_of.pooltarget", "forward", "is ahead, back or both"),
    ],
)
def test_a_distance_that_cannot_be_is_an_error(pooled: Path, key: str, value: str, what: str) -> None:
    with pytest.raises(InputError, match=re.escape(what)):
        find_facts(described(pooled), given={key: GivenFact(key, value, "Tern.facts.toml:3:1")})


DUMPED = """\
Disassembly of section .text:

00000000 <first>:
       0: 01 02 03     \tmov a, b
       3: 00           \t<unknown>
       4: LAST 11     \t<unknown>

00000005 <second>:
       5: 11 02 03     \tmov a, b
"""


def test_zeros_between_functions_are_no_bad_code() -> None:
    assert undecoded(DUMPED.replace("LAST", "00")) == ""
    assert undecoded(DUMPED.replace("LAST", "07")).startswith("4: 07 11")


def test_a_number_that_is_put_together_of_unsigned_parts_comes_to_an_end(pooled: Path) -> None:
    """Shifted with its sign, a negative number would be -1 for ever."""
    d = described(pooled)
    code = tuple(replace(f, code=f.code.replace("isInt<16>", "isUInt<16>")) for f in d.fragments)
    d = replace(d, fragments=code, given={"instruction.symbol": GivenFact("instruction.symbol", "", "Tern.facts.toml:1:1")})
    m = find_facts(d)
    assert m.add_immediate and m.add_immediate.range and not m.add_immediate.range.signed and not m.upper
    printed = archetypes(d, Interface([PREFIX / "include"]), "tern").printed
    for file in ("TernISelDAGToDAG.cpp", "TernInstrInfo.cpp"):
        assert "static_cast<uint32_t>(Value) >> 16" in printed[file]
