"""Ranks the records that could have a role, as LLVM's own backends chose theirs, where the rules find none.

A record's score is the sum of one weight for each pair of a role and a word of the record. The weights are learnt from what the C++ of
LLVM's targets uses, and from instructions whose selection patterns say the role, with the pattern hidden: ``python -m
benchmarks.ranking --write``.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import orjson

from vega_gen import resources
from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import Operation
from vega_gen.facts.role_shapes import registers, shaped
from vega_gen.facts.view import TargetView
from vega_gen.facts.words import RecordWords
from vega_gen.records import Evidence

Weights = Mapping[str, float]
"""Role and word, with a space between -> weight."""
RANKED = re.compile(r"register\.stack_pointer|instruction\.(add_immediate|jump)")
"""The facts that ranking supplies. Of others it is wrong too often where the rules find none (what looks like a store is then a cache
operation or a store to a real address), or that there is none means something: a return address on the stack."""
TIMES = 3.0
"""The best record becomes a fact where it is so many times as likely as the next."""
_SHOWN = 4
"""So many records are offered, the one that is taken included."""
_RATE, _EPOCHS, _OTHERS, _SMALL = 0.05, 10, 30, 1e-6
"""Of learning: the step, the passes over the examples, how many wrong records of an example a pass looks at, and a gradient that is 0."""


@dataclass(frozen=True, slots=True)
class RoleExample:
    """A role of a target to learn from. ``right``: whether each record has the role; ``words``: of each record. ``weight``: how much it
    counts."""

    target: str
    key: str
    records: tuple[str, ...]
    right: tuple[bool, ...]
    words: tuple[tuple[str, ...], ...]
    weight: float = 1.0


def parts(key: str) -> tuple[str, ...]:
    """Returns the roles whose weights count for a key: "instruction.load" and "instruction.load.8" for the latter, what all immediate
    forms have in common."""
    words = key.split(".")
    words = words[:2] if words[:2] == ["instruction", "copy"] else words
    nested = tuple(".".join(words[: n + 1]) for n in range(1, len(words)))
    return (*nested, f"{words[0]}.{words[1].rpartition('_')[2]}") if "_" in words[1] else nested


def ranked(v: TargetView, key: str, weights: Weights | None = None) -> Iterator[Choice[Any]]:
    """Yields the likely records for a fact that ranking supplies, the likeliest first: none unless the first stands out.

    ``weights``: by default those that vega-gen ships with."""
    best = likely(v, key, weights) if RANKED.fullmatch(key) else []
    if len(best) > 1 and best[0][0] >= TIMES * best[1][0]:
        for p, value in best:
            name = value.record if isinstance(value, Operation) else value
            yield Choice(value, Evidence.DONOR, f"{name} is most like what LLVM's backends use ({p:.2f})")


def likely(v: TargetView, key: str, weights: Weights | None = None) -> list[tuple[float, str | Operation]]:
    """Returns the registers or instructions that are most like what LLVM's backends use for ``key``, the likeliest first, each with its
    probability: a few, and none where no weights are known for the key."""
    known = _shipped() if weights is None else weights
    if not known:
        return []
    values: dict[str, str | Operation] = {r: r for r in registers(v)} if key.startswith("register.") else {}
    values |= {op.record: op for op in shaped(v, key)}
    words = RecordWords(v)
    shares = probabilities(known, key, [words.of(name) for name in values])
    if len(set(shares)) < 2 < len(shares):
        return []  # nothing is known of the role
    return sorted(zip(shares, values.values(), strict=True), key=lambda pair: -pair[0])[:_SHOWN]


@cache
def _shipped() -> Weights:
    (path,) = resources.files_of("targets/ranking.json")
    return cast(Weights, orjson.loads(path.read_bytes())["weights"])


def probabilities(weights: Weights, key: str, words: Sequence[Collection[str]]) -> list[float]:
    """Returns, for each record, the probability that it is the one; they add up to 1. ``words``: of each record."""
    return _softmax([sum(weights.get(f, 0.0) for f in _features(key, own)) for own in words])


def learn(examples: Sequence[RoleExample], seed: int = 1) -> dict[str, float]:
    """Returns the weights that make the right records of the examples likely (Adagrad on the softmax over an example's records)."""
    chance = random.Random(seed)
    weights: dict[str, float] = {}
    seen: dict[str, float] = {}
    ready = [(e, [_features(e.key, own) for own in e.words]) for e in examples if any(e.right)]
    for _ in range(_EPOCHS):
        chance.shuffle(ready)
        for e, features in ready:
            right = [n for n, is_right in enumerate(e.right) if is_right]
            wrong = [n for n, is_right in enumerate(e.right) if not is_right]
            taken = right + chance.sample(wrong, min(len(wrong), _OTHERS))
            likely = _softmax([sum(weights.get(f, 0.0) for f in features[n]) for n in taken])
            good = sum(likely[: len(right)])
            gradient: dict[str, float] = {}
            for place, (n, p) in enumerate(zip(taken, likely, strict=True)):
                step = e.weight * (p - (p / good if place < len(right) else 0.0))
                for f in features[n]:
                    gradient[f] = gradient.get(f, 0.0) + step
            for f, g in gradient.items():
                if abs(g) > _SMALL:
                    seen[f] = seen.get(f, 0.0) + g * g
                    weights[f] = weights.get(f, 0.0) - _RATE * g / math.sqrt(seen[f])
    return weights


def _features(key: str, words: Collection[str]) -> list[str]:
    return [f"{part} {word}" for part in parts(key) for word in words]


def _softmax(scores: Sequence[float]) -> list[float]:
    most = max(scores, default=0.0)
    powers = [math.exp(s - most) for s in scores]
    return [p / sum(powers) for p in powers]
