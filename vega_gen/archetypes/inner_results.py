"""Finds the value types of which no value is legal, but which instructions inside of patterns' results have."""

from __future__ import annotations

import re

from vega_gen.facts.find import Facts
from vega_gen.facts.selections import Selections
from vega_gen.records import Description


def _extracted(d: Description, m: Facts) -> set[str]:
    """Returns the largest class of each type of the parts of registers that hold addresses, where results of patterns take such parts."""
    if not any("EXTRACT_SUBREG" in given for _, given in d.patterns):
        return set()
    registers = {r.name: r for r in d.registers}
    parts, waiting = set[str](), [r for c in d.register_classes if c.name == m.gpr for r in c.members]
    while waiting:
        inner = registers[name].subregisters if (name := waiting.pop()) in registers else ()
        waiting += [r for r in inner if r not in parts]
        parts |= {*inner}
    made = [c for c in d.register_classes if c.allocatable and c.members and parts >= {*c.members}]
    types = {t for c in made for t in c.value_types}
    return {max((c for c in made if t in c.value_types), key=lambda c: len(c.members)).name for t in types}


def inner_classes(d: Description, m: Facts) -> list[tuple[str, str]]:
    """Returns (value type, register class) of integers that are not legal, and that an instruction defines inside of a pattern's result.

    The scheduler counts the registers of each type by a class, and there is none for such a type unless the target says which."""
    legal = {m.type, *([f"i{m.narrow.bits}"] if m.narrow else [])}
    instructions = {i.name: i for i in d.instructions}
    s = Selections(d)
    used = {o.type for sets in s.given.values() for names in sets if len(names) > 1 for name in names for o in instructions[name].outs}
    used |= _extracted(d, m)
    found: dict[str, str] = {}
    for c in d.register_classes:
        if c.name in used and c.allocatable and m.type not in c.value_types[:1]:
            for t in c.value_types:
                if re.fullmatch(r"i\d+", t) and t not in legal:
                    found.setdefault(t, c.name)
    return sorted(found.items())


def part_classes(d: Description, m: Facts) -> list[tuple[str, str]]:
    """Returns those of ``inner_classes`` whose registers are parts that results of patterns take out of registers."""
    taken = _extracted(d, m)
    return [(t, name) for t, name in inner_classes(d, m) if name in taken]
