"""Compute feature vectors of targets and of template slots (stage 6; VEGA's target-independent and target-specific properties).

Similarity of two targets' features decides which donors are preferred.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vega_gen.cxx.masker import Masker
from vega_gen.function_template import FunctionTemplate, Hole, Slot
from vega_gen.records import Class, Description, Enum, MemberKind
from vega_gen.tablegen.subtargets import ATTRS, CPU, FEATURES, MODE

_NO_FEATURE = (
    "CallingConv.conditions", "Encoding.older", "InstrInfo.predicates", "Instruction.sized", "Register.encoded", "RegisterClass.orders",
    "Relocation.numbers", "Subtarget.variable", ATTRS, CPU, FEATURES, MODE,
)  # fmt: skip
"""Fields about how records are written, or which subtarget is chosen, rather than about the target."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One property of a target or slot.

    ``value``: a number, a word or a set of words. ``source``: where it was read. ``specific``: whether it belongs to the target
    (VEGA's target-specific properties) rather than to LLVM's interface.
    """

    name: str
    value: float | str | frozenset[str]
    source: str
    specific: bool = True


def target_features(description: Description) -> tuple[Feature, ...]:
    """Return the feature vector of a target, from its TableGen records alone."""
    d = description
    insts = d.instructions
    flags = Counter(f for i in insts for f in i.flags)
    nodes = frozenset(n for i in insts for n in i.nodes)
    sizes = Counter(i.size for i in insts if i.size)
    types = frozenset(t for c in d.register_classes for t in c.value_types)
    data = frozenset(f"{k}={v}" for k, v in d.data.items() if k not in _NO_FEATURE)
    widths = [c.size for c in d.register_classes if c.allocatable and c.size]

    def record(kind: str) -> str:
        return f"{d.folder}.td: {kind}"

    return (
        Feature("registers", float(len(d.registers)), record("Register")),
        Feature("register-classes", float(len(d.register_classes)), record("RegisterClass")),
        Feature("register-width", float(Counter(widths).most_common(1)[0][0]) if widths else 0.0, record("RegisterClass.Size")),
        Feature("value-types", types, record("RegisterClass.RegTypes")),
        Feature("instructions", float(len(insts)), record("Instruction")),
        Feature("instruction-size", float(sizes.most_common(1)[0][0]) if sizes else 0.0, record("Instruction.Size")),
        Feature("instruction-sizes", frozenset(str(s) for s in sizes), record("Instruction.Size")),
        Feature("flags", frozenset(flags), record("Instruction bits")),
        Feature("patterns", nodes, record("Instruction.Pattern")),
        Feature("delay-slots", float(flags["hasDelaySlot"] > 0), record("Instruction.hasDelaySlot")),
        Feature("predicated", float(flags["isPredicable"] > 0), record("Instruction.isPredicable")),
        Feature("nodes", frozenset(n.opcode.rsplit("::", 1)[-1] for n in d.nodes), record("SDNode.Opcode")),
        Feature("features", float(len(d.features)), record("SubtargetFeature")),
        Feature("schedule", _schedule(d), record("Processor")),
        Feature("contracts", frozenset(c.role.value for c in d.contracts), record("contracts")),
        Feature("relocations", float(len(d.relocations)), f"ELFRelocs/{d.folder}.def"),
        Feature("data", data, record("Target, InstrInfo, AsmParser, AsmWriter")),
    )


def _schedule(d: Description) -> str:
    if any(p.itineraries for p in d.processors):
        return "itineraries"
    return "model" if any(p.model for p in d.processors) else "none"


def declaration_features(classes: Iterable[Class], enums: Iterable[Enum], masker: Masker) -> frozenset[str]:
    """Return what a target's headers declare, with its names masked: "<T>InstrInfo::copyPhysReg", "<T>ISD::CALL"."""
    found: set[str] = set()
    for c in classes:
        name = masker.mask(c.name)
        found.add(name)
        for m in c.members:
            if m.kind is MemberKind.METHOD and m.signature:
                found.add(f"{name}::{masker.mask(m.signature.name)}")
            elif m.kind is MemberKind.FIELD:
                found.add(f"{name}.{m.name}")
    for e in enums:
        scope = masker.mask("::".join((*e.scope, e.name)))
        found.update(f"{scope}::{x}" for x in e.enumerators)
    return frozenset(found)


def nearness(a: Sequence[Feature], b: Sequence[Feature], declared_a: frozenset[str], declared_b: frozenset[str]) -> float:
    """Return the similarity of two targets, from 0 to 1.

    It is the mean agreement of their features; where declarations of both are known, these count for half.
    """
    scores: list[float] = []
    other = {f.name: f.value for f in b}
    for f in a:
        value = other.get(f.name)
        if isinstance(f.value, float) and isinstance(value, float):
            scores.append(1 / (1 + abs(math.log2((f.value + 1) / (value + 1)))))
        elif isinstance(f.value, frozenset) and isinstance(value, frozenset):
            scores.append(_jaccard(f.value, value))
        else:
            scores.append(float(f.value == value))
    mean = sum(scores) / len(scores) if scores else 0.0
    if declared_a and declared_b:
        return 0.5 * mean + 0.5 * min(1.0, 2 * _jaccard(declared_a, declared_b))
    return mean


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0


def slot_features(template: FunctionTemplate, slot: Slot) -> tuple[Feature, ...]:
    """Return the feature vector of a slot: its place, how many members have it, and the kinds of its holes."""
    where = f"template {template.group.name} slot {slot.id}"
    lines = slot.lines.values()
    holes = frozenset(t.kind.value for line in lines for t in line.head if isinstance(t, Hole))
    words = Counter(t for line in lines for t in set(line.head) if isinstance(t, str) and t[0].isalpha())
    common = frozenset(w for w, n in words.items() if n * 2 > len(slot.lines))
    return (
        Feature("module", template.group.module.value, where, specific=False),
        Feature("kind", slot.kind.value, where, specific=False),
        Feature("depth", float(slot.id.count(".")), where, specific=False),
        Feature("members", float(len(slot.lines)), where, specific=False),
        Feature("presence", len(slot.lines) / len(template.members), where, specific=False),
        Feature("variants", float(len(slot.variants())), where, specific=False),
        Feature("words", common, where, specific=False),
        Feature("holes", holes, where),
    )
