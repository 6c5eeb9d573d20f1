"""What may be spelled where no donor's statement fits: the tokens of a template and common ones, and what follows what there.

Enters: the token sequences of a template's variants, pieces of tokens. Leaves: ``Spelling``, one a function, and for each prefix of a
statement what donors have after it. It computes no gradient and knows no torch.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What numpy says of its types is not whole.
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vega_gen.model.vocabulary import NAME_PIECES, Vocabulary
from vega_gen.records import OTHER, SlotExample

END = 0
"""Number of the token that begins and ends a statement."""

LONGEST = 40
"""Tokens of a spelled statement at most; longer ones are tables, and TableGen's work."""

READ = 96
"""Tokens of a slot's own variants that are read, the most voted variants first."""

COMMON = 1000
"""So many tokens of all templates may be spelled in each."""

_ORDERS = (1, 2, 3)
_TYPE = 4
"""So many tokens before a local's first place say what it is: "const GlobalValue *"."""

_SAID = 2
CLUES = 2 * len(_ORDERS) + _SAID
_LEAST = 1e-3

Array = np.ndarray[Any, Any]
Ids = tuple[int, ...]


def common_tokens(texts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The ``COMMON`` most frequent tokens of ``texts`` that mean the same in each template: no parameters, locals or fields."""
    counted = Counter(token for text in texts for token in text if not token.startswith("$"))
    return tuple(token for token, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:COMMON])


class _Follows:
    """What follows the last one, two, three tokens of a prefix in some texts, each with its weight."""

    def __init__(self, texts: Iterable[tuple[Ids, float]]) -> None:
        after: dict[Ids, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for ids, weight in texts:
            whole = (END, *ids, END)
            for i in range(1, len(whole)):
                for order in _ORDERS[:i]:
                    after[whole[i - order : i]][whole[i]] += weight
        self._after = after

    def shares(self, prefix: Ids) -> Iterable[tuple[int, Mapping[int, float]]]:
        """(place of the order, weights by token) of each order that has anything."""
        whole = (END, *prefix)
        for k, order in enumerate(_ORDERS[: len(whole)]):
            found = self._after.get(whole[len(whole) - order :])
            if found:
                yield k, found


@dataclass(frozen=True)
class Spelling:
    """``tokens``: what may be spelled, by number; ``bags``: the pieces of each. ``texts``: of each variant of the function, ``weights`` and
    ``slots`` likewise. ``right``: (number of a slot, its statement) of those that are something else than any variant, as far as these
    tokens spell them; ``before``: number of a slot -> tokens of what stands before it."""

    tokens: tuple[str, ...]
    bags: tuple[Ids, ...]
    texts: tuple[Ids, ...]
    weights: tuple[float, ...]
    slots: tuple[int, ...]
    right: tuple[tuple[int, Ids], ...]
    before: Mapping[int, frozenset[int]]

    @cached_property
    def _everywhere(self) -> _Follows:
        return _Follows(zip(self.texts, self.weights, strict=True))

    def follows(self, slot: int) -> _Follows:
        """What follows what in a slot's own variants."""
        return _Follows((t, w) for t, w, s in zip(self.texts, self.weights, self.slots, strict=True) if s == slot)

    def variants(self, slot: int) -> Ids:
        """A slot's own variants, the most voted first, each begun with END; at most READ tokens."""
        own = sorted((-w, t) for t, w, s in zip(self.texts, self.weights, self.slots, strict=True) if s == slot)
        return tuple(token for _, text in own for token in (END, *text))[:READ] or (END,)

    def clues(self, own: _Follows, prefix: Ids, before: Iterable[int]) -> Array:
        """What speaks for each token after a prefix [tokens, CLUES]: logarithms, from 0 for nothing, of the share of the slot's donors and
        of all statements that have it after the last one, two, three tokens; whether it stands ``before`` the slot, or in the prefix."""
        out = np.zeros((len(self.tokens), CLUES), np.float32)
        for pool, follows in enumerate((own, self._everywhere)):
            for k, found in follows.shares(prefix):
                total = sum(found.values()) or 1.0
                shares = np.fromiter(found.values(), np.float32, len(found)) / total
                out[list(found), pool * len(_ORDERS) + k] = np.log((shares + _LEAST) / _LEAST)
        out[list(before), -2] = 1.0
        out[list(prefix), -1] = 1.0
        return out


def spelling(slots: Sequence[SlotExample], signature: Sequence[str], weight: Array, vocabulary: Vocabulary) -> Spelling:
    """The spelling of a function. ``weight`` [M]: of the template's members."""
    numbers = {token: number for number, token in enumerate(("", *vocabulary.tokens))}
    bags: list[Ids] = [(), *vocabulary.bags]

    def known(token: str, told: Sequence[str] = ()) -> int:
        if token not in numbers:
            numbers[token] = len(numbers)
            bags.append(tuple(vocabulary.encode((*told, token), NAME_PIECES)))
        return numbers[token]

    for token in signature:
        known(token)
    texts: list[Ids] = []
    weights: list[float] = []
    places: list[int] = []
    for i, slot in enumerate(slots):
        for variant in slot.variants:
            words = variant.text
            texts.append(tuple(known(t, words[max(0, j - _TYPE) : j] if t.startswith("$l") else ()) for j, t in enumerate(words)))
            weights.append(float(weight[list(variant.members)].sum()))
            places.append(i)
    right: list[tuple[int, Ids]] = []
    before: dict[int, frozenset[int]] = {}
    seen: set[int] = set()
    for i, slot in enumerate(slots):
        if slot.answer == OTHER and len(slot.text) < LONGEST and all(t in numbers for t in slot.text):
            right.append((i, tuple(numbers[t] for t in slot.text)))
            before[i] = frozenset(seen)
        seen.update(numbers[t] for t in slot.text if t in numbers)
    return Spelling(tuple(numbers), tuple(bags), tuple(texts), tuple(weights), tuple(places), tuple(right), before)
