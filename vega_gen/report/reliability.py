"""Calibration of statement confidence.

Enters: (confidence, right?) pairs, one a statement. Leaves: reliability bins, expected calibration error, capture share.
It does not decide what is right, and does not print.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vega_gen.errors import NotFoundError

Outcome = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Bin:
    """Statements whose confidence lies in [low, high) (the last bin: [low, 1]). ``confidence``: their mean
    confidence; ``right``: the share of them that is right; both 0 where ``count`` is 0."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(pairs: Iterable[Outcome], bins: int = 10) -> tuple[Bin, ...]:
    """The reliability curve: ``bins`` bins of equal width over 0 to 1, empty ones included.

    Raises ValueError for a confidence outside 0 to 1 (NaN included) or fewer than one bin.
    Source: PROTOCOL.md, "Further figures"; Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    if bins < 1:
        raise ValueError(f"{bins} bins")
    sorted_in: list[list[Outcome]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence {confidence} is not within 0 to 1")
        sorted_in[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return tuple(_bin(i / bins, (i + 1) / bins, members) for i, members in enumerate(sorted_in))


def _bin(low: float, high: float, members: Sequence[Outcome]) -> Bin:
    count = len(members)
    if not count:
        return Bin(low, high, 0, 0.0, 0.0)
    return Bin(low, high, count, math.fsum(c for c, _ in members) / count, sum(right for _, right in members) / count)


def expected_calibration_error(pairs: Iterable[Outcome], bins: int = 10) -> float:
    """Mean over statements of |share right - mean confidence| of their bin, 0 to 1.

    Raises NotFoundError where there is no pair. Source: Guo et al., ICML 2017, equation 3.
    """
    curve = reliability(pairs, bins)
    total = sum(b.count for b in curve)
    if not total:
        raise NotFoundError("no statement to calibrate on")
    return math.fsum(b.count * abs(b.right - b.confidence) for b in curve) / total


def wrong_in_least_confident(pairs: Iterable[Outcome], share: float = 0.2) -> float:
    """The share (0 to 1) of all wrong statements that lies in the least confident ``share`` of statements.

    The cut is at ``share`` times the number of statements, a fraction of a statement counting as that fraction.
    Statements of equal confidence are interchangeable: those at the cut count in proportion.
    Raises NotFoundError where no statement is wrong; ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} is not within 0 to 1")
    levels: dict[float, list[int]] = {}
    for confidence, right in pairs:
        level = levels.setdefault(confidence, [0, 0])
        level[0] += 1
        level[1] += not right
    wrong = sum(w for _, w in levels.values())
    if not wrong:
        raise NotFoundError("no wrong statement: no share of them to measure")
    room = share * sum(n for n, _ in levels.values())
    caught = 0.0
    for confidence in sorted(levels):
        count, bad = levels[confidence]
        taken = min(room, count)
        caught += bad * taken / count
        room -= taken
        if room <= 0:
            break
    return caught / wrong
