"""Reads what a facts file says of where the parts of an operand stand in the number that encodes it, where C++ alone knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.keys import LAYOUT
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
        """Returns the values of the parts of an operand type that are left out, "" for the others; () where no layout is given."""
        return tuple("zero_reg" if part.absent else "" for part in self.of(operand))

    def part(self, operand: str, part: int) -> PartLayout | None:
        """Returns the layout of one part of an operand type, None where none is given."""
        told = self.of(operand)
        return told[part] if 0 <= part < len(told) else None
