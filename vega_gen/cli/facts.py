"""The command ``vega-gen facts``: what a target's records are for, how sure that is, and the file in which a person corrects it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import FactsOption, IncludeOption, InstalledOption, PrefixOption, TdOption


def facts(
    td: TdOption,
    llvm: Annotated[
        Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree whose Target.td to use.  [default: an installed LLVM]")
    ] = None,
    version: InstalledOption = "",
    prefix: PrefixOption = None,
    include: IncludeOption = None,
    given: FactsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The facts file to write.  [default: <T>.facts.toml, here]")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the facts as JSON too.")] = None,
) -> None:
    """Find what a target's registers and instructions are for, print it, doubtful facts first, and write a file in which to correct it.

    new-target, try and ladder take the corrected file with --facts. Exit status 0: found, 2: an error."""
    from vega_gen.pipeline import fact_finding
    from vega_gen.report import known

    with render.progress("facts") as advance:
        found = fact_finding.find(td, advance, llvm=llvm, version=version, prefix=prefix, facts=given, include=include or ())
    records = found.facts.records
    render.OUT.out("\n".join(known.lines(records.values())))
    if json:
        import orjson

        json.write_bytes(orjson.dumps(known.as_json(records.values()), option=orjson.OPT_INDENT_2))
    path = out or Path(f"{found.target}.facts.toml")
    fact_finding.write_facts(found, path)
    render.OUT.out(known.summary(records.values()))
    render.OUT.out(f"written: {path}; correct it and give it with --facts")
