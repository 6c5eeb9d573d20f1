"""The keys of facts: which there are, of what kind their values are, and what each asks about an instruction set."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from vega_gen.facts.roles import RegisterRole


class FactKind(StrEnum):
    """What the value of a fact is."""

    REGISTER = "a register"
    REGISTERS = "a list of registers"
    REGISTER_CLASS = "a register class"
    CONVENTION = "a CallingConv or CalleeSavedRegs record"
    OPERATION = "an instruction with the roles of its operands"
    NUMBER = "a number"
    WORD = "a word"


@dataclass(frozen=True, slots=True)
class FactKey:
    """A key, or several that differ in a part written <like this>. ``question``: what the fact says, with the same parts."""

    name: str
    kind: FactKind
    question: str


_CONDITION = "<eq|ne|lt|le|gt|ge|ult|ule|ugt|uge>"
_COMPUTED = "<and|xor|rotl|rotr|mul|mulhs|mulhu|sdiv|udiv|srem|urem>"
_OF_ONE = "<not|ineg|ctlz|cttz|ctpop|bswap>"
COPY = "instruction.copy."
DISTANCE = "distance."
LAYOUT = "layout."
PARTS = "parts."
CODED = "number."
CODING = "coding."
EXTENDER = "instruction.extender"
ONES = "encoding.ones"
_WIDTHS = "8|16|32|64"
_BITS = f"<{_WIDTHS}>"
KEYS = (
    FactKey("class.pointer", FactKind.REGISTER_CLASS, "the register class that holds addresses"),
    FactKey("class.narrow", FactKind.REGISTER_CLASS, "the register class that holds integers narrower than addresses"),
    FactKey("class.float.<32|64>", FactKind.REGISTER_CLASS, "the register class that holds floating-point numbers of <32|64> bits"),
    FactKey("width.pointer", FactKind.NUMBER, "the bits of an address"),
    FactKey("register.stack_pointer", FactKind.REGISTER, "the stack pointer"),
    FactKey("register.frame_pointer", FactKind.REGISTER, "the frame pointer"),
    FactKey("register.return_address", FactKind.REGISTER, "the return address"),
    FactKey("register.zero", FactKind.REGISTER, "the register that always holds zero"),
    FactKey("register.ones", FactKind.REGISTER, "the register that always holds all ones"),
    FactKey("register.scratch", FactKind.REGISTER, "a register that a prologue may overwrite"),
    FactKey("register.thread_pointer", FactKind.REGISTER, "the thread pointer"),
    FactKey("register.global_pointer", FactKind.REGISTER, "the global pointer"),
    FactKey("registers.arguments", FactKind.REGISTERS, "the registers of arguments"),
    FactKey("registers.results", FactKind.REGISTERS, "the registers of results"),
    FactKey("registers.callee_saved", FactKind.REGISTERS, "the registers that a function must preserve"),
    FactKey("registers.reserved", FactKind.REGISTERS, "the registers that the register allocator must not use"),
    FactKey("convention.arguments", FactKind.CONVENTION, "the convention for arguments"),
    FactKey("convention.results", FactKind.CONVENTION, "the convention for results"),
    FactKey("convention.callee_saved", FactKind.CONVENTION, "the list of callee-saved registers"),
    FactKey("instruction.add", FactKind.OPERATION, "how to add two registers"),
    FactKey("instruction.subtract", FactKind.OPERATION, "how to subtract two registers"),
    FactKey("instruction.or", FactKind.OPERATION, "how to combine two registers by or"),
    FactKey("instruction.add_immediate", FactKind.OPERATION, "how to add an immediate to a register"),
    FactKey("instruction.subtract_immediate", FactKind.OPERATION, "how to subtract an immediate from a register"),
    FactKey("instruction.or_immediate", FactKind.OPERATION, "how to combine a register and an immediate by or"),
    FactKey("instruction.shift_left_immediate", FactKind.OPERATION, "how to shift a register left by an immediate"),
    FactKey(f"instruction.{_COMPUTED}", FactKind.OPERATION, f"how to compute {_COMPUTED} of two registers"),
    FactKey("instruction.shift_right_immediate", FactKind.OPERATION, "how to shift a register right by an immediate, filling with zeros"),
    FactKey(
        "instruction.shift_right_signed_immediate", FactKind.OPERATION, "how to shift a register right by an immediate, keeping its sign"
    ),
    FactKey(f"instruction.{_COMPUTED}_immediate", FactKind.OPERATION, f"how to compute {_COMPUTED} of a register and an immediate"),
    FactKey(f"instruction.set{_CONDITION}", FactKind.OPERATION, f"how to set a register to whether {_CONDITION} holds of two registers"),
    FactKey(
        f"instruction.set{_CONDITION}_immediate", FactKind.OPERATION,
        f"how to set a register to whether {_CONDITION} holds of a register and an immediate",
    ),
    FactKey(f"instruction.{_OF_ONE}", FactKind.OPERATION, f"how to compute {_OF_ONE} of a register"),
    FactKey("instruction.sext_inreg.<8|16>", FactKind.OPERATION, "how to extend the sign of the lower <8|16> bits of a register"),
    FactKey("instruction.shift.<shl|srl|sra>", FactKind.OPERATION, "how to <shl|srl|sra> by the amount that another instruction has set"),
    FactKey("instruction.shift_amount.<shl|srl|sra>", FactKind.OPERATION, "how to set the amount of a <shl|srl|sra>"),
    FactKey("instruction.shift_left", FactKind.OPERATION, "how to shift a register left by another"),
    FactKey("instruction.shift_right", FactKind.OPERATION, "how to shift a register right by another, filling with zeros"),
    FactKey("instruction.shift_right_signed", FactKind.OPERATION, "how to shift a register right by another, keeping its sign"),
    FactKey(f"{COPY}<CLASS>", FactKind.OPERATION, "how to copy a register of <CLASS>"),
    FactKey("instruction.constant", FactKind.OPERATION, "how to set a register to a number"),
    FactKey("instruction.constant_upper", FactKind.OPERATION, "how to set the upper bits of a register"),
    FactKey("instruction.prefix", FactKind.OPERATION, "how to give the next instruction the upper bits of its immediate"),
    FactKey("instruction.symbol", FactKind.OPERATION, "how to set a register to a symbol's address"),
    FactKey(f"instruction.load.{_BITS}", FactKind.OPERATION, f"how to load {_BITS} bits"),
    FactKey(f"instruction.load.{_BITS}.<sext|zext|ext>", FactKind.OPERATION, f"how to load {_BITS} bits with <sext|zext|ext>"),
    FactKey(f"instruction.store.{_BITS}", FactKind.OPERATION, f"how to store {_BITS} bits"),
    FactKey("instruction.jump", FactKind.OPERATION, "how to jump to a label"),
    FactKey("instruction.jump_register", FactKind.OPERATION, "how to jump to an address in a register"),
    FactKey(f"instruction.branch.{_CONDITION}", FactKind.OPERATION, f"how to branch where {_CONDITION} holds of two registers"),
    FactKey("instruction.branch.nonzero", FactKind.OPERATION, "how to branch where a register is not zero"),
    FactKey("instruction.compare", FactKind.OPERATION, "how to compare two registers"),
    FactKey("instruction.call", FactKind.OPERATION, "how to call a function by its name"),
    FactKey("instruction.call_register", FactKind.OPERATION, "how to call a function by its address"),
    FactKey("instruction.return", FactKind.OPERATION, "how to return"),
    FactKey("instruction.read_link", FactKind.OPERATION, "how to read the register in which a call leaves the return address"),
    FactKey("instruction.write_link", FactKind.OPERATION, "how to set the register in which a call leaves the return address"),
    FactKey(EXTENDER, FactKind.OPERATION, "how to give the upper bits of its immediate to the instruction behind"),
    FactKey("instruction.nop", FactKind.OPERATION, "the instruction that does nothing"),
    FactKey(f"condition.{_CONDITION}", FactKind.NUMBER, f"the number of the condition code {_CONDITION}"),
    FactKey("stack.alignment", FactKind.NUMBER, "the alignment of the stack in bytes"),
    FactKey("alignment.wide", FactKind.NUMBER, "the alignment in bytes of numbers that are wider than a word"),
    FactKey("operations.left_out", FactKind.WORD, "the operators whose instructions the processor lacks, which no predicate says"),
    FactKey("fragments.left_out", FactKind.WORD, "the fragments and transforms whose C++ this LLVM cannot use: they select nothing"),
    FactKey("byte_order", FactKind.WORD, "the order of bytes in memory, little or big"),
    FactKey(f"{DISTANCE}origin", FactKind.NUMBER, "how many bytes behind an instruction's address its distances count from"),
    FactKey(f"{DISTANCE}origin_of.<OPERAND>", FactKind.NUMBER, "how many bytes behind an instruction's address an <OPERAND> counts from"),
    FactKey(f"{DISTANCE}unit_of.<OPERAND>", FactKind.NUMBER, "how many bytes an <OPERAND> counts as one"),
    FactKey(f"{DISTANCE}sign_of.<OPERAND>", FactKind.WORD, "whether the targets of an <OPERAND> lie ahead, back or both"),
    FactKey(f"{CODING}<OPERAND>", FactKind.WORD, "what an instruction holds for a number x that is an <OPERAND>"),
    FactKey(f"{LAYOUT}<OPERAND>", FactKind.WORD, "where the parts of an <OPERAND> stand in the number that encodes it"),
    FactKey(f"{PARTS}<OPERAND>", FactKind.WORD, "what the parts of an <OPERAND> are where it is a base and an offset"),
    FactKey(f"{CODED}<OPERAND>.<CODE>", FactKind.NUMBER, "the number for which the code <CODE> of an <OPERAND> stands"),
    FactKey(ONES, FactKind.NUMBER, "the bits of every instruction that are 1 where the .td leaves them open"),
    FactKey(f"{ONES}_of.<INSTRUCTION>", FactKind.NUMBER, "the bits of <INSTRUCTION> that are 1 where the .td leaves them open"),
    FactKey("delay_slots", FactKind.NUMBER, "how many delay slots a branch has"),
)
ROLES = {
    RegisterRole.STACK_POINTER: "register.stack_pointer",
    RegisterRole.FRAME_POINTER: "register.frame_pointer",
    RegisterRole.RETURN_ADDRESS: "register.return_address",
    RegisterRole.ZERO: "register.zero",
    RegisterRole.THREAD_POINTER: "register.thread_pointer",
    RegisterRole.GLOBAL_POINTER: "register.global_pointer",
}
"""Role of a register -> the key that says which register has it."""
PART = re.compile(r"<([^>]*)>")
"""A part of a key in which several differ: <CLASS>, or <the|values|of which it is one>."""


@lru_cache(maxsize=4096)
def key_of(name: str) -> FactKey | None:
    """Returns the key ``name`` with its question about just it, None if there is none."""
    for key in KEYS:
        parts = [part[1] for part in PART.finditer(key.name)]
        pattern = "".join(
            re.escape(text) if n % 2 == 0 else r"(\d+)" if text == _WIDTHS else f"({text})" if "|" in text else r"(\w+)"
            for n, text in enumerate(PART.split(key.name))
        )
        if found := re.fullmatch(pattern, name):
            asked = dict(zip(parts, found.groups(), strict=True))
            return FactKey(name, key.kind, PART.sub(lambda part, asked=asked: asked[part[1]], key.question))
    return None


def lack(name: str) -> str:
    """Returns what a missing fact leaves unknown, and how to give it: "how to add two registers is not known: ..."."""
    key = key_of(name)
    assert key is not None
    return f"{key.question} is not known: a facts file gives it as {name}"


def nearest_key(name: str) -> str:
    """Returns the known key that is written most like ``name``, "" if none is like it."""
    every = [one for key in KEYS for one in _spelt(key.name)]
    return next(iter(difflib.get_close_matches(name, every, 1)), "")


def _spelt(name: str) -> list[str]:
    found = PART.search(name)
    if not found:
        return [name]
    options = found[1].split("|") if "|" in found[1] else [found[0].replace("<", "").replace(">", "")]
    return [one for option in options for one in _spelt(name.replace(found[0], option))]
