"""Search for the most probable ways to fill a template, unique and in a deterministic order.

Priority sampling (Grubisic et al., 2024): repeatedly take the most probable prefix that was not taken yet, and complete it greedily. The
greedy completion is the fixed point of passes over the whole function, which exists because the decoder is causal.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and numpy are incomplete.
from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from vega_gen.model.data import Arrays
from vega_gen.model.network import EditModel, EncodedTemplate

OTHERS = 3
"""How many alternatives of a slot a filling names."""

Taken = Mapping[int, tuple[int, tuple[int, ...]]]
"""Slot number -> (variant's number in the slot, index of a name for each hole, -1 for a name that is not offered)."""


@dataclass(frozen=True, slots=True)
class TemplateFilling:
    """A way to fill a template. All maps are keyed by slot number.

    ``taken``: slots that are filled: the variant's number in the slot, the index of a name for each hole, the probability of the variant
    given that the slot is asked for, and the product of the names' probabilities.
    ``absent``: asked slots that are left out: the probability that they are absent.
    ``log_probability``: that of all decisions together.
    ``others``: the next likely options: variants, None for absence.
    ``opinions``: asked slots: the probability that a statement is there, and given that, of each variant.
    """

    taken: dict[int, tuple[int, tuple[int, ...], float, float]]
    absent: dict[int, float]
    log_probability: float
    others: dict[int, tuple[int | None, ...]]
    opinions: dict[int, tuple[float, tuple[float, ...]]]

    def statements(self, a: Arrays) -> Iterator[tuple[float, bool]]:
        """Yield the probability of each filled statement and whether it is right according to the answers of ``a``."""
        holes: dict[int, list[int]] = {}
        for hole in a.holes:
            holes.setdefault(hole.variant, []).append(hole.answer)
        first: dict[int, int] = {}
        for i, slot in enumerate(a.slot_of.tolist()):
            first.setdefault(slot, i)
        for slot, (variant, names, probability, sure) in self.taken.items():
            number = first[slot] + variant
            right = int(a.answer[slot]) == number and bool(a.asked[slot]) and list(names) == holes.get(number, [])
            yield probability * sure, right


@dataclass(frozen=True, slots=True)
class _Found:
    """A complete filling.

    ``decided`` [S]: an option per slot. ``names``: an index per hole. ``scored`` [O]: the model's log-probabilities of options.
    ``shared`` [O]: those the search uses (see ``Search._shared``). ``holes``: log-probabilities of each hole's names.
    """

    decided: Tensor
    names: dict[int, int]
    scored: Tensor
    shared: Tensor
    holes: dict[int, Tensor]
    asked: Tensor
    total: float


class Search:
    """The search for ways to fill one template."""

    def __init__(self, model: EditModel, arrays: Arrays) -> None:
        self.model = model
        self.arrays = arrays
        self.count = len(arrays.parent)
        self.variants = len(arrays.slot_of)
        self.first: list[int] = [int(i) for i in torch.searchsorted(torch.from_numpy(arrays.slot_of), torch.arange(self.count + 1))]
        self.holes_of: dict[int, list[int]] = {}
        for i, hole in enumerate(arrays.holes):
            self.holes_of.setdefault(hole.variant, []).append(i)
        # A variant with a hole that has no candidate name cannot be written.
        self.possible = torch.ones(2 * self.count + self.variants, dtype=torch.bool)
        self.possible[self.count + self.variants :] = False
        for variant, holes in self.holes_of.items():
            if any(not len(arrays.holes[i].names) for i in holes):
                self.possible[self.count + variant] = False

    @torch.inference_mode()
    def ways(self, most: int) -> Iterator[TemplateFilling]:
        """Yield at most ``most`` distinct fillings, starting each time from the most probable prefix that is not expanded yet."""
        if not self.count:
            return
        serial = itertools.count()
        queue: list[tuple[float, int, dict[int, int], dict[int, int], Tensor]] = []
        start = torch.arange(self.count)
        queue.append((0.0, next(serial), {}, {}, start))
        seen: set[tuple[tuple[int, ...], tuple[tuple[int, int], ...]]] = set()
        while queue and most > 0:
            _, _, fixed, names, guess = heapq.heappop(queue)
            found = self._complete(fixed, names, guess)
            key = tuple(found.decided.tolist()), tuple(sorted(found.names.items()))
            if key in seen:
                continue
            seen.add(key)
            most -= 1
            yield self._decision(found)
            for cost, more, other in self._alternatives(found, fixed, names):
                heapq.heappush(queue, (cost, next(serial), more, other, found.decided))

    @torch.inference_mode()
    def probabilities(self, taken: Taken) -> dict[int, float]:
        """Return the probability of each decision in ``taken``, given the slots before it."""
        if not taken:
            return {}
        decided = torch.arange(self.count)
        for slot, (variant, _) in taken.items():
            decided[slot] = self.count + self.first[slot] + variant
        asked = self._asked(decided, torch.from_numpy(self.arrays.parent))
        scored, states = self._scores(decided, asked)
        found: dict[int, float] = {}
        for slot, (_, names) in taken.items():
            if asked[slot]:
                option = int(decided[slot])
                total = float(scored[option])
                for hole, name in zip(self.holes_of.get(option - self.count, ()), names, strict=True):
                    total += float(self._hole_scores(states, hole)[name])
                found[slot] = math.exp(total)
        return found

    @cached_property
    def _encoded(self) -> EncodedTemplate:
        return self.model.encode(self.arrays)

    def _scores(self, decided: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """``EditModel.scores`` with its results on the CPU, where the search runs."""
        place = self.model.device
        scored, states = self.model.scores(self._encoded, decided.to(place), asked.float().to(place))
        return scored.cpu(), states

    def _hole_scores(self, states: Tensor, which: int) -> Tensor:
        return self.model.hole_scores(self._encoded, states, which).cpu()

    def _complete(self, fixed: dict[int, int], names: dict[int, int], guess: Tensor) -> _Found:
        """Complete greedily. ``fixed``: slot -> option, for a prefix of the asked slots. ``guess`` [S]: where the passes start from."""
        parent = torch.from_numpy(self.arrays.parent)
        last = max(fixed, default=-1)
        decided = guess.clone()
        for slot, option in fixed.items():
            decided[slot] = option
        asked = self._asked(decided, parent)
        scored, states = self._scores(decided, asked)
        for _ in range(self.count + 1):
            best = self._greedy(self._shared(scored))
            best[: last + 1] = decided[: last + 1]
            asked = self._asked(best, parent)
            if torch.equal(best, decided):
                break
            decided = best
            scored, states = self._scores(decided, asked)
        holes: dict[int, Tensor] = {}
        chosen = dict(names)
        shared = self._shared(scored)
        total = float(shared[decided][asked].sum())
        for slot in torch.nonzero(asked & (decided >= self.count)).flatten().tolist():
            for i in self.holes_of.get(int(decided[slot]) - self.count, ()):
                holes[i] = self._hole_scores(states, i)
                chosen.setdefault(i, int(holes[i][:-1].argmax()))
                total += float(holes[i][chosen[i]])
        return _Found(decided, {i: chosen[i] for i in holes}, scored, shared, holes, asked, total)

    def _shared(self, scored: Tensor) -> Tensor:
        """Distribute the probability of "something else" over the slot's variants that can be written.

        Something else is most often another spelling of one of the variants, while leaving the statement out is seldom as good.
        """
        everyone = torch.arange(self.count)
        slot = torch.cat([everyone, torch.from_numpy(self.arrays.slot_of), everyone])
        writable = self.possible.clone()
        writable[: self.count] = False
        mass = torch.zeros(self.count).index_add(0, slot[writable], scored[writable].exp())
        more = torch.log1p(scored[self.count + self.variants :].exp() / mass.clamp(min=1e-9))
        return torch.where(writable, scored + more[slot], scored)

    def _asked(self, decided: Tensor, parent: Tensor) -> Tensor:
        """Return which slots are asked for: those whose enclosing slot is filled. Other slots become absent in ``decided``."""
        asked = torch.ones(self.count, dtype=torch.bool)
        for i, p in enumerate(parent.tolist()):
            if p >= 0 and not (asked[p] and int(decided[p]) >= self.count):
                asked[i] = False
                decided[i] = i
        return asked

    def _greedy(self, scored: Tensor) -> Tensor:
        allowed = scored.masked_fill(~self.possible, -torch.inf)
        out = torch.arange(self.count)
        for i in range(self.count):
            a, b = self.first[i], self.first[i + 1]
            if b > a:
                k = int(allowed[self.count + a : self.count + b].argmax())
                if allowed[self.count + a + k] > allowed[i]:
                    out[i] = self.count + a + k
        return out

    def _alternatives(
        self, found: _Found, fixed: dict[int, int], names: dict[int, int]
    ) -> Iterator[tuple[float, dict[int, int], dict[int, int]]]:
        """Yield the alternatives that were not taken, with their cost: a prefix that ends in another option, or another name in a hole."""
        decided = found.decided.tolist()
        last = max(fixed, default=-1)
        through = 0.0
        prefix: dict[int, int] = {}
        for i in range(self.count):
            if not found.asked[i]:
                continue
            if i > last:
                a, b = self.first[i], self.first[i + 1]
                for option in (i, *range(self.count + a, self.count + b)):
                    if option != decided[i] and self.possible[option]:
                        yield -(through + float(found.shared[option])), {**prefix, i: option}, {}
            prefix[i] = decided[i]
            through += float(found.shared[decided[i]])
        # Only names after the last changed hole change, so that no combination comes twice.
        for i in sorted(h for h in found.holes if h > max(names, default=-1)):
            ranked = found.holes[i]
            for name in range(len(ranked) - 1):
                if name != found.names[i]:
                    cost = -(found.total - float(ranked[found.names[i]]) + float(ranked[name]))
                    before = {h: n for h, n in found.names.items() if h < i}
                    yield cost, dict(prefix), {**before, i: name}

    def _decision(self, found: _Found) -> TemplateFilling:
        taken: dict[int, tuple[int, tuple[int, ...], float, float]] = {}
        absent: dict[int, float] = {}
        others: dict[int, tuple[int | None, ...]] = {}
        opinions: dict[int, tuple[float, tuple[float, ...]]] = {}
        for i in torch.nonzero(found.asked).flatten().tolist():
            first, last = self.count + self.first[i], self.count + self.first[i + 1]
            present = -float(torch.expm1(found.scored[i]))
            opinions[i] = present, tuple((found.scored[first:last].exp() / max(present, 1e-9)).tolist())
            option = int(found.decided[i])
            probability = float(found.scored[option].exp())
            if option < self.count:
                absent[i] = probability
                continue
            holes = self.holes_of.get(option - self.count, ())
            sure = 1.0
            for h in holes:
                sure *= float(found.holes[h][found.names[h]].exp())
            taken[i] = option - first, tuple(found.names[h] for h in holes), probability, sure
            rest = sorted((-float(found.scored[k]), k) for k in (i, *range(first, last)) if k != option and self.possible[k])
            others[i] = tuple(None if k == i else k - first for _, k in rest[:OTHERS])
        return TemplateFilling(taken, absent, found.total, others, opinions)
