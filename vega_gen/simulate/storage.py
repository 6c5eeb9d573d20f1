"""Maps registers to storage: views of a register, such as its low byte, and pairs of registers share what they are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vega_gen.records import Description, Register

_INTEGER = re.compile(r"[if](\d+)")
_ZERO_EXTENDED = re.compile(r"\(zext (?:\(\w+ )?(\w+):")
_AS_PART = re.compile(r"\(SUBREG_TO_REG (?:\(\w+ )?0\)?, (?:\(\w+ )?(\w+):")
_BOX = 64
"""Bits of one box of storage."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive bits of a register: ``bits`` of them from ``at`` lie in box ``box`` from ``offset``."""

    at: int
    box: int
    offset: int
    bits: int


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the registers are, by their index in Description.registers.

    ``widths``: bits of each register; ``pieces``: where they lie, lowest first; ``clears``: registers that set what is above them in
    their box to 0 when they are written; ``boxes``: bits in use of each box. A register that is a box of its own has its index."""

    widths: tuple[int, ...]
    pieces: tuple[tuple[Piece, ...], ...]
    clears: frozenset[int]
    boxes: tuple[int, ...]

    def low(self, index: int) -> int:
        """Returns the box whose lowest bits are the register, -1 where it lies higher or has several pieces."""
        parts = self.pieces[index]
        return parts[0].box if len(parts) == 1 and parts[0].offset == 0 else -1

    def whole(self, index: int) -> int:
        """Returns the box that holds the register and nothing else, -1 where there is none."""
        box = self.low(index)
        return box if box >= 0 and self.boxes[box] == self.widths[index] else -1


def register_widths(d: Description) -> dict[str, int]:
    """Returns register -> bits: of the widest type of its classes, else of what is made of it, else of its parts, else 32."""
    found: dict[str, int] = {}
    for c in d.register_classes:
        told = [int(f[1]) for t in c.value_types if (f := _INTEGER.fullmatch(t))]
        for name in c.members:
            found[name] = max(found.get(name, 0), *told, 0 if told else c.size)
    for r in d.registers:
        for part, (_, bits) in zip(r.subregisters, r.places, strict=False):
            if bits > 0:
                found.setdefault(part, bits)
    by_name = {r.name: r for r in d.registers}
    for r in d.registers:
        whole = sum(found.get(part, 0) for part in r.subregisters if part in by_name)
        found.setdefault(r.name, whole or 32)
    return found


def storage(d: Description) -> Storage:
    """Returns where each register of a description lies."""
    return _Placing(d).done()


class _Placing:
    def __init__(self, d: Description) -> None:
        self.d = d
        self.widths = register_widths(d)
        self.index = {r.name: n for n, r in enumerate(d.registers)}
        self.integers = {name for c in d.register_classes if any(t.startswith("i") for t in c.value_types) for name in c.members}
        self.by_name: Mapping[str, Register] = {r.name: r for r in d.registers}
        self.pieces: dict[str, tuple[Piece, ...]] = {}
        self.boxes = [min(self.widths[r.name], _BOX) for r in d.registers]

    def done(self) -> Storage:
        own = [r for r in self.d.registers if not self.covered(r)]
        for r in sorted(own, key=lambda r: -self.widths[r.name]):
            if r.name not in self.pieces:
                self.pieces[r.name] = self.fresh(r)
                self.inside(r, self.pieces[r.name])
        for r in self.d.registers:
            self.of(r.name)
        cleared = self.cleared_classes()
        clears = frozenset(self.index[name] for c in self.d.register_classes if c.name in cleared for name in c.members)
        names = [r.name for r in self.d.registers]
        return Storage(tuple(self.widths[n] for n in names), tuple(self.pieces[n] for n in names), clears, tuple(self.boxes))

    def cleared_classes(self) -> frozenset[str]:
        """Returns the classes whose registers, when written, clear the rest of the register that they are part of.

        Patterns that rely on it extend such a register with zeros by SUBREG_TO_REG, which is no instruction."""
        found: set[str] = set()
        for source, given in self.d.patterns:
            extended, register = _ZERO_EXTENDED.search(source), _AS_PART.search(given)
            if extended and register:
                leaf = next((o.dag for o in self.d.operators if o.name == extended[1] and not o.parameters), "")
                found |= {register[1]} if register[1] == extended[1] or re.search(rf"\b{register[1]}:", leaf) else set[str]()
        return frozenset(found)

    def places(self, r: Register) -> list[tuple[str, int, int]]:
        """Returns (name, bit offset, bits) of the sub-registers."""
        found = self.numbered(r)
        if self.from_the_left(found):
            total = self.widths[r.name]
            return [(name, total - offset - bits, bits) for name, offset, bits in found]
        return found

    def numbered(self, r: Register) -> list[tuple[str, int, int]]:
        """Returns (name, number of the first bit, bits) of the sub-registers, one behind the other where the .td gives no number."""
        found: list[tuple[str, int, int]] = []
        next_ = 0
        for n, name in enumerate(r.subregisters):
            offset, bits = r.places[n] if n < len(r.places) else (-1, -1)
            bits = bits if bits > 0 else self.widths.get(name, 0)
            offset = offset if offset >= 0 else next_
            next_ = offset + bits
            if name in self.by_name:
                found.append((name, offset, bits))
        return found

    def from_the_left(self, parts: list[tuple[str, int, int]]) -> bool:
        """Whether the .td numbers the bits of a register from the highest: a part that can hold integers does not lie lowest, and what lies
        lowest can hold none."""
        lowest = [name for name, offset, _ in parts if not offset]
        return len(parts) > 1 and bool(lowest) and not self.integers & set(lowest) and bool(self.integers & {name for name, *_ in parts})

    def covered(self, r: Register) -> bool:
        """Whether the sub-registers make up the register."""
        total, next_ = self.widths[r.name], 0
        if self.from_the_left(self.numbered(r)):
            return False  # an integer and a part of something else: instructions on the part may set the whole
        for _, offset, bits in sorted(self.places(r), key=lambda p: p[1]):
            if offset > next_:
                return False
            next_ = max(next_, offset + bits)
        return bool(r.subregisters) and next_ >= total

    def fresh(self, r: Register) -> tuple[Piece, ...]:
        """Returns new storage for a register: the box of its own index, and more behind all of them where it is wider than a box."""
        bits = self.widths[r.name]
        found = [Piece(0, self.index[r.name], 0, min(bits, _BOX))]
        for at in range(_BOX, bits, _BOX):
            found.append(Piece(at, len(self.boxes), 0, min(bits - at, _BOX)))
            self.boxes.append(min(bits - at, _BOX))
        return tuple(found)

    def inside(self, r: Register, pieces: tuple[Piece, ...]) -> None:
        """Gives the sub-registers of a register their places in its storage."""
        for name, offset, bits in self.places(r):
            if name not in self.pieces:
                self.pieces[name] = _cut(pieces, offset, min(bits, self.widths[name]))
                self.inside(self.by_name[name], self.pieces[name])

    def of(self, name: str) -> tuple[Piece, ...]:
        """Returns where a register lies; one that its sub-registers make up lies where they do."""
        if name not in self.pieces:
            found: list[Piece] = []
            at = 0
            for part, offset, bits in sorted(self.places(self.by_name[name]), key=lambda p: p[1]):
                if offset >= at:
                    found += (Piece(offset + p.at, p.box, p.offset, p.bits) for p in _cut(self.of(part), 0, bits))
                    at = offset + bits
            self.pieces[name] = tuple(found)
        return self.pieces[name]


def _cut(pieces: tuple[Piece, ...], offset: int, bits: int) -> tuple[Piece, ...]:
    """Returns ``bits`` from bit ``offset`` of what lies in some pieces."""
    found: list[Piece] = []
    for p in pieces:
        first, last = max(offset, p.at), min(offset + bits, p.at + p.bits)
        if first < last:
            found.append(Piece(first - offset, p.box, p.offset + first - p.at, last - first))
    return tuple(found)
