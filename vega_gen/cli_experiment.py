"""The command ``vega-gen experiment``.

Enters: arguments. Leaves: a CSV file and a picture, and the same figures on standard output. It does no work of its own:
``report.experiments`` counts.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vega_gen import render
from vega_gen.errors import InputError

if TYPE_CHECKING:
    from vega_gen.report.experiments import Result


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="fig7, fig8, table2, fig9, table3, table4 or reliability.")],
    run: Annotated[list[Path], typer.Option("--run", metavar="FILE", help="What regress --json wrote. Repeatable.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where NAME.csv and NAME.svg go.")] = Path(),
) -> None:
    """A figure or table of VEGA's paper, of our runs, VEGA's figures beside them; or how right statements are by confidence."""
    from rich.table import Table

    from vega_gen import store
    from vega_gen.report import experiments, passrate

    try:
        wanted = experiments.Experiment(name)
    except ValueError:
        known = ", ".join(experiments.Experiment)
        raise InputError(f"no experiment {name}", "", f"name one of {known}") from None
    result = experiments.experiment(wanted, [each for file in run for each in passrate.read_runs(file)])
    picture = _picture(result)
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


def _picture(result: Result) -> bytes:
    """Bars side by side, as SVG; the same bytes for the same figures. Raises InputError without matplotlib."""
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
    except ImportError:
        raise InputError("the picture needs matplotlib", "", "pip install 'vega-gen[figures]'") from None
    matplotlib.use("svg")
    plots: Any = importlib.import_module("matplotlib.pyplot")
    with matplotlib.rc_context({"svg.hashsalt": "vega-gen", "svg.fonttype": "none"}):
        figure, axes = plots.subplots(figsize=(max(6.0, 0.5 * len(result.bars) * len(result.series)), 4.5), layout="constrained")
        width = 0.8 / len(result.series)
        for number, (label, values) in enumerate(result.series.items()):
            places = [i + (number - (len(result.series) - 1) / 2) * width for i in range(len(values))]
            axes.bar_label(axes.bar(places, values, width, label=label), fmt="{:g}", fontsize=7)
        axes.set_xticks(range(len(result.bars)), result.bars, rotation=30, ha="right")
        axes.set_ylabel(result.unit)
        axes.set_title(result.title)
        if len(result.series) > 1:
            axes.legend()
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plots.close(figure)
    return out.getvalue()
