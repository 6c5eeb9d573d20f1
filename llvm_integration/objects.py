"""What enters: two object files (ELF).
What leaves: whether a linker would make the same program of them.
What it does not do: compare code by meaning; another order or another register is a difference.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.process import run

_NOT_PROGRAM = (".comment", ".note*", ".llvm_addrsig", ".debug*", ".rela.debug*")
"""Sections that say how or from what an object was made, and nothing about the program."""
OBJCOPY_SECONDS = 60.0


def same_object(a: Path, b: Path, installation: Installation) -> bool:
    """Whether two objects hold the same program.

    Equal means: the files are the same byte for byte, or they are once the sections that do not reach the program (the
    compiler's name, notes, address significance, debug information) are taken out: the same sections in the same order with the same
    code and data, the same relocations, and the same symbols under the same names. Both must have been compiled under one
    file name, for static initialisers carry it. Raises ToolFailure if llvm-objcopy cannot read one of them.
    """
    if a.read_bytes() == b.read_bytes():
        return True
    with tempfile.TemporaryDirectory() as folder:
        return _program(a, Path(folder) / "a.o", installation) == _program(b, Path(folder) / "b.o", installation)


def _program(path: Path, copy: Path, installation: Installation) -> bytes:
    shutil.copyfile(path, copy)
    removed = [f"--remove-section={section}" for section in _NOT_PROGRAM]
    argv = [str(installation.tool("llvm-objcopy")), "--wildcard", *removed, str(copy)]
    run(argv, timeout=OBJCOPY_SECONDS).check()
    return copy.read_bytes()
