"""The patterns that load and store integers of which only the registers that are parts of the pointer's have instructions.

Such a load leaves open what the other bits are; what extends them is selected as for any register.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.archetypes.complex_patterns import left_out
from vega_gen.facts.find import Facts
from vega_gen.facts.memory import PART_STORE, near_code, register_accesses
from vega_gen.facts.operations import Operation
from vega_gen.facts.selections import leaf_name
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Description

_WIDTHS = (8, 16, 32)


AT_REGISTER = "_AT_REGISTER"
"""What the names of pseudo instructions end in that store at a register without an offset."""


@dataclass(frozen=True, slots=True)
class PartAccess:
    """How parts of registers are accessed in memory. ``load``, ``store``: the instructions; ``address``: the ComplexPattern of their
    address; ``index``: the SubRegIndex of the part; ``held``: the class of registers that have it; ``value``: which operand of the store is
    the value."""

    load: str
    store: str
    address: str
    index: str
    held: str
    value: int


def part(lacking: Lacking) -> str:
    """Returns the patterns for the widths that nothing loads into, or stores of, a register that holds an address."""
    m = lacking.m
    v = TargetView(lacking.d)
    lines = [line for bits in _WIDTHS if m.gpr and bits < m.native for line in _written(lacking, v, bits)]
    note = "// Parts of registers are loaded and stored by the instructions that have these parts as operands."
    return "\n".join([note, *lines]) if lines else ""


def part_stores(d: Description, m: Facts) -> dict[str, PartAccess]:
    """Returns the pseudo instructions of a completed description that store a part of a register -> what they stand for."""
    there = {i.name for i in d.instructions if i.name.startswith(PART_STORE)}
    v = TargetView(d) if there else None
    every = {f"{PART_STORE}{bits}{end}": one for bits in _WIDTHS if v for end, one in _accesses(d, v, m, bits).items()}
    return {name: one for name, one in every.items() if name in there}


def _written(lacking: Lacking, v: TargetView, bits: int) -> Iterator[str]:
    m = lacking.m
    extended = any((kind, bits) in m.loads or f"{kind}loadi{bits}" in m.legal for kind in ("ext", "sext", "zext"))
    stored = bits in m.stores or f"truncstorei{bits}" in m.legal or (m.narrow is not None and m.narrow.bits == bits)
    for end, found in (_accesses(lacking.d, v, m, bits) if not (extended and stored) else {}).items():
        if not extended:
            whole = f"(INSERT_SUBREG ({m.type} (IMPLICIT_DEF)), ({found.load} {found.address}:$address), {found.index})"
            yield f"def : Pat<({m.type} (extloadi{bits} {found.address}:$address)), {whole}>;"
        if not stored:
            store = v.selections.instructions[found.store]
            at = v.selections.operands(found.store)[found.value].name
            given = [f"{found.held}:$value" if o.name == at else f"{o.type}:$address" for o in store.ins]
            yield "\n".join([
                f"let {lacking.pseudo}, usesCustomInserter = 1, mayStore = 1, mayLoad = 0, hasSideEffects = 0 in",
                f"def {PART_STORE}{bits}{end} : Instruction {{",
                "  let OutOperandList = (outs);",
                f"  let InOperandList = (ins {', '.join(given)});",
                f"  let Pattern = [(truncstorei{bits} {found.held}:$value, {found.address}:$address)];",
                "}",
            ])  # fmt: skip


def _accesses(d: Description, v: TargetView, m: Facts, bits: int) -> dict[str, PartAccess]:
    """Returns how integers of ``bits`` bits are accessed: "" -> at a base and an offset, AT_REGISTER -> at any other address, where the
    first matches only some."""
    for name, index, wholes in _parts(d, v, bits):
        load, store = (next(iter(register_accesses(v, name, store=way)), None) for way in (False, True))
        holding = [c for c in d.register_classes if m.type in c.value_types and c.allocatable and {*c.members} <= wholes]
        if not (load and store and holding):
            continue
        held = max(holding, key=lambda c: (c.name == m.gpr, len(c.members))).name
        patterns = {p.name: p for p in d.complex_patterns if p.name not in left_out(d)}
        loads, stores = _at(v, load, name, store=False), _at(v, store, name, store=True)
        both = [patterns[one] for one in loads if one in stores and one in patterns]
        usual = next((p for p in both if p.operands > 1), None)
        plain = next((p for p in both if p.operands == 1 and not p.root_nodes), None)
        chosen = {"": usual, AT_REGISTER: plain if usual and usual.root_nodes else None}
        found: dict[str, PartAccess] = {}
        for end, p in chosen.items():
            if p:
                given = v.selections.operands(stores[p.name])
                value = next(n for n, o in enumerate(given) if o.part < 0 and v.class_of(o.type) == name)
                found[end] = PartAccess(loads[p.name], stores[p.name], p.name, index, held, value)
        return found
    return {}


def _at(v: TargetView, op: Operation, name: str, *, store: bool) -> dict[str, str]:
    """Returns the ComplexPatterns of the addresses at which a register of class ``name`` is loaded or stored as ``op`` does -> the
    instruction, the one of ``op`` first."""
    found: dict[str, str] = {}
    ways = [s for s in v.selections.every(op.record) if len(s.dag.args) == (2 if store else 1)]
    for root in dict.fromkeys(s.dag.op for s in ways):
        for s in sorted(v.selections.of(root), key=lambda s: s.record != op.record):
            i = v.selections.instructions[s.record]
            operands = v.selections.operands(s.record)
            values = [o for o in operands if o.part < 0]
            fits = bool(i.outs) != store and len(values) == 1 and v.class_of(values[0].type) == name
            if fits and encoded(i) and "isPseudo" not in i.flags and not any(near_code(v.selections, o.whole) for o in operands):
                found.setdefault(leaf_name(s.dag, (1 if store else 0,)), s.record)
    return found


def _parts(d: Description, v: TargetView, bits: int) -> Iterator[tuple[str, str, set[str]]]:
    """Yields the classes of registers of ``bits`` bits that are parts of the pointer's, the largest first, the SubRegIndex of each, and
    the registers that have such a part."""
    registers = {r.name: r for r in d.registers}
    indices: dict[str, set[str]] = {}  # of a part of a part it is that of the inner one, which the whole inherits
    wholes: dict[str, set[str]] = {}
    waiting = [(name, name) for name in v.members if name in registers]
    while waiting:
        whole, name = waiting.pop()
        for inner in registers[name].subregisters:
            indices.setdefault(inner, set()).add(registers[name].part_name(inner))
            wholes.setdefault(inner, set()).add(whole)
            waiting += [(whole, inner)] if inner in registers else []
    for c in sorted(d.register_classes, key=lambda c: -len(c.members)):
        every = set[str]().union(*(indices.get(member, {""}) for member in c.members))
        if c.value_types[:1] == (f"i{bits}",) and c.allocatable and len(every) == 1 and (index := every.pop()):
            yield c.name, index, set[str]().union(*(wholes[member] for member in c.members))
