"""Finds the registers that hold a constant, and the instructions that put a number or an address into a register."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from vega_gen.facts.choosing import Choice
from vega_gen.facts.dags import plain
from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.role_evidence import aliases, role_candidates
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, Selections, is_symbol, leaf_name
from vega_gen.facts.view import TargetView, dst_and, encoded, mnemonic
from vega_gen.records import Evidence
from vega_gen.tablegen.raw import Dag, parse_dag, top_level

_IDENTITIES = {"or": "zero", "add": "zero", "xor": "zero", "and": "ones"}
_UPPER_MNEMONIC = re.compile(r"(?:\w\.)?(?:lui|\w*hi|\w*high\w*|\w*upper\w*|lu\d+i\.?\w?|movhi\w*|orhi|seti?hi)")
_UPPER_INSERTED = re.compile(r"(?:\w\.)?(?:mov|mv|ld|set|ins)\w*?(?:t|h|hi|hu|high|up|upper|top)")
_MOVE_IMMEDIATE = re.compile(r"(?:\w\.)?(?:mov|mvi|mvk|li|ldi|ldk|set)\w*(?:\.\w+)*|ld?[._]?i\w*")
_ADDS = re.compile(r"or|add|lo")
_NUMBER = re.compile(r"\((?:(\w+) )?imm:\$\w+\)")
"""A pattern that is any number."""
_NO_CONSTANT = frozenset({"isPseudo", "mayLoad", "mayStore", "isCall", "isBranch"})


def constant_registers(s: Selections, members: Collection[str]) -> dict[str, str]:
    """Returns the registers that hold 0 ("zero") and all ones ("ones"), as far as patterns show them.

    A pattern that materialises any number n as ``(or R, n)`` is right only if R is 0; so with add and xor. With ``(and R, n)``, R must be
    all ones."""
    meanings = {one.record: meaning for root, meaning in _IDENTITIES.items() for one in s.of(root)}
    found: dict[str, str] = {}
    for one in _leaves(s):
        meaning = meanings.get(one.record, "")
        registers = [value for value in one.fixed.values() if value in members]
        rest = [value for value in one.fixed.values() if value not in members and not value.lstrip("-").isdigit()]
        if meaning and len(registers) == 1 and len(rest) == 1:
            found.setdefault(meaning, registers[0])
    return found


def constant_register(v: TargetView, meaning: str) -> str:
    """Returns the register that always holds ``meaning``, "zero" or "ones" (all ones); "" if there is none."""
    named = [*role_candidates(v.d, RegisterRole.ZERO, v.named(RegisterRole.ZERO))] if meaning == "zero" else []
    held = constant_registers(v.selections, v.members).get(meaning, "")
    shown = Choice(held, Evidence.PATTERN, f"a pattern is right only if {held} always holds {meaning}")
    proved = [replace(shown, value=c.value) if held in aliases(v.d, c.value) and c.evidence is Evidence.NAME else c for c in named]
    return v.choose(f"register.{meaning}", [*proved, *([shown] if held else [])])


def load_immediate(v: TargetView, zero: str) -> tuple[Operation | None, Operation | None]:
    """Returns the instruction that sets a register to an immediate, and the one that sets its upper bits.

    Patterns decide, then operand types, then mnemonics. ``zero``: the register that always holds zero, "" if there is none."""
    whole: list[tuple[tuple[int, ...], Operation]] = []
    upper: list[tuple[tuple[int, ...], Operation]] = []
    plain, uppers = immediates_by_pattern(v), uppers_by_pattern(v)
    numbers = {s.record for root in v.selections.roots for s in v.selections.of(root) if _is_number(v, s)}
    for i in v.d.instructions:
        if len(i.outs) != 1 or not v.holds(i.outs[0].type) or i.flags & _NO_CONSTANT:
            continue
        made = _sets_register(v, i.name)
        if made is None or made.range is None:
            continue
        word = mnemonic(i)
        by_pattern = i.name in uppers
        if not by_pattern and i.name in numbers:
            whole.append(((1, v.generality(i.name), 2 * made.range.bits + made.range.signed), made))
        elif by_pattern or (_UPPER_MNEMONIC.fullmatch(word) and made.range.bits < v.native):
            # One that reads the zero register may set the lower part of a symbol as well.
            upper.append(((int(by_pattern), -len(made.fixed), v.generality(i.name)), made))
        elif i.name in plain or _MOVE_IMMEDIATE.fullmatch(word):
            # Of two of the same width, the signed one goes before: it gives negative numbers too.
            whole.append(((int(i.name in plain), v.generality(i.name), 2 * made.range.bits + made.range.signed), made))
    upper = upper or [((0, 0, 0), made) for made in _added(v, zero)] or [((1, 0, 0), made) for made in _inserting(v)]
    upper = upper or [((0, 0, 0), made) for made in _written_over(v, max(whole, key=lambda pair: pair[0])[1] if whole else None)]
    number = v.choose_operation("instruction.constant", _choices(whole, "selects any number with", "constant"))
    return number, v.choose_operation("instruction.constant_upper", _choices(upper, "gives the upper part of a number to", "upper part"))


def _is_number(v: TargetView, s: Selection) -> bool:
    """Whether a pattern selects an instruction for any number of some width, as it is."""
    told = None if s.dag.args or s.fixed else v.selections.said(s.dag.op)
    return told is not None and not v.selections.is_upper(s.dag.op)


def whole_constants(v: TargetView) -> bool:
    """Whether patterns select every number of the pointer's type: the instructions of one, for the leaf imm, are more than one, or a
    single one whose immediate is as wide.

    Others that have such a pattern rely on C++ of the target's own, which splits the number afterwards."""
    for matched, given in v.d.patterns:
        found = _NUMBER.fullmatch(matched)
        named = re.findall(r"\((\w+)", given) if found and _of_type(v, found[1]) else []
        used = [v.selections.instructions[n] for n in named if n in v.selections.instructions]
        if used and all(encoded(i) and "isPseudo" not in i.flags for i in used) and (len(used) > 1 or _holds_all(v, used[0].name)):
            return True
    return any(s.record and _holds_all(v, s.record) for s in v.selections.of("imm"))


def shifted_by_pattern(v: TargetView) -> bool:
    """Whether patterns select a shift left of a pointer-sized register by any number, by whatever instructions."""
    shift = re.compile(rf"\((?:{v.type} \()?shl \(?(?:{v.type}[: ]|{v.gpr}:)[^()]*\)?, (?:\(i\d+ )?imm:\$\w+\)+")
    return any(shift.fullmatch(matched) for matched, _ in v.d.patterns)


def _of_type(v: TargetView, said: str | None) -> bool:
    """Whether a pattern's type cast is to the pointer's type, or to one that the mode decides (HwMode)."""
    return not said or said == v.type or not re.fullmatch(r"i\d+", said)


def _holds_all(v: TargetView, record: str) -> bool:
    made = _sets_register(v, record)
    i = v.selections.instructions[record]
    return bool(made and made.range and made.range.bits >= v.native and encoded(i) and v.holds(i.outs[0].type))


def immediates_by_pattern(v: TargetView) -> frozenset[str]:
    """Returns the instructions that a pattern selects for a bare immediate."""
    every = (s for root in v.selections.roots for s in v.selections.of(root))
    return frozenset(s.record for s in every if not s.dag.args and s.record and not s.fixed)


def uppers_by_pattern(v: TargetView) -> frozenset[str]:
    """Returns the instructions that take the upper part of a number: by a pattern such as ``(LUI (HI16 imm))``, by a target node whose
    name says "hi", or by the type of their operand."""
    shifted = {name for _, given in v.d.patterns for text in top_level(given) for name in _given_upper(v, parse_dag(text))}
    own = {s.record for opcode in v.nodes if node_meaning(v.nodes[opcode]) == "hi" for s in v.selections.of(opcode)}
    typed = {i.name for i in v.d.instructions if any(v.selections.is_upper(o.type) for o in v.selections.operands(i.name))}
    return frozenset(shifted | own | typed)


def _given_upper(v: TargetView, value: Dag | str, outer: str = "") -> Iterator[str]:
    """Yields the instructions of a pattern's result that take the upper part of a number, unless the one around them does something else
    with it than to add the lower part (it may shift it, and the upper part was a plain number then)."""
    if not isinstance(value, Dag):
        return
    first = value.args[0][0] if value.args else ""
    upper = isinstance(first, Dag) and re.fullmatch(r"\w*hi\w*", first.op, re.I) and first.op not in v.selections.instructions
    around = v.selections.instructions.get(outer)
    if upper and (around is None or any(_adds(s) for s in v.selections.every(outer)) or _ADDS.search(mnemonic(around))):
        yield value.op
    for arg, _ in value.args:
        yield from _given_upper(v, arg, value.op)


def _adds(s: Selection) -> bool:
    return s.dag.op in _IDENTITIES and bool(s.dag.args) and not isinstance(plain(s.dag.args[0][0]), Dag)


def symbol_loads(v: TargetView) -> list[Choice[Operation]]:
    """Returns the instructions that set a register to the whole address of a symbol: a pattern turns (node symbol) into (INST symbol).

    Where none holds as many bits as an address has, 32 will do: programs lie in the lower 4 GiB, as in the small code model. Else it is one
    whose assembly names the global pointer, which it adds: what starts a program has to set that."""
    pointers = [name for name, role in v.register_roles.items() if role is RegisterRole.GLOBAL_POINTER]
    found: list[tuple[int, Operation]] = []
    for record in _symbol_loads(v.selections):
        i = v.selections.instructions[record]
        real = encoded(i) and "isPseudo" not in i.flags
        made = _sets_register(v, record) if i.outs and (real or i.expansion) else None
        near = made and any(re.search(rf"\b{re.escape(name.lower())}\b", i.asm.lower()) for name in pointers)
        if made and v.holds(i.outs[0].type) and made.range and (near or made.range.bits >= min(v.native, 32)):
            found.append((0 if near else made.range.bits, made))
    ranked = sorted(found, key=lambda pair: -pair[0])
    return [Choice(made, Evidence.PATTERN, f"a pattern of a symbol selects {made.record}") for _, made in ranked]


def number_loads(v: TargetView, number: Operation | None) -> list[Choice[Operation]]:
    """Returns ``number``, which sets a register to a number, if it sets one to any address of the lower 4 GiB but not to every address, or
    to every address by an instruction before it that holds the upper bits."""
    if number is None or number.range is None or not 32 <= number.range.bits <= v.native:
        return []
    i, slot = v.selections.instructions[number.record], v.selections.operands(number.record)[number.index(OperandRole.IMM)]
    if number.range.bits == v.native and not v.selections.extenders.of(i, slot.name, slot.type):
        return []
    return [Choice(number, Evidence.DERIVED, f"{number.record} sets a register to any number of {number.range.bits} bits")]


def _added(v: TargetView, zero: str) -> Iterator[Operation]:
    """Yields the instructions that add the upper part of a number to a register, which may be the one that holds zero: as the mnemonic
    says, or that of an instruction which a pattern selects for a node "hi" of a symbol and a register."""
    nodes = (opcode for opcode in v.nodes if v.nodes[opcode].lower().endswith("hi"))
    words = {mnemonic(v.selections.instructions[s.record]) for opcode in nodes for s in v.selections.of(opcode) if len(s.dag.args) == 2}

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        if o.kind is OperandKind.REG:
            return OperandRole.DST if o.out else OperandRole.NONE if v.holds(o.type) else None
        return OperandRole.IMM if o.kind is OperandKind.IMM else None

    for i in v.d.instructions if zero else ():
        word, sources = mnemonic(i), [o.name for o in i.ins if v.holds(o.type)]
        if i.pattern or i.constraints or len(sources) != 1 or len(i.outs) != 1 or i.flags & _NO_CONSTANT or not encoded(i):
            continue
        made = v.operation(i.name, name, {sources[0]: zero}) if word in words or _UPPER_MNEMONIC.fullmatch(word) else None
        if made and made.range and made.range.bits < min(v.native, 32) and len(set(made.free)) == 2:
            yield made


def _inserting(v: TargetView) -> Iterator[Operation]:
    """Yields the instructions that set the upper bits of a register and keep the lower ones: (or (and $src, 0xffff), $imm)."""

    def name(operand: OperandInfo, _: int, paths: Mapping[str, tuple[int, ...]]) -> OperandRole | None:
        if operand.kind is OperandKind.REG:
            return OperandRole.DST if operand.out else OperandRole.SRC if paths.get(operand.name) == (0, 0) else None
        return OperandRole.IMM if paths.get(operand.name) == (1,) else None

    for s in v.selections.of("or"):
        kept = leaf_name(s.dag, (0, 1))
        mask = int(kept, 0) if leaf_name(s.dag, (0,)) == "and" and re.fullmatch(r"0x[0-9a-f]+|\d+", kept) else 0
        made = v.operation(s.record, lambda o, n, s=s: name(o, n, s.paths)) if mask and not mask & (mask + 1) else None
        if made and made.range and made.range.bits == v.native - mask.bit_length() and len(set(made.free)) == 3:
            yield made


def _written_over(v: TargetView, number: Operation | None) -> Iterator[Operation]:
    """Yields the instructions without a pattern that change a register by a number, as their mnemonics say: they set the bits above those
    that ``number`` sets, and keep these."""
    low = number.range.bits if number and number.range and not number.range.signed else 0
    for i in v.d.instructions:
        if low and not i.pattern and not i.flags & _NO_CONSTANT and encoded(i) and _UPPER_INSERTED.fullmatch(mnemonic(i)):
            made = v.operation(i.name, _changed)
            if made and made.tied and made.range and made.range.bits >= v.native - low and len(set(made.free)) == 3:
                yield replace(made, range=replace(made.range, bits=v.native - low, signed=False))


def _changed(o: OperandInfo, _: int) -> OperandRole | None:
    kinds = {OperandKind.REG: OperandRole.DST if o.out else OperandRole.SRC, OperandKind.IMM: OperandRole.IMM}
    return kinds.get(o.kind)


def low_part(
    v: TargetView, upper: Operation | None, or_immediate: Operation | None, add_immediate: Operation | None, whole: Operation | None
) -> str:
    """Returns which immediate operation, "or" or "add", sets the bits below those that ``upper`` sets; "" if neither is wide enough.

    It is "insert" where ``upper`` keeps the other bits of its source, which ``whole``, the instruction that sets a register to a number,
    has to set first."""
    if upper is None or upper.range is None:
        return ""
    bits = min(v.native, 32) - upper.range.bits
    if OperandRole.SRC in upper.roles:
        return "insert" if whole and whole.range and not whole.range.signed and whole.range.bits == bits else ""
    if or_immediate and or_immediate.range and or_immediate.range.bits >= bits + or_immediate.range.signed:
        return "or"
    if add_immediate and add_immediate.range and add_immediate.range.signed and add_immediate.range.bits >= bits:
        return "add"
    return ""


def _sets_register(v: TargetView, record: str) -> Operation | None:
    """Returns the instruction's operation if it defines a register from an immediate and reads nothing else."""
    leaves = next((v.selections.leaves(s) for s in v.selections.every(record) if not s.dag.args), None)
    made = v.operation(record, dst_and(OperandKind.IMM, OperandRole.IMM), _with_zero(v, record), leaves=leaves)
    return made if made and set(made.free) == {OperandRole.DST, OperandRole.IMM} else None


def _with_zero(v: TargetView, record: str) -> dict[str, str] | None:
    """Returns the register that a pattern of a symbol or of its upper part gives an instruction, ``(LUI R0, tglobaladdr:$a)``: it always
    holds zero, or the pattern is wrong."""
    zero = constant_registers(v.selections, v.members).get("zero", "")
    for s in v.selections.every(record) if zero else ():
        if len(s.dag.args) == 1 and is_symbol(leaf_name(s.dag, (0,))) and [*s.fixed.values()] == [zero]:
            return s.fixed
    return None


def _choices(found: list[tuple[tuple[int, ...], Operation]], does: str, what: str) -> Iterator[Choice[Operation]]:
    """Yields the operations, best first. The first number of a rank says whether a pattern or an operand's type shows what it is."""
    for rank, op in sorted(found, key=lambda pair: pair[0], reverse=True):
        if rank[0]:
            yield Choice(op, Evidence.PATTERN, f"a pattern or an operand's type {does} {op.record}")
        else:
            yield Choice(op, Evidence.ASSEMBLY, f"{op.record} sets a register to a {what} by its mnemonic alone")


def _symbol_loads(s: Selections) -> Iterator[str]:
    for root in sorted(s.roots):
        for one in s.of(root):
            if len(one.dag.args) == 1 and is_symbol(leaf_name(one.dag, (0,))) and list(one.paths.values()) == [(0,)] and not one.fixed:
                yield one.record


def _leaves(s: Selections) -> Iterator[Selection]:
    for root in sorted(s.roots):
        yield from (one for one in s.of(root) if not one.dag.args)
