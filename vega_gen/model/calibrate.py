"""Confidence that means something: isotonic regression from what a model says to how often it is right.

Enters: (probability, right?) pairs of validation targets. Leaves: a monotone curve. It does not measure how good it is (``report`` does).
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence

Curve = tuple[tuple[float, float], ...]
"""Points (said, is), both 0 to 1 and rising; a straight line between them."""

FEWEST = 50
"""Statements a step of the curve is made of, at least, where there are so many: fewer say little."""


def isotonic(pairs: Iterable[tuple[float, bool]]) -> Curve:
    """The rising step function nearest to the pairs (pool adjacent violators; Zadrozny and Elkan, KDD 2002), as the middle of each step.

    () for no pairs."""
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
"""Sum of what was said, how many were right, how many there are."""


def _pooled(a: _Step, b: _Step) -> _Step:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def calibrated(probability: float, curve: Sequence[Sequence[float]]) -> float:
    """What a probability stands for by the curve; itself where there is no curve."""
    if not curve:
        return probability
    after = bisect_right([said for said, _ in curve], probability)
    if after == 0:
        return curve[0][1]
    if after == len(curve):
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[after - 1], curve[after]
    return y0 + (y1 - y0) * (probability - x0) / (x1 - x0) if x1 > x0 else y1
