"""Says what the choice of an instruction rests on: a pattern that selects it, a flag, other facts, or its mnemonic alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from vega_gen.facts.choosing import Choice
from vega_gen.facts.keys import COPY
from vega_gen.facts.operations import CONDITIONS, Calls, Operation
from vega_gen.facts.view import TargetView
from vega_gen.records import Evidence

_MEANT = frozenset({"isCall", "isReturn", "isBranch", "isIndirectBranch", "isMoveReg", "isMoveImm"})
"""Flags that say what an instruction is for."""

_NEAR = 12
"""Bits of a call's distance in bytes with which most programs are too large for it: 2 KiB forward and back."""


def supported(
    v: TargetView, op: Operation | None, selected: Collection[str] | None = None, derived: str = ""
) -> Iterator[Choice[Operation]]:
    """Yields ``op``, if there is one, with the evidence for it.

    ``selected``: the instructions that patterns select for its purpose, by default all that patterns select. ``derived``: the clause that
    says from which other facts it follows, "" if it does not."""
    if op is None:
        return
    flags = sorted(_MEANT & v.selections.instructions[op.record].flags)
    if derived:
        yield Choice(op, Evidence.DERIVED, derived)
    elif op.record in (v.selections.selected if selected is None else selected):
        yield Choice(op, Evidence.PATTERN, f"a pattern selects {op.record}")
    elif flags:
        yield Choice(op, Evidence.FLAG, f"{op.record} has {flags[0]}")
    else:
        yield Choice(op, Evidence.ASSEMBLY, f"{op.record} is recognised by its mnemonic alone")


def moves(v: TargetView, found: Mapping[str, Operation]) -> dict[str, Operation]:
    """Returns register class -> the instruction that copies its registers, as chosen.

    It asks for the classes that are found or given, and for the allocatable ones of operands of which no other class has all registers."""
    flagged = {i.name for i in v.d.instructions if "isMoveReg" in i.flags}
    asked = dict.fromkeys([*found, *(key.removeprefix(COPY) for key in v.chooser.given if key.startswith(COPY)), *_uncopied(v, found)])
    made: dict[str, Operation | None] = {}
    for name in filter(None, asked):
        op = found.get(name)
        derived = "" if op is None or {*op.free} == {"dst", "src"} else f"{op.record} with zero copies a register"
        made[name] = v.choose_operation(f"{COPY}{name}", supported(v, op, flagged, derived))
    chosen = {name: op for name, op in made.items() if op}
    whole = chosen.get(v.gpr)
    if whole and {*whole.free} != {"dst", "src"}:  # what adds nothing to a register may not have them all: others go before
        chosen = {name: op for name, op in chosen.items() if name != v.gpr} | {v.gpr: whole}
    return chosen


def _uncopied(v: TargetView, found: Collection[str]) -> Iterator[str]:
    named = {o.type for i in v.d.instructions for o in (*i.outs, *i.ins)}
    members = {c.name: {*c.members} for c in v.d.register_classes}
    wide = [c for c in v.d.register_classes if c.allocatable and c.name in named]
    for c in wide:
        others = [members[name] for name in (*found, *(o.name for o in wide)) if name != c.name]
        if c.name not in found and not any(members[c.name] <= other for other in others):
            yield c.name


def branched(v: TargetView, found: Mapping[str, Operation], nonzero: Operation | None) -> tuple[dict[str, Operation], Operation | None]:
    """Returns condition -> the instruction that compares two registers and branches, and the one that tests a register, as chosen."""
    made = {c: v.choose_operation(f"instruction.branch.{c}", supported(v, found.get(c))) for c in CONDITIONS}
    return {c: op for c, op in made.items() if op}, v.choose_operation("instruction.branch.nonzero", supported(v, nonzero))


def called(v: TargetView, found: Calls, addressed: bool) -> Calls:
    """Returns how functions are called, with the instructions as chosen. ``addressed``: whether a register can hold a symbol's address."""
    direct = v.choose_operation("instruction.call", supported(v, found.direct))
    indirect = v.choose_operation("instruction.call_register", supported(v, found.indirect))
    far = direct is None or direct.range is None or direct.range.bits + direct.range.shift > _NEAR
    return replace(found, direct=direct, indirect=indirect, near=bool(addressed and indirect and not far))
