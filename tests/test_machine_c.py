"""Interpreters that are generated from a .td: each operator against Python's integers, control flow, limits, and what stops a program."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import example, given
from hypothesis import strategies as st
from simulated import CODE, STACK, TESTS, Machine, described

from vega_gen.simulate.c_text import machine_text

WORD = st.integers(0, 2**32 - 1)
HALF = st.integers(0, 2**16 - 1)
Code = Sequence[tuple[str, Sequence[str | int]]]
RET: Code = [("RET", [])]


@pytest.fixture(scope="module")
def tern(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(described(ROOT / "targets/Tern/Tern.td", llvm_source), tmp_path_factory.mktemp("tern"))


@pytest.fixture(scope="module")
def riscy(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(described(ROOT / "targets/RV32IM/RV32IM.td", llvm_source), tmp_path_factory.mktemp("rv32im"))


@pytest.fixture(scope="module")
def wren(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(described(TESTS / "inputs/Wren.td", llvm_source), tmp_path_factory.mktemp("wren"))


def signed(value: int, bits: int = 32) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def quotient(a: int, b: int) -> int:
    """C's division, which rounds toward zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


TERN: dict[str, Callable[[int, int], int]] = {
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
    "AND": lambda a, b: a & b,
    "OR": lambda a, b: a | b,
    "XOR": lambda a, b: a ^ b,
    "SLL": lambda a, b: a << b % 32,
    "SRL": lambda a, b: a >> b % 32,
    "SRA": lambda a, b: signed(a) >> b % 32,
    "SLT": lambda a, b: int(signed(a) < signed(b)),
    "SLTU": lambda a, b: int(a < b),
    "MUL": lambda a, b: a * b,
    "MULH": lambda a, b: signed(a) * signed(b) >> 32,
    "MULHU": lambda a, b: a * b >> 32,
    "DIV": lambda a, b: quotient(signed(a), signed(b)) if b else -1,
    "DIVU": lambda a, b: a // b if b else -1,
    "REM": lambda a, b: signed(a) - signed(b) * quotient(signed(a), signed(b)) if b else a,
    "REMU": lambda a, b: a % b if b else a,
}


@pytest.mark.parametrize("name", TERN)
@given(a=WORD, b=WORD)
@example(a=0x80000000, b=0xFFFFFFFF)
@example(a=7, b=0)
@example(a=0xFFFFFFFF, b=1)
def test_an_operator_on_two_registers_is_that_of_the_integers(tern: Machine, name: str, a: int, b: int) -> None:
    tern.one(name, ["R3", "R1", "R2"], {"R1": a, "R2": b}, RET)
    assert tern.get("R3") == TERN[name](a, b) % 2**32


@given(a=WORD, imm=st.integers(-(2**11), 2**11 - 1))
def test_a_signed_immediate_is_extended_to_the_register(riscy: Machine, a: int, imm: int) -> None:
    for name, expected in (("ADDI", a + imm), ("ANDI", a & imm), ("SLTI", signed(a) < imm), ("SLTIU", a < imm % 2**32)):
        riscy.one(name, ["X6", "X7", imm], {"X7": a}, [("RET", [])])
        assert riscy.get("X6") == int(expected) % 2**32


@given(value=WORD, part=st.integers(0, 2**20 - 1))
def test_an_upper_immediate_fills_the_upper_bits(tern: Machine, riscy: Machine, value: int, part: int) -> None:
    tern.one("LUI", ["R1", value >> 16], {"R1": value}, RET)
    assert tern.get("R1") == value >> 16 << 16
    riscy.one("LUI", ["X5", part], {}, RET)
    assert riscy.get("X5") == part << 12


@given(value=WORD, offset=st.integers(-64, 64))
def test_loads_extend_and_stores_cut(tern: Machine, value: int, offset: int) -> None:
    at = 0x4000
    for load, store, size in (("LB", "SB", 1), ("LBU", "SB", 1), ("LH", "SH", 2), ("LHU", "SH", 2), ("LW", "SW", 4)):
        tern.reset([(store, ["R1", "R2", offset]), (load, ["R3", "R2", offset]), ("RET", [])])
        tern.put("R1", value)
        tern.put("R2", at - offset)
        tern.store(at + size, 1, 0xA5)
        assert tern.go().result is not None
        cut = value % 256**size
        assert tern.load(at, size) == cut
        assert tern.load(at + size, 1) == 0xA5
        assert tern.get("R3") == (cut if load in ("LBU", "LHU") else signed(cut, 8 * size)) % 2**32


def test_the_first_byte_in_memory_is_the_host_s_business(tern: Machine) -> None:
    for big, first in ((False, 0x78), (True, 0x12)):
        tern.reset([("SW", ["R1", "R2", 0]), ("RET", [])], big=big)
        tern.put("R1", 0x12345678)
        tern.put("R2", 0x4000)
        assert tern.go().result is not None
        assert tern.c.byte_at(0x4000) == first


def test_a_loop_adds_and_counts_its_steps(tern: Machine) -> None:
    program: Code = [
        ("ADDI", ["R2", "R0", 0]),
        ("ADD", ["R2", "R2", "R1"]),
        ("ADDI", ["R1", "R1", -1]),
        ("BNE", ["R1", "R0", -8]),
        ("ADDI", ["R1", "R2", 0]),
        ("RET", []),
    ]
    for n in (1, 10, 1000):
        tern.reset(program)
        tern.put("R1", n)
        ended = tern.go(steps=3 * n + 3)
        assert (ended.result, ended.steps) == (n * (n + 1) // 2, 3 * n + 3)
        tern.reset(program)
        tern.put("R1", n)
        ended = tern.go(steps=3 * n + 2)
        assert (ended.result, ended.steps) == (None, 3 * n + 2)
        assert f"{3 * n + 2} instructions have been executed" in ended.message


def test_calls_leave_the_address_behind_them(tern: Machine, riscy: Machine) -> None:
    """The function at CODE + 16 adds 1; the caller keeps its own return address in another register."""
    tern.reset(
        [("ADD", ["R5", "LR", "R0"]), ("CALL", [12]), ("ADD", ["LR", "R5", "R0"]), ("RET", []), ("ADDI", ["R1", "R1", 1]), ("RET", [])]
    )
    tern.put("R1", 41)
    assert tern.go().result == 42
    riscy.reset([("JAL", ["X5", 8]), ("JALR", ["X0", "X1", 0]), ("ADDI", ["X10", "X0", 42]), ("JALR", ["X0", "X5", 0])])
    assert riscy.go().result == 42
    assert riscy.get("X5") == CODE + 4


def test_a_host_function_is_called_and_returned_from(tern: Machine) -> None:
    tern.reset([("ADDI", ["R6", "LR", 0]), ("CALLR", ["R5"]), ("JR", ["R6"])])
    ctypes.c_uint.in_dll(tern.c, "doubled").value = tern.registers["R1"]
    tern.put("R1", 21)
    tern.put("R5", 0xFFE0)
    ended = tern.go()
    assert (ended.result, ended.steps) == (42, 3)


def test_the_register_that_is_always_zero_stays_it(tern: Machine) -> None:
    tern.one("ADDI", ["R0", "R0", 5], {}, RET)
    assert tern.get("R0") == 0


# -- what a 16-bit machine has


@given(a=HALF, b=HALF, c=HALF, e=HALF)
def test_sums_and_differences_of_two_words_carry(wren: Machine, a: int, b: int, c: int, e: int) -> None:
    for first, second, expected in (("ADD", "ADC", (b << 16 | a) + (e << 16 | c)), ("SUB", "SBC", (b << 16 | a) - (e << 16 | c))):
        wren.reset([(first, ["R1", "R1", "R3"]), (second, ["R2", "R2", "R4"]), ("RET", [])])
        for name, value in (("R1", a), ("R2", b), ("R3", c), ("R4", e)):
            wren.put(name, value)
        assert wren.go().result is not None
        assert wren.get("R2") << 16 | wren.get("R1") == expected % 2**32


def test_a_carry_that_is_lost_is_not_made_up(wren: Machine) -> None:
    wren.reset([("ADD", ["R1", "R1", "R3"]), ("XOR", ["R5", "R5", "R5"]), ("ADC", ["R2", "R2", "R4"]), ("RET", [])])
    assert "carry" in wren.go().message


@given(a=HALF, b=HALF)
@example(a=0x8000, b=0xFFFF)
def test_an_instruction_with_two_results_sets_both(wren: Machine, a: int, b: int) -> None:
    wren.one("UMULL", ["R3", "R4", "R1", "R2"], {"R1": a, "R2": b}, RET)
    assert wren.get("R4") << 16 | wren.get("R3") == a * b
    x, y = signed(a, 16), signed(b, 16)
    wren.one("DIVREM", ["R1", "R2", "R1", "R2"], {"R1": a, "R2": b}, RET)
    assert wren.get("R1") == (quotient(x, y) if b else -1) % 2**16
    assert wren.get("R2") == (x - y * quotient(x, y) if b else x) % 2**16


@given(a=HALF, b=HALF)
def test_a_write_to_a_byte_clears_the_rest_where_patterns_rely_on_it(wren: Machine, a: int, b: int) -> None:
    wren.one("ADDB", ["R1B", "R2B", "R3B"], {"R1": 0xFFFF, "R2": a, "R3": b}, RET)
    assert wren.get("R1") == (a + b) % 256
    assert wren.get("R2B") == a % 256


@given(a=WORD, b=WORD)
def test_a_pair_is_its_registers_together(wren: Machine, a: int, b: int) -> None:
    wren.reset([("ADDP", ["R2R3", "R2R3", "R2R3"]), ("RET", [])])
    wren.put("R2R3", a)
    assert (wren.get("R2"), wren.get("R3")) == (a % 2**16, a >> 16)
    wren.put("R3", b % 2**16)
    assert wren.go().result is not None
    assert wren.get("R2R3") == 2 * (a % 2**16 | b % 2**16 << 16) % 2**32


@given(a=HALF, n=st.integers(-15, 15))
def test_an_amount_of_the_other_sign_shifts_the_other_way(wren: Machine, a: int, n: int) -> None:
    wren.one("SHIFT", ["R1", "R2", n], {"R2": a}, RET)
    assert wren.get("R1") == (a << n if n >= 0 else a >> -n) % 2**16


@given(a=HALF, b=HALF, n=st.integers(0, 255))
def test_other_operators_of_sixteen_bits(wren: Machine, a: int, b: int, n: int) -> None:
    expected = {
        ("BIC", ("R1", "R2", "R3")): a & ~b,
        ("MIN", ("R1", "R2", "R3", 0)): min(signed(a, 16), signed(b, 16)),
        ("SLT", ("R1", "R2", "R3")): int(signed(a, 16) < signed(b, 16)),
        ("SEL", ("R1", "R2", "R2", "R3")): a or b,
        ("SXT", ("R1", "R2")): signed(a % 256, 8),
        ("SWAP", ("R1", "R2")): a >> 8 | a << 8,
        ("ORHI", ("R1", "R2", n)): a | n << 8 | 0xFF,
        ("INC", ("R1", "R2")): a + 1,
    }
    for (name, operands), value in expected.items():
        wren.one(name, operands, {"R2": a, "R3": b}, RET)
        assert wren.get("R1") == value % 2**16, name


@given(value=HALF, more=HALF)
def test_memory_is_read_before_it_is_written(wren: Machine, value: int, more: int) -> None:
    wren.reset([("ADDM", ["R1", "R2", 4]), ("LDB", ["R3", "R2", 4]), ("LDSB", ["R4", "R2", 4]), ("RET", [])])
    wren.put("R1", more)
    wren.put("R2", 0x3FFC)
    wren.store(0x4000, 2, value)
    assert wren.go().result is not None
    total = (value + more) % 2**16
    assert wren.load(0x4000, 2) == total
    assert wren.get("R3") == total % 256
    assert wren.get("R4") == signed(total % 256, 8) % 2**16


def test_the_instruction_in_a_delay_slot_runs_before_control_moves(wren: Machine) -> None:
    """The branch looks at R2 before its slot changes it, both where it is taken and where it is not."""
    for start, expected, steps in ((1, 10, 4), (0, 11, 5)):
        wren.reset([("JNZ", ["R2", 6]), ("XOR", ["R2", "R2", "R2"]), ("INC", ["R1", "R1"]), ("INC", ["R1", "R1"]), ("RET", [])])
        wren.put("R2", start)
        wren.put("R1", 9)
        ended = wren.go()
        assert (ended.result, ended.steps, wren.get("R2")) == (expected, steps, 0)
    wren.reset([("JNZ", ["R2", 4]), ("JMP", [2]), ("RET", [])])
    wren.put("R2", 1)
    assert "delay slot" in wren.go().message


def test_a_call_without_a_link_register_pushes_the_address_behind_its_slot(wren: Machine) -> None:
    wren.reset(
        [
            ("LI", ["R3", CODE + 10]),
            ("CALL", ["R3"]),
            ("INC", ["R1", "R1"]),
            ("INC", ["R1", "R1"]),
            ("RET", []),
            ("LD", ["R4", "SP", 0]),
            ("RET", []),
        ]
    )
    wren.put("R1", 0)
    assert wren.go().result == 2
    assert wren.get("R4") == CODE + 6
    assert wren.get("SP") == STACK


def test_addresses_have_the_bits_of_the_machine(wren: Machine) -> None:
    wren.reset([("LD", ["R1", "R2", 0x10]), ("RET", [])])
    wren.put("R2", 0xFFF8)
    wren.store(8, 2, 1234)
    assert wren.go().result == 1234


STOPS: list[tuple[Code, list[str]]] = [
    ([("MYSTERY", [])], ["MYSTERY", "no pattern selects"]),
    ([("ODD", ["R1", "R1"])], ["ODD", "WrenISD::ODD"]),
    ([("MIN", ["R1", "R1", "R1", 3])], ["MIN", "predicate"]),
    ([("TRAP", [])], ["TRAP", "a trap"]),
    ([("JMP", [100])], ["no instruction", "0x164"]),
    ([("INC", ["R1", "R1"])], ["no instruction is here"]),
    ([("LI", ["R2", -2]), ("ST", ["R1", "R2", 1])], ["no memory at 0xffff"]),
]


@pytest.mark.parametrize(("program", "words"), STOPS)
def test_what_nobody_knows_stops_the_program_and_names_itself(wren: Machine, program: Code, words: list[str]) -> None:
    wren.reset(program)
    ended = wren.go()
    assert ended.result is None
    assert all(word in ended.message for word in words), ended.message


def test_instructions_that_the_program_does_not_hold_can_be_left_out(wren: Machine) -> None:
    whole, small = machine_text(wren.d, wren.facts), machine_text(wren.d, wren.facts, {"ADD", "RET"})
    assert small.count("static void op_") == 2
    assert whole.count("static void op_") > 20
