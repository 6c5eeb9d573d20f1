"""Computes the values that archetypes' templates need for the selectors of ComplexPatterns, from the instructions that use the patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.dags import plain
from vega_gen.facts.memory import near_code, offset_part, step
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selection, Selections, leaf_name
from vega_gen.facts.view import encoded
from vega_gen.records import ComplexPattern, Contract, Description
from vega_gen.tablegen.contracts import DEFAULT, is_instance, template_arguments
from vega_gen.tablegen.raw import Dag, parse_dag

_COMBINED = frozenset({"add", "sub", "and", "or", "xor"})
"""Operators that combine two registers: what one of them takes is no address."""
_MEMORY = frozenset({"SDNPHasChain", "SDNPMayLoad", "SDNPMayStore", "SDNPMemOperand"})
"""Properties of nodes that may access memory."""
_SHIFT = re.compile(r"shift|sh[lr]|ls[lr]|asr|ror", re.I)


def _real(s: Selections, record: str) -> bool:
    i = s.instructions[record]
    held = any(b not in ("0", "?") for b in i.encoding) or not i.ins  # else it is a pseudo, whatever its flags say
    return "isPseudo" not in i.flags and (i.assembly_only or (held and encoded(i)))


def complex_pattern(c: Contract, d: Description, every: Selections, s: Selections, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of the selector of one or, if it is a template, of several ComplexPatterns.

    ``every``: all patterns of the .td; ``s``: those that the chosen processor has. ``given``: the values that templates have so
    far. ``cases``: what the selector does, and for which template arguments, as a condition."""
    low_users: frozenset[str] = given.get("low_users", frozenset())
    head, _, declared = c.signature.rpartition(" bool ")
    cases: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for pattern in d.complex_patterns:
        if pattern.select_function.partition("<")[0] == c.name:
            when = is_instance(template_arguments(pattern.select_function))
            cases.setdefault(when, []).append((pattern.type, _case(pattern, d, every, s, low_users)))
    matching: list[tuple[dict[str, Any], list[str]]] = []
    for when, made in cases.items():
        if case := _chosen(made):
            whens = next((whens for other, whens in matching if other == case), None)
            if whens is None:
                matching.append((case, whens := []))
            whens.append(when)
    operands = max(p.operands for p in d.complex_patterns if p.select_function.partition("<")[0] == c.name)
    parameters = declared.partition("(")[2].rstrip(")")
    defined = DEFAULT.sub("", head)
    parent = next(iter(re.findall(r"SDNode \*(\w+)", parameters)), "")
    roots = {one.dag.op for root in s.roots for one in s.of(root)}
    computing = any(p.name in roots for p in d.complex_patterns if p.select_function.partition("<")[0] == c.name)
    return {
        "name": c.name,
        "template": head,
        "defined": defined,
        "parameters": parameters,
        "operands": operands,
        "cases": [case | {"when": _either(whens), "parent": parent if computing else ""} for case, whens in matching],
    }


def matches_any(pattern: ComplexPattern, d: Description, s: Selections) -> bool:
    """Whether the selector of a ComplexPattern takes any node as it is."""
    return bool(_case(pattern, d, s, s, frozenset())["register"])


def _either(conditions: list[str]) -> str:
    return " || ".join(f"({one})" if "&&" in one and len(conditions) > 1 else one for one in conditions)


def _chosen(made: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Returns what a selector does that ComplexPatterns of several types share, {} where it selects nothing. ``only``: the type for which
    it does that, "" for all."""
    used = [(t, case) for t, case in made if any(case[kind] for kind in ("register", "symbol", "memory", "shifted", "number"))]
    if not used:
        return {}
    unused = {t for t, case in made if case not in [one for _, one in used]}
    return used[0][1] | {"only": used[0][0] if unused and used[0][0] not in unused else ""}


def _case(pattern: ComplexPattern, d: Description, every: Selections, s: Selections, low_users: AbstractSet[str]) -> dict[str, Any]:
    """Returns what the selector of a ComplexPattern does.

    The operands of the instructions that use the pattern give the parts of the address. A pattern that pseudo instructions alone use
    with some operator is never selected: what they expand to is known only to the backend's C++. Operators of the target's own do not
    count, for no such node is made."""
    of = next((one for one in (s, every) if _users(pattern, one)), s)
    found = _users(pattern, of)
    parts: list[tuple[str, ...]] = []
    ranges: list[Range] = []
    bases: set[str] = set()
    offsets: set[int] = set()
    unused: dict[int, str] = {}
    steps: set[int] = set()
    combined = near = False
    for one in found:
        slots = _places(one, pattern, of)
        near |= any(near_code(of, slot.whole or slot.type) for slot in slots)
        bases |= {slot.type for slot in slots if slot.part == 0 and slot.kind is OperandKind.REG}
        if len(slots) >= pattern.operands > 0:
            at = offset_part(of, one.record, slots[0].name) if slots[0].part == 0 else 1
            absent = {n for n, slot in enumerate(slots) if slot.default or (n > 0 and _may_lack(d, slot))}
            # A register that is left out stands as a number that must be 0.
            parts.append(tuple(OperandKind.IMM if n in absent else slot.kind for n, slot in enumerate(slots[: pattern.operands])))
            unused |= {n: slots[n].default or "zero_reg" for n in absent}
            offsets.add(at)
            steps.add(step(of, slots[at].type) if at < len(slots) else 1)
            combined |= _is_combined(one, pattern, d)
            ranges += [of.immediate(one.record, slot) for slot in slots[at : at + 1] if slot.kind is OperandKind.IMM]
    own = _own_operators(d)
    possible = [one for one in found if own.isdisjoint(_words(one.dag))]
    asked, done = {one.dag.op for one in possible}, {one.dag.op for one in possible if _real(of, one.record)}
    accesses = {op for op in asked if _whole_access(d, op)}
    # Of what else has such an address, extending loads or numbers of floating point, no node is made that instructions lack.
    real = asked == done or (bool(accesses) and accesses <= done)
    real &= pattern.name not in left_out(d)
    r = min(ranges, key=lambda r: r.high, default=Range(12, True))
    kinds = set(parts)
    places = {k.index("reg") for k in kinds if "reg" in k}
    based_on_one = len(offsets) <= 1 and len(places) <= 1 and all(k.count("reg") == 1 and places <= {0, 1} for k in kinds)
    # An instruction that only computes the address would take the node that it is selected for as its own base.
    based = pattern.operands > 1 or pattern.root_nodes in ((), ("frameindex",))  # else it stands for operators, as a comparison
    computed = based and bool(found) and all(one.dag.op == pattern.name for one in found)
    shifted = combined and real and based_on_one and _is_type(pattern, of) and is_shifted(pattern.name, of)
    any_node = real and pattern.operands == 1 and kinds <= {("reg",)} and (computed or _any(every, pattern, found, d))
    return {
        "operands": pattern.operands,
        "frame_only": computed,
        "register": any_node or _amount(d, pattern),
        "memory": real and pattern.operands >= 2 and based_on_one and not combined and not near and len(steps) <= 1,
        "shifted": shifted, "number": real and _is_parted_number(pattern, kinds, of),
        # A place is counted from the instruction: it is that of a symbol, which a call names.
        "symbol": pattern.operands == 1 and kinds == {("target",)},
        "base": next(iter(places), 0), "offset": next(iter(offsets), 1), "left_out": unused,
        "absent": bool(bases) and all(may_be_absent(d, base) for base in bases),
        "low": r.low, "high": r.high, "unit": 1 << r.shift, "step": next(iter(steps), 1),
        "takes_low": bool(found) and {one.record for one in found} <= low_users,
        "called": any("isCall" in of.instructions[one.record].flags for one in found),
    }  # fmt: skip


def left_out(d: Description) -> frozenset[str]:
    """Returns what a person says is not used: operators, and ComplexPatterns that do more than to give an address."""
    return frozenset(d.given["operations.left_out"].value.split()) if "operations.left_out" in d.given else frozenset()


def _whole_access(d: Description, name: str) -> bool:
    """Whether an operator of patterns is a load or store of a whole register, or a fragment of one."""
    known = {o.name: o for o in d.operators}
    while (o := known.pop(name, None)) is not None:
        if o.opcode in ("ISD::LOAD", "ISD::STORE"):
            return True
        if o.memory or o.properties & {"IsSignExtLoad", "IsZeroExtLoad", "IsAnyExtLoad", "IsTruncStore"}:
            return False
        dag = plain(parse_dag(o.dag)) if o.dag.startswith("(") else ""
        name = dag.op if isinstance(dag, Dag) else ""
    return False


def _is_combined(one: Selection, pattern: ComplexPattern, d: Description) -> bool:
    """Whether an instruction combines what a ComplexPattern stands for with a register, as in (add GPR:$a, shifted:$b)."""
    computes = one.dag.op in _COMBINED or any(n.name == one.dag.op and _MEMORY.isdisjoint(n.properties) for n in d.nodes)
    return computes and pattern.operands == len(one.dag.args) == 2 and leaf_name(one.dag, (1,)) == pattern.name


def _is_type(pattern: ComplexPattern, s: Selections) -> bool:
    """Whether a ComplexPattern is the operand's type too: what it matches then is what the operand holds, and not its negative."""
    return pattern.name in s.operand_classes


def is_shifted(type_name: str, s: Selections) -> bool:
    """Whether the number beside a register is by how much it is shifted, as names say; 0 leaves the register as it is. Codes for
    extensions do not: their 0 is one of them."""
    known = s.operand_classes.get(type_name)
    names = [known.name, known.print_method, *known.sub_operands] if known else []
    return any(map(_SHIFT.search, names)) and not any(re.search(r"ext", name, re.I) for name in names)


def _is_parted_number(pattern: ComplexPattern, kinds: set[tuple[str, ...]], s: Selections) -> bool:
    """Whether a ComplexPattern is a number in parts of which the first is the number itself while the others are 0, as a shift of it is.

    A person says that, by where the parts stand (``layout``)."""
    if pattern.root_nodes != ("imm",) or not _is_type(pattern, s):
        return False
    return bool(s.layouts.of(pattern.name)) and all(set(parts) == {OperandKind.IMM} for parts in kinds)


def _may_lack(d: Description, slot: OperandInfo) -> bool:
    return slot.kind is OperandKind.REG and may_be_absent(d, slot.type)


def _own_operators(d: Description) -> frozenset[str]:
    """Returns the operators of the target's own, and the fragments in which one is outermost."""
    found = {o.name for o in d.operators if o.opcode and not o.opcode.startswith("ISD::")}
    inner = {o.name: o.dag.lstrip("(").split(" ", 1)[0] for o in d.operators if o.dag.startswith("(")}
    while more := {name for name, op in inner.items() if op in found and name not in found}:
        found |= more
    return frozenset(found)


def _places(one: Selection, pattern: ComplexPattern, s: Selections) -> list[OperandInfo]:
    """Returns the operands that a ComplexPattern gives: that which stands for all of it, as in (load addr:$a), or one for each part, as in
    (load (addr GPR:$base, imm:$offset))."""
    whole = [name for name, path in one.paths.items() if leaf_name(one.dag, path) == pattern.name]
    parts = {path[-1]: name for name, path in one.paths.items() if path and leaf_name(one.dag, path[:-1]) == pattern.name}
    names = whole or [parts[n] for n in sorted(parts)]
    return [slot for name in names for slot in s.operands(one.record) if slot.name == name and not slot.out]


def _users(pattern: ComplexPattern, s: Selections) -> list[Selection]:
    return [one for root in s.roots for one in s.of(root) if pattern.name in _words(one.dag)]


def _amount(d: Description, pattern: ComplexPattern) -> bool:
    """Whether a ComplexPattern is the amount of a shift or rotation inside a fragment, as in (shl node:$a, (amount node:$b)).

    It takes any node there: what it may leave out of the amount, as a mask, is left out for speed alone."""
    amount = re.compile(rf"\((?:shl|srl|sra|rotl|rotr) node:\$\w+, (?:\(\w+ )?\({re.escape(pattern.name)} node:\$\w+\)")
    return pattern.operands == 1 and not pattern.root_nodes and any(amount.match(o.dag) for o in d.operators)


def _any(every: Selections, pattern: ComplexPattern, found: Iterable[Selection], d: Description) -> bool:
    """Whether a ComplexPattern of one operand matches any node, as it is.

    It does where an operator's operand is matched by it and by no pattern with a plain register: an instruction takes all such
    operands then, as the amount of a shift. Else it stands for nodes that have some property, such as an extended sign. An operator
    that is a fragment counts as what it stands for."""
    if pattern.root_nodes not in ((), ("frameindex",)):
        return False
    expansions = {o.name: (o.dag, *o.others) for o in d.operators if o.dag.startswith("(")}
    inner = [s for s in found if s.dag.op != pattern.name]
    held = [(s, path) for s in inner for path in s.paths.values() if leaf_name(s.dag, path) == pattern.name]
    return any(
        all(leaf_name(o.dag, path) not in every.classes for op in _stands_for(s.dag.op, expansions) for o in every.of(op))
        for s, path in held
    )


def _stands_for(operator: str, expansions: Mapping[str, Iterable[str]]) -> set[str]:
    """Returns an operator and, where it is a fragment, the operators that are outermost in its expansions."""
    outermost = {text.lstrip("(").split(" ", 1)[0] for text in expansions.get(operator, ())} - {operator}
    return {operator}.union(*(_stands_for(op, expansions) for op in outermost))


def _words(dag: Any) -> Iterator[str]:
    yield dag.op
    for arg, _ in dag.args:
        if isinstance(arg, str):
            yield arg
        else:
            yield from _words(arg)
