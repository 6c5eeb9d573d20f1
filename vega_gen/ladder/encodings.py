"""Make test encodings of each instruction, with its operands at the bounds of their ranges.

An encoding is a number here, as in ``Instruction.encoding``; ``round_trip`` knows the byte order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vega_gen.records import PART_OF_OTHERS, Description, Instruction

_BIT = re.compile(r"(\w+)(?:\{(\d+)\})?")


@dataclass(frozen=True, slots=True)
class Vector:
    """One encoding of an instruction.

    ``values``: (field, value) pairs. ``bits``: the encoding as one number of ``instruction.size`` bytes, most significant bit first as in
    ``Instruction.encoding``.
    """

    instruction: Instruction
    values: tuple[tuple[str, int], ...]
    bits: int

    @property
    def name(self) -> str:
        """The instruction and its field values, for messages."""
        return " ".join([self.instruction.name, *(f"{name}={value:#x}" for name, value in self.values)])


def asked(description: Description, met: frozenset[str]) -> tuple[Instruction, ...]:
    """The instructions that a disassembler must know: those with an encoding that are not pseudo, isCodeGenOnly or isAsmParserOnly, and
    whose predicates are all in ``met`` (names of Predicate records)."""
    out = {"isPseudo", "isCodeGenOnly", "isAsmParserOnly", PART_OF_OTHERS}
    return tuple(
        i for i in description.instructions
        if i.size and any(bit in "01" for bit in i.encoding) and out.isdisjoint(i.flags) and set(i.predicates) <= met
    )  # fmt: skip


def fields(instruction: Instruction) -> dict[str, int]:
    """Field -> its width in bits, in encoding order."""
    found: dict[str, int] = {}
    for bit in instruction.encoding:
        at = place(bit)
        if at is not None:
            found[at[0]] = max(found.get(at[0], 0), at[1] + 1)
    return found


def place(bit: str) -> tuple[str, int] | None:
    """The field and the bit number in it that an entry of ``Instruction.encoding`` stands for; None for "0", "1" and "?"."""
    if bit in ("0", "1", "?"):
        return None
    found = _BIT.fullmatch(bit)
    return (found[1], int(found[2] or 0)) if found else None


def encode(instruction: Instruction, values: Mapping[str, int]) -> int:
    """The encoding of an instruction with ``values`` in its fields; other fields and "?" bits are 0."""
    bits = 0
    for bit in instruction.encoding:
        at = place(bit)
        one = bit == "1" if at is None else values.get(at[0], 0) >> at[1] & 1
        bits = bits << 1 | int(one)
    return bits


def decode(instruction: Instruction, bits: int) -> dict[str, int]:
    """Field -> its value in the encoding ``bits``."""
    found = dict.fromkeys(fields(instruction), 0)
    for index, bit in enumerate(reversed(instruction.encoding)):
        at = place(bit)
        if at is not None:
            found[at[0]] |= (bits >> index & 1) << at[1]
    return found


def fixed(instruction: Instruction) -> tuple[int, int]:
    """(mask, value) of the bits that the .td fixes to 0 or 1."""
    mask = value = 0
    for bit in instruction.encoding:
        mask = mask << 1 | int(bit in ("0", "1"))
        value = value << 1 | int(bit == "1")
    return mask, value


def of_no_account(instruction: Instruction) -> int:
    """The mask of the "?" bits, whose value does not matter."""
    mask = 0
    for bit in instruction.encoding:
        mask = mask << 1 | int(bit == "?")
    return mask


def bases(description: Description, instruction: Instruction) -> tuple[Vector, ...]:
    """Up to three encodings, one of which should be valid: registers from the middle of their classes, other fields 0, 1 or all ones."""
    found = _bounds(description, instruction)
    middle = {name: bound.registers for name, bound in found.items() if bound.registers}
    # A different register for each field: some instructions forbid using one twice.
    chosen = {name: known[(len(known) // 2 + 3 * index) % len(known)] for index, (name, known) in enumerate(middle.items())}
    made: dict[int, Vector] = {}
    for number in (0, 1, -1):
        values = {name: chosen.get(name, number & ((1 << width) - 1)) for name, width in fields(instruction).items()}
        bits = encode(instruction, values)
        made.setdefault(bits, Vector(instruction, tuple(values.items()), bits))
    return tuple(made.values())


def around(description: Description, base: Vector) -> tuple[Vector, ...]:
    """Encodings that differ from ``base`` in one field, set to one of its bounds, and one with every field at its upper bound."""
    instruction = base.instruction
    found = _bounds(description, instruction)
    least = dict(base.values)
    tried = [least | {name: value} for name, bound in found.items() for value in bound.values]
    tried.append({name: bound.values[-1] for name, bound in found.items()})
    made = {encode(instruction, values): values for values in tried}
    made.pop(base.bits, None)
    return tuple(Vector(instruction, tuple(values.items()), bits) for bits, values in made.items())


def register_class(description: Description, instruction: Instruction, field: str) -> str:
    """The register class of the operand in a field, "" if that is not a register."""
    types = {operand.name: operand.type for operand in (*instruction.outs, *instruction.ins)}
    wanted = types.get(field, "")
    return _Numbers.of(description).classes.get(wanted, "")


@dataclass(frozen=True, slots=True)
class _Bound:
    """The values to try in a field, in ascending order. ``registers``: all register numbers of its class, () if it holds no register."""

    values: tuple[int, ...]
    registers: tuple[int, ...] = ()


def _bounds(description: Description, instruction: Instruction) -> dict[str, _Bound]:
    """The bounds of each field: first and last register of the class; for other fields 0, 1, the top bit alone, and all ones."""
    return {name: _bound(numbers(description, instruction, name, width), width) for name, width in fields(instruction).items()}


def _bound(registers: dict[int, str], width: int) -> _Bound:
    if registers:
        known = tuple(sorted(registers))
        return _Bound(tuple(dict.fromkeys((known[0], known[-1]))), known)
    return _Bound(tuple(dict.fromkeys((0, 1, 1 << (width - 1), (1 << width) - 1))))


def numbers(description: Description, instruction: Instruction, field: str, width: int) -> dict[int, str]:
    """Encoded number -> assembly name of each register that a field can hold.

    {} if the field holds no register, or if the .td gives registers no numbers (HWEncoding)."""
    return _Numbers.of(description).numbers(register_class(description, instruction, field), width)


class _Numbers:
    """The numbers of a description's registers. A description has thousands of instructions and few register classes."""

    _last: _Numbers | None = None

    def __init__(self, d: Description) -> None:
        self.d = d
        self.classes = {o.name: o.register_class for o in d.operand_classes}
        self._members = {c.name: frozenset(c.members) for c in d.register_classes}
        self._known: dict[tuple[str, int], dict[int, str]] = {}

    @classmethod
    def of(cls, d: Description) -> _Numbers:
        if cls._last is None or cls._last.d is not d:
            cls._last = cls(d)
        return cls._last

    def numbers(self, name: str, width: int) -> dict[int, str]:
        if (name, width) not in self._known:
            members = self._members.get(name, frozenset())
            found = {r.encoding & ((1 << width) - 1): r.asm_name for r in self.d.registers if r.name in members}
            self._known[name, width] = found if len(found) > 1 or len(members) == 1 else {}
        return self._known[name, width]
