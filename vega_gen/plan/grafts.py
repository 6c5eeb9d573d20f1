"""Grafts: functions that were mined from other backends, put onto a backend of archetypes where that has none of their role.

A graft is an override of a method of LLVM's, in a class that the archetypes write. ``pipeline.grafting`` tries them; only those stay that a
program enters and by which no test fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from llvm_integration.check import Mistake
from vega_gen.plan.stubs import statement
from vega_gen.records import Member, Plan, PlannedClass, PlannedFile, PlannedFunction, Step

PROBE = "GraftProbe.cpp"
"""The file of a trial that writes down which grafts are entered."""
_ENTERED = "graftEntered"
_CALL = re.compile(rf"\b{_ENTERED}\((\d+)\);")
_HEAD = 1
"""So many lines above its first statement the head of a graft ends. An error above names the graft in its line."""


@dataclass(frozen=True, slots=True)
class Graft:
    """A function that may be grafted, as it would stand in the archetypes' plan, and its declaration."""

    function: PlannedFunction
    member: Member

    @property
    def name(self) -> str:
        """``Class::method``."""
        return self.function.qualified_name


@dataclass(frozen=True, slots=True)
class Grafted:
    """``plan``: with the grafts that stay. ``kept``: function -> why it stays. ``suggested``: function that was mined and is not written ->
    why."""

    plan: Plan
    kept: Mapping[str, str] = field(default_factory=dict[str, str])
    suggested: Mapping[str, str] = field(default_factory=dict[str, str])


def grafts_of(plan: Plan, mined: Plan) -> tuple[Graft, ...]:
    """Return what ``mined`` has and ``plan``, of archetypes, lacks; the surest first."""
    own = {c.name: c for c in plan.classes}
    there = {f.qualified_name for f in plan.functions}
    there |= {f"{c.name}::{m.signature.name}" for c in plan.classes for m in c.members if m.signature}
    theirs = {c.name: c for c in mined.classes}
    sources = {f.path for f in plan.files}
    found: list[Graft] = []
    for f in mined.functions:
        if f.chosen < 0 or f.helper or f.candidate.resort or f.qualified_name in there:
            continue
        s = f.candidate.signature
        member = _overriding(theirs.get(s.class_name), s.name)
        home = own[s.class_name].file.removesuffix(".h") + ".cpp" if s.class_name in own else ""
        if member and home in sources:
            moved = replace(f, file=home, in_class=False, candidates=(f.candidate,), chosen=0, step=Step.FILLED, compiles=None, message="")
            found.append(Graft(moved, replace(member, access="public", has_body=False)))
    return tuple(sorted(found, key=lambda g: (-g.function.candidate.confidence, g.name)))


def _overriding(c: PlannedClass | None, name: str) -> Member | None:
    methods = [m for m in c.members if m.signature and m.signature.name == name] if c else []
    fit = [m for m in methods if m.signature and "override" in m.signature.qualifiers]
    return fit[0] if len(methods) == 1 and fit else None


def with_grafts(plan: Plan, grafts: Sequence[Graft]) -> Plan:
    """Return the plan with ``grafts`` behind its own functions."""
    added: dict[str, list[Member]] = {}
    for g in grafts:
        added.setdefault(g.function.candidate.signature.class_name, []).append(g.member)
    classes = tuple(replace(c, members=(*c.members, *added.get(c.name, ()))) for c in plan.classes)
    return replace(plan, classes=classes, functions=(*plan.functions, *(g.function for g in grafts)))


def probed(plan: Plan, grafts: Sequence[Graft]) -> Plan:
    """As ``with_grafts``, but each graft begins by saying its number, which is its place in ``grafts``."""
    marked = [replace(g, function=_marked(g.function, n)) for n, g in enumerate(grafts)]
    homes = {g.function.file for g in grafts}

    def declaring(file: PlannedFile) -> PlannedFile:
        return replace(file, prologue=(*file.prologue, f'extern "C" void {_ENTERED}(int);')) if file.path in homes else file

    made = with_grafts(plan, marked)
    return replace(made, files=tuple(map(declaring, made.files)))


def _marked(f: PlannedFunction, number: int) -> PlannedFunction:
    first = statement(f"{_ENTERED}({number});", f.qualified_name)
    return replace(f, candidates=(replace(f.candidate, statements=(first, *f.candidate.statements)),))


def probe_text(log: str) -> str:
    """Return the C++ that appends the numbers of entered grafts to the file ``log``, each once a process."""
    return f"""#include <cstdio>
#include <set>

extern "C" void {_ENTERED}(int Number) {{
  static std::set<int> Known;
  if (!Known.insert(Number).second)
    return;
  if (std::FILE *Log = std::fopen("{log}", "a")) {{
    std::fprintf(Log, "%d\\n", Number);
    std::fclose(Log);
  }}
}}
"""


def blamed_grafts(grafts: Sequence[Graft], texts: Mapping[str, str], wrong: Mapping[str, Sequence[Mistake]]) -> dict[int, str]:
    """Return the numbers of the grafts in which the compiler's errors lie, by the calls of the probe, and in headers by name; each with the
    first message about it."""
    starts = {
        path: [(at, int(found[1])) for at, line in enumerate(text.splitlines(), start=1) if (found := _CALL.search(line))]
        for path, text in texts.items()
    }
    blamed: dict[int, str] = {}
    for mistakes in wrong.values():
        for m in mistakes:
            before = [number for at, number in starts.get(m.file, ()) if at - _HEAD <= m.line]
            line = texts[m.file].splitlines()[m.line - 1] if m.file in texts and 0 < m.line <= texts[m.file].count("\n") else ""
            named = {n for n, g in enumerate(grafts) if re.search(rf"\b{re.escape(g.function.candidate.signature.name)}\b", line)}
            for number in named or before[-1:]:
                blamed.setdefault(number, m.message)
    return blamed
