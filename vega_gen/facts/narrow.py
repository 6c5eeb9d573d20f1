"""A second type of integers, narrower than addresses, where a target's patterns are on its registers.

Enters: a ``Description``, ``Selections``, the class of addresses, which classes can be copied. Leaves: ``Narrow``. It finds no roles of
the wide type (``machine`` does).
"""

from __future__ import annotations

from collections.abc import Collection

from vega_gen.facts.operations import Narrow, Operation
from vega_gen.facts.selections import Selection, Selections
from vega_gen.records import Description, RegisterClass

_NEEDED = frozenset({"add", "sub", "and", "or", "xor", "imm", "trunc", "anyext", "zext"})


def narrow(d: Description, s: Selections, native: int, gpr: str, copied: Collection[str]) -> Narrow | None:
    """The widest type below that of addresses whose registers can be copied, loaded and stored, set to a number, widened and narrowed, and
    with which sums, differences and logic are made; None where there is none."""
    found: list[tuple[int, RegisterClass]] = []
    for c in d.register_classes:
        bits = next((int(t[1:]) for t in c.value_types if t[:1] == "i" and t[1:].isdigit()), 0)
        if 8 <= bits < native and c.allocatable and c.name in copied:
            found.append((bits, c))
    for bits, c in sorted(found, key=lambda pair: -pair[0]):
        legal = frozenset(root for root in s.roots for one in s.of(root) if _on(s, one, c.name)) | (_NEEDED & s.roots & {"trunc", "anyext"})
        load, store = _memory(s, "load", c.name, gpr), _memory(s, "store", c.name, gpr)
        if legal >= _NEEDED and load and store:
            return Narrow(bits, c.name, load, store, legal)
    return None


def _on(s: Selections, one: Selection, name: str) -> bool:
    """Whether an encoded instruction works on registers of the class alone, or between them and numbers, memory or wider registers."""
    i = s.instructions[one.record]
    kinds = [slot.type for slot in s.slots(one.record) if slot.kind == "reg" and slot.part < 0]
    real = any(b in "01" for b in i.encoding) and not i.flags & {"isPseudo", "usesCustomInserter"}
    return real and bool(kinds) and (kinds[-1] == name if one.dag.op in ("zext", "sext") else all(kind == name for kind in kinds))


def _memory(s: Selections, root: str, name: str, gpr: str) -> Operation | None:
    value = "dst" if root == "load" else "src"
    for one in s.of(root):
        slots = s.slots(one.record)
        if len(one.dag.args) != (1 if root == "load" else 2) or (0,) not in one.paths.values():
            continue
        names: list[str] = []
        for slot in slots:
            if slot.part < 0:
                own = slot.kind == "reg" and slot.type == name and slot.out == (root == "load")
                names.append(value if own and (root == "load" or one.paths.get(slot.operand) == (0,)) else "")
            else:
                names.append({0: "base", 1: "imm"}.get(slot.part, "none") if (slot.kind == "reg") == (slot.part == 0) else "")
        if sorted(names) == sorted((value, "base", "imm")) and all(slot.type == gpr for slot in slots if slot.part == 0):
            at = next(n for n, slot in enumerate(slots) if slot.part == 1)
            return Operation(one.record, tuple(names), s.immediate(one.record, slots[at]))
    return None
