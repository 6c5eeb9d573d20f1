"""Remove from a plan the declarations that the compiler rejects, so that one wrong declaration does not spoil every file that includes it.

Finds the smallest unit (class member, or text at file scope) around each error, and returns the plan without it. Nothing is put in its
place here: ``blame`` and ``steps`` do that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from llvm_integration.check import Mistake
from vega_gen import cxx
from vega_gen.records import Member, MemberKind, Plan, PlannedFile, PlannedFunction, Signature

_QUOTED = re.compile(r"'(\w+)'")
_MACRO = re.compile(r"#\s*define\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be left out of a plan: a member of a class, or a text at file scope (``class_name`` is then "")."""

    file: str
    class_name: str
    tokens: tuple[str, ...]


def blamed(plan: Plan, texts: Mapping[str, str], mistakes: Iterable[Mistake]) -> frozenset[Unit]:
    """The smallest unit around each error.

    ``texts``: path -> the text as the compiler read it. ``mistakes``: errors whose file is one of these paths.
    An error outside of every unit (in a table or in a function) blames nothing; see ``macros_named`` for macros that such errors name.
    """
    lines: dict[str, set[int]] = defaultdict(set)
    for m in mistakes:
        lines[m.file].add(m.line)
    found: set[Unit] = set()
    for path, wrong in lines.items():
        if path not in texts:
            continue
        starts, tokens = cxx.scan(texts[path])
        line_of = _lines(texts[path], starts)
        spans = [(first, last, unit) for unit in units(plan, path) for first, last in _places(tokens, unit.tokens, line_of)]
        for line in wrong:
            around = [(last - first, unit.tokens, unit) for first, last, unit in spans if first <= line <= last]
            if around:
                found.add(min(around)[2])
    return frozenset(found)


def macros_named(plan: Plan, path: str, mistakes: Iterable[Mistake]) -> frozenset[Unit]:
    """The macros of a file that errors in other files name. TableGen's tables expand macros that the including file defines."""
    named = {name for m in mistakes if m.file != path for name in _QUOTED.findall(m.message)}
    defined = ((unit, _MACRO.match(unit.tokens[0])) for unit in units(plan, path) if len(unit.tokens) == 1)
    return frozenset(unit for unit, macro in defined if macro and macro[1] in named)


def units(plan: Plan, path: str) -> list[Unit]:
    """The units of a file. Includes of TableGen's tables are not units: other texts exist only for them."""
    found = [
        Unit(path, c.name, member_tokens(m)) for c in plan.classes if c.file == path for m in c.members if member_tokens(m)
    ]
    for file in plan.files:
        if file.path == path:
            found += [Unit(path, "", tokens) for text in (*file.prologue, *file.epilogue) if (tokens := text_tokens(text))]
    return found


def without(plan: Plan, left_out: frozenset[Unit]) -> Plan:
    """The plan without these units. Units that the plan does not have are ignored."""
    if not left_out:
        return plan
    classes = tuple(
        replace(c, members=tuple(m for m in c.members if Unit(c.file, c.name, member_tokens(m)) not in left_out)) for c in plan.classes
    )

    def kept(file: PlannedFile, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(t for t in texts if Unit(file.path, "", text_tokens(t)) not in left_out)

    declared: dict[tuple[str, str], list[tuple[Signature, bool]]] = {}
    for c in plan.classes:
        for m in c.members:
            if m.signature is not None:
                gone = Unit(c.file, c.name, member_tokens(m)) in left_out
                declared.setdefault((c.name, m.signature.name), []).append((m.signature, gone))

    def lasting(f: PlannedFunction) -> PlannedFunction:
        s = f.candidate.signature
        named = declared.get((s.class_name, s.name), ())
        index = cxx.overload(s, [signature for signature, _ in named])
        return replace(f, declared=False) if index is not None and named[index][1] else f

    files = tuple(replace(f, prologue=kept(f, f.prologue), epilogue=kept(f, f.epilogue)) for f in plan.files)
    functions = tuple(lasting(f) if f.candidates and f.chosen >= 0 else f for f in plan.functions)
    return replace(plan, classes=classes, files=files, functions=functions)


def member_tokens(member: Member) -> tuple[str, ...]:
    """The tokens that identify a member: a method's declaration without initialisers, or the whole text of another member."""
    if member.kind is MemberKind.METHOD and member.signature is not None:
        return cxx.tokenize(cxx.render_signature(replace(member.signature, initialisers=()), in_class=True))
    return member.tokens


def text_tokens(text: str) -> tuple[str, ...]:
    """The tokens of a text at file scope without the namespaces around it, because emit joins texts of one namespace into one block."""
    tokens = cxx.tokenize(text)
    while tokens[:1] == ("namespace",) and tokens[-1:] == ("}",) and "{" in tokens[1:3]:
        inner = tokens[tokens.index("{") + 1 : -1]
        if _depth_below_zero(inner):
            break
        tokens = inner
    return () if any(t.startswith("#") and "include" in t for t in tokens) else tokens


def _depth_below_zero(tokens: Sequence[str]) -> bool:
    depth = 0
    for t in tokens:
        depth += {"{": 1, "}": -1}.get(t, 0)
        if depth < 0:
            return True
    return False


def _lines(text: str, starts: Sequence[int]) -> list[int]:
    newlines = [i for i, c in enumerate(text) if c == "\n"]
    return [bisect_right(newlines, start - 1) + 1 if start else 1 for start in starts]


def _places(tokens: Sequence[str], wanted: Sequence[str], line_of: Sequence[int]) -> list[tuple[int, int]]:
    """First and last line of each place where ``wanted`` occurs among ``tokens``."""
    n = len(wanted)
    return [
        (line_of[i], line_of[i + n - 1])
        for i in range(len(tokens) - n + 1)
        if tokens[i] == wanted[0] and tuple(tokens[i : i + n]) == tuple(wanted)
    ]


def without_include(plan: Plan, path: str, name: str) -> Plan:
    """The plan without one file's include of a header that does not exist."""

    def kept(includes: Sequence[str]) -> tuple[str, ...]:
        return tuple(x for x in includes if x.strip('"<>') != name)

    files = tuple(
        replace(f, includes=kept(f.includes), prologue=_no_include(f.prologue, name), epilogue=_no_include(f.epilogue, name))
        if f.path == path else f
        for f in plan.files
    )  # fmt: skip
    classes = tuple(replace(c, includes=kept(c.includes)) if c.file == path else c for c in plan.classes)
    return plan if (files, classes) == (plan.files, plan.classes) else replace(plan, files=files, classes=classes)


def _no_include(texts: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(t for t in texts if not re.search(rf'#\s*include\s+"{re.escape(name)}"', t))
