"""Offsets from the stack pointer that instructions do not reach: spill slots for the scavenger, or a register of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface

OFFSET = "(ops GPR:$base, simm16:$offset)"
WORDS = (
    "def : Pat<(store i32:$v, addr:$a), (SW $v, addr:$a)>;", "defm : LdP<load, LW>;",
    'def LW : Ld<20, "lw">;', 'def SW : St<25, "sw">;',
)  # fmt: skip
FIELDS = "bits<5> rd; bits<5> a; let Inst{25-21} = rd; let Inst{20-16} = a;"
BARE = f"""
def LWB : F<60, (outs GPR:$rd), (ins GPR:$a), "lwb $rd, $a"> {{ let mayLoad = 1; {FIELDS} }}
def SWB : F<61, (outs), (ins GPR:$rd, GPR:$a), "swb $rd, $a"> {{ let mayStore = 1; {FIELDS} }}
def : Pat<(i32 (load GPR:$a)), (LWB GPR:$a)>;
def : Pat<(store GPR:$v, GPR:$a), (SWB GPR:$v, GPR:$a)>;
"""
ROOK = (Path(__file__).parent / "inputs/rook/Rook.td").read_text()


def written(text: str, llvm_source: Path, folder: Path) -> dict[str, str]:
    """The C++ for a .td."""
    (folder / "Rook.td").write_text(text)
    return archetypes(described(folder / "Rook.td", llvm_source), Interface([llvm_source / "llvm/include"])).files


def body(text: str, method: str) -> str:
    """The body of a method in C++."""
    return text.partition(f"::{method}(")[2].partition("\n}\n")[0]


@pytest.fixture(scope="module")
def plain(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return written(ROOK, llvm_source, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def unsigned(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return written(ROOK.replace(OFFSET, "(ops GPR:$base, uimm16:$offset)"), llvm_source, tmp_path_factory.mktemp("unsigned"))


@pytest.fixture(scope="module")
def bare(llvm_source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    text = ROOK.replace("class Br<", f"{BARE}class Br<", 1)
    for words in WORDS:
        text = text.replace(words, "")
    return written(text, llvm_source, tmp_path_factory.mktemp("bare"))


def test_a_frame_gets_spill_slots_where_an_instruction_does_not_reach_all_of_it(plain: dict[str, str]) -> None:
    registers, frame = plain["RookRegisterInfo.cpp"], plain["RookFrameLowering.cpp"]
    assert "if (RS && !reachesFrame(MF, hasFP(MF)))\n    for (unsigned I = 0; I != 2; ++I)" in frame
    ranges = registers.partition("offsetRange(unsigned Opcode)")[2].partition("\n}\n")[0]
    assert "case Rook::LW:" in ranges.partition("{-32768, 32767, 1}")[0]
    assert ranges.rstrip().endswith("default:\n    return std::nullopt;\n  }"), "what has no offset reaches nothing"
    assert "return Range && Range->has(Offset);" in body(registers, "isFrameOffsetLegal")


def test_a_negative_offset_asks_for_the_other_end_of_the_frame(plain: dict[str, str], unsigned: dict[str, str]) -> None:
    assert "HasFP ? -Far : 0" in plain["RookFrameLowering.cpp"]
    frame, registers = unsigned["RookFrameLowering.cpp"], unsigned["RookRegisterInfo.cpp"]
    assert "-Far" not in frame and "return false;" in body(registers, "useFPForScavengingIndex")
    assert "FrameReg = hasFP(MF) && !Saved ? Rook::" in body(frame, "getFrameIndexReference")
    assert "useFPForScavengingIndex" not in plain["RookRegisterInfo.h"]


def test_a_frame_pointer_is_at_the_lower_end_where_no_offset_is_negative(plain: dict[str, str], unsigned: dict[str, str]) -> None:
    copied, added = "TII.copyPhysReg(MBB, MI, DL, Rook::", "TII.addImmediate(MBB, MI, DL, Rook::"
    prologue = body(unsigned["RookFrameLowering.cpp"], "emitPrologue").partition("if (hasFP(MF))")[2]
    assert copied in prologue and added not in prologue
    assert added in body(plain["RookFrameLowering.cpp"], "emitPrologue").partition("if (hasFP(MF))")[2]


def test_memory_without_offsets_keeps_a_register_for_addresses(plain: dict[str, str], bare: dict[str, str]) -> None:
    registers = bare["RookRegisterInfo.cpp"]
    kept = body(registers, "eliminateFrameIndex").partition("Register Sum = ")[2].partition(";")[0]
    assert kept.startswith("Rook::R") and f"Reserve({kept});" in body(registers, "getReservedRegs")
    assert "createVirtualRegister" not in registers and "addScavengingFrameIndex" not in bare["RookFrameLowering.cpp"]
    assert "createVirtualRegister" in plain["RookRegisterInfo.cpp"]
