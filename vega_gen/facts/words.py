"""Describes a record in words that all targets share: what ranking reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, mnemonic
from vega_gen.records import Instruction, Register

_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_FLAGS = frozenset(
    {
        "isReturn",
        "isBranch",
        "isIndirectBranch",
        "isBarrier",
        "isCall",
        "isTerminator",
        "isCompare",
        "isMoveImm",
        "isMoveReg",
        "isTrap",
        "mayLoad",
        "mayStore",
        "isAsCheapAsAMove",
        "isReMaterializable",
        "isPredicable",
        "hasDelaySlot",
        "usesCustomInserter",
        "isPseudo",
        "isCodeGenOnly",
        "isCommutable",
        "hasSideEffects",
        "isConvertibleToThreeAddress",
        "canFoldAsLoad",
        "isBitcast",
        "isAdd",
    }
)
_OPERATOR = re.compile(r"\((\w+)")
_HOW_MANY = 64
"""Words of a record, at most."""


class RecordWords:
    """The words of one target's records. They are made once a record."""

    def __init__(self, v: TargetView) -> None:
        self._v = v
        self._instructions = v.selections.instructions
        self._registers = {r.name: r for r in v.d.registers}
        self._implicit = {name: str(role) for name, role in v.register_roles.items()}
        self._known: dict[tuple[str, bool], tuple[str, ...]] = {}
        self._roots: dict[str, set[str]] = {}
        for root in v.selections.roots:
            for s in v.selections.of(root):
                self._roots.setdefault(s.record, set()).add(v.nodes.get(root, root))
        given = Counter(re.findall(r"\w+", " ".join(result for _, result in v.d.patterns)))
        self._in_patterns = {r: given[r] for r in self._registers if given[r]}
        self._convention: dict[str, list[str]] = {}
        for c in v.d.calling_conventions:
            what = "saved" if c.callee_saved else "result" if c.name.lower().startswith("ret") else "argument"
            for place, register in enumerate(c.registers):
                words = self._convention.setdefault(register, [])
                words += [w for w in (what, f"{what}:{min(place, 9)}") if w not in words]
        self._held: dict[str, list[str]] = {}
        for c in v.d.register_classes:
            for register in c.members:
                kind = f"{'wide' if v.type in c.value_types else 'other'}:{'one' if len(c.members) == 1 else 'many'}"
                words = self._held.setdefault(register, [])
                words += [w for w in (f"in:{kind}", *(("allocatable",) if c.allocatable else ())) if w not in words]

    def of(self, record: str, *, patterns: bool = True) -> tuple[str, ...]:
        """Returns the words of an instruction or a register. ``patterns``: whether to say what selection patterns say about it."""
        key = record, patterns
        if key not in self._known:
            if record in self._instructions:
                made = tuple(self._instruction(self._instructions[record], patterns))
            else:
                made = tuple(self._register(self._registers[record])) if record in self._registers else ()
            self._known[key] = tuple(dict.fromkeys(made))[:_HOW_MANY]
        return self._known[key]

    def _instruction(self, i: Instruction, patterns: bool) -> Iterator[str]:
        word = mnemonic(i)
        yield f"mn={word}"
        yield from (f"mn:{piece}" for piece in re.findall(r"[a-z]+|\d+", word))
        yield from (f"mn^{word[:n]}" for n in (1, 2, 3) if len(word) > n)
        yield from (f"mn${word[-n:]}" for n in (1, 2) if len(word) > n)
        yield from (f"nm:{piece.lower()}" for piece in _PIECE.findall(i.name)[:6])
        operands = self._v.selections.operands(i.name)
        shape = [self._operand(o.type, o.kind, o.part) for o in operands]
        outs = sum(o.out for o in operands)
        yield "form:" + ",".join(shape[:outs]) + "<" + ",".join(shape[outs:])
        yield from (f"op{n}:{kind}" for n, kind in enumerate(shape[:4]))
        yield f"operands:{len(operands)}"
        if any(o.tied for o in operands):
            yield "tied"
        yield from (f"is:{flag}" for flag in sorted(i.flags & _FLAGS))
        yield from (f"asm:{mark}" for mark in "[(=+-#:@!{" if mark in i.asm)
        yield f"size:{i.size}"
        yield f"predicates:{min(len(i.predicates), 3)}"
        for what, names in (("def", i.defs), ("use", i.uses)):
            yield from (f"{what}:{self._implicit.get(name, 'other')}" for name in names[:3])
        if len(i.defs) > 3:
            yield "def:many"
        yield from (f"it:{piece.lower()}" for piece in _PIECE.findall(i.itinerary)[:4])
        for o in operands:
            if o.kind is not OperandKind.REG:
                made = self._v.selections.immediate(i.name, o)
                yield f"imm:{'s' if made.signed else 'u'}{made.bits}"
                yield from (f"ty:{piece.lower()}" for piece in _PIECE.findall(o.type)[:3])
                if self._v.selections.is_upper(o.type):
                    yield "imm:upper"
                break
        if patterns:
            yield from (f"pat:{op}" for op in sorted(set(_OPERATOR.findall(i.pattern)))[:6])
            yield from (f"root:{root}" for root in sorted(self._roots.get(i.name, ()))[:6])
            if not i.pattern and i.name not in self._roots:
                yield "no-pattern"

    def _operand(self, type_name: str, kind: OperandKind, part: int) -> str:
        if kind is OperandKind.REG:
            return ("r" if self._v.holds(type_name) else "x") + ("m" if part >= 0 else "")
        return ("t" if kind is OperandKind.TARGET else "i") + ("m" if part >= 0 else "")

    def _register(self, r: Register) -> Iterator[str]:
        for what, name in (("asm", r.asm_name.lower()), ("nm", r.name.lower())):
            yield f"{what}={name}"
            yield from (f"{what}:{piece}" for piece in re.findall(r"[a-z]+|\d+", name))
        members = self._v.members
        if r.name in members:
            place = members.index(r.name)
            yield "pointer"
            yield from (f"at:{place}", f"back:{len(members) - 1 - place}") if place < 4 or place >= len(members) - 8 else ("at:middle",)
        else:
            yield "no-pointer"
        yield f"hw:{r.encoding}"
        yield f"subregisters:{min(len(r.subregisters), 3)}"
        yield from self._convention.get(r.name, ("no-convention",))
        yield from self._held.get(r.name, ("no-class",))
        if r.name in self._implicit:
            yield f"implicit:{self._implicit[r.name]}"
        if r.name in self._v.d.data.get("Register.constant", "").split():
            yield "constant"
        times = self._in_patterns.get(r.name, 0)
        if times:
            yield f"in-patterns:{min(times.bit_length(), 5)}"
        yield from self._uses(r.name)

    def _uses(self, register: str) -> Iterator[str]:
        counted: Counter[str] = Counter()
        for i in self._users.get(register, ()):
            kind = "call" if "isCall" in i.flags else "return" if "isReturn" in i.flags else ""
            frame = {"ISD::CALLSEQ_START", "ISD::CALLSEQ_END"} & set(i.nodes)
            for what, names in (("def", i.defs), ("use", i.uses)):
                if register in names:
                    few = len(names) <= 4
                    counted[f"{what}-by:{'frame' if frame else kind or 'other'}{'' if few else '-many'}"] += 1
        yield from (f"{word}:{min(n.bit_length(), 4)}" for word, n in counted.items())
        yield from counted

    @cached_property
    def _users(self) -> dict[str, list[Instruction]]:
        found: dict[str, list[Instruction]] = {}
        for i in self._v.d.instructions:
            for name in {*i.defs, *i.uses}:
                found.setdefault(name, []).append(i)
        return found
