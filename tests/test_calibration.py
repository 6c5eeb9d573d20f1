"""Calibration of confidence: curves fitted to judged runs, where they are stored, and how they change a plan."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from plans import function, toy_plan
from test_report import judgement, run_of
from typer.testing import CliRunner

from vega_gen.cli.main import app
from vega_gen.errors import InputError
from vega_gen.pipeline import confidence
from vega_gen.records import FLAG_BELOW, FillerName, Mode, Verdict
from vega_gen.report import passrate

# Says 0.9 and is right half of the time; says 0.2 and never is.
OVERSURE = [(0.9, i % 2 == 0) for i in range(100)] + [(0.2, False)] * 100


def runs(folder: Path, filler: FillerName) -> Path:
    judged = judgement("a", Verdict.PASSED, confidences=tuple(OVERSURE))
    beyond = judgement("b", Verdict.PASSED, interface=False, confidences=((0.9, True),) * 1000)
    file = folder / f"{filler}.json"
    file.write_bytes(orjson.dumps(passrate.run_json(run_of(judged, beyond, filler=filler))))
    return file


def test_a_curve_says_what_was_right_and_what_passed() -> None:
    # a hundred functions of two statements: what is said of both is 0.81 and 0.25 together
    sure = [([(0.9, i % 2 == 0), (0.9, True)], i % 4 == 0) for i in range(60)]
    unsure = [([(0.5, i % 4 == 0), (0.5, False)], False) for i in range(60)]
    made = confidence.fit([*sure, *unsure])
    assert made.statements == ((0.5, 0.125), (0.9, 0.75))
    assert made.functions == ((0.25, 0.0), (0.81, 0.25))
    assert made.flag_below == 0.75, "all of the unsure ones"
    with pytest.raises(InputError, match="no statement"):
        confidence.fit([])


@pytest.mark.parametrize(
    ("pairs", "threshold"),
    [
        # below 0.6: 6 of 10 wrong ones and 2 of 10 right ones; below 0.8: 9 of 10 and 6 of 10
        ({0.3: (6, 2), 0.6: (3, 4), 0.8: (1, 4)}, 0.6),
        ({0.3: (1, 0), 0.4: (1, 0)}, FLAG_BELOW),
        ({0.3: (0, 1), 0.4: (0, 1)}, FLAG_BELOW),
    ],
    ids=["parted best", "all wrong", "all right"],
)
def test_the_review_threshold_parts_wrong_from_right_best(pairs: dict[float, tuple[int, int]], threshold: float) -> None:
    # fifty times as many: a step of the curve for each confidence
    statements = [(said, right) for said, counts in pairs.items() for right, n in enumerate(counts) for _ in range(50 * n)]
    made = confidence.fit([([(said, bool(right))], True) for said, right in statements])
    curve = dict(made.statements)
    assert made.flag_below == curve.get(threshold, threshold)


def test_statements_and_functions_get_confidence_by_the_curves() -> None:
    toy = toy_plan().functions[0]
    known = confidence.Calibration(((0.0, 0.0), (1.0, 0.5)), ((0.0, 0.2), (1.0, 0.7)))
    (made,) = confidence.with_calibration([toy], known)
    pairs = [
        (old.confidence, new.confidence)
        for before, after in zip(toy.candidates, made.candidates, strict=True)
        for old, new in zip(before.statements, after.statements, strict=True)
    ]
    assert len(pairs) > 3
    assert all(new == pytest.approx(old / 2) for old, new in pairs)
    whole = math.prod(s.confidence for s in toy.candidate.statements)
    assert 0 < whole < 1 and made.candidate.confidence == pytest.approx(0.2 + whole / 2)
    assert confidence.with_calibration([toy], confidence.Calibration()) == (toy,)


def test_what_nothing_was_learnt_for_keeps_its_confidence() -> None:
    (statement,) = toy_plan().functions[0].candidates[1].statements
    made = function("run", (replace(statement, donors=()),))
    known = confidence.Calibration(((0.0, 0.0), (1.0, 0.5)), ((0.0, 0.2), (1.0, 0.7)))
    assert confidence.with_calibration([made], known) == (made,)
    (empty,) = confidence.with_calibration([function("run", ())], known)
    assert empty.candidate.confidence == pytest.approx(0.7), "that nothing is to be done was voted for"


def test_the_command_keeps_a_calibration_in_the_manifest(tmp_path: Path) -> None:
    kept = {"statements": [[0.5, 0.25]], "functions": [], "flag_below": 0.4}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({"kind": "edit", "confidence": {"td": kept}}))
    said = CliRunner().invoke(app, ["calibrate", "--run", str(runs(tmp_path, FillerName.EDIT)), "--checkpoint", str(tmp_path)])
    assert said.exit_code == 0, said.output
    expected = "desc: statements 200, functions 1; below 0.50 are 50% of the statements, and 67% of the wrong ones"
    assert expected in said.output, "the interface population alone"
    made = confidence.calibration_of(tmp_path, Mode.DESC)
    assert (made.statements, made.flag_below) == (((0.2, 0.0), (0.9, 0.5)), 0.5)
    assert confidence.calibration_of(tmp_path, Mode.TD) == confidence.Calibration(((0.5, 0.25),), (), 0.4), "what was there stays"
    assert orjson.loads((tmp_path / "manifest.json").read_bytes())["kind"] == "edit"
    assert confidence.calibration_of(tmp_path / "none", Mode.DESC) == confidence.Calibration()


def test_each_target_s_error_is_told_with_the_others_fitted_to(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({"kind": "edit"}))
    # A function of 200 statements: what is said of all of them is as good as 0.
    right = judgement("a", Verdict.FAILED_TEST, confidences=((0.9, True),) * 100 + ((0.2, False),) * 100)
    other = tmp_path / "other.json"
    other.write_bytes(orjson.dumps(passrate.run_json(replace(run_of(right, filler=FillerName.EDIT), target="Other"))))
    runs_ = ["--run", str(runs(tmp_path, FillerName.EDIT)), "--run", str(other)]
    said = CliRunner().invoke(app, ["calibrate", *runs_, "--checkpoint", str(tmp_path)])
    assert said.exit_code == 0, said.output
    first = run_of(right).target
    assert f"desc: fitted without {first}, its calibration error is 0.250 (functions 1.000)" in said.output, "0.9 is right, says the other"
    assert "desc: fitted without Other, its calibration error is 0.250 (functions 1.000)" in said.output
    twice = CliRunner().invoke(app, ["calibrate", *runs_, *runs_[2:], "--checkpoint", str(tmp_path)])
    assert "desc: statements 600, functions 3;" in twice.output, "two runs of a target count both"


@pytest.mark.parametrize(("filler", "said"), [(FillerName.CONSENSUS, "not of a model"), (FillerName.EDIT, "no checkpoint")])
def test_a_run_of_no_model_and_a_model_that_is_not_there_are_refused(filler: FillerName, said: str, tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["calibrate", "--run", str(runs(tmp_path, filler)), "--checkpoint", str(tmp_path / "none")])
    assert isinstance(refused.exception, InputError)
    assert said in refused.exception.what
