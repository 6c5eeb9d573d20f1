"""Defines what an instruction does: statements over typed expression trees, with all reads before all writes.

A value has a width in bits, from 1 to 128, and is an unsigned number of that many bits; an operator that needs a sign says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """Where an effect comes from, in order of trust."""

    PATTERN = "pattern"
    """The instruction's own selection pattern."""
    SELECTION = "selection"
    """A Pat record that selects the instruction."""
    FACT = "fact"
    """What the facts say that it is for."""
    SHAPE = "shape"
    """Its flags and operands alone, such as those of a call to an address in a register."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant. ``bits`` is 0 where nothing has said yet how wide it is."""

    value: int
    bits: int


@dataclass(frozen=True, slots=True)
class OperandRegister:
    """The register that operand ``index`` of the MCInst holds, ``bits`` of it from the lowest."""

    index: int
    bits: int


@dataclass(frozen=True, slots=True)
class OperandNumber:
    """The number that operand ``index`` of the MCInst stands for: its immediate (the lowest ``field`` bits of it, sign extended if
    ``signed``; all of it if ``field`` is 0), then shifted left by ``shift``, with the bits of ``ones`` set."""

    index: int
    bits: int
    field: int = 0
    signed: bool = True
    shift: int = 0
    ones: int = 0


@dataclass(frozen=True, slots=True)
class NamedRegister:
    """A register that the instruction does not name in its operands."""

    name: str
    bits: int


@dataclass(frozen=True, slots=True)
class Carry:
    """The carry or borrow that addc and subc leave and adde and sube take: one bit, which no program sees otherwise."""

    bits: int = 1


@dataclass(frozen=True, slots=True)
class Holds:
    """1 if the last comparison was of ``kind`` and ``condition`` holds between what it compared, else 0."""

    kind: int
    condition: str
    bits: int = 1


@dataclass(frozen=True, slots=True)
class Here:
    """The address of the instruction."""

    bits: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """``bytes`` of memory at ``address``, extended to ``bits``."""

    address: Expression
    bytes: int
    bits: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    """``op`` of two values. Operators are named as in ISD, in lower case. A shift's amount is taken modulo the width, as most machines do;
    LLVM leaves it undefined. So is division by zero, which gives all ones, and the dividend as the remainder, as on RISC-V."""

    op: str
    left: Expression
    right: Expression
    bits: int


@dataclass(frozen=True, slots=True)
class Unary:
    """``op`` of one value: zext, sext, trunc to ``bits``; bswap, bitreverse, ctpop, ctlz, cttz, abs."""

    op: str
    value: Expression
    bits: int


@dataclass(frozen=True, slots=True)
class Relation:
    """1 if ``condition`` (eq, ne, lt, le, gt, ge, ult, ule, ugt, uge) holds between two values of one width, else 0."""

    condition: str
    left: Expression
    right: Expression
    bits: int = 1


@dataclass(frozen=True, slots=True)
class Conditional:
    """``then`` if ``condition`` is not 0, else ``otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression
    bits: int


Expression = (
    Number | OperandRegister | OperandNumber | NamedRegister | Carry | Holds | Here | Loaded | Binary | Unary | Relation | Conditional
)
Place = OperandRegister | NamedRegister | Carry


@dataclass(frozen=True, slots=True)
class Assign:
    """Sets a register or the carry. ``fill``: how the rest of the register that the place is a part of is set, "sext" or "zext"; "" if it
    stays as it is."""

    place: Place
    value: Expression
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Forget:
    """Says that nobody knows the carry and the last comparison any more: an instruction has overwritten the register of flags."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Compares two values for a branch that follows. ``kind``: from 1, which of the instructions that compare it is."""

    left: Expression
    right: Expression
    kind: int


@dataclass(frozen=True, slots=True)
class Store:
    """Writes the lowest ``bytes`` of a value to memory."""

    address: Expression
    bytes: int
    value: Expression


@dataclass(frozen=True, slots=True)
class Jump:
    """Goes to ``target``, if ``condition`` is None or not 0."""

    target: Expression
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class CallTo:
    """Goes to ``target`` and leaves the address behind the call (and its delay slot) in ``link``; on the stack if that is None."""

    target: Expression
    link: Place | None


@dataclass(frozen=True, slots=True)
class ReturnTo:
    """Goes to the address in ``link``; to the one on top of the stack, which it takes off, if that is None."""

    link: Place | None


@dataclass(frozen=True, slots=True)
class Halt:
    """Stops the program."""

    reason: str


@dataclass(frozen=True, slots=True)
class Require:
    """Stops the program with ``reason`` unless operand ``index`` holds ``value``, a number or the name of a register, or one of several
    numbers."""

    index: int
    value: int | str | tuple[int, ...]
    reason: str


Action = Assign | Forget | Compare | Store | Jump | CallTo | ReturnTo | Halt | Require


@dataclass(frozen=True, slots=True)
class Effect:
    """What an instruction does. ``delayed``: whether the next instruction runs before control moves."""

    record: str
    actions: tuple[Action, ...]
    source: Source
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """An instruction whose effect nobody knows, and why."""

    record: str
    reason: str


def parts_of(value: object) -> Iterator[Any]:
    """Yields a tree's nodes, outermost first."""
    if isinstance(value, tuple):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from parts_of(one)  # pyright: ignore[reportUnknownArgumentType]
    elif is_dataclass(value):
        yield value
        for f in fields(value):
            yield from parts_of(getattr(value, f.name))
