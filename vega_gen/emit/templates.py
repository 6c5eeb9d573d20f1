"""The Jinja templates of a backend and the data beside them.

Enters: a template's name and its values. Leaves: text. It decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from vega_gen import resources

_FOLDER = "templates/backend"


class IncludePosition(StrEnum):
    """Where the #include of a generated table stands in a .cpp."""

    HERE = "here"
    CLASSES = "classes"
    USERS = "users"
    END = "end"


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A kind of file that llvm-tblgen writes; see ``templates/backend/registration.toml``."""

    suffix: str
    options: str
    place: IncludePosition
    provides: re.Pattern[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Component:
    """A library of a target: the end of its name, what it links of LLVM, what of the target itself."""

    library: str
    link: tuple[str, ...]
    own: tuple[str, ...]


@cache
def _data() -> dict[str, Any]:
    return resources.read_toml(resources.folder(_FOLDER) / "registration.toml")


@cache
def tables() -> tuple[GeneratedFile, ...]:
    """The kinds of generated tables, longest suffix first."""
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
    """The kind of a file such as ``LanaiGenInstrInfo.inc`` and the prefix of its name, None if llvm-tblgen does not write it."""
    stem = inc.removesuffix(".inc")
    for table in tables():
        if stem.endswith(table.suffix) and stem != table.suffix:
            return table, stem.removesuffix(table.suffix)
    return None


@cache
def components() -> dict[str, Component]:
    """The libraries by folder; "" is the target's own folder."""
    entries = {"": {"library": "CodeGen", **_data()["library"]}, **_data()["component"]}
    return {folder: Component(entry["library"], tuple(entry["link"]), tuple(entry["own"])) for folder, entry in entries.items()}


def banner(path: str, what: str) -> str:
    """The first line of an LLVM file, 80 columns wide (LLVM Coding Standards, "File Headers")."""
    start = f"//===-- {path.rpartition('/')[2]} - {what} "
    end = "-*- C++ -*-===//" if path.endswith((".h", ".hpp")) else "===//"
    return start + "-" * max(80 - len(start) - len(end), 2) + end


def render(template: str, /, **values: object) -> str:
    """The text of ``template``. Raises ``jinja2.UndefinedError`` on a missing value."""
    text: str = resources.environment(_FOLDER).get_template(template).render(**values)
    return text
