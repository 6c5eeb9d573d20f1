"""Finds a second legal integer type, narrower than addresses, such as i32 on a 64-bit target."""

from __future__ import annotations

import re
from collections.abc import Collection

from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.memory import Meaning, in_bytes, meaning, offset_part
from vega_gen.facts.operations import Narrow, OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import RegisterClass

_NEEDED = frozenset({"add", "sub", "imm", "trunc", "anyext", "zext"})
LOGIC = ("and", "or", "xor")
"""Operators that may be computed in the pointer's type as well."""


def narrow(v: TargetView, copied: Collection[str]) -> Narrow | None:
    """Returns the widest integer type below the pointer's that can be legal, None if there is none.

    ``copied``: the register classes whose registers can be copied. The type's registers must be copied, alone or with the register that
    they are a part of, loaded, stored, set to an immediate, which may be that of the register that they are a part of, extended,
    truncated, added and subtracted by instructions, and combined bitwise, as they are or in the pointer's type."""
    s = v.selections
    chosen = v.choose("class.narrow", ()) if "class.narrow" in v.chooser.given else ""
    found: list[tuple[int, RegisterClass]] = []
    for c in v.d.register_classes:
        bits = next((int(t[1:]) for t in c.value_types if t[:1] == "i" and t[1:].isdigit()), 0)
        if 8 <= bits < v.native and c.allocatable and chosen in ("", c.name) and (c.name in copied or whole_of(v, c)):
            found.append((bits, c))
    for bits, c in sorted(found, key=lambda pair: -pair[0]):
        legal = frozenset(root for root in s.roots for one in s.of(root) if _on(v, one, c.name)) | (_NEEDED & s.roots & {"trunc", "anyext"})
        legal |= _by_several(v, bits, c.name)
        needed = _NEEDED - {"imm"} if whole_of(v, c) else _NEEDED  # a part of a register that holds the number
        load, store = _access(v, "load", c.name), _access(v, "store", c.name)
        logic = all(op in legal or any(_on(v, one, v.gpr) for one in s.of(op)) for op in LOGIC)
        if legal >= needed and logic and load and store:
            return Narrow(bits, c.name, load, store, legal)
    return None


def whole_of(v: TargetView, c: RegisterClass) -> str:
    """Returns the pointer-sized register of which the first of a class is a part, "" if not all are parts of such registers: then copying
    the whole register copies the part."""
    wholes = {part: r.name for r in v.d.registers if r.name in v.members for part in r.subregisters}
    return wholes[c.members[0]] if c.members and wholes.keys() >= set(c.members) else ""


def _by_several(v: TargetView, bits: int, name: str) -> frozenset[str]:
    """Returns the roots of patterns on integers of ``bits`` bits, in registers of class ``name``, for any of them, that several
    instructions implement, or one and what takes a part of its result: (i32 imm:$n), (i64 (zext i32:$a))."""
    number = re.compile(rf"\(i{bits} (\w+):\$\w+\)")
    extended = re.compile(rf"\(i{v.native} \((zext|sext|anyext) (?:\(?i{bits}\b|{name}:)")
    shortened = re.compile(rf"\(i{bits} \((trunc) i{v.native}:")
    shifted = re.compile(rf"\(i{bits} \((shl|sra|srl) i{bits}:\$\w+, i{bits}:\$\w+\)\)")
    combined = re.compile(rf"\(i{bits} \(({'|'.join(LOGIC)}) \w+:\$\w+, \w+:\$\w+\)\)")
    found: set[str] = set()
    for matched, given in v.d.patterns:
        used = [v.selections.instructions[n] for n in re.findall(r"\((\w+)", given) if n in v.selections.instructions]
        if not all(encoded(i) and "isPseudo" not in i.flags for i in used):
            continue
        if told := number.fullmatch(matched):
            range_ = v.selections.said(told[1])
            found |= {"imm"} if told[1] == "imm" or (range_ and range_.bits >= bits) else set[str]()
        elif told := next(filter(None, (one.match(matched) for one in (extended, shortened, shifted, combined))), None):
            found.add(told[1])
    return frozenset(found)


def _on(v: TargetView, one: Selection, name: str) -> bool:
    """Whether an encoded instruction has register operands of class ``name`` only; for zext and sext, whether its source has that class.

    Registers in an address do not count."""
    i = v.selections.instructions[one.record]
    kinds = [v.class_of(o.type) for o in v.selections.operands(one.record) if o.kind is OperandKind.REG and o.part < 0]
    real = encoded(i) and not i.flags & {"isPseudo", "usesCustomInserter"}
    return real and bool(kinds) and (kinds[-1] == name if one.dag.op in ("zext", "sext") else all(kind == name for kind in kinds))


def _access(v: TargetView, root: str, name: str) -> Operation | None:
    """Returns the load or store (``root``) of a register of class ``name`` at a base of the pointer's class and an offset."""
    load = root == "load"
    value = OperandRole.DST if load else OperandRole.SRC

    def role(operand: OperandInfo, one: Selection) -> OperandRole | None:
        register = operand.kind is OperandKind.REG
        if operand.part < 0 and len(path := one.paths.get(operand.name, ())) == 2 and path[0] == (0 if load else 1):
            return OperandRole.IMM if not register else OperandRole.BASE if v.holds(operand.type) else None
        if operand.part < 0:
            own = register and v.class_of(operand.type) == name and operand.out == load
            return value if own and (load or one.paths.get(operand.name) == (0,)) else None
        if register and operand.part > 0 and may_be_absent(v.d, operand.type):
            return OperandRole.FIXED
        if register and not v.holds(operand.type):
            return None
        offset = offset_part(v.selections, one.record, operand.name)
        return OperandRole.BASE if register else OperandRole.IMM if operand.part == offset else OperandRole.NONE

    found: list[tuple[tuple[int, ...], Operation]] = []
    roots = [name for name in sorted(v.selections.roots) if (means := meaning(v, name)) and means == Meaning(not load, ("", 0), means.told)]
    for one in (one for name in roots for one in v.selections.of(name)):
        i = v.selections.instructions[one.record]
        split = load and any(path[:1] == (0,) for path in one.paths.values())  # a base and an offset beside each other
        if len(one.dag.args) != (1 if load else 2) or not (split or (0,) in one.paths.values()) or not encoded(i) or "isPseudo" in i.flags:
            continue
        made = v.operation(one.record, lambda operand, _, one=one: role(operand, one))
        if made and sorted({*made.free} - {OperandRole.NONE}) == sorted((value, OperandRole.BASE, OperandRole.IMM)):
            # What is more than a load has a longer mnemonic.
            plainly = int(in_bytes(v.selections, made)), int(one.dag.op == root)
            rank = (*plainly, -len(i.defs), -len(mnemonic(i)), made.range.bits if made.range else 0)
            found.append((rank, made))
    return max(found, key=lambda pair: pair[0])[1] if found else None
