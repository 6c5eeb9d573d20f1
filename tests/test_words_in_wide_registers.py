"""Numbers of 32 bits in registers of 64: what the run-time library's functions are given, and which of them convert to such numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulated import described

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.records import CallingConvention

HERON = Path(__file__).parent / "inputs/Heron.td"
ADDW = """
def ADDW : I<20, (outs GR:$d), (ins GR:$a, GR:$b), "addw $d, $a, $b", [(set i64:$d, (sext_inreg (add i64:$a, i64:$b), i32))]>;
"""


CONVENTIONS = (
    CallingConvention("CC_Heron", ("R0", "R1"), ((8, 8),), (), callee_saved=False),
    CallingConvention("RetCC_Heron", ("R0",), (), (), callee_saved=False),
)


def lowering(td: Path, llvm_source: Path) -> str:
    d = replace(described(td, llvm_source), calling_conventions=CONVENTIONS)
    made = archetypes(d, Interface([llvm_source / "llvm/include"]))
    return " ".join(made.files["HeronISelLowering.cpp"].split())


def test_words_are_extended_as_the_instructions_extend_them(llvm_source: Path, tmp_path: Path) -> None:
    """Nothing says what the upper half of a register holds, or an addition of 32 bits extends the sign of its sum."""
    td = tmp_path / "Heron.td"
    td.write_text(HERON.read_text().replace("def HeronInstrInfo", f"{ADDW}def HeronInstrInfo"))
    assert "return IsSigned || Type == MVT::i32;" in lowering(td, llvm_source)
    assert "shouldSignExtendTypeInLibCall" not in lowering(HERON, llvm_source)


def test_a_conversion_to_a_word_calls_the_function_of_words(llvm_source: Path) -> None:
    """The function with a result of 64 bits may convert to 32 bits, and would call itself."""
    text = lowering(HERON, llvm_source)
    assert "RTLIB::getFPTOSINT(VT, MVT::i32) : RTLIB::getFPTOUINT(VT, MVT::i32)" in text
    assert "STRICT_FP_TO_UINT}, MVT::i32, Custom);" in text
