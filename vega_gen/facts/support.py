"""Says what the choice of an instruction rests on: a pattern that selects it, a flag, other facts, or its mnemonic alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from vega_gen.facts.choosing import Choice
from vega_gen.facts.constants import immediates_by_pattern, uppers_by_pattern
from vega_gen.facts.keys import COPY
from vega_gen.facts.operations import CONDITIONS, Calls, Operation
from vega_gen.facts.view import TargetView
from vega_gen.records import Evidence

_MEANT = frozenset({"isCall", "isReturn", "isBranch", "isIndirectBranch", "isMoveReg", "isMoveImm"})
"""Flags that say what an instruction is for."""


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


def constants(v: TargetView, whole: Operation | None, upper: Operation | None) -> tuple[Operation | None, Operation | None]:
    """Returns the instructions that set a register to an immediate and that set its upper bits, as chosen."""
    return (
        v.choose_operation("instruction.constant", supported(v, whole, immediates_by_pattern(v))),
        v.choose_operation("instruction.constant_upper", supported(v, upper, uppers_by_pattern(v))),
    )


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
    return {name: op for name, op in made.items() if op}


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


def accesses(
    v: TargetView, loads: Mapping[tuple[str, int], Operation], stores: Mapping[int, Operation]
) -> tuple[dict[tuple[str, int], Operation], dict[int, Operation]]:
    """Returns the loads and stores of pointer-sized registers, as chosen, for every width up to theirs."""
    narrow = [bits for bits in (8, 16, 32) if bits < v.native]
    wanted = [("", v.native), *((extension, bits) for bits in narrow for extension in ("zext", "sext"))]
    load = {key: v.choose_operation(_load(*key), supported(v, loads.get(key))) for key in wanted}
    store = {bits: v.choose_operation(f"instruction.store.{bits}", supported(v, stores.get(bits))) for bits in (*narrow, v.native)}
    return {k: op for k, op in load.items() if op}, {k: op for k, op in store.items() if op}


def _load(extension: str, bits: int) -> str:
    return f"instruction.load.{bits}.{extension}" if extension else f"instruction.load.{bits}"


def called(v: TargetView, found: Calls) -> Calls:
    """Returns how functions are called, with the instructions as chosen."""
    return replace(
        found,
        direct=v.choose_operation("instruction.call", supported(v, found.direct)),
        indirect=v.choose_operation("instruction.call_register", supported(v, found.indirect)),
    )
