"""Abstract one member of a group: mask the target's names, type the holes, and name parameters by position (stage 5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from vega_gen.cxx import declared_names
from vega_gen.cxx.masker import Masker
from vega_gen.function_template.shapes import OWN_CLASS, OWN_RECORD, Hole, Line, Shape, Slot
from vega_gen.groups import FunctionGroup
from vega_gen.records import Class, Donor, Function, HoleKind, MemberKind, Signature, Statement, StatementKind

FieldsOf = Callable[[Function], Mapping[str, str]]
"""Maps a function to the fields of its class that have a type of their own: name -> masked type ("<T>Subtarget")."""

NumbersOf = Callable[[Function, str], Mapping[str, str]]
"""Maps a function and the record in its name to what integers in it stand for: "32" -> "size(<RC>)"."""

KindOf = Callable[[str], HoleKind | None]
"""A donor's symbol table: maps a qualified name ("Lanai::SP") to its kind, None if TableGen does not generate it."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_NUMBER = re.compile(r"\.?\d[\w.']*\Z")

_NOT_OF_THE_TYPE = frozenset(["const", "mutable", "static", "llvm", "::", "&", "*"])


def field_types(own: Class, masker: Masker) -> dict[str, str]:
    """Map fields of a class to their masked types, where no other field has the same type."""
    typed: dict[str, str] = {}
    for m in own.members:
        if m.kind is MemberKind.FIELD and m.name in m.tokens:
            words = [t for t in m.tokens[: m.tokens.index(m.name)] if t not in _NOT_OF_THE_TYPE]
            if len(words) == 1 and words[0][0].isupper():
                typed[m.name] = masker.mask(words[0])
    counted = Counter(typed.values())
    return {n: t for n, t in typed.items() if counted[t] == 1}


def _locals(body: Sequence[Statement]) -> dict[str, None]:
    found: dict[str, None] = {}
    for s in body:
        if s.kind is not StatementKind.CASE:
            for name in declared_names(s.head):
                found.setdefault(name)
        found.update(_locals(s.children))
    return found


class Abstractor:
    """Turns one member's statements into lines: masks the target, types the holes, names the parameters by position.

    ``index``: the member's number in its lines. ``own``: see ``own_names``. ``called``: what the member calls each field ("$f:...").
    """

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

    def forest(self) -> list[Slot]:
        """Return the slots of the whole function, starting with a constructor's initialisers."""
        f = self.function
        initialisers = tuple(Statement(StatementKind.INITIALISER, tokens, line=f.line) for tokens in f.signature.initialisers)
        return self.slots((*initialisers, *f.body))

    def slots(self, statements: Sequence[Statement]) -> list[Slot]:
        out: list[Slot] = []
        for s in statements:
            line = self.lines(s)
            slot = Slot(s.kind, {self.index: line}, self.slots(s.children))
            out.append(slot)
        return out


def own_names(group: FunctionGroup, signature: Signature, masker: Masker) -> dict[str, str]:
    """Map names specific to this function to placeholders.

    They are its class's name, unless the class has a masked role, and the record in a contract's name.
    """
    found: dict[str, str] = {}
    if group.role and "<" not in group.role:
        found[signature.class_name.rsplit("::", 1)[-1]] = OWN_CLASS
    before, mark, after = group.name.rpartition(":")[2].partition(OWN_RECORD)
    name = masker.mask(signature.name)
    if mark and name.startswith(before) and name.endswith(after) and len(name) > len(before + after) + 1:
        found[masker.unmask(name[len(before) : len(name) - len(after)])] = OWN_RECORD
    return found


def abstractor_of(
    group: FunctionGroup, index: int, function: Function, masker: Masker, kind_of: KindOf, fields_of: FieldsOf, numbers_of: NumbersOf
) -> Abstractor:
    """Make the abstractor of a group's member. ``index``: the member's number in its lines."""
    own = own_names(group, function.signature, masker)
    record = next((name for name, what in own.items() if what == OWN_RECORD), "")
    return Abstractor(index, function, masker, kind_of, fields_of(function), own, numbers_of(function, record))
