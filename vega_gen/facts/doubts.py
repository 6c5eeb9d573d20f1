"""Finds the facts that a person should check: those that only a name suggests or a default supplies.

A fact that rests on a selection pattern, a flag, an implicit operand or an operand's type is certain. A name is right for most instruction
sets, and a default is only what many of them have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vega_gen.facts.choosing import CERTAIN, CONFIDENCE
from vega_gen.facts.constants import immediates_by_pattern, uppers_by_pattern
from vega_gen.facts.view import TargetView
from vega_gen.records import Evidence

if TYPE_CHECKING:
    from vega_gen.facts.find import Facts

BY_NAME = CONFIDENCE[Evidence.NAME]
BY_DEFAULT = CONFIDENCE[Evidence.DEFAULT]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a fact is not certain. ``confidence``: from 0 to 1. ``reason``: one clause, shown to the reviewer."""

    confidence: float
    reason: str


FIELDS = {
    "sp": "register.stack_pointer",
    "ra": "register.return_address",
    "zero": "register.zero",
    "fp": "register.frame_pointer",
    "scratch": "register.scratch",
    "add_immediate": "instruction.add_immediate",
    "or_immediate": "instruction.or_immediate",
    "shift_immediate": "instruction.shift_left_immediate",
}
"""Field of ``Facts`` -> the key of its fact."""


def doubts(v: TargetView, m: Facts) -> dict[str, Doubt]:
    """Returns field of ``m`` -> doubt, for its doubtful facts. The copy instruction of a register class is keyed "copies.GPR"."""
    recorded = {field: m.records[key] for field, key in FIELDS.items() if key in m.records}
    found = {field: Doubt(f.confidence, f.reason) for field, f in recorded.items() if f.value and f.confidence < CERTAIN}
    found |= _conventions(v, m)
    for field, record, others in _by_mnemonic(v, m):
        if record and record not in others:
            found[field] = Doubt(BY_NAME, f"{record} is recognised by its mnemonic alone")
    return found


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

    yield "load_immediate", m.load_immediate.record if m.load_immediate else "", immediates_by_pattern(v)
    yield "upper", m.upper.record if m.upper else "", uppers_by_pattern(v)
    moves = {i.name for i in v.d.instructions if "isMoveReg" in i.flags}
    identities = {op.record for op in (m.add, m.add_immediate, m.or_immediate) if op} | selected("or")
    for name, op in m.copies.items():
        yield f"copies.{name}", op.record, moves | identities


def evidence(m: Facts) -> dict[str, str]:
    """Returns, for ``sp``, ``ra`` and ``zero``, the clause of a comment that says why the register has the role, or the doubt about it."""
    return {field: fact.reason for field in ("sp", "ra", "zero") if (fact := m.records.get(FIELDS[field]))}
