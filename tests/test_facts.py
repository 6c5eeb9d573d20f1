"""Facts: chosen among candidates, recorded with evidence and alternatives, overridden by what a person gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import described

from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.keys import KEYS, key_of, nearest_key
from vega_gen.records import Description, Evidence, GivenFact

TESTS = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/rook/Rook.td", llvm_source)


def given(key: str, value: str) -> dict[str, GivenFact]:
    return {key: GivenFact(key, value, "Rook.facts.toml:3:1")}


def test_a_fact_has_its_evidence_and_alternatives(rook: Description) -> None:
    records = find_facts(rook).records
    pointer = records["register.stack_pointer"]
    assert (pointer.value, pointer.evidence) == ("R2", Evidence.IMPLICIT)
    frame = records["register.frame_pointer"]
    assert (frame.value, frame.evidence, frame.confidence) == ("R31", Evidence.DEFAULT, 0.25)
    assert {a.value for a in frame.alternatives} >= {"R30"} and frame.value not in {a.value for a in frame.alternatives}
    assert records["instruction.add_immediate"].value == "ADDI dst src imm"


def test_what_a_person_gives_wins(rook: Description) -> None:
    found = find_facts(rook, given=given("register.frame_pointer", "R20"))
    fact = found.records["register.frame_pointer"]
    assert found.fp == "R20" and "fp" not in found.doubts
    assert (fact.evidence, fact.reason, fact.confidence) == (Evidence.PERSON, "given in Rook.facts.toml:3:1", 1.0)
    assert fact.alternatives[0].value == "R31"
    assert find_facts(rook, given=given("instruction.subtract", "")).subtract is None
    moved = find_facts(rook, given=given("register.stack_pointer", "R9"))
    assert moved.sp == "R9" and "R9" in moved.reserved and "R2" not in moved.reserved
    assert [a.value for a in moved.records["register.stack_pointer"].alternatives] == ["R2"]
    swapped = find_facts(rook, given=given("instruction.add", "ADD dst src2 src")).add
    assert swapped is not None and swapped.roles == ("dst", "src2", "src")


@pytest.mark.parametrize(
    ("key", "value", "what", "advice"),
    [
        ("register.stack_ponter", "R2", "no fact is called register.stack_ponter", "register.stack_pointer"),
        ("register.stack_pointer", "R99", "the .td has no register R99", "R9"),
        ("instruction.add", "ADDX dst src src2", "the .td has no instruction ADDX", "ADD"),
        ("instruction.add", "ADD dst src", "ADD has 3 operands, and instruction.add gives 2", "in this order"),
        ("instruction.add", "ADD dst src scr2", "'scr2' is neither a role nor a value", "src2"),
        ("instruction.add", "ADD dst src imm", "is a register, and imm is none", "another role"),
        ("instruction.add_immediate", "ADDI src dst imm", "is defined, which src is not", "another role"),
        ("instruction.add", "ADD dst src src", "two operands of ADD are src", "one operand"),
        ("class.pointer", "GRP", "the .td has no register class GRP", "GPR"),
        ("registers.arguments", "R3 R4 Q5", "the .td has no register Q5", ""),
        ("instruction.copy.GRP", "ADD dst src R0", "the .td has no register class GRP", "GPR"),
        ("instruction.load.64", "LW dst base imm", "nothing asks for instruction.load.64 of this target", "delete"),
        ("delay_slots", "one", "delay_slots is a number", ""),
    ],
)
def test_a_line_that_contradicts_the_td_is_an_error_at_its_place(rook: Description, key: str, value: str, what: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        find_facts(rook, given=given(key, value))
    assert what in caught.value.what and advice in caught.value.next_step and caught.value.where == "Rook.facts.toml:3:1"


def test_an_operand_may_be_fixed(rook: Description) -> None:
    made = find_facts(rook, given=given("instruction.subtract", "SUB dst R0 src2")).subtract
    assert made is not None and made.fixed == ((1, "R0"),) and made.text == "SUB dst R0 src2"


def test_keys_with_parts_are_asked_about_just_those() -> None:
    load = key_of("instruction.load.8.zext")
    assert load is not None and load.question == "how to load 8 bits with zext"
    copy = key_of("instruction.copy.GPR")
    assert copy is not None and copy.question == "how to copy a register of GPR"
    assert key_of("instruction.load.7") is None and nearest_key("instruction.load.16.sxt") == "instruction.load.16.sext"
    assert len({k.name for k in KEYS}) == len(KEYS)
