"""Build a function template from the members of a group, by anti-unification over statement trees (stage 5).

Members are aligned one after the other, the most typical first. The result has a slot per aligned statement, with its variants, donors
and typed holes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz.distance import Indel

from vega_gen.cxx.masker import Masker
from vega_gen.errors import NotFoundError
from vega_gen.function_template.members import FieldsOf, KindOf, NumbersOf, abstractor_of
from vega_gen.function_template.shapes import FunctionTemplate, Shape, Slot
from vega_gen.groups import FunctionGroup
from vega_gen.records import Function, HoleKind, StatementKind


class Alphabet:
    """Maps shape tokens to characters, so that rapidfuzz can compare token sequences as strings."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}

    def text(self, shape: Shape) -> str:
        codes = self._codes
        out: list[str] = []
        for token in shape:
            name = "$l" if isinstance(token, str) and token.startswith("$l") else str(token)
            code = codes.get(name)
            if code is None:
                code = codes[name] = chr(0x100 + len(codes) + (0x800 if len(codes) > 0xD600 else 0))
            out.append(code)
        return "".join(out)


def _subtree_text(slot: Slot) -> str:
    return slot.text + "".join(_subtree_text(c) for c in slot.children)


def _similarity(a: Slot, b: Slot) -> float:
    if a.kind is not b.kind or (a.kind is StatementKind.INITIALISER and a.text[:1] != b.text[:1]):
        return 0.0
    head = Indel.normalized_similarity(a.text, b.text) if a.text or b.text else 1.0
    if not (a.children or b.children):
        return head
    inner_a, inner_b = _subtree_text(a)[:400], _subtree_text(b)[:400]
    inner = Indel.normalized_similarity(inner_a, inner_b) if inner_a or inner_b else 1.0
    return 0.5 * head + 0.5 * inner


_MATCH = 0.45


def align(base: list[Slot], other: list[Slot]) -> list[Slot]:
    """Align two slot lists in order and merge the slots that match, their children included.

    Needleman-Wunsch; slots match at a similarity of at least ``_MATCH``.
    """
    n, m = len(base), len(other)
    if not n or not m:
        return base + other
    score = [[0.0] * (m + 1) for _ in range(n + 1)]
    sims = [[_similarity(a, b) for b in other] for a in base]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            s = sims[i][j]
            match = score[i + 1][j + 1] + (s - _MATCH + 0.05 if s >= _MATCH else -1.0)
            score[i][j] = max(match, score[i + 1][j], score[i][j + 1])
    out: list[Slot] = []
    i = j = 0
    while i < n or j < m:
        if i < n and j < m and sims[i][j] >= _MATCH and score[i][j] == score[i + 1][j + 1] + (sims[i][j] - _MATCH + 0.05):
            out.append(_merge(base[i], other[j]))
            i, j = i + 1, j + 1
        elif i < n and score[i][j] == score[i + 1][j]:
            out.append(base[i])
            i += 1
        elif j < m:
            out.append(other[j])
            j += 1
        else:
            out.append(base[i])
            i += 1
    return out


def _merge(a: Slot, b: Slot) -> Slot:
    a.lines.update(b.lines)
    a.children = (_align_cases if a.kind is StatementKind.SWITCH else align)(a.children, b.children)
    return a


def _align_cases(base: list[Slot], other: list[Slot]) -> list[Slot]:
    """Align the contents of two switches.

    Cases may stand in any order, so equal labels match wherever they stand. Labels with names that a target defines (holes, masked
    names) and have no equal are aligned in order, as statements are. A label without statements stays before the one it falls into.
    """
    labels: dict[tuple[str, ...], int] = {}
    for i, a in enumerate(base):
        for label in _labels(a):
            labels.setdefault(label, i)
    same: dict[int, int] = {}
    for j in reversed(range(len(other))):
        i = next((labels[label] for label in _labels(other[j]) if label in labels), None)
        falls = _falls_through(other[j]) and j + 1 < len(other)
        if i is not None and i not in same.values() and (not falls or same.get(j + 1) == i + 1):
            same[j] = i
    place = {j: _merge(base[i], other[j]) for j, i in same.items()}
    matched = {id(a) for a in place.values()}
    open_base = [a for a in base if id(a) not in matched and _made(a)]
    open_other = {id(line): j for j, b in enumerate(other) if j not in place and _made(b) for line in b.lines.values()}
    kept = {id(a) for a in open_base}
    for a in align(open_base, [other[j] for j in dict.fromkeys(open_other.values())]):
        if id(a) in kept:
            place.update((open_other[id(line)], a) for line in a.lines.values() if id(line) in open_other)
    out = list(base)
    before: Slot | None = None
    for j, b in enumerate(other):
        if j not in place and b.children:
            at = _index(out, before) + 1 if before else 0
            while 0 < at < len(out) and _falls_through(out[at - 1]):
                at += 1
            out.insert(at, b)
            place[j] = b
        before = place.get(j, before)
    for j in reversed(range(len(other))):
        if j not in place:
            out.insert(_index(out, place[j + 1]) if j + 1 < len(other) else len(out), other[j])
            place[j] = other[j]
    return out


def _labels(slot: Slot) -> set[tuple[str, ...]]:
    """Return a case's label as each member has it, without the target's scope; empty for a slot that isn't a case."""
    found: set[tuple[str, ...]] = set()
    if slot.kind is StatementKind.CASE:
        for line in slot.lines.values():
            fills = iter(line.fills)
            found.add(tuple(t if isinstance(t, str) else next(fills).rsplit("::", 1)[-1] for t in line.head))
    return found


def _made(slot: Slot) -> bool:
    """Whether a case's label contains names that the target defines, so that another target may spell it differently.

    True for a slot that is not a case.
    """
    heads = [line.head for line in slot.lines.values()]
    return slot.kind is not StatementKind.CASE or any(not isinstance(t, str) or "<" in t for head in heads for t in head)


def _falls_through(slot: Slot) -> bool:
    return slot.kind is StatementKind.CASE and any(all(m not in c.lines for c in slot.children) for m in slot.lines)


def _index(slots: Sequence[Slot], wanted: Slot) -> int:
    return next(i for i, s in enumerate(slots) if s is wanted)


def set_text(slots: Sequence[Slot], alphabet: Alphabet) -> None:
    """Set each slot's text, by which it is aligned, from its first line."""
    for slot in slots:
        slot.text = alphabet.text(next(iter(slot.lines.values())).head)
        set_text(slot.children, alphabet)


def link_locals(slots: Sequence[Slot]) -> dict[str, dict[int, str]]:
    """Give locals declared at the same place of the same slot one name ("$l3"), and rename their uses.

    Returns, for each of these names, what each member calls the local.
    """
    identity: dict[tuple[int, str], str] = {}
    called: dict[str, dict[int, str]] = {}
    for slot in (s for top in slots for s in top.walk()):
        width = max((len(line.declares) for line in slot.lines.values()), default=0)
        for k in range(width):
            declared = {x.member: x.declares[k] for x in slot.lines.values() if len(x.declares) > k}
            fresh = {m: n for m, n in declared.items() if (m, n) not in identity}
            if not fresh:
                continue
            name = f"$l{len(called)}"
            called[name] = fresh
            identity.update(dict.fromkeys(fresh.items(), name))

    def rename(shape: Shape, member: int) -> Shape:
        return tuple(identity.get((member, t[3:]), t[3:]) if isinstance(t, str) and t.startswith("$l:") else t for t in shape)

    for slot in (s for top in slots for s in top.walk()):
        for member, line in slot.lines.items():
            as_named = tuple(identity[member, n] for n in line.declares if (member, n) in identity)
            slot.lines[member] = replace(line, head=rename(line.head, member), tail=rename(line.tail, member), declares_as=as_named)
    return called


def _number(slots: Sequence[Slot], prefix: str = "") -> None:
    for i, slot in enumerate(slots):
        slot.id = f"{prefix}{i}"
        _number(slot.children, slot.id + ".")


def order_members(members: Sequence[Function], texts: Sequence[str]) -> list[int]:
    """Return the indices of the members, most typical first: by mean similarity to the others. The medoid leads the alignment."""
    if len(members) == 1:
        return [0]
    total = [0.0] * len(texts)
    for i in range(len(texts)):
        for j in range(i):
            s = Indel.normalized_similarity(texts[i], texts[j])
            total[i] += s
            total[j] += s
    return sorted(range(len(texts)), key=lambda i: (-total[i], i))


MAX_MEMBERS = 40
MAX_TOKENS = 6000


def build_template(
    group: FunctionGroup,
    members: Sequence[Function],
    maskers: Mapping[str, Masker],
    kinds: Mapping[str, KindOf],
    fields_of: FieldsOf = lambda function: {},
    numbers_of: NumbersOf = lambda function, record: {},
) -> FunctionTemplate:
    """Align the members of a group.

    ``members``: with bodies. ``kinds``: symbol tables by target; a target may lack one.
    Raises NotFoundError where there are no members, so no donor.
    """
    if not members:
        raise NotFoundError(f"the function group {group.name} has no donor", "", "add a checkout that has one, with --corpus DIR")

    def none(_: str) -> HoleKind | None:
        return None

    alphabet = Alphabet()
    called: dict[str, dict[int, str]] = {}
    forests: list[list[Slot]] = []
    for i, f in enumerate(members):
        abstractor = abstractor_of(group, i, f, maskers[f.target], kinds.get(f.target, none), fields_of, numbers_of)
        forest = abstractor.forest()
        for name, own in abstractor.called.items():
            called.setdefault(name, {})[i] = own
        set_text(forest, alphabet)
        forests.append(forest)
    texts = ["".join(_subtree_text(s) for s in forest)[:MAX_TOKENS] for forest in forests]
    order = order_members(members, texts)[:MAX_MEMBERS]
    merged: list[Slot] = []
    for i in order:
        merged = align(merged, forests[i]) if merged else forests[i]
    called.update(link_locals(merged))
    _number(merged)
    aligned = {id(members[i]) for i in order}
    return FunctionTemplate(group, tuple(members), tuple(merged), called).restricted(lambda f: id(f) in aligned)
