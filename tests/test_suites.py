"""Judging with a named suite of tests."""

from __future__ import annotations

import pytest

from vega_gen.regress import NamedSuite, named_suite

RUN = "; RUN: llc -mtriple={triple} -mattr={attributes} < %s | FileCheck %s\n"


def test_a_target_s_own_suite_has_all_of_its_tests() -> None:
    suite = named_suite("Lanai")
    assert suite == NamedSuite("Lanai")
    assert suite.has("CodeGen/Lanai/any.ll", "")


@pytest.mark.parametrize(
    ("name", "triple", "attributes", "wanted"),
    [
        ("MC/RISCV/corev/XCVmac.s", "riscv64", "+d", True),
        ("CodeGen/RISCV/xcvbitmanip.ll", "riscv64", "+d", True),
        ("CodeGen/RISCV/mul.ll", "riscv32", "+m,+c", True),
        ("CodeGen/RISCV/mul.ll", "riscv32", "+m,+c,+d", False),
        ("CodeGen/RISCV/mul.ll", "riscv64", "+m,+c", False),
        ("CodeGen/RISCV/mul.ll", "riscv32", "+m", True),
        ("CodeGen/RISCV/mul.ll", "riscv32", "+c,+m", True),
        ("CodeGen/RISCV/mul.ll", "riscv32", "+experimental-zicfilp", False),
    ],
)
def test_the_tests_of_ri5cy(name: str, triple: str, attributes: str, wanted: bool) -> None:
    suite = named_suite("RI5CY")
    assert suite.target == "RISCV"
    assert suite.has(name, RUN.format(triple="riscv64", attributes="+v") + RUN.format(triple=triple, attributes=attributes)) is wanted


def test_a_run_line_without_attributes_is_plain_rv32() -> None:
    suite = named_suite("RI5CY")
    assert suite.has("MC/RISCV/a.s", "# RUN: llvm-mc %s -triple=riscv32 | FileCheck %s\n")
    assert not suite.has("MC/RISCV/a.s", "# RUN: llvm-mc %s -triple=riscv64 | FileCheck %s\n")
    assert not suite.has("MC/RISCV/a.s", "# no line for riscv32\n")
