"""A machine of 64 bits whose instructions may be predicated: each operator against Python's integers, and what a predicate does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from simulated import TESTS, Machine, described

DOUBLE = st.integers(0, 2**64 - 1)
BITS = 2**64


@pytest.fixture(scope="module")
def heron(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(described(TESTS / "inputs/Heron.td", llvm_source), tmp_path_factory.mktemp("heron"))


def signed(value: int, bits: int = 64) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


HERON: dict[str, Callable[[int, int], int]] = {
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
    "MUL": lambda a, b: a * b,
    "MULHU": lambda a, b: a * b >> 64,
    "SHL": lambda a, b: a << b % 64,
    "SRA": lambda a, b: signed(a) >> b % 64,
}


@pytest.mark.parametrize("name", HERON)
@given(a=DOUBLE, b=DOUBLE)
@example(a=1 << 63, b=BITS - 1)
@example(a=1 << 32, b=1 << 32)
def test_an_operator_has_all_bits_of_a_word(heron: Machine, name: str, a: int, b: int) -> None:
    heron.reset([(name, ["R1", "R2", "R3"]), ("RET", [])])
    heron.put("R2", a)
    heron.put("R3", b)
    assert not heron.go().message
    assert heron.get("R1") == HERON[name](a, b) % BITS


@given(value=DOUBLE)
@example(value=0xFFFFFFFF80000000)
def test_memory_has_words_and_halves(heron: Machine, value: int) -> None:
    heron.reset([("STX", ["R1", "R2"]), ("LDX", ["R3", "R2"]), ("LDW", ["R4", "R2"]), ("RET", [])])
    heron.put("R1", value)
    heron.put("R2", 0x4000)
    assert not heron.go().message
    assert (heron.get("R3"), heron.get("R4")) == (value, signed(value % 2**32, 32) % BITS)


def test_an_instruction_runs_under_the_predicate_that_the_td_gives_by_default(heron: Machine) -> None:
    heron.reset([("EOR", ["R1", "R2", "R2", 0]), ("RET", [])])
    heron.put("R1", 7)
    assert not heron.go().message and heron.get("R1") == 0
    heron.reset([("EOR", ["R1", "R2", "R2", 1]), ("RET", [])])
    heron.put("R1", 7)
    said = heron.go().message
    assert "EOR" in said and "predicate" in said and heron.get("R1") == 7
