"""The nodes and pseudo instructions of calls and returns, where no node of the .td selects them from the callee alone.

Such an instruction has operands besides the callee, as the register of the return address or the offset of a return, or no pattern at all.
The AsmPrinter writes it in place of the pseudo instruction.
"""

from __future__ import annotations

from collections.abc import Iterable

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.operations import OperandRole, Operation

_CALLED = "[SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]"
_RETURNED = "[SDNPHasChain, SDNPOptInGlue, SDNPVariadic]"


def part(lacking: Lacking) -> str:
    """Returns the nodes and pseudo instructions that calls and returns lack."""
    m = lacking.m
    made: list[str] = []
    if m.calls.direct and not m.calls.node:
        made += _call(lacking, m.calls.direct, "CALL_SYMBOL", f"{m.type}imm", ("tglobaladdr", "texternalsym"))
    if m.calls.indirect and not m.calls.through and m.gpr:
        made += _call(lacking, m.calls.indirect, "CALL_REGISTER", m.gpr, (m.gpr,))
    if m.returns and not m.return_node:
        made += _return(lacking, m.returns)
    return "\n".join(made)


def _call(lacking: Lacking, op: Operation, name: str, operand: str, leaves: Iterable[str]) -> list[str]:
    record, node = lacking.name(name), lacking.name(name.lower())
    i = lacking.instruction(op)
    linked = OperandRole.LINK in op.roles or any(value == lacking.m.ra for _, value in op.fixed)
    before = lacking.instruction(lacking.m.calls.prepared) if lacking.m.calls.prepared and name == "CALL_REGISTER" else None
    put = (*before.defs, lacking.m.calls.callee) if before else ()
    defs = tuple(dict.fromkeys((*i.defs, *put, *((lacking.m.ra,) if linked else ()))))
    uses = tuple(r for r in i.uses if r not in put)
    return [
        f"// A call that the callee alone selects; {op.record} is written for it.",
        f'def {node} : SDNode<"{lacking.opcode(name)}", SDTypeProfile<0, -1, [SDTCisVT<0, {lacking.m.type}>]>,',
        f"    {_CALLED}>;",
        f"let {lacking.standing_for(op, 'isCall = 1', defs, uses)} in",
        f"def {record} : Instruction {{",
        "  let OutOperandList = (outs);",
        f"  let InOperandList = (ins {operand}:$callee, variable_ops);",
        f"  let Size = {i.size + (before.size if before else 0)};",
        "}",
        *(f"def : Pat<({node} {leaf}:$callee), ({record} {leaf}:$callee)>;" for leaf in leaves),
    ]


def _return(lacking: Lacking, op: Operation) -> list[str]:
    record, node = lacking.name("RETURN"), lacking.name("return_node")
    i = lacking.instruction(op)
    uses = tuple(dict.fromkeys((*i.uses, *((lacking.m.ra,) if lacking.m.ra else ()))))
    return [
        f"// A return; {op.record} is written for it.",
        f'def {node} : SDNode<"{lacking.opcode("RETURN")}", SDTNone, {_RETURNED}>;',
        f"let {lacking.standing_for(op, 'isReturn = 1, isTerminator = 1, isBarrier = 1', (), uses)} in",
        f"def {record} : Instruction {{",
        "  let OutOperandList = (outs);",
        "  let InOperandList = (ins variable_ops);",
        f"  let Pattern = [({node})];",
        f"  let Size = {i.size};",
        "}",
    ]
