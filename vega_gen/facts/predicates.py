"""Reads which numbers the C++ predicate of an immediate allows."""

from __future__ import annotations

import re

from vega_gen.facts.ranges import Range

_RANGE = re.compile(r"\bis(Shifted)?(U?)Int<\s*(\d+)\s*(?:,\s*(\d+)\s*)?>")
_BETWEEN = re.compile(r"(\w+) *>= *(-?\d+) *&& *\1 *(<=?) *(-?\d+)")
_MASK = re.compile(r"& *(0x[0-9a-fA-F]+|\d+)[uUlL]* *\) *== *(?:(0x[0-9a-fA-F]+|\d+)[uUlL]*)?")
_ALIGNED = re.compile(r"& *(0x[0-9a-fA-F]+|\d+)[uUlL]* *\)* *== *0\b")
_SAME = re.compile(r"\b([\w.>()-]+?) *== *\(\1 *& *(0x[0-9a-fA-F]+|\d+)[uUlL]*\)")
_CAST = re.compile(r"== *(?:\(|static_cast<)(?:(unsigned |u)?(short|char|int(?:8|16|32)(?:_t)))[)>]")
_CAST_BITS = {"short": 16, "char": 8, "int8_t": 8, "int16_t": 16, "int32_t": 32}
_BELOW = re.compile(r"\s*return (?:\(\w+\) *)?N->getZExtValue\(\) *(<=?) *(?:\(1 *<< *(\d+)\)|(\d+)) *;\s*")
_ABOVE = re.compile(r"getZExtValue\(\) *>= *(0x[0-9a-fA-F]+)")
_WIDTH = re.compile(r"\s*return N->getAPIntValue\(\)\.is(Signed)?IntN\((\d+)\);+\s*")
_NEGATED = re.compile(r"[-~]N->get\w*Value\b")


def says_range(code: str) -> bool:
    """Whether a predicate gives two bounds, or a width by isInt or isUInt."""
    return bool(_RANGE.search(code) or _BETWEEN.search(code))


def is_negated(code: str) -> bool:
    """Whether a predicate judges the number's negative or complement, which is what an instruction then holds."""
    return _NEGATED.search(code) is not None


def range_of(code: str) -> Range | None:
    """Returns the values that a predicate allows (isInt, isUInt, a width, two bounds, a mask or a cast), None if it does not say."""
    if found := _WIDTH.fullmatch(code):
        return Range(int(found[2]), bool(found[1]))
    if found := _RANGE.search(code):
        return Range(int(found[3]), not found[2], int(found[4] or 0))
    if found := _BETWEEN.search(code):
        low, high = int(found[2]), int(found[4]) - (found[3] == "<")
        below = int(found[1], 0) if (found := _ALIGNED.search(code)) else 0
        shift = below.bit_length() if below & (below + 1) == 0 else 0
        bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) - shift
        return Range(bits + 1, True, shift) if low < 0 else Range(bits, False, shift)
    if found := _BELOW.fullmatch(code):
        limit = (1 << int(found[2]) if found[2] else int(found[3])) + (found[1] == "<=")
        return Range(limit.bit_length() - 1, False)
    if found := _CAST.search(code):
        return Range(_CAST_BITS[found[2]], not found[1])
    if (found := _SAME.search(code)) and (int(found[2], 0) & (int(found[2], 0) + 1)) == 0:
        return Range(int(found[2], 0).bit_length(), False)
    mask = int(found[1], 0) if (found := _MASK.search(code)) and not found[2] else 0
    return Range(mask.bit_count(), False, (mask & -mask).bit_length() - 1) if mask else None


def part_of(code: str) -> tuple[int, int]:
    """Returns (shift, ones): an immediate that encodes part v of a number stands for ``v << shift | ones``; (0, 0) if it is whole."""
    if _RANGE.search(code) or _BETWEEN.search(code):
        return 0, 0
    if (found := _MASK.search(code)) and found[2] == found[1]:  # the masked bits must all be one: the part is the rest
        ones = int(found[1], 0)
        return (ones.bit_length(), ones) if ones & (ones + 1) == 0 else (0, 0)
    if found := _ABOVE.search(code):
        ones = int(found[1], 0)
        return (0, ones) if ones & ((1 << 32) - ones) == ones & -ones else (0, 0)
    told = range_of(code)
    return (told.shift, 0) if told else (0, 0)
