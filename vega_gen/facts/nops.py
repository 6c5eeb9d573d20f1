"""Finds which instructions have a delay slot, and the instruction that does nothing, which fills it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.facts.choosing import Choice
from vega_gen.facts.dags import listed
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence
from vega_gen.tablegen.raw import Dag, parse_dag

_BITS = re.compile(r"\{ ([01](?:, [01])*) \}")
"""A number that is written bit by bit, as TableGen prints 0b000."""

LEAVES = frozenset({"isBranch", "isCall", "isReturn"})
"""Flags of the instructions that have a delay slot where any has."""
_NO_SLOT = Choice("0", Evidence.FLAG, "no instruction has hasDelaySlot")


def nop(v: TargetView, zero: str, add_immediate: Operation | None, copy: Operation | None) -> Operation | None:
    """Returns the instruction that does nothing; see ``_nops``."""
    return v.choose_operation("instruction.nop", _nops(v, zero, add_immediate, copy))


def delayed(v: TargetView) -> frozenset[str]:
    """Returns the instructions that control leaves only behind the next one: those that are flagged, or, where a person says that there
    is a delay slot and none is, all branches, calls and returns."""
    flagged = frozenset(i.name for i in v.d.instructions if "hasDelaySlot" in i.flags)
    first = Choice("1", Evidence.FLAG, f"{min(flagged)} has hasDelaySlot") if flagged else _NO_SLOT
    leaves = frozenset(i.name for i in v.d.instructions if not LEAVES.isdisjoint(i.flags))
    return (flagged or leaves) if v.choose("delay_slots", [first]) != "0" else frozenset()


def _nops(v: TargetView, zero: str, add_immediate: Operation | None, copy: Operation | None) -> Iterator[Choice[Operation]]:
    """Yields the instruction whose mnemonic is nop, with its operands 0 where it has any.

    Without one, it is what the assembler writes for "nop" (an alias), else an addition of 0 to the register that always holds zero
    (``zero``, "" if there is none), or a copy of a register to itself; not one that defines flags."""
    for i in v.d.instructions:
        operands = v.selections.operands(i.name)
        bare = all(o.kind is not OperandKind.REG and not o.out for o in operands)
        if bare and mnemonic(i).rpartition(".")[2] == "nop" and "isPseudo" not in i.flags and encoded(i):
            op = _fixed(Operation(i.name, (OperandRole.NONE,) * len(operands)), "", "")
            yield Choice(op, Evidence.ASSEMBLY if operands else Evidence.OPERAND, f"{i.name} is called nop")
    yield from _aliased(v)
    plain = next((r for r in reversed(v.members) if r not in v.register_roles), "")  # a copy to the program counter is a jump
    for op, register in ((add_immediate, zero), (copy, plain)):
        if op and register and v.takes(op, register) and not v.selections.instructions[op.record].defs:
            why = f"{op.record} of {register} with itself or with nothing changes nothing"
            yield Choice(_fixed(op, register, zero), Evidence.DERIVED, why)


def _aliased(v: TargetView) -> Iterator[Choice[Operation]]:
    """Yields the instructions that the assembler writes for "nop", with the numbers and registers that it gives them."""
    for asm, result in v.d.aliases:
        dag = parse_dag(_BITS.sub(lambda bits: str(int(bits[1].replace(", ", ""), 2)), result)) if asm.strip().lower() == "nop" else ""
        if isinstance(dag, Dag) and dag.op in v.selections.instructions:
            values = [value for value, _ in listed(dag) if isinstance(value, str)]
            given = [value for value in values if value in v.registers or value.lstrip("-").isdigit()]
            if len(given) == len(dag.args) == len(v.selections.operands(dag.op)):
                op = Operation(dag.op, (OperandRole.FIXED,) * len(given), fixed=tuple(enumerate(given)))
                yield Choice(op, Evidence.OPERAND, f"an alias of {dag.op} is called nop")


def _fixed(op: Operation, register: str, zero: str) -> Operation:
    """Returns the operation with ``register`` for each register that it leaves open, and 0 for each number."""
    known = dict(op.fixed) | {n: zero for n, role in enumerate(op.roles) if role is OperandRole.ZERO}
    registers = (OperandRole.DST, OperandRole.SRC, OperandRole.SRC2)
    values = tuple((n, known.get(n, register if role in registers else "0")) for n, role in enumerate(op.roles))
    return Operation(op.record, (OperandRole.FIXED,) * len(op.roles), fixed=values)
