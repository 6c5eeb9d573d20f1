"""Finds the facts that a person should check: those that only a name suggests or a default supplies.

A fact that rests on a selection pattern, a flag, an implicit operand or an operand's type is certain. A name is right for most instruction
sets, and a default is only what many of them have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vega_gen.facts.keys import COPY
from vega_gen.records import Evidence, Fact

if TYPE_CHECKING:
    from vega_gen.facts.find import Facts

BY_NAME = 0.4
"""Confidence of a statement that rests on a name alone; below the review threshold, so that a person checks it. Names mislead: targets in
LLVM have a register FP that is not the frame pointer, and conventions whose plainest name is not that of the usual one."""
BY_DEFAULT = 0.25
"""Confidence of a statement that rests on what nothing in the .td gives: a guess that works between functions of this compiler, but may
differ from an existing ABI."""
_DOUBTFUL = {
    Evidence.ASSEMBLY: BY_NAME,
    Evidence.SCHEDULE: BY_NAME,
    Evidence.DONOR: BY_NAME,
    Evidence.NAME: BY_NAME,
    Evidence.DEFAULT: BY_DEFAULT,
}
"""Kind of evidence that a person should check -> confidence of a statement that rests on it. What is flagged does not hang on how often
such evidence was right elsewhere (``Fact.confidence``): where it is wrong, nothing in the .td contradicts it."""


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
    "cc": "convention.arguments",
    "ret_cc": "convention.results",
    "csr": "convention.callee_saved",
    "load_immediate": "instruction.constant",
    "load_symbol": "instruction.symbol",
    "upper": "instruction.constant_upper",
    "jump": "instruction.jump",
    "jump_register": "instruction.jump_register",
    "returns": "instruction.return",
    "branch_nonzero": "instruction.branch.nonzero",
    "add_immediate": "instruction.add_immediate",
    "or_immediate": "instruction.or_immediate",
    "shift_immediate": "instruction.shift_left_immediate",
    "stack_alignment": "stack.alignment",
}
"""Field of ``Facts`` -> the key of its fact."""


def doubts(records: Mapping[str, Fact]) -> dict[str, Doubt]:
    """Returns field of ``Facts`` -> doubt, for the doubtful facts. The copy instruction of a register class is keyed "copies.GPR"."""
    fields = FIELDS | {f"copies.{key.removeprefix(COPY)}": key for key in records if key.startswith(COPY)}
    known = {field: records[key] for field, key in fields.items() if key in records}
    return {field: Doubt(_DOUBTFUL[f.evidence], f.reason) for field, f in known.items() if f.value and f.evidence in _DOUBTFUL}


def evidence(m: Facts) -> dict[str, str]:
    """Returns, for ``sp``, ``ra`` and ``zero``, the clause of a comment that says why the register has the role, or the doubt about it."""
    return {field: fact.reason for field in ("sp", "ra", "zero") if (fact := m.records.get(FIELDS[field]))}
