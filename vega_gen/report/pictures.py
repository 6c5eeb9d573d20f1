"""Draw charts as SVG with matplotlib. The same figures give the same bytes."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vega_gen.errors import InputError


def bars(title: str, names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str) -> bytes:
    """Draw grouped bars: each series has one value for each of ``names``. Raises InputError without matplotlib."""

    def draw(axes: Any) -> None:
        width = 0.8 / len(series)
        for number, (label, values) in enumerate(series.items()):
            places = [i + (number - (len(series) - 1) / 2) * width for i in range(len(values))]
            axes.bar_label(axes.bar(places, values, width, label=label), fmt="{:g}", fontsize=7)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")

    return _svg(title, max(6.0, 0.5 * len(names) * len(series)), len(series), unit, draw)


def lines(title: str, places: Sequence[float], across: str, series: Mapping[str, Sequence[float]], unit: str) -> bytes:
    """Draw a line for each series over ``places``; ``across`` labels that axis. Raises InputError without matplotlib."""

    def draw(axes: Any) -> None:
        for label, values in series.items():
            axes.plot(places, values, marker="o", label=label)
        axes.set_xticks(places)
        axes.set_xlabel(across)
        axes.set_ylim(bottom=0)

    return _svg(title, 6.0, len(series), unit, draw)


def _svg(title: str, width: float, labels: int, unit: str, draw: Callable[[Any], None]) -> bytes:
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
    except ImportError:
        raise InputError("the picture needs matplotlib, which is not installed", "", "pip install 'vega-gen[figures]'") from None
    matplotlib.use("svg")
    plots: Any = importlib.import_module("matplotlib.pyplot")
    with matplotlib.rc_context({"svg.hashsalt": "vega-gen", "svg.fonttype": "none"}):
        figure, axes = plots.subplots(figsize=(width, 4.5), layout="constrained")
        draw(axes)
        axes.set_ylabel(unit)
        axes.set_title(title)
        if labels > 1:
            axes.legend()
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plots.close(figure)
    return out.getvalue()
