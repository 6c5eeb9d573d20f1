"""Says what a register's role rests on: a constant, an implicit operand of calls, returns and call frames, or its name alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vega_gen.facts.choosing import Choice
from vega_gen.facts.keys import ROLES, key_of
from vega_gen.facts.roles import RegisterRole
from vega_gen.records import Description, Evidence, Instruction

_FRAMES = frozenset({"ISD::CALLSEQ_START", "ISD::CALLSEQ_END"})


def role_candidates(d: Description, role: RegisterRole, registers: Iterable[str]) -> Iterator[Choice[str]]:
    """Yields ``registers``, which are thought to have ``role``, each with what says so."""
    key = key_of(ROLES[role])
    assert key is not None
    constant = {*d.data.get("Register.constant", "").split()} if role is RegisterRole.ZERO else set[str]()
    for register in registers:
        names = aliases(d, register)
        if names & constant:
            yield Choice(register, Evidence.FLAG, "constant in the .td")
        elif clause := _implicit(d, role, register, names):
            yield Choice(register, Evidence.IMPLICIT, clause)
        else:
            yield Choice(register, Evidence.NAME, f"{register} is {key.question} by its name alone")


def aliases(d: Description, register: str) -> set[str]:
    """Returns the register with its aliases: those that have it, or that it has, as their only subregister."""
    whole = {r.name: set(r.subregisters) for r in d.registers if len(r.subregisters) == 1}
    return {register} | whole.get(register, set[str]()) | {name for name, parts in whole.items() if register in parts}


def _implicit(d: Description, role: RegisterRole, register: str, names: set[str]) -> str:
    """Returns which instruction has one of ``names``, those of ``register``, as the implicit operand that ``role`` is, "" if none does.

    A call's definitions count where they are at most four: longer lists are those of clobbered registers."""

    def first(what: Iterable[Instruction]) -> str:
        return next((i.name for i in what), "")

    if role is RegisterRole.STACK_POINTER:
        frame = first(i for i in d.instructions if _FRAMES & {*i.nodes} and names & {*i.defs} & {*i.uses})
        call = first(i for i in d.instructions if "isCall" in i.flags and names & {*i.uses})
        return f"{frame} defines and uses it in the .td" if frame else "calls use it in the .td" if call else ""
    if role is RegisterRole.RETURN_ADDRESS:
        call = first(i for i in d.instructions if "isCall" in i.flags and len(i.defs) <= 4 and names & {*i.defs})
        back = first(i for i in d.instructions if "isReturn" in i.flags and names & {*i.uses})
        return f"{call} defines {register} in the .td" if call else f"{back} uses {register} in the .td" if back else ""
    return ""
