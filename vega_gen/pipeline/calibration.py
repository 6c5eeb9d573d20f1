"""Stage 8, after the choice: a filler's confidence as the share of its statements that is right, by judged runs of validation targets.

Enters: planned functions, a filler and a mode; (confidence, right?) pairs of runs. Leaves: the functions with that confidence; curves, and
where they are kept. It judges nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import orjson

from vega_gen import store
from vega_gen.errors import InputError
from vega_gen.model.calibrate import Curve, calibrated, isotonic
from vega_gen.pipeline.inputs import Inputs
from vega_gen.records import Candidate, FillerName, Mode, PlannedFunction

CURVES = Path(__file__).resolve().parents[2] / "targets" / "calibration.toml"
_KEY = "confidence"
_HEAD = "# What the confidence of a filler stands for, by input mode: (said, is) points between which a line is drawn. Written by\n"


def curve_of(filler: FillerName, mode: Mode, checkpoint: Path) -> Curve:
    """The curve of a filler, of its checkpoint where it is a model; () where none is known."""
    if filler.learns:
        manifest = checkpoint / "manifest.json"
        known = orjson.loads(manifest.read_bytes()).get(_KEY, {}) if manifest.is_file() else {}
    else:
        known = tomllib.loads(CURVES.read_text(encoding="utf-8")).get(filler, {})
    return tuple((said, right) for said, right in known.get(mode, ()))


def calibrated_functions(functions: Iterable[PlannedFunction], inputs: Inputs) -> tuple[PlannedFunction, ...]:
    """The functions with confidence by the curve of the filler that made them, unless ``inputs`` wants it as it is."""
    curve = () if inputs.uncalibrated else curve_of(inputs.filler, inputs.mode, inputs.model)
    return tuple(with_curve(function, curve) for function in functions)


def with_curve(function: PlannedFunction, curve: Curve) -> PlannedFunction:
    """A function with each statement's confidence by the curve; as it is for ()."""

    def of(candidate: Candidate) -> Candidate:
        said = tuple(replace(s, confidence=calibrated(s.confidence, curve)) for s in candidate.statements)
        return replace(candidate, statements=said)

    return replace(function, candidates=tuple(map(of, function.candidates))) if curve else function


def fit(pairs: Iterable[tuple[float, bool]]) -> Curve:
    """The curve of (confidence as the filler says it, right?) pairs. Raises InputError where there are none."""
    curve = tuple((round(said, 4), round(right, 4)) for said, right in isotonic(pairs))
    if not curve:
        raise InputError("no statement to calibrate by", "", "judge validation targets with vega-gen regress --uncalibrated --json FILE")
    return curve


def keep(curves: Mapping[tuple[FillerName, Mode], Curve], checkpoint: Path | None, command: str) -> Path:
    """Writes curves to ``targets/calibration.toml``, or, of a model, to its checkpoint's manifest, beside those that are there; where.

    ``command``: what made them."""
    if checkpoint is not None:
        path = checkpoint / "manifest.json"
        manifest = orjson.loads(path.read_bytes())
        manifest[_KEY] = manifest.get(_KEY, {}) | {str(mode): curve for (_, mode), curve in curves.items()}
        store.write_atomic(path, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        return path
    known = tomllib.loads(CURVES.read_text(encoding="utf-8")) if CURVES.is_file() else {}
    for (filler, mode), curve in curves.items():
        known.setdefault(str(filler), {})[str(mode)] = [list(point) for point in curve]
    lines = [_HEAD + f"#     {command}\n"]
    for filler, of_filler in sorted(known.items()):
        lines.append(f"\n[{filler}]\n" + "".join(f"{mode} = {points}\n" for mode, points in sorted(of_filler.items())))
    store.write_atomic(CURVES, "".join(lines).encode())
    return CURVES
