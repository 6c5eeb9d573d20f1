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
