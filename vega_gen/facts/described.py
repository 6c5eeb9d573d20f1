"""Describes the record behind a name in words that all targets share, so that names of different targets can be compared."""

from __future__ import annotations

from vega_gen.facts.match import profile
from vega_gen.records import Description, HoleKind


def signature(kind: HoleKind, name: str, description: Description) -> tuple[str, ...]:
    """Returns words for the record that ``name`` stands for, () where TableGen knows none.

    Instruction: operators of its pattern, operand kinds and flags. Register: role, kinds, and positions in calling conventions. Register
    class: kinds of its values and purposes of its registers. Node: meaning, properties and arity."""
    known = profile(description)
    bare = name.rsplit("::", 1)[-1]
    if kind is HoleKind.OPCODE and bare in known.instructions:
        i = known.instructions[bare]
        return (*sorted(i.operators), *(f"out:{o}" for o in i.outs), *(f"in:{o}" for o in i.ins), *sorted(i.flags))
    if kind is HoleKind.REGISTER and bare in known.registers:
        r = known.registers[bare]
        places = (("argument", r.argument), ("result", r.result), ("saved", r.saved))
        return (r.role or "ordinary", *sorted(r.kinds), *(f"{what}:{at}" for what, at in places if at >= 0))
    if kind is HoleKind.REGISTER_CLASS:
        found = known.classes.get(bare.removesuffix("ID").removesuffix("RegClass"))
        return (*found.kinds, *sorted(found.purposes)) if found else ()
    if kind is HoleKind.ISD_NODE and name in known.nodes:
        n = known.nodes[name]
        return (n.meaning, *sorted(n.properties), f"arity:{n.arity[0]}:{n.arity[1]}")
    return ()
