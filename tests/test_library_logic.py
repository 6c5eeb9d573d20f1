"""Instruction sets that do not combine bits: functions of the run-time library do; the ladder has those, by addition and comparison."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from simulated import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface

ROOK = Path(__file__).parent / "inputs/rook/Rook.td"
WORDS = st.integers(0, 2**32 - 1)
RUNTIME = ROOT / "templates/programs/runtime"
NAMES = ("__andsi3", "__iorsi3", "__xorsi3", "__ashlsi3", "__lshrsi3", "__ashrsi3")


def lowering(text: str, llvm_source: Path, folder: Path) -> str:
    """The C++ of the lowering for a .td."""
    (folder / "Rook.td").write_text(text)
    made = archetypes(described(folder / "Rook.td", llvm_source), Interface([llvm_source / "llvm/include"]))
    return made.files["RookISelLowering.cpp"]


def test_bits_that_no_instruction_combines_are_combined_by_a_function(llvm_source: Path, tmp_path: Path) -> None:
    text = ROOK.read_text()
    without = text.replace('def XOR : RRR<5, "xor", xor>;', "").replace("def : Pat<(xor GPR:$a, uimm16:$b), (XORI GPR:$a, uimm16:$b)>;", "")
    without = without.replace('def XORI : RRI<15, "xori", uimm16>;', "")
    assert "lowerLogic" not in lowering(text, llvm_source, tmp_path)
    found = lowering(without, llvm_source, tmp_path)
    assert "setOperationAction(ISD::XOR, MVT::i32, Custom);" in found and 'Name = "__xorsi3";' in found
    assert "  case ISD::XOR:\n    return lowerLogic(Op, DAG);" in found and "__andsi3" not in found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    clang = shutil.which("clang-19") or shutil.which("clang")
    assert clang, "no clang; vega-gen doctor says how to get it"
    folder = tmp_path_factory.mktemp("runtime")
    for name in NAMES:
        shutil.copyfile(RUNTIME / f"{name}.ll.j2", folder / f"{name}.ll")
    files = [str(folder / f"{name}.ll") for name in NAMES]
    subprocess.run([clang, "-w", "-shared", "-fPIC", *files, "-o", str(folder / "runtime.so")], check=True)
    return ctypes.CDLL(str(folder / "runtime.so"))


@given(WORDS, WORDS, st.integers(0, 31))
def test_functions_of_the_ladder_combine_and_shift_words(library: ctypes.CDLL, a: int, b: int, amount: int) -> None:
    wanted = {
        "__andsi3": (b, a & b), "__iorsi3": (b, a | b), "__xorsi3": (b, a ^ b), "__ashlsi3": (amount, a << amount),
        "__lshrsi3": (amount, a >> amount), "__ashrsi3": (amount, (a ^ 1 << 31) - (1 << 31) >> amount),
    }  # fmt: skip
    for name, (second, result) in wanted.items():
        assert library[name](a, second) & 0xFFFFFFFF == result & 0xFFFFFFFF, name
