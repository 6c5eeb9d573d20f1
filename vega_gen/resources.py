"""Access to the data files of the package: ``templates/`` (Jinja) and ``targets/`` (settings, facts files, instruction sets of our own).

The files are at the top of the repository and, in a wheel, in ``vega_gen/data`` (see ``pyproject.toml``). All code opens them through
this module, so an installed package and a checkout behave alike. ``vega_gen.store.dependencies`` also reads the calls of these functions
from the source, to include the files in cache keys.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from vega_gen.errors import InputError

_REINSTALL = "install it again: pip install --force-reinstall vega-gen"


@cache
def _root() -> Path:
    package = Path(str(files("vega_gen")))
    return package / "data" if (package / "data").is_dir() else package.parent


def folder(path: str) -> Path:
    """Return the path of a data folder, such as ``templates/archetypes``. Raises InputError where the package lacks it."""
    found = _root() / path
    if not found.is_dir():
        raise InputError("this installation of vega-gen lacks a folder that it needs", str(found), _REINSTALL)
    return found


def files_of(path: str) -> tuple[Path, ...]:
    """Return a data file, or all files of a data folder and its subfolders, sorted. Raises InputError where there is neither."""
    where = _root() / path
    if where.is_file():
        return (where,)
    return tuple(sorted(file for file in folder(path).rglob("*") if file.is_file()))


@cache
def settings(name: str) -> dict[str, Any]:
    """Parse ``targets/settings/<name>.toml``. Raises InputError for a file that is missing or is not TOML."""
    return read_toml(folder("targets/settings") / f"{name}.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises InputError, with the parser's line and column for a syntax error."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), _REINSTALL) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: byte 0x{error.object[error.start]:02x}", str(path), "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what, _, at = str(error).partition(" (at line ")
        place = ":".join(re.findall(r"\d+", at))
        raise InputError(f"not TOML: {what}", f"{path}:{place}" if place else str(path), "correct it there") from None


@cache
def environment(path: str, *, autoescape: bool = False) -> jinja2.Environment:
    """Return the Jinja environment of a data folder: an undefined value is an error, and a line that holds only a tag is removed.

    ``autoescape``: escape values for HTML."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder(path)),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
