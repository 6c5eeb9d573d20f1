"""Write stubs: function bodies that end the program with a message that names the missing function.

A stub is the last step before a function is left out. ``Bases`` looks up what LLVM's base classes require: what a method overrides, and how
a base is constructed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vega_gen import cxx
from vega_gen.groups import Interfaces, generated_base
from vega_gen.records import (
    Candidate,
    Class,
    Contract,
    FilledStatement,
    Fragment,
    Function,
    Member,
    MemberKind,
    Module,
    Param,
    Plan,
    PlannedClass,
    PlannedFunction,
    Signature,
    StatementKind,
    Step,
    statement_id,
)

ORIGIN = "stub"
_PARTS = "TargetInfo|TargetMCA|TargetMC|Target|AsmPrinter|AsmParser|Disassembler"
_INITIALISER = re.compile(rf"LLVMInitialize(?P<target>\w+?)(?P<part>{_PARTS})\Z")
_PASS_INITIALISER = re.compile(r"initialize\w+Pass\Z")
_PASS_FACTORY = re.compile(r"create\w+Pass\Z")
_NO_PASS = (
    "using Base = MachineFunctionPass;",
    "static char ID;",
    "struct Nothing : Base { Nothing() : Base(ID) {} bool runOnMachineFunction(MachineFunction &) override { return false; } };",
    "return new Nothing();",
)
_UNKNOWN = "a stub: the .td says that it is called, not what it does"
_NOT_WRITTEN = frozenset({"llvm_unreachable", "report_fatal_error"})
_PASSING = frozenset({"const", "&", "llvm", "::", "class", "struct"})
_USUAL = {"Reloc Model": "Reloc::Static", "CodeModel Model": "CodeModel::Small"}  # what LLVM uses where the command line gives none
_DECODE_STATUS = re.compile(r"(?<!::)\bDecodeStatus\b")


def statement(text: str, function: str) -> FilledStatement:
    """A statement of a stub. Its confidence is 0, so that a person looks at it."""
    tokens = cxx.tokenize(text)
    return FilledStatement(statement_id(function, ORIGIN), 0, StatementKind.SIMPLE, tokens, False, (), 0.0, (), doubt=_UNKNOWN)


def stub(target: str, signature: Signature) -> Candidate:
    """A body for this signature that calls ``report_fatal_error`` with the function's name.

    - An ``LLVMInitialize`` or ``initialize...Pass`` function is empty: it runs in every tool before the command line is read, and a fatal
      error would break them all.
    - The TargetInfo one registers the target by name, because otherwise no tool could be asked for it.
    - A condition of a selection pattern is false: such a pattern never matches, and others select what it would have.
    - A function that creates a FunctionPass creates one that changes nothing: it is called for every program.
    - A condition of instruction selection, that of a pattern or a selector of a ComplexPattern, does not hold: what it guards is one of
      several ways to select a node.
    """
    name = f"{signature.class_name}::{signature.name}" if signature.class_name else signature.name
    found = _INITIALISER.match(signature.name)
    head = cxx.render_signature(replace(signature, initialisers=()), in_class=False)  # gives overloads different statement ids
    if _PASS_INITIALISER.match(signature.name):
        body = ()
    elif _PASS_FACTORY.match(signature.name) and signature.result[-2:] == ("FunctionPass", "*"):
        body = tuple(statement(text, f"{head}{n}") for n, text in enumerate(_NO_PASS))
    elif signature.class_name.endswith("DAGToDAGISel") and signature.result[-1:] == ("bool",):
        body = (statement("return false;", head),)
    elif found is None:
        body = (statement(f'report_fatal_error("{target}: {name} is not written yet");', head),)
    elif found["part"] == "TargetInfo":
        match = "[](Triple::ArchType) { return false; }"
        call = f'TargetRegistry::RegisterTarget(getThe{target}Target(), "{target.lower()}", "{target}", "{target}", {match});'
        body = (statement(call, head),)
    else:
        body = ()
    return Candidate(signature, body, 0.0, ORIGIN)


def is_initialiser(name: str) -> bool:
    """Whether this is an ``LLVMInitialize`` function, which LLVM's tools call at startup."""
    return _INITIALISER.match(name) is not None


def initialiser(target: str, name: str) -> PlannedFunction:
    """A stub for one of a target's ``LLVMInitialize`` functions, in the file where LLVM's convention puts it."""
    found = _INITIALISER.match(name)
    assert found is not None
    file = {
        "TargetInfo": f"TargetInfo/{target}TargetInfo.cpp",
        "TargetMC": f"MCTargetDesc/{target}MCTargetDesc.cpp",
        "AsmPrinter": f"{target}AsmPrinter.cpp",
        "AsmParser": f"AsmParser/{target}AsmParser.cpp",
        "Disassembler": f"Disassembler/{target}Disassembler.cpp",
    }.get(found["part"], f"{target}TargetMachine.cpp")
    signature = cxx.parse_function(f'extern "C" LLVM_EXTERNAL_VISIBILITY void {name}() {{}}').signature
    return planned(target, signature, file, Module.SEL)


def planned(
    target: str, signature: Signature, file: str, module: Module, *, namespaces: Sequence[str] = (), in_class: bool = False
) -> PlannedFunction:
    """A planned function without a mined candidate: its only candidate is a stub."""
    made = (stub(target, signature),)
    return PlannedFunction("", module, file, tuple(namespaces), in_class, made, message="no mined function defines it", step=Step.STUB)


def contract_signature(contract: Contract, class_name: str, fragments: Sequence[Fragment] = ()) -> Signature | None:
    """The signature that a contract demands; None if it is not a function.

    ``fragments``: their code tells the result type of a helper that they call, by the variable that it initialises; bool if none does, and
    a node where a transformation of nodes returns it.
    """
    text = contract.signature
    if "(...)" in text:
        variable = re.compile(rf"([\w:]+)\s+\w+\s*=\s*{re.escape(contract.name)}\s*\(")
        given = (found[1] for f in fragments if (found := variable.search(f.code)) and found[1] not in ("auto", "return"))
        returned = re.compile(rf"\breturn {re.escape(contract.name)}\s*\(")
        of_node = any(returned.search(f.code) for f in fragments if f.dag and not f.dag.startswith("["))  # an SDNodeXForm makes a node
        text = f"template <typename... Ts> static {next(given, 'SDValue' if of_node else 'bool')} {contract.name}(const Ts &...)"
    elif "(" not in text:
        return None
    text = _DECODE_STATUS.sub("MCDisassembler::DecodeStatus", text)
    return cxx.parse_function(f"{text} {{}}", class_name).signature


@dataclass
class Bases:
    """Answers questions about the backend's classes and LLVM's base classes.

    ``read``: returns the text of an LLVM header, by its path below ``llvm/include``.
    ``tables``: folder of TableGen's tables.
    ``name``: name of the Target record, which TableGen prefixes its generated classes with.
    ``layout``: the data layout string.
    ``given``: classes of the target's own headers (desc mode), which stay unchanged.
    """

    interfaces: Interfaces
    read: Callable[[str], bytes]
    tables: Path
    name: str
    layout: str
    given: tuple[Class, ...] = ()
    _files: dict[str, tuple[Function, ...]] = field(default_factory=dict[str, tuple[Function, ...]])

    def classes(self, plan: Plan) -> tuple[PlannedClass | Class, ...]:
        """The backend's classes, planned and given."""
        return (*plan.classes, *self.given)

    def of(self, plan: Plan, class_name: str) -> str:
        """The first LLVM class among the bases of a planned class, direct or indirect; "" if there is none."""
        seen: set[str] = set()
        queue = [class_name]
        while queue:
            name = queue.pop(0)
            bare = name.rpartition("::")[2]
            if bare in seen:
                continue
            seen.add(bare)
            own = [c for c in self.classes(plan) if c.name == name or c.name == bare]
            if not own and (generated := generated_base(bare, self.name)):
                return generated
            if not own and bare in self.interfaces.classes:
                return bare
            queue += [bare_base(b) for c in own for b in c.bases]
        return ""

    def method(self, base: str, s: Signature) -> tuple[Class, Member] | None:
        """The nearest declaration of a method, from ``base`` upwards: with the same parameter types, else the first with as many
        parameters."""
        for ancestor in self.interfaces.ancestors(base):
            c = self.interfaces.classes[ancestor]
            same = [m for m in c.members if m.signature is not None and m.signature.name == s.name
                    and len(m.signature.params) == len(s.params)]  # fmt: skip
            exact = [m for m in same if m.signature is not None and cxx.same_overload(m.signature, s)]
            if same:
                return c, (exact or same)[0]
        return None

    def overrides_another(self, plan: Plan, own: Signature, declared: Signature) -> bool:
        """Whether a method overrides an overload of ``declared`` that a base class has beside it."""
        base = self.of(plan, own.class_name)
        found = self.method(base, own) if base else None
        same = found is not None and found[1].signature is not None and cxx.same_overload(found[1].signature, own)
        return same and not cxx.same_overload(own, declared)

    def default(self, plan: Plan, s: Signature) -> bool:
        """Whether a method may be left out: its base class has an implementation that does not just end the program."""
        base = self.of(plan, s.class_name)
        found = self.method(base, s) if base else None
        if found is None or found[1].pure or found[1].deleted:
            return s.name.startswith("~")
        c, m = found
        declared = m.signature
        assert declared is not None
        if not {"virtual", "override"} & {*declared.prefix, *declared.qualifiers}:
            return False
        if c.file not in self._files:
            self._files[c.file] = cxx.parse_file(self.read(c.file), "", c.file).functions
        bodies = [f for f in self._files[c.file] if f.signature.class_name == c.name and f.signature.name == s.name]
        return not any(_NOT_WRITTEN & set(cxx.tokens(f)) for f in bodies if cxx.same_overload(f.signature, declared))

    def pure_at(self, file: str, line: int) -> Signature | None:
        """The method that an LLVM header declares on a line, as a derived class declares it."""
        for c in self.interfaces.classes.values():
            if file.endswith(f"/{c.file}"):
                for m in c.members:
                    if m.line == line and m.signature is not None and m.kind is MemberKind.METHOD:
                        return overriding(m.signature)
        return None

    def constructed(self, plan: Plan, c: PlannedClass | Class, own: Signature) -> tuple[tuple[str, ...], ...]:
        """Initialisers of the constructor ``own`` for those bases and fields of ``c`` that have no default constructor.

        An argument is the parameter with the same name and type, else the only one of that type, else an expression that ends the program.
        """
        base = self.of(plan, c.name)
        kin = frozenset((c.name, base, *self.interfaces.ancestors(base)))
        wanted = [(bare_base(b), bare_base(b)) for b in c.bases]
        own_classes = {p.name for p in self.classes(plan)}
        for m in c.members:
            if m.kind is MemberKind.FIELD and m.name and m.tokens[:1] != ("static",) and m.tokens[0] in own_classes:
                wanted.append((m.name, m.tokens[0]))
        entries: list[tuple[str, ...]] = []
        for name, kind in wanted:
            params = self._constructor(plan, kind)
            if params:
                arguments = ", ".join(self._argument(p, own, kin, plan.target) for p in params if not p.default)
                entries.append(cxx.tokenize(f"{name}({arguments})"))
        for m in c.members:
            at = m.tokens.index(m.name) if m.kind is MemberKind.FIELD and m.name in m.tokens else 0
            plain = at > 0 and m.tokens[0] != "static" and m.tokens[at + 1 :] == (";",)
            if plain and (m.tokens[at - 1] == "&" or m.tokens[0] == "const"):
                given = self._argument(Param(m.tokens[:at], m.name), own, kin, plan.target) if m.tokens[at - 1] == "&" else ""
                entries.append(cxx.tokenize(f"{m.name}({given})"))
        return tuple(entries)

    def made(self, plan: Plan, own: Signature) -> str:
        """``return new X(...)`` for the function ``createX`` of a planned class X, "" for another function. For arguments see
        ``constructed``."""
        kind = next((c for c in self.classes(plan) if own.name == f"create{c.name}" and own.result[-1:] == ("*",)), None)
        if kind is None:
            return ""
        params = self._constructor(plan, kind.name)
        arguments = ", ".join(self._argument(p, own, frozenset((own.name,)), plan.target) for p in params if not p.default)
        return f"return new {kind.name}({arguments});"

    def _constructor(self, plan: Plan, kind: str) -> tuple[Param, ...]:
        """The parameters of a class's shortest constructor other than the copy constructor; () if it needs no arguments."""
        found = [f.candidate.signature for f in plan.functions if f.chosen >= 0 and f.candidate.signature.class_name == kind]
        found += [m.signature for c in self.classes(plan) if c.name == kind for m in c.members if m.signature]
        known = self.interfaces.classes.get(kind)
        found += [m.signature for m in known.members if m.signature and not m.deleted] if known else []
        for table in sorted(self.tables.glob("*.inc")) if generated_base(kind, self.name) else ():
            for text in re.findall(rf"^\s*(?:explicit )?({kind}\([^;{{}}]*\));", table.read_text(encoding="utf-8"), re.MULTILINE):
                found.append(cxx.parse_function(f"{text} {{}}", kind).signature)
        heads = [s.params for s in found if s.name == kind.rpartition("::")[2] and not _copies(s.params, kind)]
        return min(heads, key=lambda ps: sum(not p.default for p in ps), default=())

    def _argument(self, p: Param, own: Signature, kin: Collection[str], target: str) -> str:
        """The argument for a parameter in a constructor ``own``. ``kin``: the constructed class and its bases, for which ``*this`` is
        passed."""
        alike = [q for q in own.params if q.name and _type(q) == _type(p)]
        named = [q for q in alike if q.name == p.name] or [q for q in alike if p.name.endswith(q.name)]  # TuneCPU: CPU
        if "Layout" in p.name and _type(p) == ("StringRef",) and self.layout:
            return f'"{self.layout}"'
        if named or len(alike) == 1:
            return (named or alike)[0].name
        for q in own.params:
            if q.name == p.name and (_type(q), _type(p)) == (("StringRef",), ("std", "string")):
                return f"{q.name}.str()"
            if q.name == p.name and _type(q)[:3] == ("std", "optional", "<") and _type(q)[3:-1] == _type(p):
                return f"{q.name}.value_or({_USUAL.get(' '.join(_type(p)), cxx.render(p.type) + '()')})"
        if _type(p)[:1] and _type(p)[-1] in kin and len(_type(p)) == 1:
            return "*this"
        name = f"{own.class_name}::{own.name}" if own.class_name else own.name
        says = f'report_fatal_error("{target}: {name} is not written yet");'
        return f"[]() -> {cxx.render(p.type)} {{ {says} }}()"



def bare_base(written: str) -> str:
    """``MCAsmBackend`` of ``public MCAsmBackend``, without template arguments."""
    return written.partition("<")[0].split()[-1].rpartition("::")[2] if written.split() else ""


def overriding(s: Signature) -> Signature:
    """A base class's declaration as a derived class writes it."""
    prefix = tuple(w for w in s.prefix if w != "virtual")
    qualifiers = tuple(q for q in s.qualifiers if q not in ("override", "final"))
    params = tuple(replace(p, default=()) for p in s.params)
    return replace(s, prefix=prefix, params=params, qualifiers=(*qualifiers, "override"), initialisers=())


def _copies(params: Sequence[Param], kind: str) -> bool:
    return len(params) == 1 and _type(params[0]) == (kind,)


def _type(p: Param) -> tuple[str, ...]:
    return tuple(t for t in p.type if t not in _PASSING)
