"""Finds in which units of bytes instructions lie beside each other."""

from __future__ import annotations

import math

from vega_gen.records import Description, Instruction
from vega_gen.tablegen.feature_groups import FeatureNeeds, Features


class CodeUnits:
    """The units, in bytes, in which the instructions of a target may lie.

    Encodings of several instruction sets stand in one .td: one whose Predicates exclude all short encodings lies, with all that a subtarget
    can have beside it, in units of the long ones (Mips beside microMIPS, ARM beside Thumb)."""

    def __init__(self, d: Description) -> None:
        encoded = [i for i in d.instructions if i.size and any(b in "01" for b in i.encoding)]
        self._features = Features(d, "")
        self._sizes: dict[tuple[FeatureNeeds, ...], int] = {}
        for i in encoded:
            ways = self._features.wanted(i)
            self._sizes[ways] = math.gcd(self._sizes.get(ways, 0), i.size)
        self._whole = _power(math.gcd(*self._sizes.values()))
        self._units: dict[tuple[FeatureNeeds, ...], int] = {}

    def of(self, i: Instruction) -> int:
        """Return the unit in which instruction ``i`` and all that may lie beside it do: a power of two."""
        if i.size in (0, self._whole) or self._whole == 1:  # a pseudo lies nowhere, instructions of three bytes anywhere
            return self._whole
        ways = self._features.wanted(i)
        if ways not in self._units:
            beside = [size for other, size in self._sizes.items() if size % i.size and self._together(ways, other)]
            self._units[ways] = _power(math.gcd(i.size, *beside))
        return self._units[ways]

    def _together(self, ways: tuple[FeatureNeeds, ...], others: tuple[FeatureNeeds, ...]) -> bool:
        return any(self._features.possible(a.joined(b)) for a in ways for b in others)


def code_unit(d: Description) -> int:
    """Return of how many bytes every instruction's address is a multiple: a power of two, so that those of three bytes lie anywhere."""
    encoded = (i for i in d.instructions if i.size and "isPseudo" not in i.flags and any(b in "01" for b in i.encoding))
    return _power(math.gcd(*(i.size for i in encoded)))


def _power(number: int) -> int:
    return number & -number or 1
