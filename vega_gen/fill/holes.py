"""Fill the typed holes of a statement: records by similarity to the donors' records, literals by vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, process

from vega_gen.fill.context import NewTarget
from vega_gen.function_template import OWN_CLASS, OWN_RECORD, Hole, Line, Shape
from vega_gen.records import Function, HoleKind
from vega_gen.tablegen import record_numbers

LITERAL = (HoleKind.INTEGER, HoleKind.STRING)
"""Kinds of holes that take the donors' value word for word."""


def fill_holes(
    lines: Sequence[Line], weights: Mapping[int, float], members: Sequence[Function], new: NewTarget, record: str = ""
) -> tuple[tuple[str, ...], float]:
    """Values for the holes of a variant, in order, and the product of their shares of the vote (0 if a hole has no value).

    ``lines`` share one shape. ``weights``: by member index. ``record``: the record that the function's name is formed from.
    A literal hole takes the value that most donors have; a symbol hole takes the new target's record that best matches the donors' records.
    """
    found = hole_values(lines, weights, members, new, record)
    if not all(found):
        return (), 0.0
    share = 1.0
    for ranked in found:
        share *= min(1.0, ranked[0][1])
    return tuple(ranked[0][0] for ranked in found), share


def hole_values(
    lines: Sequence[Line], weights: Mapping[int, float], members: Sequence[Function], new: NewTarget, record: str = ""
) -> tuple[tuple[tuple[str, float], ...], ...]:
    """For each hole of a variant the possible values with their shares of the vote, best first; see ``fill_holes``."""
    kinds = hole_kinds(lines[0])
    numbers = {what: value for value, what in record_numbers(new.description, record).items()}
    total = sum(weights.get(line.member, 0.0) for line in lines)
    out: list[tuple[tuple[str, float], ...]] = []
    for h, hole in enumerate(kinds):
        votes: dict[str, float] = defaultdict(float)
        for line in lines:
            weight = weights.get(line.member, 0.0)
            fill = line.fills[h]
            if hole.kind in LITERAL:
                value = numbers.get(fill, fill)
                votes[new.masker.unmask(value) if hole.kind is HoleKind.STRING else value] += weight
                continue
            for name, score in _matches(hole.kind, fill, members[line.member].target, new):
                votes[name] += weight * score
        ranked = sorted(votes.items(), key=lambda v: (-v[1], v[0])) if total > 0.0 else []
        out.append(tuple((name, vote / total) for name, vote in ranked))
    return tuple(out)


def _matches(kind: HoleKind, fill: str, donor: str, new: NewTarget) -> Sequence[tuple[str, float]]:
    found = new.match(kind, fill, donor)
    if found or kind is not HoleKind.METHOD:
        return found
    stem = fill.split("_")[0] + "_"
    near = process.extract(fill, [n for n in new.symbols.get(kind, ()) if n.startswith(stem)], scorer=fuzz.ratio, limit=3)
    return [(name, score / 100) for name, score, _ in near]


def unknown_names(tokens: Sequence[str], new: NewTarget) -> int:
    """How many of the identifiers nothing known to the new target defines. The caller leaves out locals and parameters."""
    return sum(1 for t in tokens if t.isidentifier() and t not in new.known)


def hole_kinds(line: Line) -> list[Hole]:
    """The holes of a line, in order."""
    return [t for shape in (line.head, line.tail) for t in shape if isinstance(t, Hole)]


def write(
    shape: Shape, values: Sequence[str], names: Mapping[str, str], operators: Mapping[str, str], new: NewTarget
) -> tuple[str, ...]:
    """A shape as tokens for the new target.

    ``names``: what "$p0" and "$l3" are called. ``operators``: field -> "." or "->", what its members are accessed with.
    """
    out: list[str] = []
    queue = list(values)
    for i, token in enumerate(shape):
        if isinstance(token, Hole):
            value = queue.pop(0)
            if "::" in value and not value.startswith('"'):
                scope, name = value.rsplit("::", 1)
                out += [scope, "::", name]
            else:
                out.append(value)
        elif token in (".", "->") and i and shape[i - 1] in operators:
            out.append(operators[str(shape[i - 1])])
        elif token.startswith("$"):
            out.append(names.get(token, token))
        else:
            for own in (OWN_CLASS, OWN_RECORD) if "<" in token else ():
                token = token.replace(own, names.get(own, own))
            if shape[i + 1 : i + 2] == ("::",) and shape[i + 2 :]:
                out.append(new.scope(token, str(shape[i + 2])))
            else:
                out.append(new.member(out[-2], new.name(token)) if out[-1:] == ["::"] and out[-2:-1] else new.name(token))
    return tuple(out)
