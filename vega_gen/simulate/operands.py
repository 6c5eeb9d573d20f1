"""Gives the values that an instruction's operands stand for: registers, numbers, branch targets, addresses in memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from llvm_integration.failure import Failure
from vega_gen.archetypes.complex_patterns import matches_any
from vega_gen.facts import Facts
from vega_gen.facts.dags import plain
from vega_gen.facts.fixups import jump_distances
from vega_gen.facts.keys import CODED
from vega_gen.facts.memory import offset_part
from vega_gen.facts.narrow import LOGIC
from vega_gen.facts.ranges import Range
from vega_gen.facts.register_numbers import numbered_registers
from vega_gen.facts.selections import OperandInfo, OperandKind, Selections
from vega_gen.records import Description, OperandClass, PatternOperator
from vega_gen.simulate.expressions import (
    Action,
    Binary,
    Conditional,
    Expression,
    Here,
    Number,
    OperandNumber,
    OperandRegister,
    Relation,
    Require,
    Unary,
)
from vega_gen.tablegen.raw import Dag, parse_dag, parse_dags

_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)")
_INTEGER = re.compile(r"i(\d+)")
_POINTER = re.compile(r"\w*VT|[xX][lL]en\w*|iPTR\w*|ptr_rc")
"""Names of types that depend on the hardware mode, which is the default one, or on the data layout."""


class UnclearError(Failure):
    """A pattern that does not say what the instruction does; the message says why."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The operands of the MCInst that a name in a pattern stands for: (index, operand), and the whole operand's class if it has one."""

    operands: tuple[tuple[int, OperandInfo], ...]
    type: str


_INVERSE = re.compile(r"getTargetConstant\(\s*~\s*N->get[SZ]ExtValue\(\)")
_OPPOSITE = re.compile(r"getTargetConstant\(\s*-\s*N->get[SZ]ExtValue\(\)")
LOGARITHM = re.compile(r"\bLog2_(?:32|64)\(|\bcountr_(?:zero|one)\(")
"""A node transform that gives the number of the one bit of its argument that is 1, or 0."""
_ONE_ZERO = re.compile(r"~\s*N->get[SZ]ExtValue\(\)|\bcountr_one\(")
Binding = Bound | Expression
Bindings = Mapping[str, Binding]


def one_bit(code: str, number: Expression) -> Expression:
    """Returns the number that has the bit ``number`` set, or clear, as the node transform with ``code`` asks (see LOGARITHM)."""
    bit = Binary("shl", Number(1, number.bits), number, number.bits)
    return Binary("xor", bit, Number((1 << number.bits) - 1, number.bits), number.bits) if _ONE_ZERO.search(code) else bit


def resize(value: Expression, bits: int) -> Expression:
    """Returns a value as one of ``bits``: a constant takes the width. Raises UnclearError where widths differ."""
    if isinstance(value, Number) and value.bits == 0:
        return Number(value.value & ((1 << bits) - 1), bits)
    if value.bits != bits:
        raise UnclearError(f"a value of {value.bits} bits stands where {bits} are wanted")
    return value


def extend(value: Expression, bits: int, *, signed: bool = False) -> Expression:
    """Returns a value extended, or cut, to ``bits``."""
    if isinstance(value, Number) and value.bits == 0:
        return resize(value, bits)
    if value.bits == bits:
        return value
    return Unary("trunc" if value.bits > bits else "sext" if signed else "zext", value, bits)


class Operands:
    """The operands of one target's instructions, and what its patterns' operators are. ``registers``: name -> bits."""

    def __init__(self, d: Description, m: Facts, selections: Selections, registers: Mapping[str, int]) -> None:
        self.d, self.m, self.s, self.registers = d, m, selections, registers
        self.operators: dict[str, PatternOperator] = {o.name: o for o in d.operators}
        self.complex = {p.name: p for p in d.complex_patterns}
        self.classes = {c.name: c for c in d.register_classes}
        codes = {f.name: f.code for f in d.fragments}
        self._transforms = {f.name: codes.get(f.transform, "") for f in d.fragments if f.transform}
        self._jumps = jump_distances(d, selections)
        self.legal = sorted({n for c in d.register_classes for n in self._integers(c.name)})

    # -- operands

    def bindings(self, record: str) -> dict[str, Binding]:
        """Returns name in the record's dags -> the operands of the MCInst that it stands for, sub-operands by their own names too."""
        i = self.s.instructions[record]
        types = {o.name: o for o in (*i.outs, *i.ins)}
        found: dict[str, list[tuple[int, OperandInfo]]] = {}
        parts: dict[str, Binding] = {}
        for index, info in enumerate(self.s.operands(record)):
            found.setdefault(info.name, []).append((index, info))
            named = types[info.name].parts if info.name in types else ()
            if 0 <= info.part < len(named) and named[info.part]:
                parts[named[info.part]] = Bound(((index, info),), info.type)
        whole: dict[str, Binding] = {n: Bound(tuple(infos), types[n].type) for n, infos in found.items() if n in types}
        for index, name in numbered_registers(self.s, record).items():
            whole[self.s.operands(record)[index].name] = OperandRegister(index, self.width(name)[0])
        return parts | whole

    def width(self, type_name: str) -> tuple[int, ...]:
        """Returns the widths of the integers that a register operand may hold, those of the class's first type first."""
        return self._integers(self.class_of(type_name))

    def class_of(self, type_name: str) -> str:
        """Returns the register class of an operand type that holds registers."""
        known = self.s.operand_classes.get(type_name)
        if type_name in self.classes:
            return type_name
        if known and len(known.sub_operands) == 1:
            return self.class_of(known.sub_operands[0])
        if known and known.decoder_method.startswith("DecodePointerLike"):
            return self.m.gpr
        return known.register_class if known else ""

    def type_bits(self, name: str) -> int:
        """Returns the width of an integer type's name, 0 if it is none."""
        if found := _INTEGER.fullmatch(name):
            return int(found[1])
        return self.m.native if _POINTER.fullmatch(name) else 0

    def _integers(self, name: str) -> tuple[int, ...]:
        known = self.classes.get(name)
        if known is None:
            return ()
        told = tuple(dict.fromkeys(int(f[1]) for t in known.value_types if (f := _INTEGER.fullmatch(t))))
        return told or ((known.size,) if 0 < known.size <= 128 else ())

    def named_class(self, record: str, index: int) -> str:
        """Returns the register class of an operand that holds a register, perhaps as its number."""
        return self.class_of(self.s.operands(record)[index].type) or numbered_registers(self.s, record).get(index, "")

    def register(self, index: int, info: OperandInfo, want: int = 0) -> OperandRegister:
        """Returns the value of a register operand, ``want`` bits wide where its class allows that, else as its class says."""
        widths = self.width(info.type)
        if not widths:
            raise UnclearError(f"operand {info.name} has a register class without integers, {info.type}")
        return OperandRegister(index, want if want in widths else widths[0])

    def number(self, record: str, index: int, info: OperandInfo, bits: int) -> OperandNumber:
        """Returns the number that an immediate operand stands for in a pattern.

        A decoder method gives it as the MCInst of the compiler has it. Where there is none, the decoder gives the bits of the field, which
        are sign extended here if the operand is signed. Only the part of an upper immediate is in the instruction."""
        known = self.s.operand_classes.get(info.type)
        r = self.s.immediate(record, info)
        shift, ones = self.s.part(info.type)
        if shift or ones:
            return OperandNumber(index, bits, r.bits, False, shift, ones)
        scaled = r.shift if info.kind is OperandKind.TARGET else 0
        if self._decoded(record, info, known) or not self.s.field(record, info.name) or r.bits + scaled > 64:
            return OperandNumber(index, bits)
        if r.back:
            raise UnclearError("nothing decodes a distance that is always negative")
        return OperandNumber(index, bits, r.bits, r.signed, scaled)

    def told(self, index: int, info: OperandInfo, number: Expression) -> Expression:
        """Returns the number for which an immediate operand stands where a person (number.<OPERAND>.<CODE>) or a pattern says it of some
        codes."""
        for code, value in self._codes(info.type).items():
            raw = OperandNumber(index, number.bits)
            same = Relation("eq", raw, Number(code, number.bits))
            number = Conditional(same, Number(value % (1 << number.bits), number.bits), number, number.bits)
        return number

    def _codes(self, type_name: str) -> dict[int, int]:
        lines = ((key.removeprefix(f"{CODED}{type_name}."), line.value) for key, line in self.d.given.items())
        given = {int(code): int(value) for code, value in lines if code.isdigit()}
        return self._shown.get(type_name, {}) | given

    @cached_property
    def _shown(self) -> dict[str, dict[int, int]]:
        """Operand type -> code -> number, of patterns for a certain number: (and $x, 255) that selects (AND $x, 120), where AND's own
        pattern has an operand of that type there."""
        found: dict[str, dict[int, int]] = {}
        for matched, given in self.d.patterns:
            dag, results = plain(parse_dag(matched)), parse_dags(given[1:-1])
            if not isinstance(dag, Dag) or dag.op not in LOGIC or len(dag.args) != 2 or len(results) != 1 or not results[0].args:
                continue
            part = results[0].args[0][0] if results[0].op == "EXTRACT_SUBREG" else ""
            result = part if isinstance(part, Dag) else results[0]
            number, code = dag.args[1][0], result.args[-1][0] if result.args else ""
            i = self.s.instructions.get(result.op)
            if isinstance(number, Dag) or isinstance(code, Dag) or not _NUMBER.fullmatch(number) or not code.isdigit():
                continue
            if not i or not len(i.ins) == len(result.args) == 2:
                continue
            if any(s.dag.op == dag.op and s.paths.get(i.ins[1].name) == (1,) for s in self.s.every(i.name)):
                found.setdefault(i.ins[1].type, {})[int(code)] = int(number, 0)
        return found

    def judged(self, leaf: str) -> bool:
        """Whether a leaf is a ComplexPattern of one operand of which C++ says which nodes it matches, as (shl x, 1) for x."""
        pattern = self.complex.get(leaf)
        return pattern is not None and pattern.operands == 1 and not matches_any(pattern, self.d, self.s)

    def untransformed(self, leaf: str, number: OperandNumber) -> Expression:
        """Returns the number that a leaf of a pattern stands for, where the instruction holds its opposite, its inverse or its bit's
        number: the transform of the leaf (OperandTransform) says so."""
        code = self._transforms.get(leaf, "")
        if LOGARITHM.search(code):
            return one_bit(code, number)
        if _INVERSE.search(code):
            return Binary("xor", number, Number((1 << number.bits) - 1, number.bits), number.bits)
        return Binary("sub", Number(0, number.bits), number, number.bits) if _OPPOSITE.search(code) else number

    def _decoded(self, record: str, info: OperandInfo, known: OperandClass | None) -> bool:
        i = self.s.instructions[record]
        whole = next((self.s.operand_classes.get(o.type) for o in (*i.outs, *i.ins) if o.name == info.name), None)
        return bool(i.decoder_method or (known and known.decoder_method) or (whole and whole.decoder_method))

    def like_jump(self, record: str, info: OperandInfo) -> Range | None:
        """Returns the distances that a call may have whose immediate is encoded as the distance of a jump, None for others."""
        i = self.s.instructions[record]
        return self._jumps.get((self.s.field(record, info.name), i.size)) if "isCall" in i.flags and info.kind is OperandKind.IMM else None

    def target(self, record: str, index: int, info: OperandInfo) -> Expression:
        """Returns the address that an operand gives: a distance to a branch target counts as that of fixups does."""
        if name := numbered_registers(self.s, record).get(index):
            return OperandRegister(index, self.width(name)[0])
        value = self.number(record, index, info, self.m.native)
        like = self.like_jump(record, info)
        if like and not self._decoded(record, info, self.s.operand_classes.get(info.type)):
            value = OperandNumber(index, self.m.native, like.bits, like.signed, like.shift)
        if (info.kind is not OperandKind.TARGET or self.s.absolute(info.type)) and not like:
            return value
        here: Expression = Here(self.m.native)
        if origin := self.s.distances.origin(info.type):
            here = Binary("add", here, Number(origin % (1 << self.m.native), self.m.native), self.m.native)
        if (unit := self.s.rounded(record, info)) > 1:
            here = Binary("and", here, Number((1 << self.m.native) - unit, self.m.native), self.m.native)
        return Binary("add", here, value, self.m.native)

    def address(self, record: str, bound: Bound) -> tuple[Expression, tuple[Action, ...]]:
        """Returns the address that a memory operand gives: the sum of its first two parts, or of a base and the number with the widest
        field. What is left (a scale, a mode) must be 0."""
        native = self.m.native
        terms: list[Expression] = []
        required: list[Action] = []
        based = sum(info.kind is OperandKind.REG for _, info in bound.operands) == 1
        offset = offset_part(self.s, record, bound.operands[0][1].name) if based else -1
        for index, info in bound.operands:
            if based and info.kind is not OperandKind.REG and info.part not in (-1, offset):
                required.append(Require(index, 0, "an addressing mode that the patterns do not describe"))
            elif len(terms) == 2 or (len(terms) == 1 and info.kind is OperandKind.REG and self.width(info.type)[:1] != (native,)):
                value = 0 if info.kind is not OperandKind.REG else ""
                required.append(Require(index, value, "an addressing mode that the patterns do not describe"))
            elif info.kind is OperandKind.REG:
                terms.append(extend(self.register(index, info, native), native))
            else:
                terms.append(self.number(record, index, info, native))
        total = terms[0]
        for term in terms[1:]:
            total = Binary("add", total, term, native)
        return total, tuple(required)
