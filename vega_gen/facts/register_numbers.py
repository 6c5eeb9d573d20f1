"""Finds operands that hold the number of a register though their class is of immediates."""

from __future__ import annotations

from vega_gen.facts.selections import OperandKind, Selections, leaf_name


def numbered_registers(s: Selections, record: str) -> dict[int, str]:
    """Returns index -> register class of the operands of an immediate's class that every pattern gives a register, by its number."""
    found: dict[int, str] = {}
    for n, operand in enumerate(s.operands(record)):
        if operand.kind is not OperandKind.REG and operand.part < 0 and not operand.default:
            leaves = {leaf_name(one.dag, one.paths[operand.name]) for one in s.every(record) if operand.name in one.paths}
            if len(leaves) == 1 and leaves <= s.classes:
                found[n] = leaves.pop()
    return found
