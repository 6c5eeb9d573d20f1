"""Finds patterns that put a number where the instruction has a register: llvm-tblgen takes them, and they select no machine code."""

from __future__ import annotations

from vega_gen.facts.dags import plain
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView
from vega_gen.tablegen.raw import Dag, parse_dag

_NUMBERS = frozenset({"imm", "timm", "fpimm"})


def misplaced_numbers(v: TargetView) -> dict[str, str]:
    """Returns record -> the register operand for which a pattern has a number; not of instructions that C++ inserts others for."""
    numbers = _NUMBERS | {o.name for o in v.d.operators if o.dag and _word(o.dag) in _NUMBERS}
    found: dict[str, str] = {}
    for i in v.d.instructions:
        if "usesCustomInserter" in i.flags:
            continue
        registers = [o.name for o in v.selections.operands(i.name) if o.kind is OperandKind.REG and o.part < 0 and not o.out]
        for one in v.selections.every(i.name):
            leaves = v.selections.leaves(one)
            if misplaced := next((name for name in registers if leaves.get(name) in numbers), ""):
                found[i.name] = misplaced
    return found


def _word(dag: str) -> str:
    value = plain(parse_dag(dag))
    return value.op if isinstance(value, Dag) and not value.args else value if isinstance(value, str) else ""
