"""Climb the ladder of a backend whose tools are built: see how far it gets, and turn what passes into lit tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from llvm_integration import discover
from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import linker
from llvm_integration.process import Progress
from vega_gen import ladder, store, tablegen
from vega_gen.errors import InputError
from vega_gen.pipeline.inputs import Inputs, find_tblgen
from vega_gen.pipeline.request import relocations_beside
from vega_gen.records import Ladder, Rung


def subject_of(inputs: Inputs, *, cpu: str = "", attrs: str = "") -> ladder.Subject:
    """The ladder's subject for a generated backend, under its own triple."""
    return ladder.subject(inputs.description, inputs.arch, cpu=cpu, attrs=attrs)


def climb_built(
    inputs: Inputs, tools: Path, work: Path | None, progress: Progress, *, cpu: str = "", attrs: str = "", no_code: str = ""
) -> Ladder:
    """Climb with the tools in the folder ``tools``. For ``work`` and errors see ``climb_given``, for ``no_code`` ``ladder.climb``."""
    one = subject_of(inputs, cpu=cpu, attrs=attrs)
    held = given_tools(tools, _installation(inputs.source))
    return ladder.climb(held, one, work or store.cache_folder("ladder", inputs.folder), progress, no_code=no_code)


def tests_of(inputs: Inputs, tools: Path, climbed: Ladder) -> dict[str, str]:
    """What a backend passes, as lit tests of LLVM: path below ``llvm/test`` -> text."""
    verified = next(step for step in climbed.steps if step.rung is Rung.VERIFIED)
    return ladder.lit_tests(replace(subject_of(inputs), name=inputs.folder), given_tools(tools, None).llvm_mc, verified)


def climb_given(
    td: Path,
    llvm: Path,
    tools: Path,
    triple: str,
    work: Path | None,
    progress: Progress,
    *,
    name: str = "",
    cpu: str = "",
    attrs: str = "",
    word: int = 0,
    machine: str = "",
) -> Ladder:
    """Climb with the tools in the folder ``tools``.

    ``word``: width of the machine word in bits, 0 for that of the widest integer register.
    ``work``: folder for the programs, None for one in the cache.
    For the other arguments see ``ladder.subject``. Raises InputError, ToolFailure.
    """
    source = discover.open_source(llvm)
    include, folder = source.llvm / "include", name or td.stem
    known = include / "llvm/BinaryFormat/ELFRelocs" / f"{folder}.def"
    relocs = known if known.is_file() else relocations_beside(td, (folder, td.stem))
    description = tablegen.describe(td, folder=folder, llvm_include=include, tblgen=find_tblgen(source, progress), relocs=relocs)
    widths = (*(n for n in ladder.legal_widths(description) if n < word), word) if word else ()
    one = ladder.subject(description, triple, name=name, cpu=cpu, attrs=attrs, widths=widths, machine=machine)
    held = given_tools(tools, _installation(source))
    if one.emulators:
        held = replace(held, clang=None)  # no simulator: the tools may be another's, whose relocations the .td does not give
    return ladder.climb(held, one, work or store.cache_folder("ladder", one.name), progress)


def _installation(source: discover.SourceTree) -> discover.Installation | None:
    """The installed LLVM of a source tree's version, None where there is none."""
    try:
        return discover.find_installation(source.version)
    except ToolFailure:
        return None


def given_tools(folder: Path, installation: discover.Installation | None) -> ladder.Tools:
    """The tools in ``folder``, with those of an installed LLVM that running programs takes: its llvm-mc and clang, and any LLVM's lld.

    Raises InputError where ``folder`` has neither llc nor llvm-mc.
    """
    own = {tool: folder / tool if (folder / tool).is_file() else None for tool in ("llc", "llvm-mc", "llvm-objdump", "llvm-readobj")}
    if not own["llc"] and not own["llvm-mc"]:
        raise InputError("neither llc nor llvm-mc is there", str(folder), "name the folder that the tools were built into")
    held = ladder.Tools(own["llc"], own["llvm-mc"], own["llvm-objdump"], own["llvm-readobj"])
    if installation is None:
        return held
    assembler, clang, readobj = (installation.find_tool(tool) for tool in ("llvm-mc", "clang", "llvm-readobj"))
    return replace(held, lld=linker(installation), assembler=assembler, clang=clang, llvm_readobj=held.llvm_readobj or readobj)
