"""Lower functions of a plan step by step, each time that the compiler, the linker or a crash rejects them.

The steps: the chosen candidate, the next ones, an archetype, the base class's default (the override is left out), a stub, left out.
``blame`` decides which function to lower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vega_gen import cxx
from vega_gen.archetypes.parts import CONFIDENCE, ORIGIN, Parts
from vega_gen.plan import demands
from vega_gen.plan.mend import Unit, member_tokens, without, without_include
from vega_gen.plan.stubs import Bases, contract_signature, initialiser, is_initialiser, overriding, planned, statement, stub
from vega_gen.records import (
    Candidate,
    Class,
    Contract,
    ContractRole,
    Description,
    Member,
    MemberKind,
    Module,
    Plan,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Signature,
    Step,
)
from vega_gen.tablegen import predicates

NEXT = 2
"""How many further candidates are tried where one that compiled alone fails in the whole file."""

_LAYER = "archetypes replace the whole machine code layer"
_PREDICATE = re.compile(r"is[A-Z]\w*\Z")
_RENDER = re.compile(r"add[A-Z]\w*Operands\Z")

Archetype = Callable[[PlannedFunction], Candidate | None]
"""Returns the archetype of a function, None if there is none."""


@dataclass(frozen=True)
class Steps:
    """Lowers the functions of one target.

    ``layer``: the machine code layer as archetypes have it; None if they have none, or if the target's headers were given.
    ``header``: returns the LLVM header that defines a class, as it is included, "" for none."""

    description: Description
    bases: Bases
    archetype: Archetype | None = None
    layer: Parts | None = None
    header: Callable[[str], str] = lambda name: ""

    def lower(self, plan: Plan, index: int, message: str) -> Plan:
        """The plan with one function a step lower; the same plan object if it is at the bottom."""
        f = plan.functions[index]
        if f.step is Step.LEFT_OUT or f.chosen < 0:
            return plan
        said = message if f.step in (Step.FILLED, Step.NEXT_CANDIDATE) else f.message or message
        if f.step in (Step.FILLED, Step.NEXT_CANDIDATE) and f.compiles is not False:
            following = f.chosen + 1
            if following < len(f.candidates) and (f.step is Step.FILLED or following <= NEXT):
                return _put(plan, index, replace(f, chosen=following, step=Step.NEXT_CANDIDATE, message=said))
        if f.step in (Step.FILLED, Step.NEXT_CANDIDATE) and (made := self._archetype(plan, f)):
            better = replace(f, candidates=(made, *f.candidates), chosen=0, step=Step.ARCHETYPE, compiles=None, message=said)
            return _put(plan, index, better)
        f = _out_of_header(replace(f, compiles=False, message=said))
        plan = _with_file(plan, f.file)
        if f.step is not Step.DEFAULT and f.step is not Step.STUB and self._may_be_left_out(plan, f):
            return self._undeclared(plan, index, replace(f, step=Step.DEFAULT))
        if f.declared or not f.candidate.signature.class_name:
            stubbed = self._stubbed(plan, f)
            if f.step is not Step.STUB or stubbed.instead != (f.instead or f.candidate):
                return _put(plan, index, stubbed)
        return self._undeclared(plan, index, replace(f, step=Step.LEFT_OUT, instead=None))

    def bottom(self, plan: Plan, index: int, message: str) -> Plan:
        """The plan with one function lowered to its default, its stub or (if it was there already) left out."""
        while (lowered := self.lower(plan, index, message)) is not plan:
            plan = lowered
            if plan.functions[index].step in (Step.DEFAULT, Step.STUB, Step.LEFT_OUT):
                break
        return plan

    def left_out(self, plan: Plan, index: int, message: str) -> Plan:
        """The plan without a function and its declaration."""
        f = plan.functions[index]
        if f.step is Step.LEFT_OUT:
            return plan
        return self._undeclared(plan, index, replace(f, step=Step.LEFT_OUT, compiles=False, instead=None, message=message))

    def defined_twice(self, plan: Plan, index: int, message: str) -> Plan:
        """The plan without a definition that a table or another function gives as well; the declaration stays."""
        f = plan.functions[index]
        return _put(plan, index, replace(f, step=Step.LEFT_OUT, compiles=False, instead=None, message=message))

    def started(self, plan: Plan) -> Plan:
        """The plan before the first build: functions that do not compile alone, or whose declaration was removed, are lowered."""
        for i, f in enumerate(plan.functions):
            if f.chosen < 0 or f.step is not Step.FILLED:
                continue
            if (met := self._met(plan, f)) is not f:
                plan = _put(plan, i, met)
                continue
            if f.compiles is False or not f.declared:
                plan = self.lower(plan, i, f.message or "its declaration does not compile")
        return plan

    def lacking(self, plan: Plan) -> bool:
        """Whether the plan's machine code layer has a stub or a left-out function, or lacks a folder that the archetypes have."""
        if self.layer is None:
            return False
        own = [f for f in plan.functions if f.chosen >= 0 and _folder(f.file) in self._folders]
        there = {_folder(f.file) for f in own}
        return there != self._folders or any(f.step in (Step.STUB, Step.LEFT_OUT) for f in own)

    def layered(self, plan: Plan) -> Plan:
        """The plan with the archetypes' machine code layer in place of its own. The layer is replaced as a whole because its parts depend
        on each other, and one that lacks a part assembles nothing."""
        assert self.layer is not None
        files, classes, functions = self.layer
        own = [f for f in functions if _folder(f.file)]
        taken: set[int] = set()
        made: list[PlannedFunction] = []
        for f in plan.functions:
            if f.chosen < 0 or _folder(f.file) not in self._folders:
                made.append(f)
                continue
            said = f.message or _LAYER
            s = f.candidate.signature
            other = next((g for g in own if id(g) not in taken and _declares(g, s)), None)
            if other is None:
                made.append(replace(f, chosen=-1, step=Step.LEFT_OUT, compiles=False, instead=None, declared=False, message=said))
            else:
                taken.add(id(other))
                made.append(replace(other, candidates=(other.candidate, *f.candidates), step=Step.ARCHETYPE, message=said))
        made += (replace(f, step=Step.ARCHETYPE, message=_LAYER) for f in own if id(f) not in taken)
        gone = {f.path for f in plan.files if _folder(f.path) in self._folders} - {f.path for f in files}
        for path, name in [(f.path, x.strip('"')) for f in plan.files for x in f.includes]:
            if any(other == name or other.endswith(f"/{name}") for other in gone):
                plan = without_include(plan, path, name)
        return replace(
            plan,
            files=(*(f for f in plan.files if _folder(f.path) not in self._folders), *(f for f in files if _folder(f.path))),
            classes=(*(c for c in plan.classes if _folder(c.file) not in self._folders), *(c for c in classes if _folder(c.file))),
            functions=tuple(made),
        )

    @property
    def _folders(self) -> set[str]:
        """The folders of the machine code layer."""
        return {_folder(f.path) for f in self.layer[0]} - {""} if self.layer is not None else set[str]()

    def overridden(self, plan: Plan, class_name: str, declared: Signature) -> Plan:
        """Add to a class a stub for a pure virtual method of its base."""
        s = replace(overriding(declared), class_name=class_name)
        owner = next((c for c in self.bases.classes(plan) if c.name == class_name), None)
        if owner is None or any(f.step is Step.STUB and _same(f.candidate.signature, s) and f.in_class for f in plan.functions):
            return plan
        for i, f in enumerate(plan.functions):
            if f.chosen >= 0 and _declares(f, s) and not self.bases.overrides_another(plan, f.candidate.signature, s):
                plan = self.left_out(plan, i, f.message or "it does not override the base class's method")
        return self._added(plan, planned(plan.target, s, owner.file, _module(plan, owner.file), namespaces=owner.namespaces, in_class=True))

    def seen(self, plan: Plan, name: str, file: str, text: str) -> Plan:
        """Make a class visible in a file, whose text is ``text``: include its header, or forward-declare it in a header."""
        header = self.header(name) if not any(c.name == name for c in plan.classes) else ""
        own = next((c for c in plan.classes if c.name == name and c.namespaces == ("llvm",) and file.endswith(".h")), None)
        forward = f"namespace llvm {{\nclass {name};\n}}"
        for i, f in enumerate(plan.files):
            if f.path != file:
                continue
            if header and f'#include "{header}"' not in text:
                made = replace(f, includes=(*f.includes, f'"{header}"'))
            elif own is not None and own.file != file and f"class {name};" not in text:
                made = replace(f, prologue=(forward, *f.prologue))
            else:
                continue
            plan = replace(plan, files=(*plan.files[:i], made, *plan.files[i + 1 :]))
        return plan

    def demanded(self, plan: Plan, name: str, file: str) -> Plan:
        """Add a stub for each contract of this name, replacing what has the name but another signature; the same plan if there is none.

        ``file``: the .cpp that includes the tables that call it."""
        subtarget = self._derived(plan, "TargetSubtargetInfo", file)
        if subtarget is not None:
            plan = demands.featured(plan, subtarget, self.description.features, name)
            plan = demands.answered(plan, subtarget, self.description, name)
        asked = [c for c in self.description.contracts if c.name == name]
        # The asm matcher also calls methods of operand classes that no instruction uses, so there is no contract for them.
        if not asked and _PREDICATE.match(name) and name not in predicates.asked(self.description):
            asked = [Contract(name, ContractRole.OPERAND_PREDICATE, f"bool {name}() const", "MCParsedAsmOperand", (), ())]
        elif not asked and _RENDER.match(name):
            head = f"void {name}(MCInst &Inst, unsigned N) const"
            asked = [Contract(name, ContractRole.OPERAND_RENDER, head, "MCParsedAsmOperand", (), ())]
        arities = {len(head.params) for c in asked if (head := contract_signature(c, "")) is not None}
        for contract in asked:
            owner = self._owner(plan, contract, file)
            if contract.owner and owner is None and "(...)" not in contract.signature:
                continue
            in_class = owner is not None
            s = contract_signature(contract, owner.name if owner else "", self.description.fragments)
            there = [f for f in plan.functions if _lives(f) and (in_class or f.file == file)] if s is not None else []
            written = "(...)" in contract.signature and any(f.step is not Step.STUB and f.candidate.signature.name == name for f in there)
            if s is None or written or any(_declares(f, s) and _templated(f.candidate.signature) == _templated(s) for f in there):
                continue
            for i, f in enumerate(plan.functions):
                t = f.candidate.signature if _lives(f) and f.group else None
                if t is None or (t.name, t.class_name) != (s.name, s.class_name) or not (in_class or f.file == file):
                    continue
                if len(t.params) not in arities or _templated(t) != _templated(s):
                    plan = self.left_out(plan, i, f.message or "TableGen's tables call it with another signature")
            place = owner.file if owner else file
            spaces = owner.namespaces if owner else ()
            plan = self._added(plan, planned(plan.target, s, place, _module(plan, file), namespaces=spaces, in_class=in_class))
        return plan

    def tabled(self, plan: Plan, name: str, path: str, file: str, line: str, enumerators: Mapping[str, Sequence[str]], owner: str) -> Plan:
        """Add a name that a line of a table uses and that no contract demands; the same plan if the .td files do not tell what it is.

        ``path``: the .cpp that includes the table. ``file``: where an enumeration would go. ``enumerators``: names that the tables list or
        use, by scope or part (``demands.listed``). ``owner``: the class that lacks the name, "" for none."""
        if any(c.name == name for c in self.description.contracts):
            return plan
        bases = ("TargetSubtargetInfo", "MCTargetAsmParser", "MCParsedAsmOperand", "SelectionDAGISel", "TargetInstrInfo")
        subtarget, parser, operand, selector, instructions = (self._derived(plan, base, path) for base in bases)
        if parser is not None and name in enumerators.get(demands.DIAGNOSTICS, ()):
            return demands.diagnosed(plan, parser, name, enumerators[demands.DIAGNOSTICS])
        if (known := demands.refused(plan, path, name, enumerators) or demands.renamed(plan, path, name, owner)) is not None:
            return known
        result = "ParseStatus" if "ParseStatus" in self.bases.interfaces.classes else "OperandMatchResultTy"
        if parser is not None and (head := demands.called_by_matcher(name, line, operand.name if operand else "", result)):
            return demands.demanded_of(plan, parser, head)
        if methods := enumerators.get(demands.state_of(name)):
            return demands.stated(plan, path, name, methods, enumerators[name])
        if subtarget is not None and owner == subtarget.name and name not in predicates.asked(self.description):
            return demands.of_subtarget(plan, subtarget, name, path)
        if operand is not None and owner == operand.name:
            return demands.listed_in(plan, operand, name, enumerators.get(owner, ()))
        if made := demands.unsaid(plan, path, name, line, owner, selector, instructions, enumerators.get(name, ())):
            return made
        scope = name if {name, f"{name}("}.isdisjoint(enumerators.get(owner, ())) else owner
        return demands.enumerated(plan, file, scope, enumerators.get(scope, ()), self.description, name)

    def _derived(self, plan: Plan, base: str, file: str) -> PlannedClass | None:
        """The planned class that derives from an LLVM class; of several, the one declared beside ``file``."""
        found = [c for c in plan.classes if base in (self.bases.of(plan, c.name), *self._lineage(plan, c.name))]
        return min(found, key=lambda c: c.file.rpartition(".")[0] != file.rpartition(".")[0], default=None)

    def declared(self, plan: Plan, class_name: str, defined: Signature, message: str) -> Plan:
        """Declare a method in its class as a TableGen table defines it, replacing other declarations of the name."""
        owner = next((c for c in plan.classes if c.name == class_name), None)
        if owner is None or any(m.signature == defined for m in owner.members):
            return plan
        for i, f in enumerate(plan.functions):
            s = f.candidate.signature if f.chosen >= 0 else None
            if s is not None and (s.name, s.class_name) == (defined.name, class_name):
                plan = self.left_out(plan, i, message)
        made = Member(MemberKind.METHOD, "public", 0, defined, (), defined.name)
        classes = tuple(
            replace(c, members=(*(m for m in c.members if m.name != defined.name), made)) if c.name == class_name else c
            for c in plan.classes
        )  # fmt: skip
        return replace(plan, classes=classes)

    def defined(self, plan: Plan, signature: Signature, file: str, namespaces: tuple[str, ...] = ()) -> Plan:
        """Add a stub for a function that is declared and not defined. ``file``: a .cpp that sees the declaration."""
        s = replace(signature, params=tuple(replace(p, default=()) for p in signature.params))
        s = self._with_initialisers(plan, s)
        return self._added(plan, planned(plan.target, s, file, _module(plan, file), namespaces=namespaces))

    def initialised(self, plan: Plan, name: str) -> Plan:
        """Add a stub for an ``LLVMInitialize`` function that LLVM's tools call."""
        for i, f in enumerate(plan.functions):
            if f.chosen >= 0 and f.candidate.signature.name == name and not f.candidate.signature.class_name:
                plan = self.left_out(plan, i, f.message or "LLVM's tools do not find it under this signature")
        return self._added(plan, initialiser(plan.target, name))

    def _met(self, plan: Plan, f: PlannedFunction) -> PlannedFunction:
        """Give a function the signature that its contract demands, where donors have it in another class than the .td files demand."""
        role, _, _ = f.group.partition(":")
        s = f.candidate.signature
        asked = [c for c in self.description.contracts if c.name == s.name and c.role == role and c.owner]
        if not s.class_name or not asked or asked[0].owner in self._lineage(plan, s.class_name):
            return f
        owner = self._owner(plan, asked[0], f.file)
        heads = (contract_signature(c, owner.name) for c in asked) if owner is not None else ()
        head = next((h for h in heads if h is not None and len(h.params) == len(s.params)), None)
        if head is None:
            return f

        def with_head(c: Candidate) -> Candidate:
            params = tuple(replace(p, name=q.name or p.name) for p, q in zip(head.params, c.signature.params, strict=False))
            return replace(c, signature=replace(head, params=params))

        return replace(f, candidates=tuple(map(with_head, f.candidates)), compiles=None, message="", declared=True)

    def _added(self, plan: Plan, function: PlannedFunction) -> Plan:
        plan = _with_file(plan, function.file)
        made = self._archetype(plan, function)
        if made is not None:
            function = replace(function, candidates=(made, *function.candidates), step=Step.ARCHETYPE)
        return replace(plan, functions=(*plan.functions, function))

    def _archetype(self, plan: Plan, f: PlannedFunction) -> Candidate | None:
        """The archetype of a function, None if it is already among the candidates."""
        made = (self.archetype(f) if self.archetype is not None else None) or self._machine(plan, f)
        return made if made not in f.candidates else None

    def _machine(self, plan: Plan, f: PlannedFunction) -> Candidate | None:
        """The target machine's constructor, without which no tool gets further. It is built from its parameters and the data layout, and
        emits ELF."""
        s = f.candidate.signature
        owner = next((c for c in plan.classes if c.name == s.class_name), None)
        if _bare(s) != s.name or owner is None or "TargetMachine" not in self._lineage(plan, s.class_name):
            return None
        made = self._with_initialisers(plan, s)
        files = [m.name for m in owner.members if m.kind is MemberKind.FIELD and {"unique_ptr", "TargetLoweringObjectFile"} <= {*m.tokens}]
        lowering = (cxx.tokenize(f"{name}(std::make_unique<TargetLoweringObjectFileELF>())") for name in files)
        body = replace(statement("initAsmInfo();", s.name), confidence=CONFIDENCE)
        return Candidate(replace(made, initialisers=(*made.initialisers, *lowering)), (body,), CONFIDENCE, ORIGIN)

    def _owner(self, plan: Plan, contract: Contract, file: str) -> PlannedClass | Class | None:
        """The class that a contract's methods belong to; of several, the one declared beside ``file``."""
        owners = [c for c in self.bases.classes(plan) if contract.owner and contract.owner in self._lineage(plan, c.name)]
        stem = file.rpartition(".")[0]
        return min(owners, key=lambda c: (c.file.rpartition(".")[0] != stem, c.file), default=None)

    def _lineage(self, plan: Plan, class_name: str) -> Iterable[str]:
        return self.bases.interfaces.ancestors(self.bases.of(plan, class_name))

    def _may_be_left_out(self, plan: Plan, f: PlannedFunction) -> bool:
        s = f.candidate.signature
        given = any(c.name == s.class_name for c in self.bases.given)  # a given header's declarations need definitions
        return bool(s.class_name) and _bare(s) != s.name and not given and self.bases.default(plan, s)

    def _stubbed(self, plan: Plan, f: PlannedFunction) -> PlannedFunction:
        """The function with a stub in its place, with the signature that its class declares."""
        s = f.candidate.signature
        if is_initialiser(s.name):
            made = initialiser(plan.target, s.name).candidate
            return replace(f, step=Step.STUB, instead=made)
        declared = declaration(self.bases.classes(plan), s)
        if declared is not None and _bare(s) != s.name:
            s = replace(declared, class_name=s.class_name)
        had = bool(f.candidate.statements)
        if f.step is Step.STUB or not had:  # keep mined initialisers unless this is already a stub or had no body
            s = self._with_initialisers(plan, s)
        made = stub(plan.target, s)
        creation = "" if f.step is Step.STUB or s.class_name else self.bases.made(plan, s)
        if creation:
            made = replace(made, statements=(statement(creation, s.name),))
        if _bare(s) == s.name and not had:  # a constructor with initialisers alone
            made = replace(made, statements=())
        return replace(f, step=Step.STUB, instead=made)

    def _with_initialisers(self, plan: Plan, s: Signature) -> Signature:
        owner = next((c for c in self.bases.classes(plan) if c.name == s.class_name), None)
        constructed = self.bases.constructed(plan, owner, s) if owner is not None and _bare(s) == s.name else ()
        return replace(s, initialisers=constructed)

    def _undeclared(self, plan: Plan, index: int, f: PlannedFunction) -> Plan:
        """The plan with ``f``, which is no longer defined, and without its declaration."""
        s = f.candidate.signature
        gone = {
            Unit(c.file, c.name, member_tokens(m))
            for c in plan.classes if c.name == s.class_name
            for m in _declaring(c, s)
        }  # fmt: skip
        others = sum(1 for g in plan.functions if g.chosen >= 0 and g.step is not Step.LEFT_OUT
                     and cxx.same_overload(g.candidate.signature, s) and g.candidate.signature.class_name == s.class_name)  # fmt: skip
        plan = _put(plan, index, replace(f, declared=False))
        return without(plan, frozenset(gone)) if s.class_name and others < 2 else plan


def declaration(classes: Iterable[PlannedClass | Class], s: Signature) -> Signature | None:
    """The declaration of a method in its class, None if there is none."""
    return next((m.signature for c in classes if c.name == s.class_name for m in _declaring(c, s)), None)


def _declaring(c: PlannedClass | Class, s: Signature) -> list[Member]:
    """The member of a class that declares a method: none or one."""
    named = [(m, m.signature) for m in c.members if m.kind is MemberKind.METHOD and m.signature is not None and m.signature.name == s.name]
    index = cxx.overload(s, [signature for _, signature in named])
    return [] if index is None else [named[index][0]]


def _folder(path: str) -> str:
    """The first folder of a path, "" for a file of the target's own folder."""
    return path.partition("/")[0] if "/" in path else ""


def _lives(f: PlannedFunction) -> bool:
    """Whether the function has a definition in the backend."""
    return f.chosen >= 0 and f.step not in (Step.DEFAULT, Step.LEFT_OUT)


def _declares(f: PlannedFunction, s: Signature) -> bool:
    return f.candidate.signature.class_name == s.class_name and _same(f.candidate.signature, s)


def _templated(s: Signature) -> bool:
    return s.prefix[:1] == ("template",)


def _same(a: Signature, b: Signature) -> bool:
    return a.name == b.name and len(a.params) == len(b.params)


def _bare(s: Signature) -> str:
    return s.class_name.rpartition("::")[2]


def _out_of_header(f: PlannedFunction) -> PlannedFunction:
    """Move a function that does not compile from a header to the .cpp beside it."""
    if not f.file.endswith(".h"):
        return f
    return replace(f, file=f.file.removesuffix(".h") + ".cpp", in_class=False)


def _with_file(plan: Plan, path: str) -> Plan:
    """The plan with a file of this path. A new file includes the header of its name."""
    if any(f.path == path for f in plan.files):
        return plan
    header = path.rpartition(".")[0] + ".h"
    beside = (f'"{header.rpartition("/")[2]}"',) if any(f.path == header for f in plan.files) else ()
    return replace(plan, files=(*plan.files, PlannedFile(path, (*beside, '"llvm/MC/TargetRegistry.h"'), ())))


def _put(plan: Plan, index: int, f: PlannedFunction) -> Plan:
    return replace(plan, functions=(*plan.functions[:index], f, *plan.functions[index + 1 :]))


def _module(plan: Plan, file: str) -> Module:
    """The module of most functions in a file, else in its folder."""
    found = [f.module for f in plan.functions if f.file == file]
    found = found or [f.module for f in plan.functions if f.file.rpartition("/")[0] == file.rpartition("/")[0]]
    return max(found, key=found.count, default=Module.SEL)


def parsed(text: str) -> tuple[Signature, ...]:
    """The functions that a text at file scope declares."""
    return cxx.parse_file(text.encode(), "", "").prototypes
