"""The search: ways to fill a template, in order of probability.

Enters: an example, a trained model. Leaves: ``TemplateFilling``s, unique and deterministic. It compiles nothing and writes no text.

Priority sampling (Grubisic et al., 2024): the most probable prefix that was not taken yet is taken next, and completed greedily. A
greedy completion is found by repeated passes over the whole function: the decoder is causal, so that a pass that changes nothing is it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and numpy say of their types is not whole.
from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from vega_gen.model.data import Arrays
from vega_gen.model.network import EditModel, EncodedTemplate
from vega_gen.model.spelling import END, LONGEST, Ids

OTHERS = 3
"""How many further options of a slot a decision names."""

BEAM = 4
"""Prefixes of a spelled statement that are followed at a time."""

Taken = Mapping[int, tuple[int, tuple[int, ...]]]
"""What is taken, by number of slot: (number of the variant among the slot's own, index of a name for each hole, -1 for one that the hole
does not offer)."""

_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}"}, frozenset(")]}")


@dataclass(frozen=True, slots=True)
class TemplateFilling:
    """A way to fill a template. ``taken``: number of slot -> (number of the variant among the slot's own, index of a name for each hole,
    probability of the variant given that the slot is asked for, product of the probabilities of the names). ``absent``: number of slot ->
    probability that it is absent, of the slots that were asked for and left out. ``log_probability``: of all that was decided.
    ``others``: number of slot -> what is next likely there: variants, None for absence. ``opinions``: number of slot -> probability that
    something is there, and of each of its variants given that, of the slots that were asked for."""

    taken: dict[int, tuple[int, tuple[int, ...], float, float]]
    absent: dict[int, float]
    log_probability: float
    others: dict[int, tuple[int | None, ...]]
    opinions: dict[int, tuple[float, tuple[float, ...]]]

    def statements(self, a: Arrays) -> Iterator[tuple[float, bool]]:
        """Probability of each statement taken, with whether it is right by the answers of ``a``."""
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
class Spelled:
    """A statement of free tokens, masked as in its template, and how likely it is what stands there."""

    text: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class _Found:
    """A complete way: ``decided`` [S] options, ``names``: of each hole, ``scored`` [O] as the model says, ``shared`` [O] by which is
    searched, ``holes``: log-probabilities by hole."""

    decided: Tensor
    names: dict[int, int]
    scored: Tensor
    shared: Tensor
    holes: dict[int, Tensor]
    asked: Tensor
    total: float


class Search:
    """The ways to fill one template; iterate with ``ways``."""

    def __init__(self, model: EditModel, arrays: Arrays) -> None:
        self.model = model
        self.arrays = arrays
        self.count = len(arrays.parent)
        self.variants = len(arrays.slot_of)
        self.first: list[int] = [int(i) for i in torch.searchsorted(torch.from_numpy(arrays.slot_of), torch.arange(self.count + 1))]
        self.holes_of: dict[int, list[int]] = {}
        for i, hole in enumerate(arrays.holes):
            self.holes_of.setdefault(hole.variant, []).append(i)
        self._given_scores: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}
        # A hole for which there is no name cannot be written.
        self.possible = torch.ones(2 * self.count + self.variants, dtype=torch.bool)
        self.possible[self.count + self.variants :] = False
        for variant, holes in self.holes_of.items():
            if any(not len(arrays.holes[i].names) for i in holes):
                self.possible[self.count + variant] = False

    @torch.inference_mode()
    def ways(self, most: int) -> Iterator[TemplateFilling]:
        """At most ``most`` ways, each once, the most probable unexpanded prefix first."""
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
        """Of each slot that is taken, the probability of what is ``taken`` there, given what stands before it."""
        if not taken:
            return {}
        decided, asked, scored, states = self._given(taken)
        found: dict[int, float] = {}
        for slot, (_, names) in taken.items():
            if asked[slot]:
                option = int(decided[slot])
                total = float(scored[option])
                for hole, name in zip(self.holes_of.get(option - self.count, ()), names, strict=True):
                    total += float(self._hole_scores(states, hole)[name])
                found[slot] = math.exp(total)
        return found

    @torch.inference_mode()
    def doubted(self, taken: Taken) -> dict[int, float]:
        """The slots in which "something else" is likelier than what is ``taken`` there, or than nothing; and how likely that is."""
        decided, asked, scored, _ = self._given(taken)
        others = scored[self.count + self.variants :]
        likelier = asked & (others > scored[decided])
        return {slot: float(scored[int(decided[slot])].exp()) for slot in torch.nonzero(likelier).flatten().tolist()}

    def _given(self, taken: Taken) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is ``taken``, and absence elsewhere, as numbers of options [S], which slots are asked for, and ``_scores`` of it. The scores
        are kept: one candidate is asked about several times."""
        decided = torch.arange(self.count)
        for slot, (variant, _) in taken.items():
            decided[slot] = self.count + self.first[slot] + variant
        asked = self._asked(decided, torch.from_numpy(self.arrays.parent))
        key = tuple(decided.tolist())
        if key not in self._given_scores:
            self._given_scores[key] = self._scores(decided, asked)
        return decided, asked, *self._given_scores[key]

    @torch.inference_mode()
    def spelled(
        self, taken: Taken, slot: int, may: Callable[[str], bool], above: float = 0.0
    ) -> list[Spelled]:
        """Statements for ``slot`` that none of its variants is, the likeliest first, of the tokens that ``may`` stand there; brackets are
        closed. ``taken``: what the slots before it have; ``above``: a probability, less likely ones are not looked for."""
        s = self.arrays.spelling
        _, _, scored, states = self._given(taken)
        other = float(scored[self.count + self.variants + slot])
        least = math.log(above) - other if above > 0.0 else -math.inf
        allowed = torch.tensor([i == END or may(token) for i, token in enumerate(s.tokens)])
        before = frozenset(t for n, (k, _) in taken.items() if n < slot for t in s.texts[self.first[n] + k])
        follows, vectors, state = s.follows(slot), self._token_vectors, states[slot]
        own = self.model.speller.read(vectors, torch.tensor([s.variants(slot)], device=state.device))
        there = {text for text, at in zip(s.texts, s.slots, strict=True) if at == slot}
        last = {text[-1] for text in there if text}
        ended: list[tuple[float, Ids]] = []
        open_: list[tuple[float, Ids, str]] = [(0.0, (), "")]
        while open_ and len(open_[0][1]) < LONGEST:
            clues = [s.clues(follows, prefix, before) for _, prefix, _ in open_]
            said = self.model.speller.after(vectors, own, state, [p for _, p, _ in open_], clues).cpu()
            found: list[tuple[float, Ids, str]] = []
            for (total, prefix, closing), each in zip(open_, said.masked_fill(~allowed, -torch.inf), strict=True):
                for score, token in zip(*(x.tolist() for x in each.topk(BEAM)), strict=True):
                    text = s.tokens[token]
                    if token == END and prefix and prefix[-1] in last and not closing and prefix not in there:
                        ended.append((total + score, prefix))
                    elif token != END and not (text in _CLOSE and text != closing[:1]):
                        left = _OPEN[text] + closing if text in _OPEN else closing[1:] if text in _CLOSE else closing
                        found.append((total + score, (*prefix, token), left))
            best = max((least, *(score for score, _ in ended)))
            open_ = sorted((f for f in found if f[0] > best), key=lambda f: -f[0])[:BEAM]
        ranked = sorted((e for e in ended if e[0] > least), key=lambda e: (-e[0], e[1]))
        return [Spelled(tuple(s.tokens[t] for t in ids), math.exp(other + score)) for score, ids in ranked]

    @cached_property
    def _token_vectors(self) -> Tensor:
        return self.model.speller.vectors(self.arrays.spelling)

    @cached_property
    def _encoded(self) -> EncodedTemplate:
        return self.model.encode(self.arrays)

    def _scores(self, decided: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """``EditModel.scores``, for decisions on the CPU: the search goes on there, wherever the model is."""
        place = self.model.device
        scored, states = self.model.scores(self._encoded, decided.to(place), asked.float().to(place))
        return scored.cpu(), states

    def _hole_scores(self, states: Tensor, which: int) -> Tensor:
        return self.model.hole_scores(self._encoded, states, which).cpu()

    def _complete(self, fixed: dict[int, int], names: dict[int, int], guess: Tensor) -> _Found:
        """The greedy completion of ``fixed`` (slot -> option, a prefix of all that is asked for)."""
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
        """The scores with the probability that something else is there shared among the variants that can be written: what is there is
        most often another spelling of one of them, and a statement less is seldom as good."""
        everyone = torch.arange(self.count)
        slot = torch.cat([everyone, torch.from_numpy(self.arrays.slot_of), everyone])
        writable = self.possible.clone()
        writable[: self.count] = False
        mass = torch.zeros(self.count).index_add(0, slot[writable], scored[writable].exp())
        more = torch.log1p(scored[self.count + self.variants :].exp() / mass.clamp(min=1e-9))
        return torch.where(writable, scored + more[slot], scored)

    def _asked(self, decided: Tensor, parent: Tensor) -> Tensor:
        """Which slots are asked for: those whose slot around is taken. What is not asked for is absent, in ``decided`` too."""
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
        """What was not taken on the way, with its cost: a prefix with another option at its end, or another name in a hole."""
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
        # All decisions stay, one name changes; each hole only after the last that was changed, so that none comes twice.
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
