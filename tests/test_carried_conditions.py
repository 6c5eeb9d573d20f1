"""A comparison that leaves one condition in a register of flags whose integers are as wide as addresses, and branches on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from test_facts_operations import heron

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.records import Description
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import Compare, Effect, Holds, Jump, parts_of
from vega_gen.tablegen import describe
from vega_gen.tablegen.contracts import has_asm_parser

CARRIED = """
def C : Register<"c"> { let Namespace = "Heron"; let HWEncoding = 10; }
def CARRY : RegisterClass<"Heron", [i64], 64, (add C)>;
def Low : RegisterClass<"Heron", [i64], 64, (add R0, R1, R2, R3)>;
def place : Operand<OtherVT> { let OperandType = "OPERAND_PCREL"; }
multiclass Compare<bits<8> op, string name, PatFrag cond> {
  def _4 : I<op, (outs CARRY:$c), (ins GR:$a, GR:$b), name # "4 $a, $b", [(set CARRY:$c, (cond GR:$a, GR:$b))]> { let d = 0; }
  def _2 : I<!add(op, 1), (outs CARRY:$c), (ins Low:$a, Low:$b), name # "2 $a, $b", []> { let d = 0; let Size = 2; }
}
defm CMPNE : Compare<32, "cmpne", setne>;
defm CMPHS : Compare<34, "cmphs", setuge>;
defm CMPLT : Compare<36, "cmplt", setlt>;
class Go<bits<8> op, dag ins, string asm> : I<op, (outs), ins, asm, []> {
  bits<12> t;
  let Inst{31-20} = t;
  let isBranch = 1;
  let isTerminator = 1;
}
def BT : Go<40, (ins CARRY:$c, place:$t), "bt $t"> { let a = 0; let b = 0; let d = 0; }
def BF : Go<41, (ins CARRY:$c, place:$t), "bf $t"> { let a = 0; let b = 0; let d = 0; }
def BEZ : Go<42, (ins GR:$a, place:$t), "bez $a, $t"> { let b = 0; let d = 0; }
def : Pat<(brcond CARRY:$c, bb:$t), (BT CARRY:$c, bb:$t)>;
def : Pat<(brcond (i64 (seteq GR:$a, 0)), bb:$t), (BEZ GR:$a, bb:$t)>;
def GET : I<43, (outs GR:$d), (ins CARRY:$c), "get $d", []> { let a = 0; let b = 0; }
def : Pat<(i64 (setult GR:$a, GR:$b)), (GET (CMPHS_4 GR:$a, GR:$b))>;
def : Pat<(i64 (setne Low:$a, Low:$b)), (GET (CMPNE_2 Low:$a, Low:$b))>;
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory, llvm_source: Path) -> Description:
    return heron(tmp_path_factory.mktemp("carried"), llvm_source, CARRIED)


def test_the_comparison_that_takes_most_registers_and_the_branches_on_its_flag_are_found(carried: Description) -> None:
    found = find_facts(carried).comparisons[64]
    assert {c: (t.compare.record, t.branch.record) for c, t in found.items()} == {
        "eq": ("CMPNE_4", "BF"), "ne": ("CMPNE_4", "BT"), "lt": ("CMPLT_4", "BT"), "ge": ("CMPLT_4", "BF"),
        "ult": ("CMPHS_4", "BF"), "uge": ("CMPHS_4", "BT"),
    }  # fmt: skip


def test_a_condition_that_may_be_left_in_the_flags_is_not_in_an_ordinary_register(carried: Description) -> None:
    m = find_facts(carried)
    assert m.sets == {"ult"}
    assert {"BR_CC_i64", "SELECT_CC_i64_i64"} <= set(completion(carried, "", "").text.split()), "although BEZ compares with zero"


def test_the_simulator_knows_the_flag_by_the_facts_and_not_by_a_pattern(carried: Description) -> None:
    told = {e.record: e.actions for e in effects(carried, find_facts(carried)) if isinstance(e, Effect)}
    assert isinstance(told["CMPNE_4"][-1], Compare)
    (jump,) = told["BT"]
    assert isinstance(jump, Jump) and {"ne", "uge", "lt"} == {p.condition for p in parts_of((jump,)) if isinstance(p, Holds)}


def test_results_of_run_time_functions_are_not_taken_to_be_extended() -> None:
    """A register of 64 bits may hold less than itself, one of 32 holds what those functions return."""
    include = Path("/usr/lib/llvm-19/include")
    tern = describe(ROOT / "targets/Tern/Tern.td", folder="Tern", llvm_include=include, tblgen=Path("/usr/lib/llvm-19/bin/llvm-tblgen"))
    for bits, there in ((64, True), (32, False)):
        classes = tuple(replace(c, value_types=(f"i{bits}",), size=bits) for c in tern.register_classes)
        printed = archetypes(replace(tern, register_classes=classes), Interface([include]), "tern").printed["TernISelLowering.cpp"]
        assert ("CLI.RetSExt = CLI.RetZExt = false;" in printed) is there


def test_equations_are_not_for_the_matcher_of_tablegen(carried: Description) -> None:
    own = frozenset({"Own"})
    classes = [replace(carried.operand_classes[0], parser_class="Own")]
    assert has_asm_parser(classes, own, carried.instructions)
    equations = [replace(i, asm=f"$d = {i.asm}") for i in carried.instructions]
    assert not has_asm_parser(classes, own, equations)
    assert has_asm_parser(classes, own, [*equations[:3], *carried.instructions])
