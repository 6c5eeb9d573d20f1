"""The mistakes that the benchmark puts into a backend: each is one, and is where it says; and what it counts as found."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from benchmarks import mutations
from benchmarks.mutants import MUTATIONS, Mutation, put, swap
from benchmarks.mutations import Behaviour, Found
from llvm_integration.discover import find_installation
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.records import Description
from vega_gen.tablegen import describe

SOURCES = {path.name: path.read_text() for path in (ROOT / "targets/RV32IM").glob("*.td")}
every_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)


@pytest.fixture(scope="module")
def rv32im(llvm_source: Path) -> Description:
    tblgen = find_installation("19.1").llvm_tblgen
    td = ROOT / "targets/RV32IM/RV32IM.td"
    return describe(td, folder="RV32IM", llvm_include=llvm_source / "llvm/include", tblgen=tblgen)


@pytest.fixture(scope="module")
def made(rv32im: Description, llvm_source: Path) -> Archetypes:
    return archetypes(rv32im, Interface([llvm_source / "llvm/include"]))


def test_texts_change_places_and_must_be_there_once() -> None:
    texts = {"a.td": "one two three", "b.td": "one"}
    assert put("a.td", ("one", "two"), ("two", "one"))(texts) == {"a.td": "two one three", "b.td": "one"}
    assert swap("a.td", "e", "o", ("one", "two"))({"a.td": "one two"}) == {"a.td": "ono twe"}
    with pytest.raises(ValueError, match=r"a\.td has 2 times 'e'"):
        put("a.td", ("e", "x"))({"a.td": "e e"})
    with pytest.raises(ValueError, match="0 times 'four'"):
        put("a.td", ("four", "x"))(texts)


def test_there_are_mistakes_of_each_kind_with_names_of_their_own() -> None:
    assert len({m.name for m in MUTATIONS}) == len({m.what for m in MUTATIONS}) == len(MUTATIONS) >= 20
    assert {m.where for m in MUTATIONS} == {"td", "facts", "code"}
    assert all(sum(part is not None for part in (m.td, m.facts, m.code)) == 1 for m in MUTATIONS)


@every_mutation
def test_each_changes_what_it_says_and_nothing_else(mutation: Mutation, rv32im: Description, made: Archetypes) -> None:
    if mutation.td:
        changed = mutation.td(SOURCES)
        assert changed.keys() == SOURCES.keys() and sum(changed[name] != SOURCES[name] for name in SOURCES) == 1
    elif mutation.facts:
        facts = find_facts(rv32im)
        changed_facts = mutation.facts(facts)
        fields = [name for name in facts.__dataclass_fields__ if getattr(facts, name) != getattr(changed_facts, name)]
        assert len(fields) == 1
    else:
        assert mutation.code
        code = mutation.code(made.printed)
        assert code.keys() == made.printed.keys() and sum(code[name] != made.printed[name] for name in code) == 1


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if m.facts], ids=lambda m: m.name)
def test_the_backend_s_code_has_the_mistake(mutation: Mutation, rv32im: Description, made: Archetypes, llvm_source: Path) -> None:
    with mutations.inside(mutation):
        mistaken = archetypes(rv32im, Interface([llvm_source / "llvm/include"]))
    assert mistaken.files != made.files
    assert archetypes(rv32im, Interface([llvm_source / "llvm/include"])).files == made.files


def test_the_description_is_written_with_the_mistake_and_again_without(tmp_path: Path) -> None:
    subtraction = next(m for m in MUTATIONS if m.name == "subtraction")
    td = mutations.description(subtraction, tmp_path / "RV32IM")
    assert td.is_file() and "sub GPR:$rs2, GPR:$rs1" in (td.parent / "RV32IMInstrInfo.td").read_text()
    before = (td.parent / "RV32IMRegisterInfo.td").stat().st_mtime_ns
    mutations.description(None, tmp_path / "RV32IM")
    assert {p.name: p.read_text() for p in td.parent.glob("*.td")} == SOURCES
    assert (td.parent / "RV32IMRegisterInfo.td").stat().st_mtime_ns == before  # what does not change is not written


def test_the_table_says_what_was_found(tmp_path: Path) -> None:
    found = [
        Found("subtraction", "", 9, 5, 0, 4, "arithmetic -O0: ended with 3, not 2", 9.0),
        Found("stack-size", "", 2, 1, -1, 1, "recursion -O0: signal 11", 9.0),
        Found("logic", "no backend was built", 0, 0, 0, 0, "", 9.0),
    ]
    head, *lines = mutations.rows(found)
    assert head[2:6] == ("code of", "simulator", "simulator with it", "QEMU")
    assert [line[1:6] for line in lines] == [
        ("td", "9", "5", "not found", "4"), ("code", "2", "1", "-", "1"), ("td", "-", "no backend", "no backend", "no backend"),
    ]  # fmt: skip
    journal = tmp_path / "found.jsonl"
    whole = '{"name":"logic","refused":"no","changed":0,"clean":0,"believing":0,"qemu":0,"first":"","seconds":1.5}'
    journal.write_text(f'{{"name": "cut off\n{whole}\n')
    assert mutations.read_journal(journal) == {"logic": Found("logic", "no", 0, 0, 0, 0, "", 1.5)}


def test_a_program_is_changed_where_an_object_is_another_or_missing() -> None:
    right = {"a": (b"1", b"2"), "b": (b"3",), "c": (b"4",)}
    assert Behaviour((), {}, right).changed(right) == 0
    assert Behaviour((), {}, {"a": (b"1", b"9"), "b": (b"3",)}).changed(right) == 2
