"""Tells which registers of an address may be left out."""

from __future__ import annotations

from vega_gen.records import Description


def may_be_absent(d: Description, type_name: str) -> bool:
    """Whether a register operand of an address may be left out: its class lacks the register of number 0, which a class with the same types
    and more registers has. In such a place the number stands for no register, and reads as zero."""
    known = next((o for o in d.operand_classes if o.name == type_name), None)
    name = known.register_class if known and known.register_class else type_name
    codes = {r.name: r.encoding for r in d.registers}
    own = next((c for c in d.register_classes if c.name == name), None)
    if own is None or any(codes.get(m) == 0 for m in own.members):
        return False
    wider = (c for c in d.register_classes if c.value_types == own.value_types and {*own.members} < {*c.members})
    return any(codes.get(m) == 0 for c in wider for m in c.members)
