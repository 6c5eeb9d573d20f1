"""Reads what a facts file says of where the parts of an operand stand in the number that encodes it, where C++ alone knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.keys import LAYOUT, PARTS
from vega_gen.records import Description

_PART = re.compile(r"(?P<low>\d+)\+(?P<bits>\d+)(?:(?P<sign>plus|minus)(?P<at>\d+))?|none(?:@(?P<set>\d+))?")


@dataclass(frozen=True, slots=True)
class PartLayout:
    """Where a part stands: ``bits`` bits from bit ``low`` on.

    ``sign``: the bit that says whether the number in them is added, -1 where negative numbers are two's complements; ``plus``: whether that
    bit is 1 where it is added. ``absent``: the part is a register that is left out; bit ``mark``, if it is not -1, is 1 then."""

    low: int
    bits: int
    sign: int = -1
    plus: bool = True
    absent: bool = False
    mark: int = -1


def read_layout(text: str) -> tuple[PartLayout, ...]:
    """Returns the parts of a layout, in the order of the operand's parts; () where ``text`` is none.

    "13+4 0+12plus12": the first part is the 4 bits from bit 13 on; the second the 12 bits from bit 0 on, a number that is added if bit 12
    is 1, else subtracted ("minus12": subtracted if it is 1). "none@13": a register that is left out, which bit 13 says."""
    found: list[PartLayout] = []
    for word in text.split():
        told = _PART.fullmatch(word)
        if told is None:
            return ()
        if told["low"] is None:
            found.append(PartLayout(0, 0, absent=True, mark=int(told["set"] or -1)))
        else:
            found.append(PartLayout(int(told["low"]), int(told["bits"]), int(told["at"] or -1), told["sign"] != "minus"))
    return tuple(found)


def part_values(text: str) -> tuple[str, ...]:
    """Returns the value of each part of an operand, "" where it has none of its own; () where ``text`` does not say.

    "base 1 none offset none": the second part is always 1, the third and the last are registers that are left out."""
    words = text.split()
    if not all(word in ("base", "offset", "none") or word.lstrip("-").isdigit() for word in words):
        return ()
    return tuple({"base": "", "offset": "", "none": "zero_reg"}.get(word, word) for word in words)


class Layouts:
    """The layouts that a person gives for a target's operands."""

    def __init__(self, d: Description) -> None:
        self._d = d

    @cached_property
    def _told(self) -> dict[str, tuple[PartLayout, ...]]:
        lines = ((key.removeprefix(LAYOUT), line.value) for key, line in self._d.given.items() if key.startswith(LAYOUT))
        return {name: read_layout(text) for name, text in lines}

    def of(self, operand: str) -> tuple[PartLayout, ...]:
        """Returns the layout of an operand type, () where none is given."""
        return self._told.get(operand, ())

    def defaults(self, operand: str) -> tuple[str, ...]:
        """Returns the values of the parts of an operand type that always have one, "" for the others; () where nothing is given.

        What is given of the parts of one operand type holds for all types of like parts: those of other widths in memory."""
        if layout := self.of(operand):
            return tuple("zero_reg" if part.absent else "" for part in layout)
        return self._valued.get(self._made_of.get(operand, ()), ())

    @cached_property
    def _made_of(self) -> dict[str, tuple[str, ...]]:
        known = {o.name: o for o in self._d.operand_classes}
        classes = {c.name for c in self._d.register_classes}

        def like(part: str) -> str:
            o = known.get(part)
            register = part in classes or (o is not None and (o.register_class or o.decoder_method.startswith("DecodePointerLike")))
            return "a register" if register else part

        return {o.name: tuple(map(like, o.sub_operands)) for o in known.values() if o.sub_operands}

    @cached_property
    def _valued(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        lines = ((key.removeprefix(PARTS), line.value) for key, line in self._d.given.items() if key.startswith(PARTS))
        return {self._made_of.get(name, ()): part_values(text) for name, text in lines}

    def part(self, operand: str, part: int) -> PartLayout | None:
        """Returns the layout of one part of an operand type, None where none is given."""
        told = self.of(operand)
        return told[part] if 0 <= part < len(told) else None
