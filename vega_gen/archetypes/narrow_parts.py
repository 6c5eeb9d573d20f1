"""Says which registers those of a narrow integer type are parts of."""

from __future__ import annotations

from vega_gen.facts.find import Facts
from vega_gen.facts.operations import Narrow
from vega_gen.records import Description


def part_copies(d: Description, m: Facts) -> list[dict[str, str]]:
    """Returns the class of the narrow type, a register of it and the one that this is a part of, where no instruction copies such parts."""
    if m.narrow is None or m.narrow.register_class in m.copies or m.gpr not in m.copies:
        return []
    return [{"class": m.narrow.register_class, **part(d, m, m.narrow)}]


def part(d: Description, m: Facts, narrow: Narrow) -> dict[str, str]:
    """Returns a register of the narrow type and the one that this is a part of."""
    members = {c.name: c.members for c in d.register_classes}
    member = members[narrow.register_class][0]
    return {"member": member, "whole": next(r.name for r in d.registers if member in r.subregisters and r.name in members[m.gpr])}
