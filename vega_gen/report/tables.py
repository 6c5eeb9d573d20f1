"""Render a plan as tables and as JSON: the summary and the steps that ``new-target`` prints, and the review queue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from vega_gen.records import Band, Decision, Decisions, Module, Plan, PlannedFunction, ReviewItem, Step

STANDS = dict.fromkeys(Step, "") | {
    Step.DEFAULT: ", so the base class's default is used",
    Step.STUB: ", so a stub replaces it",
    Step.LEFT_OUT: ", so it is left out",
}
"""Step -> what became of a function that does not compile, to be put after that statement."""
BAND_STYLE = {Band.LOW: "bold red", Band.MEDIUM: "yellow", Band.HIGH: "green"}


@dataclass(frozen=True, slots=True)
class ModuleFigures:
    """Figures of one module, or of all modules (``module`` "all").

    ``functions``: functions written. ``missing``: functions planned without a candidate. ``checked``: functions given to a compiler, of
    which ``compiling`` compile. ``confidence``: mean over statements, 0 to 1; None if there is no statement.
    """

    module: str
    functions: int
    statements: int
    flagged: int
    confidence: float | None
    compiling: int
    checked: int
    missing: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of each module of a plan, in VEGA's order of modules, and the totals. ``threshold``: statements below it are flagged."""

    target: str
    threshold: float
    rows: tuple[ModuleFigures, ...]
    total: ModuleFigures


def summary(plan: Plan, threshold: float) -> Summary:
    """Count the plan's functions and statements by module. ``threshold``: see ``PlannedFunction.flagged``, 0 to 1."""
    rows = [_row(str(m), [f for f in plan.functions if f.module is m], threshold) for m in Module]
    return Summary(plan.target, threshold, tuple(r for r in rows if r.functions or r.missing), _row("all", plan.functions, threshold))


def _row(name: str, functions: Iterable[PlannedFunction], threshold: float) -> ModuleFigures:
    planned = list(functions)
    written = [f for f in planned if f.chosen >= 0]
    confidences = [s.confidence for f in written for s in f.candidate.statements]
    return ModuleFigures(
        module=name,
        functions=len(written),
        statements=len(confidences),
        flagged=sum(len(f.flagged(threshold)) for f in written),
        confidence=math.fsum(confidences) / len(confidences) if confidences else None,
        compiling=sum(f.compiles is True for f in written),
        checked=sum(f.compiles is not None for f in written),
        missing=len(planned) - len(written),
    )


def summary_table(figures: Summary) -> Table:
    """The summary for a terminal; the columns "Compile" and "Not written" are left out if they would be empty."""
    checked, missing = figures.total.checked > 0, figures.total.missing > 0
    table = Table(title=f"{figures.target}, flagged below {figures.threshold:.2f}", title_justify="left")
    table.add_column("Module")
    optional = [name for name, present in (("Compile", checked), ("Not written", missing)) if present]
    for name in ("Functions", "Statements", "Flagged", "Mean confidence", *optional):
        table.add_column(name, justify="right")
    for row in (*figures.rows, figures.total):
        if row is figures.total:
            table.add_section()
        cells = [row.module, str(row.functions), str(row.statements), str(row.flagged)]
        cells.append("-" if row.confidence is None else f"{row.confidence:.2f}")
        cells += [f"{row.compiling}/{row.checked}"] if checked else []
        cells += [str(row.missing)] if missing else []
        table.add_row(*cells, style="bold" if row is figures.total else "")
    return table


def summary_json(figures: Summary) -> dict[str, Any]:
    """The summary as plain data: target, threshold, modules (a list), total."""
    data = asdict(figures)
    data["modules"] = list(data.pop("rows"))
    return data


def steps_table(plan: Plan) -> Table:
    """The number of functions at each step that they were demoted to until the backend was built, a row for each module."""
    shown = [step for step in Step if any(f.step is step for f in plan.functions)]
    table = Table(title="Functions by step", title_justify="left")
    table.add_column("Module")
    for step in shown:
        table.add_column(step.replace("-", " ").capitalize(), justify="right")
    rows = [(str(m), [f for f in plan.functions if f.module is m]) for m in Module]
    for name, functions in (*((n, fs) for n, fs in rows if fs), ("all", list(plan.functions))):
        if name == "all":
            table.add_section()
        table.add_row(name, *(str(sum(f.step is step for f in functions)) for step in shown), style="bold" if name == "all" else "")
    return table


def steps_json(plan: Plan) -> dict[str, Any]:
    """The number of functions at each step, and the demoted functions: name, file, step, why."""
    counts = {str(step): sum(f.step is step for f in plan.functions) for step in Step}
    lowered = [f for f in plan.functions if f.step is not Step.FILLED and f.candidates]
    return {
        "steps": counts,
        "lowered": [{"name": name_of(f), "file": f.file, "step": str(f.step), "why": f.message.strip()} for f in lowered],
    }


def name_of(function: PlannedFunction) -> str:
    """``Class::name`` of a function, from its first candidate if none was chosen."""
    s = function.candidates[max(function.chosen, 0)].signature
    return f"{s.class_name}::{s.name}" if s.class_name else s.name


def queue_table(items: Sequence[ReviewItem], title: str) -> Table:
    """The review queue for a terminal: confidence and band, id, place and function, statement with donors and alternatives."""
    table = Table(title=Text(title), title_justify="left", show_lines=True)
    table.add_column("Confidence", no_wrap=True)
    table.add_column("Id", overflow="fold")
    table.add_column("Where", overflow="fold")
    table.add_column("Statement", overflow="fold", ratio=1)
    for item in items:
        confidence = Text(f"{item.confidence:.2f} {item.band}", style=BAND_STYLE[item.band])
        where = Text.assemble(item.place, "\n", (item.function, "dim"))
        table.add_row(confidence, Text(item.id), where, _statement(item))
    return table


def _statement(item: ReviewItem) -> Text:
    text = Text(item.text, style="bold")
    shown = ", ".join(str(d) for d in item.donors[:3]) or "none"
    more = f" and {len(item.donors) - 3} more" if len(item.donors) > 3 else ""
    text.append(f"\n{item.doubt}" if item.doubt else f"\ndonors: {shown}{more}", style="not bold dim")
    for number, alternative in enumerate(item.alternatives, 1):
        text.append(f"\n{number}: {alternative or '(leave it out)'}", style="not bold")
    if item.compiles is False:
        text.append(f"\nthe function does not compile{STANDS[item.step]}: {item.message.strip()}", style="not bold red")
    return text


def queue_json(items: Sequence[ReviewItem], decisions: Decisions, stale: Sequence[Decision], catch: float) -> dict[str, Any]:
    """The queue as plain data: items (donors as text), all decisions, and the ids of stale ones.

    ``catch``: the share (0 to 1) of all wrong statements that the items are expected to include.
    """
    return {
        "expected_catch": round(catch, 4),
        "items": [asdict(i) | {"donors": [str(d) for d in i.donors]} for i in items],
        "decisions": [asdict(d) for d in decisions.decisions],
        "stale": [d.id for d in stale],
    }
