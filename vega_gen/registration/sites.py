"""Where LLVM's tree names a target, as ``targets/settings/registration.toml`` has it.

Enters: nothing. Leaves: ``Site``s, in the file's order. It looks at no tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from vega_gen import resources
from vega_gen.cxx.lists import ListShape

LINES = "lines"
"""The shape of a list in a text that is no C++."""


class Key(StrEnum):
    """What an entry is known by."""

    ARCH = "arch"
    MACHINE = "machine"
    RELOCATIONS = "relocations"
    FOLDER = "folder"
    UPPER = "upper"


class Says(StrEnum):
    """What a list tells of the targets that it names."""

    ARCHS = "archs"
    NAMES = "names"
    BITS = "bits"
    ENDIAN = "endian"
    FORMAT = "format"
    NUMBERS = "numbers"
    MACHINE = "machine"
    RELOCATIONS = "relocations"


class Property(StrEnum):
    """What targets have to have in common to have the same entry in a list."""

    BITS = "bits"
    ENDIAN = "endian"


@dataclass(frozen=True, slots=True)
class Site:
    """A list that names targets; the fields are those of ``targets/settings/registration.toml``. ``shape``: None for lines of a text."""

    files: tuple[str, ...]
    shape: ListShape | None
    holder: str
    key: Key
    by: frozenset[Property]
    needed: bool
    without: str
    entry: str
    elsewhere: tuple[str, ...]
    says: Says | None


@cache
def sites() -> tuple[Site, ...]:
    """Every place there is."""
    found = resources.settings("registration")["place"]
    return tuple(
        Site(
            files=tuple(place["files"]),
            shape=None if place["shape"] == LINES else ListShape(place["shape"]),
            holder=place["holder"],
            key=Key(place["key"]),
            by=frozenset(Property(name) for name in place.get("by", ())),
            needed=place.get("needed", False),
            without=place["without"],
            entry=place.get("entry", ""),
            elsewhere=tuple(place.get("elsewhere", ())),
            says=Says(place["says"]) if "says" in place else None,
        )
        for place in found
    )


def site_that_says(what: Says) -> Site:
    """The place whose list tells ``what``."""
    return next(site for site in sites() if site.says is what)
