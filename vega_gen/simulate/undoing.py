"""Undoes what a pattern computes beside an instruction: the ends of a mask in two operands, a rotation of the result by another one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vega_gen.facts.dags import plain
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.simulate.expressions import Binary, Expression, Number
from vega_gen.simulate.operands import LOGARITHM, one_bit
from vega_gen.tablegen.raw import Dag

MASK = re.compile(r"isShiftedMask_(?:32|64)\(\s*(~?)\s*\w+, *(\w+), *(\w+)\)")
"""C++ that asks where the ones, or the zeros, of a number begin and how many they are."""
_RESULT = re.compile(r"getTargetConstant\(\s*([^,]+?)\s*,")
_NEGATED = re.compile(r"\(?\s*(?:-\s*(?:\(?int\w*\)?\s*)?N->getS?Z?ExtValue\(\)|-\w+->get[SZ]ExtValue\(\))")
_FROM = re.compile(r"(\d+)\s*-\s*N->get[SZ]ExtValue\(\)")
_SHIFTED_DOWN = re.compile(r"N->get[SZ]ExtValue\(\)(?:\s*\+\s*0x[\da-fA-F]+\))?\s*>>\s*(\d+)")
_UPPER_HALF = re.compile(r"\bHi_32\(N->get[SZ]ExtValue\(\)\)")
_LOWER_PART = re.compile(r"\bLo_(32)\(N->get[SZ]ExtValue\(\)\)|\bSignExtend(?:32|64)\(N->get[SZ]ExtValue\(\), *(\d+)\)")
_ROTATIONS = ("rotr", "rotl")


def number_before(code: str, number: Expression, clear: int, signed: int) -> Expression | None:
    """Returns the number of which a transform (SDNodeXForm) with the C++ ``code`` makes ``number``, None where that is not known.

    ``clear``: how many of its lowest bits are 0; ``signed``: how many bits it has as a signed number, 0 if that is not known."""
    bits = number.bits
    if _NEGATED.search(code):
        return Binary("sub", Number(0, bits), number, bits)
    if (told := _SHIFTED_DOWN.search(code)) and clear >= int(told[1]):
        return Binary("shl", number, Number(int(told[1]), bits), bits)
    if _UPPER_HALF.search(code) and clear >= 32:
        return Binary("shl", number, Number(32, bits), bits)
    if (told := _LOWER_PART.search(code)) and 0 < signed <= int(told[1] or told[2]):
        return number
    if LOGARITHM.search(code):
        return one_bit(code, number)
    if told := _FROM.search(code):
        return Binary("sub", Number(int(told[1]), bits), number, bits)
    return None


def mask(parts: Sequence[tuple[str, Expression]], bits: int) -> Expression | None:
    """Returns the number of ``bits`` bits of which two operands hold the lowest and the highest bit of its ones, or of its zeros.

    ``parts``: C++ of the transform (SDNodeXForm) of each operand, and the operand. None where their C++ says something else."""
    ends: dict[str, Expression] = {}
    inverted = False
    for code, number in parts:
        asked, result = MASK.search(code), _RESULT.search(code)
        if not asked or not result:
            return None
        inverted = bool(asked[1])
        low, length = asked[2], asked[3]
        ends["low" if result[1] == low else "high" if result[1] == f"{low} + {length} - 1" else ""] = number
    if ends.keys() != {"low", "high"}:
        return None
    more = Binary("sub", ends["high"], ends["low"], bits)
    ones = Binary("sub", Binary("shl", Number(2, bits), more, bits), Number(1, bits), bits)
    placed = Binary("shl", ones, ends["low"], bits)
    return Binary("xor", placed, Number((1 << bits) - 1, bits), bits) if inverted else placed


def unrotated(s: Selections, matched: Dag, result: Dag, bits: int) -> tuple[Dag, Dag] | None:
    """Returns what the inner one of two instructions computes, and that instruction, where the outer one rotates its result, of ``bits``
    bits: (rotr (bswap $x), 24) and (SWAP $x) of a pattern that makes (ROTR (SWAP $x), 8) of (bswap $x)."""
    inner, amount = (plain(arg) for arg, _ in result.args) if len(result.args) == 2 else ("", "")
    if not isinstance(inner, Dag) or inner.op not in s.instructions or isinstance(amount, Dag) or not amount.isdigit():
        return None
    for way in _ROTATIONS:
        if any(one.record == result.op and s.operands(result.op)[-1].kind is OperandKind.IMM for one in s.of(way)):
            return Dag(way, ((matched, ""), (str(bits - int(amount)), ""))), inner
    return None
