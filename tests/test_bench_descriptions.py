"""The table of descriptions: which are found, and what a row says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.descriptions import cells, reasons, rows

SETTINGS: dict[str, Any] = {
    "leave_out": ["Gpu"],
    "row": [{"of": "Two", "name": "Two-be", "flags": ["--big-endian"]}, {"of": "Two", "name": "Two-le", "flags": []}],
}


def step(rung: str, passed: int, total: int, *messages: str, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    obstacles = [{"what": f"p{n}", "message": message} for n, message in enumerate(messages)]
    return {"rung": rung, "passed": passed, "total": total, "obstacles": obstacles, "notes": list(notes)}


def kept(*steps: dict[str, Any]) -> dict[str, Any]:
    result = {"seconds": 12.3, "abilities": ["compiles"], "missing": {}, "broken": {}, "ladder": {"steps": list(steps)}}
    return {"name": "One", "facts": 2, "wall": 13.0, "error": "", "result": result}


def test_descriptions_are_the_files_that_define_a_target(tmp_path: Path) -> None:
    for path, text in {
        "One/One.td": 'include "llvm/Target/Target.td"\ndef One : Target;\n',
        "One/OneInstrInfo.td": "def ADD : Instruction;\n",
        "Gpu/Gpu.td": "def Gpu : Target {\n}\n",
        "deep/er/Two/Two.td": "def Two : Target {\n}\n",
        "deep/er/Two/TwoMain.td": 'include "llvm/Target/Target.td"\ninclude "Two.td"\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = rows((tmp_path,), SETTINGS)
    assert [(row.name, row.target, row.td.name) for row in found] == [
        ("One", "One", "One.td"), ("Two-be", "Two", "TwoMain.td"), ("Two-le", "Two", "TwoMain.td"),
    ]  # fmt: skip
    assert "--big-endian" in found[1].command(tmp_path / "out") and "--big-endian" not in found[2].command(tmp_path / "out")
    assert "NewTwobe" in found[1].command(tmp_path / "out")


def test_a_row_says_how_far_and_by_whom() -> None:
    one = kept(
        step("round-trip", 7, 9, "a", "b", notes=("11 more are pseudo, isCodeGenOnly or isAsmParserOnly",)),
        step("smoke-compiles", 60, 60),
        step("runs", 58, 60, "x", "y", notes=("run by qemu-toy and simulator",)),
    )
    assert cells(one) == ["One", "2", "12 s", "1", "7/9 (+11)", "60/60", "-", "-", "58/60", "qemu-toy and simulator"]
    assert cells({"name": "One", "facts": 0, "wall": 3.2, "error": "x.td:1:2: what", "result": {}})[-1] == "x.td:1:2: what"


def test_like_reasons_count_together() -> None:
    said = [f"LLVM ERROR: Cannot select: t{n}: i32 = mul t{n + 1}, t{n + 2}" for n in (3, 17)]
    found = reasons(kept(step("smoke-compiles", 57, 60, *said, "LLVM ERROR: out of registers")))
    assert [count for _, count in found["smoke-compiles"]] == [2, 1]
    assert found["smoke-compiles"][0][0] == "LLVM ERROR: Cannot select: #: i32 = mul #, #"
