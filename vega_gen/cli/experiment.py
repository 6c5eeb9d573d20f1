"""The command ``vega-gen experiment``: write a figure or table of VEGA's paper as CSV and SVG, and print it.

``report.experiments`` computes the figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.errors import InputError

_NAMES = "fig7, fig8, table2, fig9, table3, table4, fig10, reliability, text, failures or fillers."


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_NAMES)],
    run: Annotated[
        list[Path],
        typer.Option(
            "--run",
            metavar="FILE",
            help="A file written by regress --json, or by --artefact (.jsonl); for fig10, by conform --json. Repeatable.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for NAME.csv and NAME.svg.")] = Path(),
) -> None:
    """Compute a figure or table of VEGA's paper from runs of regress (fig10: of conform), with VEGA's own figures beside it where
    they are known."""
    from rich.table import Table

    from vega_gen import store
    from vega_gen.report import artefact, experiments, passrate, pictures, speedups

    try:
        wanted = experiments.Experiment(name)
    except ValueError:
        known = ", ".join(experiments.Experiment)
        raise InputError(f"there is no experiment {name}", "", f"name one of {known}") from None
    if wanted is experiments.Experiment.FIG10:
        result = speedups.speedups(speedups.read_conformities(run))
    else:
        read = (artefact.read(file) if file.suffix == ".jsonl" else passrate.read_runs(file) for file in run)
        result = experiments.experiment(wanted, [each for found in read for each in found])
    picture = pictures.bars(result.title, result.bars, result.series, result.unit)
    out.mkdir(parents=True, exist_ok=True)
    store.write_atomic(out / f"{name}.csv", result.csv.encode())
    store.write_atomic(out / f"{name}.svg", picture)
    table = Table(*result.columns, title=result.title, title_justify="left")
    for row in result.rows:
        table.add_row(*map(str, row))
    render.OUT.print(table)
    for note in result.notes:
        render.OUT.print(note)
    render.notice(f"wrote {out / f'{name}.csv'} and {out / f'{name}.svg'}")
