"""Finds the instruction that holds the upper bits of the immediate of the one behind it, and the operands that it may extend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.keys import EXTENDER
from vega_gen.facts.operand_fields import bits_of, runs_of
from vega_gen.records import Description, Instruction

_EXTENDED = 32
"""Bits of an extended immediate."""
_LEAST = 16
"""An instruction with fewer of the upper bits is something else."""
_WIDTH = re.compile(r"(\d+)(?:_(\d+))?")
_UNSIGNED = re.compile(r"(?:^|[^a-z])u(?:imm|\d)|uimm", re.I)
_OTHERWISE = frozenset({"isBranch", "isCall", "isReturn", "isPseudo", "mayLoad", "mayStore", "isCodeGenOnly"})


@dataclass(frozen=True, slots=True)
class Extended:
    """An immediate that may be extended. ``bits``, ``shift``, ``signed``: the number that the instruction alone holds. ``always``: whether
    that is no more than what an extender leaves to it, so that it must have one. ``runs``: where the bits of the whole stand in the
    extender and the instruction behind it, which are taken as one: (lowest bit of the number, how many, lowest bit in both)."""

    bits: int
    shift: int
    signed: bool
    always: bool
    runs: tuple[tuple[int, int, int], ...]


class Extenders:
    """The instruction that extends others of one target."""

    def __init__(self, d: Description) -> None:
        self._d = d

    @cached_property
    def record(self) -> str:
        """The instruction: the one that a person names, else the only one that takes just the upper bits of a number; "" for none."""
        said = self._d.given.get(EXTENDER)
        if said:
            return said.value.partition(" ")[0]
        found = [i.name for i in self._d.instructions if _upper_bits(i)]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def size(self) -> int:
        """Its bytes, 0 if there is none."""
        return next((i.size for i in self._d.instructions if i.name == self.record), 0)

    @cached_property
    def low(self) -> int:
        """How many of the lower bits are left to the instruction behind it."""
        return min((bit for bit, _ in self._upper), default=0)

    @cached_property
    def _upper(self) -> tuple[tuple[int, int], ...]:
        """(bit of the number, bit of the extender) of the upper bits."""
        i = next((i for i in self._d.instructions if i.name == self.record), None)
        return bits_of(i, i.ins[0].name) if i and i.ins else ()

    def of(self, i: Instruction, operand: str, type_name: str) -> Extended | None:
        """Returns how an immediate operand of an instruction is extended, None if it is not.

        The name of its type says that it has more bits than its field: all that there are. Distances reach far enough as they are."""
        if not self.record or i.name == self.record or i.flags & {"isBranch", "isCall"}:
            return None
        field = bits_of(i, operand)
        told = _WIDTH.search(type_name)
        if not told or int(told[1]) + int(told[2] or 0) != _EXTENDED or not self.low <= len(field) < int(told[1]):
            return None
        shift = field[-1][0]
        before = next(len(other.encoding) for other in self._d.instructions if other.name == self.record)
        order = self._d.given.get("byte_order")
        upper, lower = (len(i.encoding), 0) if order and order.value == "big" else (0, before)
        bits = [(bit - shift, at + lower) for bit, at in field if bit - shift < self.low]
        runs = runs_of((*bits, *((bit, at + upper) for bit, at in self._upper)))
        return Extended(len(field), shift, not _UNSIGNED.search(type_name), len(field) <= self.low, runs)


def _upper_bits(i: Instruction) -> bool:
    """Whether an instruction takes the upper bits of a number and does nothing with them that the .td knows."""
    if i.outs or len(i.ins) != 1 or i.flags & _OTHERWISE or i.pattern not in ("", "[]") or i.defs or i.uses:
        return False
    bits = [bit for bit, _ in bits_of(i, i.ins[0].name)]
    return len(bits) >= _LEAST and bits[-1] > 0 and bits == list(range(_EXTENDED - 1, bits[-1] - 1, -1))
