"""What fillers share: the weight of each donor, votes on names, and removal of equal candidates."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from vega_gen.fill.context import NewTarget
from vega_gen.function_template import FunctionTemplate
from vega_gen.records import Candidate

SHARPNESS = 6.0
"""How strongly nearness counts: weight = exp(SHARPNESS * nearness). Chosen on ARC, Lanai and VE (docs/lab-log.md)."""

LENT = 0.3
"""Factor on the weight of a member lent by another group. Set by hand; no other value was tried."""


def weights_of(template: FunctionTemplate, new: NewTarget, sharpness: float = SHARPNESS) -> dict[int, float]:
    """The weight of each member; the weights add up to 1.

    A member's weight grows with its target's nearness, and is shared among the members of one target. Members lent by another group, whose
    names differ in case alone, weigh less.
    """
    name = template.group.name.rpartition("::")[2].partition("/")[0]
    per_target: dict[str, int] = defaultdict(int)
    for f in template.members:
        per_target[f.target] += 1
    raw = {
        i: math.exp(sharpness * (new.nearness.get(f.target, 0.0) - 1.0)) / per_target[f.target]
        * (LENT if f.signature.name != name and f.signature.name.lower() == name.lower() else 1.0)
        for i, f in enumerate(template.members)
    }
    total = sum(raw.values()) or 1.0
    return {i: w / total for i, w in raw.items()}


def unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates in their order; of those with the same text only the first."""
    found: dict[object, Candidate] = {}
    for c in candidates:
        found.setdefault((c.signature.initialisers, *((s.depth, s.head, s.tail) for s in c.statements)), c)
    return list(found.values())


def most_called(called: Mapping[int, str], weights: Mapping[int, float], member: int | None = None) -> list[str]:
    """The names that members use, ``member``'s own first, then by weight."""
    votes: dict[str, float] = defaultdict(float)
    for m, name in called.items():
        votes[name] += weights.get(m, 0.0) + (1.0 if m == member else 0.0)
    return sorted(votes, key=lambda n: (-votes[n], n))
