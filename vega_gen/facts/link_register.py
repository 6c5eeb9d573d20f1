"""Finds how the return address is read and written where calls leave it in a register that is no operand of ordinary instructions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Evidence, Instruction

_UNFIT = frozenset({"isPseudo", "isCall", "isReturn", "isBranch", "isTerminator", "mayLoad", "mayStore"})


@dataclass(frozen=True, slots=True)
class LinkRegister:
    """The register of the return address. ``read`` puts it into an ordinary register, ``write`` sets it to one."""

    name: str
    read: Operation
    write: Operation


def linking_registers(v: TargetView, ra: str, calls: Iterable[Operation | None], back: Operation | None) -> list[str]:
    """Returns the registers that one of ``calls`` defines and ``back``, the return, uses, though neither has them as operands: one of them
    holds the return address. There are none where ``ra``, an ordinary register, does."""
    used = v.selections.instructions[back.record].uses if back and not ra else ()
    apart = {*v.members, v.register(RegisterRole.STACK_POINTER)}
    return [r for call in calls if call for r in v.selections.instructions[call.record].defs if r in used and r not in apart]


def link_register(v: TargetView, registers: Iterable[str]) -> LinkRegister | None:
    """Returns the first of ``registers`` that instructions move to and from ordinary ones, None if there is none."""
    for name in registers:
        read = v.choose_operation("instruction.read_link", _moves(v, name, reads=True))
        write = v.choose_operation("instruction.write_link", _moves(v, name, reads=False))
        if read and write:
            return LinkRegister(name, read, write)
    return None


def _moves(v: TargetView, register: str, *, reads: bool) -> Iterator[Choice[Operation]]:
    role = OperandRole.DST if reads else OperandRole.SRC

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        return role if o.kind is OperandKind.REG and o.out == reads and v.holds(o.type) else None

    def fits(i: Instruction) -> bool:
        implicit = (i.uses, i.defs) if reads else (i.defs, i.uses)
        return encoded(i) and not i.flags & _UNFIT and implicit == ((register,), ())

    for i in sorted(filter(fits, v.d.instructions), key=lambda i: "isCodeGenOnly" in i.flags):
        made = v.operation(i.name, name)
        if made and made.roles == (role,):
            yield Choice(made, Evidence.IMPLICIT, f"{i.name} {'uses' if reads else 'defines'} {register} in the .td")
