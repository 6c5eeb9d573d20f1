"""Reads instructions back from bytes by the encodings of the .td alone.

The simulator's decoder is the backend's own disassembler. This one tells which instruction stands at a relocation, and is what tests
compare that disassembler with.
"""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.facts.byte_order import byte_order
from vega_gen.facts.selections import OperandInfo, OperandKind, Selections
from vega_gen.records import Description, Instruction

_HIDDEN = frozenset({"isPseudo", "isCodeGenOnly", "isAsmParserOnly"})


@dataclass(frozen=True, slots=True)
class _EncodedRecord:
    """An instruction with its fixed bits. ``index``: in Description.instructions."""

    index: int
    instruction: Instruction
    mask: int
    value: int


class Encoded:
    """The encodings of one target."""

    def __init__(self, d: Description) -> None:
        self._d = d
        self._s = Selections(d)
        self._order = byte_order(d)
        self._registers = {r.name: n for n, r in enumerate(d.registers)}
        self._classes = {c.name: c.members for c in d.register_classes}
        found: list[_EncodedRecord] = []
        for index, i in enumerate(d.instructions):
            bits = i.encoding[-i.size * 8 :] if i.size else ()
            if any(bit in "01" for bit in bits) and "isPseudo" not in i.flags:
                mask = int("".join("1" if bit in "01" else "0" for bit in bits), 2)
                found.append(_EncodedRecord(index, i, mask, int("".join(bit if bit in "01" else "0" for bit in bits), 2)))
        # The more bits an instruction fixes, the less others can mean by the same bits.
        self._known = sorted(found, key=lambda k: -k.mask.bit_count())

    def matching(self, data: bytes, little: bool) -> tuple[str, ...]:
        """Returns the records whose fixed bits those at the start of ``data`` are, those that fix most bits first."""
        words = {size: self._word(data, size, little) for size in {k.instruction.size for k in self._known} if size <= len(data)}
        return tuple(
            k.instruction.name for k in self._known if k.instruction.size in words and words[k.instruction.size] & k.mask == k.value
        )

    def decode(self, data: bytes, little: bool) -> tuple[int, int, tuple[int, ...]] | None:
        """Returns the instruction at the start of ``data``: its index in Description.instructions, its size, and its operands as
        the MCInst holds them (a register as its index in Description.registers). None where no encoding matches."""
        for k in self._known:
            size = k.instruction.size
            if size <= len(data) and not k.instruction.flags & _HIDDEN and (word := self._word(data, size, little)) & k.mask == k.value:
                operands = [self._operand(k.instruction, slot, word) for slot in self._s.operands(k.instruction.name)]
                if None not in operands:
                    return k.index, size, tuple(o for o in operands if o is not None)
        return None

    def _word(self, data: bytes, size: int, little: bool) -> int:
        return sum(data[n] << (8 * (self._order.place(n, size) if little else size - 1 - n)) for n in range(size))

    def _operand(self, i: Instruction, slot: OperandInfo, word: int) -> int | None:
        """Returns an operand; None for a number that stands for no register."""
        field = self._s.field(i.name, slot.name) or self._s.field(i.name, slot.tied)
        number = sum((word >> at & 1) << bit for bit, at in field)
        if slot.part >= 0:
            place, bits = self._s.places(i.name, slot.name)[slot.part]
            number = number >> place & (1 << bits) - 1
        if slot.kind is OperandKind.REG:
            known = self._s.operand_classes.get(slot.type)
            members = self._classes.get(known.register_class if known and known.register_class else slot.type, ())
            return next((self._registers[r.name] for r in self._d.registers if r.name in members and r.encoding == number), None)
        told = self._s.immediate(i.name, slot)
        if told.signed and number >> (told.bits - 1) & 1:
            number -= 1 << told.bits
        known = self._s.operand_classes.get(slot.type)
        below = field[-1][0] if field else 0  # where the field is not numbered from bit 0, the number has the bits below it
        return (number << (0 if below else told.shift)) + told.bias if known and known.decoder_method else number
