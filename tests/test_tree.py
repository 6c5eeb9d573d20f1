"""Judging a backend that is in a tree already, function by function: its texts, and code that the preprocessor removes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vega_gen.cxx import parse_file, tokenize
from vega_gen.errors import NotFoundError
from vega_gen.records import Module, Verdict
from vega_gen.regress import as_planned, functions_of, target_folder
from vega_gen.regress.corrected import without_dead

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny

DEAD = """int a() { return 1; }
#if 0
int b() { return 2; }
#ifdef X
int c() { return 3; }
#else
int d() { return 4; }
#endif
#else
int e() { return 5; }
#endif
#if 1
int f() { return 6; }
#endif
"""


def test_what_the_preprocessor_drops_is_not_there() -> None:
    kept = without_dead(DEAD.encode())
    assert len(kept) == len(DEAD)
    assert kept.count(b"\n") == DEAD.count("\n")
    assert [f.signature.name for f in parse_file(kept, "Tiny", "a.cpp").functions] == ["a", "e", "f"]
    plain = b"#if FOO\nint g() { return 7; }\n#endif\n"
    assert without_dead(plain) == plain


def test_the_folder_of_the_target_is_found_in_any_of_three(tmp_path: Path) -> None:
    folder = tmp_path / "llvm/lib/Target/Tiny"
    folder.mkdir(parents=True)
    with pytest.raises(NotFoundError):
        target_folder(tmp_path, "Tiny")
    (folder / "TinyInfo.cpp").write_text("int a() { return 1; }\n")
    assert {target_folder(t, "Tiny") for t in (tmp_path, tmp_path / "llvm", folder)} == {folder}
    assert [f.signature.name for f in functions_of(folder, "Tiny")] == ["a"]


def test_a_corrected_tree_is_judged_function_by_function(tmp_path: Path) -> None:
    """The official text is identical, a wrong function fails, one that is left out is missing."""
    changed = tiny.SOURCE.replace("return Index * 4;", "return Index * 5;")
    mask = "int llvm::tinyMask(int Value) { return Value & 255; }"
    assert mask in changed
    changed = changed.replace(mask, f"// VEGA-REVIEW: left out\n#if 0\n{mask}\n#endif")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Tiny.cpp").write_text(changed)
    (tree / "Tiny.h").write_text(tiny.HEADER)
    functions = [as_planned(f, f.signature.name, Module.SEL) for f in functions_of(tree, "Tiny")]
    verdicts = {j.function: j.verdict for j in tiny.regression(tmp_path, functions).judgements()}
    assert verdicts.pop("tinyOffset") is Verdict.FAILED_TEST
    assert verdicts.pop("tinyMask") is Verdict.MISSING
    assert set(verdicts.values()) == {Verdict.IDENTICAL}


def test_a_function_of_a_tree_is_judged_as_it_is_written() -> None:
    (function,) = parse_file(b"int f(int N) { if (N) { return 1; } else return g(N); }", "Tiny", "a.cpp").functions
    planned = as_planned(function, "f", Module.SEL)
    from vega_gen.plan.choose import definition

    assert tokenize(definition(planned, planned.candidate)) == tokenize("int f(int N) { if (N) { return 1; } else return g(N); }")
