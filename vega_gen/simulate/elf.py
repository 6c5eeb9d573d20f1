"""Reads relocatable ELF objects of any machine: sections with memory, symbols and relocations. The only user of pyelftools.

The machine number is not looked at: a generated backend has one of its own or none, and its relocations are numbers here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from vega_gen.errors import InputError

_ADVICE = "give objects that the backend's llc has made, with -filetype=obj -relocation-model=static"
_WRITE, _ALLOC, _EXECUTE, _THREAD = 1, 2, 4, 0x400


class SectionKind(StrEnum):
    """What a section of a program is for, in the order in which an image holds them."""

    TEXT = "text"
    CONSTANTS = "rodata"
    DATA = "data"
    ZEROS = "bss"


@dataclass(frozen=True, slots=True)
class ElfSection:
    """A section that has memory. ``index``: in its object. ``data``: its bytes, none for zeros. ``size``, ``alignment``: in bytes."""

    index: int
    name: str
    kind: SectionKind
    data: bytes
    size: int
    alignment: int


@dataclass(frozen=True, slots=True)
class ElfSymbol:
    """A symbol. ``section``: index of its section, None for absolute, common and undefined ones.

    ``value``: offset in its section, the value of an absolute one, the alignment of a common one. ``binding``: "local", "global" or
    "weak". ``kind``: "function", "section" or "" for others."""

    name: str
    section: int | None
    value: int
    size: int
    binding: str
    kind: str = ""
    common: bool = False
    absolute: bool = False

    @property
    def undefined(self) -> bool:
        """Whether another object must define it."""
        return self.section is None and not self.common and not self.absolute


@dataclass(frozen=True, slots=True)
class ElfRelocation:
    """A relocation. ``section``: index of the section whose bytes it changes, at ``offset``. ``number``: its type. ``symbol``: index in
    the symbol table. ``addend``: None where it lies in the section's bytes (SHT_REL)."""

    section: int
    offset: int
    number: int
    symbol: int
    addend: int | None


@dataclass(frozen=True, slots=True)
class ElfObject:
    """An object file. ``little``: whether its data is little-endian. ``bits``: 32 or 64."""

    path: Path
    little: bool
    bits: int
    sections: tuple[ElfSection, ...]
    symbols: tuple[ElfSymbol, ...]
    relocations: tuple[ElfRelocation, ...]


def read_object(path: Path) -> ElfObject:
    """Reads a relocatable ELF object. Raises InputError where the file cannot be read or is none, or has thread-local data."""
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            if elf["e_type"] != "ET_REL":
                raise InputError("not a relocatable object", str(path), _ADVICE)
            sections = _sections(elf, path)
            symbols = _symbols(elf)
            relocations = _relocations(elf, {s.index for s in sections})
            return ElfObject(path, bool(elf.little_endian), int(elf.elfclass), sections, symbols, relocations)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), _ADVICE) from None
    except (ELFError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"not an ELF object: {error or 'it is damaged'}", str(path), _ADVICE) from None


def read_kept(path: Path) -> ElfObject:
    """As ``read_object``, for a library's object, which many programs of a run are linked with: it is read again only once it changes."""
    stat = path.stat()
    return _kept(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _kept(path: Path, _changed: int, _size: int) -> ElfObject:
    return read_object(path)


def _sections(elf: ELFFile, path: Path) -> tuple[ElfSection, ...]:
    found: list[ElfSection] = []
    for index, section in enumerate(elf.iter_sections()):
        flags, size = int(section["sh_flags"]), int(section["sh_size"])
        if not flags & _ALLOC:
            continue
        if flags & _THREAD and size:
            raise InputError(f"{section.name} holds thread-local data", str(path), "compile without thread_local")
        zeros = section["sh_type"] == "SHT_NOBITS"
        data_kind = SectionKind.ZEROS if zeros else SectionKind.DATA if flags & _WRITE else SectionKind.CONSTANTS
        kind = SectionKind.TEXT if flags & _EXECUTE else data_kind
        data = b"" if zeros else section.data()
        found.append(ElfSection(index, section.name, kind, data, size, max(int(section["sh_addralign"]), 1)))
    return tuple(found)


def _symbols(elf: ELFFile) -> tuple[ElfSymbol, ...]:
    table = next((s for s in elf.iter_sections() if isinstance(s, SymbolTableSection) and s["sh_type"] == "SHT_SYMTAB"), None)
    found: list[ElfSymbol] = []
    for symbol in table.iter_symbols() if table else ():
        where = symbol["st_shndx"]
        binding = {"STB_LOCAL": "local", "STB_WEAK": "weak"}.get(symbol["st_info"]["bind"], "global")
        kind = {"STT_FUNC": "function", "STT_SECTION": "section"}.get(symbol["st_info"]["type"], "")
        section = where if isinstance(where, int) else None
        common, absolute = where == "SHN_COMMON", where == "SHN_ABS"
        found.append(ElfSymbol(symbol.name, section, int(symbol["st_value"]), int(symbol["st_size"]), binding, kind, common, absolute))
    return tuple(found)


def _relocations(elf: ELFFile, kept: set[int]) -> tuple[ElfRelocation, ...]:
    found: list[ElfRelocation] = []
    for section in elf.iter_sections():
        if isinstance(section, RelocationSection) and section["sh_info"] in kept:
            target, explicit = int(section["sh_info"]), section.is_RELA()
            for r in section.iter_relocations():
                addend = int(r["r_addend"]) if explicit else None
                found.append(ElfRelocation(target, int(r["r_offset"]), int(r["r_info_type"]), int(r["r_info_sym"]), addend))
    return tuple(found)


def with_needed(objects: Sequence[ElfObject], library: Sequence[ElfObject]) -> list[ElfObject]:
    """Returns ``objects`` and those of ``library`` that define what they, or others that are taken, leave undefined."""
    taken = list(objects)
    left = [(o, {s.name for s in o.symbols if s.binding != "local" and not s.undefined}) for o in library]
    at = 0
    defined = {s.name for o in objects for s in o.symbols if s.binding != "local" and not s.undefined}
    while at < len(taken):
        for s in taken[at].symbols:
            if s.undefined and s.name and s.name not in defined:
                found = next((entry for entry in left if s.name in entry[1]), None)
                if found is not None:
                    left.remove(found)
                    taken.append(found[0])
                    defined |= found[1]
        at += 1
    return taken
