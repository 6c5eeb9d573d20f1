"""Derives the fixup kinds that a target needs from where the bits of its operands stand in the encodings, and which operands need them."""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.facts.find import Facts
from vega_gen.facts.operand_fields import runs_of
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.records import Description, Instruction

_LEAST = 6
"""Operands of fewer bits hold no part of an address: they are shift amounts or conditions."""


@dataclass(frozen=True, slots=True)
class Fixup:
    """A kind of fixup.

    ``part``: "" for the whole value, "hi" or "lo" for the upper or lower part of an address. ``bits``: width of the field;
    ``shift``: how many low bits of the value the field leaves out because they are zero. ``runs``: contiguous bits of the field, each
    (lowest bit in the field, number of bits, lowest bit in the instruction). ``size``: bytes of the instruction. ``use``: "branch",
    "jump" (calls too), "store", or "" for other instructions. ``origin``, ``rounded``: a distance counts from the instruction's address
    plus ``origin``, rounded down to a multiple of ``rounded`` bytes. ``back``: all distances are negative. ``extended``: the field lies in
    the instruction and the extender before it, which ``size`` includes."""

    name: str
    pc_relative: bool
    part: str
    bits: int
    shift: int
    signed: bool
    runs: tuple[tuple[int, int, int], ...]
    size: int
    use: str = ""
    rounded: int = 1
    origin: int = 0
    back: bool = False
    extended: bool = False

    @property
    def low(self) -> int:
        """The least value."""
        return Range(self.bits, self.signed, self.shift, back=self.back).low

    @property
    def high(self) -> int:
        """The greatest value: the last byte of the last unit."""
        return Range(self.bits, self.signed, self.shift, back=self.back).high + (1 << self.shift) - 1


@dataclass(frozen=True, slots=True)
class FixedOperand:
    """An operand that may be an address. ``index``: in the MCInst; ``fixup``: number of its fixup kind; ``records``: the instructions."""

    index: int
    fixup: int
    records: tuple[str, ...]


def fixups(d: Description, m: Facts) -> tuple[tuple[Fixup, ...], tuple[FixedOperand, ...]]:
    """Returns all fixup kinds, in order of first use, and the operands that need them."""
    s = Selections(d)
    distances = jump_distances(d, s)
    kinds: dict[tuple[object, ...], Fixup] = {}
    users: dict[tuple[int, int], list[str]] = {}
    for i in d.instructions:
        if not any(bit in "01" for bit in i.encoding) or "isPseudo" in i.flags:
            continue
        slots = s.operands(i.name)
        based = any(o.kind is OperandKind.REG and not o.out for o in slots)
        for index, slot in enumerate(slots):
            if slot.kind is OperandKind.REG or slot.out:
                continue
            if slot.kind is OperandKind.IMM and (extended := s.extenders.of(i, slot.name, slot.type)):
                if m.load_symbol and i.name == m.load_symbol.record:
                    name, size = f"fixup_{d.name.lower()}_extended", i.size + s.extenders.size
                    kinds[name,] = Fixup(name, False, "", 32, 0, True, extended.runs, size, extended=True)
                    users[index, list(kinds).index((name,))] = [i.name]
                continue
            part, relative = _part(i, slot, m, based=based), slot.kind is OperandKind.TARGET and not s.absolute(slot.type)
            like = distances.get((s.field(i.name, slot.name), i.size)) if "isCall" in i.flags and slot.kind is OperandKind.IMM else None
            relative, width = relative or like is not None, like or s.immediate(i.name, slot)
            low = s.places(i.name, slot.name)[slot.part][0] if slot.part >= 0 else 0  # the other parts of an address lie beside it
            field = s.field(i.name, slot.name)
            if width.shift and len(field) == width.bits + width.shift:
                width = Range(len(field), width.signed)  # the field has the zero bits too
            runs = runs_of(tuple((bit - low, at) for bit, at in field if 0 <= bit - low < width.bits))
            if not runs or width.bits < _LEAST or (part == "lo" and not _takes_low(i, width.bits, m)):
                continue
            use = _use(i, m)
            rounded, origin = s.rounded(i.name, slot), s.distances.origin(slot.type) if relative else 0
            key = (relative, part, width, runs, i.size, use, rounded, origin)
            if key not in kinds:
                base = "_".join(["fixup", d.name.lower(), *(["pcrel"] if relative else []), *([part] if part else []), str(width.bits)])
                name, n = base, 2
                while name in {f.name for f in kinds.values()}:
                    name, n = f"{base}_{n}", n + 1
                values = (width.bits, width.shift, width.signed)
                kinds[key] = Fixup(name, relative, part, *values, runs, i.size, use, rounded, origin, width.back)
            users.setdefault((index, list(kinds).index(key)), []).append(i.name)
    return tuple(kinds.values()), tuple(FixedOperand(at, kind, tuple(records)) for (at, kind), records in users.items())


def jump_distances(d: Description, s: Selections) -> dict[tuple[tuple[tuple[int, int], ...], int], Range]:
    """Returns the fields, with the sizes of their instructions, in which a jump that always goes holds a distance -> its range.

    A call that has its address in the same bits counts in the same way: they are one instruction, but for the link."""
    jumps = [i for i in d.instructions if {"isBranch", "isBarrier"} <= i.flags and "isPseudo" not in i.flags]
    slots = [(i, slot) for i in jumps for slot in s.operands(i.name) if slot.kind is OperandKind.TARGET and not s.absolute(slot.type)]
    return {(field, i.size): s.immediate(i.name, slot) for i, slot in slots if (field := s.field(i.name, slot.name))}


def _use(i: Instruction, m: Facts) -> str:
    known = {op.record for op in (m.jump, m.calls.direct) if op}  # what jumps and links may have no flag
    if "isCall" in i.flags or {"isBranch", "isBarrier"} <= i.flags or i.name in known:
        return "jump"
    return "branch" if "isBranch" in i.flags else "store" if "mayStore" in i.flags else ""


def _takes_low(i: Instruction, bits: int, m: Facts) -> bool:
    """Whether an immediate holds the lower part of an address: it is as wide as that, or wider where the facts use the instruction so."""
    using = {op.record for op in (m.add_immediate, m.or_immediate, *m.loads.values(), *m.stores.values()) if op}
    return bits == m.upper_shift or (bits > m.upper_shift and i.name in using)


def _part(i: Instruction, slot: OperandInfo, m: Facts, *, based: bool) -> str:
    """Returns which part of an address an immediate may hold: "hi", "lo", or "" for all of it.

    ``based``: whether the instruction reads a register too; a call or branch that does may have the rest of the address there."""
    if slot.kind is OperandKind.TARGET or (i.flags & {"isCall", "isBranch"} and not based):
        return ""
    upper = m.upper or m.prefix
    if upper and i.name == upper.record:
        return "hi"
    if m.low == "insert":
        return "lo" if m.load_immediate and i.name == m.load_immediate.record else ""
    return "lo" if upper and not (m.load_immediate and i.name == m.load_immediate.record) else ""
