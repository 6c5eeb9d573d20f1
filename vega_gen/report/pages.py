"""Render intermediate results as text pages, tables and JSON: mining, function groups, function templates, features, filled functions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from vega_gen import cxx
from vega_gen.features import Feature
from vega_gen.function_template import FunctionTemplate, Line, Shape, Slot
from vega_gen.groups import FunctionGroup
from vega_gen.records import FilledStatement, Mining, PlannedFunction, Signature

VARIANTS = 4
"""How many variants of a slot a page shows."""
DONORS = 3
"""How many donors of a variant, or of a filled statement, a page shows."""
_LEGEND = (
    "‹T›: the target's name (‹TU› in upper case, ‹t› in lower case); other ‹›: typed holes. After //: number of members, places, fills"
)


# ------------------------------------------------------------------------ mining


def mining_tables(mining: Mining) -> tuple[Table, Table]:
    """Two tables: the targets, and the number of groups by kind and by how many targets they span."""
    targets = Table(title="Targets", title_justify="left")
    targets.add_column("Target")
    targets.add_column("Record")
    for name in ("Files", "Functions"):
        targets.add_column(name, justify="right")
    for t in mining.targets:
        targets.add_row(t.label + (" (held out)" if t.held_out else ""), t.name, str(t.files), str(t.functions))
    targets.add_section()
    targets.add_row("all", "", str(sum(t.files for t in mining.targets)), str(mining.functions), style="bold")
    ranges = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 10_000))
    groups = Table(title="Function groups, by how many targets have a member", title_justify="left")
    groups.add_column("Kind")
    for low, high in ranges:
        groups.add_column(str(low) if low == high else f"{low}+" if high == 10_000 else f"{low}-{high}", justify="right")
    groups.add_column("all", justify="right")
    for kind in dict.fromkeys(g.kind for g in mining.groups):
        own = [g for g in mining.groups if g.kind == kind]
        cells = [str(sum(g.groups for g in own if low <= g.targets <= high)) for low, high in ranges]
        groups.add_row(kind, *cells, str(sum(g.groups for g in own)))
    return targets, groups


def mining_lines(mining: Mining) -> list[str]:
    """The lines below the tables: how many functions are in groups of several targets, and what could not be parsed."""
    share = 100 * mining.grouped / mining.functions if mining.functions else 0.0
    lines = [f"{mining.grouped} of {mining.functions} functions ({share:.0f} %) are in groups of two targets or more"]
    if mining.unreadable:
        lines.append(f"{len(mining.unreadable)} pieces of source could not be parsed; the code around them was:")
    return [*lines, *(f"  {u.target}/{u.file}:{u.line}:{u.column}: {u.text[:60].strip()!r}" for u in mining.unreadable)]


def mining_json(mining: Mining) -> dict[str, Any]:
    """Mining as plain data."""
    return asdict(mining) | {"functions": mining.functions}


# ------------------------------------------------------------------------- group


def group_lines(group: FunctionGroup) -> list[str]:
    """A page about a group: its kind, and its members with file:line and signature."""
    lines = [*_heading(group), ""]
    places = [(f"{f.target}/{f.file}:{f.line}", f) for f in group.members]
    width = max((len(place) for place, _ in places), default=0)
    return [*lines, *(f"  {place:{width}}  {_signature(f.signature)}" for place, f in places)]


def group_json(group: FunctionGroup) -> dict[str, Any]:
    """A group as plain data."""
    members = [{"target": f.target, "file": f.file, "line": f.line, "signature": _signature(f.signature)} for f in group.members]
    return {
        "name": group.name, "kind": group.kind, "interface": group.interface, "class": group.role, "module": group.module,
        "members": members,
    }


def _heading(group: FunctionGroup) -> list[str]:
    kind = f"overrides {group.interface}" if group.interface else str(group.kind)
    role = f", class {group.role}" if group.role else ""
    targets = group.targets
    return [
        f"{group.name}: {kind}{role}, module {group.module}",
        f"{len(group.members)} members in {len(targets)} targets: {', '.join(targets)}",
    ]


def _signature(signature: Signature) -> str:
    return " ".join(cxx.render_signature(signature, in_class=False).split())


# ---------------------------------------------------------------------- template


def template_lines(template: FunctionTemplate, fewest: int = 1) -> list[str]:
    """A page about a template: its slots as C++ with holes (‹opcode›), with number of members, variants, donors and their fills.

    Slots that fewer than ``fewest`` members have are only counted.
    """
    names = local_names(template)
    left_out = sum(len(slot.lines) < fewest for slot in template.walk())
    most = max(template.members, key=lambda f: (len(f.body) > 0, -f.line))
    lines = [*_heading(template.group), "", f"  {'slot':8} {'members':>7}  {_signature(most.signature)} {{"]
    for slot in template.slots:
        lines += _slot_lines(slot, template, names, 1, fewest)
    more = [f"{left_out} slots that fewer than {fewest} members have are left out: --all shows them"] if left_out else []
    return [*lines, f"  {'':16}  }}", "", *more, _LEGEND]


def _slot_lines(slot: Slot, template: FunctionTemplate, names: Mapping[str, str], depth: int, fewest: int) -> Iterator[str]:
    if len(slot.lines) < fewest:
        return
    indent = "  " * depth
    (first, *others) = slot.variants()
    counted = f"{len(slot.lines)}/{len(template.members)}"
    braced = slot.children or any(line.braced for line in slot.lines.values())
    yield f"  {slot.id:8} {counted:>7}  {indent}{shape_text(first[0][0], names)}{' {' if braced else ''}"
    if others or first[1][0].fills:
        yield f"  {'':16}  {indent}  // {_variant(first[1])}"
    for shape, lines in others[: VARIANTS - 1]:
        yield f"  {'':16}  {indent}  // or {shape_text(shape[0], names)}  {_variant(lines)}"
    left = others[VARIANTS - 1 :]
    if left:
        yield f"  {'':16}  {indent}  // and {len(left)} more variants in {sum(len(x) for _, x in left)} members"
    for child in slot.children:
        yield from _slot_lines(child, template, names, depth + 1, fewest)
    if braced:
        tails = [shape[1] for shape, _ in slot.variants() if shape[1]]
        yield f"  {'':16}  {indent}}}{' ' + shape_text(tails[0], names) if tails else ''}"


def _variant(lines: Sequence[Line]) -> str:
    """How many members have a variant, and the first of them with their fills."""
    shown = [f"{line.donor}" + (f" ({', '.join(line.fills)})" if line.fills else "") for line in lines[:DONORS]]
    more = f" and {len(lines) - DONORS} more" if len(lines) > DONORS else ""
    return f"{len(lines)}: {'; '.join(shown)}{more}"


def local_names(template: FunctionTemplate) -> dict[str, str]:
    """Symbol of a shape's parameter ($p0), local ($l3) or field -> the name that most members use for it."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for f in template.members:
        for i, p in enumerate(f.signature.params):
            if p.name:
                counted[f"$p{i}"][p.name] += 1
    for symbol, by in template.local_names.items():
        counted[symbol].update(by.values())
    return {symbol: max(sorted(names), key=lambda n: names[n]) for symbol, names in counted.items() if names}


def shape_text(shape: Shape, names: Mapping[str, str]) -> str:
    """A shape as C++: holes as ‹kind›, the target's name as ‹T›, parameters and locals by name."""
    words = [names.get(t, t) if isinstance(t, str) else str(t) for t in shape]
    return cxx.join([w.replace("<TU>", "‹TU›").replace("<T>", "‹T›").replace("<t>", "‹t›") for w in words])


def template_json(template: FunctionTemplate) -> dict[str, Any]:
    """A template as plain data, with every slot and every variant."""
    names = local_names(template)
    slots = [
        {
            "id": slot.id,
            "kind": slot.kind,
            "members": len(slot.lines),
            "presence": len(slot.lines) / len(template.members),
            "variants": [
                {
                    "text": shape_text(head, names),
                    "tail": shape_text(tail, names),
                    "holes": [str(t.kind) for t in (*head, *tail) if not isinstance(t, str)],
                    "donors": [{"place": str(line.donor), "fills": list(line.fills)} for line in lines],
                }
                for (head, tail), lines in slot.variants()
            ],
        }
        for slot in template.walk()
    ]
    return group_json(template.group) | {"slots": slots}


# ---------------------------------------------------------------------- features


def features_lines(features: Sequence[Feature], title: str) -> list[str]:
    """A page about a feature vector: name, source and value of each feature; "*" marks features that VEGA calls target-specific."""
    names, sources = max(len(f.name) for f in features), max(len(f.source) for f in features)
    rows = [f"  {'*' if f.specific else ' '} {f.name:{names}}  {f.source:{sources}}  {_value(f.value)}" for f in features]
    return [title, *rows, ""]


def _value(value: float | str | frozenset[str]) -> str:
    if isinstance(value, float | int):
        return f"{value:g}"
    return value if isinstance(value, str) else ", ".join(sorted(value)) or "none"


def features_json(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """A feature vector as plain data."""
    return [
        {
            "name": f.name,
            "specific": f.specific,
            "value": sorted(f.value) if isinstance(f.value, frozenset) else f.value,
            "source": f.source,
        }
        for f in features
    ]


# -------------------------------------------------------------------------- fill


def filled_lines(function: PlannedFunction, candidates: int) -> list[str]:
    """A page about one function: its first ``candidates`` candidates, likeliest first, with confidence and donors of each statement."""
    lines = [f"{function.qualified_name}: group {function.group}, module {function.module}, file {function.file}"]
    for number, candidate in enumerate(function.candidates[:candidates], 1):
        lines += ["", f"candidate {number} of {len(function.candidates)}: confidence {candidate.confidence:.2f}, from {candidate.origin}"]
        lines.append(f"        {_signature(candidate.signature)}")
        width = max((len(_statement(s)) for s in candidate.statements), default=0)
        for s in candidate.statements:
            more = f" and {len(s.donors) - DONORS} more" if len(s.donors) > DONORS else ""
            donors = ", ".join(str(d) for d in s.donors[:DONORS]) + more
            lines.append(f"  {s.confidence:.2f}  {_statement(s):{min(width, 90)}}  // {donors or 'no donor'}")
    if len(function.candidates) > candidates:
        lines += ["", f"{len(function.candidates) - candidates} more: --candidates 0 shows all"]
    return lines


def _statement(s: FilledStatement) -> str:
    return "  " * (s.depth + 1) + cxx.join([*s.head, *(("{",) if s.braced else ()), *s.tail])


def filled_json(function: PlannedFunction) -> dict[str, Any]:
    """A function as plain data, with every candidate and every alternative."""
    return {
        "function": function.qualified_name,
        "group": function.group,
        "module": function.module,
        "file": function.file,
        "candidates": [
            {
                "origin": c.origin,
                "confidence": c.confidence,
                "signature": _signature(c.signature),
                "statements": [
                    {
                        "id": s.id,
                        "depth": s.depth,
                        "text": cxx.join([*s.head, *s.tail]),
                        "confidence": s.confidence,
                        "donors": [str(d) for d in s.donors],
                        "alternatives": list(s.alternatives),
                    }
                    for s in c.statements
                ],
            }
            for c in function.candidates
        ],
    }
