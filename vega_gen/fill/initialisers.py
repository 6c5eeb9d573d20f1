"""Complete a constructor's initialisers so that C++ accepts them, as far as the new target's declarations decide."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen.fill.context import FillRequest
from vega_gen.function_template import Hole, Line
from vega_gen.records import Class, Member, MemberKind, Signature, StatementKind

_NOT_A_TYPE = frozenset(("const", "llvm", "::", "mutable", "static", "class", "struct"))
_TRUTHS = ("true", "false")
_SCALARS = frozenset(("bool", "int", "unsigned", "long", "short", "char", "int32_t", "uint32_t", "int64_t", "uint64_t", "size_t"))
Initialiser = tuple[str, ...]


def initialisable(request: FillRequest) -> frozenset[str]:
    """What a constructor of the function's class may initialise: its fields, its bases by all their names, and itself. Empty if the class
    is unknown."""
    name = request.signature.class_name
    known = next((c for c in request.new.classes if c.name == name), None)
    if known is None:
        return frozenset()
    bases = {b.rsplit("::", 1)[-1] for b in known.bases}
    aliases = {t for m in known.members if m.kind is MemberKind.OTHER for t in _alias(m.tokens)}
    return frozenset(m.name for m in known.members if m.kind is MemberKind.FIELD) | bases | aliases | {name.rsplit("::", 1)[-1]}


def _alias(tokens: Sequence[str]) -> Sequence[str]:
    """The name that a using or typedef declaration introduces."""
    if tokens[:1] == ("using",) and tokens[2:3] == ("=",):
        return tokens[1:2]
    return tokens[-2:-1] if tokens[:1] == ("typedef",) else ()


def complete_initialisers(request: FillRequest, initialisers: Sequence[Initialiser]) -> tuple[Initialiser, ...]:
    """A constructor's initialisers, with those added that C++ requires and types alone determine.

    - A reference field is bound to the parameter of its type ([class.base.init]).
    - A field of one of the target's own classes without a default constructor gets, for each parameter of its constructor, the parameter of
      that type, or the object itself. This also replaces a donor's initialiser with an impossible number of arguments.
    - A number or bool without an initialiser becomes zero, if donors initialise such fields.
    """
    s = request.signature
    classes = {c.name: c for c in request.new.classes}
    own = classes.get(s.class_name)
    if own is None or s.name != s.class_name.rsplit("::", 1)[-1] or any(i[:1] == (s.name,) for i in initialisers):
        return tuple(initialisers)
    copied = _copied(own, s)
    if copied:
        return copied
    given = {i[0]: i for i in initialisers if i}
    out = list(initialisers)
    counts = any(_counts(line) for slot in request.template.walk() for line in slot.lines.values())
    for m in own.members:
        if m.kind is not MemberKind.FIELD or m.name not in m.tokens:
            continue
        kind = m.tokens[: m.tokens.index(m.name)]
        present = given.get(m.name)
        made: Initialiser | None = None
        if "&" in kind and present is None:
            made = _wrapped(m.name, expression(kind, request))
        elif "&" not in kind and "*" not in kind:
            made = _constructed(m, classes.get(bare(kind)[-1:][0] if len(bare(kind)) == 1 else ""), present, request)
        if made is None and present is None and counts and bare_scalar(m, kind):
            made = (m.name, "(", ")")
        if made is not None:
            out = [made if i is present else i for i in out] if present else [*out, made]
    return tuple(out)


def _copied(own: Class, s: Signature) -> tuple[Initialiser, ...]:
    """The initialisers of a declared copy or move constructor, as C++ would generate them: each base and field copied or moved
    ([class.copy.ctor]); () for another constructor."""
    kinds = [bare(p.type) for p in s.params]
    if len(kinds) != 1 or kinds[0] not in ([own.name, "&"], [own.name, "&&"]) or not s.params[0].name:
        return ()
    other = (s.params[0].name,)
    fields = [m for m in own.members if m.kind is MemberKind.FIELD and "static" not in m.tokens]
    parts = [(b.partition("<")[0].rpartition("::")[2], other) for b in own.bases] + [(m.name, (*other, ".", m.name)) for m in fields]
    moved = kinds[0][1] == "&&"
    return tuple((name, "(", *(("std", "::", "move", "(", *part, ")") if moved else part), ")") for name, part in parts)


def _counts(line: Line) -> bool:
    """Whether a donor's line initialises a field with a number or a bool."""
    return line.kind is StatementKind.INITIALISER and len(line.head) == 4 and (isinstance(line.head[2], Hole) or line.head[2] in _TRUTHS)


def bare_scalar(field: Member, kind: Sequence[str]) -> bool:
    """Whether a field is a number or a bool without an initialiser in its declaration."""
    rest = field.tokens[field.tokens.index(field.name) + 1 :]
    return rest[:1] in ((), (";",)) and "static" not in kind and bool(kind) and all(t in _SCALARS for t in bare(kind))


def _constructed(field: Member, kind: Class | None, present: Initialiser | None, request: FillRequest) -> Initialiser | None:
    """An initialiser for a field of class ``kind`` if the present one fits none of its constructors; None if it does."""
    if kind is None:
        return None
    constructors = [
        m.signature for m in kind.members
        if m.kind is MemberKind.METHOD and m.signature and m.signature.name == kind.name.rsplit("::", 1)[-1] and not m.deleted
    ]
    count = len(_arguments(present)) if present else 0
    if not constructors or any(_required(c) <= count <= len(c.params) for c in constructors):
        return None
    for c in constructors:
        arguments = [expression(p.type, request) for p in c.params[: _required(c)]]
        if all(arguments):
            joined = tuple(t for k, a in enumerate(arguments) for t in ((",",) if k else ()) + a)
            return (field.name, "(", *joined, ")")
    return None


def _required(constructor: Signature) -> int:
    return sum(1 for p in constructor.params if not p.default)


def expression(kind: Sequence[str], request: FillRequest) -> tuple[str, ...]:
    """What the function can pass for a parameter of type ``kind``; () if its types do not tell."""
    s, wanted = request.signature, bare(kind)
    for p in s.params:
        if p.name and bare(p.type) == wanted:
            return (p.name,)
    if wanted == [s.class_name, "&"]:
        return ("*", "this")
    return ("this",) if wanted == [s.class_name, "*"] else ()


def _wrapped(name: str, argument: tuple[str, ...]) -> Initialiser | None:
    return (name, "(", *argument, ")") if argument else None


def bare(kind: Sequence[str]) -> list[str]:
    """A type without const, llvm:: and other tokens that do not distinguish it."""
    return [t for t in kind if t not in _NOT_A_TYPE]


def _arguments(initialiser: Initialiser) -> list[int]:
    """The token index at which each argument of ``Field(a, b)`` starts."""
    starts: list[int] = []
    depth = 0
    for i, token in enumerate(initialiser[2:-1], start=2):
        if depth == 0 and (not starts or initialiser[i - 1] == ","):
            starts.append(i)
        depth += (token in ("(", "{", "[", "<")) - (token in (")", "}", "]", ">"))
    return starts
