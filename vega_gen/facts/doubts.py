"""Finds the facts that a person should check: those that only a name suggests or a default supplies.

A fact that rests on a selection pattern, a flag, an implicit operand or an operand's type is certain. A name is right for most instruction
sets, and a default is only what many of them have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vega_gen.facts.constants import constant_registers, immediates_by_pattern, uppers_by_pattern
from vega_gen.facts.roles import RegisterRole, implicit_registers
from vega_gen.facts.view import TargetView
from vega_gen.records import Description

if TYPE_CHECKING:
    from vega_gen.facts.find import Facts

BY_NAME = 0.4
"""Confidence of a fact that rests on a name alone; below the review threshold, so that a person checks it. Names mislead: targets in LLVM
have a register FP that is not the frame pointer, and conventions whose plainest name is not that of the usual one."""
BY_DEFAULT = 0.25
"""Confidence of a fact that nothing in the .td gives: a guess that works between functions of this compiler, but may differ from an
existing ABI."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a fact is not certain. ``confidence``: from 0 to 1. ``reason``: one clause, shown to the reviewer."""

    confidence: float
    reason: str


def doubts(v: TargetView, m: Facts) -> dict[str, Doubt]:
    """Returns field of ``m`` -> doubt, for its doubtful facts. The copy instruction of a register class is keyed "copies.GPR"."""
    found = {**_registers(v, m), **_conventions(v, m)}
    for field, record, others in _by_mnemonic(v, m):
        if record and record not in others:
            found[field] = Doubt(BY_NAME, f"{record} is recognised by its mnemonic alone")
    return found


def _registers(v: TargetView, m: Facts) -> dict[str, Doubt]:
    said = implicit_registers(v.d)
    constant = {*v.d.data.get("Register.constant", "").split(), constant_registers(v.selections, v.members).get("zero", "")}
    evidence = {
        "sp": (m.sp, {*said.frames, *said.used_by_calls}, "the stack pointer"),
        "ra": (m.ra, {*said.defined_by_calls, *said.used_by_returns}, "the return address"),
        "zero": (m.zero, constant, "always zero"),
    }
    found = {
        field: Doubt(BY_NAME, f"{register} is {role} by its name alone")
        for field, (register, others, role) in evidence.items()
        if register and not _names(v, register) & others
    }
    if m.fp:
        named = v.register(RegisterRole.FRAME_POINTER) == m.fp
        chosen = "the last callee-saved register" if m.fp in m.saved else "which no convention uses"
        kept = f"no record names a frame pointer: {m.fp}, {chosen}, is assumed"
        found["fp"] = Doubt(BY_NAME, f"{m.fp} is the frame pointer by its name alone") if named else Doubt(BY_DEFAULT, kept)
    if m.scratch:
        found["scratch"] = Doubt(BY_NAME, f"{m.scratch} is assumed to be free in a prologue: no convention names it")
    return found


def _names(v: TargetView, register: str) -> set[str]:
    """Returns the register with its aliases: those that have it, or that it has, as their only subregister."""
    whole = {r.name: set(r.subregisters) for r in v.d.registers if len(r.subregisters) == 1}
    return {register} | whole.get(register, set[str]()) | {name for name, parts in whole.items() if register in parts}


def _conventions(v: TargetView, m: Facts) -> dict[str, Doubt]:
    plain = [c for c in v.d.calling_conventions if not c.callee_saved and any(r in v.members for r in c.registers)]
    rivals = {
        "cc": (m.cc, [c.name for c in plain if not c.name.lower().startswith("ret")], "calling conventions"),
        "ret_cc": (m.ret_cc, [c.name for c in plain if c.name.lower().startswith("ret")], "conventions for return values"),
        "csr": (m.csr, [c.name for c in v.d.calling_conventions if c.callee_saved and c.registers], "lists of callee-saved registers"),
    }
    return {
        field: Doubt(BY_NAME, f"of {len(names)} {what}, {name} is taken as the usual one by its name alone")
        for field, (name, names, what) in rivals.items()
        if name and len(names) > 1
    }


def _by_mnemonic(v: TargetView, m: Facts) -> Iterator[tuple[str, str, Collection[str]]]:
    """Yields each fact that may rest on a mnemonic: its field, its record, and the records that patterns, flags or operand types give."""

    def selected(root: str) -> set[str]:
        return {s.record for s in v.selections.of(root)}

    operations = (("add_immediate", m.add_immediate, "add"), ("or_immediate", m.or_immediate, "or"))
    for field, op, root in (*operations, ("shift_immediate", m.shift_immediate, "shl")):
        yield field, op.record if op else "", selected(root)
    yield "load_immediate", m.load_immediate.record if m.load_immediate else "", immediates_by_pattern(v)
    yield "upper", m.upper.record if m.upper else "", uppers_by_pattern(v)
    moves = {i.name for i in v.d.instructions if "isMoveReg" in i.flags}
    identities = {op.record for op in (m.add, m.add_immediate, m.or_immediate) if op} | selected("or")
    for name, op in m.copies.items():
        yield f"copies.{name}", op.record, moves | identities


def evidence(d: Description, m: Facts) -> dict[str, str]:
    """Returns, for ``sp``, ``ra`` and ``zero``, the clause of a comment that says why the register has the role, or the doubt about it."""

    def instruction(flag: str, register: str, *, defined: bool) -> str:
        return next((i.name for i in d.instructions if flag in i.flags and register in (i.defs if defined else i.uses)), "")

    frames = next((i.name for i in d.instructions if i.name == m.frame_setup and m.sp in i.defs and m.sp in i.uses), "")
    called = instruction("isCall", m.ra, defined=True)
    returned = instruction("isReturn", m.ra, defined=False)
    found = {
        "sp": f"{frames} defines and uses it in the .td" if frames else "calls use it in the .td",
        "ra": f"{called} defines {m.ra} in the .td" if called else f"{returned or 'the return'} uses {m.ra} in the .td",
        "zero": "constant in the .td",
    }
    return {role: m.doubts[role].reason if role in m.doubts else clause for role, clause in found.items()}
