"""Mistakes to put into a backend on purpose, for ``benchmarks.mutations``: one each, of the kinds that people make in a description.

A mistake is made in the .td, in the facts that are read off it, or in the code that an archetype writes. RV32IM's records are named here:
these are mistakes in its description, not rules about a target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vega_gen.facts import Facts
from vega_gen.facts.operations import OperandRole

Texts = Mapping[str, str]
_INSTRUCTIONS = "RV32IMInstrInfo.td"
_CONVENTION = "RV32IMCallingConv.td"
_FRAME, _LOWERING = "RV32IMFrameLowering.cpp", "RV32IMISelLowering.cpp"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake. ``what``: in a few words. One of the others is given.

    ``td``: changes the .td files, name -> text. ``facts``: changes the facts. ``code``: changes the generated C++, path -> text."""

    name: str
    what: str
    td: Callable[[Texts], Texts] | None = None
    facts: Callable[[Facts], Facts] | None = None
    code: Callable[[Texts], Texts] | None = None

    @property
    def where(self) -> str:
        """What it changes: "td", "facts" or "code"."""
        return "td" if self.td else "facts" if self.facts else "code"


def put(file: str, *changes: tuple[str, str]) -> Callable[[Texts], Texts]:
    """A change of one file: each first text, which must be there once, gives way to the second. All are found before any is replaced, so
    two texts can change places. Raises ValueError where one is not there, or more than once."""

    def changed(texts: Texts) -> Texts:
        text = texts[file]
        for old, _ in changes:
            if text.count(old) != 1:
                raise ValueError(f"{file} has {text.count(old)} times {old!r}")
        new = dict(changes)
        pattern = re.compile("|".join(re.escape(old) for old in sorted(new, key=len, reverse=True)))
        return {**texts, file: pattern.sub(lambda found: new[found[0]], text)}

    return changed


def swap(file: str, one: str, other: str, *parts: tuple[str, str]) -> Callable[[Texts], Texts]:
    """Swap the words ``one`` and ``other`` in pairs of texts, the first of which says ``one`` and the second ``other``."""
    changes: list[tuple[str, str]] = []
    for first, second in parts:
        changes += [(first, first.replace(one, other)), (second, second.replace(other, one))]
    return put(file, *changes)


def _branch(of: str, to: str) -> Callable[[Facts], Facts]:
    return lambda m: replace(m, branches={**m.branches, of: m.branches[to], to: m.branches[of]})


def _turned(m: Facts) -> Facts:
    """Copies compute zero minus the register."""
    negate = replace(m.copies[m.gpr], record="SUB", roles=(OperandRole.DST, OperandRole.ZERO, OperandRole.SRC))
    return replace(m, copies={**m.copies, m.gpr: negate})


def _operation(fact: str, record: str) -> Callable[[Facts], Facts]:
    """The fact's operation is another instruction with the same operands."""
    return lambda m: replace(m, **{fact: replace(getattr(m, fact), record=record)})


def _word(fact: str, key: object, record: str) -> Callable[[Facts], Facts]:
    """As ``_operation``, for a fact that maps keys to operations."""

    def changed(m: Facts) -> Facts:
        known = getattr(m, fact)
        return replace(m, **{fact: {**known, key: replace(known[key], record=record)}})

    return changed


MUTATIONS = (
    Mutation(
        "subtraction",
        "the operands of sub are swapped in its pattern",
        td=put(
            _INSTRUCTIONS,
            (
                'def SUB  : ALU<0b0100000, 0b000, "sub", sub>, Sched<[WriteALU]>;',
                'def SUB  : ALU<0b0100000, 0b000, "sub", sub>, Sched<[WriteALU]> {\n'
                "  let Pattern = [(set GPR:$rd, (sub GPR:$rs2, GPR:$rs1))];\n}",
            ),
        ),
    ),
    Mutation(
        "shift",
        "sra is selected for srl and srl for sra, by a register",
        td=swap(_INSTRUCTIONS, ", srl>", ", sra>", ('"srl", srl>', '"sra", sra>')),
    ),
    Mutation("shift-immediate", "the same, by an immediate", td=swap(_INSTRUCTIONS, ", srl>", ", sra>", ('"srli", srl>', '"srai", sra>'))),
    Mutation(
        "less-or-equal",
        "setle is written as setlt",
        td=put(
            _INSTRUCTIONS,
            (
                "def : Pat<(i32 (setle GPR:$a, GPR:$b)), (XORI (SLT GPR:$b, GPR:$a), 1)>;",
                "def : Pat<(i32 (setle GPR:$a, GPR:$b)), (SLT GPR:$a, GPR:$b)>;",
            ),
        ),
    ),
    Mutation(
        "unsigned-compare",
        "slt compares unsigned and sltu signed",
        td=swap(_INSTRUCTIONS, "setlt", "setult", ('"slt", setlt', '"sltu", setult')),
    ),
    Mutation(
        "unsigned-branch",
        "blt branches on setult and bltu on setlt",
        td=swap(_INSTRUCTIONS, "setlt", "setult", ('"blt", setlt', '"bltu", setult')),
    ),
    Mutation(
        "equal-branch", "beq branches on setne and bne on seteq", td=swap(_INSTRUCTIONS, "seteq", "setne", ('"beq", seteq', '"bne", setne'))
    ),
    Mutation(
        "branch-or-equal",
        "a branch on setle is the one on setlt",
        td=put(
            _INSTRUCTIONS,
            ("bb:$target),\n          (BGE GPR:$b, GPR:$a, bb:$target)>;", "bb:$target),\n          (BLT GPR:$a, GPR:$b, bb:$target)>;"),
        ),
    ),
    Mutation(
        "extend-byte",
        "lb and lbu are selected for each other",
        td=swap(_INSTRUCTIONS, "sextloadi8", "zextloadi8", ('"lb", sextloadi8', '"lbu", zextloadi8')),
    ),
    Mutation(
        "extend-half",
        "lh and lhu are selected for each other",
        td=swap(_INSTRUCTIONS, "sextloadi16", "zextloadi16", ('"lh", sextloadi16', '"lhu", zextloadi16')),
    ),
    Mutation(
        "store-width",
        "sb and sh are selected for each other",
        td=swap(_INSTRUCTIONS, "truncstorei8", "truncstorei16", ('"sb", truncstorei8', '"sh", truncstorei16')),
    ),
    Mutation(
        "division", "div and divu are selected for each other", td=swap(_INSTRUCTIONS, "sdiv", "udiv", ('"div", sdiv', '"divu", udiv'))
    ),
    Mutation(
        "remainder", "rem and remu are selected for each other", td=swap(_INSTRUCTIONS, "srem", "urem", ('"rem", srem', '"remu", urem'))
    ),
    Mutation(
        "high-product",
        "mulh and mulhu are selected for each other",
        td=swap(_INSTRUCTIONS, "mulhs>", "mulhu>", ('"mulh", mulhs>', '"mulhu", mulhu>')),
    ),
    Mutation("logic", "and is selected for or, and or for and", td=swap(_INSTRUCTIONS, ", or>", ", and>", ('"or", or>', '"and", and>'))),
    Mutation(
        "select",
        "select takes the other value",
        td=put(_INSTRUCTIONS, ("(select GPR:$c, GPR:$a, GPR:$b)", "(select GPR:$c, GPR:$b, GPR:$a)")),
    ),
    Mutation(
        "rounded-upper",
        "the upper part of a constant is not rounded",
        td=put(_INSTRUCTIONS, ("((N->getZExtValue() + 0x800) >> 12)", "(N->getZExtValue() >> 12)")),
    ),
    Mutation(
        "immediate-range",
        "an immediate may have 13 bits where the field has 12",
        td=put(_INSTRUCTIONS, ("isInt<12>(Imm)", "isInt<13>(Imm)")),
    ),
    Mutation(
        "opcode",
        "mul and mulh have each other's encoding",
        td=put(
            _INSTRUCTIONS,
            ('ALU<0b0000001, 0b000, "mul"', 'ALU<0b0000001, 0b001, "mul"'),
            ('ALU<0b0000001, 0b001, "mulh"', 'ALU<0b0000001, 0b000, "mulh"'),
        ),
    ),
    Mutation(
        "store-offset",
        "the offset of a store is encoded in other bits",
        td=put(
            "RV32IMInstrFormats.td",
            ("let Inst{31-25} = addr{11-5};", "let Inst{31-25} = addr{6-0};"),
            ("let Inst{11-7} = addr{4-0};", "let Inst{11-7} = addr{11-7};"),
        ),
    ),
    Mutation("argument-order", "a1 holds the first argument, a0 the second", td=put(_CONVENTION, ("[X10, X11, X12", "[X11, X10, X12"))),
    Mutation("result-order", "a1 holds the result", td=put(_CONVENTION, ("CCAssignToReg<[X10, X11]>", "CCAssignToReg<[X11, X10]>"))),
    Mutation(
        "saved-list",
        "the last callee-saved register is missing in the .td's list",
        td=put(_CONVENTION, ('(sequence "X%u", 18, 27)', '(sequence "X%u", 18, 26)')),
    ),
    Mutation(
        "link-clobbered",
        "a call does not say that it writes the return address",
        td=put(_INSTRUCTIONS, ("let isCall = 1, Defs = [X1], Uses = [X2], rd = 1 in", "let isCall = 1, Uses = [X2], rd = 1 in")),
    ),
    Mutation(
        "saved-fact",
        "functions do not save s1, and callers think that they do",
        facts=lambda m: replace(m, saved=tuple(r for r in m.saved if r != "X9")),
    ),
    Mutation("frame-pointer", "the frame pointer is a register that calls overwrite", facts=lambda m: replace(m, fp="X28")),
    Mutation("scratch", "the prologue uses a callee-saved register as scratch", facts=lambda m: replace(m, scratch="X9")),
    Mutation(
        "reserved", "the zero register may be allocated", facts=lambda m: replace(m, reserved=tuple(r for r in m.reserved if r != "X0"))
    ),
    Mutation("return-address", "the return address is taken to be in another register", facts=lambda m: replace(m, ra="X5")),
    Mutation("copy", "a copy negates", facts=_turned),
    Mutation("branch-fact", "blt and bge are taken for each other", facts=_branch("lt", "ge")),
    Mutation("spill-store", "a spill stores half a register", facts=_word("stores", 32, "SH")),
    Mutation("spill-load", "a reload loads half a register", facts=_word("loads", ("", 32), "LH")),
    Mutation("add-immediate", "ori adjusts the stack pointer", facts=_operation("add_immediate", "ORI")),
    Mutation(
        "variable-arguments",
        "argument registers are stored in the wrong order for va_arg",
        facts=lambda m: replace(m, arguments=tuple(reversed(m.arguments))),
    ),
    Mutation(
        "frame-offset",
        "objects of the frame lie a word off, as one function of the backend has it",
        code=put(_FRAME, ("int64_t Offset = MFI.getObjectOffset(FI);", "int64_t Offset = MFI.getObjectOffset(FI) + 4;")),
    ),
    Mutation(
        "stack-size",
        "the stack pointer is adjusted by too little",
        code=put(_FRAME, ("  MFI.setStackSize(Size);", "  Size -= Size >= 16 ? 16 : 0;\n  MFI.setStackSize(Size);")),
    ),
    Mutation(
        "stack-argument",
        "arguments on the stack are read a word off",
        code=put(
            _LOWERING,
            (
                "MFI.CreateFixedObject(LocVT.getStoreSize(), VA.getLocMemOffset(), true)",
                "MFI.CreateFixedObject(LocVT.getStoreSize(), VA.getLocMemOffset() + 4, true)",
            ),
        ),
    ),
)
