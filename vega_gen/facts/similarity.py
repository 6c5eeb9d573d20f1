"""Measures how much two records of different targets have in common, from 0 to 1."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rapidfuzz import fuzz

from vega_gen.facts.kinds import InstructionShape, NodeShape
from vega_gen.facts.roles import RegisterProfile, RegisterRole
from vega_gen.records import Contract, ContractRole, RegisterClass, SubtargetFeature

# Prefixes of nodes, which count double: they say more about what an instruction does than a fragment's name.
_TELLING = ("ISD::", "own:")
# Flags that must agree: a branch never replaces an instruction that is none.
_DECISIVE = frozenset(
    {"isReturn", "isCall", "isBranch", "isIndirectBranch", "mayStore", "mayLoad", "isPseudo", "isTrap", "usesCustomInserter"}
)
_RELOCATION_WORDS = {
    "pc": "pcrel",
    "rel": "pcrel",
    "pcrel": "pcrel",
    "srel": "pcrel",
    "call": "call",
    "plt": "plt",
    "abs": "abs",
    "refl": "abs",
    "reflong": "32",
    "refquad": "64",
    "word": "32",
    "half": "16",
    "byte": "8",
}


def jaccard(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    """Returns the Jaccard index of two sets, 1 if both are empty."""
    return len(a & b) / len(a | b) if a or b else 1.0


def text_similarity(a: str, b: str) -> float:
    """Returns the similarity of two names, ignoring case and separators."""
    return fuzz.ratio(re.sub(r"[^a-z0-9]", "", a.lower()), re.sub(r"[^a-z0-9]", "", b.lower())) / 100


def instruction_similarity(a: InstructionShape, b: InstructionShape) -> float:
    """Compares two instructions by pattern, operands, flags, implicit registers, names and size.

    Each predicate that ``b`` needs beyond those of ``a`` lowers the score."""
    operators, operator_weight = _operators(a, b)
    parts = (
        (operators, operator_weight),
        (0.3 * _kinds(a.outs, b.outs) + 0.7 * _kinds(a.ins, b.ins), 3.2),
        (_flags(a, b), 2.2),
        (jaccard(a.implicit, b.implicit), 0.6 if a.implicit or b.implicit else 0.0),
        (_names(a, b), 2.6),
        (1.0 if a.size == b.size else 0.5, 0.3),
    )
    score = sum(s * w for s, w in parts) / sum(w for _, w in parts)
    return score - 0.01 * max(0, b.guards - a.guards)


def _operators(a: InstructionShape, b: InstructionShape) -> tuple[float, float]:
    """Returns the similarity of the patterns and its weight, which is low where one of them is missing."""
    if not a.operators and not b.operators:
        return 1.0, 0.6
    if not a.operators or not b.operators:
        return 0.4, 0.8
    shared = a.operators & b.operators

    def weigh(operators: AbstractSet[str]) -> float:
        return sum(2.0 if op.startswith(_TELLING) else 1.0 for op in operators)

    return weigh(shared) / weigh(a.operators | b.operators), 3.4


def _kinds(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    """Compares operand kinds; agreement in a different order counts a little less."""
    if a == b:
        return 1.0
    in_order = sum(_kind(x, y) for x, y in zip(a, b, strict=False))
    sorted_ = sum(_kind(x, y) for x, y in zip(sorted(a), sorted(b), strict=False))  # a store may name the address first
    return max(in_order, 0.9 * sorted_) / max(len(a), len(b))


def _kind(x: str, y: str) -> float:
    if x == y:
        return 1.0
    if x[0] == y[0] == "m":  # memory operands agree best where base and offset are of the same kinds
        return 0.4 + 0.5 * (x[:3] == y[:3]) if min(len(x), len(y)) > 1 else 0.7
    if x[0] == y[0]:
        return 0.6
    return 0.3 if {x[0], y[0]} <= {"#", "t", "m"} else 0.0


def _flags(a: InstructionShape, b: InstructionShape) -> float:
    clash = len((a.flags ^ b.flags) & _DECISIVE)
    return jaccard(a.flags, b.flags) * 0.5 + 0.5 * max(0.0, 1 - 0.5 * clash)


def _names(a: InstructionShape, b: InstructionShape) -> float:
    record = fuzz.ratio(a.stem, b.stem) / 100
    mnemonic = fuzz.ratio(a.mnemonic, b.mnemonic) / 100 if a.mnemonic and b.mnemonic else record
    return max(record, 0.3 * record + 0.7 * mnemonic)


def register_similarity(a: RegisterProfile, b: RegisterProfile) -> float:
    """Compares two registers: by role; ordinary ones by position in calling conventions, name and place in their class.

    Registers of different kinds score low."""
    letters = {kind[0] for kind in a.kinds} & {kind[0] for kind in b.kinds}
    kind = 1.0 if a.kinds & b.kinds else 0.6 if letters else 0.25
    name = max(text_similarity(a.name, b.name), text_similarity(a.asm_name, b.asm_name))
    if a.role and a.role == b.role:
        # The kind of a status register says nothing.
        return (0.85 + 0.1 * name + 0.05 * (a.allocatable == b.allocatable)) * (1.0 if a.role is RegisterRole.FLAGS else 0.3 + 0.7 * kind)
    if a.role or b.role:
        return 0.3 * name * kind
    places = ((a.argument, b.argument, 0.3), (a.result, b.result, 0.2), (a.saved, b.saved, 0.1))
    agreement = sum(w * (1.0 if x == y else 0.4 if min(x, y) >= 0 else 0.0) for x, y, w in places if max(x, y) >= 0)
    weight = sum(w for x, y, w in places if max(x, y) >= 0)
    placed = agreement / weight if weight else 0.5
    index = 1.0 if a.place == b.place and a.members == b.members else 0.7 if a.place == b.place else 0.0
    return (0.45 * placed + 0.25 * name + 0.2 * index + 0.1 * (a.allocatable == b.allocatable)) * kind


@dataclass(frozen=True, slots=True)
class ClassProfile:
    """A register class.

    ``kinds``: of its value types. ``use``: how many operands use it, relative to the most used class. ``purposes``: roles of its
    registers, and "argument", "result", "saved"."""

    record: RegisterClass
    kinds: tuple[str, ...]
    use: float
    purposes: frozenset[str]


def class_similarity(a: ClassProfile, b: ClassProfile) -> float:
    """Compares two register classes by value types, purposes, use, number of members, size and name."""
    if not a.kinds or not b.kinds:
        return 0.0
    first = 1.0 if a.kinds[0] == b.kinds[0] else 0.8 if set(a.kinds) & set(b.kinds) else 0.4 if a.kinds[0][0] == b.kinds[0][0] else 0.0
    x, y = a.record, b.record
    many = min(len(x.members), len(y.members)) / max(len(x.members), len(y.members), 1)
    score = (
        0.3 * first
        + 0.1 * jaccard(set(x.value_types), set(y.value_types))
        + 0.18 * jaccard(a.purposes, b.purposes)
        + 0.12 * many
        + 0.14 * (1 - abs(a.use - b.use))
        + 0.08 * text_similarity(x.name, y.name)
        + 0.04 * (x.size == y.size)
        + 0.04 * (x.allocatable == y.allocatable)
    )
    return score * (1.0 if first else 0.4)


def node_similarity(a: NodeShape, b: NodeShape) -> float:
    """Compares two nodes by the meaning of their names, properties, type profiles and the flags of the instructions that they select."""
    name = 1.0 if a.meaning == b.meaning else 0.8 * text_similarity(a.meaning, b.meaning)
    arity = 0.5 * (a.arity[0] == b.arity[0]) + 0.5 * (a.arity[1] == b.arity[1])
    selects = jaccard(a.selects, b.selects) if a.selects or b.selects else 0.5
    shape = 0.35 * jaccard(a.properties, b.properties) + 0.25 * arity + 0.2 * jaccard(a.types, b.types) + 0.2 * selects
    return 0.55 * name + 0.45 * shape


def _relocation_words(name: str) -> set[str]:
    words: list[str] = re.findall(r"[a-z]+|\d+", name.lower().split("_", 2)[-1])
    return {_RELOCATION_WORDS.get(word, word) for word in words}


def relocation_similarity(a: str, b: str) -> float:
    """Compares two relocations by the words and the spelling of their names after R_<target>_."""
    return 0.6 * jaccard(_relocation_words(a), _relocation_words(b)) + 0.4 * text_similarity(a.split("_", 2)[-1], b.split("_", 2)[-1])


def feature_similarity(a: SubtargetFeature, b: SubtargetFeature) -> float:
    """Compares two features by -mattr name, field and description."""
    described = fuzz.token_set_ratio(a.description.lower(), b.description.lower()) / 100
    return 0.4 * text_similarity(a.name, b.name) + 0.3 * text_similarity(a.field, b.field) + 0.3 * described


def contract_similarity(a: Contract, b: Contract, *, classes: float, kinds: float) -> float:
    """Compares two contracts of the same role.

    ``classes``: similarity of their register classes; ``kinds``: of their operands' kinds; both from 0 to 1."""
    name = text_similarity(a.name, b.name)
    many = min(len(a.records), len(b.records)) / max(len(a.records), len(b.records), 1)
    if a.role is ContractRole.REGISTER_CLASS_DECODER:
        return 0.65 * classes + 0.2 * name + 0.15 * many
    return 0.55 * name + 0.3 * kinds + 0.15 * many
