"""Reads the Jinja templates of a backend, and the tables and libraries that ``templates/backend/registration.toml`` lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from vega_gen import resources

_FOLDER = "templates/backend"


class IncludePosition(StrEnum):
    """Where the #include of a generated table stands in a .cpp: where the plan has it, after the file's classes, before the first function
    that uses it, or after all functions."""

    HERE = "here"
    CLASSES = "classes"
    USERS = "users"
    END = "end"


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A kind of file that llvm-tblgen writes.

    ``suffix``: end of its name before ".inc". ``options``: of llvm-tblgen. ``place``: of its #include. ``provides``: names that it
    defines. ``needs``: roles of the contracts that it calls. See ``templates/backend/registration.toml``."""

    suffix: str
    options: str
    place: IncludePosition
    provides: re.Pattern[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Component:
    """A library of a target. ``library``: the end of its name; ``link``: LLVM's components that it links; ``own``: the target's own."""

    library: str
    link: tuple[str, ...]
    own: tuple[str, ...]


@cache
def _data() -> dict[str, Any]:
    return resources.read_toml(resources.folder(_FOLDER) / "registration.toml")


@cache
def tables() -> tuple[GeneratedFile, ...]:
    """Returns the kinds of generated tables, longest suffix first."""
    made = [
        GeneratedFile(
            suffix=entry["suffix"],
            options=entry["options"],
            place=IncludePosition(entry.get("place", "here")),
            provides=re.compile("|".join(entry.get("provides", ["(?!)"]))),
            needs=frozenset(entry.get("needs", ())),
        )
        for entry in _data()["table"]
    ]
    return tuple(sorted(made, key=lambda table: (-len(table.suffix), table.suffix)))


def table_of(inc: str) -> tuple[GeneratedFile, str] | None:
    """Returns the kind and the prefix ("Lanai") of a file such as ``LanaiGenInstrInfo.inc``, None if llvm-tblgen does not write it."""
    stem = inc.removesuffix(".inc")
    for table in tables():
        if stem.endswith(table.suffix) and stem != table.suffix:
            return table, stem.removesuffix(table.suffix)
    return None


@cache
def components() -> dict[str, Component]:
    """Returns folder -> library; "" is the target's own folder."""
    entries = {"": {"library": "CodeGen", **_data()["library"]}, **_data()["component"]}
    return {folder: Component(entry["library"], tuple(entry["link"]), tuple(entry["own"])) for folder, entry in entries.items()}


def banner(path: str, what: str) -> str:
    """Returns the first line of an LLVM file, 80 columns wide (LLVM Coding Standards, "File Headers"). ``what``: the file's purpose."""
    start = f"//===-- {path.rpartition('/')[2]} - {what} "
    end = "-*- C++ -*-===//" if path.endswith((".h", ".hpp")) else "===//"
    return start + "-" * max(80 - len(start) - len(end), 2) + end


def render(template: str, /, **values: object) -> str:
    """Renders ``template``. Raises ``jinja2.UndefinedError`` on a missing value."""
    text: str = resources.environment(_FOLDER).get_template(template).render(**values)
    return text
