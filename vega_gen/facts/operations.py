"""The roles that a target's records have, for archetypes.

Enters: nothing. Leaves: types. It does not find what has a role (``machine`` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vega_gen.facts.selections import Range

CONDITIONS = ("eq", "ne", "lt", "le", "gt", "ge", "ult", "ule", "ugt", "uge")
"""The integer conditions of ISD::CondCode, lower case, without SET."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An instruction and what to put in its operands, in the order of MachineInstr.

    ``slots``: "dst" (defined), "src", "src2", "base" (registers read), "imm" (an immediate, an offset, an address), "target" (a block or
    function), "link" (defined: the return address), "none" (an operand that is 0), "zero" (the register of constant zero).
    ``range``: of the immediate or target. ``tied``: whether "src" must be the register that is defined."""

    record: str
    slots: tuple[str, ...]
    range: Range | None = None
    tied: bool = False

    def index(self, slot: str) -> int:
        """The operand's number, -1 if there is none."""
        return self.slots.index(slot) if slot in self.slots else -1


@dataclass(frozen=True, slots=True)
class Narrow:
    """A type of integers of ``bits``, held in ``register_class``, that is legal beside that of addresses. ``legal``: operators of patterns
    on it."""

    bits: int
    register_class: str
    load: Operation
    store: Operation
    legal: frozenset[str]


@dataclass(frozen=True, slots=True)
class Calls:
    """``direct``: the call of a symbol, ``indirect``: that of a register; ``node`` and ``through``: the target's own nodes for them, "" if
    it has none. ``made``: where it has no call with an encoding, the pseudo instructions that stand for one."""

    direct: Operation | None
    indirect: Operation | None
    node: str
    through: str
    made: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """The roles. ``native``: bits of an address; ``gpr``: register class of addresses, ``type`` its value type.

    ``arguments`` and ``results``: registers of the conventions ``cc`` and ``ret_cc``; ``csr``: the list of callee-saved registers.
    ``branches``: condition -> compare two registers and branch. ``copies``: register class -> how one is copied.
    ``loads``: ("", "sext" or "zext", bits) -> load; ``stores``: bits -> store. ``low``: which operation completes ``upper``:
    "or" or "add". ``legal``: outermost operators of patterns, as opcodes ("ISD::ADD") and fragments ("sextloadi8").
    ``return_node``: the target's own, "" if it has none. ``load_symbol``: sets a register to any address.
    ``sets``: conditions for which a pattern gives a truth value. ``carries``: those of addc, adde, subc and sube
    that instructions implement. ``zero`` and ``ones``: registers of a constant."""

    name: str
    namespace: str
    native: int
    gpr: str
    type: str
    sp: str
    fp: str
    ra: str
    zero: str
    scratch: str
    cc: str
    ret_cc: str
    csr: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    saved: tuple[str, ...]
    reserved: tuple[str, ...]
    copies: Mapping[str, Operation]
    add: Operation | None
    subtract: Operation | None
    add_immediate: Operation | None
    subtract_immediate: Operation | None
    or_immediate: Operation | None
    shift_immediate: Operation | None
    load_immediate: Operation | None
    load_symbol: Operation | None
    upper: Operation | None
    low: str
    whole_constants: bool
    loads: Mapping[tuple[str, int], Operation]
    stores: Mapping[int, Operation]
    jump: Operation | None
    branches: Mapping[str, Operation]
    branch_nonzero: Operation | None
    jump_register: Operation | None
    calls: Calls
    return_node: str
    returns: Operation | None
    frame_setup: str
    frame_destroy: str
    nop: str
    sets: frozenset[str]
    legal: frozenset[str]
    carries: frozenset[str]
    ones: str
    narrow: Narrow | None
    roles: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def by_table(self) -> bool:
        """Whether no conditional branch is known: what the numbers of condition codes mean, no .td says."""
        return not self.branches and self.branch_nonzero is None

    @property
    def upper_shift(self) -> int:
        """Zero bits below what ``upper`` sets."""
        return 32 - self.upper.range.bits if self.upper and self.upper.range else 0
