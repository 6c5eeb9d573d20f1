"""Derive the triple of a new target from its description and the user's options: name, pointer width, byte order, ELF machine, relocations.

The checkout is not consulted here; ``vega_gen.registration.planning`` checks the triple against it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pygments import lexers
from pygments.token import Token

from llvm_integration.edits import STAMP
from vega_gen.errors import InputError
from vega_gen.records import Description

_ARCH = re.compile(r"[a-z][a-z0-9_]*")
_LEXER = cast(Any, lexers).CppLexer()
_MACHINES = 0x10000
_UNOFFICIAL = 0x8000
_POINTERS = ("i16", "i32", "i64")


@dataclass(frozen=True, slots=True)
class NewTriple:
    """A triple that LLVM does not know yet.

    ``folder``: the target's folder in lib/Target. ``arch``: the triple's first component, also its enumerator in Triple::ArchType.
    ``bits``: the width of a pointer: 16, 32 or 64. ``little``: whether it is little endian. ``number``: the ELF machine number, 0 to have
    one chosen. ``relocations``: the text of its .def file in ELFRelocs."""

    folder: str
    arch: str
    bits: int
    little: bool
    number: int
    relocations: str

    @property
    def machine(self) -> str:
        """The enumerator of the ELF machine."""
        return f"EM_{self.arch.upper()}"


def new_triple(
    description: Description,
    *,
    folder: str = "",
    arch: str = "",
    bits: int = 0,
    little: bool = True,
    number: int = 0,
    relocations: str = "",
) -> NewTriple:
    """Return the triple of a target, with defaults from ``description``.

    ``folder``: by default the description's. ``arch``: by default the folder's name in lower case. ``bits``: by default
    ``pointer_bits(description)``. ``little``: must be given for a big-endian target, since .td files state no byte order.
    ``relocations``: the text of a .def file; by default generated from the description's relocations, in their order.
    Raises ``InputError`` for an invalid name, pointer width or machine number.
    """
    folder = folder or description.folder
    arch = arch or folder.lower()
    if not _ARCH.fullmatch(arch) or next(iter(_LEXER.get_tokens(arch)))[0] is not Token.Name:
        advice = "use lower-case letters, digits and _, starting with a letter, and no C++ keyword"
        raise InputError(f"{arch!r} cannot be a triple's architecture", next_step=advice)
    bits = bits or pointer_bits(description)
    if bits not in (16, 32, 64):
        raise InputError(f"a pointer cannot have {bits} bits", next_step="give 16, 32 or 64")
    if not 0 <= number < _MACHINES:
        raise InputError(f"{number} is not an ELF machine number", next_step=f"give one from 1 to {_MACHINES - 1}, or none at all")
    return NewTriple(folder, arch, bits, little, number, relocations or relocation_definitions(folder, arch, description.relocations))


def as_unknown(header: str, arch: str) -> str:
    """Return the text of a Triple.h that has the enumerator ``arch``, with ``arch`` as another name of ``UnknownArch``.

    A libLLVM that does not know the architecture parses its triple as ``UnknownArch``: a plug-in that is compiled with this header is found
    by that triple, and no other enumerator changes its number."""
    lines = header.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if re.match(rf"\s*{arch}\s*,", line))
    before = next(found[1] for line in reversed(lines[:at]) if (found := re.match(r"\s*(\w+)\s*[,=]", line)))
    del lines[at]
    text = re.sub(rf"(LastArchType\s*=\s*){arch}\b", rf"\g<1>{before}", "".join(lines))
    return re.sub(r"(\n([ \t]*)UnknownArch,)", rf"\1\n\g<2>{arch} = UnknownArch,", text, count=1)


def pointer_bits(description: Description) -> int:
    """Return the width in bits of the integer type that most allocatable registers hold; of two with equally many, the wider one.

    Raises ``InputError`` if no register class holds i16, i32 or i64."""
    holders = {
        kind: {name for c in description.register_classes if c.allocatable and kind in c.value_types for name in c.members}
        for kind in _POINTERS
    }
    kind = max(reversed(_POINTERS), key=lambda kind: len(holders[kind]))
    if not holders[kind]:
        raise InputError(f"no register class of {description.name} holds {', '.join(_POINTERS)}", next_step="give the width of a pointer")
    return int(kind[1:])


def relocation_definitions(folder: str, arch: str, names: Sequence[str]) -> str:
    """Return the text of ELFRelocs/<folder>.def: ``names`` numbered in order, after R_<ARCH>_NONE, which is 0 in every ELF ABI."""
    none = f"R_{arch.upper()}_NONE"
    ordered = names if names and names[0].endswith("_NONE") else (none, *(name for name in names if name != none))
    lines = [f"ELF_RELOC({name}, {number})" for number, name in enumerate(ordered)]
    guard = ["#ifndef ELF_RELOC", '#error "ELF_RELOC must be defined"', "#endif"]
    return "\n".join([f"// {STAMP} for {folder}.", "", *guard, "", *lines, ""])


def machine_number(arch: str, taken: frozenset[int]) -> int:
    """Return an ELF machine number that is not in ``taken``; it depends only on ``arch`` and ``taken``.

    It is 0x8000 or more: binutils' include/elf/common.h asks for large random numbers where none has been assigned."""
    first = zlib.crc32(arch.encode()) % _UNOFFICIAL
    return next(number for step in range(_UNOFFICIAL) if (number := _UNOFFICIAL + (first + step) % _UNOFFICIAL) not in taken)
