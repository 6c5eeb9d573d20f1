"""The command ``vega-gen ladder``.

Enters: arguments. Leaves: the rungs as a table on standard output, all that failed as JSON in a file.
It does no work of its own: ``ladder`` climbs, ``report`` shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import BigEndianOption, LlvmOption, MadeByOption, NameOption, TdOption
from vega_gen.errors import InputError


def ladder(
    td: TdOption,
    llvm: LlvmOption,
    name: NameOption = "",
    filler: MadeByOption = None,
    big_endian: BigEndianOption = False,
    tools: Annotated[
        Path | None,
        typer.Option("--tools", metavar="DIR", help="Build nothing: llc, llvm-mc, llvm-objdump and llvm-readobj are there."),
    ] = None,
    triple: Annotated[str, typer.Option("--triple", metavar="T", help="With --tools: the triple that selects the target.")] = "",
    cpu: Annotated[str, typer.Option("--mcpu", metavar="CPU", help="As of llc.")] = "",
    attrs: Annotated[str, typer.Option("--mattr", metavar="+A,-B", help="As of llc.")] = "",
    word: Annotated[int, typer.Option("--word", metavar="BITS", help="Width of a word.  [default: of the widest integer register]")] = 0,
    machine: Annotated[
        str, typer.Option("--machine", metavar="M", help="An ISA of settings/qemu.toml to run programs on.  [default: by the .td]")
    ] = "",
    work: Annotated[Path | None, typer.Option("--work", metavar="DIR", help="Keep the programs there; the commands name them.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")] = None,
) -> None:
    """Make and build a backend, or take one that is built, and say how far it gets: listed, round trips, a smoke suite compiled,
    verified, as objects, and run under QEMU."""
    import orjson

    from vega_gen import pipeline
    from vega_gen.report import rungs as pages
    from vega_gen.report import tables

    plan = None
    with render.progress("ladder") as advance:
        if tools is None:
            request = pipeline.Request(td, llvm, name, filler=filler, big_endian=big_endian)
            plan, found = pipeline.climb_made(request, work, advance, cpu=cpu, attrs=attrs)
        elif not triple:
            raise InputError("--tools hold many targets", next_step="name this one's triple with --triple")
        else:
            found = pipeline.climb_given(
                td, llvm, tools, triple, work, advance, name=name, cpu=cpu, attrs=attrs, word=word, machine=machine
            )
    if plan:
        render.OUT.print(tables.steps_table(plan))
    if json:
        json.write_bytes(orjson.dumps(pages.as_json([found]), option=orjson.OPT_INDENT_2))
    render.OUT.print(pages.table(found))
    for line in pages.lines(found):
        render.OUT.out(line)
