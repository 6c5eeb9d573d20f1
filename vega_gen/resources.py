"""The files that come with the package: ``templates/`` (Jinja) and ``targets/`` (settings, instruction sets of our own).

They lie at the top of the repository and, in a wheel, in ``vega_gen/data`` (see ``pyproject.toml``). Everything that reads one of
them asks here, so that an installed package and a checkout behave alike.
"""

from __future__ import annotations

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
    """A folder below ``templates/`` or ``targets/``, such as ``templates/archetypes``. Raises InputError where the package lacks it."""
    found = _root() / path
    if not found.is_dir():
        raise InputError("this installation of vega-gen lacks a folder that it needs", str(found), _REINSTALL)
    return found


@cache
def settings(name: str) -> dict[str, Any]:
    """``targets/settings/<name>.toml``, parsed. Raises InputError for a file that is missing or is not TOML."""
    return read_toml(folder("targets/settings") / f"{name}.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file, parsed. Raises InputError, with line and column where the parser names them."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", str(path), _REINSTALL) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: byte 0x{error.object[error.start]:02x}", str(path), "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", str(path), "correct it at the line that the message names") from None


@cache
def environment(path: str, *, autoescape: bool = False) -> jinja2.Environment:
    """The Jinja templates of a folder: a missing value is an error, a line that holds only a tag leaves no line.

    ``autoescape``: for HTML."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder(path)),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
