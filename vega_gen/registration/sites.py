"""The lists in LLVM's tree that name targets, read from ``targets/settings/registration.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from vega_gen import resources
from vega_gen.cxx.lists import ListShape

LINES = "lines"
"""The settings' name for the shape of a list in a text that is not C++: one entry per line."""


class Key(StrEnum):
    """Which of a target's names identifies its entry in a list."""

    ARCH = "arch"
    MACHINE = "machine"
    RELOCATIONS = "relocations"
    FOLDER = "folder"
    UPPER = "upper"
    LINKER = "linker"


class Says(StrEnum):
    """Which property of targets can be read from a list."""

    ARCHS = "archs"
    NAMES = "names"
    BITS = "bits"
    ENDIAN = "endian"
    FORMAT = "format"
    NUMBERS = "numbers"
    MACHINE = "machine"
    RELOCATIONS = "relocations"


class Property(StrEnum):
    """A property that targets must share to have similar entries in a list."""

    BITS = "bits"
    ENDIAN = "endian"


@dataclass(frozen=True, slots=True)
class Site:
    """A list that names targets. ``targets/settings/registration.toml`` explains the fields.

    ``shape``: None for the lines of a text that is not C++. ``says``: the property that is read from this list, None for none."""

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
    listed: bool


@cache
def sites() -> tuple[Site, ...]:
    """Return all sites, in the order of the settings file."""
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
            listed=place.get("listed", False),
        )
        for place in found
    )


def site_that_says(what: Says) -> Site:
    """Return the site from whose list the property ``what`` is read."""
    return next(site for site in sites() if site.says is what)
