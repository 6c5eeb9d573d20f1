"""Finds the instructions that shift by an amount which another instruction has put into a register of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vega_gen.facts.arithmetic import binary
from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.ranges import Range
from vega_gen.facts.selections import OperandInfo, OperandKind
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence, Instruction

SHIFTS = {"shl": (r"s[hl]l|lsl", r"[a-z]+l"), "srl": (r"srl|lsr|shr", r"[a-z]+r"), "sra": (r"sra|asr|sar", r"[a-z]+r")}
"""Operator of patterns -> regular expressions of the mnemonics of the shift and of what sets its amount."""


@dataclass(frozen=True, slots=True)
class AmountShift:
    """A shift in two instructions: ``amount`` puts the amount, SRC, into ``register``, and ``shift`` shifts SRC by it to DST.

    ``immediates``: the amounts that a pattern takes as an immediate, None if there is none."""

    amount: Operation
    shift: Operation
    register: str
    immediates: Range | None


def amount_shifts(v: TargetView) -> dict[str, AmountShift]:
    """Returns the operator of patterns ("shl", "srl", "sra") -> how to shift by a register, for those that no pattern selects."""
    found: dict[str, AmountShift] = {}
    for root, (shift, amount) in SHIFTS.items():
        keys = f"instruction.shift.{root}", f"instruction.shift_amount.{root}"
        if binary(v, root, OperandKind.REG):
            continue
        pairs = list(_pairs(v, shift, amount))
        if not pairs and not {*keys} & {*v.chooser.given}:
            continue
        chosen = v.choose_operation(keys[0], (first for first, _ in pairs)), v.choose_operation(keys[1], (second for _, second in pairs))
        immediate = binary(v, root, OperandKind.IMM)
        if chosen[0] and chosen[1] and (written := v.selections.instructions[chosen[1].record].defs):
            found[root] = AmountShift(chosen[1], chosen[0], written[0], immediate.range if immediate else None)
    return found


def _pairs(v: TargetView, shift: str, amount: str) -> Iterator[tuple[Choice[Operation], Choice[Operation]]]:
    for i in v.d.instructions:
        if not encoded(i) or not re.fullmatch(shift, mnemonic(i)) or len(i.uses) != 1:
            continue
        for other in v.d.instructions:
            if encoded(other) and other.defs == i.uses and not other.outs and re.fullmatch(amount, mnemonic(other)):
                made = _operation(v, i, {OperandRole.DST, OperandRole.SRC}), _operation(v, other, {OperandRole.SRC})
                if made[0] and made[1]:
                    why = f"by its mnemonic and by {i.uses[0]}, which one sets and the other reads"
                    yield (
                        Choice(made[0], Evidence.ASSEMBLY, f"{i.name} is recognised {why}"),
                        Choice(made[1], Evidence.ASSEMBLY, f"{other.name} is recognised {why}"),
                    )


def _operation(v: TargetView, i: Instruction, roles: set[OperandRole]) -> Operation | None:
    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        fits = operand.kind is OperandKind.REG and v.holds(operand.type)
        return None if not fits else OperandRole.DST if operand.out else OperandRole.SRC

    made = v.operation(i.name, name)
    return made if made and {*made.free} == roles else None
