"""Computes the values that archetypes' templates need for the selectors of ComplexPatterns, from the instructions that use the patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.selections import OperandKind, Range, Selection, Selections, leaf_name
from vega_gen.records import ComplexPattern, Contract, Description


def _real(s: Selections, record: str) -> bool:
    i = s.instructions[record]
    held = any(b not in ("0", "1", "?") for b in i.encoding) or not i.ins  # else it is a pseudo, whatever its flags say
    return held and any(b in "01" for b in i.encoding) and "isPseudo" not in i.flags


def complex_pattern(c: Contract, d: Description, every: Selections, s: Selections) -> dict[str, Any]:
    """Returns the values of a ComplexPattern's selector. ``every``: all patterns of the .td; ``s``: those that the chosen processor has.

    The operands of the instructions that use the pattern give the parts of the address. A pattern that pseudo instructions alone use
    with some operator is never selected: what they expand to is known only to the backend's C++. Operators of the target's own do not
    count, for no such node is made. Of several patterns with the same selector, those of one type may be selected and others not."""
    patterns = [p for p in d.complex_patterns if p.select_function.partition("<")[0] == c.name]
    made = [_selector(p, c, d, every, s) for p in patterns]
    used = [bool(one["register"] or one["symbol"] or one["memory"]) for one in made]
    chosen = used.index(True) if any(used) else 0
    others = {p.type for p, selected in zip(patterns, used, strict=True) if not selected}
    guarded = any(used) and bool(others - {patterns[chosen].type}) and patterns[chosen].type not in others
    return made[chosen] | {"only": patterns[chosen].type if guarded else ""}


def _selector(pattern: ComplexPattern, c: Contract, d: Description, every: Selections, s: Selections) -> dict[str, Any]:
    parameters = c.signature.partition("(")[2].rstrip(")")
    found = [one for root in s.roots for one in s.of(root) if pattern.name in _words(one.dag)]
    parts: list[tuple[str, ...]] = []
    ranges: list[Range] = []
    bases: set[str] = set()
    for one in found:
        own = [name for name, path in one.paths.items() if leaf_name(one.dag, path) == pattern.name]
        slots = [slot for slot in s.operands(one.record) if slot.name in own]
        parts += [tuple(slot.kind for slot in slots[: pattern.operands])] if len(slots) >= pattern.operands else []
        bases |= {slot.type for slot in slots if slot.part == 0 and slot.kind is OperandKind.REG}
        ranges += [s.immediate(one.record, slot) for slot in slots[:2] if slot.kind is OperandKind.IMM]
    own = _own_operators(d)
    possible = [one for one in found if own.isdisjoint(_words(one.dag))]
    real = {one.dag.op for one in possible} == {one.dag.op for one in possible if _real(s, one.record)}
    r = min(ranges, key=lambda r: r.high, default=Range(12, True))
    kinds = set(parts)
    # An instruction that only computes the address would take the node that it is selected for as its own base.
    based = pattern.operands > 1 or pattern.root_nodes in ((), ("frameindex",))  # else it stands for operators, as a comparison
    computed = based and bool(found) and all(one.dag.op == pattern.name for one in found)
    plain = real and pattern.operands == 1 and kinds <= {("reg",)} and (computed or _any(every, pattern, found))
    return {
        "name": c.name, "declared": parameters, "defined": parameters, "operands": pattern.operands,
        "frame_only": computed or (pattern.root_nodes == ("frameindex",) and pattern.operands == 1),
        "register": plain or _amount(d, pattern),
        "memory": real and pattern.operands >= 2 and all(k[:2] == ("reg", "imm") for k in kinds),
        # A place is counted from the instruction: it is that of a symbol, which a call names.
        "symbol": pattern.operands == 1 and kinds == {("target",)},
        "further": next(iter(kinds), ())[2:], "absent": bool(bases) and all(may_be_absent(d, base) for base in bases),
        "low": r.low, "high": r.high, "unit": 1 << r.shift,
        "called": any("isCall" in s.instructions[one.record].flags for one in found),
    }  # fmt: skip


def _own_operators(d: Description) -> frozenset[str]:
    """Returns the operators of the target's own, and the fragments in which one is outermost."""
    found = {o.name for o in d.operators if o.opcode and not o.opcode.startswith("ISD::")}
    inner = {o.name: o.dag.lstrip("(").split(" ", 1)[0] for o in d.operators if o.dag.startswith("(")}
    while more := {name for name, op in inner.items() if op in found and name not in found}:
        found |= more
    return frozenset(found)


def _amount(d: Description, pattern: ComplexPattern) -> bool:
    """Whether a ComplexPattern is the amount of a shift or rotation inside a fragment, as in (shl node:$a, (amount node:$b)).

    It takes any node there: what it may leave out of the amount, as a mask, is left out for speed alone."""
    amount = re.compile(rf"\((?:shl|srl|sra|rotl|rotr) node:\$\w+, (?:\(\w+ )?\({re.escape(pattern.name)} node:\$\w+\)")
    return pattern.operands == 1 and not pattern.root_nodes and any(amount.match(o.dag) for o in d.operators)


def _any(every: Selections, pattern: ComplexPattern, found: Iterable[Selection]) -> bool:
    """Whether a ComplexPattern of one operand matches any node, as it is.

    It does where an operator's operand is matched by it and by no pattern with a plain register: an instruction takes all such
    operands then, as the amount of a shift. Else it stands for nodes that have some property, such as an extended sign."""
    if pattern.root_nodes not in ((), ("frameindex",)):
        return False
    inner = [s for s in found if s.dag.op != pattern.name]
    held = [(s, path) for s in inner for path in s.paths.values() if leaf_name(s.dag, path) == pattern.name]
    return any(all(leaf_name(o.dag, path) not in every.classes for o in every.of(s.dag.op)) for s, path in held)


def _words(dag: Any) -> Iterator[str]:
    yield dag.op
    for arg, _ in dag.args:
        if isinstance(arg, str):
            yield arg
        else:
            yield from _words(arg)
