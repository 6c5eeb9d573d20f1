"""Says how sure a fact is: the share of facts with the same evidence that were right on LLVM's own targets.

The shares are measured by ``python -m benchmarks.facts --calibrate``, which writes targets/settings/fact_confidence.toml, on the targets
that are not for tests (targets/settings/training.toml).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import cast

from vega_gen import resources
from vega_gen.records import Evidence

Shares = Mapping[str, Mapping[str, float]]
"""Kind of evidence -> role ("all" for any other) -> the share of its facts that are right, from 0 to 1."""
ANY = "all"
_PRIOR = {
    Evidence.PERSON: 1.0,
    Evidence.TESTS: 0.9,
    Evidence.ASSEMBLY: 0.6,
    Evidence.SCHEDULE: 0.5,
    Evidence.DONOR: 0.5,
    Evidence.NAME: 0.6,
    Evidence.DEFAULT: 0.3,
}
_LIKELY = 0.95
"""What is expected, before anything is measured, of evidence that ``_PRIOR`` does not list."""
_WEIGHT = 4
"""So many facts does the expectation count for: few measured ones move it little."""
_ENOUGH = 8
"""A role has a share of its own from so many facts on."""


def role(key: str) -> str:
    """Returns what a key's facts are measured together with: "instruction.load" for "instruction.load.8.zext"."""
    return ".".join(key.split(".")[:2])


def confidence(key: str, evidence: Evidence) -> float:
    """Returns the confidence, from 0 to 1, in a fact for ``key`` that has this evidence."""
    return of(_measured(), key, evidence)


def of(shares: Shares, key: str, evidence: Evidence) -> float:
    """Returns the confidence that ``shares`` give a fact for ``key`` with this evidence."""
    known = shares.get(evidence, {})
    return known.get(role(key), known.get(ANY, _PRIOR.get(evidence, _LIKELY)))


def shares_right(judged: Iterable[tuple[str, Evidence, bool]]) -> dict[str, dict[str, float]]:
    """Returns the shares for facts that were judged: (key, evidence, whether it was right).

    A share is drawn towards what is expected without it: that of a role towards that of its evidence, that of evidence towards a prior."""
    found: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for key, evidence, right in judged:
        found[evidence][role(key)].append(right)
    shares: dict[str, dict[str, float]] = {}
    for evidence in sorted(found):
        every = [right for own in found[evidence].values() for right in own]
        usual = _drawn(every, _PRIOR.get(Evidence(evidence), _LIKELY))
        own = {name: _drawn(rights, usual) for name, rights in sorted(found[evidence].items()) if len(rights) >= _ENOUGH}
        shares[evidence] = {ANY: usual, **own}
    return shares


def _drawn(rights: list[bool], expected: float) -> float:
    return round((sum(rights) + _WEIGHT * expected) / (len(rights) + _WEIGHT), 2)


@cache
def _measured() -> Shares:
    return cast(Shares, resources.settings("fact_confidence"))
