"""The consensus filler: in each slot of a template it takes the variant that most donors have, weighted by their nearness to the new
target.

``CandidateBuilder`` writes candidates from a template, and serves the fillers with a model too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vega_gen.fill.context import FillRequest
from vega_gen.fill.examples import ranked_variants
from vega_gen.fill.holes import fill_holes, unknown_names, write
from vega_gen.fill.initialisers import complete_initialisers, initialisable
from vega_gen.fill.own_calls import OwnCalls
from vega_gen.fill.weights import most_called, unique, weights_of
from vega_gen.function_template import OWN_CLASS, OWN_RECORD, FunctionTemplate, Line, Shape, Slot, own_names
from vega_gen.records import Candidate, Donor, FilledStatement, Function, Signature, Statement, StatementKind, statement_id

_TELLING = 6
"""A statement with at least this many tokens is recognised by its text in another slot."""

_SCOPES = (StatementKind.FOR, StatementKind.IF, StatementKind.WHILE, StatementKind.SWITCH)
"""Statements whose head opens a scope of its own."""

_LABELS = (StatementKind.CASE, StatementKind.LABEL)

_LEAVING = (("return",), ("break",), ("continue",))
"""Statements that leave a block: only a label can follow them."""

OWN_METHOD = 0.6
"""How far a call of a method that only the new target declares moves its statement and its variant towards certainty. Set by hand."""

UNKNOWN = 0.3
"""Factor on a variant's share for each identifier that the new target does not have. Set by hand; no other value was tried."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is written in a slot.

    ``fit``: how well its names fit here (0 to 1). ``agreement``: expected weighted share of donors that have the same.
    """

    line: Line
    values: tuple[str, ...]
    confidence: float
    alternatives: tuple[str, ...]
    donors: tuple[Donor, ...]
    agreement: float
    fit: float


@dataclass(frozen=True, slots=True)
class Decided:
    """What a model puts in a slot: a line of a variant, values for its holes, and its confidence (0 to 1).

    ``alternatives``: other lines with values, most likely first; None stands for leaving the slot out.
    """

    line: Line
    values: tuple[str, ...]
    confidence: float
    alternatives: tuple[tuple[Line, tuple[str, ...]] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """A model's opinion of a slot: the probability that something is there, and given that, of each variant, in the order of
    ``ranked_variants``."""

    presence: float
    variants: tuple[float, ...]


Chosen = Mapping[str, tuple[Line, tuple[str, ...]]]
"""What a candidate has, by slot id: a line of the slot's variant, and the values of its holes."""


class ConsensusFiller:
    """Offers the typical function, and single donors' functions as far as they are typical and near, by confidence."""

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        return tuple(candidate for candidate, _ in consensus(CandidateBuilder(request, weights_of(request.template, request.new))))


def consensus(builder: CandidateBuilder) -> list[tuple[Candidate, Chosen]]:
    """The consensus filler's candidates in order, up to the request's budget, each with what it chose."""
    request, weights = builder.request, builder.weights
    members = request.template.members
    typical = builder.build(None, "template")
    out: list[tuple[Candidate, Chosen]] = [(typical, builder.chosen)] if builder.complete(typical) else []
    scored = sorted(range(len(members)), key=lambda i: (-builder.typicality(i) * weights[i] ** 0.25, i))
    for i in scored[: request.budget * 2]:
        f = members[i]
        out.append((builder.build(i, f"{f.target}/{f.file}:{f.line}"), builder.chosen))
    taken = {id(candidate): chosen for candidate, chosen in out}
    ranked = sorted(unique(candidate for candidate, _ in out), key=lambda c: -c.confidence)
    return [(candidate, taken[id(candidate)]) for candidate in ranked[: request.budget]]


class CandidateBuilder:
    """Writes candidates of one request."""

    def __init__(self, request: FillRequest, weights: Mapping[int, float]) -> None:
        self.request = request
        self.new = request.new
        self.template = request.template
        self.weights = weights
        self.names: dict[str, str] = {}  # "$p0", "$l3", "$f:..." of the template -> the name here
        targets = len({f.target for f in self.template.members})
        # Few donors are weak evidence: with one, a statement is as likely wrong as right (Laplace's rule of succession).
        self.support = targets / (targets + 1)
        self.taken: set[str] = set()  # names in use in the current scope
        self._filled: dict[tuple[str, tuple[Shape, Shape]], tuple[tuple[str, ...], float]] = {}
        self.declared: set[str] = set()  # locals ("$l3") declared so far
        self.fields = initialisable(request)
        named = own_names(self.template.group, request.signature, request.new.masker)
        self.own = {OWN_CLASS: request.signature.class_name.rsplit("::", 1)[-1]} | {what: name for name, what in named.items()}
        self.own_calls = OwnCalls(request, weights)
        self._fits: dict[str, float] = {}  # by slot id, see _best_fit
        self.emitted: set[tuple[Shape, Shape]] = set()  # statements written so far
        self._places: dict[tuple[Shape, Shape], set[int]] = defaultdict(set)
        for slot in self.template.walk():
            for m, line in slot.lines.items():
                self._places[line.shape].add(m)
        self.decided: Mapping[str, Decided] | None = None
        self.wanted: set[str] = set()  # slots that are taken because they use a local that nothing else does
        self.chosen: dict[str, tuple[Line, tuple[str, ...]]] = {}
        self.opinions: Mapping[str, Opinion] = {}
        self.agreed = 0.0  # expected number of statements that a donor has too, of all those written
        self.expected = sum(w * _size(self.template.members[i]) for i, w in weights.items())  # mean size of a donor
        self.own_fields = request.new.fields(request.signature.class_name)
        self.operators = request.new.operators(request.signature.class_name)

    def presence(self, slot: Slot, parents: frozenset[int]) -> float:
        """Weighted share of the members with the parent slot that have this slot too."""
        have = sum(self.weights[m] for m in slot.lines if m in parents)
        total = sum(self.weights[m] for m in parents)
        return have / total if total else 0.0

    def _with_elsewhere(self, slot: Slot, parents: frozenset[int], p: float) -> float:
        """The presence of a slot, with members counted that have the same statement in another slot, unless it has been taken already."""
        shape = slot.variants()[0][0]
        if shape in self.emitted or len(shape[0]) < _TELLING or shape[0][0] in ("return", "break", "case"):
            return p
        total = sum(self.weights[m] for m in parents)
        others = {m for m in self._places.get(shape, ()) if m in parents and m not in slot.lines}
        return p + sum(self.weights[m] for m in others) / total if total else p

    def _best_fit(self, slot: Slot, p: float) -> float:
        """How well the names of the best variant fit here; 0 if no variant can be written."""
        choice = self._choose(slot, None, p)
        return choice.fit if choice else 0.0

    def typicality(self, member: int) -> float:
        """Mean agreement of a member's statements with the weighted vote, over all slots where it could have one."""
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

    def complete(self, candidate: Candidate) -> bool:
        """Whether a consensus is a whole function: it has statements if all members do, and ends in a return if all do."""
        bodies = [f.body for f in self.template.members]
        if not candidate.statements:
            return not all(bodies)
        last = next(s for s in reversed(candidate.statements) if s.depth == 0)
        endings = [b[-1] for b in bodies if b]
        returns = all(e.kind is StatementKind.SIMPLE and e.head[:1] == ("return",) for e in endings)
        return not returns or last.head[:1] == ("return",)

    def build(
        self, member: int | None, origin: str, decided: Mapping[str, Decided] | None = None, opinions: Mapping[str, Opinion] | None = None
    ) -> Candidate:
        """Write a candidate.

        ``member``: copy this member's choices; None for the consensus.
        ``decided``: slot id -> what to write, instead of either.
        ``opinions``: slot id -> a model's opinion, which counts as much as the donors' vote in a consensus.
        """
        self.decided = decided
        self.opinions = opinions or {}
        self.wanted: set[str] = set()
        candidate = self._built(member, origin)
        while member is None and decided is None and (more := self._users_of_the_unused() - self.wanted):
            self.wanted |= more
            candidate = self._built(member, origin)
        return candidate

    def _users_of_the_unused(self) -> set[str]:
        """For each local that is declared but unused: the slot in which most donors use it, among slots whose parent slot is taken."""
        found: set[str] = set()
        for local in self.declared - self.used:
            users = [
                (sum(self.weights[m] for m, line in slot.lines.items() if local in line.head), slot.id)
                for slot in self.template.walk()
                if slot.id not in self.here and ("." not in slot.id or slot.id.rpartition(".")[0] in self.here)
            ]
            weight, slot_id = max(users, default=(0.0, ""))
            if weight > 0.0:
                found.add(slot_id)
        return found

    def _built(self, member: int | None, origin: str) -> Candidate:
        self.names = _names(self.template, self.request.signature, self.weights, self.own_fields, self.own)
        self.taken = set(self.names.values())
        self.declared = set()
        self.used: set[str] = set()
        self.here: set[str] = set()
        self.chosen = {}
        self.emitted = set()
        out: list[FilledStatement] = []
        decisions: list[float] = []
        everyone = frozenset(range(len(self.template.members)))
        self.agreed = 0.0
        self._visit(self.template.slots, everyone, 0, member, out, decisions)
        confidence = sum(decisions) / len(decisions) if decisions else 1.0
        size = len(out) + self.expected
        if size:  # expected overlap with a donor's statements (Dice): being right about omissions alone is not enough
            confidence *= min(1.0, 2 * self.agreed / size)
        initialisers = tuple(s.head for s in out if s.kind is StatementKind.INITIALISER)
        signature = replace(self.request.signature, initialisers=complete_initialisers(self.request, initialisers))
        return Candidate(signature, tuple(s for s in out if s.kind is not StatementKind.INITIALISER), confidence, origin)

    def _visit(
        self, slots: Sequence[Slot], parents: frozenset[int], depth: int, member: int | None, out: list[FilledStatement],
        decisions: list[float],
    ) -> None:
        previous: StatementKind | None = None
        left = False
        outside = set(self.taken), self.names
        for slot in slots:
            p = self.presence(slot, parents)
            if self.own_calls.usual(slot):
                p += OWN_METHOD * (1 - p)
            here = p
            if self.decided is not None:
                likely, take = p, slot.id in self.decided
            else:
                if member is None:
                    p = self._with_elsewhere(slot, parents, p)
                    self._fits[slot.id] = self._best_fit(slot, p)
                likely = p * self._fits.get(slot.id, 1.0)
                if slot.id in self.opinions:
                    likely = (likely + self.opinions[slot.id].presence) / 2
                take = likely > self._threshold(slot) or slot.id in self.wanted if member is None else member in slot.lines
            if slot.kind is StatementKind.ELSE and previous not in (StatementKind.IF, StatementKind.ELSE):
                take = False
            if member is None and left and slot.kind not in _LABELS:
                take = False
            if not take:
                if p > 0.02:
                    decisions.append(1 - likely)
                continue
            choice = self._choose(slot, member, p) if self.decided is None else self._as_decided(slot, self.decided[slot.id])
            if choice is None:
                decisions.append(0.0)
                continue
            line = choice.line
            self.emitted.add(line.shape)
            self.agreed += choice.agreement * (p / here if here else 1.0)
            split = sum(1 for t in line.head if not isinstance(t, str))
            before = set(self.taken), self.names
            self.names = self._with_locals(line, member)
            if member is None:  # a single member's names are consistent, even where an inner one hides an outer one
                self.taken.update(self.names[t] for t in line.declares_as)
            head = self._write(line.head, choice.values[:split], self.names)
            place, known = len(out), len(decisions)
            decisions.append(choice.confidence)
            self.declared.update(line.declares_as)
            self.used.update(t for t in (*line.head, *line.tail) if isinstance(t, str) and t not in line.declares_as)
            self.here.add(slot.id)
            self.chosen[slot.id] = line, choice.values
            tail = self._write(line.tail, choice.values[split:], self.names)
            identity, confidence = statement_id(self.template.group.name, slot.id), choice.confidence
            if self.decided is None:
                confidence *= self.support
            out.append(
                FilledStatement(
                    identity, depth, line.kind, head, line.braced, tail, confidence, choice.donors, choice.alternatives
                )
            )
            self._visit(slot.children, frozenset(slot.lines), depth + 1, member, out, decisions)
            if slot.kind in _SCOPES:
                self.taken, self.names = before
            if len(out) == place + 1 and self._seldom_empty(slot):
                del out[place:], decisions[known:], self.chosen[slot.id]
                decisions.append(1 - p * max(self._fits.get(c.id, 1.0) for c in slot.children))
                continue
            previous = slot.kind
            left = head[:1] in _LEAVING
        if depth:
            self.taken, self.names = outside

    def _with_locals(self, line: Line, member: int | None) -> dict[str, str]:
        """``names`` with names for a line's locals that are new or declared here: ``member``'s, or most donors', that are free in this
        scope."""
        names = self.names
        for token in (*line.declares_as, *line.head, *line.tail):
            if isinstance(token, str) and token.startswith("$l") and (token not in names or token in line.declares_as):
                voted = most_called(self.template.local_names[token], self.weights, member)
                names = {**names, token: next((n for n in voted if n not in self.taken), f"{voted[0]}{len(self.taken)}")}
        return names

    def _threshold(self, slot: Slot) -> float:
        """Presence above which a slot is taken; lower for the initialiser of a field that the class is known to have."""
        if slot.kind is StatementKind.INITIALISER and self.own_fields is not None:
            heads = {line.head[0] for line in slot.lines.values() if line.head}
            if heads & (self.own_fields.keys() | self.fields):
                return 0.2
        return 0.5

    def _by_rule(self, slot: Slot, token: str) -> bool:
        """Whether several targets form this name from their own name in this slot."""
        return len({self.template.members[m].target for m, line in slot.lines.items() if token in line.head}) > 1

    def _seldom_empty(self, slot: Slot) -> bool:
        """Whether most members with the slot have statements in it. Without any the slot would mean something else."""
        empty = sum(self.weights[m] for m in slot.lines if all(m not in c.lines for c in slot.children))
        return empty < 0.5 * sum(self.weights[m] for m in slot.lines)

    def _choose(self, slot: Slot, member: int | None, presence: float) -> _Choice | None:
        total = sum(self.weights[m] for m in slot.lines) or 1.0
        ranked: list[tuple[float, tuple[str, ...], list[Line], tuple[str, ...], float]] = []
        opinion: dict[tuple[Shape, Shape], float] = {}
        if slot.id in self.opinions:
            shapes = (lines[0].shape for lines in ranked_variants(slot, self.weights))
            opinion = dict(zip(shapes, self.opinions[slot.id].variants, strict=True))
        for _, lines in slot.variants():
            key = (slot.id, lines[0].shape)
            if key not in self._filled:
                self._filled[key] = fill_holes(lines, self.weights, self.template.members, self.new, self.own.get(OWN_RECORD, ""))
            values, share = self._filled[key]
            if lines[0].fills and share == 0.0:
                continue
            head = self._head(lines[0], values, member)
            fit = self._fit(slot, lines[0], head, member)
            votes = sum(self.weights[x.member] for x in lines) / total
            if self.own_calls.calls(lines[0]):
                votes += OWN_METHOD * (1 - votes)
            if slot.id in self.opinions:
                votes = (votes + opinion.get(lines[0].shape, 0.0)) / 2
            ranked.append((votes * share * fit, values, lines, head, share * fit))
        ranked.sort(key=lambda r: -r[0])
        best = next((r for r in ranked if member is None or any(x.member == member for x in r[2])), None)
        if best is None or best[0] == 0.0:
            return None
        others = tuple(dict.fromkeys(" ".join(r[3]) for r in ranked if r is not best))[:3]
        if presence < 0.9:
            others = (*others, "")
        donors = tuple(x.donor for x in sorted(best[2], key=lambda x: -self.weights[x.member]))[:3]
        line = next((x for x in best[2] if x.member == member), best[2][0])
        agreement = sum(self.weights[x.member] for x in best[2])
        if self.own_calls.calls(line):
            agreement += OWN_METHOD * (1 - agreement)
        return _Choice(line, best[1], presence * best[0], others, donors, best[4] * agreement, self._fit(slot, best[2][0], best[3], member))

    def _as_decided(self, slot: Slot, decided: Decided) -> _Choice:
        lines = (line for line in slot.lines.values() if line.shape == decided.line.shape)
        donors = tuple(x.donor for x in sorted(lines, key=lambda x: -self.weights[x.member]))[:3]
        others = tuple("" if other is None else " ".join(self._head(*other, None)) for other in decided.alternatives)
        return _Choice(decided.line, decided.values, decided.confidence, others, donors, decided.confidence, 1.0)

    def _head(self, line: Line, values: tuple[str, ...], member: int | None) -> tuple[str, ...]:
        split = sum(1 for t in line.head if not isinstance(t, str))
        return self._write(line.head, values[:split], self._with_locals(line, member))

    def _write(self, shape: Shape, values: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
        return write(shape, values, names, self.operators, self.new)

    def _fit(self, slot: Slot, line: Line, head: tuple[str, ...], member: int | None) -> float:
        """1 if every name in a statement is declared here, less for each that is not.

        0 for a field or parameter that does not exist, for an undeclared local in a consensus, and for an initialiser of something that the
        class lacks. A name formed from the target's name counts as known if several targets form it: TableGen's tables define such names
        (Init<T>MCInstrInfo).
        """
        if line.kind is StatementKind.INITIALISER and self.fields and head[0] not in self.fields:
            return 0.0
        uses = [t for t in line.head if isinstance(t, str) and t.startswith("$")]
        if any(t.startswith(("$p", "$f")) and t not in self.names for t in uses):
            return 0.0
        if member is None and any(t.startswith("$l") and t not in self.declared and t not in line.declares_as for t in uses):
            return 0.0
        own = set(self._with_locals(line, member).values())
        own |= {self.new.name(t) for t in line.head if isinstance(t, str) and "<" in t and self._by_rule(slot, t)}
        others = [t for t in head if t not in own]
        fit = UNKNOWN ** unknown_names(others, self.new)
        for name in others:  # a function that no header shows exists as likely as donors have it
            if name in self.new.function_names and name not in self.new.declared:
                fit *= max(UNKNOWN, self.new.function_names[name])
        return fit


def _size(function: Function) -> int:
    """Number of statements and initialisers."""

    def count(body: Sequence[Statement]) -> int:
        return sum(1 + count(s.children) for s in body)

    return count(function.body) + len(function.signature.initialisers)


def _names(
    template: FunctionTemplate, signature: Signature, weights: Mapping[int, float], fields: Mapping[str, str] | None,
    own: Mapping[str, str],
) -> dict[str, str]:
    """Names for "$p0" and "$f:<T>Subtarget": parameters as in the signature, fields as the class has them, or as most donors call them
    where the class is unknown (``fields`` None)."""
    names = {f"$p{i}": p.name or f"Arg{i}" for i, p in enumerate(signature.params)}
    names |= own
    for identity, called in template.local_names.items():
        if not identity.startswith("$f:"):
            continue
        if fields is None:
            names[identity] = most_called(called, weights)[0]
        elif identity in fields:
            names[identity] = fields[identity]
    return names
