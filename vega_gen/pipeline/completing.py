"""Put what a target's .td files lack beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from llvm_integration.plugin import write_changed
from vega_gen import tablegen
from vega_gen.tablegen.mending import mended


def completion_file(target: str) -> str:
    """The name of the file that holds a completion. ``target``: the name of the Target record."""
    return f"{target}Completion.td"


def included(target: str) -> str:
    """The line that a completed main .td file ends with."""
    return f'\ninclude "{completion_file(target)}"\n'


def completed(td: Path, target: str, text: str, folder: Path, mendings: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Write the completion ``text`` to ``folder``, and a main .td file of the same name that includes ``td`` and it. Return that file.

    Files below that of ``td`` that ``mended`` changes are copied to ``folder``, which llvm-tblgen searches first.

    ``mendings``: record -> the line that it lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    write_changed(folder / completion_file(target), text)
    main = f'include "{td.absolute()}"\n'
    for file in tablegen.reachable(td, (td.parent,)):
        said = file.read_text(encoding="utf-8", errors="replace")
        if (made := mended(said, mendings)) != said:
            if file == td:
                main = made
            else:
                (folder / file.relative_to(td.parent)).parent.mkdir(parents=True, exist_ok=True)
                write_changed(folder / file.relative_to(td.parent), made)
    write_changed(folder / td.name, f"{main}{included(target)}")
    return folder / td.name
