"""Reads selection patterns: which instruction a pattern selects, and where in the pattern each operand stands.

It also gives an instruction's operands as the MCInst holds them, the bits of an operand in the encoding, and the values that an immediate
may have.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from vega_gen.facts import ranges
from vega_gen.facts.code_units import CodeUnits
from vega_gen.facts.codings import Codings
from vega_gen.facts.dags import is_special_shift, leaves, plain
from vega_gen.facts.distances import Distances
from vega_gen.facts.extenders import Extenders
from vega_gen.facts.layouts import Layouts
from vega_gen.facts.operand_fields import bits_of, own_fields, run_lengths, stretches
from vega_gen.facts.ranges import Range
from vega_gen.facts.renaming import renamed_operator
from vega_gen.records import Description, Instruction, InstructionOperand, OperandClass
from vega_gen.tablegen.raw import Dag, parse_dag, top_level

_TIED = re.compile(r"\$([\w.]+)\s*=\s*\$([\w.]+)")
_SYMBOLS = frozenset({"tglobaladdr", "texternalsym", "tjumptable", "tconstpool", "tblockaddress", "tglobaltlsaddr", "mcsym"})
_SCALE = re.compile(r"scale_?(\d+)", re.I)
_SHIFTED = re.compile(r"(?:asr|lsl|lsb|shift|shr)_?<?(\d)", re.I)


class OperandKind(StrEnum):
    """What an operand of a MachineInstr holds."""

    REG = "reg"
    IMM = "imm"
    TARGET = "target"
    """A branch target."""


@dataclass(frozen=True, slots=True)
class OperandInfo:
    """One operand of a MachineInstr.

    ``name``: its name in the record's (outs) or (ins); sub-operands share that of the whole. ``type``: its register or operand class.
    ``out``: whether it is defined. ``part``: index of the sub-operand, -1 for a whole operand. ``tied``: name of the operand that it is
    tied to. ``default``: the number or register that it has where a pattern does not give it, "" if a pattern must; the .td gives it
    for predicates and optional definitions (PredicateOperand, OptionalDefOperand). ``whole``: the type of that of which it is a part."""

    name: str
    type: str
    kind: OperandKind
    out: bool
    part: int = -1
    tied: str = ""
    default: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """A pattern that a single instruction implements.

    ``dag``: the pattern without its type casts. ``paths``: operand of the instruction -> its path of argument indices in ``dag``.
    ``fixed``: operand -> the register or number that the pattern sets it to."""

    record: str
    dag: Dag
    paths: dict[str, tuple[int, ...]]
    fixed: dict[str, str]


class Selections:
    """What a target's patterns and operand classes say about its instructions."""

    def __init__(self, d: Description) -> None:
        self._d = d
        self.codings = Codings(d)
        self.distances = Distances(d)
        self.extenders = Extenders(d)
        self.layouts = Layouts(d)
        self.instructions: dict[str, Instruction] = {i.name: i for i in d.instructions}
        self.operand_classes: dict[str, OperandClass] = {o.name: o for o in d.operand_classes}
        self.classes = {c.name for c in d.register_classes}
        self._code = {f.name: f.code for f in d.fragments}
        self.transforms = {f.name: f.transform for f in d.fragments if f.transform}
        self._by_root: dict[str, list[Selection]] = defaultdict(list)
        self._operands: dict[str, tuple[OperandInfo, ...]] = {}
        self.given: dict[str, set[frozenset[str]]] = defaultdict(set)
        """Outermost operator -> for each of its patterns, the set of instructions that implement it; not those of some special shift."""
        self.guarded: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
        """As ``given``, with the Predicate records that each needs."""
        generic = {o.name for o in d.operators if o.opcode.startswith("ISD::")}
        self._renamed = {o.name: named for o in d.operators if (named := renamed_operator(o, generic))}
        self.matched: dict[str, list[Dag]] = defaultdict(list)
        """Outermost operator -> its patterns, also those that take several instructions, without their type casts."""
        never = [f.name for f in d.fragments if f.code.strip() == "return false;"]
        dead = re.compile(rf"\b(?:{'|'.join(['null_frag', *never])})\b")  # TableGen drops patterns of null_frag
        for i in d.instructions:
            for text in top_level(i.pattern) if i.pattern.startswith("[") else ():
                if not dead.search(text):
                    self._own(i, text)
        known = len(d.pattern_predicates) == len(d.patterns)
        for (matched, given), guard in zip(d.patterns, d.pattern_predicates if known else ((),) * len(d.patterns), strict=True):
            if not dead.search(matched):
                self._pat(matched, given, guard)
        self.roots = set(self.matched)
        """The outermost operators of all patterns, also of those that take several instructions; the leaf of a pattern that is only one."""

    @cached_property
    def selected(self) -> frozenset[str]:
        """The instructions that patterns select alone."""
        return frozenset(s.record for found in self._by_root.values() for s in found)

    def of(self, root: str) -> list[Selection]:
        """Returns the selections whose outermost operator is ``root``."""
        return self._by_root.get(root, [])

    def every(self, record: str) -> list[Selection]:
        """Returns the selections of an instruction."""
        return self._by_record.get(record, [])

    @cached_property
    def _by_record(self) -> dict[str, list[Selection]]:
        found: dict[str, list[Selection]] = defaultdict(list)
        for selections in self._by_root.values():
            for one in selections:
                found[one.record].append(one)
        return found

    def _own(self, i: Instruction, text: str) -> None:
        dag = plain(parse_dag(text))
        if isinstance(dag, Dag) and dag.op == "set" and dag.args:
            dag = plain(dag.args[-1][0]) if isinstance(dag.args[-1][0], Dag) else dag.args[-1][0]
        dag = self._rooted(dag)
        self.matched[dag.op].append(dag)
        self._implemented(dag, frozenset((i.name,)), ())
        where = {name: path for _, name, path in leaves(dag)}
        names = [o.name for o in (*i.outs, *i.ins)]
        if not dag.args and len(i.ins) == 1:
            where[i.ins[0].name] = ()
        self._by_root[dag.op].append(Selection(i.name, dag, {n: where[n] for n in names if n in where}, {}))

    def _rooted(self, dag: Dag | str) -> Dag:
        """Returns a pattern with the operator that its outermost fragment is just another name for.

        A conversion of a number or an address between types of one size is none: TableGen drops it where the types are the same."""
        if isinstance(dag, Dag) and dag.op == "bitconvert" and len(dag.args) == 1:
            inner = plain(dag.args[0][0])
            if isinstance(inner, str) and inner in self.operand_classes and self.kind(inner) is not OperandKind.REG:
                dag = inner
        return Dag(self._renamed.get(dag.op, dag.op), dag.args) if isinstance(dag, Dag) else Dag(self._renamed.get(dag, dag), ())

    def _implemented(self, dag: Dag, names: frozenset[str], guard: Iterable[str]) -> None:
        if not is_special_shift(dag):
            self.given[dag.op].add(names)
            self.guarded[dag.op].append((names, frozenset(guard).union(*(self.instructions[name].predicates for name in names))))

    def _pat(self, matched: str, given: str, guard: Iterable[str]) -> None:
        dag = self._rooted(plain(parse_dag(matched)))
        self.matched[dag.op].append(dag)
        results = top_level(given)
        words = (word for text in results for word in re.findall(r"\((\w+)", text))
        self._implemented(dag, frozenset(word for word in words if word in self.instructions), guard)
        result = plain(parse_dag(results[0])) if len(results) == 1 else None
        if not isinstance(result, Dag) or result.op not in self.instructions or any(isinstance(plain(a), Dag) for a, _ in result.args):
            return
        where = {name: path for _, name, path in leaves(dag)}
        paths: dict[str, tuple[int, ...]] = {}
        fixed: dict[str, str] = {}
        for operand, (value, name) in zip(self._asked(result.op, len(result.args)), result.args, strict=False):
            if name and name in where:
                paths[operand.name] = where[name]
            else:
                fixed[operand.name] = str(plain(value))
        self._by_root[dag.op].append(Selection(result.op, dag, paths, fixed))

    def _asked(self, record: str, count: int) -> list[InstructionOperand]:
        """Returns the operands for which a pattern's result of ``count`` arguments has one each.

        Operands with defaults have none, but those behind all others may (llvm/utils/TableGen/Common/CodeGenDAGPatterns.cpp)."""
        ins = self.instructions[record].ins
        usual = [not ((known := self.operand_classes.get(o.type)) and known.defaults) for o in ins]
        last = max((n for n, plain in enumerate(usual) if plain), default=-1)
        return [o for n, o in enumerate(ins) if usual[n] or (n > last and count > sum(usual))]

    def kind(self, type_name: str) -> OperandKind:
        """Returns what an operand type holds."""
        known = self.operand_classes.get(type_name)
        if type_name in self.classes or (known and (known.register_class or known.decoder_method.startswith("DecodePointerLike"))):
            return OperandKind.REG
        if known and len(known.sub_operands) == 1:
            return self.kind(known.sub_operands[0])
        place = known is not None and (known.type == "OtherVT" or self.distances.told(known) or self._encoded_as_jump(known))
        return OperandKind.TARGET if place else OperandKind.IMM

    def _encoded_as_jump(self, o: OperandClass) -> bool:
        """Whether an address is encoded as the targets of jumps are, as that of a call: the same method does both, or one that is called
        the same but for "call" in place of "branch". Where the method does for other numbers too, only calls may have the operand."""
        if o.sub_operands or not o.encoder_method:
            return False
        branch = re.sub("call", "branch", o.encoder_method, flags=re.I).lower()
        like = branch != o.encoder_method.lower() and branch in {name.lower() for name in self._jump_encoders}
        return like or ((o.type == "iPTR" or o.name in self._of_calls) and o.encoder_method in self._jump_encoders)

    def absolute(self, type_name: str) -> bool:
        """Returns whether a branch target is an address and no distance: its encoder is named for jumps, where that of other targets is for
        branches. Only names tell: no .td says it."""
        known = self.operand_classes.get(type_name)
        named = known.encoder_method if known and not self.distances.told(known) else ""
        return bool(re.search(r"jump", named, re.I)) and any(re.search(r"branch", other, re.I) for other in self._jump_encoders)

    @cached_property
    def _of_calls(self) -> frozenset[str]:
        """The operand types that calls with an encoding have and no other instructions."""
        users: dict[str, set[bool]] = defaultdict(set)
        for i in self._d.instructions:
            for o in i.ins if any(b in "01" for b in i.encoding) else ():
                users[o.type].add("isCall" in i.flags)
        return frozenset(name for name, called in users.items() if called == {True})

    @cached_property
    def _jump_encoders(self) -> frozenset[str]:
        return frozenset(o.encoder_method for o in self.operand_classes.values() if o.type == "OtherVT" and o.encoder_method)

    def operands(self, record: str) -> tuple[OperandInfo, ...]:
        """Returns an instruction's operands in the order of MachineInstr and MCInst, with sub-operands in place of the whole."""
        if record not in self._operands:
            self._operands[record] = self._listed(self.instructions[record])
        return self._operands[record]

    def _listed(self, i: Instruction) -> tuple[OperandInfo, ...]:
        tied = dict(_TIED.findall(i.constraints)) | {b: a for a, b in _TIED.findall(i.constraints)}
        found: list[OperandInfo] = []
        for out, operands in ((True, i.outs), (False, i.ins)):
            for o in operands:
                if o.type == "variable_ops":
                    continue
                known = self.operand_classes.get(o.type)
                if known and known.sub_operands:
                    given = self.layouts.defaults(o.type) or known.defaults
                    values = (*given, *[""] * (len(known.sub_operands) - len(given)))
                    parts = enumerate(zip(known.sub_operands, values, strict=False))
                    found += (OperandInfo(o.name, t, self.kind(t), out, n, "", value, o.type) for n, (t, value) in parts)
                else:
                    value = known.defaults[0] if known and known.defaults else ""
                    found.append(OperandInfo(o.name, o.type, self.kind(o.type), out, -1, tied.get(o.name, ""), value))
        return tuple(found)

    def said(self, type_name: str) -> Range | None:
        """Returns the values that an operand type's predicate allows, None if it does not say."""
        known = self.operand_classes.get(type_name)
        return ranges.said(self._code.get(type_name, ""), int(known.type[1:]) if known and re.fullmatch(r"i\d+", known.type) else 0)

    def is_upper(self, type_name: str) -> bool:
        """Whether the instruction holds only the upper bits of the immediate in its pattern."""
        return self.part(type_name)[0] > 0

    def is_changed(self, type_name: str) -> bool:
        """Whether the instruction holds another number than its pattern: what C++ makes of it, or its negative, if that is judged."""
        return ranges.negated(self._code.get(type_name, "")) or ranges.changed(self._code.get(self.transforms.get(type_name, ""), ""))

    def part(self, type_name: str) -> tuple[int, int]:
        """Returns (shift, ones): an immediate that encodes part v of a number stands for ``v << shift | ones``; (0, 0) if it is whole."""
        shifted = re.search(r">>\s*(\d+)", self._code.get(self.transforms.get(type_name, ""), ""))
        told = self.said(type_name)
        amount = int(shifted[1]) if shifted else 0
        # The predicate is of the number, the instruction holds what is left. Without a predicate, less than 8 may be a unit.
        if amount and (told.shift == amount if told else amount >= 8 and not self._code.get(type_name)):
            return amount, 0
        return ranges.part(self._code.get(type_name, ""))

    def leaves(self, s: Selection) -> dict[str, str]:
        """Returns operand -> the operand class or fragment that stands for it in a pattern."""
        return {name: leaf_name(s.dag, path) for name, path in s.paths.items()}

    def immediate(self, record: str, operand: OperandInfo, leaf: str = "") -> Range:
        """Returns the values that an immediate operand may have, in units of the encoded field if it holds only upper bits.

        The predicate of ``leaf``, what stands for the operand in a pattern, decides, then the operand type's, else the width of its field,
        else a number in the type's name. Without a predicate it is signed unless a name says otherwise ("uimm", "zext", "hi", ...)."""
        if operand.kind is OperandKind.IMM and self.extenders.of(self.instructions[record], operand.name, operand.type):
            return Range(32, True)  # what its field does not hold, another instruction does
        if place := self.layouts.part(operand.whole, operand.part):
            return Range(place.bits + (place.sign >= 0), place.sign >= 0, 0, place.sign >= 0)
        if leaf and operand.part < 0 and (told := self.said(leaf)) and not self.said(operand.type):
            field = len(self.field(record, operand.name))
            if not field or told.bits <= field:
                return Range(told.bits, told.signed) if self.is_upper(leaf) else told
        if coded := ranges.coded(self._code.get(leaf, "")) or ranges.coded(self._code.get(operand.type, "")):
            return coded
        known = self.operand_classes.get(operand.type)
        names = " ".join([operand.type, known.decoder_method, known.encoder_method, known.parser_class] if known else [operand.type])
        said = self.said(operand.type)
        code = self._code.get(operand.type, "")
        offset = operand.part >= 0 and not ranges.bounded(code)  # a mask does not give the sign of an offset
        if said and not offset:
            return Range(said.bits, said.signed) if self.is_upper(operand.type) else said
        bits = self.field(record, operand.name)
        # If the field of a branch target is not numbered from bit 0, the operand has the zero bits below it too.
        field = bits[0][0] + 1 if bits and operand.kind is OperandKind.TARGET else len(bits)
        shift = self.scale(record, operand) if field else 0
        shift = shift or (bits[-1][0] if bits and operand.kind is OperandKind.IMM and operand.part < 0 else 0)  # bits below it are zero
        if operand.part >= 0 and field:
            field = next((count for part, (_, count) in enumerate(self.places(record, operand.name)) if part == operand.part), 0)
        number = re.search(r"(\d+)", operand.type)
        width = field or (int(number[1]) if number and 0 < int(number[1]) <= 64 else 32)
        unsigned = bool(re.search(r"(?:^|[^a-z])u(?:imm|\d)|uimm|unsigned|zext|hi\d*$|lui", names, re.I))
        unsigned |= operand.kind is OperandKind.TARGET and self.absolute(operand.type)
        unsigned |= known is not None and ranges.from_zero(known.predicate_method, width)
        sign = self.distances.sign(operand.type)
        return Range(width, not unsigned and sign in ("", "both"), shift, back=sign == "back")

    def places(self, record: str, operand: str) -> tuple[tuple[int, int], ...]:
        """Returns (lowest bit, number of bits) of each sub-operand in the number that encodes ``operand``.

        From the lowest bit: immediates of known width, then the first of unknown width with the bits that are left, then the registers,
        the first one highest. Registers are lowest instead where the encoding's lowest run of bits is as wide as the first register.
        Parts with fields of their own stand as these do, the last one lowest. Where bits between as many runs as there are parts are not
        encoded, each run is one part."""
        if own := own_fields(self.instructions[record], operand):
            sizes = [len(self.field(record, name)) for name in own]
            return tuple((sum(sizes[n + 1 :]), size) for n, size in enumerate(sizes))
        parts = [s for s in self.operands(record) if s.name == operand]
        if given := self.layouts.of(parts[0].whole if parts else ""):
            return tuple((part.low, part.bits) for part in given)
        field = self.field(record, operand)
        widths = [self.register_bits(s.type) if s.kind is OperandKind.REG else r.bits if (r := self.said(s.type)) else 0 for s in parts]
        unknown = [n for n, s in enumerate(parts) if s.kind is not OperandKind.REG and not widths[n]]
        left = max(len(field) - sum(widths), 0)
        for n in unknown:
            widths[n] = left if n == unknown[0] else 0
        runs = run_lengths(field)
        below = len(runs) > 1 and bool(parts) and parts[0].kind is OperandKind.REG and runs[0] == widths[0] != runs[-1]
        registers = [n for n, s in enumerate(parts) if s.kind is OperandKind.REG]
        numbers = [n for n in range(len(parts)) if n not in registers]
        known = [n for n in numbers if n not in unknown[1:] and (n not in unknown or len(numbers) == 1)]
        order = [*known, *(n for n in numbers if n not in known), *reversed(registers)]
        if below:
            order = [*registers, *known, *(n for n in numbers if n not in known)]
        if len(parts) == len(apart := stretches(field)) > 1:
            return tuple(apart[order.index(n)] for n in range(len(parts)))
        found: dict[int, tuple[int, int]] = {}
        at = 0
        for n in order:
            found[n] = (at, widths[n])
            at += widths[n]
        return tuple(found[n] for n in range(len(parts)))

    def scale(self, record: str, operand: OperandInfo) -> int:
        """Returns how many zero bits below the encoded ones an operand has.

        The predicate of a branch target tells, its names, else the alignment of instructions; for another number, a predicate or the name
        of what encodes it. It is 0 where the field lacks bit 0 or is as wide as the number: the operand itself has the zero bits then."""
        known = self.operand_classes.get(operand.type)
        field = self.field(record, operand.name)
        if known is None or operand.kind is OperandKind.REG or (field and field[-1][0] > 0):
            return 0
        if operand.kind is OperandKind.IMM:
            units = ranges.units(known.predicate_method) if known.encoder_method else 0
            return units or (self._left_out(known, len(field)) if operand.part < 0 else 0)
        if unit := self.distances.unit(operand.type):
            return unit.bit_length() - 1
        if (allowed := self.said(operand.type)) and allowed.shift:
            return allowed.shift if allowed.bits >= len(field) else 0
        names = f"{known.encoder_method} {known.decoder_method} {known.name}"
        if (told := _SCALE.search(names)) and int(told[1]).bit_count() == 1:
            return int(told[1]).bit_length() - 1
        if said := _SHIFTED.search(names):
            return 1 if "lsb" in said[0].lower() else int(said[1])
        return int(math.log2(self._units.of(self.instructions[record])))

    def _left_out(self, known: OperandClass, bits: int) -> int:
        """Returns how many low bits, all zero, of a number the method that encodes it does not put into a field of ``bits`` bits."""
        if not known.encoder_method or self.part(known.name) != (0, 0):
            return 0
        told, named = self.said(known.name), _SHIFTED.search(known.encoder_method)
        if told and told.shift:
            return told.shift if told.bits == bits else 0
        return int(named[1]) if named and "lsb" not in named[0].lower() else 0

    def rounded(self, record: str, operand: OperandInfo) -> int:
        """Returns of how many bytes a multiple the address is from which a branch target is counted: the instruction's, rounded down.

        It is 1, no rounding, unless the field counts in units greater than those in which instructions may lie (ARC's BL): only from a
        rounded address does such a field reach the same places from all of them."""
        field = self.field(record, operand.name)
        unit = 1 << (self.scale(record, operand) or (field[-1][0] if field else 0))
        return unit if operand.kind is OperandKind.TARGET and unit > self._units.of(self.instructions[record]) else 1

    @cached_property
    def _units(self) -> CodeUnits:
        return CodeUnits(self._d)

    @cached_property
    def _pointers(self) -> str:
        """The register class of most operands, for those that hold a pointer and do not say of which class (PointerLikeRegClass)."""
        types = (self.operand_classes.get(o.type) for i in self._d.instructions for o in (*i.outs, *i.ins))
        used = Counter(o.register_class or o.name for o in types if o and (o.register_class or o.name) in self.classes)
        return max(used, key=lambda name: used[name], default="")

    def register_bits(self, type_name: str) -> int:
        """Returns the width of the encodings of an operand type's registers."""
        known = self.operand_classes.get(type_name)
        name = known.register_class if known and known.register_class else type_name
        if known and known.decoder_method.startswith("DecodePointerLike"):
            name = self._pointers
        members = {m for c in self._d.register_classes if c.name == name for m in c.members}
        codes = [r.encoding for r in self._d.registers if r.name in members]
        return max(codes).bit_length() if codes else 0

    def field(self, record: str, operand: str) -> tuple[tuple[int, int], ...]:
        """Returns where an operand's bits stand in the encoding: (bit of the operand, bit of Inst), highest first.

        An operand without a field of its name has the field that no operand names, if there is one of each; one whose parts have fields
        of their own has these, the last part lowest."""
        if own := own_fields(self.instructions[record], operand):
            return tuple((low + bit, at) for (low, _), name in zip(self.places(record, operand), own, strict=True)
                         for bit, at in self.field(record, name))  # fmt: skip
        return bits_of(self.instructions[record], self._bound(record).get(operand, operand))

    def _bound(self, record: str) -> dict[str, str]:
        i = self.instructions[record]
        tied = {name for pair in _TIED.findall(i.constraints) for name in pair}
        operands = [o.name for o in (*i.outs, *i.ins) if o.type != "variable_ops"]
        widths = Counter(bit.partition("{")[0] for bit in i.encoding if bit not in ("0", "1", "?"))
        homeless = [name for name in operands if not widths[name] and name not in tied]
        unknown = [name for name, width in widths.items() if width > 1 and name not in operands]
        return {homeless[0]: unknown[0]} if len(homeless) == len(unknown) == 1 and "isPseudo" not in i.flags else {}


def leaf_name(dag: Dag, path: tuple[int, ...]) -> str:
    """Returns what stands at ``path`` in a pattern: a register class, an operand class, a fragment, an operator; "" if nothing does."""
    value: Dag | str = dag
    for index in path:
        value = plain(value)
        if not isinstance(value, Dag) or index >= len(value.args):
            return ""
        value = value.args[index][0]
    value = plain(value)
    return value.op if isinstance(value, Dag) else value


def is_symbol(leaf: str) -> bool:
    """Whether a pattern's leaf is a symbol's address, such as tglobaladdr."""
    return leaf in _SYMBOLS
