"""The patterns that combine bits of a narrow type in the registers that its own are parts of, where only those have instructions.

Promoted to the pointer's type they would be narrowed again: what combines nodes takes a truncated result for a narrow one.
"""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.arithmetic import binary
from vega_gen.facts.narrow import LOGIC
from vega_gen.facts.operations import OperandRole
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView


def part(lacking: Lacking) -> str:
    """Returns the patterns, "" where the narrow type has them, or its registers are no parts of others."""
    m, narrow = lacking.m, lacking.m.narrow
    missing = [op for op in LOGIC if narrow and op not in narrow.legal]
    members = {c.name: c.members for c in lacking.d.register_classes}
    if narrow is None or not missing:
        return ""
    member = members[narrow.register_class][0]
    index = next((r.part_name(member) for r in lacking.d.registers if member in r.subregisters and r.name in members[m.gpr]), "")
    v = TargetView(lacking.d)
    found: list[str] = []
    for op in missing if index else ():
        known = binary(v, op, OperandKind.REG)
        if known and known.roles == (OperandRole.DST, OperandRole.SRC, OperandRole.SRC2):
            vt, held = f"i{narrow.bits}", narrow.register_class
            a, b = (f"(INSERT_SUBREG ({m.type} (IMPLICIT_DEF)), {held}:${name}, {index})" for name in ("a", "b"))
            found.append(f"def : Pat<({vt} ({op} {held}:$a, {held}:$b)), (EXTRACT_SUBREG ({known.record} {a}, {b}), {index})>;")
    note = f"// i{narrow.bits}: bits are combined in the whole registers."
    return "\n".join([note, *found]) if found else ""
