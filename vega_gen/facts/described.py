"""What TableGen says of a name, in words that all targets share.

Enters: a description, the kind of a name and the name. Leaves: words. It compares nothing.
"""

from __future__ import annotations

from vega_gen.facts.match import profile
from vega_gen.records import Description, HoleKind


def signature(kind: HoleKind, name: str, description: Description) -> tuple[str, ...]:
    """Words for what a name stands for: of an instruction the operators of its pattern, kinds of operands and flags; of a register its
    role and kinds; of a class its registers' kinds and purposes; of a node its meaning, properties and arity. () for what TableGen
    does not know."""
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
