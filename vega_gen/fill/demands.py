"""Stage 8, while the backend is built: names without a contract that TableGen's tables demand all the same.

Enters: a plan, what a table names. Leaves: the plan with a field, a method or enumerators of that name. It compiles nothing, and puts
nothing in the place of what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vega_gen import cxx
from vega_gen.fill.archetype import CONFIDENCE, ORIGIN
from vega_gen.fill.stubs import planned, statement
from vega_gen.records import Candidate, Description, Feature, Member, MemberKind, Module, Plan, PlannedClass, PlannedFunction, Step
from vega_gen.tablegen import predicates

DIAGNOSTICS = "GET_OPERAND_DIAGNOSTIC_TYPES"
"""The part of the matcher's table that lists the enumerators of failed operand matches (AsmMatcherEmitter.cpp)."""
_DIAGNOSTICS = re.compile(rf"^#ifdef {DIAGNOSTICS}$(.*?)^#endif // {DIAGNOSTICS}$", re.MULTILINE | re.DOTALL)


def featured(plan: Plan, owner: PlannedClass, features: Sequence[Feature], name: str) -> Plan:
    """The plan with the field of a feature in the subtarget, and the enumerators that it is set to, where the class has them not."""
    field = next((f.field for f in features if name in (f.field, f.value)), "")
    if not field:
        return plan
    values = dict.fromkeys(f.value for f in features if f.field == field and f.value.isidentifier())
    named = [v for v in values if v not in ("true", "false")]
    present = {t for m in owner.members for t in (m.name, *m.tokens)}
    texts = [("", f"enum {{ {', '.join(f'{v} = {n}' for n, v in enumerate(named, 1))} }};")] if named else []
    texts += [(field, f"unsigned {field} = 0;" if named else f"bool {field} = false;")]
    return _with_members(
        plan, owner,
        (
            Member(MemberKind.FIELD if member else MemberKind.OTHER, "public", 0, None, cxx.tokenize(text), member)
            for member, text in texts if member not in present and not (not member and present & set(named))
        ),
    )  # fmt: skip


def answered(plan: Plan, owner: PlannedClass, description: Description, name: str) -> Plan:
    """The plan with a method of the subtarget that Predicate records call: what it returns is their condition in features; where they
    do not tell, the method is a stub."""
    has = any(m.name == name or (m.signature and m.signature.name == name) for m in owner.members)
    if has or name not in predicates.asked(description) or any(f.qualified_name == f"{owner.name}::{name}" for f in _chosen(plan)):
        return plan
    signature = cxx.parse_function(f"bool {name}() const {{}}", owner.name).signature
    function = planned(plan.target, signature, owner.file, Module.SEL, namespaces=owner.namespaces, in_class=True)
    condition = predicates.answer(description, name)
    if condition:
        returned = replace(statement(f"return {condition};", name), confidence=CONFIDENCE)
        made = Candidate(signature, (returned,), CONFIDENCE, ORIGIN)
        function = replace(function, candidates=(made, *function.candidates), step=Step.ARCHETYPE)
        fields = dict.fromkeys(f.field for f in description.features if f.field in returned.head)
        for field in fields:
            current = next(c for c in plan.classes if c.name == owner.name)
            plan = featured(plan, current, description.features, field)
    return replace(plan, functions=(*plan.functions, function))


def diagnosed(plan: Plan, owner: PlannedClass, name: str, enumerators: Sequence[str]) -> Plan:
    """The plan with the enumerators of failed operand matches in the parser, after the last that LLVM has itself."""
    if name not in enumerators or any(name in m.tokens for m in owner.members):
        return plan
    first, *others = enumerators
    text = ", ".join((f"{first} = FIRST_TARGET_MATCH_RESULT_TY", *others))
    return _with_members(plan, owner, [Member(MemberKind.OTHER, "public", 0, None, cxx.tokenize(f"enum {{ {text} }};"))])


def enumerated(plan: Plan, file: str, scope: str, enumerators: Sequence[str], description: Description) -> Plan:
    """The plan with an enumeration of the target's own operand types (OperandType in OperandNamespace, llvm/Target/Target.td) at the head
    of a file, where the tables name some by ``scope``."""
    types = {o.operand_type for o in description.operand_classes}
    if not enumerators or not types.issuperset(enumerators):
        return plan
    first, *others = enumerators
    listed = ", ".join((f"{first} = MCOI::OPERAND_FIRST_TARGET", *others))
    text = f"namespace llvm {{\nnamespace {scope} {{\nenum OperandType : unsigned {{ {listed} }};\n}}\n}}"
    include = '"llvm/MC/MCInstrDesc.h"'
    files = tuple(
        replace(f, includes=tuple(dict.fromkeys((*f.includes, include))), prologue=(text, *f.prologue))
        if f.path == file and text not in f.prologue else f
        for f in plan.files
    )  # fmt: skip
    return replace(plan, files=files) if files != plan.files else plan


def demanded_of(plan: Plan, parser: PlannedClass, head: str) -> Plan:
    """The plan with a stub for a method of the parser: one that makes an optional operand (DefaultMethod of an AsmOperandClass), or parses
    one that only an alias has (ParserMethod)."""
    signature = cxx.parse_function(f"{head} {{}}", parser.name).signature
    if any(f.qualified_name == f"{parser.name}::{signature.name}" for f in _chosen(plan)):
        return plan
    function = planned(plan.target, signature, parser.file, Module.ASS, namespaces=parser.namespaces, in_class=False)
    return replace(plan, functions=(*plan.functions, function))


def listed(tables: Mapping[str, str], scope: str) -> dict[str, list[str]]:
    """The enumerators of failed operand matches that a table lists, and what the tables name in a scope, in the order of their texts.

    ``tables``: TableGen's files by name."""
    found: dict[str, dict[str, None]] = {scope: {}}
    for text in tables.values():
        if f"{scope}::" in text:
            found[scope] |= dict.fromkeys(re.findall(rf"\b{re.escape(scope)}::(\w+)", text))
        section = _DIAGNOSTICS.search(text) if DIAGNOSTICS in text else None
        if section:
            found[DIAGNOSTICS] = dict.fromkeys(re.findall(r"^\s+(\w+),?$", section[1], re.MULTILINE))
    return {name: list(names) for name, names in found.items()}


def _chosen(plan: Plan) -> list[PlannedFunction]:
    return [f for f in plan.functions if f.chosen >= 0]


def _with_members(plan: Plan, owner: PlannedClass, members: Iterable[Member]) -> Plan:
    made = tuple(members)
    classes = tuple(replace(c, members=(*c.members, *made)) if c is owner else c for c in plan.classes)
    return replace(plan, classes=classes) if made else plan
