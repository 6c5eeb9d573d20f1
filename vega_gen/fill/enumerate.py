"""Stage 8: switches that name every enumerator of a kind, written anew for the new target's enumerators.

Enters: a ``FillRequest``. Leaves: a candidate, or None where no donor enumerates. It does not look at other functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import FillRequest, NewTarget
from vega_gen.fill.weights import weights_of
from vega_gen.records import Candidate, Donor, FilledStatement, Function, HoleKind, Statement, StatementKind, statement_id

_FEWEST = 3
_NAME = "\0"  # no token has one


@dataclass(frozen=True, slots=True)
class _Enumeration:
    """Cases of a switch that differ in one enumerator only. ``shape``: the tokens of a case's body, ``_NAME`` for the enumerator."""

    scope: str
    names: tuple[str, ...]
    shape: tuple[str, ...]
    rest: tuple[Statement, ...]


def enumeration(request: FillRequest) -> Candidate | None:
    """A function whose body is a switch over all enumerators of the target's ISD scope, each case alike but for the name.

    The nearest donor that is written so gives the form; the enumerators are the new target's: of its own enum where a header
    shows it, else of its .td's SDNodes (SDNode.Opcode)."""
    template, new = request.template, request.new
    weights = weights_of(template, new)
    for i in sorted(weights, key=lambda m: (-weights[m], m)):
        function = template.members[i]
        masker = request.maskers[function.target]
        found = _enumeration_of(function, masker)
        if found is None or found[1].scope != "<T>ISD":
            continue
        switch, pattern = found
        scope = new.masker.unmask_scope(pattern.scope)
        names = _names(scope, new)
        if names:
            return _write(request, function, switch, pattern, scope, names, masker)
    return None


def _enumeration_of(function: Function, masker: Masker) -> tuple[Statement, _Enumeration] | None:
    switch = next((s for s in function.body if s.kind is StatementKind.SWITCH), None)
    if switch is None:
        return None
    names: list[str] = []
    shapes: list[tuple[str, ...]] = []
    scopes: list[str] = []
    rest: list[Statement] = []
    for case in switch.children:
        if case.kind is StatementKind.CASE and len(case.head) == 5 and case.head[2] == "::" and len(case.children) == 1:
            name = case.head[3]
            names.append(name)
            scopes.append(masker.mask_scope(case.head[1]))
            body = case.children[0]
            shapes.append(tuple(masker.mask(t).replace(name, _NAME) for t in (*body.head, *body.tail)))
        else:
            rest.append(case)
    if len(names) < _FEWEST or len(set(scopes)) > 1:
        return None
    common = max(set(shapes), key=lambda s: (shapes.count(s), s))
    if shapes.count(common) < 0.9 * len(shapes) or not any(_NAME in t for t in common):
        return None
    return switch, _Enumeration(scopes[0], tuple(names), common, tuple(rest))


def _names(scope: str, new: NewTarget) -> Sequence[str]:
    declared = [n for n in new.enumerators.get(scope, ()) if not n.startswith(("FIRST_", "LAST_"))]
    if declared:
        return declared
    return [n.rsplit("::", 1)[-1] for n in new.symbols.get(HoleKind.ISD_NODE, ()) if n.startswith(f"{scope}::")]


def _write(
    request: FillRequest, function: Function, switch: Statement, pattern: _Enumeration, scope: str, names: Sequence[str], masker: Masker
) -> Candidate:
    own = {p.name: q.name for p, q in zip(function.signature.params, request.signature.params, strict=False) if p.name and q.name}
    out: list[FilledStatement] = []
    group = request.template.group.name

    def rename(tokens: Sequence[str]) -> tuple[str, ...]:
        return tuple(own.get(t, request.new.name(masker.mask(t))) for t in tokens)

    def add(slot: str, depth: int, s: Statement, confidence: float) -> None:
        donor = Donor(function.target, function.file, s.line)
        out.append(
            FilledStatement(statement_id(group, slot), depth, s.kind, rename(s.head), s.braced, rename(s.tail), confidence, (donor,))
        )
        for k, child in enumerate(s.children):
            add(f"{slot}.{k}", depth + 1, child, confidence)

    case, body = next(
        (c, c.children[0]) for c in switch.children if c.kind is StatementKind.CASE and len(c.head) == 5 and len(c.children) == 1
    )
    for i, s in enumerate(function.body):
        if s is not switch:
            add(str(i), 0, s, 0.9)
            continue
        add(str(i), 0, replace(switch, children=()), 0.9)
        for name in names:
            label = replace(case, head=("case", scope, "::", name, ":"), children=())
            add(f"{i}.{name}", 1, label, 0.9)
            tokens = tuple(t.replace(_NAME, name) for t in pattern.shape)
            add(f"{i}.{name}.0", 2, replace(body, head=tokens, tail=(), children=()), 0.9)
        for k, other in enumerate(pattern.rest):
            add(f"{i}.rest{k}", 1, other, 0.9)
    return Candidate(request.signature, tuple(out), 0.9, f"{function.target}/{function.file}:{function.line}, enumerated")
