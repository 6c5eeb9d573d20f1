"""Stage 8: methods that no donor has and the new target's headers declare, where names and types of its fields say what they do.

Enters: the new target, what is planned. Leaves: planned functions, one candidate each. It asks no donor and compiles nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from vega_gen.corpus.modules import module_of
from vega_gen.fill.context import NewTarget
from vega_gen.fill.initialisers import bare
from vega_gen.records import Candidate, Class, FilledStatement, Member, MemberKind, PlannedFunction, Signature, StatementKind, statement_id

ORIGIN = "declaration"

BY_NAME = 0.94
"""Share of LLVM 19's own methods, of a field's name and type, that do no more than return or set it (docs/LOG.md)."""

BY_TYPE = 0.99
"""The same for methods that return a reference or a pointer to what one field alone of their class is."""

_VERB = re.compile(r"^(?:get|is|has|set|uses?|enabled?|m_)(?=[A-Z_])")
_TRUTH = re.compile(r"^(?:Is|Has|Uses?|Enabled?)(?=[A-Z])")

Tokens = tuple[str, ...]


def accessors(new: NewTarget, planned: Iterable[PlannedFunction]) -> list[PlannedFunction]:
    """A function for each method of the new target's classes that nothing is planned for and that a field answers."""
    there: set[tuple[str, str, int]] = set()
    files: dict[str, str] = {}
    for f in planned:
        s = f.candidate.signature
        there.add((s.class_name, s.name, len(s.params)))
        if f.file.endswith(".cpp"):
            files.setdefault(s.class_name, f.file)
    found: list[PlannedFunction] = []
    for c in new.classes:
        fields = dict(_fields(c))
        for m, s in ((m, m.signature) for m in c.members if _written(m) and m.signature):
            said = _said(s, fields) if (c.name, s.name, len(s.params)) not in there else None
            if said is not None:
                file = c.file if m.has_body else files.get(c.name, re.sub(r"\.h$", ".cpp", c.file))
                found.append(_planned(new, c, m, replace(s, class_name=c.name, initialisers=()), file, *said))
    return found


def _written(m: Member) -> bool:
    return m.kind is MemberKind.METHOD and not m.pure and not m.deleted and m.signature is not None and "static" not in m.signature.prefix


def _fields(c: Class) -> Iterator[tuple[str, Tokens]]:
    """The class's own fields with their types, bare."""
    for m in c.members:
        if m.kind is MemberKind.FIELD and m.name in m.tokens and "static" not in m.tokens:
            yield m.name, tuple(bare(m.tokens[: m.tokens.index(m.name)]))


def _said(s: Signature, fields: Mapping[str, Tokens]) -> tuple[Tokens, float] | None:
    """The one statement of a method, and how sure it is; None where no field answers it."""
    result = tuple(bare(s.result))
    called = [name for name in fields if _stem(name) == _stem(s.name)]
    if result == ("void",) and s.name.startswith("set") and called:
        name = called[0]
        if not s.params and fields[name] == ("bool",):
            return (name, "=", "true", ";"), BY_NAME
        if len(s.params) == 1 and s.params[0].name:
            field = ("this", "->", name) if s.params[0].name == name else (name,)
            return (*field, "=", s.params[0].name, ";"), BY_NAME
    if s.params or not result or result == ("void",):
        return None
    for name in called:
        read = _read(name, fields[name], result)
        if read is None and len(result) == len(fields[name]) == 1 and result != ("bool",):
            read = (name,)  # one scalar becomes another
        if read is not None:
            return ("return", *read, ";"), BY_NAME
    if result[-1] in ("&", "*"):
        alike = [name for name, kind in fields.items() if _core(kind) == _core(result)]
        read = _read(alike[0], fields[alike[0]], result) if len(alike) == 1 else None
        if read is not None:
            return ("return", *read, ";"), BY_TYPE
    return None


def _stem(name: str) -> str:
    """What a field or method is named for: "HasVInstructions" and "hasVInstructions" alike."""
    rest = _VERB.sub("", name)
    return _TRUTH.sub("", rest[:1].upper() + rest[1:]).replace("_", "").lower()


def _core(kind: Sequence[str]) -> Tokens:
    return tuple(t for t in kind if t not in ("&", "*"))


def _read(name: str, kind: Tokens, result: Tokens) -> Tokens | None:
    """The expression that gives ``result`` of a field of type ``kind``; None if none of the usual ones does."""
    wanted, have = (tuple(t for t in types if t != "&") for types in (result, kind))
    if wanted == have:
        return (name,)
    if wanted == (*have, "*"):
        return ("&", name)
    if (*wanted, "*") == have and result[-1] == "&":
        return ("*", name)
    owned = ("std", "unique_ptr", "<", *wanted[:-1], ">")
    return (name, ".", "get", "(", ")") if wanted[-1:] == ("*",) and have == owned else None


def _planned(new: NewTarget, c: Class, m: Member, s: Signature, file: str, head: Tokens, sure: float) -> PlannedFunction:
    group = new.masker.mask(f"{c.name}::{s.name}").replace("<T>", "")
    statement = FilledStatement(statement_id(group, "0"), 0, StatementKind.SIMPLE, head, False, (), sure, ())
    candidate = Candidate(s, (statement,), sure, ORIGIN)
    return PlannedFunction(group, module_of(file, new.masker), file, c.namespaces, m.has_body, (candidate,))
