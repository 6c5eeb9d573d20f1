"""Finds the instructions that load and store pointer-sized registers, whole or in part, at a base register and an offset."""

from __future__ import annotations

from collections.abc import Iterable

from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection
from vega_gen.facts.view import TargetView, encoded


def loads(v: TargetView) -> dict[tuple[str, int], Operation]:
    """Returns (extension, bits in memory) -> the load, where extension is "" for a whole register, "sext" or "zext".

    An any-extending load (extload) counts as a zext."""
    found: dict[tuple[str, int], Operation] = {}
    for bits in (8, 16, 32, 64):
        for extension in ("sext", "zext"):
            fragments = (extension, "ext") if extension == "zext" else (extension,)
            roots = [f"{fragment}loadi{wide}{bits}" for fragment in fragments for wide in ("", f"{v.native}i")]
            made = _access(v, roots, store=False)
            if made and bits < v.native:
                found[extension, bits] = made
    whole = _access(v, ["load"], store=False)
    return found | ({("", v.native): whole} if whole else {})


def stores(v: TargetView) -> dict[int, Operation]:
    """Returns bits in memory -> the store."""
    parts = {bits: _access(v, [f"truncstorei{bits}"], store=True) for bits in (8, 16, 32) if bits < v.native}
    whole = _access(v, ["store"], store=True)
    return {bits: made for bits, made in (*parts.items(), (v.native, whole)) if made}


def _access(v: TargetView, roots: Iterable[str], *, store: bool) -> Operation | None:
    """Returns the load or store that a pattern of one of ``roots`` selects and that has a base and an offset.

    Of several it takes the one with the fewest operands, then one that is not isCodeGenOnly, then the widest offset."""
    found: list[tuple[tuple[int, ...], Operation]] = []
    value = OperandRole.SRC if store else OperandRole.DST
    for s in (s for root in roots for s in v.selections.of(root)):
        i = v.selections.instructions[s.record]
        if (store and len(s.dag.args) != 2) or "isPseudo" in i.flags or not encoded(i) or bool(i.outs) == store:
            continue
        made = v.operation(s.record, lambda operand, _, s=s: _role(v, s, operand, store), s.fixed)
        if made and {OperandRole.BASE, OperandRole.IMM, value} <= set(made.roles):
            bits = made.range.bits if made.range else 0
            found.append(((-len(made.free), "isCodeGenOnly" not in i.flags, bits), made))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _role(v: TargetView, s: Selection, operand: OperandInfo, store: bool) -> OperandRole | None:
    address = 1 if store else 0
    register = operand.kind is OperandKind.REG and v.holds(operand.type)
    if operand.out:
        return OperandRole.DST if v.holds(operand.type) else None
    path = s.paths.get(operand.name)
    if path is None:
        return OperandRole.IMM if operand.kind is OperandKind.IMM else None
    if path[0] == address:
        if operand.kind is OperandKind.REG:
            return OperandRole.BASE if register else None
        return OperandRole.IMM if operand.part <= 1 else OperandRole.NONE
    return OperandRole.SRC if store and path == (0,) and register else None
