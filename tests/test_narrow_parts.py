"""A narrow type whose registers are parts of those of addresses, on a machine that combines bits in whole registers alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_facts_operations import TESTS
from test_facts_operations import cache as cache
from test_layouts import CONVENTIONS

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.records import Description
from vega_gen.tablegen import describe

PARTS = """
def lo : SubRegIndex<32> { let Namespace = "Heron"; }
foreach n = 0-7 in
  def W # n : Register<"w" # n> { let Namespace = "Heron"; let HWEncoding = n; }
foreach n = 0-7 in
  def R # n : Register<"r" # n> {
    let Namespace = "Heron";
    let HWEncoding = n;
    let SubRegs = [!cast<Register>("W" # n)];
    let SubRegIndices = [lo];
  }
"""
NARROW = """
def WR : RegisterClass<"Heron", [i32], 32, (add (sequence "W%u", 0, 7))>;
def near : Operand<i64>, ComplexPattern<i64, 2, "SelectNear", []> { let MIOperandInfo = (ops GR, i64imm); }
def ADDW : I<40, (outs WR:$d), (ins WR:$a, WR:$b), "addw $d, $a, $b", [(set i32:$d, (add i32:$a, i32:$b))]>;
def SUBW : I<41, (outs WR:$d), (ins WR:$a, WR:$b), "subw $d, $a, $b", [(set i32:$d, (sub i32:$a, i32:$b))]>;
def SHL : I<42, (outs GR:$d), (ins GR:$a, WR:$b), "shl $d, $a, $b", [(set i64:$d, (shl i64:$a, i32:$b))]>;
def SRA : I<43, (outs GR:$d), (ins GR:$a, WR:$b), "sra $d, $a, $b", [(set i64:$d, (sra i64:$a, i32:$b))]>;
def AND : Binary<44, "and", and>;
def OR : Binary<45, "or", or>;
def MOV : I<46, (outs GR:$d), (ins GR:$a), "mov $d, $a", []>;
def SET : I<47, (outs GR:$d), (ins i64imm:$n), "set $d, $n", []> { bits<20> n; let Inst{31-12} = n; }
let mayLoad = 1 in {
  def DLDWS : I<48, (outs WR:$d), (ins near:$at), "dldws $d, $at", [(set i32:$d, (load near:$at))]> { bits<20> at; let Inst{31-12} = at; }
  def LDWS : I<49, (outs WR:$d), (ins near:$at), "ldws $d, $at", [(set i32:$d, (load near:$at))]> { bits<20> at; let Inst{31-12} = at; }
}
let mayStore = 1 in
def STWS : I<50, (outs), (ins WR:$d, near:$at), "stws $d, $at", [(store i32:$d, near:$at)]> { bits<20> at; let Inst{31-12} = at; }
def : Pat<(i32 imm:$n), (EXTRACT_SUBREG (SET imm:$n), lo)>;
def : Pat<(i32 (trunc i64:$a)), (EXTRACT_SUBREG i64:$a, lo)>;
def : Pat<(i64 (anyext i32:$a)), (INSERT_SUBREG (i64 (IMPLICIT_DEF)), i32:$a, lo)>;
def : Pat<(i64 (zext i32:$a)), (AND (INSERT_SUBREG (i64 (IMPLICIT_DEF)), i32:$a, lo), (SET 0xffff))>;
"""


def described(folder: Path, llvm_source: Path, more: str = "") -> Description:
    """Describes the machine, with more records."""
    text = (TESTS / "inputs/Heron.td").read_text()
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("foreach n"))
    text = "".join((*lines[:at], PARTS, *lines[at + 2 :]))
    for name in ("SHL", "SRA"):
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"def {name} "))
    td = folder / "Heron.td"
    td.write_text(text.replace("def HeronInstrInfo", f"{NARROW}{more}def HeronInstrInfo"))
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found
    return describe(td, folder="Heron", llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, llvm_source: Path) -> Archetypes:
    d = replace(described(tmp_path_factory.mktemp("heron"), llvm_source), calling_conventions=CONVENTIONS)
    return archetypes(d, Interface([llvm_source / "llvm/include"]))


def test_a_part_needs_no_copy_of_its_own_and_what_several_instructions_do_counts(made: Archetypes) -> None:
    narrow = made.machine.narrow
    assert narrow
    assert (narrow.bits, narrow.register_class) == (32, "WR")
    assert (narrow.load.record, narrow.store.record) == ("LDWS", "STWS")  # not DLDWS, whose longer name says more
    assert {"imm", "trunc", "anyext", "zext"} <= narrow.legal and "and" not in narrow.legal


def test_the_whole_register_is_copied(made: Archetypes) -> None:
    copy = made.files["HeronInstrInfo.cpp"].partition("::copyPhysReg(")[2].partition("\n}")[0]
    assert "TRI.getSubRegIndex(Heron::R0, Heron::W0)" in copy
    assert "get(Heron::MOV)).addReg(To, RegState::Define).addReg(From, RegState::Undef).addReg(Src, RegState::Implicit" in copy


def test_bits_are_combined_in_the_wide_type_and_amounts_are_narrow(made: Archetypes) -> None:
    lowering = made.files["HeronISelLowering.cpp"]
    for operation in ("AND", "OR", "XOR"):
        assert f"setOperationPromotedToType(ISD::{operation}, MVT::i32, MVT::i64);" in lowering
    amount = lowering.partition("::getScalarShiftAmountTy(")[2].partition("\n}")[0]
    assert "return MVT::i32;" in amount


def test_the_completion_combines_bits_of_parts_in_whole_registers(tmp_path: Path, llvm_source: Path) -> None:
    d = described(tmp_path, llvm_source)
    text = completion(d, "", "").text
    pattern = "(EXTRACT_SUBREG (AND (INSERT_SUBREG (i64 (IMPLICIT_DEF)), WR:$a, lo), (INSERT_SUBREG (i64 (IMPLICIT_DEF)), WR:$b, lo)), lo)"
    assert f"def : Pat<(i32 (and WR:$a, WR:$b)), {pattern}>;" in text
    assert "(or WR:$a" in text and "(xor WR:$a" not in text  # EOR takes a predicate too
    done = replace(d, patterns=(*d.patterns, ("(i32 (and WR:$a, WR:$b))", f"[{pattern}]")), pattern_predicates=())
    narrow = find_facts(done).narrow
    assert narrow and "and" in narrow.legal and "(and WR:$a" not in completion(done, "", "").text


def test_without_a_way_to_combine_bits_there_is_no_narrow_type(tmp_path: Path, llvm_source: Path) -> None:
    d = described(tmp_path, llvm_source)
    assert find_facts(replace(d, instructions=tuple(i for i in d.instructions if i.name != "OR"))).narrow is None
