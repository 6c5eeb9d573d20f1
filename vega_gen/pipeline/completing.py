"""Put what a target's .td files lack beside them."""

from __future__ import annotations

import re
from pathlib import Path

from llvm_integration.plugin import write_changed
from vega_gen import tablegen

_MODE = re.compile(r'(\bHwMode<\s*"([^"]+)"\s*,\s*)\[\s*\]')


def completion_file(target: str) -> str:
    """The name of the file that holds a completion. ``target``: the name of the Target record."""
    return f"{target}Completion.td"


def included(target: str) -> str:
    """The line that a completed main .td file ends with."""
    return f'\ninclude "{completion_file(target)}"\n'


def conditional(text: str) -> str:
    """The text of a .td file in which each hardware mode has a condition: its features.

    For a mode without one (``HwMode<"+64bit", []>``), which llvm-tblgen takes, it writes C++ that does not compile."""
    return _MODE.sub(lambda found: f'{found[1]}[Predicate<"Subtarget->checkFeatures(\\"{found[2]}\\")">]', text)


def completed(td: Path, target: str, text: str, folder: Path) -> Path:
    """Write the completion ``text`` to ``folder``, and a main .td file of the same name that includes ``td`` and it. Return that file.

    Files below that of ``td`` that ``conditional`` changes are copied to ``folder``, which llvm-tblgen searches first."""
    folder.mkdir(parents=True, exist_ok=True)
    write_changed(folder / completion_file(target), text)
    main = f'include "{td.absolute()}"\n'
    for file in tablegen.reachable(td, (td.parent,)):
        said = file.read_text(encoding="utf-8", errors="replace")
        if (made := conditional(said)) != said:
            if file == td:
                main = made
            else:
                (folder / file.relative_to(td.parent)).parent.mkdir(parents=True, exist_ok=True)
                write_changed(folder / file.relative_to(td.parent), made)
    write_changed(folder / td.name, f"{main}{included(target)}")
    return folder / td.name
