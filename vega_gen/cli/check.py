"""The command ``vega-gen check``: what llvm-tblgen accepts in .td files and an engineer pays for later, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import FactsOption, IncludeOption, InstalledOption, PrefixOption, TdOption
from vega_gen.records import Severity


def check(
    td: TdOption,
    llvm: Annotated[
        Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree whose Target.td to use.  [default: an installed LLVM]")
    ] = None,
    version: InstalledOption = "",
    prefix: PrefixOption = None,
    include: IncludeOption = None,
    given: FactsOption = None,
    notes: Annotated[bool, typer.Option("--notes/--no-notes", help="Print notes too: what is harmless or usually done on purpose.")] = True,
    sarif: Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0, for editors.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the findings as JSON.")] = None,
) -> None:
    """Report what llvm-tblgen lets through: decoding conflicts, operands without bits, patterns that nothing reaches, and the like.

    The facts file is checked against the .td. Exit status 0: no errors or warnings. 1: there are some. 2: a file could not be checked."""
    from llvm_integration import tblgen
    from vega_gen.facts import lint
    from vega_gen.pipeline import fact_finding

    with render.progress("check") as advance:
        include_dir, program = tblgen.tools_of(llvm, version, prefix)
        if given:
            fact_finding.find(td, advance, llvm=llvm, version=version, prefix=prefix, facts=given, include=include or ())
        found = lint.check(td, llvm_include=include_dir, program=program, include_dirs=include or (), progress=advance)
    if sarif or json:
        import orjson

        from vega_gen import store
        from vega_gen.report.sarif import findings_sarif

        for path, value in ((sarif, findings_sarif(found, td.parent)), (json, found)):
            if path:
                store.write_atomic(path, orjson.dumps(value, option=orjson.OPT_INDENT_2))
    shown = [f for f in found if notes or f.severity is not Severity.NOTE]
    render.findings(shown, str(td))
    if any(f.severity is not Severity.NOTE for f in found):
        raise typer.Exit(1)
