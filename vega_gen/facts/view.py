"""Prepares one target's records for the modules that find facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from vega_gen.facts.choosing import Choice, Chooser
from vega_gen.facts.dags import listed
from vega_gen.facts.given import GivenReader
from vega_gen.facts.keys import ROLES
from vega_gen.facts.kinds import native_width
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.role_evidence import role_candidates
from vega_gen.facts.roles import RegisterRole, role_names
from vega_gen.facts.selections import OperandInfo, OperandKind, Selections
from vega_gen.records import PART_OF_OTHERS, Description, Evidence, GivenFact, Instruction, RegisterClass
from vega_gen.tablegen.raw import Dag, parse_dag
from vega_gen.tablegen.subtargets import asked_width, basic

_FEW = 4
"""Registers below which a class is of special ones, such as the stack pointer alone."""
_SYMBOL = r"(?:t?(?:global|external|block|jump|const)\w*|mcsym):"
SELECTED = "Completion.selected"
"""Key of ``Description.data``: the instructions that patterns of a completion select."""
NameOperand = Callable[[OperandInfo, int], OperandRole | None]
"""Function of an operand and its index that returns its role, None if it cannot have one."""


class TargetView:
    """What several facts need of a description: of the instructions and patterns that its chosen processor has.

    ``native``: bits of an address; ``type``: its value type; ``gpr``: the register class that holds addresses; ``members``: its
    registers; ``registers``: all; ``register_roles``: register -> role; ``nodes``: name of a target's SDNode record -> its opcode;
    ``added``: the instructions that patterns of a completion select."""

    def __init__(self, described: Description, given: Mapping[str, GivenFact] | None = None) -> None:
        """``given``: the lines of a facts file, by default those of the description. Raises InputError for a line that contradicts it."""
        d = self.d = basic(described)
        self.selections = Selections(d)
        self.chooser = Chooser(d.given if given is None else given)
        self._reader = GivenReader(d, self.selections)
        self._reader.check(self.chooser.given.values())
        self._told = role_names(d)
        self.register_roles = self._roles()
        self.native = int(self.choose("width.pointer", self._widths()))
        self.type = f"i{self.native}"
        self.gpr = self.choose("class.pointer", self._classes())
        if others := other_width_patterns(d, self.gpr, self.native):
            self.selections = Selections(replace(d, patterns=tuple(p for p in d.patterns if p not in others)))
        self.members = next((c.members for c in d.register_classes if c.name == self.gpr), ())
        self.nodes = {n.name: n.opcode for n in d.nodes}
        self.added = frozenset(d.data.get(SELECTED, "").split())
        self._parts = {r.name: r.subregisters for r in d.registers}
        for name in self.members:  # what has the role of its narrower half
            role = next((self._told[part] for part in self._parts.get(name, ()) if part in self._told), None)
            if role and name not in self._told:
                self._told[name] = self.register_roles[name] = role
        self.registers = frozenset(r.name for r in d.registers)
        self._held = {c.name: frozenset(c.members) for c in d.register_classes}
        self._member_set = frozenset(self.members)

    def choose(self, key: str, candidates: Iterable[Choice[str]]) -> str:
        """Returns the register, register class, convention, number or word for ``key`` and records the fact; "" if there is none.

        ``candidates``: best first; what a person gave goes before them. Asked again, it returns the same."""
        return self.chooser.pick(key, candidates, read=self._reader.word, written=str) or ""

    def choose_operation(self, key: str, candidates: Iterable[Choice[Operation]]) -> Operation | None:
        """Returns the instruction for ``key`` and records the fact, None if there is none. ``candidates``: as of ``choose``.

        A pattern that a completion added proves nothing: it was made of a fact."""
        told = (
            replace(c, evidence=Evidence.ASSEMBLY, reason=f"{c.value.record} is recognised by its mnemonic alone")
            if c.evidence is Evidence.PATTERN and c.value.record in self.added
            else c
            for c in candidates
        )
        return self.chooser.pick(key, told, read=self._reader.operation, written=lambda op: op.text)

    def choose_list(self, key: str, candidates: Iterable[Choice[tuple[str, ...]]]) -> tuple[str, ...]:
        """Returns the registers for ``key`` and records the fact, () if there are none. ``candidates``: as of ``choose``."""
        return self.chooser.pick(key, candidates, read=self._reader.registers, written=" ".join) or ()

    def _roles(self) -> dict[str, RegisterRole]:
        roles = self._told
        for role, key in ROLES.items():
            said = self.chooser.given.get(key)
            if said:
                roles = {name: known for name, known in roles.items() if known is not role or name == said.value}
                # Most frame pointers are ordinary registers where a function needs none.
                roles |= {said.value: role} if said.value and role is not RegisterRole.FRAME_POINTER else {}
        return roles

    def _widths(self) -> Iterator[Choice[str]]:
        pointer = next((name for name, role in self.register_roles.items() if role is RegisterRole.STACK_POINTER), "")
        width, method = asked_width(self.d)
        if any(f"i{width}" in c.value_types for c in self.d.register_classes):
            yield Choice(str(width), Evidence.NAME, f"the processor has the feature {width}bit, which says whether {method}() holds")
        reason = f"of the class that holds {pointer}" if pointer else "of most register operands"
        yield Choice(str(native_width(self.d, self.register_roles)), Evidence.OPERAND, reason)

    def _classes(self) -> Iterator[Choice[str]]:
        pointers, flags = (
            {name for name, role in self.register_roles.items() if role is wanted}
            for wanted in (RegisterRole.STACK_POINTER, RegisterRole.FLAGS)
        )
        held = [c for c in self.d.register_classes if self.type in c.value_types and c.allocatable]
        held_by = {o.name: o.register_class or o.name for o in self.d.operand_classes}
        used = Counter(held_by.get(o.type, o.type) for i in self.d.instructions for o in (*i.outs, *i.ins))

        def rank(c: RegisterClass) -> tuple[bool, bool, bool, int, int]:
            whole = len(c.members) >= _FEW and bool(pointers & set(c.members))
            plain = flags.isdisjoint(c.members)  # what a comparison writes holds no value for long
            return not c.value_types[0].startswith("f"), whole, plain, used[c.name], len(c.members)

        for c in sorted(held, key=rank, reverse=True):
            yield Choice(c.name, Evidence.OPERAND, f"{used[c.name]} operands have it")

    def register(self, role: RegisterRole) -> str:
        """Returns the pointer-sized register with ``role``, "" if there is none."""
        named = [*role_candidates(self.d, role, self.named(role))]
        return self.choose(ROLES[role], [*named, *(self._linked() if role is RegisterRole.RETURN_ADDRESS else ())])

    def _linked(self) -> Iterator[Choice[str]]:
        """Yields the registers that patterns give calls beside the callee: there a call leaves the return address."""
        given = Counter(
            (value, s.record)
            for root in sorted(self.selections.roots)
            for s in self.selections.of(root)
            if "isCall" in self.selections.instructions[s.record].flags
            for value in s.fixed.values()
            if value in self._member_set
        )
        for (register, record), _ in given.most_common():
            yield Choice(register, Evidence.PATTERN, f"patterns of calls give it to {record}")

    def named(self, role: RegisterRole) -> Iterator[str]:
        """Yields the pointer-sized registers to which the .td gives ``role``, the likeliest first.

        Where the stack pointer is none that instructions have as an operand, it and the return address may lie outside of their class."""
        told = [name for name, known in self._told.items() if known is role]
        apart = RegisterRole.STACK_POINTER not in {self._told.get(name) for name in self.members}
        outside = apart and role in (RegisterRole.STACK_POINTER, RegisterRole.RETURN_ADDRESS)
        inside = [name for name in told if name in self.members]
        yield from inside or (told if outside else ())

    def holds(self, type_name: str) -> bool:
        """Whether an operand type holds pointer-sized registers."""
        known = self.selections.operand_classes.get(type_name)
        if known and known.decoder_method.startswith("DecodePointerLike"):
            return True
        name = known.register_class if known and known.register_class else type_name
        if name == self.gpr or (known and known.decoder_method.startswith("DecodePointerLike")):
            return True
        return any(c.name == name and self.type in c.value_types and set(c.members) & set(self.members) for c in self.d.register_classes)

    def takes(self, op: Operation, register: str) -> bool:
        """Whether the source of an instruction can be ``register``: not every class of pointer-sized registers has all of them."""
        at = op.index(OperandRole.SRC)
        return at < 0 or register in self._class_members(self.selections.operands(op.record)[at].type)

    def class_of(self, type_name: str) -> str:
        """Returns the register class of an operand type, "" if it holds no registers."""
        known = self.selections.operand_classes.get(type_name)
        return known.register_class if known else type_name if type_name in self.selections.classes else ""

    def sets_apart(self, record: str) -> bool:
        """Whether an instruction defines a register that holds integers as wide as addresses but lies apart from theirs, as flags do."""
        i = self.selections.instructions[record]
        known = next((c for c in self.d.register_classes if i.outs and c.name == self.class_of(i.outs[0].type)), None)
        return known is not None and self.type in known.value_types and self._with_parts(self.members).isdisjoint(known.members)

    def narrower(self, type_name: str) -> bool:
        """Whether an immediate's type is an integer of another width than an address."""
        known = self.selections.operand_classes.get(type_name)
        return known is not None and re.fullmatch(rf"i(?!{self.native}\b)\d+", known.type) is not None

    def integer(self, name: str) -> int:
        """Returns the bits of the integers that a register class holds, 0 if it holds none."""
        types = next((c.value_types for c in self.d.register_classes if c.name == name), ())
        return next((int(t[1:]) for t in types if re.fullmatch(r"i\d+", t)), 0)

    def bits(self, type_name: str) -> int:
        """Returns the bits of the integers in an operand type's registers, 0 if they hold none or are not those of addresses or parts of
        them, as registers of flags are not."""
        name = self.class_of(type_name)
        found = next((c for c in self.d.register_classes if c.name == name), None)
        if found is None or not found.allocatable or self._with_parts(self.members).isdisjoint(self._with_parts(found.members)):
            return 0
        return self.integer(name)

    def _with_parts(self, names: Iterable[str]) -> frozenset[str]:
        """Returns the registers and all their sub-registers."""
        found = set(names)
        waiting = list(found)
        while waiting:
            parts = set(self._parts.get(waiting.pop(), ())) - found
            found |= parts
            waiting += parts
        return frozenset(found)

    def generality(self, record: str) -> int:
        """Returns how many pointer-sized registers every register operand of an instruction can hold: short encodings take fewer."""
        held = (self._class_members(o.type) for o in self.selections.operands(record) if o.kind is OperandKind.REG)
        return min((len(self._member_set & names) for names in held if names), default=0)

    def _class_members(self, type_name: str) -> frozenset[str]:
        known = self.selections.operand_classes.get(type_name)
        return self._held.get(known.register_class if known and known.register_class else type_name, frozenset())

    def operation(
        self, record: str, name: NameOperand, given: Mapping[str, str] | None = None, leaves: Mapping[str, str] | None = None
    ) -> Operation | None:
        """Returns the instruction with the roles that ``name`` gives its operands, None if one has no role or two have the same.

        Operands with a default in the .td are fixed at it and are not named. A register that ``name`` finds FIXED is none at all.

        ``given``: operand -> the register or number that a pattern sets it to, where ``name`` gives no role. ``leaves``: operand -> what
        stands for it in a pattern (``Selections.leaves``), whose predicate limits an immediate."""
        roles: list[OperandRole] = []
        fixed: list[tuple[int, str]] = []
        operands = self.selections.operands(record)
        for operand in operands:
            value = operand.default
            role = OperandRole.FIXED if value else name(operand, len(roles))
            if role in (None, OperandRole.NONE) and given and self._is_value(told := given.get(operand.name, "")):
                role, value = OperandRole.FIXED, told
            if role is OperandRole.FIXED:
                fixed.append((len(roles), value or "zero_reg"))
                roles.append(role)
                continue
            if role is None or (role is not OperandRole.NONE and role in roles):
                return None
            roles.append(role)
        return self._reader.built(record, roles, operands, fixed, leaves)

    def expanded(self, op: Operation) -> Operation | None:
        """Returns the instruction that a pseudo instruction's PseudoInstExpansion names, with the roles that ``op`` gives the pseudo's
        operands, and the registers and numbers that the expansion gives. None where there is none."""
        given = self.selections.instructions[op.record].expansion
        dag = parse_dag(given) if given else None
        if dag is None or dag.op not in self.selections.instructions:
            return None
        pseudo = self.selections.operands(op.record)
        slots = self.selections.operands(dag.op)
        roles: list[OperandRole] = []
        fixed: list[tuple[int, str]] = []
        for value, name in listed(dag):
            parts = [(n, op.roles[n]) for n, slot in enumerate(pseudo) if slot.name == name]
            for n, role in parts:
                fixed += [(len(roles), op.value(n))] if role is OperandRole.FIXED else []
                roles.append(role)
            if not parts:
                if isinstance(value, Dag) or not (self._is_value(value) or value == "zero_reg"):
                    return None
                fixed.append((len(roles), value))
                roles.append(OperandRole.FIXED)
        if len(roles) != len(slots):
            return None
        held = (slot for slot, role in zip(slots, roles, strict=True) if role in (OperandRole.IMM, OperandRole.TARGET))
        width = next((self.selections.immediate(dag.op, slot) for slot in held), None)
        return Operation(dag.op, tuple(roles), width, op.tied, tuple(fixed), sum(slot.out for slot in slots))

    def _is_value(self, text: str) -> bool:
        return text.lstrip("-").isdigit() or text in self.registers


def other_width_patterns(d: Description, gpr: str, native: int) -> frozenset[tuple[str, str]]:
    """Returns the patterns on integers of another width than an address in the registers ``gpr`` of addresses, (i32 (add GPR:$a, GPR:$b)),
    and on symbols of another width.

    A class may hold several types; archetypes make one of them legal, for which such patterns do not hold."""
    other = rf"\(i(?!{native}\b)\d+ "
    leaf, whole = re.compile(rf"{other}(?:{gpr}\b|{_SYMBOL})"), re.compile(rf"{other}\(")
    results = {i.name for i in d.instructions if i.outs and i.outs[0].type == gpr}

    def made(given: str) -> bool:
        found = re.match(r"\[\(?(\w+)", given)
        return found is not None and found[1] in results

    return frozenset((m, given) for m, given in d.patterns if leaf.search(m) or (whole.match(m) and made(given)))


def encoded(i: Instruction) -> bool:
    """Whether an instruction has an encoding, that is, one bit that is not open, or belongs to a target where none has one; and whether it
    is not just a part of others."""
    return (i.assembly_only or any(bit != "?" for bit in i.encoding)) and PART_OF_OTHERS not in i.flags


def mnemonic(i: Instruction) -> str:
    """Returns the first word of an instruction's assembly string, in lower case."""
    found = re.match(r"[#\s]*([A-Za-z][\w.]*)", i.asm)
    return found[1].lower() if found else ""


def dst_and(kind: OperandKind, role: OperandRole) -> NameOperand:
    """Returns the function that names the operands of an instruction that defines a register and reads operands of ``kind``."""
    return lambda operand, _: OperandRole.DST if operand.out else role if operand.kind is kind else None
