"""Measure how well confidence is calibrated, from (confidence, right?) pairs, one for each statement or function."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vega_gen.errors import NotFoundError

ConfidenceOutcome = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Bin:
    """The pairs whose confidence lies in [low, high), in the last bin [low, 1].

    ``confidence``: their mean confidence. ``right``: the share of them that is right. Both are 0 if ``count`` is 0.
    """

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(pairs: Iterable[ConfidenceOutcome], bins: int = 10) -> tuple[Bin, ...]:
    """The reliability curve: ``bins`` bins of equal width over 0 to 1, empty ones included.

    Raises ValueError for a confidence outside 0 to 1 (NaN included), or for fewer than one bin.
    Source: docs/protocol.md, "Further figures"; Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    if bins < 1:
        raise ValueError(f"{bins} bins")
    sorted_in: list[list[ConfidenceOutcome]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence {confidence} is not within 0 to 1")
        sorted_in[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return tuple(_bin(i / bins, (i + 1) / bins, members) for i, members in enumerate(sorted_in))


def _bin(low: float, high: float, members: Sequence[ConfidenceOutcome]) -> Bin:
    count = len(members)
    if not count:
        return Bin(low, high, 0, 0.0, 0.0)
    return Bin(low, high, count, math.fsum(c for c, _ in members) / count, sum(right for _, right in members) / count)


def expected_calibration_error(pairs: Iterable[ConfidenceOutcome], bins: int = 10) -> float:
    """The mean over all pairs of |share right - mean confidence| of their bin, 0 to 1.

    Raises NotFoundError if there is no pair. Source: Guo et al., ICML 2017, equation 3.
    """
    curve = reliability(pairs, bins)
    total = sum(b.count for b in curve)
    if not total:
        raise NotFoundError("there is no statement to measure calibration on")
    return math.fsum(b.count * abs(b.right - b.confidence) for b in curve) / total


def wrong_in_least_confident(pairs: Iterable[ConfidenceOutcome], share: float = 0.2) -> float:
    """The share (0 to 1) of all wrong statements that are among the least confident ``share`` of statements.

    Statements with the confidence at the cut count in proportion, because their order is arbitrary; the cut may fall within a statement.
    Raises NotFoundError if no statement is wrong, ValueError for a share outside 0 to 1.
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
        raise NotFoundError("there is no wrong statement to measure a share of")
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
