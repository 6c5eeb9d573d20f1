"""The suites that ``vega-gen conform`` knows, and the programs of each."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from vega_gen.conform import foreign
from vega_gen.conform.conforming import ForeignProgram
from vega_gen.errors import InputError, NotFoundError

TORTURE_OPTIONS = (
    "-std=gnu17", "-Wno-implicit-int", "-Wno-implicit-function-declaration", "-Wno-int-conversion", "-Wno-return-mismatch",
    "-Wno-incompatible-function-pointer-types", "-fhosted", "-fno-builtin", "-Dalloca=__builtin_alloca",
)  # fmt: skip
"""GCC, for which the tests are written, takes more than clang does by default. In C17 a main that ends without a return gives 0, if it
is not freestanding; else its status would be whatever the register holds."""


class ProgramSuite(StrEnum):
    """A suite of programs that ``vega-gen conform`` knows."""

    TORTURE = "torture"
    """GCC's C torture tests that are executed; each ends with status 0."""
    CSMITH = "csmith"
    """Random programs of csmith, which print a checksum."""
    EMBENCH = "embench"
    """Embench's programs for embedded processors; each verifies its own result."""
    COREMARK = "coremark"
    SINGLESOURCE = "singlesource"
    """Programs of one file of llvm-test-suite that come with their output."""


def suite_named(name: str) -> ProgramSuite:
    """The suite of that name. Raises InputError."""
    try:
        return ProgramSuite(name)
    except ValueError:
        raise InputError(f"there is no suite {name}", "--suite", f"name one of {', '.join(ProgramSuite)}") from None


def torture_programs(folder: Path) -> Iterator[ForeignProgram]:
    """The .c files of a folder, compiled as GCC's tests ask to be. Raises NotFoundError where there are none."""
    for source in _sources(folder, "*.c"):
        text = source.read_text(encoding="utf-8", errors="replace")
        yield ForeignProgram(ProgramSuite.TORTURE, source.stem, (source,), (*TORTURE_OPTIONS, *foreign.wanted_options(text)))


def _sources(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise NotFoundError(f"no {pattern} is there", str(folder), "name the folder of the suite with --suite-dir")
    return found
