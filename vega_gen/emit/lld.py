"""Writes what lld must know of a target (lld/ELF/Arch/<T>.cpp) from the fixups and relocations of its backend.

A relocation means what the backend's MCAsmBackend makes of the same fixup where it can resolve it, and what the simulator's linker does
(``vega_gen.simulate.relocating``). Registration in lld's lists is done elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.edits import Edit
from vega_gen.archetypes.code import Code
from vega_gen.archetypes.relocations import chosen_relocations, relocation_numbers
from vega_gen.cxx import printer
from vega_gen.cxx.interface import Interface
from vega_gen.emit import templates
from vega_gen.facts.byte_order import ByteOrder, byte_order
from vega_gen.facts.find import Facts, find_facts
from vega_gen.facts.fixups import Fixup, fixups
from vega_gen.records import Description

_LIST = "lld/ELF/Target.cpp"  # lld creates its TargetInfos here
LABEL = "lld"
"""Label of the edits that make a target known to lld."""
_DATA = {"8": 8, "16": 16, "32": 32, "64": 64}
_WIDEST = 64
"""lld computes with 64 bits: what lies further up in an encoding it cannot write."""


@dataclass(frozen=True, slots=True)
class LinkedField:
    """What the linker writes for some relocations. ``names``: theirs. ``fixup``: the field and what it holds. ``whole``: whether lld's
    read and write functions take the whole instruction; else it is written a byte at a time."""

    names: tuple[str, ...]
    fixup: Fixup
    whole: bool

    @property
    def mask(self) -> int:
        """The bits of the field in the encoding."""
        return sum((1 << count) - 1 << place for _, count, place in self.fixup.runs)

    @property
    def unit(self) -> int:
        """What a value must be a multiple of, in bytes: bits below the lowest of the field are lost."""
        return 1 if self.fixup.part else 1 << (self.fixup.shift or self.fixup.runs[0][0])

    @property
    def width(self) -> int:
        """The bits of a value that the field can hold, with those that it leaves out."""
        return self.fixup.bits + self.fixup.shift


def has_lld(root: Path) -> bool:
    """Whether the checkout at ``root`` has lld."""
    return (root / _LIST).is_file()


def lld_edits(d: Description, root: Path, *, big_endian: bool, stamp: str) -> tuple[Edit, ...]:
    """Returns the edit that writes the file below ``root``, the folder that holds ``llvm/`` and ``lld/``.

    ``stamp``: the line that marks generated files. Raises NotFoundError where lld's headers do not declare an expected method."""
    m = find_facts(d)
    kinds, users = fixups(d, m)
    chosen = chosen_relocations(d, kinds, users)
    numbers = relocation_numbers(d, chosen)
    lld = Interface([root / "lld"], "", ("ELF",))
    data = {bits: chosen[name] for name, bits in _DATA.items() if chosen[name]}
    fields, untold = linked_fields(kinds, chosen, {*data.values(), chosen["PCREL32"]} - {""}, m, plain=byte_order(d) is not ByteOrder.WORDS)
    path = f"lld/ELF/Arch/{d.folder}.cpp"
    text = templates.render(
        "lld/Arch.cpp.j2", T=d.folder, m=m, b=Code(m), lld=lld, stamp=stamp, big_endian=big_endian, data=data, ignored=chosen["NONE"],
        distance=chosen["PCREL32"], fields=fields, untold=untold, in_words=byte_order(d) is ByteOrder.WORDS and not big_endian,
        made_up=[(name, number) for name, number in numbers.items() if name not in d.relocations],
        context=lld.mentions("ELF/Target.h", "TargetInfo(Ctx"), line=templates.banner(path, f"{d.folder} in lld"),
    )  # fmt: skip
    return (Edit(path, printer.format(text), LABEL),)


def linked_fields(
    kinds: Sequence[Fixup], chosen: Mapping[str, str], data: set[str], m: Facts, *, plain: bool
) -> tuple[list[LinkedField], list[str]]:
    """Returns the fields that relocations fill, those that are filled alike together, and the relocations that lld cannot apply.

    The latter stand for several fields, or for data and a field: lld does not see which instruction it is. ``data``: relocations of data.
    ``plain``: whether the bytes of an instruction lie in memory in their order."""
    filled: dict[str, Fixup | None] = {}
    for kind in kinds:
        name, meaning = chosen[kind.name], _meaning(kind, m)
        alone = name not in data and all(count + place <= _WIDEST for _, count, place in kind.runs)
        filled[name] = meaning if alone and filled.get(name, meaning) == meaning else None
    alike: dict[Fixup, list[str]] = {}
    for name, meaning in filled.items():
        if meaning:
            alike.setdefault(meaning, []).append(name)
    fields = [LinkedField(tuple(names), f, plain and f.size in (2, 4, 8)) for f, names in alike.items()]
    return fields, [name for name, meaning in filled.items() if meaning is None]


def _meaning(kind: Fixup, m: Facts) -> Fixup:
    """Returns the fixup without what makes no difference to the value that is written."""
    alike = replace(kind, name="", use="", extended=False)
    if kind.part == "hi" or (kind.part == "lo" and kind.bits <= m.upper_shift):
        return replace(alike, signed=False)
    return alike
