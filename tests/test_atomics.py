"""Atomic operations: native where a pattern compares and swaps, with fences where patterns have them; else calls of the library."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from commands import Command
from commands import command as command
from commands import kept_cache as kept_cache
from conftest import ROOT

SWAP = """
def FeatureAtomic : SubtargetFeature<"atomic", "HasAtomic", "true", "atomic operations">;
def HasAtomic : Predicate<"Subtarget->hasAtomic()">;
let Predicates = [HasAtomic], mayLoad = 1, mayStore = 1 in {
  def CAS : FormatR<2, 0, (outs GPR:$out), (ins GPR:$rs1, GPR:$rs2, GPR:$rd), "cas\\t$rd, $rs2, ($rs1)",
                    [(set GPR:$out, (atomic_cmp_swap_i32 GPR:$rs1, GPR:$rd, GPR:$rs2))]>, Sched<[WriteStore]> {
    let Constraints = "$out = $rd";
  }
  def AMOADD : FormatR<3, 0, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2), "amoadd\\t$rd, $rs2, ($rs1)",
                       [(set GPR:$rd, (atomic_load_add_i32 GPR:$rs1, GPR:$rs2))]>, Sched<[WriteStore]>;
}
def BARRIER : FormatR<4, 0, (outs), (ins), "barrier", [(atomic_fence timm, timm)]>, Sched<[WriteStore]> {
  let hasSideEffects = 1;
  let rd = 0;
  let rs1 = 0;
  let rs2 = 0;
}
def : Pat<(i32 (atomic_load_8 addr:$a)), (LBU addr:$a)>;
def : Pat<(i32 (atomic_load_16 addr:$a)), (LHU addr:$a)>;
def : Pat<(i32 (atomic_load_32 addr:$a)), (LW addr:$a)>;
def : Pat<(atomic_store_8 GPR:$v, addr:$a), (SB GPR:$v, addr:$a)>;
def : Pat<(atomic_store_16 GPR:$v, addr:$a), (SH GPR:$v, addr:$a)>;
def : Pat<(atomic_store_32 GPR:$v, addr:$a), (SW GPR:$v, addr:$a)>;
"""
PROGRAM = """\
define i32 @word(ptr %p, i32 %v) {
  %a = atomicrmw add ptr %p, i32 %v seq_cst
  %b = atomicrmw umax ptr %p, i32 %v monotonic
  %c = load atomic i32, ptr %p acquire, align 4
  store atomic i32 %a, ptr %p release, align 4
  %d = cmpxchg ptr %p, i32 %b, i32 %c monotonic monotonic
  %e = extractvalue { i32, i1 } %d, 0
  ret i32 %e
}
define i8 @part(ptr %p, i8 %v) {
  %a = atomicrmw xchg ptr %p, i8 %v monotonic
  ret i8 %a
}
define i64 @wide(ptr %p, i64 %v) {
  %a = atomicrmw add ptr %p, i64 %v seq_cst
  ret i64 %a
}
"""


@pytest.fixture
def words(command: Command, tmp_path: Path) -> dict[str, list[str]]:
    """Features -> mnemonic or called function, in order."""
    folder = tmp_path / "td"
    shutil.copytree(ROOT / "targets/RV32IM", folder)
    td = folder / "RV32IM.td"
    convention = 'include "RV32IMCallingConv.td"\n'
    td.write_text(td.read_text().replace(convention, f"{convention}{SWAP}"))
    source = tmp_path / "program.ll"
    source.write_text(PROGRAM)
    said = command("try", "--td", td, "--llvm-version", "19", "--mattr", "+atomic", "--out", tmp_path / "out")
    assert said.status == 0, said.err
    found: dict[str, list[str]] = {}
    for attrs in ("+atomic", "-atomic"):
        llc = [tmp_path / "out/bin/llc", "-march=rv32im", "-verify-machineinstrs", f"-mattr={attrs}", source, "-o", "-"]
        done = subprocess.run(list(map(str, llc)), capture_output=True, text=True, timeout=60, check=True)
        lines = [line.split() for line in done.stdout.splitlines() if line.startswith("\t") and not line.startswith("\t.")]
        found[attrs] = [line[1] if line[0] == "jal" else line[0] for line in lines]
    return found


def test_what_no_instruction_changes_is_compared_and_swapped(words: dict[str, list[str]]) -> None:
    native = words["+atomic"]
    assert native.count("amoadd") == 1
    assert native.count("cas") == 3  # umax, cmpxchg, and the byte within its word
    assert native.count("barrier") >= 4  # around the seq_cst add, behind the acquire load, before the release store
    assert [word for word in native if word.startswith("__")] == ["__atomic_fetch_add_8"]
    library = words["-atomic"]
    assert not {"amoadd", "cas"} & set(library)
    assert {"__atomic_fetch_add_4", "__atomic_compare_exchange_4", "__atomic_exchange_1", "__atomic_load_4"} <= set(library)
