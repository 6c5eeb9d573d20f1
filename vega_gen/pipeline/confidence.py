"""Calibrate a model's confidence: turn it into the share of statements that are right, and of functions that pass.

Curves are fitted to functions of validation targets that were judged, and kept in the checkpoint's manifest, one for each input mode.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from vega_gen import store
from vega_gen.errors import InputError
from vega_gen.model.calibrate import Curve, calibrated, isotonic
from vega_gen.pipeline.inputs import Inputs
from vega_gen.records import FLAG_BELOW, Candidate, Mode, Plan, PlannedFunction

_MANIFEST, _KEY = "manifest.json", "confidence"
JudgedFunction = tuple[Sequence[tuple[float, bool]], bool]
"""A judged function: (the filler's confidence, right?) of each statement, and whether the function passed."""
JudgedFunctions = Sequence[JudgedFunction]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curves of a model for one input mode. All values are between 0 and 1.

    ``statements``: a statement's confidence -> the share of such statements that is right.
    ``functions``: the product of the statements' confidences -> the share of such functions that passes.
    ``flag_below``: the review threshold.
    """

    statements: Curve = ()
    functions: Curve = ()
    flag_below: float = FLAG_BELOW


def calibration_of(checkpoint: Path, mode: Mode) -> Calibration:
    """A checkpoint's calibration for an input mode; an empty one, which changes nothing, where there is none."""
    plain: dict[str, Any] | None = _manifest(checkpoint).get(_KEY, {}).get(mode)
    return Calibration(_curve(plain["statements"]), _curve(plain["functions"]), plain["flag_below"]) if plain else Calibration()


def asked_with(checkpoint: Path) -> bytes:
    """The part of a checkpoint's manifest that its answers depend on: all but the calibration. b"" where there is no manifest."""
    known = {key: value for key, value in _manifest(checkpoint).items() if key != _KEY}
    return orjson.dumps(known, option=orjson.OPT_SORT_KEYS) if known else b""


def calibrated_plan(plan: Plan, inputs: Inputs) -> Plan:
    """The plan with calibrated confidence and review threshold, if a model made it and ``inputs`` does not ask for the raw confidence."""
    found = known_calibration(inputs)
    return replace(plan, functions=with_calibration(plan.functions, found), flag_below=found.flag_below)


def known_calibration(inputs: Inputs) -> Calibration:
    """The calibration of the model that ``inputs`` names; an empty one where it names no model, or asks for the raw confidence."""
    return calibration_of(inputs.model, inputs.mode) if inputs.filler.learns and not inputs.uncalibrated else Calibration()


def with_calibration(functions: Iterable[PlannedFunction], known: Calibration) -> tuple[PlannedFunction, ...]:
    """The functions with calibrated confidence of candidates and statements.

    Functions stay as they are without curves, and candidates that neither a donor nor a model took part in do too.
    """

    def of(candidate: Candidate) -> Candidate:
        if candidate.statements and not any(s.donors for s in candidate.statements):
            return candidate
        whole = math.prod(s.confidence for s in candidate.statements)
        said = tuple(replace(s, confidence=calibrated(s.confidence, known.statements)) for s in candidate.statements)
        return replace(candidate, statements=said, confidence=calibrated(whole, known.functions))

    if not known.statements:
        return tuple(functions)
    return tuple(replace(f, candidates=tuple(map(of, f.candidates))) for f in functions)


def fit(judged: JudgedFunctions) -> Calibration:
    """The calibration fitted to judged functions. Raises InputError if they have no statement."""
    statements = _isotonic(pair for pairs, _ in judged for pair in pairs)
    if not statements:
        what = "the judged functions have no statements to calibrate with"
        raise InputError(what, "", "judge validation targets with vega-gen regress --uncalibrated --json FILE")
    functions = _isotonic((math.prod(said for said, _ in pairs), passed) for pairs, passed in judged)
    made = Calibration(statements, functions)
    return replace(made, flag_below=_threshold(calibrated_pairs(judged, made)))


def calibrated_pairs(judged: JudgedFunctions, known: Calibration, whole: bool = False) -> list[tuple[float, bool]]:
    """(Calibrated confidence, right?) of every statement; ``whole``: (calibrated confidence, passed?) of every function."""
    if whole:
        return [(calibrated(math.prod(said for said, _ in pairs), known.functions), passed) for pairs, passed in judged]
    return [(calibrated(said, known.statements), right) for pairs, _ in judged for said, right in pairs]


def keep(found: Mapping[Mode, Calibration], checkpoint: Path) -> None:
    """Write calibrations to a checkpoint's manifest, beside those of other modes. Raises InputError where there is no checkpoint."""
    manifest = _manifest(checkpoint)
    if not manifest:
        raise InputError("no checkpoint: no manifest.json", str(checkpoint), "train one with `vega-gen train --llvm DIR --out DIR`")
    manifest[_KEY] = manifest.get(_KEY, {}) | {str(mode): asdict(known) for mode, known in found.items()}
    store.write_atomic(checkpoint / _MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def _threshold(pairs: Sequence[tuple[float, bool]]) -> float:
    """The review threshold by (confidence, right?) pairs: where the flagged share of the wrong ones exceeds that of the right ones most
    (Youden's index, Cancer 1950). FLAG_BELOW if all are right, or all wrong."""
    wrong = sum(not right for _, right in pairs)
    if wrong in (0, len(pairs)):
        return FLAG_BELOW
    best, chosen, flagged = 0.0, FLAG_BELOW, [0, 0]
    for said, group in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        gained = flagged[False] / wrong - flagged[True] / (len(pairs) - wrong)
        if gained > best:
            best, chosen = gained, said
        for _, right in group:
            flagged[right] += 1
    return chosen


def _isotonic(pairs: Iterable[tuple[float, bool]]) -> Curve:
    return tuple((round(said, 4), round(right, 4)) for said, right in isotonic(pairs))


def _curve(points: Iterable[Sequence[float]]) -> Curve:
    return tuple((said, right) for said, right in points)


def _manifest(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / _MANIFEST
    return orjson.loads(path.read_bytes()) if path.is_file() else {}
