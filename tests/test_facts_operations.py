"""Operations: instructions whose operands an archetype fills, and those that the .td fills itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vega_gen.archetypes.code import Code
from vega_gen.archetypes.unwritten import Unwritten
from vega_gen.facts import find_facts
from vega_gen.facts.arithmetic import binary
from vega_gen.facts.branches import jump
from vega_gen.facts.operations import OperandRole
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.facts.view import TargetView
from vega_gen.records import Description
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def described(name: str, llvm_source: Path) -> Description:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(TESTS / f"inputs/{name}.td", folder=name, llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


def heron(folder: Path, llvm_source: Path, more: str, bits: int = 64) -> Description:
    """Describes Heron.td with more records, as a machine of ``bits`` bits."""
    td = folder / "Heron.td"
    text = (TESTS / "inputs/Heron.td").read_text().replace("def HeronInstrInfo", f"{more}def HeronInstrInfo")
    td.write_text(text if bits == 64 else text.replace("i64", f"i{bits}").replace("64,", f"{bits},").replace("sextloadi32", "sextloadi16"))
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found
    return describe(td, folder="Heron", llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


def test_a_predicate_has_its_default(llvm_source: Path) -> None:
    d = described("Heron", llvm_source)
    op = binary(TargetView(d), "xor", OperandKind.REG)
    assert op is not None
    assert op.record == "EOR"
    assert op.roles == (OperandRole.DST, OperandRole.SRC, OperandRole.SRC2, OperandRole.FIXED)
    assert op.free == op.roles[:3]
    assert op.value(3) == "0"
    built = Code(find_facts(d)).mi(op, dst="A", src="B", src2="C")
    assert built == "BuildMI(MBB, MI, DL, get(Heron::EOR)).addReg(A, RegState::Define).addReg(B).addReg(C).addImm(0)"


def test_what_assembly_has_to_write_is_printed_though_it_has_a_default(llvm_source: Path) -> None:
    d = described("Heron", llvm_source)
    optional = tuple(replace(o, optional=True) if o.name == "pred" else o for o in d.operand_classes)
    free = replace(d, operand_classes=optional)
    assert [Unwritten(one, Selections(one)).value(("pred",)) for one in (d, free)] == ["", "0"]


CODED = """
def coded : Operand<i64>, ImmLeaf<i64, [{ return Heron_AM::getCode(Imm) != -1; }]>;
def maybe : Operand<i64>, ImmLeaf<i64, [{ return Heron_AM::isCode(Imm); }]>;
def shifted : Operand<i64>, ComplexPattern<i64, 2, "SelectShifted", []> { let MIOperandInfo = (ops GR, i8imm); }
let Size = 4 in {
  def ADDC : I<20, (outs GR:$d), (ins GR:$a, coded:$i), "addc $d, $a, $i", [(set i64:$d, (add i64:$a, coded:$i))]>;
  def ORM : I<21, (outs GR:$d), (ins GR:$a, maybe:$i), "orm $d, $a, $i", [(set i64:$d, (or i64:$a, maybe:$i))]>;
  def ANDS : I<22, (outs GR:$d), (ins GR:$a, shifted:$b), "ands $d, $a, $b", [(set i64:$d, (and i64:$a, shifted:$b))]>;
}
"""


def test_an_expansion_may_list_the_parts_of_an_operand(tmp_path: Path, llvm_source: Path) -> None:
    more = """
def guarded : PredicateOperand<OtherVT, (ops i64imm, i64imm), (ops (i64 14), (i64 zero_reg))>;
def place : Operand<OtherVT>;
let isBranch = 1, isTerminator = 1 in
def BC : I<23, (outs), (ins place:$to, guarded:$p), "b $to", []>;
let isBranch = 1, isTerminator = 1, isBarrier = 1, isPseudo = 1, Size = 4 in
def B : I<23, (outs), (ins place:$to), "", [(br bb:$to)]>, PseudoInstExpansion<(BC place:$to, (ops 14, zero_reg))>;
"""
    d = heron(tmp_path, llvm_source, more)
    v = TargetView(d)

    def target(_: OperandInfo, __: int) -> OperandRole:
        return OperandRole.TARGET

    op = v.operation("B", target)
    assert op is not None
    made = v.expanded(op)
    assert made is not None
    assert made.text == "BC target 14 zero_reg"
    jumped = jump(v, "")
    assert jumped is not None
    assert jumped.record == "B"  # BC does not end a block


def test_numbers_that_c_codes_and_shifted_registers(tmp_path: Path, llvm_source: Path) -> None:
    v = TargetView(heron(tmp_path, llvm_source, CODED))
    add = binary(v, "add", OperandKind.IMM)
    assert add is not None
    assert (add.record, add.range) == ("ADDC", Range(8, signed=False))
    assert binary(v, "or", OperandKind.IMM) is None  # nobody knows of any number that it takes
    shifted = binary(v, "and", OperandKind.REG)
    assert shifted is not None
    assert shifted.roles == (OperandRole.DST, OperandRole.SRC, OperandRole.SRC2, OperandRole.NONE)
