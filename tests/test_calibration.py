"""What a confidence stands for: curves fitted to judged runs, where they are kept, and what they do to a plan."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from plans import toy_plan
from test_report import judgement, run_of
from typer.testing import CliRunner

from vega_gen.cli import app
from vega_gen.errors import InputError
from vega_gen.pipeline import calibration
from vega_gen.records import FillerName, Mode, Verdict
from vega_gen.report import passrate

# Says 0.9 and is right half of the time; says 0.2 and never is.
OVERSURE = [(0.9, i % 2 == 0) for i in range(100)] + [(0.2, False)] * 100


def runs(folder: Path, filler: FillerName) -> Path:
    judged = judgement("a", Verdict.PASSED, confidences=tuple(OVERSURE))
    beyond = judgement("b", Verdict.PASSED, interface=False, confidences=((0.9, True),) * 1000)
    file = folder / f"{filler}.json"
    file.write_bytes(orjson.dumps(passrate.run_json(run_of(judged, beyond, filler=filler))))
    return file


def test_a_curve_says_what_was_right() -> None:
    assert calibration.fit(OVERSURE) == ((0.2, 0.0), (0.9, 0.5))
    with pytest.raises(InputError, match="no statement"):
        calibration.fit([])


def test_statements_of_every_candidate_get_the_curve_s_confidence() -> None:
    function = toy_plan().functions[0]
    made = calibration.with_curve(function, ((0.0, 0.0), (1.0, 0.5)))
    pairs = [
        (old.confidence, new.confidence)
        for before, after in zip(function.candidates, made.candidates, strict=True)
        for old, new in zip(before.statements, after.statements, strict=True)
    ]
    assert len(pairs) > 3
    assert all(new == pytest.approx(old / 2) for old, new in pairs)
    assert calibration.with_curve(function, ()) is function


def test_the_command_keeps_a_curve_in_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({"kind": "edit", "confidence": {"td": [[0.5, 0.25]]}}))
    said = CliRunner().invoke(app, ["calibrate", "--run", str(runs(tmp_path, FillerName.EDIT)), "--checkpoint", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "desc: 200 statements, 2 steps" in said.output, "the interface population alone"
    assert calibration.curve_of(tmp_path, Mode.DESC) == ((0.2, 0.0), (0.9, 0.5))
    assert calibration.curve_of(tmp_path, Mode.TD) == ((0.5, 0.25),), "what was there stays"
    assert orjson.loads((tmp_path / "manifest.json").read_bytes())["kind"] == "edit"
    assert calibration.curve_of(tmp_path / "none", Mode.DESC) == ()


@pytest.mark.parametrize(("filler", "said"), [(FillerName.CONSENSUS, "not of a model"), (FillerName.EDIT, "no checkpoint")])
def test_a_run_of_no_model_and_a_model_that_is_not_there_are_refused(filler: FillerName, said: str, tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["calibrate", "--run", str(runs(tmp_path, filler)), "--checkpoint", str(tmp_path / "none")])
    assert isinstance(refused.exception, InputError)
    assert said in refused.exception.what
