"""Facts: what a target's records are for, each with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """What says a fact, roughly from the surest to the least sure."""

    PERSON = "person"
    """A facts file that the user gave."""
    TESTS = "tests"
    """The ladder: with the other values that were tried, fewer of the programs pass (``--search``)."""
    PATTERN = "pattern"
    """A selection pattern, or a node of SelectionDAG that the .td defines."""
    FLAG = "flag"
    """A flag of an instruction, a register or a register class, such as isMoveReg."""
    OPERAND = "operand"
    """The kinds of an instruction's operands."""
    IMPLICIT = "implicit"
    """The implicit operands (Defs, Uses) of calls, returns and call frames."""
    CONVENTION = "convention"
    """A calling convention or a list of callee-saved registers."""
    ALIAS = "alias"
    """An InstAlias, or another register that is the same one."""
    DERIVED = "derived"
    """Other facts: an addition of zero copies a register."""
    ASSEMBLY = "assembly"
    """An instruction's assembly string."""
    SCHEDULE = "schedule"
    """A scheduling class."""
    DONOR = "donor"
    """What the C++ of other backends uses records for that are like this one."""
    NAME = "name"
    """A record's name."""
    DEFAULT = "default"
    """Nothing in the .td: what many targets have."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A value that a fact could have had. ``confidence``: from 0 to 1, that it is the right one. ``reason``: one clause."""

    value: str
    evidence: Evidence
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Fact:
    """What was chosen for ``key``, as a facts file writes it: "" where nothing was found.

    ``value``: the name of a register, a register class or a convention; a number; names of registers separated by spaces; or an
    instruction, "ADDI dst src imm": its record, then the role of each operand in the order of the MachineInstr.
    ``reason``: one clause, shown to the reviewer. ``confidence``: from 0 to 1. ``alternatives``: the likeliest first."""

    key: str
    value: str
    evidence: Evidence
    reason: str
    confidence: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenFact:
    """A line of a facts file. ``value``: as in ``Fact``. ``place``: "file:line:column". ``evidence``: TESTS where a search gives it."""

    key: str
    value: str
    place: str = ""
    evidence: Evidence = Evidence.PERSON
