"""Reads the C++ of an immediate's predicate: which values it allows, and which part of a number they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"\bis(Shifted)?(U?)Int<\s*(\d+)\s*(?:,\s*(\d+)\s*)?>(?:\(\w+ *(?:- *(\d+)|>> *(\d+)) *\))?")
_BETWEEN = re.compile(r"(\w+) *>= *(-?\d+) *&& *\1 *(<=?) *(-?\d+)")
_MASK = re.compile(r"& *(0x[0-9a-fA-F]+|\d+)[uUlL]* *\) *== *(?:(0x[0-9a-fA-F]+|\d+)[uUlL]*)?")
_ALIGNED = re.compile(r"& *(0x[0-9a-fA-F]+|\d+)[uUlL]* *\)* *== *0\b|! *\(\w+ *& *(0x[0-9a-fA-F]+|\d+)[uUlL]* *\)")
_SAME = re.compile(r"\b([\w.>()-]+?) *== *\(\1 *& *(0x[0-9a-fA-F]+|\d+)[uUlL]*\)")
_CAST = re.compile(r"== *(?:\(|static_cast<)(?:(unsigned |u)?(short|char|int(?:8|16|32)(?:_t)))[)>]")
_CAST_BITS = {"short": 16, "char": 8, "int8_t": 8, "int16_t": 16, "int32_t": 32}
_HAS_CODE = re.compile(r"\w+::get\w+\([^;]*\) *!= *-1\b")
_MAY_HAVE_CODE = re.compile(r"\w+::is\w+\(|(?<![\w.>:])is(?!PowerOf2_|Mask_|ShiftedMask_|Null|All|One)[A-Z]\w*\(")
_BELOW = re.compile(r"\s*return (?:\(\w+\) *)?N->getZExtValue\(\) *(<=?) *(?:\(1 *<< *(\d+)\)|(\d+)) *;\s*")
_WIDTH = re.compile(r"\s*return N->getAPIntValue\(\)\.is(Signed)?IntN\((\d+)\);+\s*")
_NEGATED = re.compile(r"[-~]N->get\w*Value\b")
_CHANGED = re.compile(r"[-~+/]|<<|(?i:log2|count|trailing|leading|encode)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_ABOVE = re.compile(r"getZExtValue\(\) *>= *(0x[0-9a-fA-F]+)")
_ASKED = re.compile(r"\s*return ((?:\w+::)*\w+)\(\w+\);\s*")
_IN_RANGE = re.compile(r"\w*(?:Imm|Range|Immediate)<0, *(\d+)>")
_NAMED = re.compile(r"is_?(\w*?)(\d+)")
_MULTIPLE = re.compile(r".*[SU]\d*Imm\d*X(\d+)")
_SIGNED_NAME = re.compile(r"s|s_?(?:imm|int|field|const)|.*(?:simm|signed|sext|off|offset|disp|rel)_?|int", re.I)
_UNSIGNED_NAME = re.compile(r"u|.*(?:uimm|unsigned|zext|uint)_?", re.I)
_AMOUNT_NAME = re.compile(r".*(?:shift|shamt|amount)_?(?:imm|const)?", re.I)
_NUMBER_NAME = re.compile(r".*(?:imm|immediate|const|field|num|number|lit)_?", re.I)


@dataclass(frozen=True, slots=True)
class Range:
    """The values that an immediate may have: ``bits`` wide, then shifted left by ``shift``, then increased by ``bias``. ``magnitude``: the
    bits are a sign and a magnitude, so that there are as many negative numbers as positive ones. ``back``: all are negative, and the field
    holds their lower bits."""

    bits: int
    signed: bool
    shift: int = 0
    magnitude: bool = False
    back: bool = False
    bias: int = 0

    @property
    def low(self) -> int:
        """The least value."""
        if self.magnitude:
            return 2 * self.bias - self.high
        return (-(1 << (self.bits - (not self.back) + self.shift)) if self.signed or self.back else 0) + self.bias

    @property
    def high(self) -> int:
        """The greatest value."""
        whole = -1 if self.back else (1 << (self.bits - 1 if self.signed else self.bits)) - 1
        return (whole << self.shift) + self.bias


def asked(code: str) -> str:
    """Returns the function that a predicate leaves the answer to, "" if it does not: "Toy::isImm10" for
    ``return Toy::isImm10(Imm);``."""
    found = _ASKED.fullmatch(code)
    return found[1] if found else ""


def by_name(function: str, width: int = 0) -> Range | None:
    """Returns the values that a function surely allows, by its name ("isUImm10", "Toy::isOff6"), None if that does not say.

    A name that does not say the sign stands for the numbers that are the same with and without one; for all numbers of the operand's type,
    of ``width`` bits, where these are as many. Amounts of shifts are below 16."""
    found = _NAMED.fullmatch(function.rpartition("::")[2])
    bits = int(found[2]) if found else 0
    if not found or not 1 < bits <= 64:
        return None
    word = found[1]
    if _AMOUNT_NAME.fullmatch(word):
        return Range(min(bits, 4), False)
    if _UNSIGNED_NAME.fullmatch(word):
        return Range(bits, False)
    if _SIGNED_NAME.fullmatch(word) or (_NUMBER_NAME.fullmatch(word) and bits == width):
        return Range(bits, True)
    return Range(bits - 1, False) if _NUMBER_NAME.fullmatch(word) else None


def units(function: str) -> int:
    """Returns how many low bits of the numbers that a predicate allows are zero, by its name: 2 for "isS16ImmX4"; 0 if it does not say."""
    found = _MULTIPLE.fullmatch(function)
    return int(found[1]).bit_length() - 1 if found and int(found[1]).bit_count() == 1 else 0


def said(code: str, width: int = 0) -> Range | None:
    """Returns the values that a predicate allows (isInt, isUInt, two bounds, a mask or a cast, the name of a function), None if it does not
    say. ``width``: bits of the operand's type, 0 if unknown."""
    if named := by_name(asked(code), width):
        return named
    if found := _WIDTH.fullmatch(code):
        return Range(int(found[2]), bool(found[1]))
    if found := _RANGE.search(code):
        bits, below = int(found[3]), 0 if found[1] or found[6] else _below(code)
        return Range(bits - below, not found[2], int(found[4] or found[6] or below), bias=int(found[5] or 0))
    if found := _BETWEEN.search(code):
        low, high = int(found[2]), int(found[4]) - (found[3] == "<")
        shift = _below(code)
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


def _below(code: str) -> int:
    """Returns how many of the lowest bits a predicate wants to be 0."""
    found = _ALIGNED.search(code)
    mask = int(found[1] or found[2], 0) if found else 0
    return mask.bit_length() if mask & (mask + 1) == 0 else 0


def from_zero(method: str, width: int) -> bool:
    """Whether the assembler's predicate method allows the unsigned numbers of ``width`` bits, as isImmInRange<0, 65535> those of 16."""
    found = _IN_RANGE.fullmatch(method)
    return found is not None and int(found[1]) == (1 << width) - 1


def changed(code: str) -> bool:
    """Whether a node transform gives another number than it gets, as its logarithm or its complement. Masks, casts and shifts to the right
    hand on the number, or a part of it."""
    return _CHANGED.search(_COMMENT.sub("", code).replace("->", ".")) is not None


def negated(code: str) -> bool:
    """Whether a predicate judges the number's negative or complement, which is what an instruction then holds."""
    return _NEGATED.search(code) is not None


def bounded(code: str) -> bool:
    """Whether a predicate names bounds, or a width and a sign."""
    return bool(_RANGE.search(code) or _BETWEEN.search(code))


def part(code: str) -> tuple[int, int]:
    """Returns (shift, ones): an immediate that encodes part v of a number stands for ``v << shift | ones``; (0, 0) if it is whole."""
    if bounded(code):
        return 0, 0
    if (found := _MASK.search(code)) and found[2] == found[1]:  # the masked bits must all be one: the part is the rest
        ones = int(found[1], 0)
        return (ones.bit_length(), ones) if ones & (ones + 1) == 0 else (0, 0)
    if found := _ABOVE.search(code):
        ones = int(found[1], 0)
        return (0, ones) if ones & ((1 << 32) - ones) == ones & -ones else (0, 0)
    told = said(code)
    return (told.shift, 0) if told else (0, 0)


def coded(code: str) -> Range | None:
    """Returns the values that certainly have a code, where a predicate asks C++ of the target's whether a number has one.

    A function that returns the code, or -1, is one for a small number and a rotation or shift: up to 8 bits encode themselves. Where it
    only says yes or no, not even 0 is sure to have a code, so that no bit is."""
    if by_name(asked(code)):
        return None
    return Range(8, False) if _HAS_CODE.search(code) else Range(0, False) if _MAY_HAVE_CODE.search(code) else None
