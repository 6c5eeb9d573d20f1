"""Compiling a candidate: the declarations that are put before it."""

from __future__ import annotations

from pathlib import Path

from vega_gen.pipeline.compiling import resolvable


def test_includes_that_are_nowhere_are_left_out(tmp_path: Path) -> None:
    there = ("tree/Ddd.h", "tree/MCTargetDesc/DddFixup.h", "include/llvm/MC/MCInst.h", "built/llvm/IR/IntrinsicsDdd.h")
    for path in there:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    folders = [tmp_path / name for name in ("tree", "include", "built")]
    names = ("DddFixup.h", "Ddd.h", "llvm/MC/MCInst.h", "llvm/IR/IntrinsicsDdd.h", "llvm/TargetParser/DddTargetParserDef.inc", "DddOdd.h")
    text = "\n".join([*(f'#include "{name}"' for name in names), "#include <map>", "int x;"])
    kept = resolvable(text, "MCTargetDesc/DddAsmBackend.cpp", folders).split("\n")
    assert kept == [*(f'#include "{name}"' for name in names[:4]), "#include <map>", "int x;"]
