"""llvm_integration.check: syntax checks after a precompiled preamble."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from llvm_integration.check import Checker, CheckResult, Mistake, check_files
from llvm_integration.discover import Installation, find_installation

HEADER = "struct Shape { int sides() const; };\n"
PREAMBLE = '#include "shape.h"\n#include <vector>\nstatic int helper(int);\n'
GOOD = "int Shape::sides() const { return helper(4); }\n"
WRONG = "// one\nint Shape::sides() const {\n  return corners;\n}\n"


@pytest.fixture(scope="module")
def installation() -> Installation:
    return find_installation("19.1.7")


@pytest.fixture
def include(tmp_path: Path) -> Path:
    folder = tmp_path / "include"
    folder.mkdir()
    (folder / "shape.h").write_text(HEADER)
    return folder


@pytest.fixture
def checker(tmp_path: Path, include: Path, installation: Installation) -> Iterator[Checker]:
    checker = Checker(installation, [include], ["-std=c++17", "-DNDEBUG"], tmp_path / "work")
    yield checker
    checker.close()


def test_right_and_wrong_texts(checker: Checker) -> None:
    preamble = checker.preamble("shape", PREAMBLE)
    assert preamble.ok
    wrong = CheckResult(False, "use of undeclared identifier 'corners'", 3, False)
    assert [checker.check(preamble, text) for text in (GOOD, WRONG)] == [CheckResult(True, "", 0, True), wrong]


@pytest.mark.parametrize(
    ("body", "ok", "clean"),
    [
        ("if (helper(1)) return 1;", False, False),  # a path that returns nothing
        ("int n; return n;", False, False),
        ("int unused = helper(1); return 2;", True, False),
        ("int n; n = helper(1); return 2;", True, False),
        ("assert(corners > 2); return 2;", True, False),  # the assertion is of another class
        ("assert(this && 1); return 2;", True, True),
        ("int n = helper(1); assert(n); return 2;", True, True),
    ],
)
def test_what_speaks_against_a_text(checker: Checker, body: str, ok: bool, clean: bool) -> None:
    preamble = checker.preamble("shape", "#include <cassert>\n" + PREAMBLE)
    result = checker.check(preamble, f"int Shape::sides() const {{\n  {body}\n}}\n")
    assert (result.ok, result.clean) == (ok, clean)


def test_every_mistake_of_a_whole_file_is_told(installation: Installation, include: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.cpp", tmp_path / "bad.cpp"
    good.write_text(f'#include "shape.h"\nint helper(int);\n{GOOD}')
    bad.write_text('#include "shape.h"\nMissing a;\nint b;\nAbsent c;\n')
    said = check_files(installation, [good, bad], [include], ["-std=c++17", "-DNDEBUG"], 2, lambda done, total, text: None)
    assert said == {
        good: (),
        bad: (Mistake(str(bad), 2, "unknown type name 'Missing'"), Mistake(str(bad), 4, "unknown type name 'Absent'")),
    }


def test_unterminated_text_is_wrong(checker: Checker) -> None:
    preamble = checker.preamble("shape", PREAMBLE)
    assert not checker.check(preamble, "int Shape::sides() const {").ok
    assert not checker.check(preamble, "#include <no_such_header>\n").ok


def test_results_are_kept(checker: Checker, tmp_path: Path, include: Path, installation: Installation) -> None:
    preamble = checker.preamble("shape", PREAMBLE)
    before = checker.check(preamble, WRONG)
    written = preamble.pch.stat().st_mtime_ns
    again = Checker(installation, [include], ["-std=c++17", "-DNDEBUG"], tmp_path / "work")
    kept = again.preamble("shape", PREAMBLE)
    assert kept == preamble
    assert kept.pch.stat().st_mtime_ns == written
    kept.pch.unlink()  # no compiler run could succeed now
    assert again.check(kept, WRONG) == before
    again.close()


def test_a_changed_header_is_seen(checker: Checker, include: Path) -> None:
    assert checker.check(checker.preamble("shape", PREAMBLE), GOOD).ok
    (include / "shape.h").write_text(HEADER.replace("sides() const", "sides()"))
    assert not checker.check(checker.preamble("shape", PREAMBLE), GOOD).ok


def test_a_rewritten_equal_header_changes_nothing(checker: Checker, include: Path) -> None:
    preamble = checker.preamble("shape", PREAMBLE)
    (include / "shape.h").write_text(HEADER)
    assert checker.preamble("shape", PREAMBLE) == preamble
    assert checker.check(preamble, GOOD + "// new\n").ok


def test_a_wrong_preamble_is_told_and_texts_are_judged_all_the_same(checker: Checker) -> None:
    preamble = checker.preamble("wrong", PREAMBLE + "NoSuchType value;\n")
    assert not preamble.ok
    assert preamble.mistakes == (Mistake(str(preamble.header), 4, "unknown type name 'NoSuchType'"),)
    assert checker.check(preamble, GOOD).ok
    assert not checker.check(preamble, WRONG).ok


def test_a_compiler_that_hangs_is_ended(checker: Checker, tmp_path: Path, installation: Installation) -> None:
    preamble = checker.preamble("shape", PREAMBLE)
    slow = tmp_path / "bin" / "clang++"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    hanging = Checker(dataclasses.replace(installation, bindir=slow.parent), [], [], tmp_path / "other")
    result = hanging.check(preamble, GOOD, timeout=0.3)
    hanging.close()
    assert not result.ok
    assert "did not end" in result.message


# ------------------------------------------------------------------------------ many texts at once

MANY = "#include <cassert>\nstruct Shape { int sides() const; int area() const; int rim() const; };\nstatic int helper(int);\n"


def test_many_texts_are_told_apart_with_few_runs(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the single checks say is what the texts together say, each group's texts defining the same function."""
    groups = [
        [f"int Shape::sides() const {{\n{code}\n}}\n" for code in ("return corners;", "\nreturn edges;", "return 3;")],
        ["int Shape::area() const { if (helper(1)) return 1; }\n", "int Shape::area() const { return 2; }\n"],
        ["int Shape::rim() const { int unused = 1; return helper(2); }\n"],
        ["int outside(int N) { assert(corners); return N; }\n", "int outside(int N) { return N.size(); }\n"],
    ]
    texts = [text for group in groups for text in group]
    runs: list[int] = []
    plainly = Checker._clang  # pyright: ignore[reportPrivateUsage]

    def counted(self: Checker, *arguments: object) -> object:
        runs.append(1)
        return plainly(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Checker, "_clang", counted)
    alone = checker.preamble("alone", MANY)
    expected = {text: checker.check(alone, text) for text in texts}
    runs.clear()
    together = checker.preamble("together", MANY + "// the same\n")
    checker.sift(together, groups)
    sifted = len(runs)
    assert sifted <= 5
    assert {text: checker.check(together, text) for text in texts} == expected
    assert [expected[text].ok for text in texts] == [False, False, True, False, True, True, True, False]
    # Left to be asked: what has a better one before it, and the one that is right but for its assertion.
    assert len(runs) - sifted <= 4
    checker.sift(together, groups)
    assert len(runs) - sifted <= 4, "all is known"


def test_an_error_that_a_neighbour_causes_decides_nothing(checker: Checker) -> None:
    preamble = checker.preamble("pair", "int first(int);\n")
    same = [f"static int twin() {{ return 1; }}\nint {name}() {{ return twin(); }}\n" for name in "ab"]
    checker.sift(preamble, [[text] for text in same])
    assert all(checker.check(preamble, text).ok for text in same)
