"""Describes a target's instructions and nodes in terms that do not depend on the target, so that ``match`` can compare two targets."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from vega_gen.facts.roles import RegisterRole
from vega_gen.records import Description, Instruction, InstructionOperand, OperandClass, RegisterClass, SDNode

_FLAGS = frozenset(
    {
        "isReturn", "isBranch", "isIndirectBranch", "isBarrier", "isCall", "isTerminator", "isCompare", "isMoveImm", "isMoveReg",
        "isSelect", "isTrap", "mayLoad", "mayStore", "isAsCheapAsAMove", "isReMaterializable", "isPredicable", "hasDelaySlot",
        "usesCustomInserter", "isPseudo", "isCodeGenOnly", "isCommutable", "hasSideEffects", "isConvertibleToThreeAddress",
        "canFoldAsLoad", "isBitcast", "isNotDuplicable", "isAdd",
    }
)
# Operators that belong to the notation of patterns and say nothing about what the instruction does.
_NEUTRAL = frozenset({"set", "implicit", "outs", "ins", "ISD::Constant", "ISD::TargetConstant", "ISD::Register", "parallel", "ops"})
_TYPE = re.compile(r"(nx)?(?:v(\d+))?(bf|[ifp])(\d+)")
_TARGET_WORDS = re.compile(r"target|brtgt|jmp|branch|dest|call|pcrel|calltarget|btarget", re.I)
# Meaning -> regular expression of the target nodes' names that have it, lower-cased and without other characters than letters and digits.
_NODE_WORDS = (
    ("ret", r"(e?ret(urn|sp|flag|glue)?|reti?flag|reti?glue)"),
    ("tailcall", r"(tcreturn|tailcall|tail|tcret\w*|sibcall)"),
    ("call", r"(call|bl|jal|jmplink|jalr|calls?eq|branchlink|callnop)"),
    ("brcc", r"(brcc|brcond|br|bcc|brncond|brbin\w*|brf?cc|brcccond|bricc|bpicc)"),
    ("select", r"(select(cc|flags?)?|cmov|csel|selecticc|cmovfp?t?|ciselect)"),
    ("cmp", r"(cmp|compare|setflag|test|cmpicc|cmpi|cmpz|cmpfp)"),
    ("hi", r"(hi|highest|tprelhi|hi20|movhi|adrp)"),
    ("lo", r"(lo|low|addlo|orlo)"),
    ("wrapper", r"(wrapper|gprel|addresswrapper|pcrelwrapper|smallwrapper|small|gawrapper|addr\w*)"),
    ("frameaddress", r"(ldawsp|frameto\w*|frameaddr\w*)"),
    ("jumptable", r"(brjt\w*|jumptable|brind|jt)"),
    ("tls", r"(tls\w*|tprel\w*|dtprel\w*|threadpointer\w*|thread)"),
    ("ehreturn", r"(ehreturn|ehret)"),
    ("mulhi", r"(mulhi\w*|mulh|umulh|smulh|smul\w*|umul\w*)"),
    ("global", r"(globalbaseaddr|globalbasereg|global\w*|got|loadgp)"),
    ("buildpair", r"(buildpair\w*|pair\w*)"),
    ("membarrier", r"(membarrier|sync|fence|dmb|syncwarp)"),
)


@dataclass(frozen=True, slots=True)
class InstructionShape:
    """What an instruction does.

    ``stem``: its name, plain (see ``stem``). ``operators``: of its pattern, LLVM's by opcode, the target's own by meaning.
    ``outs``, ``ins``: kinds of its operands ("i=": integer register of native width, "m" and its parts: memory, "t": branch target,
    "#": immediate). ``implicit``: roles of its implicit registers ("def:sp"). ``guards``: how many predicates it needs."""

    name: str
    stem: str
    mnemonic: str
    operators: frozenset[str]
    outs: tuple[str, ...]
    ins: tuple[str, ...]
    flags: frozenset[str]
    size: int
    implicit: frozenset[str]
    guards: int


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A target's SDNode.

    ``meaning``: what its name says (see ``node_meaning``). ``arity``: numbers of results and operands. ``types``: constraints of its
    type profile. ``selects``: flags that at least half of the instructions selected for it have."""

    opcode: str
    name: str
    meaning: str
    arity: tuple[int, int]
    types: frozenset[str]
    properties: frozenset[str]
    selects: frozenset[str]


def type_kind(name: str, native: int) -> str:
    """Returns a value type as a letter and its width relative to ``native`` ("i=", "v>"), a scalar float as is ("f64"), "x" otherwise."""
    found = _TYPE.fullmatch(name)
    if not found:
        return "x"
    bits = int(found[4]) * int(found[2] or 1)
    if not found[2] and found[3] in ("f", "bf"):
        return f"f{bits}"  # floating point types mean the same on every target
    letter = "v" if found[2] else found[3][0]
    return letter + ("1" if bits == 1 else "=" if bits == native else "<" if bits < native else ">")


def native_width(d: Description, roles: dict[str, RegisterRole]) -> int:
    """Returns the bits of the integers in the stack pointer's register class; without one, the width that most register operands have."""
    classes = {c.name: c for c in d.register_classes}
    widths = {name: bits for name, c in classes.items() if (bits := _integer_bits(c)) >= 8}
    pointers = [name for name, role in roles.items() if role is RegisterRole.STACK_POINTER]
    holding = [c for c in d.register_classes if c.name in widths and any(p in c.members for p in pointers)]
    if holding:
        return widths[max(holding, key=lambda c: (c.allocatable, pointers[0] in c.members, len(c.members), len(c.value_types))).name]
    operands = {o.name: o.register_class for o in d.operand_classes if o.register_class}
    seen = Counter(widths.get(operands.get(o.type, o.type), 0) for i in d.instructions for o in (*i.outs, *i.ins))
    del seen[0]
    return seen.most_common(1)[0][0] if seen else 32


def _integer_bits(c: RegisterClass) -> int:
    found = _TYPE.fullmatch(c.value_types[0]) if c.value_types else None
    return int(found[4]) if found and found[3] == "i" and not found[2] else 0


def stem(name: str) -> str:
    """Returns a record's name in lower case, letters only."""
    return re.sub(r"[^a-z]", "", name.lower())


@lru_cache(maxsize=4096)
def node_meaning(opcode: str) -> str:
    """Returns one word for what a target node's name says ("call", "ret"); for an unusual name, the name in lower case."""
    plain = re.sub(r"[^a-z0-9]", "", opcode.rpartition("::")[2].lower())
    plain = re.sub(r"(?<=.)(flag|glue)$", "", plain)
    return next((word for word, pattern in _NODE_WORDS if re.fullmatch(pattern, plain)), plain)


class Shapes:
    """All shapes of one target. ``roles``: register -> role."""

    def __init__(self, d: Description, roles: dict[str, RegisterRole]) -> None:
        self.native = native_width(d, roles)
        self._classes: dict[str, RegisterClass] = {c.name: c for c in d.register_classes}
        self._operands: dict[str, OperandClass] = {o.name: o for o in d.operand_classes}
        self._roles = roles
        self._kind_of: dict[str, str] = {}
        self.instructions = tuple(self._instruction(i) for i in d.instructions)
        selects: dict[str, Counter[str]] = defaultdict(Counter)
        for instruction in d.instructions:
            for node in instruction.nodes:
                if node.partition("::")[0] not in ("ISD", ""):
                    selects[node].update(instruction.flags & _FLAGS)
        self.nodes = tuple(self._node(n, selects[n.opcode]) for n in d.nodes)

    def _instruction(self, i: Instruction) -> InstructionShape:
        mnemonic = re.match(r"[#\s]*([A-Za-z][\w.]*)", i.asm)
        sides = (("def", i.defs), ("use", i.uses))
        implicit = {f"{side}:{self._roles[name]}" for side, names in sides for name in names if name in self._roles}
        return InstructionShape(
            name=i.name,
            stem=stem(i.name),
            mnemonic=mnemonic[1].lower() if mnemonic else "",
            operators=frozenset(self._operator(n) for n in i.nodes if n not in _NEUTRAL),
            outs=self._kinds(i.outs),
            ins=self._kinds(i.ins),
            flags=i.flags & _FLAGS,
            size=i.size,
            implicit=frozenset(implicit),
            guards=len(i.predicates),
        )

    def _operator(self, name: str) -> str:
        scope = name.rpartition("::")[0]
        return name if scope in ("", "ISD") else f"own:{node_meaning(name)}"

    def _kinds(self, operands: tuple[InstructionOperand, ...]) -> tuple[str, ...]:
        return tuple(kind for o in operands if (kind := self.kind(o.type)))

    def kind(self, type_name: str) -> str:
        """Returns the kind of an operand type, "" for default operands (predicates), which C++ seldom names."""
        found = self._kind_of.get(type_name)
        if found is None:
            found = self._kind_of[type_name] = self._find_kind(type_name)
        return found

    def _find_kind(self, type_name: str) -> str:
        known = self._operands.get(type_name)
        held = self._classes.get(known.register_class if known and known.register_class else type_name)
        if held is not None:
            return type_kind(held.value_types[0], self.native) if held.value_types else "x"
        if known is None:
            return "x"
        if known.operand_type == "OPERAND_DEFAULT":
            return ""
        if known.decoder_method.startswith("DecodePointerLike"):
            return "i="
        if known.type == "OtherVT" or known.operand_type == "OPERAND_PCREL" or _TARGET_WORDS.search(f"{known.name} {known.print_method}"):
            return "t"
        if known.sub_operands:
            return "m" + "".join(self.kind(part)[:1] for part in known.sub_operands)
        if known.operand_type == "OPERAND_MEMORY" or re.search(r"mem|addr", known.name, re.I):
            return "m"
        return "#"

    def _node(self, n: SDNode, selects: Counter[str]) -> NodeShape:
        common = frozenset(flag for flag, count in selects.items() if 2 * count >= max(selects.values()))
        kinds = frozenset(re.sub(r"\b[ifv]\w*\d+", lambda m: type_kind(m[0], self.native), t) for t in n.types)
        name, arity = n.opcode.rpartition("::")[2], (n.results, n.operands)
        return NodeShape(n.opcode, name, node_meaning(n.opcode), arity, kinds, frozenset(n.properties), common)
