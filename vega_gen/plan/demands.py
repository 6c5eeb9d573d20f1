"""Add names that TableGen's tables use although no contract asks for them: fields of the subtarget, predicate methods, enumerators.

Each function returns the plan with what is missing, and the same plan object where nothing is missing. ``steps`` calls them when the
compiler reports an undeclared name in a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vega_gen import cxx
from vega_gen.archetypes.fragment_names import named_types
from vega_gen.archetypes.parts import CONFIDENCE, ORIGIN
from vega_gen.plan.stubs import planned, statement
from vega_gen.records import Candidate, Description, Member, MemberKind, Module, Plan, PlannedClass, PlannedFunction, Step, SubtargetFeature
from vega_gen.tablegen import predicates

DIAGNOSTICS = "GET_OPERAND_DIAGNOSTIC_TYPES"
"""The part of the matcher's table that lists the enumerators of failed operand matches (AsmMatcherEmitter.cpp)."""
FUSIONS = "Fusions"
"""The key of the macro fusions in what ``listed`` returns."""
DEPRECATIONS = "DeprecationInfo"
"""The key of the functions that say whether an instruction is deprecated (ComplexDeprecationPredicate, llvm/Target/Target.td)."""
SCOPE = "// No .td says more than the names of what is in "
"""The comment above what ``enumerated`` makes of names alone."""
_FUSION = re.compile(r"\bFusions\.push_back\(llvm::(\w+)\)")
_DEPRECATION = re.compile(r"&(get\w+DeprecationInfo)\b")
_LISTED = "GET_SUBTARGETINFO_MACRO"  # where a class uses it, it has a field and a getter for each feature (SubtargetEmitter.cpp)
_DIAGNOSTICS = re.compile(rf"^#ifdef {DIAGNOSTICS}$(.*?)^#endif // {DIAGNOSTICS}$", re.MULTILINE | re.DOTALL)


def featured(plan: Plan, owner: PlannedClass, features: Sequence[SubtargetFeature], name: str) -> Plan:
    """Add to the subtarget the fields that features set and the enumerators of their values, where ``name`` is one of them and is missing.

    Nothing is added if the class takes its fields from TableGen's list.
    """
    if not any(name in (_array(f.field)[0], f.value) for f in features):
        return plan
    present = {t for m in owner.members for t in (m.name, *m.tokens)}
    made: list[Member] = []
    for field in dict.fromkeys(f.field for f in features):
        bare, scope = _array(field)
        values = dict.fromkeys(f.value for f in features if f.field == field and f.value not in ("true", "false"))
        named = [v for v in values if v.isidentifier()]
        if bare in present or (_LISTED in "".join(present) and name not in (bare, *named)):
            continue
        present.add(bare)
        if named and not present & set(named):
            made.append(_member(f"enum {{ {', '.join(f'{v} = {n}' for n, v in enumerate(named, 1))} }};"))
        numbered = [int(found[1]) for f in features if (found := re.fullmatch(rf"{re.escape(bare)}\[(\d+)\]", f.field))]
        if scope:
            made.append(_member(f"bool {bare}[{scope}::NUM_TARGET_REGS] = {{}};", bare))
        elif numbered:
            made.append(_member(f"bool {bare}[{max(numbered) + 1}] = {{}};", bare))
        else:
            made.append(_member(f"unsigned {bare} = 0;" if values else f"bool {bare} = false;", bare))
    if any("NUM_TARGET_REGS" in m.tokens for m in made):
        plan = _including(plan, owner.file, "MCTargetDesc.h")
    return _with_members(plan, owner, made)


def answered(plan: Plan, owner: PlannedClass, description: Description, name: str) -> Plan:
    """Add to the subtarget the methods that Predicate records call, where ``name`` is one of them and is missing.

    A method returns the predicate's condition in terms of features; where the records do not state one, it is a stub.
    """
    asked = predicates.asked(description)
    listed = any(_LISTED in t for m in owner.members for t in m.tokens)
    has = {m.name for m in owner.members} | {m.signature.name for m in owner.members if m.signature}
    has |= {f.candidate.signature.name for f in _chosen(plan) if f.candidate.signature.class_name == owner.name}
    if name not in asked - has:
        return plan
    made: list[PlannedFunction] = []
    for method in sorted(asked - has) if not listed else (name,):
        signature = cxx.parse_function(f"bool {method}() const {{}}", owner.name).signature
        function = planned(plan.target, signature, owner.file, Module.SEL, namespaces=owner.namespaces, in_class=True)
        condition = predicates.answer(description, method)
        if condition:
            returned = replace(statement(f"return {condition};", method), confidence=CONFIDENCE)
            body = Candidate(signature, (returned,), CONFIDENCE, ORIGIN)
            function = replace(function, candidates=(body, *function.candidates), step=Step.ARCHETYPE)
            for field in dict.fromkeys(f.field for f in description.features if f.field in returned.head):
                current = next(c for c in plan.classes if c.name == owner.name)
                plan = featured(plan, current, description.features, field)
        made.append(function)
    return replace(plan, functions=(*plan.functions, *made))


def assumed(plan: Plan, owner: str) -> Plan:
    """The plan where those conditions of the subtarget ``owner`` that are stubs are false: what the .td says no more of is a feature that
    a subtarget need not have, and a selector that asks for it gets on."""

    def known(f: PlannedFunction) -> PlannedFunction:
        s = f.candidate.signature
        if f.step is not Step.STUB or s.class_name != owner or s.result != ("bool",) or s.params:
            return f
        body = Candidate(s, (statement("return false;", s.name),), 0.0, f.candidate.origin)
        return f if f.candidate.statements == body.statements else replace(f, candidates=(body,))

    functions = tuple(map(known, plan.functions))
    return plan if all(f is g for f, g in zip(functions, plan.functions, strict=True)) else replace(plan, functions=functions)


def diagnosed(plan: Plan, owner: PlannedClass, name: str, enumerators: Sequence[str]) -> Plan:
    """Add to the parser the enumerators of failed operand matches, numbered after the last that LLVM has."""
    if name not in enumerators or any(name in m.tokens for m in owner.members):
        return plan
    first, *others = enumerators
    text = ", ".join((f"{first} = FIRST_TARGET_MATCH_RESULT_TY", *others))
    return _with_members(plan, owner, [_member(f"enum {{ {text} }};")])


def enumerated(plan: Plan, file: str, scope: str, names: Sequence[str], description: Description, lacking: str = "") -> Plan:
    """Add what the tables name with the scope ``scope`` at the head of a file: an enumeration of the target's operand types (OperandType in
    OperandNamespace, llvm/Target/Target.td), else numbers that are told apart and functions that return false. Of these the .td says no
    more than the names; false is what a scheduling predicate gives for the usual variant. ``lacking``: a name without which the tables do
    not compile; in the target's own namespace, which records fill too, it tells whether an enumeration or what fragments name is missing.
    """
    types = {o.operand_type for o in description.operand_classes}
    types |= {name for name in names if name.startswith("OPERAND_")}
    own = {name for spaces, name in named_types(description) if spaces == scope}  # types, which are defined where fragments name them
    there = "\n".join(text for f in plan.files if f.path == file for text in f.prologue if f"{SCOPE}{scope}." in text)
    own |= set(re.findall(r"\w+", there))  # what was found to be missing before
    names = [name for name in names if name.rstrip("(") not in own]
    if scope == description.namespace:
        stem = lacking.partition("_")[0] + "_"  # one enumeration has names that begin alike: COND_A, COND_BE
        alike = [name for name in names if name == lacking or name.startswith(stem)]
        wanted = types if not lacking or lacking in types else own_names(description, alike)
        names = [name for name in names if name.rstrip("(") in wanted]
    values = [name for name in names if not name.endswith("(")]
    text = ""
    if values and types.issuperset(values):
        text = _enumeration("OperandType : unsigned ", values, "MCOI::OPERAND_FIRST_TARGET")
    elif names:
        text = f"{SCOPE}{scope}.\n" + (_enumeration(": unsigned ", values, "") if values else "")
        functions = [name[:-1] for name in names if name not in values]
        coding = _coding(description, scope) & set(functions)
        nodes, found = _returned(description, scope), _pointers(description, scope)
        kinds = {name: ("const void *", "nullptr") if name in found else ("SDValue", "SDValue()") if name in nodes else ("bool", "false")
                 for name in functions if name not in coding}  # fmt: skip
        text += "\n".join(
            f"template <typename... Ts> {kind} {name}(const Ts &...) {{ return {value}; }}" for name, (kind, value) in kinds.items()
        )
        text += _coded_numbers(sorted(coding))
    if not text:
        return plan
    text = f"namespace llvm {{\nnamespace {scope} {{\n{text}\n}}\n}}"
    include = '"llvm/MC/MCInstrDesc.h"'
    files = tuple(
        replace(f, includes=tuple(dict.fromkeys((*f.includes, include))), prologue=(text, *f.prologue))
        if f.path == file and text not in f.prologue else f
        for f in plan.files
    )  # fmt: skip
    return replace(plan, files=files) if files != plan.files else plan


def _returned(d: Description, scope: str) -> set[str]:
    """The functions of ``scope`` whose result a transform of nodes (SDNodeXForm) returns: a node."""
    returned = re.compile(rf"\s*return {re.escape(scope)}::(\w+)\(.*\);\s*", re.S)
    return {found[1] for f in d.fragments if not f.dag.startswith("[") and (found := returned.fullmatch(f.code))}


def _coding(d: Description, scope: str) -> set[str]:
    """The functions of ``scope`` that return the code of an immediate, or -1 where it has none: fragments compare what they return with
    -1."""
    called = re.compile(rf"\b{re.escape(scope)}::(\w+)\((?:[^();]|\([^();]*(?:\([^();]*\)[^();]*)*\))*\) *!= *-1\b")
    return {name for f in d.fragments for name in called.findall(f.code)}


def _pointers(d: Description, scope: str) -> set[str]:
    """The functions of ``scope`` that look something up: fragments compare what they return with nullptr."""
    called = re.compile(rf"\b{re.escape(scope)}::(\w+)\([^();]*\) *[!=]= *nullptr\b")
    return {name for f in d.fragments for name in called.findall(f.code)}


def _coded_numbers(names: Sequence[str]) -> str:
    """The functions ``names``, which return the code of an immediate: a number of up to 8 bits itself, as ``facts.selections`` takes it."""
    return "".join(
        f"\n// No .td says which numbers have a code: those of 8 bits are their own.\n"
        f"template <typename T, typename... Ts> int {name}(const T &Value, const Ts &...) {{\n"
        "  if constexpr (std::is_integral_v<T>)\n    return Value >= 0 && Value < 256 ? static_cast<int>(Value) : -1;\n"
        "  else\n    return -1;\n}\n"
        for name in names
    )


def own_names(d: Description, used: Iterable[str]) -> frozenset[str]:
    """The names of the target's namespace that the C++ of fragments uses (Toy::MaskOfNaN), or that are ``used`` elsewhere, as the numbers
    that scheduling predicates compare with, and no record defines."""
    records = {one.name for kind in (d.instructions, d.registers, d.register_classes, d.features) for one in kind}
    records |= {f"{c.name}{end}" for c in d.register_classes for end in ("RegClass", "RegClassID")}
    records |= {*d.subregister_indices, *(f.record for f in d.features)}
    named = {name for f in d.fragments for name in re.findall(rf"(?<![\w:]){re.escape(d.namespace)}::(\w+)", f.code)}
    return frozenset((named | {name.rstrip("(") for name in used}) - records)


def _enumeration(head: str, values: Sequence[str], first: str) -> str:
    """The text of an enumeration. ``first``: the value of the first enumerator, "" for 0."""
    listed = ", ".join((f"{values[0]} = {first}" if first else values[0], *values[1:]))
    return f"enum {head}{{ {listed} }};\n"


def unsaid(
    plan: Plan, path: str, name: str, line: str, owner: str, selector: PlannedClass | None, instructions: PlannedClass | None,
    methods: Iterable[str],
) -> Plan | None:
    """The plan with a function that the conditions of patterns call, or the target's own class of instruction information, of which
    scheduling predicates call ``methods`` (TIIPredicate, llvm/Target/TargetInstrPredicate.td); None where ``name``, on a line of a table,
    is neither. Of the functions the .td says no more than the names: they return false.

    ``path``: the .cpp that includes the table. ``owner``: the class that lacks the name, "" for none. ``selector``,
    ``instructions``: the classes that this file has of instruction selection and of instruction information."""
    if instructions is not None and owner == instructions.name and f"TII->{name}(" in line:
        return _never(plan, instructions, [name])
    if instructions is not None and owner == instructions.name and f"{owner}::{name}(" in line:
        return _never(plan, instructions, [name], of_class=True)
    if owner:
        return None
    if selector is not None and re.search(rf"(?<![\w:>.]){name}\(", line):
        return _never(plan, selector, [name])
    option = selector is not None and name not in (m.name for m in selector.members)
    if selector is not None and option and re.search(rf"(?<![\w:>.&]){name}(?= *(?:\)|&&|\|\||;|\?))", line):
        return _with_members(plan, selector, [_member(f"static constexpr bool {name} = false;", name)])  # an option of the target's C++
    if instructions is None or not re.search(rf"\bconst {name} ?\*|\bTII->{name}::", line):
        return None
    text = f"// As the C++ in the .td calls it.\nnamespace llvm {{\nusing {name} = {instructions.name};\n}}"
    files = tuple(
        replace(f, prologue=(text, *f.prologue)) if f.path == path and text not in f.prologue else f for f in plan.files
    )  # fmt: skip
    return _never(replace(plan, files=files), instructions, (method.rstrip("(") for method in methods))


def listed_in(plan: Plan, owner: PlannedClass, name: str, names: Sequence[str]) -> Plan:
    """The plan with an enumeration in a class of what the tables name in its scope, where ``name`` is of that; functions are not. Of the
    enumerators the .td says no more than the names."""
    present = {t for m in owner.members for t in (m.name, *m.tokens)}
    values = [one for one in names if not one.endswith("(") and one not in present]
    return _with_members(plan, owner, [_member(f"enum {{ {', '.join(values)} }};")]) if name in values else plan


def _never(plan: Plan, owner: PlannedClass, names: Iterable[str], *, of_class: bool = False) -> Plan:
    """Adds methods that return false to a class. ``of_class``: they are called without an object."""
    present = {t for m in owner.members for t in (m.name, *m.tokens)}
    missing = [name for name in dict.fromkeys(names) if name not in present]
    before, after = ("static ", "") if of_class else ("", " const")
    return _with_members(plan, owner, (
        _member(f"template <typename... Ts> {before}bool {name}(const Ts &...){after} {{ return false; }}") for name in missing
    ))  # fmt: skip


def demanded_of(plan: Plan, owner: PlannedClass, head: str) -> Plan:
    """Add a stub for a method of a class, given its head.

    For the parser: a method that creates an optional operand (DefaultMethod of an AsmOperandClass), or parses one that only an alias has
    (ParserMethod). For the subtarget: a method that pattern fragments call.
    """
    signature = cxx.parse_function(f"{head} {{}}", owner.name).signature
    if any(f.qualified_name == f"{owner.name}::{signature.name}" for f in _chosen(plan)):
        return plan
    inside = owner.file.endswith(".h")
    module = Module.SEL if inside else Module.ASS
    function = planned(plan.target, signature, owner.file, module, namespaces=owner.namespaces, in_class=inside)
    return replace(plan, functions=(*plan.functions, function))


def of_subtarget(plan: Plan, subtarget: PlannedClass, name: str, path: str) -> Plan:
    """Add to the subtarget a method that the tables in the file ``path`` call. Tables of registers ask it which of several orders of
    allocation to take (AltOrderSelect, llvm/Target/Target.td): the usual one, 0; what else a method returns the .td does not say."""
    known = (*(t for m in subtarget.members for t in m.tokens), *(f.qualified_name for f in _chosen(plan)))
    if name in known or f"{subtarget.name}::{name}" in known:
        return plan
    if path.endswith("RegisterInfo.cpp"):
        text = f"template <typename... Ts> unsigned {name}(const Ts &...) const {{ return 0; }}"
        made = replace(_member(text), comment="  // The usual order of registers: no .td says when to take another.")
        return _with_members(plan, subtarget, [made])
    if re.match(r"(?:is|has|use)[A-Z]", name):
        return demanded_of(plan, subtarget, f"bool {name}() const")
    result = "MVT" if name.endswith("VT") else "unsigned"  # as LLVM calls what gives a value type
    return demanded_of(plan, subtarget, f"template <typename... Ts> {result} {name}(const Ts &...) const")


def called_by_matcher(name: str, line: str, operand: str, result: str) -> str:
    """The head of a method of the parser that a line of the matcher's table calls, "" for none: DefaultMethod of an AsmOperandClass,
    ParserMethod, AsmMatchConverter of an instruction. ``operand``: the class of operands; ``result``: of parsing one."""
    if operand and f"{name}()->" in line:
        return f"std::unique_ptr<{operand}> {name}() const"
    if re.search(rf"return {name}(?:<[^()]*>)?\(Operands\);", line):
        return f"{result} {name}(OperandVector &Operands)"
    return f"void {name}(MCInst &Inst, const OperandVector &Operands)" if f"{name}(Inst, Operands);" in line else ""


def state_of(name: str) -> str:
    """How a calling convention of TableGen's calls a method of the target's own class of state."""
    return f"static_cast<{name} *>(&State)->"


_RENAMED = {("CCState", "getTarget"): "getMachineFunction"}
"""(Class of LLVM, former method) -> the method that conventions ask for the subtarget now."""


def states_of(name: str) -> tuple[str, ...]:
    """How conventions call a method of the target's own class of state: by pointer, or, in older .td files, by reference."""
    return state_of(name), f"static_cast<{name}&>(State).", f"static_cast<{name} &>(State)."


def renamed(plan: Plan, path: str, old: str, owner: str) -> Plan | None:
    """The plan with another name for a method of ``owner`` that LLVM has renamed since the C++ in the .td was written, at the head of a
    file; None where ``old`` is no such method."""
    new = _RENAMED.get((owner, old))
    if new is None:
        return None
    text = f"// The C++ in the .td is of an LLVM in which {new} was {old}.\n#define {old} {new}"
    files = tuple(
        replace(f, prologue=(text, *f.prologue)) if f.path == path and text not in f.prologue else f for f in plan.files
    )  # fmt: skip
    return replace(plan, files=files) if files != plan.files else plan


def stated(plan: Plan, path: str, name: str, methods: Sequence[str], enumerators: Sequence[str]) -> Plan:
    """The plan with the target's own class of a calling convention's state at the head of a file: CCState, and the methods that the
    conventions of the .td call (CCIf, llvm/Target/TargetCallingConv.td), of which it says no more than their names.

    They return false, which is none of the enumerators: the convention then goes on to its next rule, for caller and callee alike."""
    methods = [method.rstrip("(") for method in methods]
    listed = f"  enum {{ {enumerators[0]} = 1{''.join(f', {name}' for name in enumerators[1:])} }};\n" if enumerators else ""
    stubs = "\n".join(
        f"  // The .td does not say when this holds: it never does here.\n"
        f"  template <typename... Ts> bool {method}(const Ts &...) const {{ return false; }}"
        for method in methods
    )
    text = f"namespace llvm {{\nclass {name} : public CCState {{\npublic:\n  using CCState::CCState;\n{listed}{stubs}\n}};\n}}"
    wanted = ('"llvm/CodeGen/CallingConvLower.h"',)
    files = tuple(
        replace(f, includes=tuple(dict.fromkeys((*f.includes, *wanted))), prologue=(text, *f.prologue))
        if f.path == path and text not in f.prologue else f
        for f in plan.files
    )  # fmt: skip
    return replace(plan, files=files) if files != plan.files else plan


def refused(plan: Plan, path: str, name: str, enumerators: Mapping[str, Sequence[str]]) -> Plan | None:
    """Define the predicates of macro fusions (Fusion, llvm/Target/TargetMacroFusion.td) or deprecated instructions at the head of a file,
    None where ``name`` is neither. They return false: neither to fuse nor to warn is always correct."""
    params = {
        FUSIONS: "const TargetInstrInfo &, const TargetSubtargetInfo &, const MachineInstr *, const MachineInstr &",
        DEPRECATIONS: "MCInst &, const MCSubtargetInfo &, std::string &",
    }
    kind = next((kind for kind in params if name in enumerators.get(kind, ())), None)
    if kind is None:
        return None
    made = "\n".join(f"static bool {one}({params[kind]}) {{ return false; }}" for one in enumerators[kind])
    text = f"namespace llvm {{\n{made}\n}}"
    files = tuple(
        replace(f, prologue=(text, *f.prologue)) if f.path == path and text not in f.prologue else f for f in plan.files
    )  # fmt: skip
    return replace(plan, files=files) if files != plan.files else plan


def listed(tables: Mapping[str, str]) -> dict[str, list[str]]:
    """The enumerators of failed operand matches, the macro fusions and the deprecations that the tables list. ``tables``: file name ->
    text."""
    found: dict[str, list[str]] = {}
    for text in tables.values():
        if "Fusions.push_back" in text:
            found[FUSIONS] = list(dict.fromkeys(_FUSION.findall(text)))
        if "DeprecationInfo" in text:
            found[DEPRECATIONS] = list(dict.fromkeys(_DEPRECATION.findall(text)))
        section = _DIAGNOSTICS.search(text) if DIAGNOSTICS in text else None
        if section:
            found[DIAGNOSTICS] = list(dict.fromkeys(re.findall(r"^\s+(\w+),?$", section[1], re.MULTILINE)))
    return found


def scoped(tables: Mapping[str, str], before: str) -> list[str]:
    """What the tables name after ``before``, a scope with its "::" or the like, in the order of their texts; a function with its "(". What
    they define themselves is left out."""
    texts = [text for text in tables.values() if before in text]
    found = dict.fromkeys(name for text in texts for name in re.findall(rf"(?<![\w:]){re.escape(before)}(\w+\(?)", text))
    defined = {f"{name}(" for text in texts for name in re.findall(r"^\w[\w :*&]*?(\w+)\([^;]*?\) *(?:const *)?\{", text, re.MULTILINE)}
    return [name for name in found if name not in defined]


def _array(field: str) -> tuple[str, str]:
    """The name of a feature's field, and the namespace of the registers that index it: ("Reserved", "Toy") for ``Reserved[Toy::R0]``."""
    bare, _, index = field.partition("[")
    return bare, index.partition("::")[0] if "::" in index else ""


def _member(text: str, name: str = "") -> Member:
    return Member(MemberKind.FIELD if name else MemberKind.OTHER, "public", 0, None, cxx.tokenize(text), name)


def _including(plan: Plan, file: str, end: str) -> Plan:
    """The plan with the backend's header whose path ends with ``end`` included in a file."""
    header = next((f.path for f in plan.files if f.path.endswith(end)), "")
    files = tuple(
        replace(f, includes=(*f.includes, f'"{header}"')) if header and f.path == file and f'"{header}"' not in f.includes else f
        for f in plan.files
    )
    return replace(plan, files=files)


def _chosen(plan: Plan) -> list[PlannedFunction]:
    return [f for f in plan.functions if f.chosen >= 0]


def _with_members(plan: Plan, owner: PlannedClass, members: Iterable[Member]) -> Plan:
    made = tuple(members)
    classes = tuple(replace(c, members=(*c.members, *made)) if c is owner else c for c in plan.classes)
    return replace(plan, classes=classes) if made else plan
