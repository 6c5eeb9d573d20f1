"""Encodings that try each instruction at the bounds of its operands.

Enters: a Description. Leaves: ``Vector``s, each an instruction's bits. It runs nothing and knows no byte order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vega_gen.records import Description, Instruction

_BIT = re.compile(r"(\w+)(?:\{(\d+)\})?")


@dataclass(frozen=True, slots=True)
class Vector:
    """``bits``: ``size`` bytes of encoding as one number, most significant bit first as in ``Instruction.encoding``.
    ``values``: what stands in each field."""

    instruction: Instruction
    values: tuple[tuple[str, int], ...]
    bits: int

    @property
    def name(self) -> str:
        """The instruction and its fields, to read."""
        return " ".join([self.instruction.name, *(f"{name}={value:#x}" for name, value in self.values)])


def asked(description: Description, met: frozenset[str]) -> tuple[Instruction, ...]:
    """The instructions that a disassembler must know: with an encoding, not of the compiler or the assembler alone, and with no
    predicate that ``met`` lacks (names of Predicate records)."""
    out = {"isPseudo", "isCodeGenOnly", "isAsmParserOnly"}
    return tuple(
        i for i in description.instructions if i.encoding and i.size and out.isdisjoint(i.flags) and set(i.predicates) <= met
    )


def fields(instruction: Instruction) -> dict[str, int]:
    """Field -> its width in bits, in the order in which they stand."""
    found: dict[str, int] = {}
    for bit in instruction.encoding:
        at = place(bit)
        if at is not None:
            found[at[0]] = max(found.get(at[0], 0), at[1] + 1)
    return found


def place(bit: str) -> tuple[str, int] | None:
    """The field that a bit of ``Instruction.encoding`` is of, and which bit of it; None for one that is fixed or of no account."""
    if bit in ("0", "1", "?"):
        return None
    found = _BIT.fullmatch(bit)
    return (found[1], int(found[2] or 0)) if found else None


def encode(instruction: Instruction, values: Mapping[str, int]) -> int:
    """The bits of an instruction with ``values`` in its fields (0 where nothing is given), "?" as 0."""
    bits = 0
    for bit in instruction.encoding:
        at = place(bit)
        one = bit == "1" if at is None else values.get(at[0], 0) >> at[1] & 1
        bits = bits << 1 | int(one)
    return bits


def decode(instruction: Instruction, bits: int) -> dict[str, int]:
    """What stands in the fields of ``bits``."""
    found = dict.fromkeys(fields(instruction), 0)
    for index, bit in enumerate(reversed(instruction.encoding)):
        at = place(bit)
        if at is not None:
            found[at[0]] |= (bits >> index & 1) << at[1]
    return found


def fixed(instruction: Instruction) -> tuple[int, int]:
    """(mask, value) of the bits that are "0" or "1" in every encoding of an instruction."""
    mask = value = 0
    for bit in instruction.encoding:
        mask = mask << 1 | int(bit in ("0", "1"))
        value = value << 1 | int(bit == "1")
    return mask, value


def of_no_account(instruction: Instruction) -> int:
    """The mask of the bits that are "?"."""
    mask = 0
    for bit in instruction.encoding:
        mask = mask << 1 | int(bit == "?")
    return mask


def bases(description: Description, instruction: Instruction) -> tuple[Vector, ...]:
    """Encodings of which one should be valid: a register from the middle of each class, and for other fields 0, 1, or all bits."""
    found = _bounds(description, instruction)
    middle = {name: bound.registers for name, bound in found.items() if bound.registers}
    # Each register another, for there are instructions that do not allow the same one twice.
    chosen = {name: known[(len(known) // 2 + 3 * index) % len(known)] for index, (name, known) in enumerate(middle.items())}
    made: dict[int, Vector] = {}
    for number in (0, 1, -1):
        values = {name: chosen.get(name, number & ((1 << width) - 1)) for name, width in fields(instruction).items()}
        bits = encode(instruction, values)
        made.setdefault(bits, Vector(instruction, tuple(values.items()), bits))
    return tuple(made.values())


def around(description: Description, base: Vector) -> tuple[Vector, ...]:
    """Encodings that differ from ``base`` in one field, which is at one of its bounds; and the one with every field at its last."""
    instruction = base.instruction
    found = _bounds(description, instruction)
    least = dict(base.values)
    tried = [least | {name: value} for name, bound in found.items() for value in bound.values]
    tried.append({name: bound.values[-1] for name, bound in found.items()})
    made = {encode(instruction, values): values for values in tried}
    made.pop(base.bits, None)
    return tuple(Vector(instruction, tuple(values.items()), bits) for bits, values in made.items())


def register_class(description: Description, instruction: Instruction, field: str) -> str:
    """The register class of the operand that a field holds, "" where it is none."""
    types = {operand.name: operand.type for operand in (*instruction.outs, *instruction.ins)}
    wanted = types.get(field, "")
    return next((o.register_class for o in description.operand_classes if o.name == wanted), "")


@dataclass(frozen=True, slots=True)
class _Bound:
    """The bounds of a field, least first. ``registers``: all that its class allows, () where it holds no register."""

    values: tuple[int, ...]
    registers: tuple[int, ...] = ()


def _bounds(description: Description, instruction: Instruction) -> dict[str, _Bound]:
    """For a register the first and the last of its class; for other fields no bit, the lowest, the uppermost, all."""
    return {name: _bound(numbers(description, instruction, name, width), width) for name, width in fields(instruction).items()}


def _bound(registers: dict[int, str], width: int) -> _Bound:
    if registers:
        known = tuple(sorted(registers))
        return _Bound(tuple(dict.fromkeys((known[0], known[-1]))), known)
    return _Bound(tuple(dict.fromkeys((0, 1, 1 << (width - 1), (1 << width) - 1))))


def numbers(description: Description, instruction: Instruction, field: str, width: int) -> dict[int, str]:
    """What a field that holds a register can hold: the number, and the register's name in assembly.

    {} where it holds none, or where the .td does not number the registers."""
    name = register_class(description, instruction, field)
    members = frozenset(next((c.members for c in description.register_classes if c.name == name), ()))
    found = {r.encoding & ((1 << width) - 1): r.asm_name for r in description.registers if r.name in members}
    return found if len(found) > 1 or len(members) == 1 else {}
