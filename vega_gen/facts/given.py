"""Reads what a person says in a facts file and checks it against the target's records."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

from vega_gen.errors import InputError
from vega_gen.facts.codings import read_coding
from vega_gen.facts.keys import CODING, COPY, DISTANCE, LAYOUT, PARTS, FactKind, key_of, nearest_key
from vega_gen.facts.layouts import part_values, read_layout
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.records import Description, GivenFact

_DEFINED = frozenset({OperandRole.DST, OperandRole.LINK})
_REGISTERS = frozenset(
    {OperandRole.DST, OperandRole.LINK, OperandRole.SRC, OperandRole.SRC2, OperandRole.BASE, OperandRole.ZERO, OperandRole.FLAGS}
)  # fmt: skip
_OFTEN = frozenset({OperandRole.NONE, OperandRole.ZERO, OperandRole.FIXED})
_GIVEN = [role for role in OperandRole if role is not OperandRole.FIXED]


class GivenReader:
    """Turns the lines of a facts file into what facts hold. Every method raises InputError, with the line's place, for what is not so."""

    def __init__(self, d: Description, selections: Selections) -> None:
        self._d = d
        self._selections = selections
        self._registers = {r.name for r in d.registers}

    def check(self, lines: Iterable[GivenFact]) -> None:
        """Checks that each line has a key that exists and a value of its kind that agrees with the records."""
        for line in lines:
            key = key_of(line.key)
            if key is None:
                near = nearest_key(line.key)
                raise InputError(f"no fact is called {line.key}", line.place, f"it may be {near}" if near else "docs/facts.md lists them")
            if line.key.startswith(COPY):
                self._known(line, "register class", line.key.removeprefix(COPY), [c.name for c in self._d.register_classes])
            if line.key.startswith(CODING):
                self._known(line, "operand type", line.key.removeprefix(CODING), self._selections.operand_classes)
                if read_coding(line.value) is None:
                    raise InputError(f"{line.key} is no sum with x: {line.value!r}", line.place, 'write "x - 1" or "32 - x"')
            if line.key.startswith(DISTANCE) and line.key.count(".") == 2:
                self._distance(line)
            if key.kind is FactKind.OPERATION:
                self.operation(line)
            elif key.kind is FactKind.REGISTERS:
                self.registers(line)
            else:
                self.word(line)

    def word(self, line: GivenFact) -> str | None:
        """Returns a name or a number as it is written, None for ""."""
        key = key_of(line.key)
        assert key is not None
        known: dict[FactKind, tuple[str, Collection[str]]] = {
            FactKind.REGISTER: ("register", self._registers),
            FactKind.REGISTER_CLASS: ("register class", [c.name for c in self._d.register_classes]),
            FactKind.CONVENTION: ("calling convention or list of callee-saved registers", [c.name for c in self._d.calling_conventions]),
        }
        if key.kind is FactKind.NUMBER and line.value and not line.value.lstrip("-").isdigit():
            raise InputError(f"{line.key} is a number, not {line.value!r}", line.place, "write it without quotation marks: 4")
        if line.key in ("stack.alignment", "alignment.wide") and int(line.value or 0).bit_count() != 1:
            raise InputError(f"{line.key} is a power of two, not {line.value!r}", line.place, "write how many bytes: 16")
        if line.key == "delay_slots" and line.value not in ("0", "1"):
            raise InputError(f"delay_slots is 0 or 1, not {line.value!r}", line.place, "write delay_slots = 1 or delete the line")
        if line.key == "byte_order" and line.value not in ("little", "big"):
            raise InputError(f"byte_order is little or big, not {line.value!r}", line.place, 'write byte_order = "big" or delete the line')
        if line.key == "fragments.left_out":
            for name in line.value.split():
                self._known(line, "fragment or transform", name, [f.name for f in self._d.fragments])
        if line.key.startswith(LAYOUT):
            self._layout(line)
        if line.key.startswith(PARTS):
            self._parts(line)
        if line.value and key.kind in known:
            what, names = known[key.kind]
            self._known(line, what, line.value, names)
        return line.value or None

    def _distance(self, line: GivenFact) -> None:
        _, what, name = line.key.split(".")
        self._known(line, "operand type", name, [o.name for o in self._d.operand_classes])
        if what == "unit_of" and (not line.value.isdigit() or int(line.value).bit_count() != 1):
            raise InputError(f"{line.key} is a power of two, not {line.value!r}", line.place, "write how many bytes it counts as one: 4")
        if what == "sign_of" and line.value not in ("ahead", "back", "both"):
            raise InputError(f"{line.key} is ahead, back or both, not {line.value!r}", line.place, 'write "both" or delete the line')

    def _layout(self, line: GivenFact) -> None:
        operand = line.key.removeprefix(LAYOUT)
        self._known(line, "operand type", operand, self._selections.operand_classes)
        parts = len(self._selections.operand_classes[operand].sub_operands)
        if len(read_layout(line.value)) != parts:
            advice = 'write "13+4 0+12plus12" for 4 bits from bit 13 on, and 12 bits that are added if bit 12 is 1; or "none@13"'
            raise InputError(f"{line.value!r} does not say where the {parts} parts of {operand} stand", line.place, advice)

    def _parts(self, line: GivenFact) -> None:
        operand = line.key.removeprefix(PARTS)
        self._known(line, "operand type", operand, self._selections.operand_classes)
        parts = len(self._selections.operand_classes[operand].sub_operands)
        if len(part_values(line.value)) != parts:
            advice = 'write "base 1 none offset" where the second part is always 1 and the third a register that is left out'
            raise InputError(f"{line.value!r} does not say what the {parts} parts of {operand} are", line.place, advice)

    def registers(self, line: GivenFact) -> tuple[str, ...]:
        """Returns a list of registers."""
        names = tuple(line.value.split())
        for name in names:
            self._known(line, "register", name, self._registers)
        return names

    def operation(self, line: GivenFact) -> Operation | None:
        """Returns an instruction with the roles of its operands, None for ""."""
        if not line.value:
            return None
        record, *words = line.value.split()
        self._known(line, "instruction", record, self._selections.instructions)
        operands = self._selections.operands(record)
        if len(words) != len(operands):
            wanted = " ".join(o.name for o in operands)
            raise InputError(
                f"{record} has {len(operands)} operands, and {line.key} gives {len(words)} of them a role", line.place,
                f"give one for each, in this order: {wanted}" if operands else "leave the operands out",
            )  # fmt: skip
        roles = [self._role(line, word, o) for word, o in zip(words, operands, strict=True)]
        twice = next((r for r in roles if r not in _OFTEN and roles.count(r) > 1), None)
        if twice:
            raise InputError(f"two operands of {record} are {twice}", line.place, "give each role to one operand")
        fixed = [(n, words[n]) for n, role in enumerate(roles) if role is OperandRole.FIXED]
        return self.built(record, roles, operands, fixed)

    def built(
        self,
        record: str,
        roles: Sequence[OperandRole],
        operands: Sequence[OperandInfo],
        fixed: Sequence[tuple[int, str]] = (),
        leaves: Mapping[str, str] | None = None,
    ) -> Operation:
        """Returns the instruction with ``roles``, one for each of ``operands``. ``fixed``: as of ``Operation``. ``leaves``: operand -> what
        stands for it in a pattern (``Selections.leaves``), whose predicate limits an immediate."""
        width: Range | None = None
        tied = False
        for role, operand in zip(roles, operands, strict=True):
            if role in (OperandRole.IMM, OperandRole.TARGET):
                width = self._selections.immediate(record, operand, leaves.get(operand.name, "") if leaves else "")
            tied |= role is OperandRole.SRC and bool(operand.tied)
        return Operation(record, tuple(roles), width, tied, tuple(fixed), sum(operand.out for operand in operands))

    def _role(self, line: GivenFact, word: str, operand: OperandInfo) -> OperandRole:
        record = line.value.split()[0]
        number, register = word.lstrip("-").isdigit(), word in self._registers or word == "zero_reg"
        if (number and operand.kind is OperandKind.IMM) or (register and operand.kind is OperandKind.REG) or word == operand.default:
            return OperandRole.FIXED
        if word not in _GIVEN:
            near = next(iter(difflib.get_close_matches(word, _GIVEN, 1)), "")
            advice = f"it may be {near}" if near else f"give a number, a register, or one of {', '.join(_GIVEN)}"
            raise InputError(f"{word!r} is neither a role nor a value for operand {operand.name} of {record}", line.place, advice)
        role = OperandRole(word)
        what = {OperandKind.REG: "a register", OperandKind.IMM: "an immediate", OperandKind.TARGET: "a branch target"}[operand.kind]
        if (role in _REGISTERS) != (operand.kind is OperandKind.REG):
            kind = "a register" if role in _REGISTERS else "none"
            raise InputError(f"operand {operand.name} of {record} is {what}, and {role} is {kind}", line.place, "give it another role")
        if operand.out != (role in _DEFINED) and role not in (OperandRole.ZERO, OperandRole.FLAGS):
            says = "defined" if operand.out else "read"
            raise InputError(f"operand {operand.name} of {record} is {says}, which {role} is not", line.place, "give it another role")
        return role

    def _known(self, line: GivenFact, what: str, name: str, names: Collection[str]) -> None:
        if name not in names:
            near = next(iter(difflib.get_close_matches(name, names, 1)), "")
            raise InputError(f"the .td has no {what} {name}", line.place, f"it may be {near}" if near else "name one that the .td defines")
