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

from vega_gen.cxx import declared_names
from vega_gen.errors import NotFoundError
from vega_gen.groups import FunctionGroup, Masker
from vega_gen.records import Class, Donor, Function, HoleKind, MemberKind, Signature, Statement, StatementKind

FieldsOf = Callable[[Function], Mapping[str, str]]
"""Fields of a function's class whose type, masked, is its own: name -> type ("<T>Subtarget")."""

OWN_CLASS = "<C>"
"""Stands for the name of the function's class where that is no target's name and a role ("<T>InstrInfo")."""

OWN_RECORD = "<RC>"
"""Stands for the record that a contract's name is made from (DecodeGPRRegisterClass), as in the names of function groups."""

NumbersOf = Callable[[Function, str], Mapping[str, str]]
"""(function, record that its name is made from) -> what integers in it are: "32" -> "size(<RC>)"."""

KindOf = Callable[[str], HoleKind | None]
"""A donor's symbol table: qualified name ("Lanai::SP") -> kind, None if TableGen does not know it."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_NUMBER = re.compile(r"\.?\d[\w.']*\Z")


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
    """One member's statement in a slot: masked shape, what the member has in each hole, and where it stands.

    ``declares``: names of the locals it declares, ``declares_as``: what the template calls them ("$l3")."""

    kind: StatementKind
    head: Shape
    fills: tuple[str, ...]
    braced: bool
    tail: Shape
    member: int
    donor: Donor
    declares: tuple[str, ...] = ()
    declares_as: tuple[str, ...] = ()

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
    children: list[Slot] = field(default_factory=list["Slot"])
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
    ``local_names``: what each member calls each local and each field that the shapes name "$l3" and "$f:<T>Subtarget"."""

    group: FunctionGroup
    members: tuple[Function, ...]
    slots: tuple[Slot, ...]
    local_names: Mapping[str, Mapping[int, str]] = field(default_factory=dict[str, Mapping[int, str]])

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


_NOT_OF_THE_TYPE = frozenset(["const", "mutable", "static", "llvm", "::", "&", "*"])


def field_types(own: Class, masker: Masker) -> dict[str, str]:
    """Fields of a class by name -> masked type, of those fields whose class type no other field has."""
    typed: dict[str, str] = {}
    for m in own.members:
        if m.kind is MemberKind.FIELD and m.name in m.tokens:
            words = [t for t in m.tokens[: m.tokens.index(m.name)] if t not in _NOT_OF_THE_TYPE]
            if len(words) == 1 and words[0][0].isupper():
                typed[m.name] = masker.mask(words[0])
    counted = Counter(typed.values())
    return {n: t for n, t in typed.items() if counted[t] == 1}


# ------------------------------------------------------------------- one member


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

    def __init__(
        self, index: int, function: Function, masker: Masker, kind_of: KindOf, fields: Mapping[str, str], own: Mapping[str, str],
        numbers: Mapping[str, str],
    ) -> None:
        self.index = index
        self.own = own
        self.numbers = numbers
        self.function = function
        self.masker = masker
        self.kind_of = kind_of
        self.params = {p.name: f"$p{i}" for i, p in enumerate(function.signature.params) if p.name}
        self.locals = {n for n in _locals(function.body) if n not in self.params}
        self.fields = {n: f"$f:{t}" for n, t in fields.items() if n not in self.locals}
        self.called: dict[str, str] = {}

    def shape(self, tokens: Sequence[str], initialiser: bool = False) -> tuple[Shape, tuple[str, ...]]:
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
            member = before in (".", "->", "::") and tokens[max(0, i - 2)] != "this"
            initialised = initialiser and i == 0
            if not member and token in self.fields and (initialised or token not in self.params):
                out.append(self.fields[token])
                self.called[self.fields[token]] = token
            elif not member and not initialised and token in self.params:
                out.append(self.params[token])
            elif not member and token in self.locals:
                out.append("$l:" + token)
            elif not member and token.startswith(("CC_", "RetCC_")) and self.kind_of(token) is HoleKind.METHOD:
                out.append(Hole(HoleKind.METHOD))
                fills.append(token)
            elif _NUMBER.match(token):
                out.append(Hole(HoleKind.INTEGER))
                fills.append(self.numbers.get(token, token))
            elif token.startswith('"'):
                out.append(Hole(HoleKind.STRING))
                fills.append(self.masker.mask(token))
            else:
                scope = i + 1 < len(tokens) and tokens[i + 1] == "::"
                for name, stands_for in self.own.items():
                    token = token.replace(name, stands_for)
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
        head, fills = self.shape(statement.head, statement.kind is StatementKind.INITIALISER)
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


def own_names(group: FunctionGroup, signature: Signature, masker: Masker) -> dict[str, str]:
    """Names that are this function's own and stand in its text: the class, where it is none of a role, and the record of a contract."""
    found: dict[str, str] = {}
    if group.role and "<" not in group.role:
        found[signature.class_name.rsplit("::", 1)[-1]] = OWN_CLASS
    before, mark, after = group.name.rpartition(":")[2].partition(OWN_RECORD)
    name = masker.mask(signature.name)
    if mark and name.startswith(before) and name.endswith(after) and len(name) > len(before + after) + 1:
        found[masker.unmask(name[len(before) : len(name) - len(after)])] = OWN_RECORD
    return found


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
    if a.kind is not b.kind or (a.kind is StatementKind.INITIALISER and a.text[:1] != b.text[:1]):
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
    group: FunctionGroup,
    members: Sequence[Function],
    maskers: Mapping[str, Masker],
    kinds: Mapping[str, KindOf],
    fields_of: FieldsOf = lambda function: {},
    numbers_of: NumbersOf = lambda function, record: {},
) -> FunctionTemplate:
    """Aligns the members of a group.

    ``members``: with bodies; ``kinds``: symbol tables by target (a target may lack one). Raises NotFoundError if
    there is no member: a group with no donor."""
    if not members:
        raise NotFoundError(f"the function group {group.name} has no donor", "", "add a checkout that has one with --corpus DIR")

    def none(_: str) -> HoleKind | None:
        return None

    alphabet = _Alphabet()
    called: dict[str, dict[int, str]] = {}
    forests: list[list[Slot]] = []
    for i, f in enumerate(members):
        own = own_names(group, f.signature, maskers[f.target])
        record = next((name for name, what in own.items() if what == OWN_RECORD), "")
        initialisers = tuple(Statement(StatementKind.INITIALISER, tokens, line=f.line) for tokens in f.signature.initialisers)
        abstractor = _Abstractor(i, f, maskers[f.target], kinds.get(f.target, none), fields_of(f), own, numbers_of(f, record))
        forest = abstractor.slots((*initialisers, *f.body))
        for name, own in abstractor.called.items():
            called.setdefault(name, {})[i] = own
        _set_text(forest, alphabet)
        forests.append(forest)
    texts = ["".join(_subtree_text(s) for s in forest)[:MAX_TOKENS] for forest in forests]
    order = order_members(members, texts)[:MAX_MEMBERS]
    merged: list[Slot] = []
    for i in order:
        merged = _align(merged, forests[i]) if merged else forests[i]
    called.update(_link_locals(merged))
    _number(merged)
    aligned = {id(members[i]) for i in order}
    return FunctionTemplate(group, tuple(members), tuple(merged), called).restricted(lambda f: id(f) in aligned)
