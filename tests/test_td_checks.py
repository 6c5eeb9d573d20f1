"""What ``vega-gen check`` finds in .td files that llvm-tblgen accepts: one trouble of each kind, and what is none."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Command
from hypothesis import given
from hypothesis import strategies as st

from vega_gen import store
from vega_gen.facts import lint
from vega_gen.records import FindingKind, Severity, TdFinding
from vega_gen.report.sarif import findings_sarif
from vega_gen.tablegen.checks.bit_patterns import covers, encoding_findings
from vega_gen.tablegen.checks.typed_patterns import conjuncts, parse_tree
from vega_gen.tablegen.raw import Raw

INPUTS = Path(__file__).parent / "inputs/checks"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def program() -> Path:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return Path(found)


@pytest.fixture(scope="module")
def troubles(llvm_source: Path, program: Path) -> tuple[TdFinding, ...]:
    return lint.check(INPUTS / "Troubles.td", llvm_include=llvm_source / "llvm/include", program=program)


def of(found: tuple[TdFinding, ...], kind: FindingKind) -> list[TdFinding]:
    return [f for f in found if f.kind is kind]


def only(found: tuple[TdFinding, ...], kind: FindingKind) -> TdFinding:
    (finding,) = of(found, kind)
    return finding


def line_of(text: str, file: str = "Troubles.td") -> int:
    """The number of the one line that begins with ``text``."""
    (line,) = [n for n, line in enumerate((INPUTS / file).read_text().splitlines(), 1) if line.startswith(text)]
    return line


def at(finding: TdFinding) -> tuple[str, int, int]:
    return Path(finding.file).name, finding.line, finding.column


def test_nothing_is_found_in_a_description_that_says_enough(llvm_source: Path, program: Path) -> None:
    assert lint.check(INPUTS / "Whole.td", llvm_include=llvm_source / "llvm/include", program=program) == ()


def test_every_trouble_is_found_and_has_a_place(troubles: tuple[TdFinding, ...]) -> None:
    kinds = {f.kind for f in troubles}
    assert kinds == set(FindingKind) - {FindingKind.UNTYPED, FindingKind.REJECTED, FindingKind.NOT_SELECTED}
    assert all(f.file and f.line and f.what and f.cost and f.advice for f in troubles)
    assert list(troubles) == sorted(troubles, key=lambda f: list(Severity).index(f.severity))


def test_conflict_names_both_records_and_a_word_of_both(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.CONFLICT)
    assert found.severity is Severity.ERROR and set(found.records) == {"KEEP", "HOLD"}
    assert at(found) == ("Troubles.td", line_of("def HOLD"), 5)
    assert [re.sub(r": .*/", ": ", place) for place in found.related] == [f"KEEP: Troubles.td:{line_of('def KEEP')}:5"]
    assert "0x00000014" in found.what  # 20 in the lowest byte, and no other bit set


def test_encoding_without_size(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.NO_SIZE)
    assert found.records == ("UNSIZED",) and found.advice.startswith("let Size = 4;")


def test_operands_without_bits(troubles: tuple[TdFinding, ...]) -> None:
    """One that is printed is a warning, one that is nowhere a note; tied ones and classes of one register need no bits."""
    found = {f.records: f for f in of(troubles, FindingKind.NO_BITS)}
    assert set(found) == {("REACH",), ("LURK",)}
    assert "$far" in found["REACH",].what and found["REACH",].severity is Severity.WARNING
    assert "$near" in found["LURK",].what and found["LURK",].severity is Severity.NOTE


def test_encoding_that_others_cover_together(troubles: tuple[TdFinding, ...]) -> None:
    """Two halves cover the whole; three quarters do not."""
    assert only(troubles, FindingKind.NEVER_DECODED).records == ("ALL", "FIRST", "SECOND")


def test_shadowed_patterns(troubles: tuple[TdFinding, ...]) -> None:
    """An equal pattern and a more general one shadow; one that asks for a feature does not."""
    found = {f.records: f for f in of(troubles, FindingKind.SHADOWED)}
    assert set(found) == {("LATE_rr", "PLUS"), ("DIFFI", "DIFF")}
    assert at(found["LATE_rr", "PLUS"]) == ("Troubles.td", line_of("defm LATE"), 6)


def test_repeated_pattern_is_a_note(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.REPEATED)
    assert found.severity is Severity.NOTE and found.line == line_of("def : Pat<(xor")


def test_pattern_whose_predicates_contradict(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.CONTRADICTION)
    assert found.line == line_of("def : Pat<(sdiv") and "Subtarget->hasMore()" in found.what


def test_pattern_of_an_illegal_type(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.ILLEGAL_TYPE)
    assert found.line == line_of("def : Pat<(far") and "i64" in found.what


def test_class_that_nothing_copies_or_spills(troubles: tuple[TdFinding, ...]) -> None:
    place = ("Troubles.td", line_of("def Mask"), 5)
    assert at(only(troubles, FindingKind.NOT_COPIED)) == place
    spilled = {f.records[0]: f for f in of(troubles, FindingKind.NOT_SPILLED)}
    assert at(spilled["Mask"]) == place and "Word" not in spilled


def test_copy_that_clobbers_flags(troubles: tuple[TdFinding, ...]) -> None:
    """A move is harmless where its class has another that leaves the flags alone."""
    found = only(troubles, FindingKind.FLAGS_CLOBBERED)
    assert found.records == ("FMOVE", "LIKE", "PICK")
    assert "COND" in found.what and "glue of cmp" in found.what and "phi i32" in found.cost


def test_number_where_the_instruction_has_a_register(troubles: tuple[TdFinding, ...]) -> None:
    found = only(troubles, FindingKind.MISPLACED_NUMBER)
    assert at(found) == ("Troubles.td", line_of("def FEWER"), 5) and "$x" in found.what


def test_class_of_two_types_explains_an_untyped_pattern(llvm_source: Path, program: Path) -> None:
    found = lint.check(INPUTS / "Untyped.td", llvm_include=llvm_source / "llvm/include", program=program)
    untyped = only(found, FindingKind.UNTYPED)
    assert untyped.records == ("FETCH", "Double") and at(untyped) == ("Untyped.td", line_of("def FETCH", "Untyped.td"), 5)
    assert "f32, v2i16" in untyped.what and "(set (f32 Double:$x), ...)" in untyped.advice
    assert not of(found, FindingKind.NOT_SELECTED)  # nothing is known of the patterns


def test_nodes_that_no_pattern_selects(llvm_source: Path, program: Path) -> None:
    found = lint.check(INPUTS / "Bare.td", llvm_include=llvm_source / "llvm/include", program=program)
    said = " ".join(f.what for f in of(found, FindingKind.NOT_SELECTED))
    assert all(node in said for node in ("ISD::AND", "ISD::LOAD", "ISD::BR ", "ISD::BR_CC", "a return", "a call"))
    assert "ISD::ADD" not in said
    cost = next(f.cost for f in found if "ISD::AND" in f.what)
    assert "define i16 @f(i16 %a, i16 %b) { %r = and i16 %a, %b  ret i16 %r }" in cost
    assert only(found, FindingKind.NO_SIZE).what == "no instruction with an encoding has a Size"


@pytest.mark.parametrize(
    ("gone", "what"),
    [
        ("def BEFORE", "no pattern selects ISD::CALLSEQ_START"),  # a call needs the nodes around it
        ("def EITHER", "no pattern selects ISD::OR"),  # ISD::STORE is none, for all its letters
    ],
)
def test_node_that_one_instruction_alone_selects(gone: str, what: str, llvm_source: Path, program: Path, tmp_path: Path) -> None:
    text = (INPUTS / "Whole.td").read_text()
    (tmp_path / "Whole.td").write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith(gone)))
    found = lint.check(tmp_path / "Whole.td", llvm_include=llvm_source / "llvm/include", program=program)
    assert [f.what for f in found] == [what]


def test_conflict_of_one_encoding_with_many() -> None:
    """An encoding that holds all the others clashes with none of them, but no bit tells it from them."""
    bits = {"NARROW": "1, 1, 0, a{0}", "WIDE": "1, a{2}, a{1}, a{0}", "OTHER": "1, 0, 0, 1"}
    raws = {
        name: Raw(name, ("Instruction",), f'\n  field bits<4> Inst = {{ {text} }};\n  int Size = 1;\n  string Namespace = "N";\n')
        for name, text in bits.items()
    }
    said = "Decoding Conflict:\n\t\t1...\n\tNARROW 110_\n\tWIDE 1___\n\tOTHER 1001\n"
    conflict = only(tuple(encoding_findings(raws, said)), FindingKind.CONFLICT)
    assert conflict.records == ("WIDE", "NARROW", "OTHER")
    assert conflict.what == "no bits of the encodings tell WIDE from NARROW and OTHER"


def test_second_check_reads_the_cache(
    llvm_source: Path, program: Path, troubles: tuple[TdFinding, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint.checks, "survey", None)
    assert lint.check(INPUTS / "Troubles.td", llvm_include=llvm_source / "llvm/include", program=program) == troubles
    monkeypatch.setattr(store, "cache_load", lambda *_: None)
    with pytest.raises(TypeError):
        lint.check(INPUTS / "Troubles.td", llvm_include=llvm_source / "llvm/include", program=program)


def test_sarif_of_findings(troubles: tuple[TdFinding, ...]) -> None:
    (run,) = findings_sarif(troubles, INPUTS)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == len(troubles) and run["originalUriBaseIds"]["TD"]["uri"].endswith("/inputs/checks/")
    for result, finding in zip(run["results"], troubles, strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"] == finding.kind and result["level"] == finding.severity
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"] == {"uri": Path(finding.file).name, "uriBaseId": "TD"}
        assert physical["region"]["startLine"] == finding.line


def test_command(command: Command, llvm_source: Path, tmp_path: Path) -> None:
    where = ("--llvm", llvm_source)
    assert command("check", "--td", INPUTS / "Whole.td", *where).status == 0
    said = command("check", "--td", INPUTS / "Troubles.td", *where, "--sarif", tmp_path / "s", "--json", tmp_path / "j")
    assert said.status == 1
    first = said.out.splitlines()[0]
    assert first.startswith(f"{INPUTS / 'Troubles.td'}:{line_of('def HOLD')}:5: error: ") and first.endswith("[decoding-conflict]")
    assert said.out.splitlines()[-1].endswith("1 error, 11 warnings, 2 notes")
    quiet = command("check", "--td", INPUTS / "Troubles.td", *where, "--no-notes")
    assert ": note: " in said.out and ": note: " not in quiet.out
    assert len(json.loads((tmp_path / "s").read_text())["runs"][0]["results"]) == len(json.loads((tmp_path / "j").read_text())) == 14


def test_command_that_cannot_ask(command: Command, llvm_source: Path, tmp_path: Path) -> None:
    bad = tmp_path / "Bad.td"
    bad.write_text('include "llvm/Target/Target.td"\ndef X : Nothing;\n')
    said = command("check", "--td", bad, "--llvm", llvm_source)
    assert said.status == 2 and "Bad.td:2:9: Couldn't find class 'Nothing'" in said.err
    assert command("check", "--td", tmp_path / "absent.td", "--llvm", llvm_source).status == 2
    assert command("check", "--td", bad, "--prefix", tmp_path).status == 2
    missing = command("check", "--td", INPUTS / "Whole.td", "--llvm-version", "3")
    assert missing.status == 2 and "no LLVM 3 with headers is installed" in missing.err


cubes = st.lists(st.tuples(st.integers(0, 63), st.integers(0, 63)).map(lambda c: (c[0], c[0] & c[1])), max_size=9)


@given(cubes)
def test_cover_agrees_with_trying_every_word(given_cubes: list[tuple[int, int]]) -> None:
    tried = all(any(word & mask == value for mask, value in given_cubes) for word in range(64))
    assert covers(tuple(given_cubes), 0) == tried


names = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
leaves = st.builds(lambda op, name: f"{op}:{{ *:[i32] }}:${name}", names, names)
patterns = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda op, args, predicate: f"({op}:{{ *:[i64] }} {', '.join(args)}){'<<P:Predicate_p>>' if predicate else ''}",
        names,
        st.lists(inner, min_size=1, max_size=3),
        st.booleans(),
    ),
    max_leaves=8,
)


@given(patterns)
def test_tree_has_every_node_of_a_printed_pattern(text: str) -> None:
    nodes = list(parse_tree(text).nodes())
    assert len([n for n in nodes if n.leaf]) == text.count("i32") and len([n for n in nodes if not n.leaf]) == text.count("i64")
    assert sum(len(n.predicates) for n in nodes) == text.count("<<P:")
    assert sorted(n.name for n in nodes if n.leaf) == sorted(re.findall(r":\$(\w+)", text))


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("(A->b()) && (!C->d())", ("A->b()", "!C->d()")),
        ("(A->b() || C->d())", ("A->b() || C->d()",)),
        ("((a) && (b)) && c(x && y)", ("a", "b", "c(x && y)")),
    ],
)
def test_conjuncts_of_a_condition(condition: str, parts: tuple[str, ...]) -> None:
    assert conjuncts(condition) == parts
