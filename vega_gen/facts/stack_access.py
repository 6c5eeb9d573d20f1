"""Finds how a stack is accessed whose pointer is no operand of ordinary instructions: the instructions that use it implicitly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Instruction

_SUBSCRIPT = re.compile(r"\w\[\$\w+\]")
_CONTROL = frozenset({"isCall", "isReturn", "isBranch", "isTerminator", "isPseudo"})


@dataclass(frozen=True, slots=True)
class StackAccess:
    """The instructions that reach the stack where only they do.

    ``load``, ``store``: a register at an offset from the stack pointer; ``address``: the stack pointer plus an offset, into a register;
    ``extend``: moves the stack pointer down; ``assign``: sets it to a register. ``unit``: bytes that one step of their immediates stands
    for. ``whole``: whether ``address`` can set the stack pointer itself. ``every``: name of a field -> all instructions that do the
    same."""

    load: Operation
    store: Operation
    address: Operation
    extend: Operation
    assign: Operation
    unit: int
    whole: bool
    every: Mapping[str, Sequence[Operation]] = field(default_factory=dict[str, Sequence[Operation]])


def stack_access(v: TargetView, sp: str) -> StackAccess | None:
    """Returns how the stack is accessed, None where ``sp`` is an ordinary register or an instruction is missing.

    Of several instructions of a kind it takes the one with the widest immediate. Assembly that writes an offset as a subscript, ``sp[$n]``,
    counts in words, other assembly in bytes."""
    if not sp or sp in v.members:
        return None
    every = {kind: _operations(v, kind, sp) for kind in ("load", "store", "address", "extend", "assign")}
    load, store, address, extend, assign = map(_widest, every.values())
    if not (load and store and address and extend and assign):
        return None
    unit = v.native // 8 if _SUBSCRIPT.search(v.selections.instructions[address.record].asm) else 1
    out = v.selections.operands(address.record)[0].type
    whole = any(c.name == out and sp in c.members for c in v.d.register_classes)
    return StackAccess(load, store, address, extend, assign, unit, whole, every)


def _operations(v: TargetView, kind: str, sp: str) -> list[Operation]:
    return [op for i in v.d.instructions if encoded(i) and not i.flags & _CONTROL for op in _of_kind(v, i, kind, sp)]


def _widest(made: Sequence[Operation]) -> Operation | None:
    return max(made, key=lambda op: op.range.bits if op.range else 0, default=None)


def _of_kind(v: TargetView, i: Instruction, kind: str, sp: str) -> Iterator[Operation]:
    """Yields the operation of an instruction that is of ``kind``, a field of ``StackAccess``."""
    used, defined = sp in i.uses, sp in i.defs
    reads, writes = "mayLoad" in i.flags, "mayStore" in i.flags
    wanted = {
        "load": used and not defined and reads and not writes,
        "store": used and not defined and writes and not reads,
        "address": used and not defined and not reads and not writes,
        "extend": used and defined and not reads and not writes,
        "assign": defined and not used and not reads and not writes,
    }
    value = {"load": OperandRole.DST, "address": OperandRole.DST, "store": OperandRole.SRC, "assign": OperandRole.SRC}.get(kind)

    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        if operand.kind is OperandKind.IMM:
            return OperandRole.IMM
        held = operand.kind is OperandKind.REG and operand.part < 0 and v.holds(operand.type)
        return value if held and operand.out == (value is OperandRole.DST) else None

    made = v.operation(i.name, name) if wanted[kind] else None
    roles = {role for role in (value, None if kind == "assign" else OperandRole.IMM) if role}
    if made and {*made.free} == roles:
        yield made
