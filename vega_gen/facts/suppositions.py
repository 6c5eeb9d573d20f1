"""Names what a facts file may say of operands and no rule offers, because nothing in a .td tells and only a program that runs can: in what
units a distance counts, and what an instruction holds for a number that begins at 1 or later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.facts.keys import CODING, DISTANCE
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Alternative, Evidence, Fact

_UNITS = (1, 2, 4)
"""Bytes that a distance counts as one: instructions lie at multiples of one of these."""
_WITHIN = re.compile(r"(>=?) *(\d+) *&& *[\w() ]+? *(<=?) *(\d+)")
_DOUBTFUL = 0.3
"""Confidence in what a .td does not say: no more than of any default (facts/measured.py)."""


def suppositions(v: TargetView) -> Iterator[Fact]:
    """Yields facts that are not recorded, each with what holds without it as its value and the other values as alternatives."""
    given = v.d.given
    for type_name, unit in _units(v).items():
        key = f"{DISTANCE}unit_of.{type_name}"
        if key not in given:
            yield _fact(key, str(unit), [str(n) for n in reversed(_UNITS) if n != unit], "in what units it counts")
    code = {f.name: f.code for f in v.d.fragments}
    for o in v.d.operand_classes:
        within = _WITHIN.search(code.get(o.name, "")) if o.encoder_method and f"{CODING}{o.name}" not in given else None
        low, high = (int(within[2]) + (within[1] == ">"), int(within[4]) - (within[3] == "<")) if within else (0, 0)
        if low > 0:
            yield _fact(f"{CODING}{o.name}", "x", [f"x - {low}", f"{high + 1} - x", f"{high} - x"], "what its method in C++ encodes")


def _units(v: TargetView) -> dict[str, int]:
    """Returns the operand types of calls, then of jumps and branches, that hold an address or a distance -> the bytes that one of it is.

    Without calls nothing runs: they come first."""
    found: dict[str, int] = {}
    for i in sorted(v.d.instructions, key=lambda i: "isCall" not in i.flags):
        if not encoded(i) or not i.flags & {"isBranch", "isCall"}:
            continue
        for o in v.selections.operands(i.name):
            near = o.kind is OperandKind.TARGET and not v.selections.absolute(o.type)
            if o.type in v.selections.operand_classes and (near or ("isCall" in i.flags and o.kind is OperandKind.IMM and o.part < 0)):
                found.setdefault(o.type, 1 << v.selections.scale(i.name, o))
    return found


def _fact(key: str, value: str, others: list[str], what: str) -> Fact:
    reason = f"no .td says {what}"
    return Fact(key, value, Evidence.DEFAULT, reason, _DOUBTFUL, tuple(Alternative(o, Evidence.DEFAULT, reason, _DOUBTFUL) for o in others))
