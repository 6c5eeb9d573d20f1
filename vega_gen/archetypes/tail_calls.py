"""Finds the jumps that tail calls are, for the pseudo instructions of a .td that stand for them: TAIL_SYMBOL and TAIL_REGISTER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vega_gen.facts.find import Facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.records import Description


@dataclass(frozen=True, slots=True)
class TailCall:
    """A tail call. ``record``: its pseudo instruction; ``node``: the opcode that selects it, "" where the .td has none.
    ``jump``: what is written for it. ``direct``: whether the callee is a symbol. ``register``: the one that holds the address of any other
    callee while the epilogue restores registers."""

    record: str
    node: str
    jump: Operation
    direct: bool
    register: str = ""


def tail_calls(d: Description, m: Facts) -> tuple[TailCall, ...]:
    """Returns the tail calls of a target: first that of a symbol, where a jump's field and relocation are those of the call of a symbol;
    then that through a register, where a jump takes one and a register neither holds arguments nor outlives a call."""
    return tuple(_made(d, tail) for tail in _possible(d, m))


def _possible(d: Description, m: Facts) -> Iterator[TailCall]:
    pushed = m.calls.direct is not None and not m.returning and not m.lost_link  # the return address lies on the stack, where it stays
    if not m.returns or not (m.returning or pushed):
        return
    encoded = {i.name: i for i in d.instructions if any(bit in "01" for bit in i.encoding) and "isPseudo" not in i.flags}
    made_of = m.jump if m.calls.pseudos and m.jump and m.jump.record in encoded else None  # where no instruction calls
    if jump := _direct(d, m, m.calls.direct) if m.calls.direct else made_of:
        yield TailCall("TAIL_SYMBOL", "", jump, direct=True)
    register = _register(d, m)
    if register and m.jump_register and m.jump_register.record in encoded:
        yield TailCall("TAIL_REGISTER", "", m.jump_register, direct=False, register=register)


def _direct(d: Description, m: Facts, call: Operation) -> Operation | None:
    """Returns the jump that reaches whatever ``call`` reaches: of the same field, or the call itself without its return address."""
    _, fixed = fixups(d, m)
    alike = next((set(one.records) for one in fixed if call.record in one.records), set[str]())
    if m.jump and m.jump.record in alike:
        return m.jump
    linked = [n for n, role in enumerate(call.roles) if role is OperandRole.LINK or (n, m.ra) in call.fixed]
    if m.zero and len(linked) == 1 and call.record in alike:
        roles = tuple(OperandRole.ZERO if n in linked else role for n, role in enumerate(call.roles))
        return replace(call, roles=roles, fixed=tuple(pair for pair in call.fixed if pair[0] not in linked))
    jumps = [i for i in d.instructions if i.name in alike and {"isBranch", "isBarrier"} <= i.flags and not i.flags & {"isCall", "isReturn"}]
    return next((Operation(i.name, (OperandRole.TARGET,)) for i in jumps if not i.outs and len(i.ins) == 1), None)


def _register(d: Description, m: Facts) -> str:
    """Returns a register for the callee's address, "" where none is free. The epilogue may overwrite the scratch register."""
    members = next((c.members for c in d.register_classes if c.name == m.gpr), ())
    taken = {*m.arguments, *m.saved, *m.reserved, m.scratch, m.sp, m.ra, m.fp, m.zero}
    return next((r for r in members if r not in taken), "")


def _made(d: Description, tail: TailCall) -> TailCall:
    """Returns a tail call with the node that the .td has for it."""
    made = any(i.name == tail.record and {"isCall", "isReturn", "isPseudo"} <= i.flags for i in d.instructions)
    node = next((n.opcode for n in d.nodes if made and n.opcode.rpartition("::")[2] == tail.record), "")
    return replace(tail, node=node)
