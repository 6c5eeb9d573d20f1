"""What begins a call has two operands since LLVM 5; older descriptions give it one."""

from __future__ import annotations

import shutil
from pathlib import Path

from simulated import described

from llvm_integration.process import run
from vega_gen.archetypes.completion import completion
from vega_gen.tablegen.mending import mended

ROOK = Path(__file__).parent / "inputs/rook/Rook.td"


def tables_made(td: Path, llvm_source: Path) -> bool:
    """Whether llvm-tblgen makes the table of instructions."""
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    argv = [found, "-gen-instr-info", f"-I{llvm_source / 'llvm/include'}", str(td), "-o", str(td.parent / "table")]
    return run(argv).returncode == 0


def test_what_begins_a_call_gets_its_second_operand(llvm_source: Path, tmp_path: Path) -> None:
    text = ROOK.read_text()
    older = text.replace("SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>", "SDCallSeqStart<[SDTCisVT<0, i32>]>")
    older = older.replace("(ins i32imm:$a, i32imm:$b), [(callseq_start timm:$a, timm:$b)]", "(ins i32imm:$a), [(callseq_start timm:$a)]")
    td = tmp_path / "Rook.td"
    td.write_text(older)
    assert not tables_made(td, llvm_source)
    lines = completion(described(td, llvm_source), older, "").mendings
    assert "ADJCALLSTACKUP" not in lines and not completion(described(ROOK, llvm_source), text, "").mendings
    td.write_text(mended(older, lines))
    assert tables_made(td, llvm_source)
