"""Compute Pass@1 of runs as docs/protocol.md defines it, render it as tables, and write and read runs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
from rich.table import Table
from rich.text import Text

from vega_gen.errors import InputError, NotFoundError
from vega_gen.records import FillerName, Judgement, Mode, Module, Sample, Verdict
from vega_gen.report.reliability import ConfidenceOutcome, expected_calibration_error, reliability, wrong_in_least_confident


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the judge over a target, with a judgement for each function.

    ``llvm``: version. ``seconds``: wall clock time, generation included; ``judging``: the part from generated functions to verdicts.
    ``tree``: the tree whose functions were judged, "" for generated ones; with a tree, mode and filler are None. ``generation``: module ->
    seconds of work, {} if unknown. ``sample``: how the functions were sampled, None if all were judged.
    """

    target: str
    llvm: str
    mode: Mode | None
    filler: FillerName | None
    seconds: float
    judgements: tuple[Judgement, ...]
    tree: str = ""
    judging: float = 0.0
    generation: Mapping[str, float] = field(default_factory=dict[str, float])
    sample: Sample | None = None

    @property
    def label(self) -> str:
        """The name of this run in tables."""
        return self.tree or f"{self.filler} / {self.mode}"

    @property
    def plain(self) -> dict[str, Any]:
        """What was judged, as plain data."""
        origin = {"tree": self.tree} if self.tree else {"mode": str(self.mode), "filler": str(self.filler)}
        return {"target": self.target, "llvm": self.llvm, **origin, **({"sample": asdict(self.sample)} if self.sample else {})}


@dataclass(frozen=True, slots=True)
class Population:
    """Figures of a set of functions.

    ``verdicts``: every verdict -> how many functions have it, 0 included. ``statements``: (reference statements, of these reproduced,
    statements to add, change or delete).
    """

    size: int
    verdicts: dict[Verdict, int]
    statements: tuple[int, int, int]

    @property
    def passed(self) -> int:
        """How many functions count as right in Pass@1."""
        return sum(n for verdict, n in self.verdicts.items() if verdict.counts)

    @property
    def pass_at_1(self) -> float | None:
        """(identical + equivalent + passed) / size, 0 to 1; None for an empty population."""
        return self.passed / self.size if self.size else None

    @property
    def statement_accuracy(self) -> float | None:
        """The share of reference statements that were reproduced, 0 to 1; None if there are none."""
        return self.statements[1] / self.statements[0] if self.statements[0] else None


def population(judgements: Iterable[Judgement], interface: bool = False, module: Module | None = None) -> Population:
    """Count judgements, of the interface population or of one module only if asked (docs/protocol.md, "Verdicts")."""
    members = [j for j in judgements if (j.interface or not interface) and module in (None, j.module)]
    counts = Counter(j.verdict for j in members)
    reference, reproduced, edits = (sum(j.statements[i] for j in members) for i in range(3))
    return Population(len(members), {v: counts[v] for v in Verdict}, (reference, reproduced, edits))


def confidences(judgements: Iterable[Judgement], interface: bool) -> tuple[ConfidenceOutcome, ...]:
    """(confidence, right?) of each generated statement."""
    return tuple(pair for j in judgements if j.interface or not interface for pair in j.confidences)


def function_confidences(judgements: Iterable[Judgement], interface: bool) -> tuple[ConfidenceOutcome, ...]:
    """(confidence, counts in Pass@1?) of each generated function."""
    known = (j for j in judgements if j.interface or not interface)
    return tuple((j.confidence, j.verdict.counts) for j in known if j.confidence is not None)


def _caught(pairs: Sequence[ConfidenceOutcome]) -> float | None:
    return wrong_in_least_confident(pairs) if any(not right for _, right in pairs) else None


def run_json(run: Run) -> dict[str, Any]:
    """The run as plain data; ``read_runs`` reads it back. Raises NotFoundError if there are no judgements.

    Keys: target, llvm, mode and filler (or tree), seconds, judging_seconds, generation_seconds; population, with interface and whole (each:
    size, verdicts, pass_at_1, statements); modules, the same for each module; calibration of statement confidence over the interface
    population (error, wrong_in_least_sure_20, curve; null for a tree); function_calibration, the same for functions; functions.
    """
    _need_judgements([run])
    return {
        **run.plain,
        "seconds": round(run.seconds, 3),
        "judging_seconds": round(run.judging, 3),
        "generation_seconds": {m: round(s, 3) for m, s in run.generation.items()},
        "population": _both(run, None),
        "modules": {str(m): _both(run, m) for m in Module if any(j.module is m for j in run.judgements)},
        "calibration": _calibration_json(confidences(run.judgements, True)),
        "function_calibration": _calibration_json(function_confidences(run.judgements, True) if not run.tree else ()),
        "functions": [_plain(j) for j in run.judgements],
    }


def judgement_lines(run: Run) -> Iterator[bytes]:
    """The judgements as JSON lines, newline included, each with the run's target, llvm, mode and filler."""
    head = run.plain
    for judgement in run.judgements:
        yield orjson.dumps(head | _plain(judgement), option=orjson.OPT_APPEND_NEWLINE)


def verdict_table(runs: Sequence[Run], interface: bool) -> Table:
    """Verdicts and Pass@1 of one population, with a row for each verdict and a column for each run.

    Raises NotFoundError if there are no judgements.
    """
    _need_judgements(runs)
    figures = [population(r.judgements, interface) for r in runs]
    table = _table(f"{_title(runs)}: {_whose(runs, interface)}", "Verdict", runs)
    for verdict in Verdict:
        table.add_row(str(verdict), *(str(p.verdicts[verdict]) for p in figures), style="" if verdict.counts else "dim")
    table.add_section()
    table.add_row("functions", *(str(p.size) for p in figures))
    table.add_row("Pass@1", *(percent(p.pass_at_1) for p in figures), style="bold")
    table.add_row("statement accuracy", *(percent(p.statement_accuracy) for p in figures))
    table.add_row("statements to edit", *(str(p.statements[2]) for p in figures))
    sure = [confidences(r.judgements, interface) if not r.tree else () for r in runs]
    if any(sure):
        table.add_row("calibration error", *(f"{expected_calibration_error(pairs):.3f}" if pairs else "-" for pairs in sure))
        table.add_row("wrong ones in least confident 20 %", *(percent(_caught(pairs)) for pairs in sure))
        whole = [function_confidences(r.judgements, interface) if not r.tree else () for r in runs]
        table.add_row("calibration error of functions", *(f"{expected_calibration_error(pairs):.3f}" if pairs else "-" for pairs in whole))
    return table


def module_table(runs: Sequence[Run], interface: bool) -> Table:
    """Pass@1 by module (passed/size and per cent), with a column for each run. Raises NotFoundError if there are no judgements."""
    _need_judgements(runs)
    table = _table(f"{_title(runs)}: Pass@1 by module, {_whose(runs, interface)}", "Module", runs)
    for module in Module:
        figures = [population(r.judgements, interface, module) for r in runs]
        if any(p.size for p in figures):
            table.add_row(str(module), *(_ratio(p) for p in figures))
    table.add_section()
    table.add_row("all", *(_ratio(population(r.judgements, interface)) for r in runs), style="bold")
    return table


def failure_lines(run: Run) -> list[Text]:
    """A few lines for each generated function that is not right: verdict, place, error kinds, failing test, command that judges it again.

    Functions that were not generated are listed last, by name alone.
    """
    lines: list[Text] = []
    for j in run.judgements:
        if j.verdict.counts or j.verdict is Verdict.MISSING:
            continue
        kinds = f"  [{', '.join(j.errors)}]" if j.errors else ""
        lines.append(Text.assemble((f"{j.verdict:<15}", "bold"), j.function, (f"  {j.file}:{j.line}", "dim"), kinds))
        if j.test:
            lines.append(Text(f"    test: {j.test}"))
        if j.command:
            lines.append(Text(f"    $ {j.command}"))
    missing = [j.function for j in run.judgements if j.verdict is Verdict.MISSING]
    if missing:
        lines.append(Text.assemble((f"{Verdict.MISSING:<15}", "bold"), f"{len(missing)}: {', '.join(missing)}"))
    return lines


def percent(share: float | None) -> str:
    """Format a share of 0 to 1 as "45.3 %", None as "-"."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _table(title: str, first: str, runs: Sequence[Run]) -> Table:
    """An empty table with a column for each run, wide enough for its title."""
    table = Table(title=Text(title), title_justify="left", min_width=len(title))
    table.add_column(first)
    for run in runs:
        table.add_column(run.label, justify="right")
    return table


def _ratio(p: Population) -> str:
    return f"{p.passed}/{p.size}  {percent(p.pass_at_1):>7}" if p.size else "-"


def _both(run: Run, module: Module | None) -> dict[str, Any]:
    return {
        "interface": _population_json(population(run.judgements, True, module)),
        "whole": _population_json(population(run.judgements, False, module)),
    }


def _population_json(p: Population) -> dict[str, Any]:
    reference, reproduced, edits = p.statements
    return {
        "size": p.size,
        "verdicts": {str(v): n for v, n in p.verdicts.items()},
        "pass_at_1": p.pass_at_1,
        "statements": {"reference": reference, "reproduced": reproduced, "accuracy": p.statement_accuracy, "edits": edits},
    }


def _calibration_json(pairs: Sequence[ConfidenceOutcome]) -> dict[str, Any] | None:
    if not pairs:
        return None
    curve = [asdict(b) for b in reliability(pairs)]
    return {"error": expected_calibration_error(pairs), "wrong_in_least_sure_20": _caught(pairs), "curve": curve}


def _plain(judgement: Judgement) -> dict[str, Any]:
    row = asdict(judgement)
    row["module"], row["verdict"] = str(judgement.module), str(judgement.verdict)
    return row


def read_runs(file: Path) -> list[Run]:
    """Read the runs of a file that ``regress --json`` wrote. Raises InputError if it is not such a file."""
    again = "write it with: vega-gen regress ... --json FILE.json"
    try:
        found: Any = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(file), again) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"this is not JSON: {error.msg}", f"{file}:{error.lineno}:{error.colno}", again) from None
    try:
        runs = cast(list[dict[str, Any]], found) if isinstance(found, list) else [found]
        return [_run(plain) for plain in runs]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is not a run of vega-gen regress: {error}", str(file), again) from None


def _run(plain: dict[str, Any]) -> Run:
    mode, filler = (Mode(plain["mode"]), FillerName(plain["filler"])) if "tree" not in plain else (None, None)
    judgements = tuple(_judgement(row) for row in plain["functions"])
    seconds = plain["seconds"], plain["judging_seconds"], plain["generation_seconds"]
    sample = Sample(**plain["sample"]) if "sample" in plain else None
    return Run(plain["target"], plain["llvm"], mode, filler, seconds[0], judgements, plain.get("tree", ""), *seconds[1:], sample)


def _judgement(row: dict[str, Any]) -> Judgement:
    typed: dict[str, Any] = {
        **row,
        "module": Module(row["module"]),
        "verdict": Verdict(row["verdict"]),
        "errors": tuple(row["errors"]),
        "statements": tuple(row["statements"]),
        "confidences": tuple((sure, right) for sure, right in row.get("confidences", ())),
        "aligned": tuple((written, right, sure) for written, right, sure in row.get("aligned", ())),
    }
    return Judgement(**typed)


def _need_judgements(runs: Sequence[Run]) -> None:
    if not runs:
        raise NotFoundError("there is no run to report", next_step="make one: vega-gen regress --target <T> --llvm DIR")
    for run in runs:
        if not run.judgements:
            raise NotFoundError(
                f"no function of {run.target} was judged ({run.label})",
                next_step="check the glob of --functions, and run vega-gen regress again",
            )


def _whose(runs: Sequence[Run], interface: bool) -> str:
    """The population that a table counts, with the sample if there is one."""
    name = f"{'interface' if interface else 'whole'} population"
    drawn = dict.fromkeys(f"{s.size} of {s.population} functions, seed {s.seed}" for s in (r.sample for r in runs) if s)
    return f"{name}, {', '.join(drawn)}" if drawn else name


def _title(runs: Sequence[Run]) -> str:
    """Target and LLVM version of all runs, each once."""
    return ", ".join(dict.fromkeys(f"{r.target}, LLVM {r.llvm}" for r in runs))
