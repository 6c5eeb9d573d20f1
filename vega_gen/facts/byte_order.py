"""Infers how the bytes of little-endian instructions lie in memory, and in which order a disassembler tries its decoder tables.

No .td gives the byte order. A decoder must tell an instruction's length from its first 16 bits in memory, so the order that makes those
bits tell more instructions of different lengths apart is the right one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from vega_gen.records import PART_OF_OTHERS, Description, Instruction
from vega_gen.tablegen.older_encodings import SPACE
from vega_gen.tablegen.subtargets import basic

_HALF = 2
_SKIPPED = frozenset({"isPseudo", "isCodeGenOnly", "isAsmParserOnly", PART_OF_OTHERS})


class ByteOrder(Enum):
    """LITTLE: lowest byte first. WORDS: little-endian 16-bit halves, and in each 32-bit word the upper half first; where the number of
    halves is odd, the lowest one comes before the words."""

    LITTLE = "little"
    WORDS = "words"

    def place(self, index: int, size: int) -> int:
        """Returns which byte of an encoding of ``size`` bytes (0 is the lowest) lies at ``index`` in memory."""
        lead = size % 4 if self is ByteOrder.WORDS else size
        return index if index < lead else lead + ((index - lead) ^ 2)


@dataclass(frozen=True, slots=True)
class DecoderTable:
    """A TableGen decoder table: the instructions of ``size`` bytes in DecoderNamespace ``space``."""

    size: int
    space: str


def byte_order(d: Description) -> ByteOrder:
    """Returns the order in which the first 16 bits in memory tell the lengths of more instructions apart; LITTLE if both do equally.

    The instructions are those of the chosen processor: others may be encoded another way, as those of a compressed mode are."""
    instructions = basic(d).instructions
    real = [i for i in _real(instructions) if i.size % 2 == 0]
    if len({i.size for i in real}) < 2 or any(i.size % 2 for i in _real(instructions)):
        return ByteOrder.LITTLE
    return min(ByteOrder, key=lambda order: _clashes(real, order))


def tables(instructions: Iterable[Instruction], order: ByteOrder) -> tuple[DecoderTable, ...]:
    """Returns the decoder tables in the order in which the disassembler should try them, that of ``older_encodings`` first.

    Where one size has several tables, those with more fixed bits among the first 16 go first: a table whose instructions nearly any bits
    match would hide the others. Then shorter instructions go before longer ones; the other way round where, for overlapping encodings, the
    longer ones fix more bits (such as a register number that says that an immediate follows)."""
    found: dict[DecoderTable, int] = {}
    real = _real(instructions)
    for i in real:
        table = DecoderTable(i.size, i.decoder_namespace)
        found[table] = min(found.get(table, 64), _first(i, order, 2)[0].bit_count())
    several = max(Counter(t.size for t in found).values(), default=1) > 1
    sign = -1 if _longer_tell_more(real, order) else 1
    # TableGen makes a decoder of what it misunderstands, too.
    return tuple(sorted(found, key=lambda t: (t.space != SPACE, -found[t] if several else 0, sign * t.size, t.space)))


def _real(instructions: Iterable[Instruction]) -> list[Instruction]:
    return [i for i in instructions if i.size and any(b in "01" for b in i.encoding) and not i.flags & _SKIPPED]


def _first(i: Instruction, order: ByteOrder, size: int) -> tuple[int, int]:
    """Returns (mask, value) of the fixed bits of the first ``size`` bytes in memory."""
    bits = list(reversed(i.encoding[-i.size * 8 :]))
    places = [order.place(n, i.size) * 8 for n in range(min(size, i.size))]
    first = [bit for low in places for bit in bits[low : low + 8]]
    mask = sum(1 << n for n, b in enumerate(first) if b in "01")
    return mask, sum(1 << n for n, b in enumerate(first) if b == "1")


def _clashes(real: Sequence[Instruction], order: ByteOrder) -> int:
    """Counts the pairs of instructions of different lengths whose first 16 bits may be equal."""
    known = Counter((i.size, *_first(i, order, _HALF)) for i in real)  # few differ among thousands of instructions
    return sum(
        times * others
        for ((a, m, v), times), ((b, n, w), others) in combinations(known.items(), 2)
        if a != b and not (v ^ w) & m & n
    )  # fmt: skip


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
