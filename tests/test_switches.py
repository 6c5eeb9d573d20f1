"""Stage 8: what a switch of donors becomes where two of their labels are one here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invented import DONORS, MASKERS, WORDS, function, new_target, template

from vega_gen.cxx import tokenize, tokens
from vega_gen.fill.choose import statement_tree
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import NewTarget, Request
from vega_gen.records import Candidate, HoleKind


def moving() -> NewTarget:
    """A target that has one instruction for MOVrr and MOVkill."""

    def match(kind: HoleKind, name: str, donor: str) -> Sequence[tuple[str, float]]:
        bare = name.rsplit("::", 1)[-1]
        return [(f"Ddd::{bare.replace('MOVkill', 'MOVrr')}", 1.0)] if kind is HoleKind.OPCODE else []

    return replace(new_target(words=WORDS | {"go", "stay", "switch"}), match=match)


def written(body: str) -> list[tuple[str, ...]]:
    members = [function(t, f"int @Info::f(int Op) {{ switch (Op) {{ {body} }} return 0; }}") for t in DONORS]
    filled = ConsensusFiller().fill(Request(template(members), members[0].signature, moving(), MASKERS))

    def text(candidate: Candidate) -> tuple[str, ...]:
        return tokens(statement_tree(candidate.statements))

    return [text(candidate) for candidate in filled]


def test_a_label_stands_once_in_a_switch() -> None:
    found = written("case @::MOVrr: go(Op); break; case @::MOVkill: stay(Op); break; case @::UP: stay(Op); break;")
    once = tokenize("switch (Op) { case Ddd::MOVrr: go(Op); break; case Ddd::UP: stay(Op); break; } return 0;")
    assert found and set(found) == {once}


def test_what_stands_under_a_second_label_goes_on_from_the_one_before() -> None:
    found = written("case @::MOVrr: case @::UP: case @::MOVkill: go(Op); break; case @::DOWN: stay(Op); break;")
    once = tokenize("switch (Op) { case Ddd::MOVrr: case Ddd::UP: go(Op); break; case Ddd::DOWN: stay(Op); break; } return 0;")
    assert found and set(found) == {once}


def test_labels_of_another_switch_are_others() -> None:
    twice = "case @::UP: switch (Op) { case @::UP: go(Op); break; } break;"
    found = written(twice)
    assert found[0] == tokenize(f"switch (Op) {{ {twice.replace('@', 'Ddd')} }} return 0;")
