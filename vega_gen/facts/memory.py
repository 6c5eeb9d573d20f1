"""Finds the instructions that load and store pointer-sized registers, whole or in part, at a base register and an offset.

Patterns decide. Where no pattern selects an access of some width, an instruction that the .td says may load or store, or that has no
pattern at all, is recognised by its mnemonic and operands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vega_gen import resources
from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.choosing import Choice
from vega_gen.facts.dags import plain
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, Selections
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence, Instruction, PatternOperator
from vega_gen.tablegen.raw import Dag, parse_dag

_PART = r"(?P<width>8|16|32|64|byte|half|word|[bhwd])"
_LOAD = re.compile(rf"(?:\w\.)?(?:l|ld|ldr|load)[._]?(?P<before>[su])?{_PART}?(?P<after>[suza])?i?")
_STORE = re.compile(rf"(?:\w\.)?(?:s|st|str|store)[._]?{_PART}?i?")
_ALIGNED = re.compile(r"(?:[^;]*;)?\s*return [^;&|]*\bgetAlign(?:ment)?\(\)[^;&|]*;\s*")
"""A condition on the alignment alone: archetypes access memory in no other way."""
_MEMORY_TYPE = re.compile(r"return cast<\w+>\(N\)->getMemoryVT\(\) == MVT::i(\d+);")
_EXTENSION = re.compile(
    r"(?:[\w:]+ (?P<name>\w+) = )?(?:return )?[^;=]*\bget(?:LoadExt|Extension)Type\(\w*\)(?:;\s*return (?P=name))?"
    r" (?:== ISD::(?:[SZ]?EXTLOAD)(?: \|\| \w+ == ISD::[SZ]?EXTLOAD)*|!= ISD::NON_EXTLOAD);"
)
_EXTENSIONS = {"SEXTLOAD": "sext", "ZEXTLOAD": "zext", "EXTLOAD": "ext", "NON_EXTLOAD": "ext"}
_BITS = {"8": 8, "b": 8, "byte": 8, "16": 16, "h": 16, "half": 16, "32": 32, "64": 64, "d": 64}
_SIGNS = {"s": "sext", "a": "sext", "u": "zext", "z": "zext", "": ""}
_BASE_NAME = re.compile(r"base|addr|ptr|rs1|ra|src1", re.I)
_WIDTHS = (8, 16, 32, 64)
PART_STORE = "STORE_PART_i"
"""What the names of a completion's pseudo instructions begin with that store a part of a register; its bits follow."""
_UNFIT = frozenset({"isPseudo", "isCall", "isReturn", "isBranch", "isTerminator"})

_Access = tuple[str, int]
"""(extension, bits in memory): extension is "" for a whole register, else "sext", "zext" or "ext"; of a whole register, bits is 0."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an operator of patterns does in memory. ``told``: no more than that; otherwise C++ of the .td restricts it further.
    ``ways``: how a load may extend, where its C++ says that."""

    store: bool
    access: _Access
    told: bool
    ways: tuple[str, ...] = ()


def loads(v: TargetView) -> dict[tuple[str, int], Operation]:
    """Returns (extension, bits in memory) -> the load, where extension is "" for a whole register, "sext", "zext", or "ext" where nothing
    says what the other bits are.

    The load of an any-extending pattern (extload) counts as a zext where no pattern says which way a load of that width extends."""
    found = _accesses(v, store=False)
    for (extension, bits), choices in list(found.items()):
        signed = [choice.value.record for choice in found.get(("sext", bits), ())[:1]]
        if extension == "ext" and choices[0].evidence is Evidence.PATTERN and choices[0].value.record not in signed:
            found.setdefault(("zext", bits), choices)
    chosen: dict[tuple[str, int], Operation] = {}
    for bits in _WIDTHS:
        for extension in ("", "sext", "zext", "ext"):
            if bits > v.native or (bits == v.native) == bool(extension):
                continue
            key = f"instruction.load.{bits}" + (f".{extension}" if extension else "")
            if extension == "ext":
                known = ("ext", bits) in found or key in v.chooser.given
                if not known or {("sext", bits), ("zext", bits)} & chosen.keys():
                    continue
            op = v.choose_operation(key, found.get((extension, bits), ()))
            chosen |= {(extension, bits): op} if op else {}
    return chosen


def stores(v: TargetView) -> dict[int, Operation]:
    """Returns bits in memory -> the store."""
    found = {bits: choices for (_, bits), choices in _accesses(v, store=True).items()}
    wanted = [bits for bits in _WIDTHS if bits <= v.native]
    chosen = {bits: v.choose_operation(f"instruction.store.{bits}", found.get(bits, ())) for bits in wanted}
    return {bits: op for bits, op in chosen.items() if op}


def offset_part(s: Selections, record: str, operand: str) -> int:
    """Returns which part of a memory operand is the offset: the number with the widest field, the first of several; -1 without one."""
    numbers = [o for o in s.operands(record) if o.name == operand and o.kind is OperandKind.IMM]
    return max(numbers, key=lambda o: (s.immediate(record, o).bits, -o.part)).part if numbers else -1


def in_bytes(s: Selections, op: Operation) -> bool:
    """Whether the offset of a load or store counts bytes, or there is none."""
    at = op.index(OperandRole.IMM)
    return at < 0 or step(s, s.operands(op.record)[at].type) == 1


def step(s: Selections, type_name: str) -> int:
    """Returns how many bytes the number of an address counts as one where a MachineInstr holds what is encoded.

    It is 8 for a uimm12s8 whose print method multiplies by 8; 1 for a number in bytes, also where its encoder leaves out low bits."""
    known = s.operand_classes.get(type_name)
    named, printed = re.search(r"s(\d+)$", type_name), re.search(r"<(\d+)>$", known.print_method if known else "")
    return int(named[1]) if named and printed and named[1] == printed[1] else 1


def _accesses(v: TargetView, *, store: bool) -> dict[_Access, list[Choice[Operation]]]:
    """Returns (extension, bits) -> the instructions, best first: by pattern, then by mnemonic.

    Of several it prefers one with an offset, then one whose offset counts bytes, then one whose pattern no C++ restricts, then the one
    that takes the most registers, then the one that clobbers least, then the one with the fewest operands, then one that is not
    isCodeGenOnly, then the widest offset, then the shortest mnemonic: what is more than a load has a longer one."""
    found: dict[_Access, list[tuple[tuple[int, ...], Choice[Operation]]]] = {}

    def offer(access: _Access, made: Operation | None, i: Instruction, told: bool, evidence: Evidence) -> None:
        if made is None:
            return
        key = access if access[1] else ("", v.native)
        if key[1] not in _WIDTHS or key[1] > v.native or (key[1] == v.native and key[0]):
            return
        offset = made.range.bits if made.range else 0
        plainly = (int(told), v.generality(i.name), -len(i.defs), -len(made.free), int("isCodeGenOnly" not in i.flags))
        pattern = evidence is Evidence.PATTERN
        rank = (int(OperandRole.IMM in made.roles), int(pattern), int(in_bytes(v.selections, made)), *plainly, offset, -len(mnemonic(i)))
        why = f"a pattern selects {i.name}" if pattern else f"{i.name} is recognised by its mnemonic and operands"
        found.setdefault(key, []).append((rank, Choice(made, evidence, why)))

    for root in sorted(v.selections.roots):
        means = meaning(v, root)
        if means is None or means.store != store:
            continue
        for s in v.selections.of(root):
            i = v.selections.instructions[s.record]
            fits = len(s.dag.args) == (2 if store else 1) and bool(i.outs) != store and not _near_code(v, i)
            if fits and "isPseudo" not in i.flags and encoded(i):
                evidence = Evidence.ASSEMBLY if s.record in v.added else Evidence.PATTERN
                offer(means.access, _operation(v, s, store), i, means.told, evidence)
    for access, i in _by_mnemonic(v, store=store):
        offer(access, _by_operands(v, i, store), i, told=True, evidence=Evidence.ASSEMBLY)
    ranked = {access: sorted(choices, key=lambda pair: pair[0], reverse=True) for access, choices in found.items()}
    return {access: [choice for _, choice in choices] for access, choices in ranked.items()}


def _near_code(v: TargetView, i: Instruction) -> bool:
    """Whether an instruction has a memory operand whose address counts from the program counter."""
    return any(near_code(v.selections, o.whole or o.type) for o in v.selections.operands(i.name))


def near_code(s: Selections, type_name: str) -> bool:
    """Whether an operand of several parts is an address that counts from the program counter: its registers are no bases then."""
    known = s.operand_classes.get(type_name)
    return known is not None and bool(known.sub_operands) and known.operand_type == "OPERAND_PCREL"


def meaning(v: TargetView, name: str, known: dict[str, PatternOperator] | None = None) -> Meaning | None:
    """Returns what a load or store, or a fragment of one, accesses; None for other operators."""
    known = known if known is not None else {o.name: o for o in v.d.operators}
    operator = known.get(name)
    if operator is None:
        return None
    if operator.opcode in ("ISD::LOAD", "ISD::STORE"):
        return Meaning(operator.opcode == "ISD::STORE", ("", 0), told=True)
    dag = plain(parse_dag(operator.dag)) if operator.dag else ""
    inner = meaning(v, dag.op, known) if isinstance(dag, Dag) and dag.op != name else None
    if inner is None:
        return None
    said = {"IsSignExtLoad": "sext", "IsZeroExtLoad": "zext", "IsAnyExtLoad": "ext", "IsTruncStore": "trunc"}
    extension = next((said[p] for p in sorted(operator.properties) if p in said), inner.access[0])
    bits = int(operator.memory[1:]) if re.fullmatch(r"i\d+", operator.memory) else inner.access[1]
    ways = inner.ways
    if kinds := _EXTENSION.fullmatch(operator.code):
        ways = tuple(_EXTENSIONS[name] for name in re.findall(r"ISD::(\w+LOAD)", kinds[0]))
        extension = max(ways, key=lambda way: way != "ext")
    width = _MEMORY_TYPE.fullmatch(operator.code)
    told = inner.told and bool(not operator.code or kinds or width or _ALIGNED.fullmatch(operator.code))
    return Meaning(inner.store, (extension, int(width[1]) if width else bits), told, ways)


def load_names(v: TargetView, root: str) -> frozenset[str]:
    """Returns the names that LLVM's own fragments have ("sextloadi8") for extending loads that are told from others by C++."""
    means = meaning(v, root)
    if means is None or means.store or not means.told or not means.access[1]:
        return frozenset()
    ways = means.ways or filter(None, means.access[:1])
    return frozenset(f"{way}loadi{means.access[1]}" for way in ways)


def register_accesses(v: TargetView, name: str, *, store: bool) -> list[Operation]:
    """Returns the loads or stores of whole registers of class ``name`` at a base and an offset that patterns select, the best first."""
    found: list[tuple[tuple[int, ...], Operation]] = []
    for root in sorted(v.selections.roots):
        means = meaning(v, root)
        if means is None or means.store != store or means.access != ("", 0):
            continue
        for s in v.selections.of(root):
            i = v.selections.instructions[s.record]
            if len(s.dag.args) != (2 if store else 1) or "isPseudo" in i.flags or not encoded(i) or _near_code(v, i):
                continue
            made = _operation(v, s, store, name)
            if made and OperandRole.IMM in made.roles:
                rank = (int(means.told), -len(i.defs), -len(made.free), made.range.bits if made.range else 0, -len(mnemonic(i)))
                found.append((rank, made))
    return [op for _, op in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _operation(v: TargetView, s: Selection, store: bool, name: str = "") -> Operation | None:
    """Returns an access of a register of class ``name``, by default of one that holds an address."""

    def held(type_name: str) -> bool:
        return v.class_of(type_name) == name if name else v.holds(type_name)

    address, value = (1, OperandRole.SRC) if store else (0, OperandRole.DST)
    offset = offset_part(v.selections, s.record, next((name for name, path in s.paths.items() if path[:1] == (address,)), ""))

    def role(operand: OperandInfo, _: int) -> OperandRole | None:
        register = operand.kind is OperandKind.REG and v.holds(operand.type)
        if operand.out:
            return OperandRole.DST if held(operand.type) else None
        path = s.paths.get(operand.name)
        if path is None:
            return OperandRole.IMM if operand.kind is OperandKind.IMM else None
        if path[0] == address:
            if operand.kind is OperandKind.REG:
                absent = operand.part > 0 and may_be_absent(v.d, operand.type)
                return OperandRole.FIXED if absent else OperandRole.BASE if register else None
            return OperandRole.IMM if operand.part == offset else OperandRole.NONE
        return OperandRole.SRC if store and path == (0,) and operand.kind is OperandKind.REG and held(operand.type) else None

    made = v.operation(s.record, role, s.fixed)
    return made if made and {OperandRole.BASE, value} <= set(made.roles) else None


def _by_mnemonic(v: TargetView, *, store: bool) -> Iterator[tuple[_Access, Instruction]]:
    """Yields the accesses of instructions without a pattern, as their mnemonics say.

    A load of a part without a sign in its mnemonic extends the way that the other loads of that width do not; without others, nothing says
    how: lb sets the sign in some instruction sets and clears the rest in others."""
    told: list[tuple[str, int, Instruction]] = []
    for i in v.d.instructions:
        found = (_STORE if store else _LOAD).fullmatch(mnemonic(i))
        if not found or i.pattern or i.flags & _UNFIT or not encoded(i):
            continue
        width = found["width"] or ""
        sign = "" if store else (found["before"] or found["after"] or "")
        bits = (32 if v.native >= 32 else 16) if width in ("w", "word") else _BITS.get(width, 0)
        if bits >= v.native or (not bits and not sign):
            told.append(("", 0, i))
        elif bits:
            told.append(("trunc" if store else _SIGNS[sign], bits, i))
    for extension, bits, i in told:
        if bits and not extension:
            signs = {other for other, width, _ in told if width == bits} - {""}
            extension = {frozenset({"zext"}): "sext", frozenset({"sext"}): "zext"}.get(frozenset(signs), "ext")
        yield (extension, bits), i


def _by_operands(v: TargetView, i: Instruction, store: bool) -> Operation | None:
    """Returns the load or store by its operands alone: an address in one operand, or a base that the assembly has in brackets or that is
    named so; the other register is the value."""
    address = _address_of(v, i)

    def role(operand: OperandInfo, _: int) -> OperandRole | None:
        register = operand.kind is OperandKind.REG
        if register and not v.holds(operand.type):
            return None
        if operand.out:
            return None if store else OperandRole.DST
        if register:
            return OperandRole.BASE if address(operand) else OperandRole.SRC if store else None
        return OperandRole.IMM if operand.kind is OperandKind.IMM and operand.part <= 1 else None

    made = v.operation(i.name, role)
    value = OperandRole.SRC if store else OperandRole.DST
    return made if made and {OperandRole.BASE, value} <= set(made.roles) else None


def _address_of(v: TargetView, i: Instruction) -> Callable[[OperandInfo], bool]:
    """Returns whether an operand of ``i`` is the base of an address."""
    read = [o for o in v.selections.operands(i.name) if not o.out and o.kind is OperandKind.REG]
    if any(o.part >= 0 for o in read):
        return lambda o: o.part >= 0
    if len(read) == 1:
        return lambda o: True
    bracketed = set(re.findall(r"[(\[][^()\[\]$]*\$\{?(\w+)", i.asm))
    if len([o for o in read if o.name in bracketed]) == 1:
        return lambda o: o.name in bracketed
    named = {o.name for o in read if _BASE_NAME.search(o.name)}
    return (lambda o: o.name in named) if len(named) == 1 else (lambda o: False)


def memory_order(v: TargetView) -> Choice[str]:
    """Returns the likely order of bytes in memory, "little" or "big", which no .td says.

    Where all machines of this width that the Target record's name stands for (targets/settings/qemu.toml) have one order, it is that."""
    machines = resources.settings("qemu")["machine"].values()
    known = {m["order"] for m in machines if v.d.name in m["targets"] and m["bits"] == v.native}
    if len(known) == 1:
        (order,) = known
        return Choice(order, Evidence.NAME, f"the machine that is called {v.d.name} has it")
    return Choice("little", Evidence.DEFAULT, "no .td says the order of bytes in memory: little is assumed")
