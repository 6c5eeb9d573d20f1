"""What the operand types of instructions hold, for the machine code layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Selections
from vega_gen.records import Description, OperandClass

PLAIN = ("isToken", "isReg", "isImm", "isMem")
"""Predicates that MCParsedAsmOperand itself declares."""


def by_kind(registers: Sequence[tuple[OperandClass, str]]) -> dict[str, dict[str, list[str]]]:
    """Returns the predicates that operands of several register classes share, so that they cannot tell of which class a register is: for
    each, the kinds of such operands in assembly with their classes. ``registers``: operand types that hold registers, and their classes."""
    found: dict[str, dict[str, list[str]]] = {}
    for o, name in registers:
        if o.parser_class and o.predicate_method not in ("", *PLAIN):
            found.setdefault(o.predicate_method, {}).setdefault(o.parser_class, []).append(name)
    several = {name: kinds for name, kinds in found.items() if len({c for classes in kinds.values() for c in classes}) > 1}
    return {name: {kind: list(dict.fromkeys(classes)) for kind, classes in kinds.items()} for name, kinds in several.items()}


def register_class(types: Mapping[str, OperandClass], name: str) -> str:
    """Returns the register class of an operand type that holds registers."""
    known = types.get(name)
    if known and len(known.sub_operands) == 1:
        return register_class(types, known.sub_operands[0])
    return known.register_class if known and known.register_class else name


def own_class(d: Description, gpr: str, op: Operation | None, role: OperandRole) -> str:
    """Returns the register class of an operand that takes fewer registers than the class of integers, ``gpr``; "" where it takes all.

    ``op``: an instruction, None for none; ``role``: that of the operand."""
    if op is None or role not in op.roles:
        return ""
    s = Selections(d)
    name = register_class(s.operand_classes, s.operands(op.record)[op.index(role)].type)
    members = {c.name: frozenset(c.members) for c in d.register_classes}
    return name if name in members and members[name] < members.get(gpr, frozenset()) else ""


def decoder(types: Mapping[str, OperandClass], name: str) -> str:
    """Returns the function that decodes an operand of this type, "" where TableGen's tables do it."""
    known = types.get(name)
    if known is None:
        return ""
    return known.decoder_method or (f"Decode{known.register_class}RegisterClass" if known.register_class else "")


def register_prefix(d: Description, gpr: str) -> str:
    """Returns C++ that prints what stands before a register's name: a dollar where the names of the integer registers are numbers, which
    assembly would take for immediates. ``gpr``: their class."""
    members = next((c.members for c in d.register_classes if c.name == gpr), ())
    names = [r.asm_name for r in d.registers if r.name in members]
    return "'$' << " if sum(name.isdigit() for name in names) * 2 > len(names) else ""


def namesakes(d: Description) -> list[list[str]]:
    """Returns the groups of registers that share an assembly name."""
    found: dict[str, list[str]] = {}
    for r in d.registers:
        found.setdefault(r.asm_name, []).append(r.name)
    return [names for names in found.values() if len(names) > 1]


def worded(d: Description) -> set[str]:
    """Returns the operand types that are part of the mnemonic, after its letters, in every assembly string that has them."""
    inside: set[str] = set()
    outside: set[str] = set()
    for i in d.instructions:
        word = next(iter(i.asm.split()), "")
        for o in (*i.outs, *i.ins):
            if re.search(rf"\$\{{?{re.escape(o.name)}\b", i.asm):
                (inside if re.match(rf"[\w.]+\$\{{?{re.escape(o.name)}\b", word) else outside).add(o.type)
    return inside - outside
