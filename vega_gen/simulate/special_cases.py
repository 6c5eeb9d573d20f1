"""What an instruction does where its operands have the values that another one, of which everything is known, has in its fixed bits.

A .td may hold an instruction twice: in general, for the assembler, and with some operands fixed, for the code generator, as a call
through a register beside the instruction that saves the address behind itself in any register. The decoder gives the general one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from vega_gen.facts.selections import OperandInfo, OperandKind, Selections
from vega_gen.records import Description, Instruction
from vega_gen.simulate.expressions import Action, Effect, OperandNumber, OperandRegister, Require, Source

_WHY = "operands with which no pattern selects it"


class SpecialCases:
    """The special cases of a target's instructions. ``known``: the effects of those that are known."""

    def __init__(self, d: Description, s: Selections, known: Mapping[str, Effect]) -> None:
        self._s = s
        self._known = known
        self._classes = {c.name: c.members for c in d.register_classes}
        self._encodings = {r.name: r.encoding for r in d.registers}
        self._only = [i for i in d.instructions if i.name in known and "isCodeGenOnly" in i.flags]

    def of(self, i: Instruction) -> Effect | None:
        """Returns what ``i`` does where it is one of the known instructions that only the code generator has; None if none is such."""
        for other in self._only:
            fixed = other.encoding if len(other.encoding) == len(i.encoding) and other.size == i.size and other.name != i.name else ()
            if not fixed or any(own in "01" and own != bit for own, bit in zip(i.encoding, fixed, strict=True)):
                continue
            if (found := self._as(i, other)) is not None:
                return found
        return None

    def _as(self, i: Instruction, other: Instruction) -> Effect | None:
        bits = list(reversed(other.encoding))
        places = {self._bits(other, slot): n for n, slot in enumerate(self._s.operands(other.name))}
        moved: dict[int, int] = {}
        required: list[Action] = []
        for n, slot in enumerate(self._s.operands(i.name)):
            field = self._bits(i, slot)
            if field in places:
                moved[places[field]] = n
            elif field and all(bits[at] in "01" for _, at in field):
                number = sum(int(bits[at]) << bit for bit, at in field)
                value = self._register(slot, number) if slot.kind is OperandKind.REG else number
                if value is None:
                    return None
                required.append(Require(n, value, _WHY))
            else:
                return None
        effect = self._known[other.name]
        if not {*_indices(effect.actions)} <= moved.keys():
            return None
        return Effect(i.name, (*required, *(_moved(a, moved) for a in effect.actions)), Source.SELECTION, effect.delayed)

    def _bits(self, i: Instruction, slot: OperandInfo) -> tuple[tuple[int, int], ...]:
        """Returns where an operand's bits stand in the encoding: (bit of the operand, bit of the instruction)."""
        field = self._s.field(i.name, slot.name)
        if slot.part < 0:
            return tuple(sorted(field))
        low, count = self._s.places(i.name, slot.name)[slot.part]
        return tuple(sorted((bit - low, at) for bit, at in field if low <= bit < low + count))

    def _register(self, slot: OperandInfo, number: int) -> str | None:
        known = self._s.operand_classes.get(slot.type)
        members = self._classes.get(known.register_class if known and known.register_class else slot.type, ())
        return next((name for name in members if self._encodings.get(name) == number), None)


def _indices(node: Any) -> Iterator[int]:
    if isinstance(node, OperandRegister | OperandNumber | Require):
        yield node.index
    elif isinstance(node, tuple):
        for part in cast("tuple[Any, ...]", node):
            yield from _indices(part)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _indices(getattr(node, field.name))


def _moved(node: Any, index: Mapping[int, int]) -> Any:
    """Returns an action or an expression with the operands at other places."""
    if isinstance(node, OperandRegister | OperandNumber | Require):
        return replace(node, index=index[node.index])
    if isinstance(node, tuple):
        return tuple(_moved(part, index) for part in cast("tuple[Any, ...]", node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    return replace(node, **{field.name: _moved(getattr(node, field.name), index) for field in fields(node)})
