"""Stage 8: the consensus filler: per slot the typical variant, donors counted by their nearness to the new target.

Enters: a ``Request``. Leaves: ranked candidates. It does not compile, test or read a reference.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from vega_gen.fill.context import NewTarget, Request
from vega_gen.fill.holes import fill_holes, write
from vega_gen.function_template import FunctionTemplate, Line, Slot
from vega_gen.records import Candidate, Donor, FilledStatement, Signature, StatementKind

SHARPNESS = 6.0
"""How much nearer donors count: weight = exp(SHARPNESS * nearness). Chosen on ARC, Lanai and VE (docs/LOG.md)."""

Presence = Callable[[Slot, frozenset[int]], bool]


@dataclass(frozen=True, slots=True)
class _Choice:
    line: Line
    values: tuple[str, ...]
    confidence: float
    alternatives: tuple[str, ...]
    donors: tuple[Donor, ...]


def weights_of(template: FunctionTemplate, new: NewTarget, sharpness: float = SHARPNESS) -> dict[int, float]:
    """Weight of each member: its target's nearness sharpened, shared among the members a target has."""
    per_target: dict[str, int] = defaultdict(int)
    for f in template.members:
        per_target[f.target] += 1
    raw = {
        i: 2.718281828 ** (sharpness * (new.nearness.get(f.target, 0.0) - 1.0)) / per_target[f.target]
        for i, f in enumerate(template.members)
    }
    total = sum(raw.values()) or 1.0
    return {i: w / total for i, w in raw.items()}


class ConsensusFiller:
    """Typical slots and variants first, then whole donors in order of how typical and near they are."""

    def fill(self, request: Request) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        template, new = request.template, request.new
        weights = weights_of(template, new)
        builder = _Builder(request, weights)
        everyone = frozenset(range(len(template.members)))
        out: list[Candidate] = [builder.build(None, "template")]
        scored = sorted(everyone, key=lambda i: (-builder.typicality(i) * weights[i] ** 0.25, i))
        for i in scored[: request.budget * 2]:
            f = template.members[i]
            out.append(builder.build(i, f"{f.target}/{f.file}:{f.line}"))
        unique: dict[tuple[object, ...], Candidate] = {}
        for c in out:
            key = tuple((s.depth, s.head, s.tail) for s in c.statements)
            if key not in unique or unique[key].confidence < c.confidence:
                unique.setdefault(key, c)
        return tuple(unique.values())[: request.budget]


class _Builder:
    def __init__(self, request: Request, weights: Mapping[int, float]) -> None:
        self.request = request
        self.new = request.new
        self.template = request.template
        self.weights = weights
        self.names: dict[str, str] = {}

    def presence(self, slot: Slot, parents: frozenset[int]) -> float:
        """Weighted share of the members having the parent that have the slot too."""
        have = sum(self.weights[m] for m in slot.lines if m in parents)
        total = sum(self.weights[m] for m in parents)
        return have / total if total else 0.0

    def typicality(self, member: int) -> float:
        """Mean agreement of a member's decisions with the weighted vote, over all slots it was asked about."""
        scores: list[float] = []

        def visit(slots: Sequence[Slot], parents: frozenset[int]) -> None:
            for slot in slots:
                p = self.presence(slot, parents)
                if member in slot.lines:
                    lines = [x for x in slot.lines.values() if x.shape == slot.lines[member].shape]
                    mine = sum(self.weights[x.member] for x in lines)
                    total = sum(self.weights[m] for m in slot.lines)
                    scores.append(p * (mine / total if total else 0.0))
                    visit(slot.children, frozenset(slot.lines))
                elif p > 0.02:
                    scores.append(1 - p)

        visit(self.template.slots, frozenset(range(len(self.template.members))))
        return sum(scores) / len(scores) if scores else 1.0

    def build(self, member: int | None, origin: str) -> Candidate:
        """A candidate: the consensus (``member`` None), or what one member has."""
        self.names = _names(self.template, self.request.signature, self.weights, member)
        out: list[FilledStatement] = []
        decisions: list[float] = []
        everyone = frozenset(range(len(self.template.members)))
        self._visit(self.template.slots, everyone, 0, member, out, decisions)
        confidence = sum(decisions) / len(decisions) if decisions else 1.0
        initialisers = tuple(s.head for s in out if s.kind is StatementKind.INITIALISER)
        signature = replace(self.request.signature, initialisers=initialisers)
        return Candidate(signature, tuple(s for s in out if s.kind is not StatementKind.INITIALISER), confidence, origin)

    def _visit(
        self, slots: Sequence[Slot], parents: frozenset[int], depth: int, member: int | None,
        out: list[FilledStatement], decisions: list[float],
    ) -> None:
        previous: StatementKind | None = None
        for slot in slots:
            p = self.presence(slot, parents)
            take = p > 0.5 if member is None else member in slot.lines
            if slot.kind is StatementKind.ELSE and previous not in (StatementKind.IF, StatementKind.ELSE):
                take = False
            if not take:
                if p > 0.02:
                    decisions.append(1 - p)
                continue
            choice = self._choose(slot, member, p)
            if choice is None:
                decisions.append(0.0)
                continue
            decisions.append(choice.confidence)
            previous = slot.kind
            line = choice.line
            split = sum(1 for t in line.head if not isinstance(t, str))
            out.append(
                FilledStatement(
                    statement_id(self.template.group.name, slot.id), depth, line.kind,
                    write(line.head, choice.values[:split], self.names, self.new), line.braced,
                    write(line.tail, choice.values[split:], self.names, self.new),
                    choice.confidence, choice.donors, choice.alternatives,
                )
            )
            self._visit(slot.children, frozenset(slot.lines), depth + 1, member, out, decisions)

    def _choose(self, slot: Slot, member: int | None, presence: float) -> _Choice | None:
        total = sum(self.weights[m] for m in slot.lines) or 1.0
        ranked: list[tuple[float, tuple[str, ...], list[Line]]] = []
        for _, lines in slot.variants():
            values, share = fill_holes(lines, self.weights, self.template.members, self.new)
            if lines[0].fills and share == 0.0:
                continue
            ranked.append((sum(self.weights[x.member] for x in lines) / total * share, values, lines))
        ranked.sort(key=lambda r: -r[0])
        if not ranked:
            return None
        best = ranked[0]
        if member is not None:
            own = [r for r in ranked if any(x.member == member for x in r[2])]
            if not own:
                return None
            best = own[0]
        others = tuple(
            dict.fromkeys(" ".join(write(r[2][0].head, r[1], self.names, self.new)) for r in ranked if r is not best)
        )[:3]
        if presence < 0.9:
            others = (*others, "")
        donors = tuple(x.donor for x in sorted(best[2], key=lambda x: -self.weights[x.member]))[:3]
        line = next((x for x in best[2] if x.member == member), best[2][0])
        return _Choice(line, best[1], presence * best[0], others, donors)


def statement_id(function: str, slot: str) -> str:
    """Stable id of a statement: function group and slot, hashed to eight hex digits."""
    return hashlib.blake2b(f"{function}\0{slot}".encode(), digest_size=4).hexdigest()


def _names(template: FunctionTemplate, signature: Signature, weights: Mapping[int, float], member: int | None) -> dict[str, str]:
    """What "$p0" and "$l3" are called: parameters as in the signature, locals as one member or most donors call them,
    no two alike."""
    names: dict[str, str] = {}
    for i, p in enumerate(signature.params):
        names[f"$p{i}"] = p.name or f"Arg{i}"
    taken = set(names.values())
    for identity, called in template.local_names.items():
        votes: dict[str, float] = defaultdict(float)
        for m, name in called.items():
            votes[name] += weights.get(m, 0.0) + (1.0 if m == member else 0.0)
        ranked = sorted(votes, key=lambda n: (-votes[n], n))
        name = next((n for n in ranked if n not in taken), f"{ranked[0]}{len(taken)}")
        names[identity] = name
        taken.add(name)
    return names
