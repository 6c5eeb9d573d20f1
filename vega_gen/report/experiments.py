"""Compute the figures and tables of VEGA's paper (CGO 2025) from runs of the judge.

Published figures beside them come from ``targets/settings/published.toml``; a cell says ``UNKNOWN`` if there is none.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vega_gen import resources
from vega_gen.errors import InputError
from vega_gen.records import FillerName, Judgement, Module, Verdict
from vega_gen.report.passrate import Run, confidences, population
from vega_gen.report.reliability import expected_calibration_error, reliability

MINUTES_A_STATEMENT = 2.0
"""Minutes that table4 assumes a person needs to find, understand and correct one statement. This was not measured."""
UNKNOWN = "not known"
_ERRORS = ("Err-V", "Err-CS", "Err-Def")
Row = tuple[str | int | float, ...]


class Experiment(StrEnum):
    """A figure or table of the paper. RELIABILITY, FAILURES and FILLERS are our own; TEXT counts as VEGA does, by comparing statements."""

    FIG7 = "fig7"
    FIG8 = "fig8"
    TABLE2 = "table2"
    FIG9 = "fig9"
    TABLE3 = "table3"
    TABLE4 = "table4"
    FIG10 = "fig10"
    """Made of runs of ``conform``, in ``report.speedups``."""
    RELIABILITY = "reliability"
    TEXT = "text"
    FAILURES = "failures"
    FILLERS = "fillers"


@dataclass(frozen=True, slots=True)
class Result:
    """A computed figure or table.

    ``columns``, ``rows``: content of the CSV. ``bars``: labels of the picture's bars. ``series``: name -> one value for each bar.
    ``unit``: of the picture's axis. ``notes``: sources and assumptions.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    bars: tuple[str, ...]
    series: dict[str, tuple[float, ...]]
    unit: str
    notes: tuple[str, ...]

    @property
    def csv(self) -> str:
        """The rows as comma-separated values, after the notes as lines that begin with ``#``."""
        out = io.StringIO()
        out.writelines(f"# {note}\n" for note in self.notes)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()


def experiment(name: Experiment, runs: Sequence[Run]) -> Result:
    """Compute the figure or table ``name`` from ``runs``. Raises InputError if a run that it needs is missing."""
    return _MAKERS[name](runs)


def _published() -> dict[str, Any]:
    return resources.settings("published")


def _vega(what: str, target: str) -> str | float:
    return _published()["VEGA"][what].get(target, UNKNOWN)


def _source() -> str:
    return f"VEGA's figures: {_published()['VEGA']['source']}"


def _generated(runs: Sequence[Run]) -> list[Run]:
    """The last run of a filler other than forkflow for each target and mode. Raises InputError if there is none."""
    best: dict[tuple[str, object], Run] = {}
    for run in runs:
        if run.filler not in (None, FillerName.FORKFLOW):
            best[run.target, run.mode] = run
    if not best:
        raise InputError(
            "there is no run of a filler other than forkflow", "", "make one: vega-gen regress --target T --llvm DIR --json FILE.json"
        )
    return list(best.values())


def _parts(run: Run) -> list[tuple[str, list[Judgement]]]:
    """The interface population by module, with "all" last."""
    members = [j for j in run.judgements if j.interface]
    parts = [(str(m), [j for j in members if j.module is m]) for m in Module]
    return [*((name, part) for name, part in parts if part), ("all", members)]


def _fig7(runs: Sequence[Run]) -> Result:
    known = [run for run in _generated(runs) if run.generation]
    if not known:
        raise InputError("no run says how long generation took", "", "judge a plan that was made on this machine: vega-gen regress")
    rows: list[Row] = []
    for run in known:
        seconds = {str(m): run.generation[str(m)] for m in Module if str(m) in run.generation}
        rows += [(run.target, run.label, m, round(s, 1), UNKNOWN) for m, s in seconds.items()]
        rows.append((run.target, run.label, "all", round(sum(seconds.values()), 1), _published()["VEGA"]["generation"]))
    columns = ("target", "run", "module", "seconds of work", "VEGA")
    notes = (_source(), "seconds of work: filling and compiling candidates, added up over functions; two jobs take half as long")
    return _result("Generation time by module", columns, rows, (3,), "s", notes)


def _fig8(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        for name, part in _parts(run):
            right = [j for j in part if j.verdict.counts]
            several = _percent(sum(j.several for j in right), len(right))
            theirs = _vega("function_accuracy", run.target) if name == "all" else UNKNOWN
            rows.append((run.target, run.label, name, len(part), len(right), _percent(len(right), len(part)), several, theirs))
    columns = ("target", "run", "module", "functions", "right", "Pass@1 %", "of these built from several targets %", "VEGA %")
    notes = (_source(), "population: interface; right: Pass@1 by running tests")
    return _result("Function accuracy by module", columns, rows, (5,), "%", notes)


def _table2(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        members = _parts(run)[-1][1]
        kinds = Counter(kind for j in members for kind in j.errors)
        rows += [(run.target, run.label, kind, kinds[kind], _percent(kinds[kind], len(members)), UNKNOWN) for kind in _ERRORS]
    columns = ("target", "run", "kind", "functions", "of the population %", "VEGA %")
    notes = (_source(), "a function may have several kinds of error; missing functions have none")
    return _result("Errors of failed functions", columns, rows, (4,), "%", notes)


def _fig9(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        beside = next((r for r in runs if (r.target, r.mode, r.filler) == (run.target, run.mode, FillerName.FORKFLOW)), None)
        if beside is None:
            again = "add one: vega-gen regress --filler forkflow --json FILE.json"
            raise InputError(f"there is no run of forkflow for {run.target} / {run.mode}", "", again)
        theirs = dict(_parts(beside))
        for name, part in _parts(run):
            shares = [population(p).statement_accuracy or 0.0 for p in (part, theirs.get(name, []))]
            rows.append((run.target, run.label, name, *(round(100 * s, 1) for s in shares), UNKNOWN))
    columns = ("target", "run", "module", "statements right %", "ForkFlow %", "VEGA %")
    notes = (_source(), "reference statements reproduced, aligned in order")
    return _result("Statement accuracy by module", columns, rows, (3, 4), "%", notes)


def _table3(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        for name, part in _parts(run):
            reference, right, edits = population(part).statements
            rows.append((run.target, run.label, name, reference, right, edits, UNKNOWN))
    columns = ("target", "run", "module", "reference statements", "right", "to add, change or delete", "VEGA")
    return _result("Statements right and to be corrected", columns, rows, (4, 5), "statements", (_source(),))


def _table4(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        for name, part in _parts(run):
            edits = population(part).statements[2]
            rows.append((run.target, run.label, name, edits, round(edits * MINUTES_A_STATEMENT / 60, 1), UNKNOWN))
    notes = (
        f"an estimate, not a trial with people: {MINUTES_A_STATEMENT:g} minutes for each statement are assumed, not measured",
        "VEGA's figures, measured with two developers, are in table 4 of its paper",
    )
    columns = ("target", "run", "module", "statements to edit", "estimated hours", "VEGA hours")
    return _result("Effort of correction (estimate)", columns, rows, (4,), "hours", notes)


def _reliability(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in runs:
        for b in reliability(confidences(run.judgements, True)):
            said = f"{b.low:.1f} to {b.high:.1f}"
            rows.append((run.target, run.label, said, b.count, round(100 * b.confidence, 1), round(100 * b.right, 1)))
    if not any(row[3] for row in rows):
        raise InputError("no run has confidences of its statements", "", "judge it again with this version: vega-gen regress --json")
    notes = ("statements generated for the interface population, by confidence; right: equal to the reference",)
    return _result("Confidence and truth", ("target", "run", "confidence", "statements", "said %", "right %"), rows, (4, 5), "%", notes)


def _text(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in runs:
        for name, part in _parts(run):
            same = sum(bool(j.aligned) and all(written == right for written, right, _ in j.aligned) for j in part)
            theirs = _vega("function_accuracy", run.target) if name == "all" else UNKNOWN
            rows.append((run.target, run.label, name, len(part), same, _percent(same, len(part)), theirs))
    columns = ("target", "run", "module", "functions", "as recorded", "as recorded %", "VEGA %")
    notes = (_source(), "a function counts if every statement equals the reference's, names of locals aside; no test is run")
    return _result("Functions whose every statement is as recorded", columns, rows, (5,), "%", notes)


_COMPLAINTS = {
    "a name that is not declared there": re.compile(r"undeclared identifier|unknown type name|no type named|undefined symbol"),
    "a member that the class does not have": re.compile(r"no member named|does not match any declaration"),
    "other parameters than the function called has": re.compile(r"no matching (?:member function|function|constructor)|arguments to"),
    "another type": re.compile(r"cannot initialize|no viable|invalid operands|incompatible|no known conversion"),
}
"""Class of failure -> pattern of the first error of clang or lld for a function that does not compile in the official file."""


def _failures(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in _generated(runs):
        members = [j for j in run.judgements if j.interface]
        classes: defaultdict[str, list[str]] = defaultdict(list)
        for j in members:
            if not j.verdict.counts:
                classes[_failure(j)].append(j.function)
        for name, functions in sorted(classes.items(), key=lambda item: (-len(item[1]), item[0])):
            rows.append((run.target, run.label, name, len(functions), _percent(len(functions), len(members)), ", ".join(functions[:3])))
    notes = (
        "population: interface",
        "Err-V: a wrong value; Err-CS: a statement kept or dropped wrongly; Err-Def: a statement that no slot offers",
        "the first three functions of each class, in the reference's order",
    )
    columns = ("target", "run", "class", "functions", "of the population %", "examples")
    return _result("Why functions fail", columns, rows, (3,), "functions", notes)


def _failure(j: Judgement) -> str:
    if j.verdict is Verdict.FAILED_COMPILE:
        first = re.search(r"error: .*", j.output)
        found = (name for name, said in _COMPLAINTS.items() if first and said.search(first[0]))
        return f"{j.verdict}: {next(found, 'something else')}"
    return " ".join((f"{j.verdict}{':' if j.errors else ''}", " and ".join(j.errors))).strip()


def _fillers(runs: Sequence[Run]) -> Result:
    rows: list[Row] = []
    for run in runs:
        for interface in (True, False):
            members = [j for j in run.judgements if j.interface or not interface]
            p = population(members)
            kinds = Counter(kind for j in members for kind in j.errors)
            failed = _percent(p.verdicts[Verdict.FAILED_COMPILE], p.size)
            sure = confidences(members, interface)
            off = round(expected_calibration_error(sure), 3) if sure else UNKNOWN
            name = "interface" if interface else "whole"
            shares = _percent(p.passed, p.size), round(100 * (p.statement_accuracy or 0.0), 1)
            rows.append((run.target, run.label, name, p.size, *shares, *(kinds[kind] for kind in _ERRORS), failed, off))
    columns = ("target", "run", "population", "size", "Pass@1 %", "right %", *_ERRORS, "no compile %", "ECE")
    notes = (
        "right: statements; Err-V, Err-CS, Err-Def: functions, which may have several; no compile: failed-compile",
        "ECE: expected calibration error of statements, 0 to 1",
    )
    return _result("Fillers beside each other", columns, rows, (4, 5), "%", notes)


_MAKERS: dict[Experiment, Callable[[Sequence[Run]], Result]] = {
    Experiment.FIG7: _fig7,
    Experiment.FIG8: _fig8,
    Experiment.TABLE2: _table2,
    Experiment.FIG9: _fig9,
    Experiment.TABLE3: _table3,
    Experiment.TABLE4: _table4,
    Experiment.RELIABILITY: _reliability,
    Experiment.TEXT: _text,
    Experiment.FAILURES: _failures,
    Experiment.FILLERS: _fillers,
}


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _result(title: str, columns: tuple[str, ...], rows: list[Row], shown: tuple[int, ...], unit: str, notes: tuple[str, ...]) -> Result:
    """Make a Result. ``shown``: the columns that the picture shows. A bar's label names the run if the target has several."""
    runs = {target: {row[1] for row in rows if row[0] == target} for target in {row[0] for row in rows}}
    bars = tuple(f"{row[0]} {row[2]}" if len(runs[row[0]]) == 1 else f"{row[0]} {row[1]} {row[2]}" for row in rows)
    series = {columns[i]: tuple(float(row[i]) for row in rows) for i in shown}
    return Result(title, columns, tuple(rows), bars, series, unit, notes)
