"""The patterns that load and store integers of which only the registers that are parts of the pointer's have instructions.

Such a load leaves open what the other bits are; what extends them is selected as for any register.
"""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.memory import register_accesses
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import leaf_name
from vega_gen.facts.view import TargetView

_WIDTHS = (8, 16, 32)


def part(lacking: Lacking) -> str:
    """Returns the patterns for the widths that nothing loads into, or stores of, a register that holds an address."""
    m = lacking.m
    v = TargetView(lacking.d)
    lines = [line for bits in _WIDTHS if m.gpr and bits < m.native for line in _accesses(lacking, v, bits)]
    note = "// Parts of registers are loaded and stored by the instructions that have these parts as operands."
    return "\n".join([note, *lines]) if lines else ""


def _accesses(lacking: Lacking, v: TargetView, bits: int) -> Iterator[str]:
    m = lacking.m
    extended = any((kind, bits) in m.loads or f"{kind}loadi{bits}" in m.legal for kind in ("ext", "sext", "zext"))
    stored = bits in m.stores or f"truncstorei{bits}" in m.legal or (m.narrow is not None and m.narrow.bits == bits)
    for name, index in _parts(lacking, v, bits):
        load = next((p for op in register_accesses(v, name, store=False) if (p := _address(v, op, store=False))), None)
        store = next((p for op in register_accesses(v, name, store=True) if (p := _address(v, op, store=True))), None)
        if not (load and store):
            continue
        if not extended:
            whole = f"(INSERT_SUBREG ({m.type} (IMPLICIT_DEF)), ({load[0]} {load[1]}:$address), {index})"
            yield f"def : Pat<({m.type} (extloadi{bits} {load[1]}:$address)), {whole}>;"
        if not stored:
            given = f"({store[0]} {store[1]}:$address, (EXTRACT_SUBREG {m.gpr}:$value, {index}))"
            yield f"def : Pat<(truncstorei{bits} {m.gpr}:$value, {store[1]}:$address), {given}>;"
        return


def _parts(lacking: Lacking, v: TargetView, bits: int) -> Iterator[tuple[str, str]]:
    """Yields the classes of registers of ``bits`` bits that are parts of the pointer's, the largest first, and the SubRegIndex of each."""
    registers = {r.name: r for r in lacking.d.registers}
    indices: dict[str, set[str]] = {}  # of a part of a part it is that of the inner one, which the whole inherits
    waiting = [registers[name] for name in v.members if name in registers]
    while waiting:
        whole = waiting.pop()
        for name in whole.subregisters:
            if name not in indices and name in registers:
                waiting.append(registers[name])
            indices.setdefault(name, set()).add(whole.part_name(name))
    for c in sorted(lacking.d.register_classes, key=lambda c: -len(c.members)):
        every = set[str]().union(*(indices.get(member, {""}) for member in c.members))
        if c.value_types[:1] == (f"i{bits}",) and c.allocatable and len(every) == 1 and (index := every.pop()):
            yield c.name, index


def _address(v: TargetView, op: Operation, *, store: bool) -> tuple[str, str] | None:
    """Returns the instruction of an access, and the ComplexPattern that gives its address, one operand; None where there is no such."""
    slot = v.selections.operands(op.record)[op.index(OperandRole.BASE)]
    patterns = {p.name for p in v.d.complex_patterns}
    for s in v.selections.every(op.record):
        leaf = leaf_name(s.dag, s.paths.get(slot.name, ()))
        if slot.part >= 0 and s.paths.get(slot.name) == ((1,) if store else (0,)) and leaf in patterns:
            return op.record, leaf
    return None
