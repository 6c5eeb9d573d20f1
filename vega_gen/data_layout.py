"""Reads LLVM's data layout strings as far as they decide how C's types lie in memory, and compares two of them.

Clang lays out structures and folds ``sizeof`` by the data layout of its own target, and LLVM addresses the members by that of the module.
IR that clang makes for one target runs on another only if both agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DEFAULT = {"i8": 8, "i16": 16, "i32": 32, "i64": 32, "f32": 32, "f64": 64, "f128": 128, "p": 64}
"""ABI alignment in bits where a layout says nothing (LangRef, "Data Layout")."""
_TYPE = re.compile(r"([if])(\d+):(\d+)(?::\d+)*")
_POINTER = re.compile(r"p0?:(\d+):(\d+)(?::\d+)*")
C_TYPES = {"i16": "short", "i32": "int or long", "i64": "long long", "i128": "__int128", "f32": "float", "f64": "double", "p": "pointers"}
"""Type of a layout -> what C calls it."""


@dataclass(frozen=True, slots=True)
class DataLayout:
    """What a data layout string says of C's types.

    ``pointer``: bits of a pointer. ``alignment``: type ("i64", "f64", "p") -> ABI alignment in bytes. ``stack``: alignment of the stack in
    bytes, 0 if not said. ``native``: widths in bits of the integers that the machine computes with."""

    big_endian: bool
    pointer: int
    alignment: Mapping[str, int]
    stack: int
    native: frozenset[int]


def read_layout(text: str) -> DataLayout:
    """Returns what a data layout string says. Parts that concern no type of C (vectors, other address spaces, mangling) are skipped.

    An ``i128`` that is not named is aligned as the widest integer that is, as LLVM does it."""
    bits = dict(_DEFAULT)
    pointer, stack, native = 64, 0, frozenset[int]()
    for part in text.split("-"):
        if found := _TYPE.fullmatch(part):
            bits[found[1] + found[2]] = int(found[3])
        elif found := _POINTER.fullmatch(part):
            pointer, bits["p"] = int(found[1]), int(found[2])
        elif re.fullmatch(r"S\d+", part):
            stack = int(part[1:]) // 8
        elif re.fullmatch(r"n\d+(:\d+)*", part):
            native = frozenset(map(int, part[1:].split(":")))
    bits.setdefault("i128", bits["i64"])
    kept = ["i8", "i16", "i32", "i64", "f32", "f64", "p", *(["i128"] if pointer == 64 else [])]
    return DataLayout(text.split("-")[0] == "E", pointer, {t: max(bits[t] // 8, 1) for t in kept}, stack, native)


@dataclass(frozen=True, slots=True)
class Fit:
    """How C that is laid out for one target lies on another.

    ``differing``: the types that the two align differently. ``pack``: the alignment in bytes above which clang must not align the members
    of structures (-fpack-struct) so that both agree on their offsets; 0 where they agree as they are."""

    differing: tuple[str, ...]
    pack: int


def fit(front: DataLayout, target: DataLayout) -> Fit | None:
    """Returns how C that clang lays out by ``front`` lies on ``target``; None where their structures cannot be brought to agree.

    Byte order and pointers must be the same. -fpack-struct cuts the alignment of all members. Where a structure then does not lie as the
    types' own alignment would put it, clang writes a packed one, which no data layout moves; where it does, every member that clang aligns
    more than the target lies on a multiple of clang's alignment right after the padding that the packing asks for. If that is no more than
    the target's, both put the member there. So clang must align the differing types more than the target, and the packing is the least of
    the target's alignments. It must not go below a pointer's: loads and stores of words stay aligned."""
    if (front.big_endian, front.pointer) != (target.big_endian, target.pointer):
        return None
    both = front.alignment.keys() & target.alignment.keys()
    differing = tuple(sorted(t for t in both if front.alignment[t] != target.alignment[t]))
    pack = min((target.alignment[t] for t in differing), default=0)
    if differing and (pack < target.alignment["p"] or any(front.alignment[t] < target.alignment[t] for t in differing)):
        return None
    return Fit(differing, pack)
