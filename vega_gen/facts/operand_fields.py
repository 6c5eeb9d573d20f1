"""Tells which fields of an encoding an operand's parts have, and how a field is split."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen.records import Instruction


def own_fields(i: Instruction, operand: str) -> tuple[str, ...]:
    """Returns the fields of an operand's parts where the instruction names them, as in ``(MEM $base, $offset):$address``; () elsewhere."""
    parts = next((o.parts for o in (*i.outs, *i.ins) if o.name == operand), ())
    fields = {bit.partition("{")[0] for bit in i.encoding}
    return tuple(parts) if parts and operand not in fields and fields.issuperset(parts) else ()


def run_lengths(field: Sequence[tuple[int, int]]) -> list[int]:
    """Returns the lengths of the runs of an operand's bits that are contiguous in the instruction, lowest first."""
    found: list[int] = []
    last = (-2, -2)
    for bit, at in sorted(field):
        if (bit, at) == (last[0] + 1, last[1] + 1):
            found[-1] += 1
        else:
            found.append(1)
        last = (bit, at)
    return found


def stretches(field: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns (lowest bit, number of bits) of the runs of an operand's bits, lowest first: several where some bits are not encoded."""
    found: list[tuple[int, int]] = []
    for bit, _ in sorted(field):
        if found and bit == sum(found[-1]):
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((bit, 1))
    return found


def bits_of(i: Instruction, operand: str) -> tuple[tuple[int, int], ...]:
    """Returns where the bits of the field of an operand's name stand: (bit of the operand, bit of Inst), highest first."""
    found: list[tuple[int, int]] = []
    for at, bit in enumerate(reversed(i.encoding)):
        name, _, index = bit.partition("{")
        if name == operand and bit not in ("0", "1", "?"):
            found.append((int(index.rstrip("}") or 0), at))
    return tuple(sorted(found, reverse=True))


def runs_of(field: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int, int], ...]:
    """Groups the bits that are adjacent both in the operand and in the instruction.

    ``field``: (bit of the operand, bit of the instruction). Returns (lowest bit in the operand, number of bits, lowest bit in the
    instruction) for each group."""
    found: list[tuple[int, int, int]] = []
    for bit, at in sorted(field):
        if found and found[-1][0] + found[-1][1] == bit and found[-1][2] + found[-1][1] == at:
            first, count, place = found[-1]
            found[-1] = (first, count + 1, place)
        else:
            found.append((bit, 1, at))
    return tuple(found)
