"""Reads off a backend's C++ what its records are for: the reference against which found facts are scored, and what ranking learns from.

LLVM's virtual methods have fixed roles: what ``copyPhysReg`` builds copies registers, what ``getReservedRegs`` names is reserved, the
argument of ``<T>GenRegisterInfo`` is the return address. A function may choose by register class or by a feature; every record that it
uses for the role counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vega_gen.facts.backend_text import BackendText, texts, top_level
from vega_gen.facts.operations import CONDITIONS
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import Description, Function, Instruction, SourceFile

_FRAME_CODE = r"emit(Pro|Epi)logue|eliminateFrameIndex|eliminateCallFramePseudoInstr|\w*[aA]djust(Reg|Stack\w*|SP\w*)|emitSPUpdate\w*"
_CONSTANT_CODE = r"\w*(loadImm|LoadImm|movImm|MovImm|materialize|loadConstant|LoadConstant)\w*"
_NOP_CODE = r"getNop|insertNoops?|insertNop"
_TYPE = re.compile(r"[if]\d+|v\d+\w*|nxv\w*|bf16|ppcf128|Untyped|Other")
_ADDRESS = re.compile(r"p0?:(\d+)")
_LAYOUT = re.compile(r'"((?:[eE]|-p0?:[\d:]+)(?:-[^"]*)?)"')


_FLOATING = frozenset(f"SET{name}" for name in ("OEQ", "ONE", "OGT", "OGE", "OLT", "OLE", "O", "UO", "UEQ", "UNE"))
"""Conditions of ISD::CondCode on floating-point values alone."""
_LABELS = _FLOATING | {f"SET{name.upper()}" for name in CONDITIONS}


@dataclass(frozen=True, slots=True)
class Used:
    """What a backend's C++ uses.

    ``records``: key of a fact -> all that the C++ uses for it: names of records, or numbers as text. ``lists``: key of a list of registers
    -> the lists that are acceptable. ``always``, ``ever``: the registers that are reserved under no condition, and under any.
    ``pointers``: the registers that hold addresses."""

    records: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    lists: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict[str, tuple[tuple[str, ...], ...]])
    always: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()


def records_used(d: Description, files: Sequence[SourceFile]) -> Used:
    """Returns what the C++ of the target that ``d`` describes uses in the roles of facts. A role that it does not show is left out."""
    return _RoleReader(d, files).read()


class _RoleReader:
    def __init__(self, d: Description, files: Sequence[SourceFile]) -> None:
        self.v = TargetView(d)
        self.d = d
        self.text = BackendText(files, d.namespace)
        self.instructions = self.v.selections.instructions
        self.registers = {r.name for r in d.registers}
        self.widths = self._address_widths() or {self.v.native}
        self.native = self.v.native if self.v.native in self.widths else max(self.widths)
        self.pointer_classes = frozenset(self._pointer_classes())
        self.pointers = {m for c in d.register_classes if c.name in self.pointer_classes for m in c.members}
        plain = {c.name for c in d.register_classes if f"i{self.native}" in c.value_types}
        self.wide = {c.name for c in d.register_classes if self.pointers & set(c.members)} or plain

    def read(self) -> Used:
        found: dict[str, set[str]] = defaultdict(set)
        for key, value in (*self._registers(), *self._instructions(), *self._conventions(), *self._numbers(), *self._conditions()):
            found[key].add(value)
        found["register.frame_pointer"] -= found["register.stack_pointer"]
        # A register that holds results is no return address: targets without one give a stand-in.
        returned = {r for c in self.d.calling_conventions if c.name.lower().startswith("ret") for r in c.registers}
        found["register.return_address"] -= returned
        always, ever = self._reserved()
        lists = {"registers.arguments": self._argument_lists(), "registers.callee_saved": self._saved_lists()}
        records = {key: frozenset(values) for key, values in found.items() if values}
        return Used(records, {key: each for key, each in lists.items() if each}, always, ever, frozenset(self.pointers))

    def _register(self, name: str) -> bool:
        return name in self.registers

    # ------------------------------------------------------------- registers

    def _registers(self) -> Iterator[tuple[str, str]]:
        text = self.text
        for function, given in text.given("setStackPointerRegisterToSaveRestore"):
            for name in text.resolve(given[0], function, self._register):
                yield "register.stack_pointer", name
        for name in text.returned(text.functions("getFrameRegister"), self._register):
            yield "register.frame_pointer", name
        for function in text.constructors():
            for callee in dict.fromkeys(e[0] for e in function.signature.initialisers if re.fullmatch(r"\w+GenRegisterInfo", e[0])):
                for _, given in text.given(callee, [function]):
                    for name in text.resolve(given[0], function, self._register):
                        if self.v.register_roles.get(name) is not RegisterRole.PROGRAM_COUNTER:
                            yield "register.return_address", name
        reserved = {n for f in text.functions("getReservedRegs") for n in text.mentioned([f], 1) if n in self.registers}
        for function, given in text.given("addReg", text.functions("copyPhysReg")):
            for name in text.resolve(given[0], function, self._register, 1):
                if name in reserved and name in self.pointers:
                    yield "register.zero", name
        for function in text.functions("isConstantPhysReg"):
            for name in text.mentioned([function]):
                if name in self.pointers:
                    yield "register.zero", name
        for callee in ("getRegister", "getCopyFromReg"):
            for _, given in text.given(callee, text.matching(r"\w*(TLS|ThreadPointer)\w*")):
                for name in (n for tokens in given for n in text.named(tokens) if n in self.registers):
                    if name in reserved:
                        yield "register.thread_pointer", name
        yield from (("class.pointer", name) for name in self.pointer_classes)

    def _pointer_classes(self) -> set[str]:
        """Returns the classes that are registered for the integer type of pointers, or else for a variable that may be that type."""
        said: set[str] = set()
        implied: set[str] = set()
        types = {c.name: c.value_types for c in self.d.register_classes}
        for _, given in self.text.given("addRegisterClass"):
            if len(given) == 2 and given[0]:
                names = {name.removesuffix("RegClass") for name in self.text.named(given[1])}
                if given[0][-1] == f"i{self.native}":
                    said |= names
                elif not _TYPE.fullmatch(given[0][-1]):
                    implied |= {n for n in names if f"i{self.native}" in types.get(n, ()) or self.v.type in types.get(n, ())}
        return said or implied

    def _reserved(self) -> tuple[frozenset[str], frozenset[str]]:
        functions = self.text.functions("getReservedRegs")
        always = [{n for tokens in top_level(f) for n in self.text.named(tokens) if n in self.registers} for f in functions]
        ever = {n for n in self.text.mentioned(functions, 2) if n in self.registers}
        return frozenset(set[str].intersection(*always) if always else ()), frozenset(ever)

    def _argument_lists(self) -> tuple[tuple[str, ...], ...]:
        lowering = self.text.functions("LowerFormalArguments", "LowerCall")
        named = {c.name for c in self.d.calling_conventions}
        words = {w for f in lowering for w in _words(f)}
        called = self.text.functions(*words) if not words & named else []
        handlers = self.text.matching(r"CC_\w+|\w*[aA]ssign\w*") if not words & named else []
        return self._lists((*lowering, *called, *handlers))

    def _saved_lists(self) -> tuple[tuple[str, ...], ...]:
        return self._lists(self.text.functions("getCalleeSavedRegs"))

    def _lists(self, functions: Sequence[Function]) -> tuple[tuple[str, ...], ...]:
        """Returns the arrays of registers that functions define or name."""
        used = {w for f in functions for w in _words(f)}
        own = [listed for f in functions for tokens in texts(f) for listed in self._array(tokens)]
        shared = [listed for name, listed in self.text.arrays.items() if name in used]
        return tuple(dict.fromkeys(listed for listed in (*own, *shared) if set(listed) <= self.registers))

    def _array(self, tokens: Sequence[str]) -> Iterator[tuple[str, ...]]:
        shape = " ".join(tokens)
        for body in re.findall(r"\] = \{([^{}]*)\}", shape):
            listed = tuple(self.text.named(body.split()))
            if listed:
                yield listed

    # ---------------------------------------------------------- instructions

    def _instructions(self) -> Iterator[tuple[str, str]]:
        text, native = self.text, self.native
        for i in self._among(text.functions("copyPhysReg"), self._copies_pointer, 1):
            yield f"instruction.copy.{self.v.gpr}", i
        for i in self._among(text.functions("loadRegFromStackSlot"), lambda i: len(i.outs) == 1 and _reads(i) and self._wide(i), 1):
            yield f"instruction.load.{native}", i
        for i in self._among(text.functions("storeRegToStackSlot"), lambda i: not i.outs and self._wide(i), 1):
            yield f"instruction.store.{native}", i
        for i in self._among(text.functions("insertBranch", "analyzeBranch"), _jumps, 1):
            yield "instruction.jump", i
        adding = list(self._among(text.matching(_FRAME_CODE), self._adds_immediate, 3, shallow=False))
        for i in [i for i in adding if i in {s.record for s in self.v.selections.of("add")}] or adding:
            yield "instruction.add_immediate", i
        for i in self._among(text.matching(f"{_FRAME_CODE}|{_CONSTANT_CODE}"), self._sets_constant, 2, shallow=False):
            yield "instruction.constant", i
        for i in self._among(text.matching(_NOP_CODE), lambda i: "isBundle" not in i.flags, 0):
            yield "instruction.nop", i
        for key, functions in (("call", ("LowerCall",)), ("return", ("LowerReturn",))):
            opcodes = {w for f in text.functions(*functions) for w in self._nodes(f)}
            flag = "isCall" if key == "call" else "isReturn"
            for node in self.d.nodes:
                if node.opcode in opcodes:
                    selected = (self.instructions[s.record] for s in self.v.selections.of(node.name))
                    yield from ((f"instruction.{key}", i.name) for i in selected if flag in i.flags)

    def _among(
        self, functions: Iterable[Function], wanted: Callable[[Instruction], bool], deep: int, *, shallow: bool = True
    ) -> Iterator[str]:
        """Yields the instructions of a shape that functions use. ``shallow``: what they call is read only where they use none
        themselves."""
        for function in functions:
            for depth in range(deep + 1) if shallow else (deep,):
                found = [n for n in self.text.mentioned([function], depth) if n in self.instructions and wanted(self.instructions[n])]
                yield from found
                if found:
                    break

    def _nodes(self, function: Function) -> set[str]:
        words = [t for tokens in texts(function) for t in tokens]
        return {f"{a}::{c}" for a, b, c in zip(words, words[1:], words[2:], strict=False) if b == "::" and a.endswith("ISD")}

    def _kinds(self, i: Instruction) -> list[tuple[OperandKind, bool, str]]:
        classes = self.v.selections.operand_classes
        operands = [o for o in self.v.selections.operands(i.name) if not o.default]
        named = ((o, classes[o.type].register_class if o.type in classes and classes[o.type].register_class else o.type) for o in operands)
        return [(o.kind, o.out, name) for o, name in named]

    def _wide(self, i: Instruction) -> bool:
        """Whether all registers that an instruction names are those of pointers."""
        classes = {name for kind, _, name in self._kinds(i) if kind is OperandKind.REG} & self.v.selections.classes
        return bool(classes) and classes <= self.wide

    def _copies_pointer(self, i: Instruction) -> bool:
        kinds = self._kinds(i)
        return self._wide(i) and {True, False} <= {was for kind, was, _ in kinds if kind is OperandKind.REG}

    def _adds_immediate(self, i: Instruction) -> bool:
        kinds = self._kinds(i)
        other = ("sub", "or", "and", "xor", "shl", "srl", "sra", "mul")
        return (
            self._copies_pointer(i)
            and sum(kind is OperandKind.REG and not was for kind, was, _ in kinds) == 1
            and any(kind is OperandKind.IMM for kind, _, _ in kinds)
            and encoded(i)
            and not i.flags & {"isPseudo", "mayLoad", "mayStore", "isCall", "isBranch"}
            and not {"ISD::LOAD", "ISD::STORE"} & set(i.nodes)
            and not any(s.record == i.name for root in other for s in self.v.selections.of(root))
        )

    def _sets_constant(self, i: Instruction) -> bool:
        kinds = self._kinds(i)
        return (
            bool(kinds)
            and kinds[0][1]
            and kinds[0][2] in self.wide
            and not any(kind is OperandKind.REG for kind, _, _ in kinds[1:])
            and any(kind is OperandKind.IMM for kind, _, _ in kinds[1:])
            and encoded(i)
            and not i.flags & {"isPseudo", "mayLoad", "mayStore", "isCall", "isBranch"}
            and not {"ISD::LOAD", "ISD::STORE"} & set(i.nodes)
        )

    # ---------------------------------------------- conventions, numbers

    def _conventions(self) -> Iterator[tuple[str, str]]:
        known = {c.name: c for c in self.d.calling_conventions}
        for key, names in (("arguments", ("LowerFormalArguments",)), ("results", ("LowerReturn",))):
            for name in self._convention_names(self.text.functions(*names), 2):
                if name in known and name.lower().startswith("ret") == (key == "results"):
                    yield f"convention.{key}", name
        for function in self.text.functions("getCalleeSavedRegs"):
            for word in _words(function):
                if word.endswith("_SaveList") and word.removesuffix("_SaveList") in known:
                    yield "convention.callee_saved", word.removesuffix("_SaveList")

    def _convention_names(self, functions: list[Function], deep: int) -> set[str]:
        words = {w for f in functions for w in _words(f)}
        known = {c.name for c in self.d.calling_conventions}
        if words & known or not deep:
            return words & known
        return self._convention_names([f for f in self.text.functions(*words) if f not in functions], deep - 1)

    def _layouts(self) -> list[str]:
        """Returns the parts of the data layout strings: whole ones, or what a function puts together."""
        functions = self.text.matching(r"computeDataLayout|\w+TargetMachine|\w*[dD]ataLayout\w*")
        found = [m for f in functions for tokens in texts(f) for t in tokens for m in _LAYOUT.findall(t)]
        return found or [m for text in self.text.file_texts for m in _LAYOUT.findall(text) if "-" in m]

    def _address_widths(self) -> set[int]:
        """Returns the widths of pointers that a data layout may have; 64 bits where a whole string, or all parts, do not say."""
        plain = [" ".join(t) for f in self.text.functions("computeDataLayout") for t in top_level(f) if "?" not in t]
        sure = {int(m[1]) for text in plain if (m := _ADDRESS.search(text))}
        layouts = self._layouts()
        said = {int(m[1]) for layout in layouts if (m := _ADDRESS.search(layout))}
        silent = any(layout[0] in "eE" and not _ADDRESS.search(layout) for layout in layouts)
        return sure or said | ({64} if silent else set[int]())

    def _numbers(self) -> Iterator[tuple[str, str]]:
        for layout in self._layouts():
            if layout[0] in "eE":
                yield "byte_order", "big" if layout.startswith("E") else "little"
        yield from (("width.pointer", str(width)) for width in self._address_widths())
        for _, given in self.text.given("TargetFrameLowering", self.text.constructors()):
            yield from (("stack.alignment", t) for tokens in given[1:2] for t in tokens if t.isdigit())
        yield "delay_slots", str(int(bool(self.text.matching(r"create\w*DelaySlot\w*"))))

    def _conditions(self) -> Iterator[tuple[str, str]]:
        for function in self.text.matching(r"(?!\w*([fF][pP]|[fF]loat|FCC))\w*"):
            for cases in self.text.cases(function, _LABELS):
                if {"SETEQ", "SETNE"} <= cases.keys() and not cases.keys() & _FLOATING:
                    yield from self._meanings(cases)

    def _meanings(self, cases: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
        for condition in CONDITIONS:
            tokens = cases.get(f"SET{condition.upper()}", ())
            for name in [n for n in tokens if n in self.text.numbers and n not in self.instructions][-1:]:
                yield f"condition.{condition}", str(self.text.numbers[name])
            for name in self.text.named(tokens):
                if name in self.instructions and "isBranch" in self.instructions[name].flags:
                    yield f"instruction.branch.{condition}", name


def _jumps(i: Instruction) -> bool:
    return "isBarrier" in i.flags and "isBranch" in i.flags and "isIndirectBranch" not in i.flags


def _reads(i: Instruction) -> bool:
    return "mayLoad" in i.flags or "ISD::LOAD" in i.nodes


def _words(function: Function) -> set[str]:
    return {t for tokens in texts(function) for t in tokens if t[:1].isalpha()}
