"""Render what became of programs that nobody here wrote: a table by level, causes with examples, JSON, and a page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from vega_gen import resources
from vega_gen.conform.verdicts import Conformed, ProgramVerdict

FEW = 3
"""Examples of a cause that are shown."""
_VARYING = re.compile(r"0x[0-9a-f]+|\bt\d+\b|\d{3,}")


def verdict_table(title: str, programs: Sequence[Conformed]) -> Table:
    """A column for each level, with the number of programs of each verdict."""
    levels = {level: Counter(one.verdict for one in programs if one.level == level) for level in dict.fromkeys(p.level for p in programs)}
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for level in levels:
        table.add_column(level, justify="right")
    for verdict in shown_verdicts(programs):
        table.add_row(verdict, *(str(counted[verdict]) for counted in levels.values()))
    table.add_section()
    table.add_row("pass, of those that count", *(share(counted) for counted in levels.values()))
    return table


def shown_verdicts(programs: Sequence[Conformed]) -> tuple[ProgramVerdict, ...]:
    """All verdicts, but for the one that only --mix gives where no program has it."""
    alone = any(one.verdict is ProgramVerdict.ALONE for one in programs)
    return tuple(verdict for verdict in ProgramVerdict if alone or verdict is not ProgramVerdict.ALONE)


def share(counted: Counter[ProgramVerdict]) -> str:
    """The programs that pass, of those that are C for this target and that the reference does not fail too."""
    passed = counted[ProgramVerdict.PASSES]
    whole = passed + sum(n for verdict, n in counted.items() if verdict.fails)
    return f"{passed} of {whole}, {passed / whole:.2%}" if whole else "-"


def causes(programs: Sequence[Conformed]) -> list[tuple[str, list[Conformed]]]:
    """What the backend is to blame for, by what was said, the most frequent first."""
    found: defaultdict[str, list[Conformed]] = defaultdict(list)
    for one in programs:
        if one.verdict.fails:
            where = f" ({one.llvm_pass})" if one.llvm_pass else ""
            found[f"{one.verdict}: {_VARYING.sub('_', one.why)[:110]}{where}"].append(one)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def cause_lines(programs: Sequence[Conformed]) -> list[str]:
    """A line for each cause with some of its programs, and the command of the first."""
    lines: list[str] = []
    for cause, members in causes(programs):
        names = ", ".join(f"{one.program} {one.level}{f' in {one.function}' if one.function else ''}" for one in members[:FEW])
        lines.append(f"{len(members):5} {cause}: {names}")
        lines += [f"      {members[0].command}"] if members[0].command else []
    return lines


def conformity_json(head: dict[str, Any], programs: Sequence[Conformed]) -> dict[str, Any]:
    """A run as plain data. ``head``: what is known of the run as a whole."""
    return head | {"programs": [asdict(one) for one in programs]}


def conformity_page(head: dict[str, Any], programs: Sequence[Conformed]) -> str:
    """A run as one HTML page without scripts: the table by level, and each cause with its programs and the commands that repeat them.

    ``head``: as for ``conformity_json``."""
    levels = {level: Counter(one.verdict for one in programs if one.level == level) for level in dict.fromkeys(p.level for p in programs)}
    shares = {level: share(counted) for level, counted in levels.items()}
    template = resources.environment("templates/report", autoescape=True).get_template("conform.html.j2")
    return template.render(**head, levels=levels, shares=shares, verdicts=shown_verdicts(programs), causes=causes(programs))
