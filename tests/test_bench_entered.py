"""How much of a backend the ladder runs: the table that is made of what llvm-cov exports."""

from __future__ import annotations

from pathlib import Path

from benchmarks.entered import table

SOURCES = Path("/made/src")


def function(name: str, count: int, file: str) -> dict[str, object]:
    return {"name": name, "count": count, "filenames": [file]}


def test_lines_are_counted_by_file_and_functions_that_nothing_enters_are_named() -> None:
    files = [
        {"filename": f"{SOURCES}/{name}", "summary": {"lines": {"count": count, "covered": covered}}}
        for name, count, covered in (("RookInstrInfo.cpp", 30, 24), ("AsmParser/RookAsmParser.cpp", 10, 0))
    ]
    functions = [
        function("_ZN4Rook4copyEv", 3, f"{SOURCES}/RookInstrInfo.cpp"),
        function("RookInstrInfo.cpp:_ZL5spilli", 0, f"{SOURCES}/RookInstrInfo.cpp"),
        function("_ZN4Rook5printEv", 0, f"{SOURCES}/RookInstrInfo.h"),
        function("_ZN4Rook5printEv", 1, f"{SOURCES}/RookInstrInfo.h"),
        function("_ZN4llvm5twineEv", 0, "/usr/include/llvm/ADT/Twine.h"),
    ]
    assert table(SOURCES, {"files": files, "functions": functions}, Path("/usr/lib/llvm-19/bin/llvm-cxxfilt")) == [
        "| file | lines of code | entered |",
        "| --- | ---: | ---: |",
        "| AsmParser/RookAsmParser.cpp | 10 | 0 (0%) |",
        "| RookInstrInfo.cpp | 30 | 24 (80%) |",
        "| all | 40 | 24 (60%) |",
        "",
        "Not entered: spill",
    ]
