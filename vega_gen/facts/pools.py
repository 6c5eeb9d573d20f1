"""Finds the loads that read a constant pool beside the code: all that they are given is how far away a word of it lies."""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.ranges import Range
from vega_gen.facts.selections import OperandKind, leaf_name
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Evidence

_ENTRIES = frozenset({"tconstpool", "constpool"})
"""What an entry of a constant pool is called in patterns (llvm/Target/TargetSelectionDAG.td)."""


def pool_loads(v: TargetView) -> Iterator[Choice[Operation]]:
    """Yields the loads from a constant pool, those that reach farthest first.

    The pool may hold any number and any symbol's address: so such a load puts all of these into a register."""
    found: list[tuple[int, Operation]] = []
    for i in v.d.instructions:
        if len(i.outs) != 1 or not encoded(i) or "isPseudo" in i.flags or not v.holds(i.outs[0].type) or not reads_pool(v, i.name):
            continue
        made = v.operation(i.name, lambda o, _: OperandRole.DST if o.out else None if o.kind is OperandKind.REG else OperandRole.IMM)
        if made and set(made.free) == {OperandRole.DST, OperandRole.IMM}:
            place = next(o for o in v.selections.operands(i.name) if not o.out and not o.default)
            found.append((v.selections.immediate(i.name, place).bits, made))
    for _, made in sorted(found, key=lambda pair: -pair[0]):
        yield Choice(any_word(v, made), Evidence.PATTERN, f"a pattern of entries of the constant pool alone selects {made.record}")


def reads_pool(v: TargetView, record: str) -> bool:
    """Whether patterns select an instruction for entries of the constant pool and for nothing else.

    What makes an address, of a symbol or of such an entry, is selected for symbols too."""
    given = [leaf_name(s.dag, path) for s in v.selections.every(record) for path in s.paths.values()]
    return bool(given) and set(given) <= _ENTRIES


def any_word(v: TargetView, op: Operation) -> Operation:
    """Returns a load from a constant pool with the range of what the pool may hold: any word."""
    return Operation(op.record, op.roles, Range(v.native, True), op.tied, op.fixed, op.outs)
