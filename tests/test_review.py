"""Review: the queue, decisions and their application, and that generating again keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import K, function, statement, toy_plan

from vega_gen import cxx, review, store
from vega_gen.errors import InputError, NotFoundError, ReviewError
from vega_gen.records import Band, DecisionKind, Decisions, FilledStatement, Plan, Statement

ACCEPT, REPLACE, DROP = DecisionKind.ACCEPT, DecisionKind.REPLACE, DecisionKind.DROP
NONE = Decisions("Toy")


def decided(plan: Plan, *wanted: tuple[str, DecisionKind, str]) -> Decisions:
    decisions = Decisions(plan.target)
    for id, kind, text in wanted:
        decisions = review.decide(plan, decisions, id, kind, text)
    return decisions


def body(plan: Plan, index: int = 0) -> list[str]:
    """The chosen candidate of a function, a line a statement: indentation, text, brace."""
    statements = plan.functions[index].candidate.statements
    return [f"{'  ' * s.depth}{review.statement_text(s)}{' {' if s.braced else ''}" for s in statements]


def after(plan: Plan, *wanted: tuple[str, DecisionKind, str], index: int = 0) -> list[str]:
    return body(review.apply(plan, decided(plan, *wanted)), index)


def tree(statements: tuple[FilledStatement, ...], depth: int = 0) -> tuple[Statement, ...]:
    """Filled statements as the nested statements that are written."""
    result: list[Statement] = []
    for i, s in enumerate(statements):
        if s.depth == depth:
            end = next((j for j in range(i + 1, len(statements)) if statements[j].depth <= depth), len(statements))
            result.append(Statement(s.kind, s.head, tree(statements[i + 1 : end], depth + 1), s.braced, s.tail))
    return tuple(result)


def flat(statements: tuple[Statement, ...], depth: int = 0) -> list[tuple[int, tuple[str, ...]]]:
    return [row for s in statements for row in ((depth, s.head), *flat(s.children, depth + 1))]


# ------------------------------------------------------------------------- queue


def test_queue_is_least_confident_first() -> None:
    items = review.queue(toy_plan(), 0.6, {"a5": ("ToyInstrInfo.cpp", 12)})
    assert [(i.id, i.band, i.place) for i in items] == [
        ("a5", Band.LOW, "ToyInstrInfo.cpp:12"),
        ("b2", Band.MEDIUM, "ToyInstrInfo.cpp"),
        ("a2", Band.MEDIUM, "ToyInstrInfo.cpp"),
        ("c1", Band.HIGH, "MCTargetDesc/Toy Emitter.cpp"),
    ]
    assert items[0].function == "ToyInstrInfo::copyPhysReg" and items[0].text == "use(Reg);"
    assert items[0].alternatives == ("use(Reg, 0);", "drop(Reg);", "")
    assert items[3].compiles is False and "error: use of" in items[3].message


def test_queue_at_the_threshold() -> None:
    assert "a2" in {i.id for i in review.queue(toy_plan(), 0.41, {})}
    assert "a2" not in {i.id for i in review.queue(toy_plan(), 0.4, {})}


def test_the_flagged_are_expected_to_hold_what_their_confidence_leaves() -> None:
    plan = toy_plan()
    sure = [s.confidence for f in plan.functions if f.chosen >= 0 for s in f.candidate.statements]
    low = [s.confidence for f in plan.functions for s in f.flagged(0.5)]
    assert 0 < len(low) < len(sure)
    assert review.expected_catch(plan, 0.5) == pytest.approx(sum(1 - c for c in low) / sum(1 - c for c in sure))
    assert review.expected_catch(plan, 1.0) == pytest.approx(1.0)


def test_a_function_that_does_not_compile_is_queued_once() -> None:
    broken = function("f", (statement("x", "y ;", 0.9), statement("z", "w ;", 0.7)), compiles=False)
    plan = replace(toy_plan(), functions=(broken,))
    assert [i.id for i in review.queue(plan, 0.5, {})] == ["z"]
    assert [i.id for i in review.queue(plan, 0.8, {})] == ["z"]


def test_accepted_statements_leave_the_queue() -> None:
    plan = review.apply(toy_plan(), decided(toy_plan(), ("a5", ACCEPT, "")))
    assert "a5" not in {i.id for i in review.queue(plan, 0.6, {})}
    assert plan.functions[0].candidate.statements[4].confidence == 1.0
    assert plan.functions[0].compiles is True, "the text is the same"


def test_locate_reads_the_marks(tmp_path: Path) -> None:
    (tmp_path / "MCTargetDesc").mkdir()
    (tmp_path / "A.cpp").write_text(
        "int f() {\n"
        "  // VEGA-REVIEW a1 0.20: Lanai/L.cpp:3\n"
        "  // a remark\n"
        "\n"
        "  g();\n"
        "  h(); // VEGA-REVIEW a2 0.30: none\n"
        "  // VEGA-REVIEW a3 0.10: none\n"
        "  // VEGA-REVIEW a4 0.10: none\n"
        "  if (x)\n"
        "}\n"
    )
    (tmp_path / "MCTargetDesc" / "B.h").write_bytes(b"// \xff\n// VEGA-REVIEW b1 0.1: none\n  int x;\n")
    (tmp_path / "notes.txt").write_text("// VEGA-REVIEW n1 0.1: none\nx\n")
    assert review.locate(tmp_path) == {
        "a1": ("A.cpp", 5), "a2": ("A.cpp", 6), "a3": ("A.cpp", 9), "a4": ("A.cpp", 9), "b1": ("MCTargetDesc/B.h", 3),
    }


# --------------------------------------------------------------------- decisions


def test_drop_takes_the_body_and_the_else() -> None:
    assert after(toy_plan(), ("a2", DROP, "")) == ['assert(Ops[bold] && "[/bold]");', "done();"]


def test_drop_of_the_only_statement_of_a_body_leaves_braces() -> None:
    assert after(toy_plan(), ("a3", DROP, ""))[1:3] == ["if (Reg == 1) {", "else {"]


def test_drop_of_an_else_keeps_the_if() -> None:
    assert after(toy_plan(), ("a4", DROP, "")) == ['assert(Ops[bold] && "[/bold]");', "if (Reg == 1)", "  return;", "done();"]


def test_replace_of_a_head_keeps_the_body() -> None:
    assert after(toy_plan(), ("a2", REPLACE, "if (Reg > 7)"))[1:3] == ["if (Reg > 7)", "  return;"]
    assert after(toy_plan(), ("a4", REPLACE, "else if (Reg < 0)"))[3:5] == ["else if (Reg < 0) {", "  use(Reg);"]
    assert after(toy_plan(), ("b1", REPLACE, "switch (Reg + 1)"), index=1)[0:2] == ["switch (Reg + 1) {", "  default:"]
    assert after(toy_plan(), ("b2", REPLACE, "case 4:"), index=1)[1:3] == ["  " + cxx.join(("case", "4", ":")), "    break;"]


def test_replace_of_a_whole_statement_takes_the_body() -> None:
    assert after(toy_plan(), ("a2", REPLACE, "if (Reg > 7) { a(); b(); }"))[1:5] == ["if (Reg > 7) {", "  a();", "  b();", "else {"]
    assert after(toy_plan(), ("a4", REPLACE, "else return;"))[3:6] == ["else", "  return;", "done();"]


def test_replaced_statements_have_ids_and_are_certain() -> None:
    plan = review.apply(toy_plan(), decided(toy_plan(), ("a5", REPLACE, "while (Reg) { --Reg; ++Reg; }")))
    new = [s for s in plan.functions[0].candidate.statements if s.id.startswith("a5")]
    assert [(s.id, s.depth, s.confidence) for s in new] == [("a5", 1, 1.0), ("a5.1", 2, 1.0), ("a5.2", 2, 1.0)]


def test_a_change_of_text_takes_the_compilers_verdict_away() -> None:
    plan = toy_plan()
    applied = review.apply(plan, decided(plan, ("c1", REPLACE, "out();")))
    assert plan.functions[2].compiles is False
    assert (applied.functions[2].compiles, applied.functions[2].message) == (None, "")
    assert applied.functions[0] is plan.functions[0]


def test_decisions_hold_in_every_candidate() -> None:
    plan = review.apply(toy_plan(), decided(toy_plan(), ("a6", REPLACE, "over();")))
    assert [c.statements[-1].head for c in plan.functions[0].candidates] == [("over", "(", ")", ";")] * 2


def test_a_later_decision_takes_the_place_of_an_earlier() -> None:
    decisions = decided(toy_plan(), ("a5", DROP, ""), ("a6", ACCEPT, ""), ("a5", ACCEPT, ""))
    assert [(d.id, d.kind) for d in decisions.decisions] == [("a6", ACCEPT), ("a5", ACCEPT)]


@pytest.mark.parametrize(
    ("id", "text", "where"),
    [
        ("a5", "use(Reg", "a5:1:"),
        ("a5", "x = ;", "a5:1:"),
        ("a5", "ok();\nx = = 2;", "a5:2:"),
        ("a5", "", "a5:1:1"),
        ("a5", "a(); b();", "a5:1:"),
        ("a5", "} void g() {", "a5:"),
        ("a5", "// nothing", "a5:"),
        ("a4", "else { x = ; }", "a4:1:"),
        ("a4", "else return; done();", "a4:1:"),
        ("a2", "if (Reg", "a2:1:"),
        ("a6", "case 3:", "a6:1:1"),
        ("a6", "again:", "a6:1:"),
        ("b4", "over();", "b4:1:1"),
        ("a3", "else return;", "a3:1:1"),
    ],
)
def test_a_text_that_is_no_statement_is_refused_with_its_place(id: str, text: str, where: str) -> None:
    with pytest.raises(ReviewError) as caught:
        review.decide(toy_plan(), NONE, id, REPLACE, text)
    assert caught.value.where.startswith(where) and caught.value.next_step
    assert len(caught.value.where.split(":")) == 3 and all(int(n) >= 1 for n in caught.value.where.split(":")[1:])


def test_columns_are_those_of_the_text_given() -> None:
    with pytest.raises(ReviewError) as plain:
        review.decide(toy_plan(), NONE, "a5", REPLACE, "{ x = ; }")
    with pytest.raises(ReviewError) as chained:
        review.decide(toy_plan(), NONE, "a4", REPLACE, "else { x = ; }")
    column = int(plain.value.where.split(":")[2])
    assert int(chained.value.where.split(":")[2]) == column + len("else ")


def test_decisions_that_leave_an_else_alone_are_refused() -> None:
    with pytest.raises(ReviewError, match="without its `if`"):
        review.decide(toy_plan(), NONE, "a2", REPLACE, "return;")
    both = decided(toy_plan(), ("a4", DROP, ""), ("a2", REPLACE, "return;"))
    with pytest.raises(ReviewError, match="without its `if`"):
        review.undo(toy_plan(), both, "a4")


def test_unknown_ids_are_refused() -> None:
    for attempt in (
        lambda: review.decide(toy_plan(), NONE, "zz", ACCEPT),
        lambda: review.undo(toy_plan(), NONE, "a5"),
        lambda: review.alternative(toy_plan(), "zz", 1),
        lambda: review.alternative(toy_plan(), "a5", 4),
        lambda: review.alternative(toy_plan(), "a5", 0),
    ):
        with pytest.raises(ReviewError) as caught:
            attempt()
        assert caught.value.next_step


def test_one_id_for_two_statements_is_refused() -> None:
    plan = replace(toy_plan(), functions=(function("f", (statement("x", "y ;", 0.9),)), function("g", (statement("x", "z ;", 0.9),))))
    with pytest.raises(ReviewError, match="different statements"):
        review.decide(plan, NONE, "x", ACCEPT)


def test_alternatives() -> None:
    assert review.alternative(toy_plan(), "a5", 2) == (REPLACE, "drop ( Reg ) ;")
    assert review.alternative(toy_plan(), "a5", 3) == (DROP, "")


# ------------------------------------------------------------- generating again


def test_a_decision_on_a_changed_statement_is_stale() -> None:
    plan = toy_plan()
    decisions = decided(plan, ("a5", REPLACE, "over();"), ("a6", ACCEPT, ""))
    first = plan.functions[0]
    moved = replace(first.candidates[0], statements=tuple(
        replace(s, head=("other", "(", ")", ";")) if s.id == "a5" else s for s in first.candidates[0].statements
    ))
    again = replace(plan, functions=(replace(first, candidates=(moved,)), *plan.functions[1:]))
    assert [d.id for d in review.stale(again, decisions)] == ["a5"]
    assert review.stale(plan, decisions) == ()
    statements = review.apply(again, decisions).functions[0].candidate.statements
    assert [(s.head[0], s.confidence) for s in statements[-2:]] == [("other", 0.1), ("done", 1.0)]


def test_a_drop_is_stale_when_the_body_has_changed() -> None:
    plan = toy_plan()
    decisions = decided(plan, ("a2", DROP, ""))
    first = plan.functions[0]
    moved = replace(first.candidates[0], statements=tuple(
        replace(s, head=("break", ";")) if s.id == "a3" else s for s in first.candidates[0].statements
    ))
    again = replace(plan, functions=(replace(first, candidates=(moved,)),))
    assert [d.id for d in review.stale(again, decisions)] == ["a2"]
    assert review.apply(again, decisions) == again


def test_a_text_that_no_longer_fits_is_stale() -> None:
    plan = toy_plan()
    decisions = decided(plan, ("b2", REPLACE, "case 4:"))
    again = replace(plan, functions=(function("select", (statement("b2", "x ;", 0.3),)),))
    assert [d.id for d in review.stale(again, decisions)] == ["b2"]
    assert review.apply(again, decisions) == again


def test_an_if_is_kept_when_its_else_has_come_back() -> None:
    plan = toy_plan()
    decisions = decided(plan, ("a4", DROP, ""), ("a2", REPLACE, "return;"))
    first = plan.functions[0]
    moved = tuple(replace(s, head=("back", ";")) if s.id == "a5" else s for s in first.candidate.statements)
    again = replace(plan, functions=(replace(first, candidates=(replace(first.candidate, statements=moved),)),))
    assert sorted(d.id for d in review.stale(again, decisions)) == ["a2", "a4"]
    assert review.apply(again, decisions) == again


def test_decisions_on_a_statement_that_is_gone_are_stale() -> None:
    decisions = decided(toy_plan(), ("a5", ACCEPT, ""))
    empty = replace(toy_plan(), functions=())
    assert [d.id for d in review.stale(empty, decisions)] == ["a5"]
    assert review.apply(empty, decisions) == empty


TEXTS = ("over();", "if (Reg) { one(); two(); }", "if (Reg == 9)", "else if (Reg)", "{ }", "case 3:", "for (;;) break;", "bad (")
CHAIN = function(
    "chain",
    (
        statement("d1", "for ( ; ; )", 0.5, kind=K.FOR),
        statement("d2", "if ( Reg == 1 )", 0.5, depth=1, kind=K.IF, braced=True),
        statement("d3", "else if ( Reg == 2 )", 0.5, depth=1, kind=K.ELSE),
        statement("d4", "do", 0.5, depth=2, kind=K.DO, braced=True, tail="while ( Reg ) ;"),
        statement("d5", "else", 0.5, depth=1, kind=K.ELSE),
        statement("d6", "continue ;", 0.5, depth=2),
    ),
)
PLAN = replace(toy_plan(), functions=(*toy_plan().functions[:3], CHAIN))
IDS = [s.id for f in PLAN.functions for s in f.candidate.statements]
steps = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(DecisionKind), st.sampled_from(TEXTS)), max_size=8)


@given(steps)
def test_apply_then_undo_restores_the_plan(wanted: list[tuple[str, DecisionKind, str]]) -> None:
    plan, decisions = PLAN, NONE
    for id, kind, text in wanted:
        try:
            decisions = review.decide(plan, decisions, id, kind, text if kind is REPLACE else "")
        except ReviewError:
            continue
        # what is written reads back as the same statements: no brace or else has gone astray
        for f in (f for f in review.apply(plan, decisions).functions if f.qualified_name != "emit"):
            written = tree(f.candidate.statements)
            assert flat(cxx.parse_statements(cxx.render(written))) == flat(written)
    assert review.stale(plan, decisions) == ()
    changed = review.apply(plan, decisions)
    for d in decisions.decisions:
        if d.kind is ACCEPT:
            assert d.id not in {i.id for i in review.queue(changed, 1.0, {})}
    pending = list(decisions.decisions)
    while pending:
        for d in reversed(pending):
            try:
                decisions = review.undo(plan, decisions, d.id)
            except ReviewError:
                continue
            pending.remove(d)
            break
        else:
            pytest.fail("no decision can be undone")
    assert review.apply(plan, decisions) == plan and decisions.decisions == ()


# ------------------------------------------------------------------------- files


def test_decisions_are_kept_beside_the_backend(tmp_path: Path) -> None:
    decisions = decided(toy_plan(), ("a5", REPLACE, 'out("ü\\n");'))
    assert review.load_decisions(tmp_path, "Toy") == NONE
    review.save_decisions(tmp_path, decisions)
    assert review.load_decisions(tmp_path, "Toy") == decisions
    with pytest.raises(InputError, match="decisions on Toy"):
        review.load_decisions(tmp_path, "Other")


def test_find_backend(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no generated backend"):
        review.find_backend(tmp_path)
    toy = tmp_path / "llvm" / "lib" / "Target" / "Toy"
    store.dump(toy_plan(), toy / review.PLAN_FILE)
    assert review.find_backend(tmp_path) == review.find_backend(tmp_path / "llvm") == review.find_backend(toy) == toy
    store.dump(toy_plan(), toy.parent / "Two" / review.PLAN_FILE)
    with pytest.raises(InputError, match="2 generated backends: Toy, Two"):
        review.find_backend(tmp_path)


def test_kinds_of_the_toy_plan_are_statements_of_cxx() -> None:
    """The hand-made plan has the shape that ``cxx`` gives to the same text."""
    made = cxx.parse_statements("if (Reg == 1) return; else { use(Reg); } switch (Reg) { case 1: break; default: break; }")
    assert [s.kind for s in made] == [K.IF, K.ELSE, K.SWITCH] and [c.kind for c in made[2].children] == [K.CASE, K.CASE]
