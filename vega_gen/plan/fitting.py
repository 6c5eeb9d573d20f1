"""Fit archetypes into a backend that has its own classes, where each function is judged alone.

An archetype relies on parts that only a backend of archetypes has: helpers of its file, methods and fields of its classes. In another
backend's class it takes that backend's declarations instead (signatures, fields by their types), and brings the rest with it: a helper
becomes a lambda at the start of the body, a helper class a local class.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vega_gen import cxx
from vega_gen.archetypes.parts import CONFIDENCE, Parts
from vega_gen.plan.choose import statement_tree
from vega_gen.plan.declarations import Declarations, core, uses
from vega_gen.plan.subtarget_access import subtarget_of
from vega_gen.records import (
    FilledStatement,
    Member,
    MemberKind,
    Param,
    PlannedClass,
    PlannedFunction,
    Signature,
    StatementKind,
    statement_id,
)

_HELD = re.compile(r"[A-Za-z_]\w*\Z")
_ENUM = re.compile(r"\benum (?:class )?\w* ?\{([^}]*)\}")
_NAME = re.compile(r"\b[A-Za-z_]\w*")
_MEMBER = (".", "->")
_NOT_A_LAMBDA = frozenset(("template", "constexpr", "consteval"))
_DEPTH = 6
"""How many helpers may call each other in a chain: none of the archetypes has more, and a recursion has no lambda."""


class _CannotBring(Exception):
    """A helper that cannot become a lambda or a local class."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a method through ``receiver``, a name in the caller; "" for the caller's own object."""

    function: PlannedFunction
    receiver: str = ""


def fitted(parts: Parts, there: Declarations, members: Mapping[str, Collection[str]]) -> tuple[PlannedFunction, ...]:
    """The archetypes' functions, each fitted into a backend that has what ``there`` declares. A function that cannot be fitted is left
    as it is.

    ``members``: class of the archetypes -> the names that its LLVM base classes declare.
    """
    _, classes, functions = _called_as(parts, there)
    fitting = _Fitting(functions, {c.name: c for c in classes}, there, members)
    return tuple(map(fitting.fit, functions))


def _called_as(parts: Parts, there: Declarations) -> Parts:
    """The parts, with the backend's names for those of the archetypes' classes that it calls otherwise: its only class that is made from
    the same class of LLVM's, where both have one. Enumerators are spelled as its headers do."""
    files, classes, functions = parts
    own: dict[str, list[str]] = {}
    for c in classes:
        for base in c.bases:
            own.setdefault(base.split()[-1], []).append(c.name)
    named = {
        names[0]: found
        for base, names in own.items()
        if len(names) == 1 and names[0] not in there.classes and (found := there.made_from(base)) and found not in {c.name for c in classes}
    }
    texts = (text for file in files for text in (*file.prologue, *file.epilogue))
    enumerators = {name for text in texts for listed in _ENUM.findall(text) for name in _NAME.findall(listed)}
    named |= {name: found for name in sorted(enumerators) if (found := there.spelled(name))}
    if not named:
        return parts

    def spelled(tokens: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(named.get(t, t) for t in tokens)

    def signed(s: Signature) -> Signature:
        params = tuple(replace(p, type=spelled(p.type), default=spelled(p.default)) for p in s.params)
        inits = tuple(map(spelled, s.initialisers))
        name, owner = named.get(s.name, s.name), named.get(s.class_name, s.class_name)
        return replace(s, name=name, class_name=owner, result=spelled(s.result), params=params, initialisers=inits)

    def written(f: PlannedFunction) -> PlannedFunction:
        c = f.candidate
        statements = tuple(replace(one, head=spelled(one.head), tail=spelled(one.tail)) for one in c.statements)
        return replace(f, candidates=(replace(c, signature=signed(c.signature), statements=statements),))

    def declared(c: PlannedClass) -> PlannedClass:
        members = tuple(
            replace(m, tokens=spelled(m.tokens), signature=signed(m.signature) if m.signature else None) for m in c.members
        )
        return replace(c, name=named.get(c.name, c.name), members=members)

    return files, tuple(map(declared, classes)), tuple(map(written, functions))


class _Fitting:
    def __init__(
        self, functions: Sequence[PlannedFunction], classes: Mapping[str, PlannedClass], there: Declarations,
        members: Mapping[str, Collection[str]],
    ) -> None:
        self._classes, self._there, self._members = classes, there, members
        self._local = [c.name for c in classes.values() if "" in c.namespaces and not there.knows(c.name) and c.name not in there.usual]
        self._enumerators = _numbers(classes.values(), there)
        self._free: dict[tuple[str, str], list[PlannedFunction]] = {}
        self._methods: dict[str, list[PlannedFunction]] = {}
        self._of_class: dict[str, list[PlannedFunction]] = {}
        for f in functions:
            s = f.candidate.signature
            if s.class_name:
                self._of_class.setdefault(s.class_name, []).append(f)
                if self._is_own(f):
                    self._methods.setdefault(s.name, []).append(f)
            elif ("static" in s.prefix or "" in f.namespaces) and s.name not in there.expected:
                self._free.setdefault((f.file, s.name), []).append(f)

    def _is_own(self, f: PlannedFunction) -> bool:
        """Whether a method is one that only the archetypes' class has."""
        s = f.candidate.signature
        bare = s.class_name.rpartition("::")[2]
        known = self._classes.get(s.class_name)
        if known is None or s.class_name in self._local or s.name.lstrip("~") == bare or s.name.startswith("operator"):
            return False
        declared = [m.signature for m in known.members if m.signature and m.signature.name == s.name]
        if any("override" in d.qualifiers for d in declared) or "override" in s.qualifiers:
            return False
        return not self._there.has_method(s.class_name, s.name)

    def fit(self, f: PlannedFunction) -> PlannedFunction:
        """The function with what it needs; unchanged where that cannot be had."""
        try:
            return self._fit(f)
        except _CannotBring:
            return f

    def _fit(self, f: PlannedFunction) -> PlannedFunction:
        candidate = f.candidate
        s = candidate.signature
        declared = self._there.declaration(s)
        signature = _as_declared(s, declared) if declared else s
        statements: Sequence[FilledStatement] = [self._numbered(one) for one in candidate.statements]
        start: list[FilledStatement] = []
        known = self._classes.get(s.class_name)
        renamed: dict[str, tuple[str, ...]] = {}
        if known:
            renamed, start = self._fields(known, signature, statements)
        statements = [_renamed(one, renamed) for one in statements]
        signature = replace(signature, initialisers=self._initialisers(f, signature, renamed))
        statements = self._brought(f, statements)
        found = replace(candidate, signature=signature, statements=(*start, *statements))
        return replace(f, candidates=(found,))

    def _numbered(self, one: FilledStatement) -> FilledStatement:
        """A statement with the numbers of enumerators that only the archetypes' classes have."""
        head, out = one.head, list[str]()
        for t in head:
            number = self._enumerators.get((out[-2], t)) if len(out) > 1 and out[-1] == "::" else None
            if number is None:
                out.append(t)
            else:
                out[-2:] = [number]
        return replace(one, head=tuple(out)) if len(out) != len(head) else one

    # ------------------------------------------------------------------ fields

    def _fields(
        self, known: PlannedClass, signature: Signature, statements: Sequence[FilledStatement]
    ) -> tuple[dict[str, tuple[str, ...]], list[FilledStatement]]:
        """What the archetype's fields are called there, and declarations that take the place of fields which are not there."""
        used = {t for one in statements for t in (*one.head, *one.tail)} | {t for i in signature.initialisers for t in i}
        taken = {p.name for p in signature.params}
        renamed: dict[str, tuple[str, ...]] = {}
        start: list[FilledStatement] = []
        constructor = signature.name == known.name.rpartition("::")[2]
        for m in known.members:
            if m.kind is not MemberKind.FIELD or m.name not in used or m.name in taken:
                continue
            theirs = self._there.field(known.name, m)
            if theirs:
                if theirs != (m.name,):
                    renamed[m.name] = theirs
                continue
            found = () if constructor else subtarget_of(m, known, signature, self._there.subtarget)
            if found:
                start.append(_statement(found, f"{known.name}.{m.name}"))
        return renamed, start

    def _initialisers(
        self, f: PlannedFunction, signature: Signature, renamed: Mapping[str, tuple[str, ...]]
    ) -> tuple[tuple[str, ...], ...]:
        """A constructor's initialisers for the fields and bases that are there, with its helpers as lambdas in their places."""
        found: list[tuple[str, ...]] = []
        for one in f.candidate.signature.initialisers:
            name = renamed.get(one[0], (one[0],))
            if len(name) != 1 or not self._there.initialisable(signature.class_name, name[0]):
                continue
            rest: list[str] = []
            for i, t in enumerate(one[1:], 1):
                helper = self._helper(f, one, i)
                # No class can be declared in an initialiser: what LLVM makes it from stands for it.
                base = self._classes[t].bases[0].split()[-1:] if t in self._local and self._classes[t].bases else (t,)
                rest += self._lambda(helper, 1) if helper else base
            found.append(self._there.constructed(signature, (*name, *rest)))
        given = {one[0] for one in found}
        return (*found, *self._there.bound(signature, given))

    # ------------------------------------------------------------------ helpers

    def _helper(self, f: PlannedFunction, tokens: Sequence[str], i: int) -> _Call | None:
        """The helper that token ``i`` calls, None for another token."""
        name, before = tokens[i], tokens[i - 1] if i else ""
        if tokens[i + 1 : i + 2] != ("(",) and ((f.file, name) not in self._free or name in {p.name for p in f.candidate.signature.params}):
            return None
        if before in _MEMBER:
            owners = self._methods.get(name, [])
            return _Call(owners[0], tokens[i - 2]) if len(owners) == 1 and i > 1 and _HELD.match(tokens[i - 2]) and (
                i < 3 or tokens[i - 3] not in (*_MEMBER, "::")) else None
        if before == "::":
            return None
        mine = [m for m in self._methods.get(name, ()) if m.candidate.signature.class_name == f.candidate.signature.class_name]
        found = mine or self._free.get((f.file, name), [])
        if not found or found[0] is f:
            return None
        if len(found) > 1:
            raise _CannotBring(name)
        return _Call(found[0])

    def _brought(self, f: PlannedFunction, statements: Sequence[FilledStatement], depth: int = 0) -> list[FilledStatement]:
        """The statements with the helpers that they use: those without a receiver first, the others behind the receiver's declaration."""
        wanted: dict[tuple[str, str], _Call] = {}
        out: list[FilledStatement] = []
        for one in statements:
            head = list(one.head)
            for i in range(len(head)):
                call = self._helper(f, one.head, i)
                if call:
                    wanted[call.receiver, one.head[i]] = call
                    if call.receiver and call.receiver != "this":
                        head[i - 2 : i] = ["", ""]
            out.append(replace(one, head=tuple(t for t in head if t)))
        first: list[FilledStatement] = []
        for (receiver, name), call in wanted.items():
            made = _statement(("auto", name, "=", *self._lambda(call, depth + 1), ";"), f"{f.group}.{receiver}.{name}")
            places = [k for k, one in enumerate(out) if receiver and receiver in cxx.declared_names(one.head)]
            if not places:
                first.append(made)
            for k in reversed(places):
                end = next((n for n in range(k + 1, len(out)) if out[n].depth <= out[k].depth), len(out))
                inside = out[k].braced or end > k + 1
                out.insert(k + 1, replace(made, depth=out[k].depth + (1 if inside else 0)))
        types = self._types(f, [*first, *out]) if not depth else ()  # once, so that a helper's are the function's
        local = [_statement(self._local_class(n, depth), f"{f.group}.{n}", StatementKind.DEFINITION) for n in types]
        return [*local, *first, *out]

    def _lambda(self, call: _Call, depth: int) -> tuple[str, ...]:
        """The helper as a lambda."""
        f = call.function
        candidate = f.candidate
        s = candidate.signature
        if depth > _DEPTH or _NOT_A_LAMBDA & set(s.prefix) or not s.result:
            raise _CannotBring(s.name)
        known = self._classes.get(s.class_name)
        statements: Sequence[FilledStatement] = [self._numbered(one) for one in candidate.statements]
        start: list[FilledStatement] = []
        if known and not call.receiver:
            renamed, start = self._fields(known, s, statements)
            statements = [_renamed(one, renamed) for one in statements]
        statements = self._brought(f, statements, depth)
        if call.receiver and call.receiver != "this":
            statements = [self._through(one, call.receiver, s) for one in statements]
        text = cxx.render(statement_tree([*start, *statements]), 1)
        if any(t.startswith("#") for t in cxx.tokenize(text)):
            raise _CannotBring(s.name)
        params = ", ".join(cxx.render_parameter(p, default=True) for p in self._with_defaults(s))
        capture = "&" if s.class_name else ""  # what a free function needs is in its body; its address may be taken
        return (*cxx.tokenize(f"[{capture}]({params}) -> {cxx.join(s.result)} {{\n{text}}}"),)

    def _with_defaults(self, s: Signature) -> Sequence[Param]:
        """A method's parameters with the default arguments of its declaration."""
        known = self._classes.get(s.class_name)
        declared = [m.signature for m in known.members if m.signature and m.signature.name == s.name] if known else []
        if len(declared) != 1 or len(declared[0].params) != len(s.params):
            return s.params
        return [replace(p, default=p.default or d.default) for p, d in zip(s.params, declared[0].params, strict=True)]

    def _through(self, one: FilledStatement, receiver: str, s: Signature) -> FilledStatement:
        """A statement of a method of another object: what it calls of its own class, it calls through ``receiver``."""
        own = self._members.get(s.class_name, ())
        head: list[str] = []
        for i, t in enumerate(one.head):
            called = t in own and one.head[i + 1 : i + 2] == ("(",) and (i == 0 or one.head[i - 1] not in (*_MEMBER, "::"))
            head += [receiver, ".", t] if called else [t]
        return replace(one, head=tuple(head))

    def _types(self, f: PlannedFunction, statements: Sequence[FilledStatement]) -> list[str]:
        """The helper classes of the function's file that it names."""
        used = {t for one in statements for t in (*one.head, *one.tail)}
        return [n for n in self._local if n in used and self._classes[n].file == f.file and n != f.candidate.signature.class_name]

    def _local_class(self, name: str, depth: int) -> tuple[str, ...]:
        """The text of a helper class, which all its members are defined in."""
        c = self._classes[name]
        lines: list[str] = []
        access = "public" if c.struct else "private"
        methods = {f.candidate.signature.name: f for f in self._of_class.get(name, ())}
        for m in c.members:
            if m.access != access:
                lines.append(f"{m.access}:")
                access = m.access
            lines.append(self._member(m, methods, depth))
        bases = f" : {', '.join(c.bases)}" if c.bases else ""
        return tuple(cxx.tokenize(f"{'struct' if c.struct else 'class'} {c.name}{bases} {{\n" + "\n".join(lines) + "\n};"))

    def _member(self, m: Member, methods: Mapping[str, PlannedFunction], depth: int) -> str:
        if m.signature is None:
            if "static" in m.tokens:
                raise _CannotBring(m.name)
            return cxx.join(m.tokens)
        f = methods.get(m.signature.name)
        if m.deleted or m.pure or f is None or not f.in_class or "template" in m.signature.prefix:
            raise _CannotBring(m.signature.name)
        body = statement_tree(self._brought(f, f.candidate.statements, depth + 1))
        return cxx.render_function(f.candidate.signature, body, in_class=True, defaults=True)


def _numbers(classes: Iterable[PlannedClass], there: Declarations) -> dict[tuple[str, str], str]:
    """(class, enumerator) -> its number, for the enumerators of the archetypes' classes that no header has."""
    found: dict[tuple[str, str], str] = {}
    for c in classes:
        for m in c.members:
            if m.kind is not MemberKind.OTHER or m.tokens[:1] != ("enum",) or "{" not in m.tokens:
                continue
            number = -1
            for entry in cxx.join(m.tokens[m.tokens.index("{") + 1 : -2]).split(","):
                name, _, value = (part.strip() for part in entry.partition("="))
                number = int(value, 0) if re.fullmatch(r"0x[0-9a-f]+|\d+", value, re.I) else number + 1
                if name and not there.knows(name):
                    found[c.name, name] = str(number)
    return found


def _statement(tokens: Iterable[str], where: str, kind: StatementKind = StatementKind.SIMPLE) -> FilledStatement:
    return FilledStatement(statement_id(where, "brought"), 0, kind, tuple(tokens), False, (), CONFIDENCE, ())


def _renamed(one: FilledStatement, names: Mapping[str, tuple[str, ...]]) -> FilledStatement:
    return replace(one, head=uses(one.head, names), tail=uses(one.tail, names)) if names else one


def _as_declared(own: Signature, declared: Signature) -> Signature:
    """The declaration with the archetype's names of parameters, which its statements use."""
    left = list(own.params)
    params: list[Param] = []
    for k, p in enumerate(declared.params):
        same = next((q for q in left if core(q.type) == core(p.type)), None)
        if same is None and len(own.params) == len(declared.params):
            same = own.params[k] if own.params[k] in left else None
        if same is not None:
            left.remove(same)
        params.append(replace(p, name=(same.name if same else "") or p.name or f"Arg{k}", default=()))
    prefix = tuple(t for t in declared.prefix if t not in ("virtual", "static", "explicit", "inline"))
    qualifiers = tuple(t for t in declared.qualifiers if t not in ("override", "final"))
    result = own.result if cxx.join(own.result).rpartition("::")[2] == cxx.join(declared.result).rpartition("::")[2] else declared.result
    return replace(own, name=declared.name, prefix=prefix, result=result, params=tuple(params), qualifiers=qualifiers)
