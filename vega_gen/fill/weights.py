"""Stage 8, what fillers share: how much each donor counts, what statements are called, which candidates are the same.

Enters: a template, the new target, candidates. Leaves: weights, ids, candidates. It fills nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from vega_gen.fill.context import NewTarget
from vega_gen.function_template import FunctionTemplate
from vega_gen.records import Candidate

SHARPNESS = 6.0
"""How much nearer donors count: weight = exp(SHARPNESS * nearness). Chosen on ARC, Lanai and VE (docs/lab-log.md)."""

LENT = 0.3
"""Weight of a member that another group lends, beside the group's own. Set by hand; no other value was tried."""


def weights_of(template: FunctionTemplate, new: NewTarget, sharpness: float = SHARPNESS) -> dict[int, float]:
    """Weight of each member: its target's nearness sharpened, shared among the members a target has; less for members that another group
    lends, which is called the same but for case."""
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
    """The candidates in their order, of those with the same text the first."""
    found: dict[object, Candidate] = {}
    for c in candidates:
        found.setdefault((c.signature.initialisers, *((s.depth, s.head, s.tail) for s in c.statements)), c)
    return list(found.values())


def most_called(called: Mapping[int, str], weights: Mapping[int, float], member: int | None = None) -> list[str]:
    """The names that members use, the one of ``member`` or of most donors first."""
    votes: dict[str, float] = defaultdict(float)
    for m, name in called.items():
        votes[name] += weights.get(m, 0.0) + (1.0 if m == member else 0.0)
    return sorted(votes, key=lambda n: (-votes[n], n))
