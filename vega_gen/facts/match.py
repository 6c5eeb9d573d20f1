"""Ranks the records of a new target that may play the role of a donor's record, by structure first and by name second.

The caller chooses among them and weighs the scores of several donors.
"""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable

from vega_gen.facts.kinds import InstructionShape, Shapes, type_kind
from vega_gen.facts.roles import profiles, role_names
from vega_gen.facts.similarity import (
    ClassProfile,
    class_similarity,
    contract_similarity,
    feature_similarity,
    instruction_similarity,
    jaccard,
    node_similarity,
    register_similarity,
    relocation_similarity,
    text_similarity,
)
from vega_gen.records import Contract, Description, HoleKind, SubtargetFeature
from vega_gen.tablegen.symbols import getter

Ranked = tuple[tuple[str, float], ...]
_CANDIDATES = 400
_CLASS_SUFFIX = re.compile(r"(RegClassID|RegClass)$")


class Profile:
    """Everything about one target that matching needs, computed once."""

    def __init__(self, d: Description) -> None:
        self.description = d
        roles = role_names(d)
        shapes = Shapes(d, roles)
        kinds = {c.name: tuple(type_kind(t, shapes.native) for t in c.value_types) for c in d.register_classes}
        self.instructions = {s.name: s for s in shapes.instructions}
        self.nodes = {s.opcode: s for s in shapes.nodes}
        self.registers = {p.name: p for p in profiles(d, roles, kinds)}
        uses: dict[str, int] = defaultdict(int)
        holders = {o.name: o.register_class for o in d.operand_classes if o.register_class}
        for i in d.instructions:
            for o in (*i.outs, *i.ins):
                uses[holders.get(o.type, o.type)] += 1
        most = max((uses[c.name] for c in d.register_classes), default=0) or 1
        self.classes = {
            c.name: ClassProfile(
                c,
                kinds[c.name],
                uses[c.name] / most,
                frozenset(p for name in c.members for p in self._purposes(name)),
            )
            for c in d.register_classes
        }
        self.operand_kinds = {o.name: shapes.kind(o.name)[:2] for o in d.operand_classes}
        self.contracts: dict[str, Contract] = {}
        for contract in d.contracts:
            self.contracts.setdefault(contract.name, contract)
        self.features = {alias: f for f in d.features for alias in (f.field, getter(f), f.record, f.name) if alias}
        self._index: dict[str, list[str]] = defaultdict(list)
        for shape in shapes.instructions:
            for key in _keys(shape):
                self._index[key].append(shape.name)

    def _purposes(self, register: str) -> tuple[str, ...]:
        known = self.registers.get(register)
        if known is None:
            return ()
        ordinary = (("argument", known.argument), ("result", known.result), ("saved", known.saved))
        return tuple(p for p in (known.role, *(word for word, place in ordinary if place >= 0)) if p)

    def candidates(self, shape: InstructionShape) -> Iterable[InstructionShape]:
        """Returns the instructions that share the most keys with ``shape``; a rare key counts more than a common one."""
        total = len(self.instructions)
        found: dict[str, float] = defaultdict(float)
        for key in _keys(shape):
            holders = self._index.get(key, [])
            if len(holders) > max(600, total // 6):
                continue
            weight = 1.0 / (1 + len(holders)) ** 0.5
            for name in holders:
                found[name] += weight
        best = sorted(found, key=lambda name: (-found[name], len(name)))[:_CANDIDATES]
        return (self.instructions[name] for name in best)


def _keys(shape: InstructionShape) -> set[str]:
    """Returns the index keys of an instruction: operators, names, flags, operand kinds and implicit registers."""
    form = f"{'/'.join(shape.outs)}<-{'/'.join(shape.ins)}"
    flags = "+".join(sorted(shape.flags - {"isCommutable", "isCodeGenOnly", "isAsCheapAsAMove", "isReMaterializable"}))
    keys = {f"op:{op}" for op in shape.operators} | {f"op:{op}:{form}" for op in shape.operators}
    keys |= {f"mn:{shape.mnemonic}", f"mn:{shape.mnemonic[:3]}", f"stem:{shape.stem}", f"stem:{shape.stem[:4]}", f"flags:{flags}:{form}"}
    if shape.flags & {"isCall", "isReturn", "isBranch", "usesCustomInserter"}:
        keys |= {f"flags:{flags}"} | {f"flag:{f}" for f in shape.flags & {"isCall", "isReturn", "isBranch", "isIndirectBranch"}}
    keys |= {f"implicit:{i}" for i in shape.implicit}
    return keys


_PROFILES: OrderedDict[int, Profile] = OrderedDict()
_MATCHED: dict[tuple[int, int], dict[tuple[HoleKind, str], Ranked]] = {}
_KEPT = 40


def profile(d: Description) -> Profile:
    """Returns the profile of a description object, cached for the 40 most recent ones."""
    found = _PROFILES.get(id(d))
    if found is None or found.description is not d:
        found = _PROFILES[id(d)] = Profile(d)
        if len(_PROFILES) > _KEPT:
            gone, _ = _PROFILES.popitem(last=False)
            for pair in [p for p in _MATCHED if gone in p]:
                del _MATCHED[pair]
    return found


def match(kind: HoleKind, name: str, donor: Description, new: Description, k: int = 5) -> Ranked:
    """Returns at most ``k`` names of ``new`` that may replace ``name`` of the donor's C++, best first, each with a score from 0 to 1.

    ``name`` may be bare ("ADDu", "GPR32RegClass", "hasMips32") or scoped ("Mips::ADDu", "MipsISD::JmpLink", "ELF::R_MIPS_32"); the
    answers are written the same way. A score is roughly the probability that the name is right. Returns () where the donor has no such
    record, or TableGen has no records of that kind (fixups, integers, ...).
    """
    theirs, ours = profile(donor), profile(new)
    known = _MATCHED.setdefault((id(donor), id(new)), {})
    ranked = known.get((kind, name))
    if ranked is None:
        scope, _, bare = name.rpartition("::")
        matcher = _MATCHERS.get(kind)
        ranked = known[kind, name] = matcher(bare, scope, theirs, ours) if matcher else ()
    return ranked[:k]


def _rank(scores: Iterable[tuple[str, float]], scope: str = "") -> Ranked:
    """Sorts by score, then by the shorter name. Each other candidate that scores about as well or better lowers a candidate's score."""
    ordered = sorted(scores, key=lambda pair: (-pair[1], len(pair[0]), pair[0]))[:24]
    rivals: list[tuple[str, float]] = []
    for name, score in ordered:
        others = sum(1 for other, s in ordered if other != name and s >= score - 0.02)
        rivals.append((f"{scope}::{name}" if scope else name, round(min(1.0, max(0.0, score)) / (1 + 0.15 * min(others, 8)), 4)))
    return tuple(sorted((r for r in rivals if r[1] > 0.02), key=lambda pair: -pair[1]))


def _opcode(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    shape = donor.instructions.get(bare)
    if shape is None:
        return ()
    scores = ((s.name, instruction_similarity(shape, s)) for s in new.candidates(shape))
    return _rank(scores, new.description.namespace if scope else "")


def _register(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    asked = donor.registers.get(bare)
    if asked is None:
        return ()
    return _rank(((r.name, register_similarity(asked, r)) for r in new.registers.values()), new.description.namespace if scope else "")


def _register_class(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    found = _CLASS_SUFFIX.search(bare)
    suffix = found[0] if found else ""
    name = bare[: -len(suffix)] if suffix else bare
    asked = donor.classes.get(name)
    if asked is None:
        return ()

    scores = ((name + suffix, class_similarity(asked, c)) for name, c in new.classes.items())
    return _rank(scores, new.description.namespace if scope else "")


def _node(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    asked = donor.nodes.get(f"{scope}::{bare}") or next((n for n in donor.nodes.values() if n.name == bare), None)
    if asked is None:
        return ()
    return _rank((n.opcode if scope else n.name, node_similarity(asked, n)) for n in new.nodes.values())


def _relocation(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    if bare not in donor.description.relocations:
        return ()
    return _rank(((r, relocation_similarity(bare, r)) for r in new.description.relocations), scope)


_FEATURE_FORMS: tuple[Callable[[SubtargetFeature], str], ...] = (getter, lambda f: f.field, lambda f: f.record, lambda f: f.name)


def _feature(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    asked = donor.features.get(bare)
    if asked is None:
        return ()
    form = next(form for form in _FEATURE_FORMS if form(asked) == bare)
    scores = {form(f): feature_similarity(asked, f) for f in new.description.features if form(f)}
    return _rank(scores.items(), new.description.namespace if scope else "")


def _subregister(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    ours, theirs = new.description.subregister_indices, donor.description.subregister_indices
    if bare not in theirs:
        return ()
    place = theirs.index(bare) / max(1, len(theirs) - 1)

    def score(index: int, name: str) -> float:
        return 0.75 * text_similarity(bare, name) + 0.25 * (1 - abs(place - index / max(1, len(ours) - 1)))

    return _rank(((n, score(i, n)) for i, n in enumerate(ours)), new.description.namespace if scope else "")


def _contract(bare: str, scope: str, donor: Profile, new: Profile) -> Ranked:
    asked = donor.contracts.get(bare)
    if asked is None:
        return ()

    theirs = [donor.classes[t] for t in asked.types if t in donor.classes]
    kinds = {donor.operand_kinds[t] for t in asked.types if t in donor.operand_kinds}

    def score(c: Contract) -> float:
        ours = [new.classes[t] for t in c.types if t in new.classes]
        classes = max((class_similarity(x, y) for x in theirs for y in ours), default=0.0)
        agreement = jaccard(kinds, {new.operand_kinds[t] for t in c.types if t in new.operand_kinds})
        return contract_similarity(asked, c, classes=classes, kinds=agreement)

    return _rank((c.name, score(c)) for c in new.contracts.values() if c.role is asked.role)


_MATCHERS: dict[HoleKind, Callable[[str, str, Profile, Profile], Ranked]] = {
    HoleKind.OPCODE: _opcode,
    HoleKind.REGISTER: _register,
    HoleKind.REGISTER_CLASS: _register_class,
    HoleKind.ISD_NODE: _node,
    HoleKind.RELOCATION: _relocation,
    HoleKind.FEATURE: _feature,
    HoleKind.SUBREGISTER: _subregister,
    HoleKind.METHOD: _contract,
}
