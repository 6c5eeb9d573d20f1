"""The benchmark that compares the rungs with each LLVM: what is shown, and that a difference fails it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import versions
from llvm_integration.failure import ToolFailure
from vega_gen.records import Climbed, Ladder, Rung


def test_the_rungs_of_a_ladder() -> None:
    steps = Climbed(Rung.OBJECTS, 3, 4, notes=("of no account",)), Climbed(Rung.RUNS, 4, 4, notes=("run by qemu-q",))
    assert versions.rungs(Ladder("T", "t", steps)) == {"objects": "3/4", "runs": "4/4 run by qemu-q"}


def test_llvms_that_agree_and_that_do_not() -> None:
    same = {"16": {"objects": "4/4", "runs": "4/4 run by qemu-q"}, "19": {"objects": "4/4", "runs": "4/4 run by qemu-q"}}
    lines, equal = versions.table("T", same)
    assert equal and lines[2].split() == ["runs", "4/4", "4/4", "run", "by", "qemu-q"]
    lines, equal = versions.table("T", same | {"22": {"objects": "3/4", "runs": "4/4 run by qemu-q"}})
    assert not equal and lines[1].split()[1:4] == ["4/4", "4/4", "3/4"] and "they differ: 4/4; 4/4; 3/4" in lines[1]
    assert not versions.table("T", same | {"22": {"built": "- no clang"}})[1]


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def host(version: str) -> None:
        if version != "19":
            raise ToolFailure(f"LLVM {version} is not installed")

    def climbed(td: Path, version: str) -> dict[str, str]:
        return {"built": f"{version}/{version}"}

    monkeypatch.setattr(versions, "host", host)
    monkeypatch.setattr(versions, "climbed", climbed)
    assert not versions.main([])
    out = capsys.readouterr().out
    assert "LLVM 16 is left out: LLVM 16 is not installed" in out and "RV32IM" in out and "LLVM 19\n" in out
    monkeypatch.setattr(versions, "host", lambda version: None)
    assert versions.main([])
