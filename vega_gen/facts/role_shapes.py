"""Says which records of a target could have a role at all, by the kinds of their operands: what ranking chooses among."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind
from vega_gen.facts.view import NameOperand, TargetView, encoded

_DST, _SRC, _SRC2, _BASE, _IMM, _TARGET = (
    OperandRole.DST,
    OperandRole.SRC,
    OperandRole.SRC2,
    OperandRole.BASE,
    OperandRole.IMM,
    OperandRole.TARGET,
)


@dataclass(frozen=True, slots=True)
class RoleShape:
    """The operands that an instruction needs for a role. ``roles``: all of them; further immediates are left 0.

    ``without``: flags that it must not have; ``within``: one of these it must have, unless this is empty."""

    roles: tuple[OperandRole, ...]
    without: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()


_PLAIN = frozenset({"isPseudo", "mayLoad", "mayStore", "isCall", "isBranch", "isReturn", "isTerminator"})
_ACCESS = frozenset({"isPseudo", "isCall", "isBranch", "isReturn"})
_SHAPES = (
    (r"load\..*", RoleShape((_DST, _BASE, _IMM), _ACCESS | {"mayStore"})),
    (r"store\..*", RoleShape((_SRC, _BASE, _IMM), _ACCESS | {"mayLoad"})),
    (r"\w+_immediate", RoleShape((_DST, _SRC, _IMM), _PLAIN)),
    (r"add|subtract|or|and|xor|multiply|shift_\w+", RoleShape((_DST, _SRC, _SRC2), _PLAIN)),
    (r"copy\..*", RoleShape((_DST, _SRC), _PLAIN)),
    (r"constant|constant_upper", RoleShape((_DST, _IMM), _PLAIN)),
    (r"jump", RoleShape((_TARGET,), frozenset({"isCall", "isReturn", "mayLoad", "mayStore"}))),
    (r"jump_register", RoleShape((_SRC,), frozenset({"isPseudo", "isCall", "mayLoad", "mayStore"}))),
    (r"branch\.nonzero", RoleShape((_SRC, _TARGET), frozenset({"isPseudo", "isCall", "isReturn", "mayLoad", "mayStore"}))),
    (r"branch\..*", RoleShape((_SRC, _SRC2, _TARGET), frozenset({"isPseudo", "isCall", "isReturn", "mayLoad", "mayStore"}))),
    (r"call", RoleShape((_TARGET,), frozenset({"isReturn", "mayStore"}))),
    (r"call_register", RoleShape((_SRC,), frozenset({"isReturn", "mayStore"}))),
    (r"return", RoleShape((), frozenset({"isCall", "mayStore"}), frozenset({"isReturn", "isBarrier", "isTerminator"}))),
    (r"nop", RoleShape((), frozenset({"isPseudo", "isCall", "isBranch", "isReturn", "isTerminator", "mayLoad", "mayStore"}))),
)


def shape_of(key: str) -> RoleShape | None:
    """Returns the shape for the key of an instruction, None where shapes do not say who could have the role."""
    name = key.removeprefix("instruction.")
    return next((shape for pattern, shape in _SHAPES if re.fullmatch(pattern, name)), None) if name != key else None


def shaped(v: TargetView, key: str) -> Iterator[Operation]:
    """Yields the instructions that have the operands for ``key``, with their roles, in the order of the .td."""
    shape = shape_of(key)
    if shape is None:
        return
    copied = key.removeprefix("instruction.copy.") if key.startswith("instruction.copy.") else v.gpr
    types = {o.type for i in v.d.instructions for o in v.selections.operands(i.name) if o.kind is OperandKind.REG}
    fitting = frozenset(t for t in types if (_points(v, t) or v.holds(t) if copied == v.gpr else _class(v, t) == copied))
    for i in v.d.instructions:
        if i.flags & shape.without or (shape.within and not i.flags & shape.within) or not (encoded(i) or i.asm):
            continue
        if len(i.outs) > 1 or len(i.outs) + len(i.ins) > len(shape.roles) + 2:
            continue
        if any(o.kind is OperandKind.REG and o.type not in fitting and not o.default for o in v.selections.operands(i.name)):
            continue
        made = v.operation(i.name, _namer(v, i.name, shape, fitting))
        if made and set(shape.roles) <= set(made.roles):
            yield made


def _namer(v: TargetView, record: str, shape: RoleShape, fitting: frozenset[str]) -> NameOperand:
    operands = v.selections.operands(record)
    reading = [o for o in operands if not o.out and o.kind is OperandKind.REG and not o.default]
    base = next((o for o in reading if o.part >= 0), None) or _beside_offset(v, record, reading)
    left = [role for role in shape.roles if role in (_SRC, _SRC2)]
    place = _TARGET if _TARGET in shape.roles else _IMM
    zero = OperandRole.ZERO if shape.roles == (_DST, _SRC) and v.register(RegisterRole.ZERO) else None
    used: list[OperandRole] = []

    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        if operand.kind is OperandKind.REG:
            if operand.type not in fitting:
                return None
            if operand.out:
                return _DST if _DST in shape.roles else OperandRole.LINK if "isCall" not in shape.without else None
            if _BASE in shape.roles and operand == base:
                return _BASE
            return left.pop(0) if left else zero
        if operand.kind is OperandKind.TARGET and place is not _TARGET:
            return None
        if place in shape.roles and place not in used:
            used.append(place)
            return place
        return OperandRole.NONE

    return name


def _points(v: TargetView, type_name: str) -> bool:
    """Whether an operand type is a PointerLikeRegClass, whose registers the C++ chooses."""
    known = v.selections.operand_classes.get(type_name)
    return known is not None and known.decoder_method.startswith("DecodePointerLike")


def _class(v: TargetView, type_name: str) -> str:
    known = v.selections.operand_classes.get(type_name)
    return known.register_class if known and known.register_class else type_name


def _beside_offset(v: TargetView, record: str, reading: list[OperandInfo]) -> OperandInfo | None:
    """Returns the register that the assembly puts into brackets or after the offset, else the last that is read."""
    asm = v.selections.instructions[record].asm
    for o in reading:
        if re.search(rf"[\[(][^\])]*\$\{{?{re.escape(o.name)}\b", asm):
            return o
    return reading[-1] if reading else None


def registers(v: TargetView) -> list[str]:
    """Returns the registers that could have a special role: those of the pointers' class, then those of any class of that width."""
    wide = [c for c in v.d.register_classes if v.type in c.value_types]
    every = [*v.members, *(m for c in wide for m in c.members)]
    return list(dict.fromkeys(every))[:_MOST]


_MOST = 200
