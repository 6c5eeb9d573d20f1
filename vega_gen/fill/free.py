"""Stage 8, free tokens: statements that no donor has, of tokens that may stand there.

Enters: what was taken of a template, a model's ``Search``. Leaves: ``Decided``s. It decides nothing about what donors have.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vega_gen import cxx
from vega_gen.fill.consensus import CandidateBuilder, Chosen, Decided
from vega_gen.function_template import Hole, Line
from vega_gen.records import Candidate, HoleKind, SlotExample, StatementKind, statement_id

if TYPE_CHECKING:
    from vega_gen.model.decode import Search, Spelled, Taken

_WHOLE = {
    StatementKind.SIMPLE: "{}", StatementKind.IF: "{} {{}}", StatementKind.ELSE: "if (x) {{}} {} {{}}", StatementKind.FOR: "{} {{}}",
    StatementKind.WHILE: "{} {{}}", StatementKind.SWITCH: "{} {{}}", StatementKind.CASE: "switch (x) {{ {} ; }}",
    StatementKind.INITIALISER: "{} ;",
}  # fmt: skip
"""Kinds of statements that are spelled, with what makes the head of one a whole text."""

_MASKED = re.compile(r"^\$|<\w+>")
_HOLES = {f"‹{kind.value}›": kind for kind in HoleKind}


class Free:
    """Asks a model for statements of free tokens. ``lines``: by slot id one line of each variant."""

    def __init__(
        self, search: Search, builder: CandidateBuilder, slots: Sequence[SlotExample],
        lines: Mapping[str, Sequence[Line]],
    ) -> None:
        self._search, self._builder, self._slots, self._lines = search, builder, slots, lines
        self._values = _values(slots)

    def spelled(self, candidate: Candidate, chosen: Chosen, taken: Taken) -> dict[str, Decided]:
        """What a candidate has, with a statement of free tokens where that is likelier than what is there, or nothing. Empty where none is.
        ``chosen``: the candidate's, ``taken``: the same by numbers."""
        group, sure = self._builder.template.group.name, {s.id: s.confidence for s in candidate.statements}
        out = {slot_id: Decided(*what, sure.get(statement_id(group, slot_id), 0.0)) for slot_id, what in chosen.items()}
        found = False
        for number, there in self._search.doubted(taken).items():
            slot = self._slots[number]
            if StatementKind(slot.kind) not in _WHOLE:
                continue
            declared = {name for n, (k, _) in taken.items() if n < number for name in self._lines[self._slots[n].id][k].declares_as}
            declares = {name for line in self._lines[slot.id] for name in line.declares_as}
            values = {**self._values, **_values([slot])}
            for statement in self._search.spelled(taken, number, self._may(declared | declares, values), there):
                if well_formed(StatementKind(slot.kind), statement.text):
                    out[slot.id] = self._decided(slot, statement, values, declares - declared)
                    found = True
                    break
        return out if found else {}

    def _may(self, declared: set[str], values: Mapping[str, Sequence[str]]) -> Callable[[str], bool]:
        """Whether a token may be spelled: a hole that has a value, a local that is declared, what the new target knows."""
        names, defined = self._builder.names, self._builder.new.defined

        def may(token: str) -> bool:
            if token in _HOLES:
                return token in values
            if token.startswith("$"):
                return token in declared if token.startswith("$l") else token in names
            return defined(token)

        return may

    def _decided(self, slot: SlotExample, statement: Spelled, values: Mapping[str, Sequence[str]], declares: set[str]) -> Decided:
        used: dict[str, int] = defaultdict(int)
        filled: list[str] = []
        for token in statement.text:
            if token in _HOLES:
                filled.append(values[token][min(used[token], len(values[token]) - 1)])
                used[token] += 1
        shape = tuple(Hole(_HOLES[token]) if token in _HOLES else token for token in statement.text)
        declared = tuple(token for token in statement.text if token in declares)
        line = replace(self._lines[slot.id][0], head=shape, fills=tuple(filled), tail=(), declares=(), declares_as=declared)
        return Decided(line, tuple(filled), statement.probability)


def _values(slots: Sequence[SlotExample]) -> dict[str, list[str]]:
    """What the holes of each kind in some slots most likely have, by the hole's mark, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for slot in slots:
        for variant in slot.variants:
            best: dict[str, list[str]] = defaultdict(list)
            for hole in variant.holes:
                best[f"‹{hole.kind}›"] += hole.names[:1]
            for mark, names in best.items():
                if names and len(names) > len(found[mark]):
                    found[mark] = names
    return {mark: names for mark, names in found.items() if names}


def well_formed(kind: StatementKind, text: Sequence[str]) -> bool:
    """Whether tokens are the head of one statement of a kind."""
    plain = tuple("x" if token in _HOLES else re.sub(r"\W", "_", token) if _MASKED.search(token) else token for token in text)
    read = cxx.parse_statements(_WHOLE[kind].format(" ".join(plain)))
    if kind == StatementKind.CASE:
        read = tuple(child for statement in read for child in statement.children)
    alone = len(read) == 1 + (kind == StatementKind.ELSE)
    as_kind = StatementKind.SIMPLE if kind == StatementKind.INITIALISER else kind
    return alone and read[-1].kind == as_kind and read[-1].head[: len(plain)] == plain
