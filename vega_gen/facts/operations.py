"""An instruction with the part that each of its operands plays: what facts hold and archetypes write code from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vega_gen.facts.selections import Range

CONDITIONS = ("eq", "ne", "lt", "le", "gt", "ge", "ult", "ule", "ugt", "uge")
"""The integer conditions of ISD::CondCode, lower case, without SET."""


class OperandRole(StrEnum):
    """What an archetype puts into an operand of a MachineInstr."""

    DST = "dst"
    """The register that is defined."""
    SRC = "src"
    """The first register that is read."""
    SRC2 = "src2"
    """The second register that is read."""
    BASE = "base"
    """The register that an address starts from."""
    IMM = "imm"
    """An immediate, an offset, or an address."""
    TARGET = "target"
    """A basic block or a function."""
    LINK = "link"
    """The register that is defined with the return address."""
    NONE = "none"
    """An immediate that is 0."""
    ZERO = "zero"
    """The register that always holds zero."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An instruction and the role of each of its operands, in the order of MachineInstr.

    ``range``: of the immediate or the target. ``tied``: the source must be the register that is defined."""

    record: str
    roles: tuple[OperandRole, ...]
    range: Range | None = None
    tied: bool = False

    def index(self, role: OperandRole) -> int:
        """The number of the operand that plays ``role``, -1 if there is none."""
        return self.roles.index(role) if role in self.roles else -1


@dataclass(frozen=True, slots=True)
class Narrow:
    """An integer type of ``bits`` in ``register_class`` that is legal beside the type of addresses.

    ``legal``: outermost operators of the patterns on it."""

    bits: int
    register_class: str
    load: Operation
    store: Operation
    legal: frozenset[str]


@dataclass(frozen=True, slots=True)
class Calls:
    """How functions are called.

    ``direct``: the call of a symbol; ``indirect``: the call of a register; ``node`` and ``through``: the target's own SelectionDAG nodes
    for them, "" if it has none. ``pseudos``: where no call has an encoding, the pseudo instructions that stand for one."""

    direct: Operation | None
    indirect: Operation | None
    node: str
    through: str
    pseudos: tuple[Operation, ...] = ()
