"""Conventions whose callee-saved registers hold arguments and results too."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts

ROOK = Path(__file__).parent / "inputs/rook/Rook.td"


@pytest.fixture(scope="module")
def files(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The C++ of Rook as it is, and with its first argument and its first result callee-saved too."""
    llvm = Interface([llvm_source / "llvm/include"])
    plain = described(ROOK, llvm_source)
    m = find_facts(plain)
    both = dict.fromkeys((m.arguments[0], m.results[0]))
    td = tmp_path_factory.mktemp("saved") / "Rook.td"
    td.write_text(ROOK.read_text().replace("CalleeSavedRegs<(add ", f"CalleeSavedRegs<(add {', '.join(both)}, "))
    return archetypes(plain, llvm).files, archetypes(described(td, llvm_source), llvm).files


def test_the_store_of_an_argument_does_not_end_its_life(files: tuple[dict[str, str], dict[str, str]]) -> None:
    plain, saved = (one["RookInstrInfo.cpp"].partition("::storeRegToStackSlot(")[2].partition("\n}\n")[0] for one in files)
    assert "Kill = Kill && !MF.getRegInfo().isLiveIn(Src);" in saved and "isLiveIn" not in plain


def test_a_function_does_not_restore_the_register_of_its_result(files: tuple[dict[str, str], dict[str, str]]) -> None:
    plain, saved = (one["RookFrameLowering.cpp"].partition("::determineCalleeSaves(")[2].partition("\n}\n")[0] for one in files)
    assert "SavedRegs.reset(Reg);" in saved.partition("if (MBB.isReturnBlock())")[2] and "reset" not in plain
