"""C for a target that clang does not know: data layouts compared, the nearest triple, the IR that comes out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from llvm_integration.discover import Installation, find_installation
from llvm_integration.failure import ToolFailure
from llvm_integration.process import run
from vega_gen import c_front, resources
from vega_gen.data_layout import DataLayout, fit, read_layout
from vega_gen.errors import InputError, NotFoundError

WORDS = "e-m:e-p:32:32-i64:32-f64:32-n32-S64"
LEVELS = ("-O0", "-O2")
SIZES = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "f64": 8, "p": 4}


@pytest.fixture(scope="module")
def llvm() -> Installation:
    return find_installation("19.1")


def test_a_layout_says_order_pointers_alignments_stack_and_words() -> None:
    said = read_layout("E-m:m-p:32:32-i8:8:32-i64:64-f64:32:64-a:0:32-v128:64-n8:32-S64-Fn32-P1-p270:64:64")
    assert (said.big_endian, said.pointer, said.stack, said.native) == (True, 32, 8, {8, 32})
    assert said.alignment == {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "f32": 4, "f64": 4, "p": 4}


def test_what_a_layout_leaves_out_is_as_llvm_s_reference_says() -> None:
    assert read_layout("e").alignment == {"i8": 1, "i16": 2, "i32": 4, "i64": 4, "i128": 4, "f32": 4, "f64": 8, "p": 8}
    assert read_layout("e-i64:64").alignment["i128"] == 8


@pytest.mark.parametrize(
    ("front", "target", "differing", "pack"),
    [
        (WORDS, WORDS, (), 0),
        ("e-p:32:32-i64:64-n32", WORDS, ("f64", "i64"), 4),
        ("e-p:32:32-i64:64-n32", "e-p:32:32-i64:32-n32", ("i64",), 4),
        ("e-i64:64-i128:128", "e-i64:64", ("i128",), 8),
    ],
)
def test_types_that_clang_aligns_more_are_packed(front: str, target: str, differing: tuple[str, ...], pack: int) -> None:
    found = fit(read_layout(front), read_layout(target))
    assert found and (found.differing, found.pack) == (differing, pack)


@pytest.mark.parametrize(
    ("front", "target"),
    [
        ("E-p:32:32-i64:32-f64:32", WORDS),  # the other byte order
        ("e-i64:32-f64:32", WORDS),  # wider pointers
        (WORDS, "e-p:32:32-i64:64"),  # clang would align long long less than the target
        ("e-p:32:32-i64:32-f64:32", "e-p:32:32-i16:8-i64:32-f64:32"),  # words would be packed
    ],
)
def test_what_no_packing_mends_does_not_fit(front: str, target: str) -> None:
    assert fit(read_layout(front), read_layout(target)) is None


def up(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def offsets(members: list[str], alignment: dict[str, int], most: int = 64) -> tuple[int, ...]:
    """Offsets of a structure's members, and its size. ``most``: what no member is aligned beyond."""
    found, end = list[int](), 0
    for member in members:
        found.append(up(end, min(alignment[member], most)))
        end = found[-1] + SIZES[member]
    return (*found, up(end, max(min(alignment[m], most) for m in members)))


@given(
    st.lists(st.sampled_from(sorted(SIZES)), min_size=1, max_size=8),
    st.fixed_dictionaries(dict.fromkeys(SIZES, st.sampled_from((1, 2, 4, 8)))),
    st.fixed_dictionaries(dict.fromkeys(SIZES, st.sampled_from((1, 1, 1, 2, 4)))),
)
def test_a_structure_that_fits_lies_the_same_on_both(members: list[str], target: dict[str, int], more: dict[str, int]) -> None:
    """Clang writes a structure as it is where its own layout puts the members where C wants them, else packed, with the padding spelt out.
    LLVM then lays it out by the target."""
    front = {t: target[t] * more[t] for t in SIZES}
    found = fit(DataLayout(False, 32, front, 8, frozenset({32})), DataLayout(False, 32, target, 8, frozenset({32})))
    if found is None:
        return
    wanted = offsets(members, front, found.pack or 64)
    if wanted == offsets(members, front):
        assert offsets(members, target) == wanted


def test_each_layout_of_the_archetypes_has_a_triple(llvm: Installation) -> None:
    known = c_front.layouts(c_front.clang_of(llvm))
    assert known.keys() == {entry["name"] for entry in resources.settings("c_front")["triple"]}
    for order in "eE":
        for layout in (WORDS[1:], "-m:e-p:64:64-i64:64-n64-S128"):
            front = c_front.choose(known, read_layout(order + layout))
            assert known[front.triple].big_endian == (order == "E")
            assert bool(front.fit.pack) == bool(c_front.notes(front, read_layout(order + layout)))
    narrow = c_front.choose(known, read_layout("e-m:e-p:16:16-i32:16-i64:16-f32:16-f64:16-n16-S32"))
    assert known[narrow.triple].pointer == 16 and not narrow.fit.differing
    with pytest.raises(NotFoundError, match="big-endian, 16-bit pointers"):
        c_front.choose(known, read_layout("E-m:e-p:16:16-i32:16-i64:16-f32:16-f64:16-n16-S32"))


def test_alike_types_come_before_the_stack_and_the_words() -> None:
    target = read_layout(WORDS)
    known = {"packed": read_layout("e-p:32:32-i64:64-n32-S64"), "alike": read_layout("e-p:32:32-i64:32-f64:32-n8-S128")}
    assert c_front.choose(known, target).triple == "alike"
    known["nearer"] = read_layout("e-p:32:32-i64:32-f64:32-n8-S64")
    assert c_front.choose(known, target).triple == "nearer"


@pytest.mark.parametrize("level", LEVELS)
def test_the_ir_is_the_target_s(llvm: Installation, tmp_path: Path, level: str) -> None:
    source, out = tmp_path / "a.c", tmp_path / "a.ll"
    source.write_text("struct s { char c; long long x; };\nint size = sizeof(struct s);\nint f(struct s *p) { return p->x; }\n")
    for layout in (WORDS, f"E{WORDS[1:]}"):
        made = c_front.ir_of(source, llvm, layout, out, level=level)
        text = out.read_text()
        assert f'target datalayout = "{layout}"' in text and not re.search(r"^target triple|target-cpu|target-features", text, re.M)
        assert "@size = dso_local" in text and "global i32 12, align 4" in text
        assert not made.warnings
        run([str(llvm.tool("llvm-as")), "-o", "/dev/null", str(out)]).check()


def test_wrong_c_is_shown_as_clang_shows_it(llvm: Installation, tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int main(void) {\n  return missing;\n}\n")
    with pytest.raises(InputError) as failed:
        c_front.ir_of(source, llvm, WORDS, tmp_path / "a.ll")
    assert failed.value.where == f"{source}:2:10" and "undeclared identifier 'missing'" in failed.value.what
    assert "return missing;" in failed.value.output and failed.value.exit_status == 2
    assert not (tmp_path / "a.ll").exists()
    with pytest.raises(InputError, match="no such file"):
        c_front.ir_of(tmp_path / "nowhere.c", llvm, WORDS, tmp_path / "a.ll")


def test_warnings_are_handed_on(llvm: Installation, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 1 / 0; }\n")
    assert "division by zero" in c_front.ir_of(tmp_path / "a.c", llvm, WORDS, tmp_path / "a.ll").warnings
    assert not c_front.ir_of(tmp_path / "a.c", llvm, WORDS, tmp_path / "a.ll", options=["-w"]).warnings


def test_a_clang_of_another_version_is_refused(llvm: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "clang"
    other.write_text("#!/bin/sh\necho 3.4\n")
    other.chmod(0o755)
    found: list[Path | None] = [None, other]

    def find_tool(*_: object) -> Path | None:
        return found.pop()

    monkeypatch.setattr(Installation, "find_tool", find_tool)
    with pytest.raises(ToolFailure, match=r"needs clang 19, and this one is 3\.4"):
        c_front.clang_of(llvm)
    with pytest.raises(ToolFailure, match="apt-get install clang-19"):
        c_front.clang_of(llvm)


def test_the_first_program_compiles(llvm: Installation, tmp_path: Path) -> None:
    made = c_front.ir_of(ROOT / "docs/examples/hello.c", llvm, WORDS, tmp_path / "hello.ll")
    assert not made.warnings and "@printf" in (tmp_path / "hello.ll").read_text()
