"""Finds how the return address is read and written where calls leave it in a register that is no operand of ordinary instructions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
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


def link_register(v: TargetView, ra: str, call: Operation | None, back: Operation | None) -> LinkRegister | None:
    """Returns the register that ``call`` defines and ``back``, the return, uses, though neither has it as an operand.

    None where ``ra``, an ordinary register, holds the return address, and where no instructions move that to and from ordinary ones."""
    if ra or call is None or back is None:
        return None
    defined, used = v.selections.instructions[call.record].defs, v.selections.instructions[back.record].uses
    for name in (r for r in defined if r in used and r not in v.members):
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
