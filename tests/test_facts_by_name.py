"""What names of functions and gaps in fields say of immediates, and which registers no function preserves."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_completion_patterns import described

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.fragment_names import range_tests
from vega_gen.facts import find_facts, ranges
from vega_gen.facts.operand_fields import stretches
from vega_gen.facts.ranges import Range
from vega_gen.facts.register_numbers import numbered_registers
from vega_gen.facts.selections import Selections
from vega_gen.pipeline.completing import completed
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import CallTo, Effect, NamedRegister, OperandRegister

ADDED = """
include "Siskin.td"
def CC_Siskin : CallingConv<[CCIfType<[i32], CCAssignToReg<[R3, R4]>>]>;
def RetCC_Siskin : CallingConv<[CCIfType<[i32], CCAssignToReg<[R3]>>]>;
def CSR : CalleeSavedRegs<(add R3, R4, R5, R6)>;
def imm10 : Operand<i32>, ImmLeaf<i32, [{ return Siskin::isImm10(Imm); }]>;
def apart : Operand<i32> { let MIOperandInfo = (ops GR:$base, simm8:$offset); }
def LX : Instruction {
  let Namespace = "Siskin";
  let Size = 4;
  let OutOperandList = (outs GR:$d);
  let InOperandList = (ins apart:$b);
  let AsmString = "lx $d, $b";
  field bits<32> Inst;
  bits<4> d;
  bits<20> b;
  let Inst{7-0} = 40;
  let Inst{31-28} = d;
  let Inst{27-24} = b{19-16};
  let Inst{15-8} = b{7-0};
}
def call : SDNode<"SiskinISD::CALL", SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>, [SDNPHasChain, SDNPVariadic]>;
def callee : Operand<i32>;
let isCall = 1, Defs = [RA] in
def CALLX : Instruction {
  let Namespace = "Siskin";
  let Size = 4;
  let OutOperandList = (outs);
  let InOperandList = (ins callee:$c);
  let AsmString = "callx $c";
  field bits<32> Inst;
  bits<24> c;
  let Inst{7-0} = 41;
  let Inst{31-8} = c;
}
def : Pat<(call GR:$c), (CALLX GR:$c)>;
"""


@pytest.fixture(scope="module")
def td(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("added") / "Added.td"
    file.write_text(ADDED)
    return file


@pytest.mark.parametrize(
    ("function", "width", "values"),
    [
        ("Toy::isUImm10", 32, Range(10, False)),
        ("isSImm6", 32, Range(6, True)),
        ("Toy::isOff10", 32, Range(10, True)),
        ("Toy::isImm10", 32, Range(9, False)),
        ("Toy::isImm16", 16, Range(16, True)),
        ("Toy::isShiftImm6", 16, Range(4, False)),
        ("Toy::isLogical", 32, None),
        ("Toy::isSOImm8x", 32, None),
    ],
)
def test_a_function_s_name_says_which_numbers_it_surely_allows(function: str, width: int, values: Range | None) -> None:
    assert ranges.by_name(function, width) == values
    assert ranges.said(f" return {function}(Imm); ", width) == values


def test_what_a_name_does_not_say_is_not_certain_of_any_number() -> None:
    assert ranges.coded("return Toy_AM::isLogical(Imm);") == Range(0, False)
    assert ranges.coded("return Toy::isUImm10(Imm);") is None


def test_bits_that_are_not_encoded_part_a_base_from_its_offset() -> None:
    field = [(bit, 31 - n) for n, bit in enumerate([18, 17, 16, 2, 1, 0])]
    assert stretches(field) == [(0, 3), (16, 3)]
    assert stretches([(1, 1), (0, 0)]) == [(0, 2)]


def test_a_base_and_an_offset_stand_on_either_side_of_bits_that_are_not_encoded(td: Path) -> None:
    assert Selections(described(td)).places("LX", "b") == ((16, 4), (0, 8))


def test_functions_that_predicates_call_are_defined_as_their_names_say(td: Path) -> None:
    assert range_tests(described(td)) == [("Siskin", "isImm10", "isUInt<9>(Value)")]


def test_no_function_preserves_the_registers_of_its_results(td: Path, tmp_path: Path) -> None:
    d = described(td)
    assert find_facts(d).saved == ("R4", "R5", "R6"), "the list has R3, which holds a result"
    made = completion(d, "", "")
    assert "def CSR_Siskin : CalleeSavedRegs<(add R4, R5, R6)>;" in made.text
    m = find_facts(made.mark(described(completed(td, "Siskin", made.text, tmp_path / "made"))))
    assert (m.csr, m.saved) == ("CSR_Siskin", ("R4", "R5", "R6"))


def test_an_immediate_that_patterns_give_a_register_is_the_register_s_number(td: Path) -> None:
    d = described(td)
    assert numbered_registers(Selections(d), "CALLX") == {0: "GR"}
    called = next(e for e in effects(d, find_facts(d)) if e.record == "CALLX")
    assert isinstance(called, Effect) and CallTo(OperandRegister(0, 32), NamedRegister("RA", 32)) in called.actions
