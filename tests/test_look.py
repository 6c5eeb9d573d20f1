"""``mine``, ``show`` and ``fill``: their text output against golden files on the tiny checkout, and their JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_llvm
from commands import Command
from conftest import ROOT
from trees import snapshot

GOLDEN = ROOT / "tests/golden/look"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("mine", ["mine"]),
        ("mine-held-out", ["mine", "--hold-out", "Ccc"]),
        ("group", ["show", "group", "copyPhysReg"]),
        ("template", ["show", "template", "InstrInfo::copyPhysReg"]),
        ("template-held-out", ["show", "template", "InstrInfo::copyPhysReg", "--hold-out", "Aaa"]),
        ("features-target", ["show", "features", "Bbb"]),
        ("features-slots", ["show", "features", "InstrInfo::isLoadFromStackSlot"]),
    ],
)
def test_pages(command: Command, tiny: Path, file: str, words: list[str]) -> None:
    said = command(*words, "--llvm", tiny)
    assert said.status == 0, said.err
    assert said.out == (GOLDEN / f"{file}.txt").read_text()


def test_one_function_is_filled_and_nothing_is_written(command: Command, tiny: Path, td: Path) -> None:
    before = snapshot(tiny.parent)
    said = command("fill", "--td", td, "--llvm", tiny, "--function", "InstrInfo::copyPhysReg")
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "NeuInstrInfo::copyPhysReg: group InstrInfo::copyPhysReg, module SCH, file NeuInstrInfo.cpp"
    assert "  void NeuInstrInfo::copyPhysReg(unsigned Dest, unsigned Source, bool KillSource) const" in said.out
    (build,) = [line for line in lines if "build(" in line]
    assert "build(Neu::ADD, Dest).addReg(Source, getKillRegState(KillSource));" in build
    assert build.endswith("// Aaa/AaaInstrInfo.cpp:20, Bbb/BbbInstrInfo.cpp:19, Ccc/CccInstrInfo.cpp:19")
    assert 0 <= float(build.split()[0]) <= 1
    assert snapshot(tiny.parent) == before


def test_fill_as_json_and_with_the_target_s_name(command: Command, tiny: Path, td: Path) -> None:
    said = command("fill", "--td", td, "--llvm", tiny, "--function", "NeuInstrInfo::copyPhysReg", "--filler", "consensus", "--json")
    (function,) = json.loads(said.out)
    assert (function["function"], function["group"]) == ("NeuInstrInfo::copyPhysReg", "InstrInfo::copyPhysReg")
    confidences = [c["confidence"] for c in function["candidates"]]
    assert len(confidences) > 1
    texts = [s["text"] for s in function["candidates"][0]["statements"]]
    assert "report(Neu::SWAP);" in texts
    assert all(s["donors"] for s in function["candidates"][0]["statements"])


def test_fill_of_a_held_out_target_leaves_it_out(command: Command, tiny: Path) -> None:
    said = command("fill", "--td", tiny / "llvm/lib/Target/Ccc/Ccc.td", "--llvm", tiny, "--function", "InstrInfo::copyPhysReg")
    assert said.status == 0, said.err
    assert "CccInstrInfo::copyPhysReg" in said.out and "Aaa/AaaInstrInfo.cpp:20" in said.out and "Ccc/" not in said.out


def test_a_function_that_no_group_has_gets_near_names(command: Command, tiny: Path, td: Path) -> None:
    said = command("fill", "--td", td, "--llvm", tiny, "--function", "InstrInfo::copyPhysRegs")
    assert said.status == 2
    assert "no function group is called InstrInfo::copyPhysRegs" in said.err
    assert "next: name one of: InstrInfo::copyPhysReg, " in said.err


@pytest.mark.parametrize("page", ["group", "template", "features"])
def test_a_name_that_is_none_gets_near_names(command: Command, tiny: Path, page: str) -> None:
    said = command("show", page, "InstrInfo::copyPhysRge", "--llvm", tiny)
    assert said.status == 2 and said.out == ""
    assert "next: name one of: InstrInfo::copyPhysReg, " in said.err


def test_a_target_to_hold_out_that_is_none_is_an_error(command: Command, tiny: Path) -> None:
    said = command("mine", "--llvm", tiny, "--hold-out", "Ddd")
    assert said.status == 2
    assert "no target Ddd" in said.err and "targets: Aaa, Bbb, Ccc" in said.err


def test_mining_as_json_lists_what_could_not_be_read(command: Command, tiny: Path) -> None:
    source = tiny / "llvm/lib/Target/Aaa/AaaInstrInfo.cpp"
    text = source.read_text()
    source.write_text(text + "\nint broken(int A) {\n  return A +* ;; ) 3;\n}\n")
    found = json.loads(command("mine", "--llvm", tiny, "--json").out)
    assert [t["label"] for t in found["targets"]] == ["Aaa", "Bbb", "Ccc"]
    assert [t["functions"] for t in found["targets"]] == [9, 8, 8] and found["functions"] == 25
    assert found["grouped"] == 24
    assert {(u["target"], u["file"]) for u in found["unreadable"]} == {("Aaa", "AaaInstrInfo.cpp")}
    assert all(text.count("\n") < u["line"] <= text.count("\n") + 5 for u in found["unreadable"])
    # Read again when a file has changed, and not before.
    source.write_text(text)
    assert json.loads(command("mine", "--llvm", tiny, "--json").out)["functions"] == 24


def test_a_second_checkout_teaches_too(command: Command, tiny: Path, td: Path, tmp_path: Path, llvm_source: Path) -> None:
    other = tiny_llvm.make(tmp_path / "older", llvm_source, ("Ddd", "Aaa"))
    found = json.loads(command("mine", "--llvm", tiny, "--corpus", other, "--json").out)
    assert [t["label"] for t in found["targets"]] == ["Aaa", "Aaa@older", "Bbb", "Ccc", "Ddd"]
    group = json.loads(command("show", "group", "InstrInfo::copyPhysReg", "--llvm", tiny, "--corpus", other, "--json").out)
    assert [m["target"] for m in group["members"]] == ["Aaa", "Aaa@older", "Bbb", "Ccc", "Ddd"]
