"""Figure 10 of VEGA's paper from runs of ``conform``: how much faster -O3 is than -O0, by LLVM's own backend and by the generated one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from vega_gen.conform.verdicts import Conformed, ProgramVerdict, read_conformed
from vega_gen.errors import InputError
from vega_gen.report.experiments import Result

SLOW, FAST = "-O0", "-O3"
_AGAIN = "make one: vega-gen conform --suite embench --suite-dir DIR --levels=-O0,-O3 --instructions --json FILE.json"
_COLUMNS = (
    "target", "program", "official -O0", "official -O3", "generated -O0", "generated -O3", "official speedup", "generated speedup",
    "generated of official at -O3", "generated .text of official at -O3", "official stack", "generated stack", "official spills",
    "generated spills",
)  # fmt: skip


def read_conformities(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read files that ``conform --json`` wrote. Raises InputError for others."""
    found: list[dict[str, Any]] = []
    for path in paths:
        try:
            data: Any = orjson.loads(path.read_bytes())
            data["programs"] = [read_conformed(one) for one in data["programs"]]
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise InputError("not a run of conform", str(path), _AGAIN) from None
        found.append(data)
    return found


def speedups(runs: Sequence[Mapping[str, Any]]) -> Result:
    """Executed instructions of each program by both backends at both levels, as speed-ups over LLVM's own at -O0, with their geometric
    mean.

    A program counts where all four runs pass. Raises InputError where no run has counted them."""
    rows: list[tuple[str | int | float, ...]] = []
    bars: list[str] = []
    series: dict[str, list[float]] = {"official -O3": [], "generated -O3": [], "generated -O0": []}
    left_out: list[str] = []
    for run in runs:
        target = str(run["target"])
        programs: list[Conformed] = run["programs"]
        pairs = {name: _pair(programs, name) for name in dict.fromkeys(one.program for one in programs)}
        counted = {name: pair for name, pair in pairs.items() if pair is not None}
        left_out += [f"{target} {name}" for name in pairs.keys() - counted.keys()]
        ratios: list[tuple[float, ...]] = []
        for name, (slow, fast) in counted.items():
            four = slow.reference.steps, fast.reference.steps, slow.cost.steps, fast.cost.steps
            sizes = fast.cost.text / max(fast.reference.text, 1)
            ratios.append((four[0] / four[1], four[2] / four[3], four[3] / four[1], sizes, four[0] / four[3], four[0] / four[2]))
            frames = fast.reference.stack, fast.cost.stack, fast.reference.spills, fast.cost.spills
            rows.append((target, name, *four, *(round(ratio, 3) for ratio in ratios[-1][:4]), *frames))
        if ratios:
            means = [math.exp(sum(map(math.log, column)) / len(column)) for column in zip(*ratios, strict=True)]
            rows.append((target, "geometric mean", "", "", "", "", *(round(mean, 3) for mean in means[:4]), "", "", "", ""))
            for name, ratio in (*zip(counted, ratios, strict=True), ("geometric mean", means)):
                bars.append(f"{target} {name}" if len(runs) > 1 else name)
                for label, value in zip(series, (ratio[0], ratio[4], ratio[5]), strict=True):
                    series[label].append(round(value, 2))
    if not rows:
        raise InputError("no run has counted instructions at -O0 and -O3 by both backends", "", _AGAIN)
    notes = (
        "executed instructions of the whole program, counted by QEMU; the same IR for both backends, libraries compiled by each at -O2",
        "stack: bytes of all functions' frames; spills: stores and loads of registers for want of others; both at -O3, as llc says",
        "bars: how many times fewer instructions than LLVM's own backend at -O0",
        "the numbers of VEGA's own figure 10, which is of backends that two people had corrected by hand, are not known here",
        *((f"left out, since not all four runs pass: {', '.join(sorted(left_out))}",) if left_out else ()),
    )
    title = "Speed-up of -O3 over -O0, official and generated backends"
    return Result(title, _COLUMNS, tuple(rows), tuple(bars), {name: tuple(values) for name, values in series.items()}, "times", notes)


def _pair(programs: Sequence[Conformed], name: str) -> tuple[Conformed, Conformed] | None:
    """A program at both levels, None unless all was counted."""
    own = {one.level: one for one in programs if one.program == name and one.verdict is ProgramVerdict.PASSES}
    found = own.get(SLOW), own.get(FAST)
    if found[0] is None or found[1] is None or not all(one.cost.steps and one.reference.steps for one in (found[0], found[1])):
        return None
    return found[0], found[1]
