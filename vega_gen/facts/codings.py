"""Finds what an instruction holds for a number where that is not the number itself: its code in a list, or what is left of a constant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.keys import CODING
from vega_gen.records import Description

_TERMS = re.compile(r"(?:(?P<from>\d+) - |(?P<negative>-))?x(?: (?P<sign>[+-]) (?P<number>\d+))?")
_LISTED = re.compile(r"\bcase (-?\d+):|\b\w+ *== *(-?\d+)\b")


@dataclass(frozen=True, slots=True)
class Coding:
    """What a field holds for a number x: ``constant - x`` if ``negative``, else ``constant + x``; or, where there are ``numbers``, the
    index of x among them."""

    constant: int = 0
    negative: bool = False
    numbers: tuple[int, ...] = ()


def read_coding(text: str) -> Coding | None:
    """Returns the coding that a facts file gives as "x - 1", "32 - x" or "-x"; None where ``text`` is none."""
    told = _TERMS.fullmatch(text)
    if told is None:
        return None
    constant = int(told["from"] or 0) + int(f"{told['sign'] or ''}{told['number'] or 0}")
    return Coding(constant, bool(told["from"] or told["negative"]))


class Codings:
    """The codings of a target's operand types that are encoded by C++, as predicates say or a person does."""

    def __init__(self, d: Description) -> None:
        self._d = d

    @cached_property
    def _told(self) -> dict[str, Coding]:
        code = {f.name: f.code for f in self._d.fragments}
        found: dict[str, Coding] = {}
        for o in self._d.operand_classes:
            said = self._d.given.get(f"{CODING}{o.name}")
            coding = read_coding(said.value) if said else _said(code.get(o.name, "")) if o.encoder_method else None
            found |= {o.name: coding} if coding else {}
        return found

    def of(self, operand: str, bits: int) -> Coding | None:
        """Returns the coding of an operand type in a field of ``bits``, None where the field holds the number itself.

        A list is one only if the field has just as many codes: then they stand in the order of the list."""
        told = self._told.get(operand)
        return None if told is None or (told.numbers and len(told.numbers) != 1 << bits) else told


def _said(code: str) -> Coding | None:
    numbers = tuple(int(a or b) for a, b in _LISTED.findall(code))
    return Coding(numbers=numbers) if len(numbers) > 1 and len(set(numbers)) == len(numbers) else None
