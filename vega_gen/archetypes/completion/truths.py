"""The patterns that compute every condition into a register, where a .td has only those that an instruction computes.

Instruction sets often compute just "less than". Two registers are equal where their exclusive or is less than 1, unsigned; the other
conditions swap the operands of one that is there, or invert its result (Hacker's Delight, 2-12).
"""

from __future__ import annotations

import re

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.operations import CONDITIONS
from vega_gen.facts.selections import OperandKind, Selection, Selections
from vega_gen.facts.view import encoded
from vega_gen.tablegen.subtargets import basic

_SWAPPED = {"gt": "lt", "ugt": "ult"}
_INVERTED = {"ge": "lt", "uge": "ult"}
_INVERTED_AND_SWAPPED = {"le": "lt", "ule": "ult"}


def part(lacking: Lacking) -> str:
    """Returns the patterns of conditions that no pattern computes yet, "" where the .td has all, or not the ones that the others are made
    of."""
    m = lacking.m
    missing = [c for c in CONDITIONS if c not in m.sets]
    s = Selections(basic(lacking.d))
    less = {c: _two_registers(lacking, s, f"set{c}") for c in ("lt", "ult")}
    if not missing or m.comparisons or not all(less.values()):
        return ""
    truths = _Truths(lacking, s, {c: one for c, one in less.items() if one})
    found = [line for c in missing for line in truths.patterns(c)]
    comment = f"// {m.type}: conditions of which no instruction computes the result alone."
    return "\n".join([comment, *found]) if found else ""


class _Truths:
    """Writes patterns. ``less``: how registers are compared, "lt" and "ult"."""

    def __init__(self, lacking: Lacking, s: Selections, less: dict[str, Selection]) -> None:
        self._zero = lacking.m.zero
        self._s = s
        self._less = less
        self._xor = _two_registers(lacking, s, "xor")
        self._xor_number = _with_one(lacking, s, "xor")
        self._below = _with_one(lacking, s, "setult")
        self._type = _cast(lacking, less["ult"].record) or lacking.m.type
        self._a, self._b = f"{lacking.m.gpr}:$a", f"{lacking.m.gpr}:$b"

    def patterns(self, condition: str) -> list[str]:
        """Returns the patterns for a condition of two registers, and for equality also that of a comparison with zero."""
        made = [(f"({self._type} {self._b})", self._result(condition))]
        if condition in ("eq", "ne"):
            made.insert(0, ("0", self._with_zero(condition, self._a)))
        left = f"({self._type} {self._a})"
        return [f"def : Pat<({self._type} (set{condition} {left}, {right})), {result}>;" for right, result in made if result]

    def _result(self, condition: str) -> str:
        """Returns the instructions that compute a condition of two registers, "" if one is missing."""
        if condition in _SWAPPED:
            return self._two(self._less[_SWAPPED[condition]], self._b, self._a)
        if condition in _INVERTED:
            return self._not(self._two(self._less[_INVERTED[condition]], self._a, self._b))
        if condition in _INVERTED_AND_SWAPPED:
            return self._not(self._two(self._less[_INVERTED_AND_SWAPPED[condition]], self._b, self._a))
        return self._with_zero(condition, self._two(self._xor, self._a, self._b)) if self._xor else ""

    def _with_zero(self, condition: str, value: str) -> str:
        """Returns the instructions that compare ``value`` with zero for "eq" or "ne"."""
        equal = self._two(self._below, value, "1") if self._below else ""
        differ = self._two(self._less["ult"], self._zero, value) if self._zero else ""
        if condition == "eq":
            return equal or self._not(differ)
        return differ or self._not(equal)

    def _not(self, truth: str) -> str:
        return self._two(self._xor_number, truth, "1") if truth and self._xor_number else ""

    def _two(self, one: Selection, left: str, right: str) -> str:
        """Returns the instruction of a pattern with two operands, with these in their place. What computes one, and the zero register, have
        their type beside them: a register may hold several."""
        left, right = (text if text in (self._a, self._b, "1") else f"({self._type} {text})" for text in (left, right))
        given = {name: left if path == (0,) else right for name, path in one.paths.items()}
        given |= one.fixed
        return f"({one.record} {', '.join(given[o.name] for o in self._s.instructions[one.record].ins if o.name in given)})"


def _two_registers(lacking: Lacking, s: Selections, root: str) -> Selection | None:
    """Returns the pattern of ``root`` that takes two registers of addresses, None if there is none."""
    return next((one for one in s.of(root) if _takes(lacking, s, one, (OperandKind.REG, OperandKind.REG))), None)


def _with_one(lacking: Lacking, s: Selections, root: str) -> Selection | None:
    """Returns the pattern of ``root`` that takes a register and an immediate that may be 1, None if there is none."""
    for one in s.of(root):
        if _takes(lacking, s, one, (OperandKind.REG, OperandKind.IMM)):
            name = next(n for n, path in one.paths.items() if path == (1,))
            operand = next(o for o in s.operands(one.record) if o.name == name)
            leaf = s.leaves(one)[name]
            values = s.immediate(one.record, operand, leaf)
            if not s.is_changed(leaf) and values.shift == 0 and values.bits > int(values.signed):
                return one
    return None


def _takes(lacking: Lacking, s: Selections, one: Selection, kinds: tuple[OperandKind, OperandKind]) -> bool:
    """Whether a pattern of an encoded instruction has two leaves, which are operands of these kinds, and no other operand is open."""
    i = s.instructions[one.record]

    def of_addresses(name: str) -> bool:
        known = s.operand_classes.get(name)
        return lacking.m.gpr in (name, known.register_class if known else "")

    if not encoded(i) or len(one.dag.args) != 2 or not i.outs or not of_addresses(i.outs[0].type):
        return False
    found = {one.paths[o.name]: o for o in s.operands(one.record) if not o.out and o.name in one.paths}
    if set(found) != {(0,), (1,)} or any(o.part >= 0 for o in found.values()):
        return False
    return (found[0,].kind, found[1,].kind) == kinds and all(of_addresses(o.type) for o in found.values() if o.kind is OperandKind.REG)


def _cast(lacking: Lacking, record: str) -> str:
    """Returns the type that the patterns of an instruction are written with, "" if they name none: it may be one of several modes."""
    for matched, given in lacking.d.patterns:
        if given.startswith(f"[({record} ") and (found := re.match(r"\((\w+) \(set", matched)):
            return found[1]
    return ""
