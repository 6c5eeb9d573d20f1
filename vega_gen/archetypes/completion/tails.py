"""The nodes and pseudo instructions of tail calls: jumps to another function in place of a call and a return.

A pseudo instruction is call and return at once, so that the epilogue comes before it; the AsmPrinter writes the jump.
"""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.archetypes.tail_calls import TailCall, tail_calls

_TAIL = "[SDNPHasChain, SDNPOptInGlue, SDNPVariadic]"


def part(lacking: Lacking) -> str:
    """Returns the tail calls that the target's jumps can be, "" where the completion has them already."""
    made: list[str] = []
    for tail in tail_calls(lacking.d, lacking.m):
        if not tail.node:
            made += _tail(lacking, tail)
    return "\n".join(made)


def _tail(lacking: Lacking, tail: TailCall) -> list[str]:
    m = lacking.m
    name = lacking.name(tail.record)
    operand, leaves = (f"{m.type}imm", ("tglobaladdr", "texternalsym")) if tail.direct else (m.gpr, (m.gpr,))
    node = lacking.name(tail.record.lower())
    i = lacking.instruction(tail.jump)
    uses = tuple(dict.fromkeys((*i.uses, *((m.ra,) if m.ra else ()))))
    return [
        f"// A tail call; {tail.jump.record} is written for it.",
        f'def {node} : SDNode<"{lacking.opcode(tail.record)}", SDTypeProfile<0, -1, [SDTCisVT<0, {m.type}>]>, {_TAIL}>;',
        f"let {lacking.standing_for(tail.jump, 'isCall = 1, isReturn = 1, isTerminator = 1, isBarrier = 1', i.defs, uses)} in",
        f"def {name} : Instruction {{",
        "  let OutOperandList = (outs);",
        f"  let InOperandList = (ins {operand}:$callee, variable_ops);",
        f"  let Size = {i.size};",
        "}",
        *(f"def : Pat<({node} {leaf}:$callee), ({name} {leaf}:$callee)>;" for leaf in leaves),
    ]
