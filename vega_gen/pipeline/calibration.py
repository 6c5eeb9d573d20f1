"""Stage 8, after the choice: a model's confidence as the share of its statements that is right, by judged runs of validation targets.

Enters: planned functions; (confidence, right?) pairs of runs. Leaves: the functions with that confidence; curves in the checkpoint's
manifest. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from vega_gen import store
from vega_gen.errors import InputError
from vega_gen.model.calibrate import Curve, calibrated, isotonic
from vega_gen.pipeline.inputs import Inputs
from vega_gen.records import Candidate, Mode, PlannedFunction

_KEY = "confidence"


def curve_of(checkpoint: Path, mode: Mode) -> Curve:
    """The curve of a checkpoint for an input mode, () where none is known."""
    manifest = checkpoint / "manifest.json"
    plain: dict[str, Any] = orjson.loads(manifest.read_bytes()) if manifest.is_file() else {}
    points: list[tuple[float, float]] = plain.get(_KEY, {}).get(mode, [])
    return tuple((said, right) for said, right in points)


def asked_with(checkpoint: Path) -> bytes:
    """What of a checkpoint's manifest its answers depend on: all but the curves; b"" where there is none."""
    manifest = checkpoint / "manifest.json"
    if not manifest.is_file():
        return b""
    known = orjson.loads(manifest.read_bytes())
    return orjson.dumps({key: value for key, value in known.items() if key != _KEY}, option=orjson.OPT_SORT_KEYS)


def calibrated_functions(functions: Iterable[PlannedFunction], inputs: Inputs) -> tuple[PlannedFunction, ...]:
    """The functions with confidence by the curve of the model that made them, if one did and ``inputs`` does not want it as it is."""
    curve = curve_of(inputs.model, inputs.mode) if inputs.filler.learns and not inputs.uncalibrated else ()
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


def keep(curves: Mapping[Mode, Curve], checkpoint: Path) -> None:
    """Writes curves to a checkpoint's manifest, beside those of other modes. Raises InputError where there is no checkpoint."""
    path = checkpoint / "manifest.json"
    if not path.is_file():
        raise InputError("no checkpoint: no manifest.json", str(checkpoint), "train one with `vega-gen train --llvm DIR --out DIR`")
    manifest = orjson.loads(path.read_bytes())
    manifest[_KEY] = manifest.get(_KEY, {}) | {str(mode): curve for mode, curve in curves.items()}
    store.write_atomic(path, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
