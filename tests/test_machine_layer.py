"""The machine code layer of archetypes: operands that may be left out, narrow register fields, and how instructions are tried."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.records import Description, SubtargetFeature
from vega_gen.tablegen import describe, views
from vega_gen.tablegen.feature_groups import Features
from vega_gen.tablegen.raw import Raw

PREFIX = Path("/usr/lib/llvm-19")
TERN = Path(__file__).parents[1] / "targets/Tern"

OPTIONAL = """
def RoundClass : AsmOperandClass {
  let Name = "Round"; let IsOptional = 1; let DefaultMethod = "defaultRound"; let ParserMethod = "parseRound";
}
def round : Operand<i32> { let ParserMatchClass = RoundClass; let PrintMethod = "printRound"; let DecoderMethod = "decodeRound"; }
def MaskClass : RegisterClass<"Tern", [i32], 32, (add R7)>;
def MaskOperand : AsmOperandClass {
  let Name = "Mask"; let IsOptional = 1; let DefaultMethod = "defaultMask"; let ParserMethod = "parseMask";
}
def mask : RegisterOperand<MaskClass> {
  let ParserMatchClass = MaskOperand; let PrintMethod = "printMask"; let EncoderMethod = "getMask"; let DecoderMethod = "decodeMask";
}
class Masked<bits<6> op, dag ins, string text> : Instruction {
  let Namespace = "Tern"; let Size = 4; field bits<32> Inst; let OutOperandList = (outs GPR:$rd); let InOperandList = ins;
  bits<4> rd; bits<1> m; bits<2> r; let Inst{31-26} = op; let Inst{3-0} = rd; let Inst{4} = m; let Inst{6-5} = r; let Inst{25-7} = 0;
  let AsmString = text; let hasNoSchedulingInfo = 1;
}
def MASKED : Masked<0x3e, (ins round:$r, mask:$m), "masked\\t$rd$r$m">;
def : Pat<(i32 (ctpop (i32 (ctpop GPR:$a)))), (MASKED 2, R7)>;
"""


@pytest.fixture
def optional(tmp_path: Path) -> dict[str, str]:
    """The C++ for Tern with an instruction that has a rounding mode and a mask, either of which assembly may leave out."""
    folder = tmp_path / "Tern"
    shutil.copytree(TERN, folder)
    td = folder / "TernInstrInfo.td"
    td.write_text(td.read_text() + OPTIONAL)
    d = describe(folder / "Tern.td", folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")
    return archetypes(d, Interface([PREFIX / "include"])).files


def body(text: str, name: str) -> str:
    """The text of a function, on one line."""
    return " ".join(text[text.index(f"::{name}(") if f"::{name}(" in text else text.index(f" {name}(") :].partition("\n}\n")[0].split())


def test_a_number_that_is_left_out_is_the_one_that_patterns_give(optional: dict[str, str]) -> None:
    printed = body(optional["MCTargetDesc/TernInstPrinter.cpp"], "printRound")
    assert "MO.getImm() == 2" in printed
    assert 'O << ", "' in printed
    assert "MCConstantExpr::create(2," in body(optional["AsmParser/TernAsmParser.cpp"], "defaultRound")


def test_a_register_that_is_left_out_has_a_number_that_is_no_registers(optional: dict[str, str]) -> None:
    """R7 is number 7, which a field of one bit holds as 1: 0 is free."""
    encoded, decoded = optional["MCTargetDesc/TernMCCodeEmitter.cpp"], optional["Disassembler/TernDisassembler.cpp"]
    assert "!MI.getOperand(OpNo).getReg()) return 0;" in body(encoded, "getMask")
    assert "if (RegNo == 0) { Inst.addOperand(MCOperand::createReg(0));" in body(decoded, "decodeMask")
    assert "{0, Tern::R7, }" in body(decoded, "decodeMask")
    assert "createReg(MCRegister(), SMLoc(), SMLoc())" in body(optional["AsmParser/TernAsmParser.cpp"], "defaultMask")


def with_features(d: Description, needs: Sequence[tuple[str, ...]]) -> Description:
    """``d`` with instructions that have these predicates, two features that exclude each other and one that another implies."""
    conditions = {"A": "(all_of FA)", "NotA": "(all_of (not FA))", "B": "(all_of FB)", "AorB": "(any_of FA, FB)", "C": "(all_of FC)"}
    features = tuple(SubtargetFeature(f"F{n}", n.lower(), "", "", "", ("FC",) if n == "B" else ()) for n in "ABC")
    first = d.instructions[: len(needs)]
    changed = tuple(replace(i, predicates=p) for i, p in zip(first, needs, strict=True))
    return replace(d, features=features, assembler_predicates=conditions, instructions=changed, processors=())


def test_features_that_exclude_each_other_take_two_runs() -> None:
    tern = describe(TERN / "Tern.td", folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")
    d = with_features(tern, [("A",), ("A",), ("NotA",), ("B",), ("AorB",), ("A", "NotA"), ()])
    features = Features(d, "")
    groups = features.groups(d.instructions)
    assert [features.attrs(group) for group in groups] == ["+a,+b", ""]
    assert groups[1].off == {"FA"}
    assert features.wanted(d.instructions[5]) == ()
    only = with_features(tern, [("B",), ("C",)])
    assert [Features(only, "").attrs(group) for group in Features(only, "").groups(only.instructions)] == ["+b,+c"]


def test_a_little_endian_encoding_is_read_from_its_other_end() -> None:
    def raws(bit: int) -> dict[str, Raw]:
        return {
            "T": Raw("T", ("Target",), "\n  InstrInfo InstructionSet = II;\n"),
            "II": Raw("II", ("InstrInfo",), f"\n  bit isLittleEndianEncoding = {bit};\n"),
            "X": Raw("X", ("Instruction",), '\n  string Namespace = "T";\n  bits<4> Inst = { 1, 0, a{1}, a{0} };\n'),
        }

    assert views.instructions(raws(0))[0].encoding == ("1", "0", "a{1}", "a{0}")
    assert views.instructions(raws(1))[0].encoding == ("a{0}", "a{1}", "0", "1")


def test_the_condition_of_a_predicate_operand_is_decoded_and_not_taken_from_its_default(llvm_source: Path) -> None:
    """Lanai's predicate is a number with a field of four bits and a default."""
    td, include = llvm_source / "llvm/lib/Target/Lanai/Lanai.td", llvm_source / "llvm/include"
    d = describe(td, folder="Lanai", llvm_include=include, tblgen=PREFIX / "bin/llvm-tblgen")
    text = archetypes(d, Interface([include])).files["Disassembler/LanaiDisassembler.cpp"]
    body = text[text.index("decodePredicateOperand(") :].partition("\n}")[0]
    assert "Inst.addOperand(MCOperand::createImm(Val));" in body and "createImm(0)" not in body
