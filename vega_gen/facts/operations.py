"""Defines ``Operation``, an instruction with a role for each operand: facts hold it, and archetypes write code from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vega_gen.facts.selections import Range

CONDITIONS = ("eq", "ne", "lt", "le", "gt", "ge", "ult", "ule", "ugt", "uge")
"""The integer conditions of ISD::CondCode, in lower case and without SET."""


class OperandRole(StrEnum):
    """The role of an operand: what an archetype puts there."""

    DST = "dst"
    """The destination register."""
    SRC = "src"
    """The first source register."""
    SRC2 = "src2"
    """The second source register."""
    BASE = "base"
    """The base register of an address."""
    IMM = "imm"
    """An immediate, an offset or an address."""
    TARGET = "target"
    """A basic block or a function."""
    LINK = "link"
    """The register that a call defines with the return address."""
    NONE = "none"
    """An immediate that the archetype leaves 0."""
    ZERO = "zero"
    """The register that always holds zero."""
    CONDITION = "condition"
    """The number of a condition code."""
    FLAGS = "flags"
    """The register that a comparison sets and a conditional branch tests."""
    FIXED = "fixed"
    """A register or a number that the .td gives."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An instruction and the roles of its operands, in the order of the MachineInstr.

    ``range``: the values that the immediate or the target may have. ``tied``: whether the source is tied to the destination.
    ``fixed``: (index, register or number) of each operand with the role FIXED, such as the predicate of an instruction that can be
    conditional; "zero_reg" is no register at all (llvm/Target/Target.td). ``outs``: how many operands, from the first, are defined."""

    record: str
    roles: tuple[OperandRole, ...]
    range: Range | None = None
    tied: bool = False
    fixed: tuple[tuple[int, str], ...] = ()
    outs: int = field(default=0, compare=False)

    @property
    def free(self) -> tuple[OperandRole, ...]:
        """The roles without those of fixed operands: what an archetype has to put in."""
        return tuple(role for role in self.roles if role is not OperandRole.FIXED)

    def value(self, index: int) -> str:
        """Returns the register or number of the fixed operand at ``index``. Raises KeyError if it is not fixed."""
        return dict(self.fixed)[index]

    @property
    def text(self) -> str:
        """The operation as a facts file writes it: "ADDI dst src imm", with the values of fixed operands."""
        fixed = dict(self.fixed)
        return " ".join((self.record, *(fixed.get(n, role) for n, role in enumerate(self.roles))))

    def index(self, role: OperandRole) -> int:
        """Returns the index of the operand with ``role``, -1 if there is none."""
        return self.roles.index(role) if role in self.roles else -1


@dataclass(frozen=True, slots=True)
class ComparedBranch:
    """How two registers are compared and a branch is taken if a condition holds.

    ``compare``: sets flags from SRC and SRC2; if it has a DST, that is a register of flags, or a result that nobody else wants. ``branch``:
    goes to TARGET, and reads FLAGS if those are an operand: what ``compare`` leaves in its DST."""

    compare: Operation
    branch: Operation


@dataclass(frozen=True, slots=True)
class Narrow:
    """A legal integer type narrower than addresses, in ``register_class``. ``legal``: outermost operators of the patterns on it."""

    bits: int
    register_class: str
    load: Operation
    store: Operation
    legal: frozenset[str]


@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point type of ``bits`` bits whose numbers lie in registers of their own, those of ``register_class``.

    ``halves``: SubRegIndices of the parts by which a register is copied where no instruction copies it as a whole. ``legal``: operators of
    the patterns on the type, as "fadd"; "bitconvert" puts bits into a register and "bitconvert_from" takes them out. ``conditions``: those
    that an instruction computes into an integer register ("oeq"). ``guard``: the Predicate records that an addition needs."""

    bits: int
    register_class: str
    load: Operation
    store: Operation
    halves: tuple[str, ...]
    legal: frozenset[str]
    conditions: frozenset[str]
    guard: tuple[str, ...]

    @property
    def copied(self) -> bool:
        """Whether an instruction copies a register as a whole."""
        return not self.halves

    @property
    def compared(self) -> bool:
        """Whether instructions compute enough conditions into a register that LLVM makes the others of them."""
        return self.conditions >= {"oeq"} and bool({"olt", "ogt"} & self.conditions) and bool({"ole", "oge"} & self.conditions)

    @property
    def type(self) -> str:
        """The name of the type ("f64")."""
        return f"f{self.bits}"


@dataclass(frozen=True, slots=True)
class Calls:
    """How functions are called.

    ``direct``: the call of a symbol; ``indirect``: the call of an address in a register. ``node``, ``through``: opcodes of the target's
    SDNodes for them, "" if it has none that the callee alone selects. ``pseudos``: the pseudo instructions that are expanded to calls where
    no call has an encoding. ``prepared``: puts the address of ``indirect``, which has no operand for it, into the register ``callee``.
    ``written``: pseudo instruction that a node selects -> the call that it stands for. ``near``: whether ``direct`` reaches less than 4 KiB
    and an address in a register everything, so that no symbol is called directly."""

    direct: Operation | None
    indirect: Operation | None
    node: str
    through: str
    pseudos: tuple[Operation, ...] = ()
    written: Mapping[str, Operation] = field(default_factory=dict[str, Operation])
    prepared: Operation | None = None
    callee: str = ""
    near: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """How functions return.

    ``instruction``: with all its operands. ``node``: opcode of the target's SDNode that alone selects it, "" if it has none. ``pseudo``:
    the pseudo instruction that the node selects in its place, "" if it selects the instruction itself."""

    instruction: Operation | None
    node: str
    pseudo: str
