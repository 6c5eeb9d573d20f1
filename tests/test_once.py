"""Two records of a donor that map to one record of the new target: duplicate labels, statements and conditions are merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import DONORS, MASKERS, WORDS, function, new_target, template

from vega_gen.cxx import tokenize, tokens
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import FillRequest, NewTarget
from vega_gen.fill.once import without_repeats
from vega_gen.plan.choose import statement_tree
from vega_gen.records import Candidate, HoleKind


def moving() -> NewTarget:
    """A target that has one instruction for MOVrr and MOVkill."""

    def match(kind: HoleKind, name: str, donor: str) -> Sequence[tuple[str, float]]:
        bare = name.rsplit("::", 1)[-1]
        return [(f"Ddd::{bare.replace('MOVkill', 'MOVrr')}", 1.0)] if kind is HoleKind.OPCODE else []

    return replace(new_target(words=WORDS | {"go", "stay", "switch"}), match=match)


def written_in_switch(body: str) -> list[tuple[str, ...]]:
    return written(f"switch (Op) {{ {body} }}")


def written(body: str) -> list[tuple[str, ...]]:
    """The consensus, and the donors taken whole."""
    members = [function(t, f"int @Info::f(int Op) {{ {body} return 0; }}") for t in DONORS]
    filled = ConsensusFiller().fill(FillRequest(template(members), members[0].signature, moving(), MASKERS))

    def text(candidate: Candidate) -> tuple[str, ...]:
        return tokens(statement_tree(candidate.statements))

    return [text(candidate) for candidate in filled]


def test_a_label_stands_once_in_a_switch() -> None:
    found = written_in_switch("case @::MOVrr: go(Op); break; case @::MOVkill: stay(Op); break; case @::UP: stay(Op); break;")
    first, second, third = "case Ddd::MOVrr: go(Op); break;", "case Ddd::MOVrr: stay(Op); break;", "case Ddd::UP: stay(Op); break;"
    once, twice = (tokenize(f"switch (Op) {{ {first} {more} {third} }} return 0;") for more in ("", second))
    assert set(found) == {once, twice}, "a donor taken whole stays what it is"


def test_what_stands_under_a_second_label_goes_on_from_the_one_before() -> None:
    found = written_in_switch("case @::MOVrr: case @::UP: case @::MOVkill: go(Op); break; case @::DOWN: stay(Op); break;")
    once = tokenize("switch (Op) { case Ddd::MOVrr: case Ddd::UP: go(Op); break; case Ddd::DOWN: stay(Op); break; } return 0;")
    assert once in found


def test_labels_of_another_switch_are_others() -> None:
    twice = "case @::UP: switch (Op) { case @::UP: go(Op); break; } break;"
    found = written_in_switch(twice)
    assert found[0] == tokenize(f"switch (Op) {{ {twice.replace('@', 'Ddd')} }} return 0;")


def test_a_statement_of_a_record_is_written_once_and_one_of_none_as_often_as_donors_have_it() -> None:
    found = written("go(@::MOVrr); go(@::MOVkill); go(@::UP); stay(Op); stay(Op);")
    assert set(found) == {tokenize("go(Ddd::MOVrr); go(Ddd::UP); stay(Op); stay(Op); return 0;")}
    assert set(written("go(@::UP); go(@::UP);")) == {tokenize("go(Ddd::UP); go(Ddd::UP); return 0;")}, "its donors say so"
    literals = 'go("x"); go("y"); go("x");'
    assert set(written(literals)) == {tokenize(f"{literals} return 0;")}


def test_an_operand_of_a_condition_stands_once() -> None:
    found = written("if (Op != @::MOVrr && Op != @::MOVkill && go(Op)) stay(Op);")
    assert set(found) == {tokenize("if (Op != Ddd::MOVrr && go(Op)) stay(Op); return 0;")}


@given(st.lists(st.sampled_from(["a", "b", "!(a && b)", "f(a || b, a || b)", "f(a, a)"]), min_size=1), st.sampled_from(["&&", "||"]))
def test_repetitions_go_and_the_rest_stays(operands: list[str], joint: str) -> None:
    kept = list(dict.fromkeys(operands))
    assert without_repeats(tokenize(f"if ({f' {joint} '.join(operands)})")) == tokenize(f"if ({f' {joint} '.join(kept)})")


@pytest.mark.parametrize("text", ["x = a && a;", "if (a && b || a)", "if (f(a && b, b))", "if (x ? a && b : b)", "if (a && b"])
def test_what_is_no_chain_in_brackets_stays(text: str) -> None:
    assert without_repeats(tokenize(text)) == tokenize(text)
