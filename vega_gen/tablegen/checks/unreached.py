"""Find selection patterns that no IR reaches: shadowed by an earlier one, of a type that is not legal, or of contradictory predicates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from vega_gen.records import FindingKind, Severity, TdFinding
from vega_gen.tablegen.checks.typed_patterns import PatternTree, TypedPattern
from vega_gen.tablegen.raw import Raw

_PLAIN_TYPE = re.compile(r"(?:nx)?(?:v\d+)?(?:i|f|bf)\d+")
_ANY = "_"
_Group = tuple[str, int, str, str]


def pattern_findings(raws: Mapping[str, Raw], entries: Sequence[TypedPattern]) -> Iterator[TdFinding]:
    """Yield the patterns that are never selected. ``entries``: all patterns, the first tried first."""
    trees = [entry.tree for entry in entries]
    groups: dict[_Group, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        groups[entry.file, entry.line, _untyped(entry.result), _shape(entry.source)].append(index)
    # tblgen adds variants of a pattern for each hardware mode and with commuted operands: it is unreached where all of them are.
    impossible = {index for index, entry in enumerate(entries) if _contradiction(entry.predicates)}
    shadows = _shadows(entries, trees, _registers(raws), impossible)
    legal = _legal(raws)
    for members in groups.values():
        first = entries[members[0]]
        if all(index in impossible for index in members):
            yield _contradictory(first)
        elif all(index in shadows for index in members):
            yield _shadowed(first, entries[shadows[members[0]]])
        elif all(_illegal(trees[index], legal) for index in members):
            yield _typed(first, _illegal(trees[members[0]], legal))


def _shape(source: str) -> str:
    """Return what all variants of a pattern have in common: its words but for types, sorted."""
    return " ".join(sorted(re.findall(r"[^\s(),]+", _untyped(source))))


def _untyped(text: str) -> str:
    return re.sub(r":\{[^}]*\}", "", text)


def _registers(raws: Mapping[str, Raw]) -> frozenset[str]:
    """Return the names that stand for any register of a type: the selector checks a leaf's type, not its register class."""
    return frozenset(r.name for r in raws.values() if not {"RegisterClass", "RegisterOperand"}.isdisjoint(r.classes))


def _legal(raws: Mapping[str, Raw]) -> frozenset[str]:
    """Return the value types of all register classes."""
    types = {t for r in raws.values() if "RegisterClass" in r.classes for t in r.items("RegTypes")}
    return frozenset(types | {o for t in types if (raw := raws.get(t)) is not None for o in raw.items("Objects")})


def _contradiction(predicates: frozenset[str]) -> str:
    """Return a condition that is asked for together with its negation, "" if there is none."""
    return next((c for c in sorted(predicates) if f"!{c}" in predicates or f"!({c})" in predicates), "")


def _shadows(entries: Sequence[TypedPattern], trees: Sequence[PatternTree], registers: frozenset[str], skipped: set[int]) -> dict[int, int]:
    """Return entry -> the entry before it that matches all that it matches and asks for no more."""
    seen: dict[str, list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for index, (entry, tree) in enumerate(zip(entries, trees, strict=True)):
        names = Counter(node.name for node in tree.nodes() if node.name)
        for text in _more_general(tree, registers, names):
            hits = seen.get(text, ())
            before = next((i for i in hits if entries[i].predicates <= entry.predicates and not _same(entries[i], entry)), None)
            if before is not None:
                found[index] = before
                break
        if index not in skipped:
            seen[_text(tree, registers, _numbered(names))].append(index)
    return found


def _same(one: TypedPattern, other: TypedPattern) -> bool:
    return (one.file, one.line, one.result) == (other.file, other.line, other.result)


def _numbered(names: Counter[str]) -> Callable[[str], str]:
    """Return a function from names to text that does not depend on them: nodes of one name must be the same value."""
    numbers: dict[str, str] = {}
    return lambda name: numbers.setdefault(name, f"={len(numbers)}") if names[name] > 1 else ""


def _text(tree: PatternTree, registers: frozenset[str], number: Callable[[str], str]) -> str:
    if tree.leaf:
        plain = _PLAIN_TYPE.fullmatch(tree.type) is not None
        op = _ANY if plain and not tree.predicates and (tree.op in registers or tree.op in (_ANY, tree.type)) else tree.op
        return f"{op}:{tree.type}{''.join(tree.predicates)}{number(tree.name)}"
    inner = " ".join([_text(arg, registers, number) for arg in tree.args])
    return f"({tree.op}:{tree.type} {inner}){''.join(tree.predicates)}{number(tree.name)}"


def _more_general(tree: PatternTree, registers: frozenset[str], names: Counter[str]) -> Iterator[str]:
    """Yield the pattern itself, then more general ones: without its own predicates, and with any register for one or for all operands."""
    whole = _text(tree, registers, _numbered(names))
    yield whole
    if tree.predicates:
        yield _text(PatternTree(tree.op, tree.type, (), tree.name, tree.args, tree.leaf), registers, _numbered(names))
    swaps = {n: f"{_ANY}:{arg.type}" for n, arg in enumerate(tree.args) if _may_be_register(arg, registers)}
    if not swaps:
        return
    if max(names.values(), default=0) > 1:  # the numbers of names change with what is left of the pattern
        for key in swaps:
            yield _swapped(tree, registers, {key})
        yield _swapped(tree, registers, set(swaps))
        return
    args = [_text(arg, registers, _nameless) for arg in tree.args]
    head, tail = f"({tree.op}:{tree.type} ", f"){''.join(tree.predicates)}"
    for key, text in swaps.items():
        yield f"{head}{' '.join([*args[:key], text, *args[key + 1 :]])}{tail}"
    if len(swaps) > 1:
        yield f"{head}{' '.join([swaps.get(n, arg) for n, arg in enumerate(args)])}{tail}"


def _nameless(_: str) -> str:
    return ""


def _may_be_register(arg: PatternTree, registers: frozenset[str]) -> bool:
    return _PLAIN_TYPE.fullmatch(arg.type) is not None and not (arg.leaf and arg.op in registers and not arg.predicates)


def _swapped(tree: PatternTree, registers: frozenset[str], keys: set[int]) -> str:
    """Return the text of a pattern with any register for the operands of these indices."""
    args = tuple(PatternTree(_ANY, arg.type, (), "", (), True) if n in keys else arg for n, arg in enumerate(tree.args))
    made = PatternTree(tree.op, tree.type, tree.predicates, tree.name, args, tree.leaf)
    return _text(made, registers, _numbered(Counter(node.name for node in made.nodes() if node.name)))


def _illegal(tree: PatternTree, legal: frozenset[str]) -> str:
    """Return a type of a node in the pattern that no register class has, "" if there is none."""
    return next((n.type for n in tree.nodes() if not n.leaf and _PLAIN_TYPE.fullmatch(n.type) and n.type not in legal), "")


def _who(entry: TypedPattern) -> str:
    return f"the pattern {_short(entry.source)} of {entry.instruction}"


def _short(source: str) -> str:
    """Return a pattern as a person writes it: without types that are the same throughout, and without tblgen's own fragments."""
    text = re.sub(r"<<[PX]:[^>]*>>", "", _untyped(source))
    return text if len(text) <= 110 else f"{text[:107]}..."


def _shadowed(entry: TypedPattern, before: TypedPattern) -> TdFinding:
    place = f"{before.file}:{before.line}"
    if entry.instruction == before.instruction:
        return TdFinding(
            FindingKind.REPEATED,
            Severity.NOTE,
            (entry.instruction,),
            f"{_who(entry)} is never selected: the one at {place} is tried first, matches as much and gives {entry.instruction} too",
            "none but a longer table, where both results mean the same",
            "leave one of them out",
            entry.file,
            entry.line,
        )
    return TdFinding(
        FindingKind.SHADOWED,
        Severity.WARNING,
        (entry.instruction, before.instruction),
        f"{_who(entry)} is never selected: {_short(before.source)} of {before.instruction} ({place}) is tried first and matches as much",
        f"the compiler never uses {entry.instruction} for it, and says nothing",
        "raise AddedComplexity of this one, give the other a predicate that this one does not have, or leave one of them out",
        entry.file,
        entry.line,
    )


def _typed(entry: TypedPattern, type_: str) -> TdFinding:
    return TdFinding(
        FindingKind.ILLEGAL_TYPE,
        Severity.WARNING,
        (entry.instruction,),
        f"{_who(entry)} is never selected: a node in it has the type {type_}, which no register class has",
        "type legalisation replaces such nodes before selection, so that the pattern never sees one",
        f"write the pattern for the type that {type_} is promoted or split to, or add {type_} to a register class",
        entry.file,
        entry.line,
    )


def _contradictory(entry: TypedPattern) -> TdFinding:
    condition = _contradiction(entry.predicates)
    return TdFinding(
        FindingKind.CONTRADICTION,
        Severity.WARNING,
        (entry.instruction,),
        f"{_who(entry)} is never selected: it asks for {condition} and for its contrary",
        f"the compiler never uses {entry.instruction} for it, and says nothing",
        "take one of the two predicates away: a let Predicates around a definition replaces those inside, Requires<> in a class adds none",
        entry.file,
        entry.line,
    )
