"""Descriptions that lack much: a partial backend with an account of what is missing, or a clear error, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import described

from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts

COMET = (Path(__file__).parent / "inputs/comet/Comet.td").read_text(encoding="utf-8")
CHANGES = {
    "as it is": ("", ""),
    "without a pattern": (", [(set GR:$d, (add GR:$a, GR:$b))]>", ">"),
    "of another namespace": (
        "def ADDA : I<", 'let Namespace = "Other" in def ADDX : I<(outs GR:$d), (ins GR:$a), "addx $d">;\ndef ADDA : I<',
    ),
    "with an immediate of 64 bits behind the word": (
        "let mayLoad = 1", 'let Size = 10 in def LDQ : I<(outs GR:$d), (ins i64imm:$i), "ldq $d, $i">;\nlet mayLoad = 1',
    ),
    "without a register class that can be allocated": ("def GR : Reg", "let isAllocatable = 0 in def GR : Reg"),
}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def made(tmp_path: Path, llvm_source: Path, change: str) -> Archetypes:
    old, new = CHANGES[change]
    assert old in COMET
    td = tmp_path / "Comet.td"
    td.write_text(COMET.replace(old, new, 1), encoding="utf-8")
    return archetypes(described(td, llvm_source), Interface([llvm_source / "llvm/include"]))


@pytest.mark.parametrize("change", CHANGES)
def test_a_poor_description_gives_part_of_a_backend(tmp_path: Path, llvm_source: Path, change: str) -> None:
    part = made(tmp_path, llvm_source, change)
    assert "MCTargetDesc/CometInstPrinter.cpp" in part.files
    if "allocated" in change:
        assert part.missing["gpr"] == "no allocatable register class holds addresses"
    else:
        assert "gpr" not in part.missing and "instruction.jump" in part.limits
    assert "instruction.xor" in part.limits, "nothing expands what no instruction of the machine does"
    assert ("instruction.add" in part.limits) == ("allocated" in change), "else its mnemonic says it"


def test_without_registers_and_instructions_nothing_is_found(tmp_path: Path, llvm_source: Path) -> None:
    td = tmp_path / "Empty.td"
    td.write_text('include "llvm/Target/Target.td"\ndef EmptyII : InstrInfo;\ndef Empty : Target { let InstructionSet = EmptyII; }\n')
    found = find_facts(described(td, llvm_source))
    assert found.gpr == "" and not any(f.value for key, f in found.records.items() if key.startswith(("register", "instruction")))
