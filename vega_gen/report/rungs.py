"""Render ladders as a terminal table with lines of details below it, as what has changed since an earlier climb, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from vega_gen.records import Climbed, Ladder

FEW = 5
"""How many obstacles of a rung are shown."""


def table(ladder: Ladder) -> Table:
    """A row for each rung: how many passed, of how many, and the first obstacle."""
    made = Table(title=f"{ladder.target} ({ladder.triple})", title_justify="left")
    made.add_column("Rung")
    made.add_column("Passed", justify="right")
    made.add_column("Of", justify="right")
    made.add_column("First obstacle", overflow="fold")
    for step in ladder.steps:
        first = f"{step.obstacles[0].name}: {step.obstacles[0].message}" if step.obstacles else ""
        if step.total:
            full = step.passed == step.total
            made.add_row(step.rung, str(step.passed), str(step.total), first, style="green" if full else "")
        else:
            made.add_row(step.rung, "-", "-", "; ".join(step.notes), style="dim")
    return made


def lines(ladder: Ladder) -> list[str]:
    """The lines below the table: notes, first obstacles of each rung with the commands that reproduce them, and functions to blame."""
    found: list[str] = []
    for step in ladder.steps:
        found += [f"{step.rung}: {note}" for note in step.notes] if step.total else []
        for obstacle in step.obstacles[:FEW]:
            found.append(f"{step.rung}: {obstacle.name}: {obstacle.message}")
            found += [f"  {obstacle.command}"] if obstacle.command else []
        left = len(step.obstacles) - FEW
        found += [f"{step.rung}: {left} more (--json FILE lists all)"] if left > 0 else []
    for want in ladder.wanted:
        ways = ", ".join(f"{value} {sure:.2f}" for value, sure in want.candidates)
        known = f"candidates: {ways}" if ways else "no record is known to do it"
        found.append(f"{want.programs} of {want.total} programs want: {want.question} ({want.key}); {known}")
    ways = [f"{name} ({count})" for name, count in ladder.in_the_way[: 2 * FEW]]
    return found + ([f"functions that cause most obstacles: {', '.join(ways)}"] if ways else [])


def changes(before: Ladder, now: Ladder) -> tuple[str, ...]:
    """A line for each rung that another number passes, or other tools, instructions or programs fail: "objects 60 -> 58 of 60: first
    obstacle: ..."; the obstacle is the first that was not there before."""
    old = {step.rung: step for step in before.steps}
    return tuple(_change(old[step.rung], step) for step in now.steps if step.rung in old and _state(old[step.rung]) != _state(step))


def _state(step: Climbed) -> tuple[int, int, frozenset[str]]:
    return step.passed, step.total, frozenset(obstacle.name for obstacle in step.obstacles)


def _change(before: Climbed, now: Climbed) -> str:
    was = str(before.passed) if before.total == now.total else _counted(before)
    known = {obstacle.name for obstacle in before.obstacles}
    found = next((o for o in now.obstacles if o.name not in known), next(iter(now.obstacles), None))
    why = f": first obstacle: {found.name}: {found.message}" if found else ""
    notes = f": {'; '.join(now.notes)}" if not now.total and now.notes else ""
    return f"{now.rung} {was} -> {_counted(now)}{why or notes}"


def _counted(step: Climbed) -> str:
    return f"{step.passed} of {step.total}" if step.total else "not tried"


def as_json(ladders: Sequence[Ladder]) -> list[dict[str, Any]]:
    """The ladders as plain data, with ``in_the_way``: function -> how many obstacles name it."""
    return [asdict(ladder) | {"in_the_way": dict(ladder.in_the_way)} for ladder in ladders]
