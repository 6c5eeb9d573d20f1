"""Conventions whose callee-saved registers hold arguments too."""

from __future__ import annotations

from pathlib import Path

from simulated import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts

ROOK = Path(__file__).parent / "inputs/rook/Rook.td"


def test_the_store_of_an_argument_does_not_end_its_life(llvm_source: Path, tmp_path: Path) -> None:
    llvm = Interface([llvm_source / "llvm/include"])
    plain = described(ROOK, llvm_source)
    m = find_facts(plain)
    argument = next(r for r in m.arguments if r not in m.results)
    td = tmp_path / "Rook.td"
    td.write_text(ROOK.read_text().replace("CalleeSavedRegs<(add ", f"CalleeSavedRegs<(add {argument}, "))
    stores = [
        archetypes(d, llvm).files["RookInstrInfo.cpp"].partition("::storeRegToStackSlot(")[2].partition("\n}\n")[0]
        for d in (plain, described(td, llvm_source))
    ]
    assert ["Kill = Kill && !MF.getRegInfo().isLiveIn(Src);" in text for text in stores] == [False, True]
