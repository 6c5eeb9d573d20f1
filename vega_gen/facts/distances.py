"""Reads what a person says of distances: from where they count, in what units, and where their targets lie. No .td says these."""

from __future__ import annotations

import re

from vega_gen.facts.keys import DISTANCE
from vega_gen.records import Description, OperandClass

_RELATIVE = re.compile(r"pc_?rel", re.I)


class Distances:
    """The facts about the operand types of branches, calls and loads that hold a distance from the instruction."""

    def __init__(self, d: Description) -> None:
        self._given = {key: line.value for key, line in d.given.items() if key.startswith(DISTANCE)}
        self._parsers = {o.parser_class for o in d.operand_classes if o.type == "OtherVT" and _RELATIVE.search(o.parser_class)}
        self._types = {key.rpartition(".")[2] for key in self._given if key.count(".") == 2}

    def told(self, o: OperandClass) -> bool:
        """Whether an operand type certainly holds a distance: the .td says so, by OperandType or by the name of what parses branch targets
        too, or a fact about its distances is given."""
        return o.operand_type == "OPERAND_PCREL" or o.name in self._types or o.parser_class in self._parsers

    def origin(self, type_name: str) -> int:
        """Returns how many bytes behind the instruction's address distances of an operand type count from."""
        return int(self._given.get(f"{DISTANCE}origin_of.{type_name}") or self._given.get(f"{DISTANCE}origin") or 0)

    def unit(self, type_name: str) -> int:
        """Returns how many bytes a distance of an operand type counts as one, a power of two; 0 if nothing is given."""
        return int(self._given.get(f"{DISTANCE}unit_of.{type_name}") or 0)

    def sign(self, type_name: str) -> str:
        """Returns where the targets of an operand type lie, "both", "ahead" or "back"; "" if nothing is given."""
        return self._given.get(f"{DISTANCE}sign_of.{type_name}", "")
