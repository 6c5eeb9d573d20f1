"""How the bytes of little-endian instructions lie in memory, from what tells their lengths apart.

Enters: instructions' encodings. Leaves: ``ByteOrder``, ``DecoderTable``s of the decoder in the order in which to try them. It decodes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from vega_gen.records import Instruction

_HALF = 2
_SKIPPED = frozenset({"isPseudo", "isCodeGenOnly", "isAsmParserOnly"})


class ByteOrder(Enum):
    """LITTLE: lowest byte first. WORDS: in halves of 16 bits, of each word of 32 the upper one first; a half too many stands first."""

    LITTLE = "little"
    WORDS = "words"

    def place(self, index: int, size: int) -> int:
        """Which byte of an encoding of ``size`` bytes, 0 the lowest, is the one at ``index`` in memory."""
        lead = size % 4 if self is ByteOrder.WORDS else size
        return index if index < lead else lead + ((index - lead) ^ 2)


@dataclass(frozen=True, slots=True)
class DecoderTable:
    """One of the decoder's tables: of instructions of ``size`` bytes in a DecoderNamespace."""

    size: int
    space: str


def byte_order(instructions: Iterable[Instruction]) -> ByteOrder:
    """The order in which the first half in memory tells the lengths of more instructions apart; the plain one where both do alike."""
    real = [i for i in _real(instructions) if i.size % 2 == 0]
    if len({i.size for i in real}) < 2 or any(i.size % 2 for i in _real(instructions)):
        return ByteOrder.LITTLE
    return min(ByteOrder, key=lambda order: _clashes(real, order))


def tables(instructions: Iterable[Instruction], order: ByteOrder) -> tuple[DecoderTable, ...]:
    """The tables, those first whose instructions are known by more bits of the first half, and of equal ones the shorter first, or the
    longer where bits that may be either's are more of them the longer's own (a register's number that says that a number follows).

    A table of instructions that nearly any bits fit (whose operands' methods refuse them) would hide the others."""
    found: dict[DecoderTable, int] = {}
    real = _real(instructions)
    for i in real:
        table = DecoderTable(i.size, i.decoder_namespace)
        found[table] = min(found.get(table, 64), _first(i, order, 2)[0].bit_count())
    several = max(Counter(t.size for t in found).values(), default=1) > 1
    sign = -1 if _longer_tell_more(real, order) else 1
    return tuple(sorted(found, key=lambda t: (-found[t] if several else 0, sign * t.size, t.space)))


def _real(instructions: Iterable[Instruction]) -> list[Instruction]:
    return [i for i in instructions if i.size and any(b in "01" for b in i.encoding) and not i.flags & _SKIPPED]


def _first(i: Instruction, order: ByteOrder, size: int) -> tuple[int, int]:
    """(mask, value) of the fixed bits of the first bytes in memory."""
    bits = list(reversed(i.encoding[-i.size * 8 :]))
    places = [order.place(n, i.size) * 8 for n in range(min(size, i.size))]
    first = [bit for low in places for bit in bits[low : low + 8]]
    mask = sum(1 << n for n, b in enumerate(first) if b in "01")
    return mask, sum(1 << n for n, b in enumerate(first) if b == "1")


def _clashes(real: Sequence[Instruction], order: ByteOrder) -> int:
    """Pairs of instructions of different lengths whose first halves may be equal."""
    known = [(i.size, *_first(i, order, _HALF)) for i in real]
    return sum(a != b and not (v ^ w) & m & n for (a, m, v), (b, n, w) in combinations(known, 2))


def _longer_tell_more(real: Sequence[Instruction], order: ByteOrder) -> bool:
    more = 0
    by_size: dict[int, list[Instruction]] = {}
    for i in real:
        by_size.setdefault(i.size, []).append(i)
    for short, long in combinations(sorted(by_size), 2):
        ours = [_first(i, order, short) for i in by_size[short]]
        for m, v in (_first(i, order, short) for i in by_size[long]):
            more += sum((m.bit_count() > n.bit_count()) - (m.bit_count() < n.bit_count()) for n, w in ours if not (v ^ w) & m & n)
    return more > 0
