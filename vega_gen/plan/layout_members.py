"""Answer questions about members of classes: what they define, what they need, and which of them a planned class gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vega_gen.plan.donor_files import IDENTIFIER
from vega_gen.records import Member, MemberKind, PlannedClass

MAJORITY = 0.5
"""A class gets a member that nothing mentions if donors with more than this share of the weight have it."""

_TYPES = ("enum", "class", "struct", "union", "using", "typedef")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member that some donors have, in the new target's words.

    ``rank``: its mean position in the donors' classes, 0 to 1. ``share``: weighted share of the donors that have it. ``names``: what it
        defines.
    """

    member: Member
    rank: float
    share: float
    names: frozenset[str]


def bare_base(base: str) -> str:
    """The name of a base class, without access, scope and template arguments."""
    return base.removeprefix("public ").partition("<")[0].rsplit("::", 1)[-1]


def by_value(c: PlannedClass) -> tuple[str, ...]:
    """Names that a class needs the definition of: types of fields other than pointers and references, scopes, and results of overriding
    methods."""
    found: dict[str, None] = {}
    for m in c.members:
        for i, token in enumerate(m.tokens):
            after = m.tokens[i + 1] if i + 1 < len(m.tokens) else ";"
            if IDENTIFIER.match(token) and after not in ("*", "&", ";", "="):
                found[token] = None
        if m.signature:
            if "override" in m.signature.qualifiers:  # a covariant result type must be complete ([class.virtual])
                found.update(dict.fromkeys(t for t in m.signature.result if IDENTIFIER.match(t)))
            words = (*m.signature.result, *(t for p in m.signature.params for t in (*p.type, ",", *p.default)))
            for token, after in pairwise(words):
                if after == "::":
                    found[token] = None
    return tuple(found)


def with_arguments(base: str, members: Sequence[Member]) -> str:
    """A base class with the template arguments that an alias among the class's members gives it."""
    for m in members:
        for i, token in enumerate(m.tokens[:-1]):
            if token == base and m.tokens[i + 1] == "<" and m.tokens[0] in ("using", "typedef"):
                return base + "".join(m.tokens[i + 1 : m.tokens.index(">", i) + 1])
    return base


def is_type(m: Member) -> bool:
    return bool(m.tokens) and m.tokens[0] in _TYPES and not (m.tokens[0] == "union" and not m.name)


def mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def joined(members: Sequence[Member]) -> list[Member]:
    """Members with each run of directives (#define GET_..., then #include) joined into one."""
    out: list[Member] = []
    run: list[Member] = []
    for m in members:
        if m.tokens and m.tokens[0].startswith("#define"):
            run.append(m)
            continue
        if m.tokens and m.tokens[0].startswith("#include") and run:
            m = replace(m, tokens=tuple(t for x in (*run, m) for t in x.tokens))
        run = []
        out.append(m)
    return out


def names_of(m: Member) -> frozenset[str]:
    """The names that a member defines: its own, an alias's, and for an enum or an unnamed union also those inside it."""
    tokens = m.tokens
    names = {m.name} if m.name else set[str]()
    if tokens and tokens[0] == "using" and len(tokens) > 2:
        names.add(tokens[1] if "=" in tokens else [t for t in tokens if IDENTIFIER.match(t)][-1])
    elif tokens and tokens[0] == "typedef":
        names.add([t for t in tokens if IDENTIFIER.match(t)][-1])
    elif tokens and (tokens[0] == "enum" or (tokens[0] == "union" and not m.name)):
        start = tokens.index("{") if "{" in tokens else 0
        for before, token, after in zip(tokens[start:], tokens[start + 1 :], tokens[start + 2 :], strict=False):
            if IDENTIFIER.match(token) and after in (",", "}", "=", ";") and before != "=":
                names.add(token)
    return frozenset(names)


def asked(e: Entry, values: set[str], types: set[str], initialised: set[str]) -> bool:
    """Whether a class gets a member.

    A field if something uses it as a value (a reference only if a constructor initialises it); other members, static fields among them, if
    something names them or most donors have them.
    """
    m = e.member
    if m.kind is MemberKind.FIELD and m.tokens[0] != "static":
        reference = "&" in m.tokens and "=" not in m.tokens
        return bool(e.names & (initialised if reference else values))
    return e.share >= MAJORITY or bool(e.names & types)


def accessed(functions: Iterable[Sequence[str]]) -> set[str]:
    """Names that follow ".", "->" or "::"."""
    return {t for tokens in functions for before, t in pairwise(tokens) if before in (".", "->", "::")}
