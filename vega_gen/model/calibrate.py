"""Calibrate confidences: isotonic regression from a model's probabilities to the observed share of correct statements."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence

Curve = tuple[tuple[float, float], ...]
"""Points (predicted, observed), both from 0 to 1 and increasing, joined by straight lines."""

FEWEST = 50
"""The minimum number of statements in a step of the curve, where there are enough: smaller samples are noise."""


def isotonic(pairs: Iterable[tuple[float, bool]]) -> Curve:
    """Fit an increasing step function to (probability, was right) pairs; return the middle of each step, () for no pairs.

    Pool adjacent violators (Zadrozny and Elkan, KDD 2002).
    """
    parts: list[_Step] = []
    for said, equal in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        right = [was for _, was in equal]
        more = said * len(right), sum(right), len(right)
        if parts and parts[-1][2] < FEWEST:
            parts[-1] = _pooled(parts[-1], more)
        else:
            parts.append(more)
    if len(parts) > 1 and parts[-1][2] < FEWEST:
        parts[-2:] = [_pooled(*parts[-2:])]
    steps: list[_Step] = []
    for part in parts:
        steps.append(part)
        while len(steps) > 1 and steps[-2][1] * steps[-1][2] >= steps[-1][1] * steps[-2][2]:
            steps[-2:] = [_pooled(*steps[-2:])]
    return tuple((said / n, right / n) for said, right, n in steps)


_Step = tuple[float, int, int]
"""Sum of the predicted probabilities, number of correct statements, number of statements."""


def _pooled(a: _Step, b: _Step) -> _Step:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def calibrated(probability: float, curve: Sequence[Sequence[float]]) -> float:
    """Return the calibrated probability; the probability itself where the curve is empty."""
    if not curve:
        return probability
    after = bisect_right([said for said, _ in curve], probability)
    if after == 0:
        return curve[0][1]
    if after == len(curve):
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[after - 1], curve[after]
    return y0 + (y1 - y0) * (probability - x0) / (x1 - x0) if x1 > x0 else y1
