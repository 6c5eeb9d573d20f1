"""Finds how registers are copied, and which registers a stack frame needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vega_gen.facts.choosing import Choice
from vega_gen.facts.keys import ROLES
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.role_evidence import role_candidates
from vega_gen.facts.roles import RegisterRole, is_real
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, dst_and, encoded, mnemonic
from vega_gen.records import Evidence, Instruction

_MOVES = re.compile(r"(mov|move|mv|cpy|copy|mr|lg?r|mov32|mov16)(\.[bhwlqsd])?|f(mov|mv)(\.?[sd])?|fmr|l[de]r")
_MOVE_RECORD = re.compile(r"(MOVE?|MV|COPY|CPY)_?\d*_?(rr?|reg)?", re.I)
"""The name of a move's record, where the mnemonic is another, as "set" and "ld"."""
_ASSIGNED = re.compile(r"\s*\$\{?(\w+)\}?\s*:?=\s*\$\{?(\w+)\}?\s*;?\s*")
"""Assembly that assigns one operand to another."""
_RESERVED = frozenset(RegisterRole) - {RegisterRole.FRAME_POINTER, RegisterRole.RETURN_ADDRESS}


@dataclass(frozen=True, slots=True)
class FrameRegisters:
    """The registers that a stack frame needs. ``fp``: the frame pointer; ``scratch``: one that a prologue may clobber; both "" if there is
    none. ``reserved``: those that the register allocator must not use."""

    fp: str
    scratch: str
    reserved: tuple[str, ...]


def copies(
    v: TargetView, zero: str, combine: Operation | None, add_immediate: Operation | None, or_immediate: Operation | None
) -> dict[str, Operation]:
    """Returns register class -> the instruction that copies one of its registers: a move, by flag or assembly.

    The pointer's class, where it has no move, is copied by that of a class that has all its registers, or by ``combine`` (an or, or an
    addition, of two registers) with the zero register, or by an immediate form with 0; not by one whose destination is its source."""
    found: dict[str, Operation] = {}
    for i in v.d.instructions:
        operands = [o for o in v.selections.operands(i.name) if not o.default]
        two = len(operands) == 2 and operands[0].out and not operands[1].out
        whole = {(o.kind, o.part) for o in operands} == {(OperandKind.REG, -1)}
        if is_move(i) and two and whole and operands[0].type == operands[1].type and not i.flags & {"isPseudo", "mayLoad", "mayStore"}:
            known = v.selections.operand_classes.get(operands[0].type)
            name = known.register_class if known and known.register_class else operands[0].type
            made = v.operation(i.name, dst_and(OperandKind.REG, OperandRole.SRC))
            if made:
                found.setdefault(name, made)
    for s in v.selections.of("fcopysign"):
        operands = v.selections.operands(s.record)
        names = {v.class_of(o.type) for o in operands}
        if len(operands) == 3 and len(names) == 1 and encoded(v.selections.instructions[s.record]):
            # A number with its own sign is the number.
            roles = tuple(OperandRole.DST if o.out else OperandRole.SRC for o in operands)
            found.setdefault(names.pop(), Operation(s.record, roles, outs=1))
    wider = {c.name for c in v.d.register_classes if {*v.members} <= {*c.members}}
    if v.gpr and (found.keys() & wider):
        found.setdefault(v.gpr, next(op for name, op in found.items() if name in wider))
    if v.gpr in found:
        return found
    immediate = add_immediate or or_immediate
    if combine and zero and not combine.tied:
        found[v.gpr] = _with(combine, OperandRole.SRC2, OperandRole.ZERO)
    elif immediate and not immediate.tied:
        found[v.gpr] = _with(immediate, OperandRole.IMM, OperandRole.NONE)
    return found


def is_move(i: Instruction) -> bool:
    """Whether an instruction is a move, by its flag, its mnemonic or the name of its record, or because its assembly assigns its input to
    its output."""
    assigned = _ASSIGNED.fullmatch(i.asm)
    assigns = assigned is not None and [o.name for o in (*i.outs, *i.ins)] == list(assigned.groups())
    named = not i.pattern and _MOVE_RECORD.fullmatch(i.name) is not None
    return "isMoveReg" in i.flags or assigns or named or _MOVES.fullmatch(mnemonic(i)) is not None


def _with(op: Operation, role: OperandRole, other: OperandRole) -> Operation:
    return Operation(op.record, tuple(other if r is role else r for r in op.roles), fixed=op.fixed)


def _no_base(v: TargetView) -> Iterable[str]:
    """Returns the register that cannot be the base of an address though operands of pointers do not say so: number 0 stands for zero there,
    and a class with all others of the pointer's class exists for that (PointerLikeRegClass, llvm/Target/Target.td)."""
    codes = {r.name: r.encoding for r in v.d.registers}
    if not any(o.decoder_method.startswith("DecodePointerLike") for o in v.d.operand_classes):
        return ()
    lacking = [{*v.members} - {*c.members} for c in v.d.register_classes if v.type in c.value_types]
    return next((found for found in lacking if len(found) == 1 and not any(codes[r] for r in found)), ())


def frame_registers(
    v: TargetView, constants: tuple[str, ...], convention: Collection[str], saved: tuple[str, ...]
) -> FrameRegisters:
    """Returns the frame pointer, the scratch register and the reserved registers.

    ``constants``: registers that hold a constant; ``convention``: registers of arguments and results; ``saved``: callee-saved ones.
    Where no register is named as the frame pointer, it is the last callee-saved one, else the second that nothing else uses."""
    sp, ra = v.register(RegisterRole.STACK_POINTER), v.register(RegisterRole.RETURN_ADDRESS)
    named = [*role_candidates(v.d, RegisterRole.FRAME_POINTER, v.named(RegisterRole.FRAME_POINTER))]
    unreal = {r.name for r in v.d.registers if not is_real(r)}
    kept = [r for r in reversed(saved) if r in v.members and r not in (sp, ra) and r not in unreal]
    likely = next((c.value for c in named), next(iter(kept), ""))
    taken = {sp, likely, ra, *constants, *convention, *saved, *(r for r in v.members if v.register_roles.get(r))}
    free = [r for r in v.members if r not in taken and r not in unreal]
    guesses = [*((r, "the last callee-saved register" if r == kept[0] else "a callee-saved register") for r in kept),
               *((r, "which no convention uses") for r in free[1:])]  # fmt: skip
    default = (Choice(r, Evidence.DEFAULT, f"no record names a frame pointer: {r}, {what}, is assumed") for r, what in guesses)
    fp = v.choose(ROLES[RegisterRole.FRAME_POINTER], [*named, *default])
    reason = "is assumed to be free in a prologue: no convention names it"
    scratch = v.choose("register.scratch", (Choice(r, Evidence.NAME, f"{r} {reason}") for r in free if r != fp))
    # The return address register is live from the entry on, though nothing in the function defines it.
    # What the pseudos of call frames read has a value wherever calls are.
    framed = {r for i in v.d.instructions if {"ISD::CALLSEQ_START", "ISD::CALLSEQ_END"} & set(i.nodes) for r in i.uses}
    # So has what calls read, but for arguments.
    called = {r for i in v.d.instructions if "isCall" in i.flags and "isPseudo" not in i.flags and encoded(i) for r in i.uses}
    apart = unreal | framed | (called - {*convention}) | {*_no_base(v)}
    thread = v.register(RegisterRole.THREAD_POINTER)
    uses = (sp, ra, thread, *constants)
    reserved = tuple(r for r in v.members if v.register_roles.get(r) in _RESERVED or r in uses or r in apart)
    derived = [Choice(reserved, Evidence.DERIVED, "they have other uses")] if reserved else []
    chosen = v.choose_list("registers.reserved", derived)
    always = [r for r in (sp, *constants) if r in v.members and r not in chosen]  # whatever a person says: no program runs without
    return FrameRegisters(fp, scratch, (*chosen, *always))
