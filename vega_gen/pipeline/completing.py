"""Put what a target's .td files lack beside them."""

from __future__ import annotations

from pathlib import Path

from llvm_integration.plugin import write_changed


def completion_file(target: str) -> str:
    """The name of the file that holds a completion. ``target``: the name of the Target record."""
    return f"{target}Completion.td"


def included(target: str) -> str:
    """The line that a completed main .td file ends with."""
    return f'\ninclude "{completion_file(target)}"\n'


def completed(td: Path, target: str, text: str, folder: Path) -> Path:
    """Write the completion ``text`` to ``folder``, and a main .td file of the same name that includes ``td`` and it. Return that file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_changed(folder / completion_file(target), text)
    made = folder / td.name
    write_changed(made, f'include "{td.absolute()}"\n{included(target)}')
    return made
