"""The paper's figures and tables for our runs: the counts, the files, and which inputs are rejected."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from test_report import JUDGED, judgement, run_of
from typer.testing import CliRunner

from vega_gen.cli.main import app
from vega_gen.errors import InputError
from vega_gen.records import FillerName, Mode, Module, Verdict
from vega_gen.report import artefact, passrate
from vega_gen.report.experiments import Experiment, experiment
from vega_gen.report.passrate import Run

# Of the interface population: SEL has a (right), b (right, of several), c; EMI has d.
ALIGNED = {"a": (("f ( ) ;", "f ( ) ;", 0.9),), "b": (("f ( ) ;", "f ( ) ;", 0.9), ("", "return ;", 0.0)), "d": (("g ( ) ;", "", 0.3),)}
SURE = {"a": ((0.95, True), (0.15, False)), "d": ((0.95, False),)}
OURS = replace(
    run_of(
        *(replace(j, several=j.function == "b", confidences=SURE.get(j.function, ()), aligned=ALIGNED.get(j.function, ())) for j in JUDGED)
    ),
    target="XCore", generation={"EMI": 1.25, "SEL": 10.0}, judging=60.0,
)  # fmt: skip
THEIRS = replace(
    run_of(
        judgement("a", Verdict.CRASHED, statements=(4, 1, 3)),
        judgement("b", Verdict.MISSING, statements=(6, 0, 6)),
        filler=FillerName.FORKFLOW,
    ),
    target="XCore",
)
LABEL = "consensus / desc"
EXPECTED = {
    Experiment.FIG7: [
        ("XCore", LABEL, "SEL", 10.0, "not known"),
        ("XCore", LABEL, "EMI", 1.2, "not known"),
        ("XCore", LABEL, "all", 11.2, "under one hour a backend on 8 NVIDIA V100"),
    ],
    Experiment.FIG8: [
        ("XCore", LABEL, "SEL", 3, 2, 66.7, 50.0, "not known"),
        ("XCore", LABEL, "EMI", 1, 0, 0.0, 0.0, "not known"),
        ("XCore", LABEL, "all", 4, 2, 50.0, 50.0, 62.2),
    ],
    Experiment.TABLE2: [
        ("XCore", LABEL, "Err-V", 1, 25.0, "not known"),
        ("XCore", LABEL, "Err-CS", 1, 25.0, "not known"),
        ("XCore", LABEL, "Err-Def", 0, 0.0, "not known"),
    ],
    Experiment.FIG9: [
        ("XCore", LABEL, "SEL", 70.0, 10.0, "not known"),
        ("XCore", LABEL, "EMI", 0.0, 0.0, "not known"),
        ("XCore", LABEL, "all", 70.0, 10.0, "not known"),
    ],
    Experiment.TABLE3: [
        ("XCore", LABEL, "SEL", 10, 7, 5, "not known"),
        ("XCore", LABEL, "EMI", 0, 0, 0, "not known"),
        ("XCore", LABEL, "all", 10, 7, 5, "not known"),
    ],
    Experiment.TABLE4: [
        ("XCore", LABEL, "SEL", 5, 0.2, "not known"),
        ("XCore", LABEL, "EMI", 0, 0.0, "not known"),
        ("XCore", LABEL, "all", 5, 0.2, "not known"),
    ],
    Experiment.RELIABILITY: [
        ("XCore", LABEL, "0.0 to 0.1", 0, 0.0, 0.0),
        ("XCore", LABEL, "0.1 to 0.2", 1, 15.0, 0.0),
        *(("XCore", LABEL, f"0.{n} to 0.{n + 1}", 0, 0.0, 0.0) for n in range(2, 9)),
        ("XCore", LABEL, "0.9 to 1.0", 2, 95.0, 50.0),
    ],
    Experiment.FAILURES: [
        ("XCore", LABEL, "failed-test: Err-V and Err-CS", 1, 25.0, "d"),
        ("XCore", LABEL, "unverified", 1, 25.0, "c"),
    ],
    Experiment.FILLERS: [
        # 0.95 is said of a right and of a wrong one, 0.15 of a wrong one: (2 * 0.45 + 0.15) / 3
        ("XCore", LABEL, "interface", 4, 50.0, 70.0, 1, 1, 0, 0.0, 0.35),
        ("XCore", LABEL, "whole", 6, 50.0, 70.0, 1, 1, 0, 0.0, 0.35),
    ],
    Experiment.TEXT: [
        ("XCore", LABEL, "SEL", 3, 1, 33.3, "not known"),
        ("XCore", LABEL, "EMI", 1, 0, 0.0, "not known"),
        ("XCore", LABEL, "all", 4, 1, 25.0, 62.2),
    ],
}


def test_failures_are_counted_by_class_with_three_examples() -> None:
    name, member = ("x.cpp:1:2: error: use of undeclared identifier 'f'", "x.cpp:1:2: error: no member named 'g' in 'C'\nerror: undeclared")
    judged = [
        *(judgement(f"a{n}", Verdict.FAILED_COMPILE, output=name) for n in range(4)),
        judgement("b", Verdict.FAILED_COMPILE, output=member),
        judgement("c", Verdict.CRASHED, errors=("Err-V", "Err-Def")),
        judgement("d", Verdict.PASSED),
        judgement("e", Verdict.MISSING),
        judgement("f", Verdict.CRASHED, interface=False),
    ]
    result = experiment(Experiment.FAILURES, [run_of(*judged)])
    assert [row[2:] for row in result.rows] == [
        ("failed-compile: a name that is not declared there", 4, 50.0, "a0, a1, a2"),
        ("crashed: Err-V and Err-Def", 1, 12.5, "c"),
        ("failed-compile: a member that the class does not have", 1, 12.5, "b"),
        ("missing", 1, 12.5, "e"),
    ]


def test_bars_are_told_apart_where_a_target_has_several_runs() -> None:
    assert experiment(Experiment.FIG8, [OURS]).bars == ("XCore SEL", "XCore EMI", "XCore all")
    both = experiment(Experiment.FIG8, [OURS, replace(OURS, mode=Mode.TD)]).bars
    assert len(set(both)) == 6
    assert both[0] == "XCore consensus / desc SEL"


@pytest.mark.parametrize("name", [name for name in Experiment if name is not Experiment.FIG10])  # see test_conform.py
def test_each_counts_what_it_says(name: Experiment) -> None:
    ours_alone = name in (Experiment.RELIABILITY, Experiment.TEXT, Experiment.FILLERS)  # which count every run
    result = experiment(name, [OURS] if ours_alone else [OURS, THEIRS])
    assert list(result.rows) == EXPECTED[name]
    assert all(len(row) == len(result.columns) for row in result.rows)
    assert all(len(values) == len(result.bars) for values in result.series.values())


def test_an_estimate_says_that_it_is_one() -> None:
    assert "an estimate, not a trial with people" in experiment(Experiment.TABLE4, [OURS]).csv


def test_a_run_that_is_needed_and_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="there is no run of a filler other than forkflow"):
        experiment(Experiment.FIG8, [THEIRS])
    with pytest.raises(InputError, match="there is no run of forkflow for XCore"):
        experiment(Experiment.FIG9, [OURS])
    with pytest.raises(InputError, match="how long generation took"):
        experiment(Experiment.FIG7, [replace(OURS, generation={})])
    with pytest.raises(InputError, match="no run has confidences"):
        experiment(Experiment.RELIABILITY, [run_of(*JUDGED)])


def written(folder: Path, *runs: Run) -> Path:
    file = folder / "run.json"
    file.write_bytes(orjson.dumps([passrate.run_json(run) for run in runs]))
    return file


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert passrate.read_runs(written(tmp_path, OURS, THEIRS)) == [OURS, THEIRS]


def test_the_artefact_s_lines_come_back_as_what_was_compared_as_text(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_bytes(b"".join(artefact.lines(OURS)))
    first = orjson.loads(file.read_bytes().splitlines()[2])
    assert first == {
        "vega_code": "", "vega_pre": 0.0, "ans_code": "return ;", "ans_pre": 1.0, "File": "Toy.cpp", "Function": "b", "Module": "SEL",
        "Target": "XCore",
    }  # fmt: skip
    (read,) = artefact.read(file)
    assert [(j.function, j.verdict, j.aligned) for j in read.judgements] == [
        (name, Verdict.UNVERIFIED, ALIGNED[name]) for name in ("a", "b", "d")
    ]
    assert [j.statements for j in read.judgements] == [(1, 1, 0), (2, 1, 1), (0, 0, 1)]
    answered = CliRunner().invoke(app, ["experiment", "text", "--run", str(file), "--out", str(tmp_path)])
    assert (answered.exit_code, "33.3" in answered.output) == (0, True), answered.output
    assert list(artefact.lines(read)) == list(artefact.lines(OURS))


def test_what_is_no_line_of_the_artefact_is_named(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_bytes(next(artefact.lines(OURS)) + b'{"vega_code": "x"}\n')
    with pytest.raises(InputError) as caught:
        artefact.read(file)
    assert caught.value.where == f"{file}:2"


def test_the_command_writes_the_same_files_twice(tmp_path: Path) -> None:
    file = written(tmp_path, OURS, THEIRS)
    made: list[bytes] = []
    for out in (tmp_path / "a", tmp_path / "b"):
        answered = CliRunner().invoke(app, ["experiment", "fig9", "--run", str(file), "--out", str(out)])
        assert answered.exit_code == 0, answered.output
        assert "VEGA's figures: VEGA, CGO 2025" in answered.output
        made.append((out / "fig9.csv").read_bytes() + (out / "fig9.svg").read_bytes())
    assert made[0] == made[1]
    lines = [line for line in (tmp_path / "a/fig9.csv").read_text().splitlines() if not line.startswith("#")]
    assert next(csv.reader(lines)) == ["target", "run", "module", "statements right %", "ForkFlow %", "VEGA %"]
    assert "<svg" in (tmp_path / "a/fig9.svg").read_text()
    assert "ForkFlow" in (tmp_path / "a/fig9.svg").read_text()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"[]", "fig12", "no experiment fig12"),
        (b"[]", "fig8", "there is no run of a filler other than forkflow"),
        (b"[{]", "fig8", "not JSON"),
        (b"[1]", "fig8", "not a run of vega-gen regress"),
        (b'{"target": "X"}', "fig8", "not a run of vega-gen regress"),
    ],
)
def test_bad_input_is_told_and_writes_nothing(tmp_path: Path, content: bytes, name: str, said: str) -> None:
    file = tmp_path / "run.json"
    file.write_bytes(content)
    answered = CliRunner().invoke(app, ["experiment", name, "--run", str(file), "--out", str(tmp_path / "out")])
    assert answered.exit_code != 0
    assert said in answered.output + str(answered.exception)
    assert not (tmp_path / "out").exists()


def test_modules_of_no_function_are_left_out() -> None:
    only = run_of(judgement("a", Verdict.PASSED, module=Module.DIS))
    assert [row[2] for row in experiment(Experiment.FIG8, [only]).rows] == ["DIS", "all"]
