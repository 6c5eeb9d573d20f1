"""Compare two ELF object files: would a linker produce the same program from both? Any difference in code, even of a register, counts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.process import run

_NOT_PROGRAM = (".comment", ".note*", ".llvm_addrsig", ".debug*", ".rela.debug*")
"""Sections that describe how an object was compiled and are not part of the program."""
OBJCOPY_SECONDS = 60.0


def same_object(a: Path, b: Path, installation: Installation) -> bool:
    """Whether two objects contain the same program.

    They do if the files are equal byte for byte after removing the sections that are not part of the program (compiler's name, notes,
    address significance, debug information). Both must have been compiled under the same file name, because the names of static
    initialisers contain it. Raises ToolFailure if llvm-objcopy cannot read one of them.
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
