"""Finds the special roles of a target's registers (stack pointer, return address, ...) from implicit operands and from names."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from vega_gen.records import CallingConvention, Description, Register


class RegisterRole(StrEnum):
    """The special role of a register; ordinary registers have none."""

    STACK_POINTER = "sp"
    FRAME_POINTER = "fp"
    RETURN_ADDRESS = "ra"
    ZERO = "zero"
    GLOBAL_POINTER = "gp"
    PROGRAM_COUNTER = "pc"
    FLAGS = "flags"
    THREAD_POINTER = "tp"


# Role -> regular expression of the record or assembly names that registers of that role have in most instruction sets.
_NAMES = {
    "sp": r"(w|x)?e?r?sp|sp_?(32|64)?|a7_sp|stack|sp0",
    "fp": r"fp_?(32|64)?|(e|r)?bp|fpreg|frame",
    "ra": r"ra(_?64)?|rca|lr|blink|r?lnk|link|rsa|o7",
    "zero": r"zero(_?64)?|(w|x)zr",
    "gp": r"gp(_?64)?|dp|got",
    "pc": r"pcl?|e?rip|eip",
    "flags": r"sr|ccr|sw|psr|icc|xcc|nzcv|cpsr|status(32)?|e?flags|cc|sreg|psw|carry|fcc0",
    "tp": r"tp|tls|ugp",
}
_READABLE = re.compile(r"[\w$%.#@\[\]()+:-]+")
_ROLE_OF_NAME = [(RegisterRole(role), re.compile(pattern)) for role, pattern in _NAMES.items()]


@dataclass(frozen=True, slots=True)
class RegisterProfile:
    """What matching compares of a register.

    ``role``: None if it is ordinary. ``argument``, ``result``, ``saved``: its position among the registers of arguments, of results and
    of callee-saved ones, -1 if it is not there. ``kinds``: of values that its main register class holds; ``place``: its index in that
    class; ``members``: the size of that class."""

    name: str
    asm_name: str
    role: RegisterRole | None
    argument: int
    result: int
    saved: int
    kinds: frozenset[str]
    place: int
    members: int
    allocatable: bool


@dataclass(frozen=True, slots=True)
class ImplicitRegisters:
    """How often each register is an implicit operand of calls and returns.

    ``clobbered_by_calls``: defined by calls, in lists of any length.
    ``frames``: both defined and used by the pseudo instructions for ISD::CALLSEQ_START and ISD::CALLSEQ_END."""

    frames: Counter[str]
    defined_by_calls: Counter[str]
    used_by_calls: Counter[str]
    used_by_returns: Counter[str]
    clobbered_by_calls: Counter[str]


def implicit_registers(d: Description) -> ImplicitRegisters:
    """Counts the implicit operands that show a register's role.

    Definitions count only for calls with at most four: longer lists are those of clobbered registers."""
    found = ImplicitRegisters(Counter(), Counter(), Counter(), Counter(), Counter())
    for i in d.instructions:
        if "isCall" in i.flags and len(i.defs) <= 4:
            found.defined_by_calls.update(i.defs)
        if "isCall" in i.flags:
            found.clobbered_by_calls.update(i.defs)
            found.used_by_calls.update(i.uses)
        if "isReturn" in i.flags:
            found.used_by_returns.update(i.uses)
        if {"ISD::CALLSEQ_START", "ISD::CALLSEQ_END"} & set(i.nodes):
            found.frames.update(set(i.defs) & set(i.uses))
    return found


def role_names(d: Description) -> dict[str, RegisterRole]:
    """Returns register -> role, for those that have one.

    Constant registers and names decide first, then the names of aliases; implicit operands give the stack pointer and the return address
    only where no name does."""
    roles: dict[str, RegisterRole] = {}
    said = implicit_registers(d)
    frames, calls, returns, clobbered = said.frames, said.defined_by_calls, said.used_by_returns, said.clobbered_by_calls
    constant = d.data.get("Register.constant", "").split()
    for register in d.registers:
        named = RegisterRole.ZERO if register.name in constant else _named_role(register)
        if named:
            roles[register.name] = named
    for register in d.registers:  # an alias gives its role to the register under it, as Lanai's SP does to R4
        for part in register.subregisters:
            if register.name in roles and len(register.subregisters) == 1:
                roles.setdefault(part, roles[register.name])
    for uses, role in (
        (frames, RegisterRole.STACK_POINTER),
        (calls & returns, RegisterRole.RETURN_ADDRESS),
        (clobbered & returns, RegisterRole.RETURN_ADDRESS),
        (calls, RegisterRole.RETURN_ADDRESS),
    ):
        name = next((name for name, _ in uses.most_common() if name not in roles), "")
        if name and role not in roles.values():
            roles[name] = role
    return roles


def is_real(register: Register) -> bool:
    """Whether assembly can name a register; "**FRAME POINTER**" only stands for one."""
    return _READABLE.fullmatch(register.asm_name) is not None


def _named_role(register: Register) -> RegisterRole | None:
    if not is_real(register):
        return None
    for name in (register.asm_name, register.name, *register.alternative):
        plain = re.sub(r"[^a-z0-9_]", "", name.lower())
        for role, pattern in _ROLE_OF_NAME:
            if pattern.fullmatch(plain):
                return role
    return None


def profiles(d: Description, roles: dict[str, RegisterRole], kinds: dict[str, tuple[str, ...]]) -> tuple[RegisterProfile, ...]:
    """Returns the profile of every register. ``kinds``: register class -> kinds of its value types."""
    arguments = _positions(d, returns=False)
    results = _positions(d, returns=True)
    saved: dict[str, int] = {}
    for convention in d.calling_conventions:
        if convention.callee_saved:
            for index, name in enumerate(convention.registers):
                saved.setdefault(name, index)
    home: dict[str, tuple[frozenset[str], int, int]] = {}
    allocatable: set[str] = set()
    # A register takes its place from the largest allocatable class of integers: classes of vectors or of few registers say less.
    for c in sorted(d.register_classes, key=lambda c: (not c.allocatable, _letter(kinds[c.name]), -len(c.members), -len(c.value_types))):
        for index, name in enumerate(sorted(c.members, key=_natural)):
            home.setdefault(name, (frozenset(kinds[c.name]), index, len(c.members)))
            if c.allocatable:
                allocatable.add(name)
    found: list[RegisterProfile] = []
    for r in d.registers:
        held, place, members = home.get(r.name, (frozenset[str](), -1, 0))
        position = (arguments.get(r.name, -1), results.get(r.name, -1), saved.get(r.name, -1))
        found.append(RegisterProfile(r.name, r.asm_name, roles.get(r.name), *position, held, place, members, r.name in allocatable))
    return tuple(found)


def _positions(d: Description, *, returns: bool) -> dict[str, int]:
    """Returns each register's position among arguments (or return values), in the convention with the shortest name that has it."""
    positions: dict[str, int] = {}
    conventions = [c for c in d.calling_conventions if not c.callee_saved and _returns(c) == returns]
    for convention in sorted(conventions, key=lambda c: len(c.name)):
        for index, name in enumerate(convention.registers):
            positions.setdefault(name, index)
    return positions


def _returns(convention: CallingConvention) -> bool:
    return convention.name.lower().startswith("ret")


def _letter(kinds: tuple[str, ...]) -> int:
    return "ifv".find(kinds[0][0]) if kinds and kinds[0][0] in "ifv" else 3


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name))
