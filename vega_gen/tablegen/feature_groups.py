"""Find with which features every instruction can be tried: all at once where that can be, several runs where features exclude each other.

An instruction's Predicate records ask for features (AssemblerCondDag): some have to be on, others off, as those of a mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from vega_gen.records import Description, Instruction
from vega_gen.tablegen.raw import Dag, parse_dag
from vega_gen.tablegen.subtargets import closed, enabled

_MOST = 16
"""Alternatives of one instruction that are looked at."""


@dataclass(frozen=True, slots=True)
class FeatureNeeds:
    """SubtargetFeature records that have to be on, and such that have to be off."""

    on: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    def joined(self, other: FeatureNeeds) -> FeatureNeeds:
        """Both together."""
        return FeatureNeeds(self.on | other.on, self.off | other.off)


class Features:
    """What the features of a description imply, and what its instructions want of them."""

    def __init__(self, d: Description, cpu: str) -> None:
        self._implied = {f.record: f.implies for f in d.features}
        self._names = {f.record: f.name for f in d.features}
        self._order = [f.record for f in d.features]
        self._conditions = {name: _alternatives(parse_dag(text), True) for name, text in d.assembler_predicates.items()}
        self._given = enabled(d, cpu, "")

    def wanted(self, i: Instruction) -> tuple[FeatureNeeds, ...]:
        """The ways to meet an instruction's predicates; none where they contradict each other."""
        choices = [self._conditions[name] for name in i.predicates if name in self._conditions]
        found: list[FeatureNeeds] = []
        for chosen in product(*choices):
            whole = FeatureNeeds()
            for one in chosen:
                whole = whole.joined(one)
            found += [whole] if self.possible(whole) else []
            if len(found) == _MOST:
                break
        return tuple(dict.fromkeys(found))

    def possible(self, w: FeatureNeeds) -> bool:
        """Whether a subtarget can be so."""
        return w.off.isdisjoint(closed(tuple(w.on), self._implied))

    def attrs(self, w: FeatureNeeds) -> str:
        """The value of -mattr that makes a subtarget so: what has to be off first, since - turns off what implies a feature too."""
        off = [f"-{self._names[r]}" for r in self._order if r in w.off and r in self._given]
        return ",".join([*off, *(f"+{self._names[r]}" for r in self._order if r in w.on)])

    def groups(self, instructions: Sequence[Instruction]) -> list[FeatureNeeds]:
        """Few subtargets under which each instruction that can be met is met: the first has as much on as can be on together."""
        waiting = Counter(ways for i in instructions if (ways := self.wanted(i)))
        found: list[FeatureNeeds] = []
        while waiting:
            group, met = FeatureNeeds(), set[tuple[FeatureNeeds, ...]]()
            for ways, _ in waiting.most_common():
                joined = next((j for way in ways if self.possible(j := group.joined(way))), None)
                if joined is not None:
                    group = joined
                    met.add(ways)
            found.append(group)
            waiting = Counter({ways: count for ways, count in waiting.items() if ways not in met})
        return found


def _alternatives(condition: Dag | str, holds: bool) -> tuple[FeatureNeeds, ...]:
    """The ways to make a condition hold, or not hold."""
    if isinstance(condition, str):
        one = frozenset((condition,))
        return (FeatureNeeds(on=one) if holds else FeatureNeeds(off=one),)
    parts = [arg for arg, _ in condition.args]
    if condition.op == "not":
        return _alternatives(parts[0], not holds)
    listed = [_alternatives(part, holds) for part in parts]
    if (condition.op == "any_of") == holds:
        return tuple(dict.fromkeys(one for ways in listed for one in ways))
    found = {FeatureNeeds(): None}
    for ways in listed:
        found = {a.joined(b): None for a in found for b in ways}
    return tuple(found)

