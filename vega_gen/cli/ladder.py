"""The command ``vega-gen ladder``: measure how far a backend gets, print the rungs, and write everything that failed as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import (
    BigEndianOption,
    FactsOption,
    LinkOption,
    LlvmOption,
    MachineNameOption,
    MadeByOption,
    NameOption,
    NoArchetypesFlag,
    TdOption,
)
from vega_gen.errors import InputError


def ladder(
    td: TdOption,
    llvm: LlvmOption,
    name: NameOption = "",
    filler: MadeByOption = None,
    big_endian: BigEndianOption = False,
    link: LinkOption = False,
    no_archetypes: NoArchetypesFlag = False,
    tools: Annotated[
        Path | None,
        typer.Option("--tools", metavar="DIR", help="Build nothing, and use llc, llvm-mc, llvm-objdump and llvm-readobj from this folder."),
    ] = None,
    triple: Annotated[str, typer.Option("--triple", metavar="T", help="The triple that selects the target (with --tools).")] = "",
    cpu: Annotated[str, typer.Option("--mcpu", metavar="CPU", help="Processor of the backend; passed to llc and llvm-mc.")] = "",
    attrs: Annotated[str, typer.Option("--mattr", metavar="+A,-B", help="Features of the backend; passed to llc and llvm-mc.")] = "",
    word: Annotated[int, typer.Option("--word", metavar="BITS", help="Width of a word.  [default: the widest integer register]")] = 0,
    machine: MachineNameOption = "",
    facts: FactsOption = None,
    work: Annotated[
        Path | None, typer.Option("--work", metavar="DIR", help="Keep the compiled programs there; reported commands refer to them.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")] = None,
) -> None:
    """Generate and build a backend, or take a built one, and measure how far it gets: the tools list it, instructions round-trip through
    llvm-mc, and small programs compile, pass the machine verifier, become objects, and run under QEMU."""
    import orjson

    from vega_gen import pipeline
    from vega_gen.report import rungs as pages
    from vega_gen.report import tables

    render.remind_of_facts(td, facts)
    if tools and facts:
        raise InputError("with --tools nothing is generated", "--facts", "leave one of them out")
    plan = None
    with render.progress("ladder") as advance:
        if tools is None:
            request = pipeline.Request(
                td, llvm, name, filler=filler, big_endian=big_endian, link=link, facts=facts, archetypes=not no_archetypes,
                cpu=cpu, attrs=attrs,
            )  # fmt: skip
            plan, found = pipeline.climb_made(request, work, advance, cpu=cpu, attrs=attrs)
        elif not triple:
            raise InputError(
                "--tools needs --triple: the tools may hold several targets", next_step="name the target's triple with --triple"
            )
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
