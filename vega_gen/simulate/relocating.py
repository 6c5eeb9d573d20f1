"""Applies relocations: the number of a relocation -> the field of the encoding that holds its value, as the generated encoder writes it.

No linker knows the machine. What a relocation means is what the backend's MCAsmBackend makes of the same fixup where it can resolve it
(templates/archetypes/MCTargetDesc/AsmBackend.cpp.j2), so that both give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.archetypes.relocations import chosen_relocations, relocation_numbers
from vega_gen.errors import InputError
from vega_gen.facts.byte_order import byte_order
from vega_gen.facts.find import Facts
from vega_gen.facts.fixups import Fixup, fixups
from vega_gen.records import Description
from vega_gen.simulate.encoded import Encoded

_DATA = {"8": 1, "16": 2, "32": 4, "64": 8, "PCREL32": 4}


@dataclass(frozen=True, slots=True)
class RelocationSite:
    """Where a relocation applies. ``place``: file, section and offset; ``symbol``: with its addend; ``code``: whether the section has
    code."""

    place: str
    symbol: str
    code: bool

    def refuse(self, what: str, next_step: str) -> InputError:
        """Makes the error that says what is wrong with the relocation."""
        return InputError(f"{what} (symbol {self.symbol})" if self.symbol else what, self.place, next_step)


class Relocating:
    """The relocations of one target's objects.

    ``little``: the byte order of its objects. ``made_up``: those that the target's list does not have. Widths are those of ``m.native``:
    an address and a distance wrap around there."""

    def __init__(self, d: Description, m: Facts, *, little: bool) -> None:
        self._m, self._little = m, little
        self._order = byte_order(d)
        self._encoded = Encoded(d)
        kinds, users = fixups(d, m)
        chosen = chosen_relocations(d, kinds, users)
        numbers = relocation_numbers(d, chosen)
        self.made_up = frozenset(numbers) - frozenset(d.relocations)
        self._names = {number: name for name, number in numbers.items()}
        self._none = numbers[chosen["NONE"]]
        self._data = {numbers[chosen[name]]: name for name in _DATA if chosen[name]}
        self._fields: dict[int, list[tuple[Fixup, frozenset[str]]]] = {}
        for n, kind in enumerate(kinds):
            records = frozenset(r for user in users if user.fixup == n for r in user.records)
            self._fields.setdefault(numbers[chosen[kind.name]], []).append((kind, records))

    def apply(self, data: bytearray, offset: int, number: int, target: int, addend: int | None, place: int, site: RelocationSite) -> None:
        """Writes what a relocation stands for into ``data`` at ``offset``.

        ``target``: the symbol's address; ``addend``: None where it lies in the data; ``place``: the address of the data changed.
        Raises InputError for a relocation that nothing stands for, one beyond the section's end, and a value that its field cannot hold."""
        if number == self._none:
            return
        # Data and an operand may share a relocation.
        if (name := self._data.get(number)) and not (site.code and number in self._fields):
            self._datum(data, offset, name, target, addend, place, site)
            return
        field = self._field(data, offset, number, site)
        if offset + field.size > len(data):
            raise site.refuse("a relocation reaches beyond the end of its section", "the object is damaged: compile it again")
        places = [self._order.place(n, field.size) if self._little else field.size - 1 - n for n in range(field.size)]
        bits = sum(data[offset + n] << (8 * at) for n, at in enumerate(places))
        value = target + (self._held(field, bits) if addend is None else addend)
        mask = sum((1 << count) - 1 << at for _, count, at in field.runs)
        bits = bits & ~mask | self.encoding(field, value, place, site)
        for n, at in enumerate(places):
            data[offset + n] = bits >> (8 * at) & 0xFF

    def encoding(self, field: Fixup, value: int, place: int, site: RelocationSite) -> int:
        """Returns the bits of the instruction that ``value``, an address, gives in ``field``; a distance counts from ``place``.

        Raises InputError where the field cannot hold it."""
        value = self._signed(value - (place + field.origin) // field.rounded * field.rounded if field.pc_relative else value)
        number = value
        if field.part == "hi":
            shift = self._m.upper_shift
            low = value & (1 << shift) - 1
            carry = self._m.low == "add" and low >> (shift - 1)
            number = (value >> shift) + int(carry)
        elif field.part == "lo" and field.bits > self._m.upper_shift:
            shift = self._m.upper_shift
            low = value & (1 << shift) - 1
            number = low if self._m.low != "add" else (low ^ 1 << shift - 1) - (1 << shift - 1)
        elif field.part == "":
            unit = 1 << (field.shift or field.runs[0][0])
            if value % unit:
                what = f"{self._said(field, value)} is not a multiple of {unit}, as {field.name} needs"
                raise site.refuse(what, "align the symbol, or compile for a target without this field")
            self._fits(field, value, site)
            number = value >> field.shift
        return sum((number >> first & (1 << count) - 1) << at for first, count, at in field.runs)

    def _fits(self, field: Fixup, value: int, site: RelocationSite) -> None:
        width, low, high = field.bits + field.shift, field.low, field.high
        number = value if field.signed or field.back else value % (1 << self._m.native)
        if width < self._m.native and not low <= number <= high:  # a field as wide as an address holds every one
            what = f"{self._said(field, value)} is out of the range of {field.name}, {low} to {high}"
            raise site.refuse(what, "make the program smaller: what is called or read must lie nearer")

    def _said(self, field: Fixup, value: int) -> str:
        return f"the distance {value}" if field.pc_relative else f"the address {value:#x}"

    def _signed(self, value: int) -> int:
        """Wraps a number around at the width of an address, into the signed numbers."""
        half = 1 << (self._m.native - 1)
        return (value + half) % (2 * half) - half

    def _field(self, data: bytearray, offset: int, number: int, site: RelocationSite) -> Fixup:
        """Returns the field that a relocation fills: of several that share its number, that of the instruction that stands there."""
        known = self._fields.get(number, [])
        if not known:
            name = self._names.get(number, "")
            said = f"{name} ({number})" if name else f"number {number}"
            listed = ", ".join(f"{self._names[n]} ({n})" for n in sorted({self._none, *self._data, *self._fields}))
            raise site.refuse(f"relocation {said} stands for no fixup of this target", f"the encodings of the .td give: {listed}")
        if len({(k.pc_relative, k.part, k.bits, k.shift, k.signed, k.runs, k.size, k.rounded, k.origin, k.back) for k, _ in known}) == 1:
            return known[0][0]
        for record in self._encoded.matching(bytes(data[offset : offset + 16]), self._little):
            for kind, users in known:
                if record in users:
                    return kind
        names = " or ".join(kind.name for kind, _ in known)
        raise site.refuse(f"no instruction that takes {names} stands here", "the object is not of this target: compile it again")

    def _held(self, field: Fixup, bits: int) -> int:
        """Returns the addend that the field itself holds."""
        number = sum((bits >> at & (1 << count) - 1) << first for first, count, at in field.runs)
        if field.part == "hi":
            return number << self._m.upper_shift
        number <<= field.shift
        if field.back:
            return number - (1 << field.bits + field.shift)
        top = 1 << (field.bits + field.shift - 1)
        return number - 2 * top if number & top and (field.signed or field.part) else number

    def _datum(self, data: bytearray, offset: int, name: str, target: int, addend: int | None, place: int, site: RelocationSite) -> None:
        size, order = _DATA[name], "little" if self._little else "big"
        if offset + size > len(data):
            raise site.refuse("a relocation reaches beyond the end of its section", "the object is damaged: compile it again")
        held = int.from_bytes(data[offset : offset + size], order, signed=True) if addend is None else addend
        value = self._signed(target + held - (place if name == "PCREL32" else 0))
        bits = size * 8
        if bits < self._m.native and not -(1 << bits - 1) <= value < 1 << bits:
            raise site.refuse(f"the value {value:#x} does not fit {size} bytes of data", "use a type as wide as a pointer")
        data[offset : offset + size] = (value % (1 << bits)).to_bytes(size, order)
