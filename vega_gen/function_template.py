"""Stage 5: a function group becomes a function template by anti-unification over statement trees.

Enters: the members of a group with their bodies, maskers and symbol tables. Leaves: ``FunctionTemplate``: slots, each
with its variants, presence, donors and typed holes. It does not choose among variants or know the new target.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz.distance import Indel

from vega_gen.errors import NotFoundError
from vega_gen.groups import FunctionGroup, Masker
from vega_gen.records import Donor, Function, HoleKind, Statement, StatementKind

KindOf = Callable[[str], HoleKind | None]
"""A donor's symbol table: qualified name ("Lanai::SP") -> kind, None if TableGen does not know it."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_NUMBER = re.compile(r"\.?\d[\w.']*\Z")
_NOT_A_TYPE = frozenset(
    "return case goto new delete throw else do typename using namespace class struct enum union sizeof not and or co_return".split()
)
_AFTER_DECLARATOR = frozenset("= ; ( { [ , : )".split())
_TYPE_WORDS = frozenset("auto bool char short int long unsigned signed float double void const".split())


@dataclass(frozen=True, slots=True)
class Hole:
    """A typed hole of a shape: what it stands for and, for enumerators, the masked scope it is named in."""

    kind: HoleKind
    scope: str = ""

    def __str__(self) -> str:
        return f"‹{self.kind.value}›"


Shape = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One member's statement in a slot: masked shape, what the member has in each hole, and where it stands."""

    kind: StatementKind
    head: Shape
    fills: tuple[str, ...]
    braced: bool
    tail: Shape
    member: int
    donor: Donor
    declares: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[Shape, Shape]:
        """Head and tail: what makes two lines the same variant."""
        return self.head, self.tail


@dataclass(slots=True)
class Slot:
    """A statement slot: the lines that members have there and the slots nested in it.

    ``id``: path of positions in the template, "2.0.1"; ``lines`` by member index."""

    kind: StatementKind
    lines: dict[int, Line]
    children: list[Slot] = field(default_factory=lambda: [])
    id: str = ""
    text: str = ""

    def variants(self) -> list[tuple[tuple[Shape, Shape], list[Line]]]:
        """The variants, most frequent first."""
        by_shape: dict[tuple[Shape, Shape], list[Line]] = defaultdict(list)
        for member in sorted(self.lines):
            by_shape[self.lines[member].shape].append(self.lines[member])
        return sorted(by_shape.items(), key=lambda v: (-len(v[1]), v[1][0].member))

    def walk(self) -> Iterator[Slot]:
        """This slot and all nested ones in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class FunctionTemplate:
    """A function template. ``members`` are the donors' functions; ``slots`` the top-level slots in order.
    ``local_names``: what each member calls each local that the shapes name "$l3"."""

    group: FunctionGroup
    members: tuple[Function, ...]
    slots: tuple[Slot, ...]
    local_names: Mapping[str, Mapping[int, str]] = field(default_factory=lambda: {})

    def restricted(self, keep: Callable[[Function], bool]) -> FunctionTemplate:
        """The template of the members that ``keep`` accepts, slot ids unchanged; this one if that is all or none."""
        kept = {i for i, f in enumerate(self.members) if keep(f)}
        if not kept or len(kept) == len(self.members):
            return self
        place = {old: new for new, old in enumerate(sorted(kept))}

        def cut(slots: Sequence[Slot]) -> list[Slot]:
            out: list[Slot] = []
            for s in slots:
                lines = {place[m]: replace(line, member=place[m]) for m, line in s.lines.items() if m in kept}
                if lines:
                    out.append(Slot(s.kind, lines, cut(s.children), s.id, s.text))
            return out

        names = {n: {place[m]: x for m, x in by.items() if m in kept} for n, by in self.local_names.items()}
        members = tuple(self.members[i] for i in sorted(kept))
        return FunctionTemplate(self.group, members, tuple(cut(self.slots)), {n: by for n, by in names.items() if by})

    def walk(self) -> Iterator[Slot]:
        """All slots in document order."""
        for slot in self.slots:
            yield from slot.walk()


# ------------------------------------------------------------------- one member


def declared_names(head: Sequence[str]) -> tuple[str, ...]:
    """Names that a statement's tokens declare, in order: two adjacent type-like and name tokens before a declarator's end."""
    names: list[str] = []
    depth_angle = 0
    for i in range(1, len(head)):
        token, before = head[i], head[i - 1]
        if not _IDENTIFIER.match(token) or token in _NOT_A_TYPE or token in _TYPE_WORDS:
            continue
        after = head[i + 1] if i + 1 < len(head) else ";"
        if after not in _AFTER_DECLARATOR:
            continue
        if _IDENTIFIER.match(before) and before not in _NOT_A_TYPE:
            names.append(token)
        elif before in ("&", "*", ">", "&&") and i >= 2:
            # `T &x`, `A<B> x`: the token two back is a type's name, not an operand; `a & b` has no declarator after b in a declaration
            start = _declaration_start(head, i)
            if start is not None:
                names.append(token)
        elif before == "[" and i >= 2 and head[i - 2] in ("auto", "&"):
            j = i
            while j < len(head) and head[j] != "]":
                if _IDENTIFIER.match(head[j]):
                    names.append(head[j])
                j += 1
    del depth_angle
    return tuple(dict.fromkeys(names))


def _declaration_start(head: Sequence[str], i: int) -> int | None:
    """Index where the declaration of the name at ``i`` starts, if only type tokens stand between, else None."""
    j = i - 1
    while j >= 0:
        token = head[j]
        if token in ("&", "*", "&&", "::", "<", ">", ",") or (_IDENTIFIER.match(token) and token not in _NOT_A_TYPE):
            if token == "," and ">" not in head[j:i]:
                return j + 1 if j + 1 < i - 1 else None
            j -= 1
            continue
        return j + 1 if token in ("(", ";", "{", "[") and j + 1 < i - 1 else None
    return 0 if i >= 2 else None


def _locals(body: Sequence[Statement]) -> dict[str, None]:
    found: dict[str, None] = {}
    for s in body:
        if s.kind is not StatementKind.CASE:
            for name in declared_names(s.head):
                found.setdefault(name)
        found.update(_locals(s.children))
    return found


class _Abstractor:
    """Turns one member's statements into lines: masks the target, types the holes, names the parameters by position."""

    def __init__(self, index: int, function: Function, masker: Masker, kind_of: KindOf) -> None:
        self.index = index
        self.function = function
        self.masker = masker
        self.kind_of = kind_of
        self.params = {p.name: f"$p{i}" for i, p in enumerate(function.signature.params) if p.name}
        self.locals = {n for n in _locals(function.body) if n not in self.params}

    def shape(self, tokens: Sequence[str]) -> tuple[Shape, tuple[str, ...]]:
        out: list[str | Hole] = []
        fills: list[str] = []
        i = 0
        while i < len(tokens):
            token = tokens[i]
            if i + 2 < len(tokens) and tokens[i + 1] == "::" and _IDENTIFIER.match(tokens[i + 2]):
                hole = self._symbol(token, tokens[i + 2])
                if hole is not None:
                    out.append(hole)
                    fills.append(f"{token}::{tokens[i + 2]}")
                    i += 3
                    continue
            before = tokens[i - 1] if i else ""
            member = before in (".", "->", "::")
            if not member and token in self.params:
                out.append(self.params[token])
            elif not member and token in self.locals:
                out.append("$l:" + token)
            elif _NUMBER.match(token):
                out.append(Hole(HoleKind.INTEGER))
                fills.append(token)
            elif token.startswith('"'):
                out.append(Hole(HoleKind.STRING))
                fills.append(self.masker.mask(token))
            else:
                scope = i + 1 < len(tokens) and tokens[i + 1] == "::"
                out.append(self.masker.mask_scope(token) if scope else self.masker.mask(token))
            i += 1
        return tuple(out), tuple(fills)

    def _symbol(self, scope: str, name: str) -> Hole | None:
        masked = self.masker.mask_scope(scope)
        if masked == "<T>" or scope == "ELF" or masked == "<T>ISD":
            kind = self.kind_of(f"{scope}::{name}")
            if kind is not None:
                return Hole(kind)
            if name.startswith("fixup_"):
                return Hole(HoleKind.FIXUP)
        return None

    def lines(self, statement: Statement) -> Line:
        head, fills = self.shape(statement.head)
        tail, more = self.shape(statement.tail)
        f = self.function
        return Line(
            statement.kind,
            head,
            fills + more,
            statement.braced,
            tail,
            self.index,
            Donor(f.target, f.file, statement.line),
            tuple(n for n in declared_names(statement.head) if n in self.locals),
        )

    def slots(self, statements: Sequence[Statement]) -> list[Slot]:
        out: list[Slot] = []
        for s in statements:
            line = self.lines(s)
            slot = Slot(s.kind, {self.index: line}, self.slots(s.children))
            out.append(slot)
        return out


# -------------------------------------------------------------------- alignment


class _Alphabet:
    """Maps shape tokens to characters, so that rapidfuzz compares token sequences."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}

    def text(self, shape: Shape) -> str:
        codes = self._codes
        out: list[str] = []
        for token in shape:
            name = "$l" if isinstance(token, str) and token.startswith("$l:") else str(token)
            code = codes.get(name)
            if code is None:
                code = codes[name] = chr(0x100 + len(codes) + (0x800 if len(codes) > 0xD600 else 0))
            out.append(code)
        return "".join(out)


def _subtree_text(slot: Slot) -> str:
    return slot.text + "".join(_subtree_text(c) for c in slot.children)


def _similarity(a: Slot, b: Slot) -> float:
    if a.kind is not b.kind:
        return 0.0
    head = Indel.normalized_similarity(a.text, b.text) if a.text or b.text else 1.0
    if not (a.children or b.children):
        return head
    inner_a, inner_b = _subtree_text(a)[:400], _subtree_text(b)[:400]
    inner = Indel.normalized_similarity(inner_a, inner_b) if inner_a or inner_b else 1.0
    return 0.5 * head + 0.5 * inner


_MATCH = 0.45


def _align(base: list[Slot], other: list[Slot]) -> list[Slot]:
    """Aligns two slot lists in order (Needleman-Wunsch on similarity above ``_MATCH``), merging matches, children too."""
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
            a, b = base[i], other[j]
            a.lines.update(b.lines)
            a.children = _align(a.children, b.children)
            out.append(a)
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


def _set_text(slots: Sequence[Slot], alphabet: _Alphabet) -> None:
    for slot in slots:
        (line,) = slot.lines.values()
        slot.text = alphabet.text(line.head)
        _set_text(slot.children, alphabet)


def _link_locals(slots: Sequence[Slot]) -> dict[str, dict[int, str]]:
    """Gives locals declared in the same slot at the same place one identity ("$l3") and renames their uses to it.

    Returns what each member calls each identity."""
    identity: dict[tuple[int, str], str] = {}
    called: dict[str, dict[int, str]] = {}
    for slot in (s for top in slots for s in top.walk()):
        width = max((len(line.declares) for line in slot.lines.values()), default=0)
        for k in range(width):
            fresh = {x.member: x.declares[k] for x in slot.lines.values() if len(x.declares) > k and (x.member, x.declares[k]) not in identity}
            if not fresh:
                continue
            name = f"$l{len(called)}"
            called[name] = fresh
            identity.update({(m, n): name for m, n in fresh.items()})

    def rename(shape: Shape, member: int) -> Shape:
        return tuple(identity.get((member, t[3:]), t[3:]) if isinstance(t, str) and t.startswith("$l:") else t for t in shape)

    for slot in (s for top in slots for s in top.walk()):
        for member, line in slot.lines.items():
            slot.lines[member] = replace(line, head=rename(line.head, member), tail=rename(line.tail, member))
    return called


def _number(slots: Sequence[Slot], prefix: str = "") -> None:
    for i, slot in enumerate(slots):
        slot.id = f"{prefix}{i}"
        _number(slot.children, slot.id + ".")


def order_members(members: Sequence[Function], texts: Sequence[str]) -> list[int]:
    """Indices of the members, most typical first: by mean similarity to the others (the medoid leads the alignment)."""
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
    group: FunctionGroup, members: Sequence[Function], maskers: Mapping[str, Masker], kinds: Mapping[str, KindOf]
) -> FunctionTemplate:
    """Aligns the members of a group.

    ``members``: with bodies; ``kinds``: symbol tables by target (a target may lack one). Raises NotFoundError if
    there is no member: a group with no donor."""
    if not members:
        raise NotFoundError(f"the function group {group.name} has no donor", "", "add a checkout that has one with --corpus DIR")
    def none(_: str) -> HoleKind | None:
        return None

    alphabet = _Alphabet()
    forests: list[list[Slot]] = []
    for i, f in enumerate(members):
        initialisers = tuple(Statement(StatementKind.INITIALISER, tokens, line=f.line) for tokens in f.signature.initialisers)
        forest = _Abstractor(i, f, maskers[f.target], kinds.get(f.target, none)).slots((*initialisers, *f.body))
        _set_text(forest, alphabet)
        forests.append(forest)
    texts = ["".join(_subtree_text(s) for s in forest)[:MAX_TOKENS] for forest in forests]
    order = order_members(members, texts)[:MAX_MEMBERS]
    merged: list[Slot] = []
    for i in order:
        merged = _align(merged, forests[i]) if merged else forests[i]
    called = _link_locals(merged)
    _number(merged)
    return FunctionTemplate(group, tuple(members), tuple(merged), called)
