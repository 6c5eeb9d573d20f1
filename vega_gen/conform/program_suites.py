"""The suites that ``vega-gen conform`` knows, and the programs of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path

from vega_gen.conform import foreign
from vega_gen.conform.compilers import runtime_folder
from vega_gen.conform.conforming import ForeignProgram
from vega_gen.conform.hosts import Expected
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


def csmith_programs(folder: Path, headers: Path, clang: Path, count: int) -> Iterator[ForeignProgram]:
    """The first ``count`` of csmith's programs that end on this machine, each with the output that it has here. Raises ToolFailure."""
    for source in islice(foreign.ending_programs(folder, headers, clang), count):
        printed = source.with_suffix(".ends").read_text(encoding="utf-8").partition("\n")[2]
        yield ForeignProgram(ProgramSuite.CSMITH, source.stem, (source,), ("-isystem", str(headers)), Expected(printed))


def embench_programs(checkout: Path) -> Iterator[ForeignProgram]:
    """The programs of a checkout of Embench (embench-iot), each run once. Raises NotFoundError where there are none.

    Embench's user guide: a program is the C files of its folder, those of ``support``, and what the board is."""
    support, board = checkout / "support", runtime_folder() / "board.c"
    common = (support / "main.c", support / "beebsc.c", board)
    options = ("-DGLOBAL_SCALE_FACTOR=1", "-DWARMUP_HEAT=1", "-DCPU_MHZ=1", f"-I{support}")
    for folder in sorted({source.parent for source in _sources(checkout / "src", "*/*.c")}):
        yield ForeignProgram(ProgramSuite.EMBENCH, folder.name, (*sorted(folder.glob("*.c")), *common), (*options, f"-I{folder}"))


def coremark_programs(checkout: Path) -> Iterator[ForeignProgram]:
    """CoreMark, from a checkout, with ten iterations. Raises NotFoundError where it is not there."""
    port = runtime_folder() / "coremark"
    options = ("-Dmain=coremark_main", "-DITERATIONS=10", "-DPERFORMANCE_RUN=1", f"-I{port}", f"-I{checkout}")
    yield ForeignProgram(ProgramSuite.COREMARK, "coremark", (*_sources(checkout, "core_*.c"), port / "core_portme.c"), options)


def single_source_programs(checkout: Path) -> Iterator[ForeignProgram]:
    """The C programs of llvm-test-suite's SingleSource that come with their output. Raises NotFoundError where there are none."""
    root = checkout / "SingleSource" if (checkout / "SingleSource").is_dir() else checkout
    for output in _sources(root, "**/*.reference_output"):
        source = output.with_suffix(".c")
        stdout, _, status = output.read_text(encoding="utf-8", errors="replace").rpartition("exit ")
        if source.is_file() and status.strip() == "0":
            name = "-".join(source.relative_to(root).with_suffix("").parts)
            yield ForeignProgram(ProgramSuite.SINGLESOURCE, name, (source,), (*TORTURE_OPTIONS, f"-I{source.parent}"), Expected(stdout))


def _sources(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise NotFoundError(f"no {pattern} is there", str(folder), "name the folder of the suite with --suite-dir")
    return found


PROGRAMS_OF: dict[ProgramSuite, Callable[[Path], Iterator[ForeignProgram]]] = {
    ProgramSuite.TORTURE: torture_programs,
    ProgramSuite.EMBENCH: embench_programs,
    ProgramSuite.COREMARK: coremark_programs,
    ProgramSuite.SINGLESOURCE: single_source_programs,
}
"""The suites whose programs are files of a folder."""
CHECKOUTS = {
    ProgramSuite.EMBENCH: "embench/embench-iot",
    ProgramSuite.COREMARK: "eembc/coremark",
    ProgramSuite.SINGLESOURCE: "llvm/llvm-test-suite",
}
"""Where the suites that no package has are kept on GitHub."""
