"""The subtarget, as LLVM's own interface gives it to a function whose class has no field for it."""

from __future__ import annotations

from vega_gen.cxx import tokenize
from vega_gen.records import Member, PlannedClass, Signature

_PARAMETERS: dict[tuple[str, ...], str] = {
    ("MachineFunction",): "{p}{d}",
    ("MachineBasicBlock",): "{p}{d}getParent()->",
    ("MachineInstr",): "{p}{d}getMF()->",
    ("MachineBasicBlock", "iterator"): "{p}->getMF()->",
    ("SelectionDAG",): "{p}{d}getMachineFunction().",
    ("CallLoweringInfo",): "{p}{d}DAG.getMachineFunction().",
}
"""Words of a parameter's type -> how its MachineFunction is reached."""
_BASES = {"SelectionDAGISel": "MF->", "AsmPrinter": "MF->"}
"""LLVM's class -> the same for methods of classes made from it."""


def subtarget_of(field: Member, known: PlannedClass, signature: Signature, subtarget: str) -> tuple[str, ...]:
    """A declaration that takes the place of a class's ``field`` for the subtarget, () for another field or where nothing leads to it."""
    kind = field.tokens[: field.tokens.index(field.name)] if field.name in field.tokens else ()
    if not subtarget or subtarget not in kind:
        return ()
    way = ""
    for p in signature.params:
        words = tuple(t for t in p.type if t.isidentifier() and t not in ("const", "llvm"))
        found = _PARAMETERS.get(words[-2:]) or _PARAMETERS.get(words[-1:])
        if p.name and found:
            way = found.format(p=p.name, d="->" if "*" in p.type else ".")
            break
    if not way:
        way = next((w for base, w in _BASES.items() if any(b.split()[-1] == base for b in known.bases)), "")
    if not way:
        return ()
    pointer = "*" in kind
    mark, address = ("*", "&") if pointer else ("&", "")
    text = f"const {subtarget} {mark}{field.name} = {address}{way}getSubtarget<{subtarget}>();"
    return tuple(tokenize(text))
