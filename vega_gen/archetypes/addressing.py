"""Computes what optimisations ask of a target's addresses and immediates: which offsets loads and stores take, what an addition and a
comparison hold, and whether a load takes the lower part of a symbol's address.

Loop strength reduction and CodeGenPrepare ask these questions through TargetLowering. Where the .td gives no answer the method is not
overridden, and LLVM's own answer for a RISC holds: offsets of 16 bits, sums of two registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vega_gen.archetypes.complex_patterns import is_shifted
from vega_gen.facts.find import Facts
from vega_gen.facts.fixups import FixedOperand, Fixup
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandKind, Range, Selections
from vega_gen.records import Description

_SETS = ("setlt", "setult", "setgt", "setugt", "seteq", "setne")
_BASED = frozenset({OperandRole.BASE, OperandRole.IMM})


def addressing_values(d: Description, m: Facts, kinds: Sequence[Fixup], fixed: Sequence[FixedOperand]) -> dict[str, Any]:
    """Returns name in the templates -> value.

    ``legal_offsets``: (least, greatest, unit) of the offsets that all loads and stores take, None where some take another register.
    ``legal_added``, ``legal_compared``: the ranges of such immediates. ``symbols_by_parts``: whether an address needs two instructions.
    ``low_users``: the loads and stores whose offset may be the lower part of a symbol's address."""
    by_parts = bool(m.upper and m.low in ("add", "or")) and not m.load_symbol
    added = [(op.range.low, op.range.high) for op in (m.add_immediate,) if op and op.range]
    added += [(-op.range.high, -op.range.low) for op in (m.subtract_immediate,) if op and op.range]
    return {
        "legal_offsets": _offsets(d, m),
        "legal_added": added,
        "legal_compared": _compared(d),
        "symbols_by_parts": by_parts,
        "low_users": _low_users(m, kinds, fixed) if by_parts else frozenset[str](),
    }


def _offsets(d: Description, m: Facts) -> tuple[int, int, int] | None:
    memory = [op for op in (*m.loads.values(), *m.stores.values()) if op]
    if m.stack or m.narrow or not memory or not all(op.range and set(op.free) >= _BASED for op in memory) or _indexed(d):
        return None
    ranges = [op.range for op in memory if op.range]
    return max(r.low for r in ranges), min(r.high for r in ranges), max(1 << r.shift for r in ranges)


def _indexed(d: Description) -> bool:
    """Whether some load adds two registers, perhaps one of them shifted."""
    s = Selections(d)
    for root in ("load", "sextloadi8", "zextloadi8", "extloadi8", "zextloadi16", "sextloadi16"):
        for one in s.of(root):
            read = [slot for slot in s.operands(one.record) if not slot.out and slot.name in one.paths]
            registers = [slot for slot in read if slot.kind is OperandKind.REG]
            if len(registers) > 1 or any(is_shifted(slot.whole, s) for slot in read):
                return True
    return False


def _compared(d: Description) -> tuple[int, int] | None:
    """Returns the numbers that all comparisons with a number take that set a register to a truth value, None where there are none."""
    s = Selections(d)
    ranges: list[Range] = []
    for root in _SETS:
        for one in s.of(root):
            if len(one.dag.args) == 2 and one.record in s.instructions:
                numbers = [o for o in s.operands(one.record) if o.kind is OperandKind.IMM and one.paths.get(o.name) == (1,)]
                ranges += [s.immediate(one.record, o) for o in numbers]
    return (max(r.low for r in ranges), min(r.high for r in ranges)) if ranges else None


def _low_users(m: Facts, kinds: Sequence[Fixup], fixed: Sequence[FixedOperand]) -> frozenset[str]:
    """Returns the instructions that take the lower part of an address as their offset, and see the same number in it as the instruction
    that puts the whole address together."""
    low: Operation | None = m.or_immediate if m.low == "or" else m.add_immediate
    if low is None or low.range is None:
        return frozenset()
    used = [op for op in (*m.loads.values(), *m.stores.values()) if op and op.range and op.range == low.range]
    lower = {record for o in fixed if kinds[o.fixup].part == "lo" for record in o.records}
    return frozenset(op.record for op in used if op.record in lower)
