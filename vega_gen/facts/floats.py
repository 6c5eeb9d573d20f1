"""Finds the floating-point types that instructions compute with: their registers, loads, stores and copies, and their operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from vega_gen.facts.choosing import Choice
from vega_gen.facts.memory import meaning, register_accesses
from vega_gen.facts.operations import Float
from vega_gen.facts.selections import OperandKind, Selection, leaf_name
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Description, Evidence, RegisterClass
from vega_gen.tablegen.raw import Dag
from vega_gen.tablegen.subtargets import ATTRS, CPU, FEATURES, enabled, predicate_test

_NEEDED = frozenset({"fadd", "fsub", "fmul"})
"""A type without these is not worth the way to its registers and back."""
_CONDITION = re.compile(r"SET(\w+)")
CONVERSIONS = ("sint_to_fp", "uint_to_fp", "fp_to_sint", "fp_to_uint")
"""Operators between the pointer's integers and numbers of floating point."""


def floats(v: TargetView, copies: Collection[str]) -> tuple[Float, ...]:
    """Returns the scalar floating-point types that can be legal, the narrower first.

    A type needs registers of its own, apart from those of addresses, which instructions load, store and copy, and an addition, a
    subtraction and a multiplication. All else the run-time library does. Integers stand for the numbers of a target whose default
    processor computes with them, unless a person gives the class: a library that was compiled without their instructions is enough then.
    ``copies``: the classes whose registers an instruction copies."""
    by_default = _default_test(v.d)
    found: list[Float] = []
    for bits in (32, 64):
        key = f"class.float.{bits}"
        kept = {c.name: made for c in _classes(v, bits) if (made := _of_class(v, bits, c, copies, [*found]))}
        ranked = sorted(kept.values(), key=lambda one: (-len(one.legal), one.register_class))
        reason = "instructions load, store, copy, add and multiply its registers"
        asked = [one for one in ranked if not by_default(one.guard)]
        if asked or key in v.chooser.given:  # most targets have none, and lack nothing
            name = v.choose(key, [Choice(one.register_class, Evidence.PATTERN, reason) for one in asked])
            found += [kept[name]] if name in kept else []
    return tuple(found)


def _default_test(d: Description) -> Callable[[Iterable[str]], bool]:
    """Returns the function that says whether Predicate records hold for the default processor, with no features but its own."""
    plain = replace(d, data={key: value for key, value in d.data.items() if key not in (CPU, ATTRS)})
    return predicate_test(replace(plain, data=plain.data | {FEATURES: " ".join(enabled(plain))}))


def _classes(v: TargetView, bits: int) -> Iterator[RegisterClass]:
    """Yields the classes that hold the type and share no part of a register with those of addresses."""
    parts = {r.name: set(r.subregisters) for r in v.d.registers}
    own = set(v.members).union(*(parts[r] for r in v.members))
    for c in v.d.register_classes:
        every = set(c.members).union(*(parts[r] for r in c.members))
        if f"f{bits}" in c.value_types and c.allocatable and own.isdisjoint(every) and own.isdisjoint(_wholes(v, c.members)):
            yield c


def _wholes(v: TargetView, names: Iterable[str]) -> set[str]:
    inside = set(names)
    return {r.name for r in v.d.registers if inside & set(r.subregisters)}


def _of_class(v: TargetView, bits: int, c: RegisterClass, copies: Collection[str], others: list[Float]) -> Float | None:
    """Returns the type in the registers ``c``, None if they do not do for it. ``others``: the narrower types."""
    legal: dict[str, list[Selection]] = {}
    conditions: set[str] = set()
    for root in v.selections.roots:
        for one in v.selections.of(root):
            i = v.selections.instructions[one.record]
            if not encoded(i) or "isPseudo" in i.flags or not _on(v, one, c.name, bits):
                continue
            legal.setdefault(_named(v, one, c.name), []).append(one)
            conditions |= _tested(one) if i.outs and v.holds(i.outs[0].type) else set()
    loads, stores = (register_accesses(v, c.name, store=store) for store in (False, True))
    if not legal.keys() >= _NEEDED or not loads or not stores:
        return None
    copied = c.name in copies
    halves = () if copied else next((found for one in others if one.copied and (found := _halves(v, c, one))), ())
    if not copied and not halves:
        return None
    guard = sorted(v.selections.instructions[legal["fadd"][0].record].predicates)
    made = Float(bits, c.name, loads[0], stores[0], halves, frozenset(legal), frozenset(conditions), tuple(guard))
    # What the library compares is an int, which is no legal type on a wider machine once operations are legalized.
    return made if made.compared or v.native <= 32 else None


def _on(v: TargetView, one: Selection, name: str, bits: int) -> bool:
    """Whether a pattern is one step of a computation with registers of ``name``: its arguments are registers, and no numbers or steps."""
    if one.dag.op.startswith("strict_") or meaning(v, one.dag.op):
        return False
    operands = [o for o in v.selections.operands(one.record) if o.kind is OperandKind.REG]
    read = {one.paths[o.name][0] for o in operands if not o.out and one.paths.get(o.name)}
    leaves: list[str] = []
    types: set[str] = set()
    for arg, _ in one.dag.args:
        while isinstance(arg, Dag) and len(arg.args) == 1:  # a cast: (f32 FPR32:$src)
            types.add(arg.op)
            arg = arg.args[0][0]
        leaves.append(arg if isinstance(arg, str) else "")
    types |= set(leaves)
    literal = len(leaves) == 3 and leaves[2].startswith("SET")
    steps = types & (v.selections.roots - {*leaves})
    vectors = any(re.fullmatch(r"v\d+[if]\d+", one) for one in types)
    other = {t for t in types if re.fullmatch(r"f\d+", t)} - {f"f{bits}"}
    return (
        bool(leaves) and all(leaves) and read == {*range(len(leaves) - literal)} and not steps and not vectors
        and not (other and len(leaves) > 1) and name in {v.class_of(o.type) for o in operands}
    )  # fmt: skip


def _named(v: TargetView, one: Selection, name: str) -> str:
    """Returns the operator of a pattern; "bitconvert_from" where it takes a number's bits out of the registers ``name``."""
    op = one.dag.op.removeprefix("any_")
    i = v.selections.instructions[one.record]
    return f"{op}_from" if op == "bitconvert" and i.outs and v.class_of(i.outs[0].type) != name else op


def _tested(one: Selection) -> frozenset[str]:
    """Returns the condition that a pattern computes into a register, nothing for other patterns."""
    op = one.dag.op.removeprefix("any_").removesuffix("s")
    if op in ("setcc", "fsetcc") and len(one.dag.args) == 3:
        found = _CONDITION.fullmatch(leaf_name(one.dag, (2,)))
        return frozenset({found[1].lower()} if found else ())
    if re.fullmatch(r"set[ou]?(eq|ne|lt|le|gt|ge)|seto|setuo", op) and len(one.dag.args) == 2:
        return frozenset({op.removeprefix("set")})
    return frozenset()


def _halves(v: TargetView, c: RegisterClass, other: Float) -> tuple[str, ...]:
    """Returns the SubRegIndices of the registers of ``other`` that together are a register of ``c``, () where they are not."""
    small = next(one.members for one in v.d.register_classes if one.name == other.register_class)
    registers = {r.name: r for r in v.d.registers}
    found: set[tuple[str, ...]] = set()
    for name in c.members:
        r = registers[name]
        found.add(tuple(r.part_name(part) for part in r.subregisters if part in small))
    one = next(iter(found)) if len(found) == 1 else ()
    return one if len(one) * other.bits == 64 and all(one) else ()
