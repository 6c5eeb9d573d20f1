"""The ladder of a backend: one that is made and built for it, or one whose tools are there.

Enters: a request, or a .td and a folder of tools. Leaves: ``Ladder``. It writes nothing into a checkout.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from llvm_integration import discover
from llvm_integration.process import ToolFailure
from vega_gen import ladder, store, tablegen
from vega_gen.errors import InputError
from vega_gen.pipeline.backend import make_backend
from vega_gen.pipeline.inputs import find_tblgen
from vega_gen.pipeline.request import Request, prepare
from vega_gen.records import Ladder, Plan

Progress = Callable[[int, int, str], None]


def climb_made(request: Request, work: Path | None, progress: Progress, *, cpu: str = "", attrs: str = "") -> tuple[Plan, Ladder]:
    """Make and build a backend, and climb with the tools that came of it. ``work`` keeps the programs; a folder in the cache if None.

    Raises InputError where there is no LLVM to build it with, and what ``make_backend`` raises."""
    prepared = prepare(request, progress, writing=False)
    if prepared.installation is None:
        raise InputError(f"nothing can be built: {prepared.why}", str(request.llvm), "vega-gen doctor says what to install")
    made = make_backend(request, prepared, progress)
    assert made.built is not None
    inputs = made.known.prepared.inputs
    one = ladder.subject(inputs.description, made.known.arch, cpu=cpu, attrs=attrs)
    tools = given_tools(made.built.tools, inputs.source)
    return made.plan, ladder.climb(tools, one, work or store.cache_dir() / "ladder" / inputs.folder, progress)


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
    """Climb with the tools in ``tools``.

    ``word``: its width in bits, 0 for that of the widest integer register. ``work`` keeps the programs; a folder in the
    cache if None. Else as ``ladder.subject``. Raises InputError, TableGenError, ToolFailure."""
    source = discover.open_source(llvm)
    description = tablegen.describe(
        td, folder=name or td.stem, llvm_include=source.llvm / "include", tblgen=find_tblgen(source, progress)
    )
    widths = (*(n for n in ladder.legal_widths(description) if n < word), word) if word else ()
    one = ladder.subject(description, triple, name=name, cpu=cpu, attrs=attrs, widths=widths, machine=machine)
    return ladder.climb(given_tools(tools, source), one, work or store.cache_dir() / "ladder" / one.name, progress)


def given_tools(folder: Path, source: discover.Source) -> ladder.Tools:
    """The tools in ``folder``; what links and assembles for QEMU comes from an installed LLVM of the source's version.

    Raises InputError where ``folder`` has neither llc nor llvm-mc."""
    own = {tool: folder / tool if (folder / tool).is_file() else None for tool in ("llc", "llvm-mc", "llvm-objdump", "llvm-readobj")}
    if not own["llc"] and not own["llvm-mc"]:
        raise InputError("neither llc nor llvm-mc is there", str(folder), "name the folder that the tools were built into")
    try:
        installation = discover.find_installation(source.version)
    except ToolFailure:
        lld = assembler = None
    else:
        lld, assembler = installation.find_tool("ld.lld"), installation.find_tool("llvm-mc")
        own["llvm-readobj"] = own["llvm-readobj"] or installation.find_tool("llvm-readobj")
    return ladder.Tools(own["llc"], own["llvm-mc"], own["llvm-objdump"], own["llvm-readobj"], lld, assembler)
