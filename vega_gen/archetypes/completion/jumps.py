"""The pseudo instructions of jumps where only a call does them, with a register that discards its return address.

A call ends no basic block: that is a flag of the instruction, whatever its operands are.
"""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Selections


def part(lacking: Lacking) -> str:
    """Returns the pseudo instructions for the jump to a label and for the one to an address, where what jumps may not end a block."""
    m = lacking.m
    made: list[str] = []
    if m.jump and "br" not in m.legal and _calls(lacking, m.jump):
        made += _jump(lacking, m.jump, "JUMP", OperandRole.TARGET, "(br bb:$target)", "")
    if m.jump_register and "brind" not in m.legal and _calls(lacking, m.jump_register):
        made += _jump(lacking, m.jump_register, "JUMP_REGISTER", OperandRole.SRC, f"(brind {m.gpr}:$target)", ", isIndirectBranch = 1")
    return "\n".join(made)


def _calls(lacking: Lacking, op: Operation) -> bool:
    return "isTerminator" not in lacking.instruction(op).flags and any(role is OperandRole.ZERO for role in op.roles)


def _jump(lacking: Lacking, op: Operation, name: str, role: OperandRole, pattern: str, flags: str) -> Iterator[str]:
    operand = Selections(lacking.d).operands(op.record)[op.index(role)]
    given = {role: f"{operand.type}:$target", OperandRole.ZERO: lacking.m.zero, OperandRole.NONE: "0"}
    fixed = dict(op.fixed)
    operands = ", ".join(fixed[n] if n in fixed else given[one] for n, one in enumerate(op.roles))
    i = lacking.instruction(op)
    yield f"// A jump: {op.record} leaves its return address in {lacking.m.zero}."
    yield f"let {lacking.standing_for(op, f'isBranch = 1, isTerminator = 1, isBarrier = 1{flags}', i.defs, i.uses)} in"
    yield f"def {lacking.name(name)} : Instruction, PseudoInstExpansion<({op.record} {operands})> {{"
    yield "  let OutOperandList = (outs);"
    yield f"  let InOperandList = (ins {operand.type}:$target);"
    yield f"  let Pattern = [{pattern}];"
    yield f"  let Size = {i.size};"
    yield "}"
