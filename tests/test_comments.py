"""Comments of archetypes: they stay where they are written, whatever a reviewer decides about a statement beside them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from emitted import emitted, plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vega_gen import cxx, review
from vega_gen.archetypes.parts import planned
from vega_gen.cxx.masker import Masker
from vega_gen.plan.choose import left_out
from vega_gen.records import DecisionKind, Decisions, Plan

DEFINITION = """\
// Moves the stack pointer.
// It is R2.
void ToyFrameLowering::emitPrologue(MachineFunction &MF) const {
  // The size first.
  int Size = sizeOf(MF); // in bytes

  if (Size) { // not of an empty frame
    // Downwards.
    move(-Size);
    // That was all.
  } else if (/* always */ MF.any()) {
    none();
  }
#if 0 // never
  never();
#endif
  switch (Size) {
  // Small ones.
  case 1:
  case 2: // two
    two(Size, /*Signed=*/true);
    break;
  default:
    break;
  }
  do {
    --Size; // down
  } while (Size); // to 0
  // The end.
}
"""


def toy(text: str, confidence: float = 0.5) -> Plan:
    files, classes, functions = planned({"ToyFrameLowering.cpp": text}, "Toy", Masker(["Toy"]))
    rated = tuple(
        replace(
            f, candidates=tuple(replace(c, statements=tuple(replace(s, confidence=confidence) for s in c.statements)) for c in f.candidates)
        )
        for f in functions
    )
    return plan(*rated, files=files, classes=classes)


def written(made: Plan, threshold: float = 0.5) -> str:
    return emitted(made, threshold=threshold)["ToyFrameLowering.cpp"].split("using namespace llvm;\n\n", 1)[1]


def comments(text: str) -> list[str]:
    """Every comment, and each tail of a line that stands behind one."""
    return re.findall(r"/\*.*?\*/|//[^\n]*", text)


def decided(made: Plan, head: str, kind: DecisionKind, text: str = "") -> Plan:
    (s,) = (s for s in made.functions[0].candidate.statements if cxx.join(s.head).startswith(head))
    return review.apply(made, review.decide(made, Decisions("Toy"), s.id, kind, text))


def test_a_definition_is_written_as_it_stands() -> None:
    assert written(toy(DEFINITION)) == cxx.format(DEFINITION)


def test_a_body_of_a_comment_alone_keeps_it() -> None:
    text = "void ToyFrameLowering::none() {\n  // Nothing to do.\n}\n"
    assert written(toy(text)) == text


def test_classes_and_their_members_keep_their_comments() -> None:
    text = """\
namespace llvm {

/// Where things lie.
class ToyFrame {
  /// In bytes.
  unsigned Size = 0;

public:
  /// Known at the end.
  unsigned size() const { return Size; }
  /// Sets it.
  void set(unsigned Bytes);
};

} // namespace llvm
"""
    files, classes, functions = planned({"ToyFrame.h": text}, "Toy", Masker(["Toy"]))
    made = emitted(plan(*functions, files=files, classes=classes))["ToyFrame.h"]
    assert [c for c in comments(made) if c.startswith("///")] == [c for c in comments(text) if c.startswith("///")]
    for line in ("  /// In bytes.\n  unsigned Size", "  /// Sets it.\n  void set(unsigned", "  /// Known at the end.\n  unsigned size()"):
        assert line in made


def test_a_dropped_statement_takes_its_comment_and_no_other() -> None:
    made = written(decided(toy(DEFINITION), "move(", DecisionKind.DROP))
    assert "move(" not in made
    assert [c for c in comments(DEFINITION) if c not in comments(made)] == ["// Downwards."]
    whole = written(decided(toy(DEFINITION), "if (Size)", DecisionKind.DROP))
    gone = ["// not of an empty frame", "// Downwards.", "// That was all.", "/* always */"]
    assert [c for c in comments(DEFINITION) if c not in comments(whole)] == gone


def test_a_replaced_statement_stands_under_the_comment_of_the_old() -> None:
    made = decided(toy(DEFINITION), "int Size", DecisionKind.REPLACE, "int Size = 4;")
    assert "  // The size first.\n  int Size = 4;\n\n  if (Size) { // not of an empty frame\n" in written(made)
    head = decided(toy(DEFINITION), "switch", DecisionKind.REPLACE, "switch (Size & 3)")
    assert "  switch (Size & 3) {\n  // Small ones.\n  case 1:\n" in written(head)
    several = decided(toy(DEFINITION), "move(", DecisionKind.REPLACE, "{ a(); b(); }")
    assert "    // Downwards.\n    {\n      a();\n      b();\n    }\n    // That was all.\n" in written(several)


def test_an_accepted_statement_reads_as_before() -> None:
    made = decided(toy(DEFINITION, 0.2), "two(", DecisionKind.ACCEPT)
    assert written(made, threshold=0.0) == cxx.format(DEFINITION)
    assert written(made).count("VEGA-REVIEW") == len(made.functions[0].candidate.statements) - 1


def test_a_statement_whose_body_loses_its_only_statement_gets_braces() -> None:
    text = "void ToyFrameLowering::f() {\n  // Why.\n  if (X) // because\n    g();\n  h();\n}\n"
    made = written(decided(toy(text), "g(", DecisionKind.DROP))
    assert made == "void ToyFrameLowering::f() {\n  // Why.\n  if (X) {\n  }\n  h();\n}\n"


def test_a_mark_stands_between_what_is_apart_and_the_statement_s_own_comment() -> None:
    text = "void ToyFrameLowering::f() {\n  g();\n\n  // Apart.\n\n  // Why.\n  h();\n}\n"
    made = toy(text)
    statements = tuple(replace(s, id="x", confidence=0.1 if s.head[0] == "h" else 1) for s in made.functions[0].candidate.statements)
    candidate = replace(made.functions[0].candidate, statements=statements)
    marked = written(replace(made, functions=(replace(made.functions[0], candidates=(candidate,)),)))
    assert marked == text.replace("  // Why.", "  // VEGA-REVIEW x 0.10: no donor\n  // Why.")


# ------------------------------------------------------------------ any body

LINES = st.sampled_from(["a();", "return;", "int x = 1;", "x <<= 2; // behind", "use(/*in=*/x,\n // between\n y);", 's("// none");'])
COMMENTS = st.lists(st.sampled_from(["// one", "// two\n// lines", "/* block */", ""]), max_size=2).map("\n".join)
PLAIN = st.tuples(COMMENTS, LINES).map("\n".join)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.tuples(st.lists(inner, max_size=2).map("\n".join), COMMENTS).map("\n".join)
    made = st.tuples(
        st.sampled_from(["if (x) {{ // c\n{}\n}}", "while (x) {{\n{}\n}}", "{{\n{}\nz();\n}}", "if (x) {{\n{}\n}} else {{\n}}"]), body
    )
    labels = st.sampled_from(["switch (x) {{\n// label\ncase 1: // first\n{}\n  break;\n}}", "do {{\n{}\n}} while (x); // done"])
    return st.one_of(made, st.tuples(labels, body)).map(lambda pair: pair[0].format(pair[1]))


BODIES = st.recursive(PLAIN, blocks, max_leaves=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BODIES, min_size=1, max_size=4).map("\n".join), COMMENTS)
def test_every_body_comes_back_with_its_comments(body: str, last: str) -> None:
    text = f"void ToyFrameLowering::f() {{\n{body}\n{last}\n}}\n"
    made = written(toy(text))
    assert cxx.tokenize(made) == cxx.tokenize(text)
    assert comments(made) == comments(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BODIES, min_size=1, max_size=3).map("\n".join), st.data())
def test_a_statement_left_out_leaves_the_tokens_of_the_others(body: str, data: st.DataObject) -> None:
    made = toy(f"void ToyFrameLowering::f() {{\n{body}\n}}\n")
    candidate = made.functions[0].candidate
    index = data.draw(st.integers(0, len(candidate.statements) - 1))
    rest = left_out(candidate.statements, index)
    bare = tuple(replace(s, text="", end="") for s in rest)
    with_text, without = (
        written(replace(made, functions=(replace(made.functions[0], candidates=(replace(candidate, statements=s),)),)))
        for s in (rest, bare)
    )
    assert cxx.tokenize(with_text) == cxx.tokenize(without)


def test_statements_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer tokens"):
        cxx.pieces("a(); b();", cxx.parse_statements("a();"))
    with pytest.raises(ValueError, match="more tokens"):
        cxx.pieces("a();", cxx.parse_statements("a(); b();"))
