"""Recognises what an instruction computes by its mnemonic and operands alone, for instructions that no pattern selects.

Only operations on whole pointer-sized registers count: add, not addh, and add.w only where a word is as wide as an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import CONDITIONS, OperandRole, Operation
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections, leaf_name
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence, Instruction
from vega_gen.tablegen.raw import Dag

_BINARY = {
    "add": "addu add adda", "sub": "subu sub", "and": "and", "or": "or ior", "xor": "xor eor",
    "shl": "sll shl lsl sllv ashl asl shll", "srl": "srl lsr shr srlv lshr shrl", "sra": "sra asr sar srav ashr shra",
    "rotl": "rotl rol", "rotr": "rotr ror",
    "mul": "mul mull mullo muls mulu", "mulhs": "mulh mulhs smulh mulxss", "mulhu": "mulhu umulh mulxuu",
    "sdiv": "div sdiv divs idiv", "udiv": "divu udiv", "srem": "rem srem rems mod smod mods", "urem": "remu urem modu umod",
}  # fmt: skip
"""Operator of patterns -> mnemonics of its instruction. Those that cannot trap go before those that may (MIPS's addu before add)."""
_UNARY = {
    "not": "not com inv", "ineg": "neg", "ctlz": "clz ctlz lzcnt cntlz nlz", "cttz": "ctz cttz tzcnt", "bswap": "bswap byterev",
    "ctpop": "popcnt ctpop cpop pcnt popc", "sext_inreg i8": "sextb sxtb extsb seb", "sext_inreg i16": "sexth sxth extsh seh",
}  # fmt: skip
_KEY_WORDS = {"sub": "subtract", "shl": "shift_left", "srl": "shift_right", "sra": "shift_right_signed"}
_WORDS = {word: root for table in (_BINARY, _UNARY) for root, words in table.items() for word in words.split()}
_ORDER = {word: n for words in (*_BINARY.values(), *_UNARY.values()) for n, word in enumerate(words.split())}
_SETS = re.compile(r"(?:s|set|cmp|cmps)[._]?(eq|ne|lt|le|gt|ge|ult|ule|ugt|uge|ltu|leu|gtu|geu)")
_CONDITION = {"ltu": "ult", "leu": "ule", "gtu": "ugt", "geu": "uge"}
_PREFIX = re.compile(r"^\w\.")
_WIDTHS = {16: "w|16", 32: "w|l|32", 64: "d|q|64"}
"""Native width -> what a mnemonic may end in that says so."""
_UNFIT = frozenset(
    {"isPseudo", "isCodeGenOnly", "isAsmParserOnly", "mayLoad", "mayStore", "isCall", "isReturn", "isBranch", "isTerminator"}
)
_SIGNED_VALUES = frozenset({"add", "sub"})
"""Operators whose immediate is signed where nothing says it; of the others, only numbers that are the same either way are certain."""
_AMOUNTS = frozenset({"shl", "srl", "sra", "rotl", "rotr"})
_AMOUNT_BITS = 5
"""Amounts of shifts that every register takes: up to 31."""
_SIGN = re.compile(r"(?:^|[^a-z])[su](?:imm|\d)|[su]imm|signed|[sz]ext", re.I)


@dataclass(frozen=True, slots=True)
class Computed:
    """What an instruction computes: an operator of patterns ("add"), a comparison into a register ("setlt"), or "sext_inreg i8".

    ``immediate``: whether its second source is an immediate."""

    root: str
    immediate: bool = False

    @property
    def key(self) -> str:
        """The key of the fact that says which instruction computes it."""
        return f"instruction.{_KEY_WORDS.get(self.root, self.root.replace(' i', '.'))}{'_immediate' if self.immediate else ''}"


KEYED = tuple(Computed(root, immediate) for immediate in (False, True) for root in (*_BINARY, *(f"set{c}" for c in CONDITIONS))) + tuple(
    map(Computed, _UNARY)
)
"""All that has a key."""


def computed(v: TargetView) -> dict[Computed, Operation]:
    """Returns what no pattern computes of such sources -> the instruction that does, as chosen: given by a person, or by mnemonic."""
    known = named(v)
    untold = [one for one in KEYED if not _told(v, one)]
    asked = [one for one in KEYED if one.key in v.chooser.given or (one in known and one in untold)]
    made = {one: v.choose_operation(one.key, known.get(one, ())) for one in asked}
    return {one: op for one, op in made.items() if op and one in untold}


def _told(v: TargetView, one: Computed) -> bool:
    """Whether a pattern computes something of such sources."""
    root, _, width = one.root.partition(" ")
    s, fragments = v.selections, {f.name for f in v.d.fragments}

    def like(dag: Dag) -> bool:
        last = leaf_name(dag, (len(dag.args) - 1,))
        if width:
            return last == width
        known = last in s.operand_classes or last in s.classes
        number = last in ("imm", "timm") or last.lstrip("-").isdigit() or last in fragments
        return (s.kind(last) is OperandKind.IMM if known else number) == one.immediate

    return any(map(like, s.matched.get(root, ())))


@lru_cache(maxsize=1)
def named(v: TargetView) -> dict[Computed, list[Choice[Operation]]]:
    """Returns what mnemonics say -> the instructions that no pattern selects and that compute it, best first.

    The best takes the most registers, then has the better mnemonic, then clobbers least, then has the widest immediate."""
    found: dict[Computed, list[tuple[tuple[int, ...], Operation]]] = {}
    for i in v.d.instructions:
        if i.pattern or i.name in v.selections.selected or i.flags & _UNFIT or not encoded(i) or _reads_flags(v, i):
            continue
        for root, order in _meanings(v, mnemonic(i)):
            if made := _named(v, i, root):
                rank = (v.generality(i.name), -order, -len(i.defs), made.range.bits if made.range else 0, -len(i.predicates))
                found.setdefault(Computed(root, OperandRole.IMM in made.roles), []).append((rank, made))
    return {
        one: [
            Choice(op, Evidence.ASSEMBLY, f"{op.record} is recognised by its mnemonic alone")
            for _, op in sorted(made, key=lambda pair: pair[0], reverse=True)
        ]
        for one, made in found.items()
    }


def _reads_flags(v: TargetView, i: Instruction) -> bool:
    """Whether an instruction adds or tests flags that another has set, as an addition with carry does."""
    return any(v.register_roles.get(r) is RegisterRole.FLAGS or r not in v.members for r in i.uses)


def _meanings(v: TargetView, word: str) -> Iterator[tuple[str, int]]:
    """Yields (operator, place among its mnemonics) for what a mnemonic may mean; an i in it may say that it takes an immediate."""
    word = _PREFIX.sub("", word)
    short = re.sub(rf"(?<=[a-z])[._]?(?:{_WIDTHS.get(v.native, '$')})$", "", word)
    for spelt in dict.fromkeys((word, short)):
        for one in dict.fromkeys((spelt, re.sub(r"[._]?i$", "", spelt), re.sub(r"i(?=u$)", "", spelt))):
            plain = one.replace(".", "").replace("_", "")
            if plain in _WORDS:
                yield _WORDS[plain], _ORDER[plain]
                return
            if found := _SETS.fullmatch(one):
                condition = _CONDITION.get(found[1], found[1])
                assert condition in CONDITIONS
                yield f"set{condition}", 0
                return


def _named(v: TargetView, i: Instruction, root: str) -> Operation | None:
    """Returns the instruction if it defines a pointer-sized register from one or two sources as ``root`` does.

    The first source is the one that the destination is tied to, else the first in the assembly."""
    operands = [o for o in v.selections.operands(i.name) if not o.default]
    if [o.out for o in operands].count(True) != 1 or any(o.part >= 0 for o in operands):
        return None
    sources = [o for o in operands if not o.out]
    if any(o.kind is OperandKind.IMM and v.narrower(o.type) for o in sources):
        return None  # it computes on a part of the register
    if len(sources) != (1 if root in _UNARY else 2):
        return None
    order = {name: at for at, name in enumerate(re.findall(r"\$\{?(\w+)", i.asm))}
    sources.sort(key=lambda o: (not o.tied, order.get(o.name, len(order))))
    roles = {sources[0].name: OperandRole.SRC}
    if len(sources) > 1:
        roles[sources[1].name] = OperandRole.SRC2 if sources[1].kind is OperandKind.REG else OperandRole.IMM

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        if o.kind is OperandKind.TARGET or (o.kind is OperandKind.REG and not v.holds(o.type)):
            return None
        role = OperandRole.DST if o.out else roles[o.name]
        return role if (o.kind is OperandKind.REG) == (role is not OperandRole.IMM) else None

    made = v.operation(i.name, name)
    upper = any(v.selections.is_upper(o.type) for o in operands)
    return made if made and not upper and not (made.range and made.range.shift) else None


def certain(s: Selections, op: Operation, root: str) -> Range:
    """Returns the immediates of which it is certain with which number an instruction computes ``root``.

    Where neither a predicate nor a name says whether the field is signed, it is what is left of the field without its upper half."""
    operand = s.operands(op.record)[op.index(OperandRole.IMM)]
    told = op.range or s.immediate(op.record, operand)
    if root in _AMOUNTS:
        return replace(told, bits=min(told.bits, _AMOUNT_BITS), signed=False)
    known = s.operand_classes.get(operand.type)
    names = " ".join((operand.type, known.decoder_method, known.encoder_method, known.parser_class) if known else (operand.type,))
    if root in _SIGNED_VALUES or s.said(operand.type) or _SIGN.search(names):
        return told
    return Range(told.bits - 1, False)
