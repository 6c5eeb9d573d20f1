"""Computes how archetypes put a number into a register: by which instructions, and of how many parts."""

from __future__ import annotations

from dataclasses import replace

from vega_gen.archetypes.operand_types import own_class
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.records import Description


def number_loads(m: Facts) -> list[Operation]:
    """Returns the instructions that set a register to a number: that for a symbol too, unless it adds a register (see ``symbol_loads``),
    reads a pool or has a prefix, for which there are shorter ways."""
    whole = m.load_symbol and not m.pool and not m.prefix and m.load_symbol.range and m.load_symbol.range.bits >= min(m.native, 32)
    return list({op.record: op for op in (m.load_immediate, m.load_symbol if whole else None) if op}.values())


def inserted_parts(m: Facts) -> list[tuple[int, Operation]]:
    """Returns (lowest bit, instruction) for each part of a number above the lowest, where ``m.upper`` keeps the other bits.

    It sets any of them where its number beside the part is the part's lowest bit, else the one that its name says."""
    if m.low != "insert" or not m.upper or not m.upper.range:
        return []
    at = next((n for n, value in m.upper.fixed if value == str(m.upper_shift)), -1)
    last = m.native if at >= 0 else m.upper_shift + 1
    parts = range(m.upper_shift, last, m.upper.range.bits)
    moved = [tuple((n, str(low) if n == at else value) for n, value in m.upper.fixed) for low in parts]
    return [(low, replace(m.upper, fixed=fixed)) for low, fixed in zip(parts, moved, strict=True)]


def adds_to_zero(d: Description, m: Facts) -> bool:
    """Whether the source of ``m.add_immediate`` can be the register that is always zero."""
    taken = own_class(d, m.gpr, m.add_immediate, OperandRole.SRC) or m.gpr
    return bool(m.add_immediate) and m.zero in next((c.members for c in d.register_classes if c.name == taken), ())
