"""Writes C++ expressions that build an instruction from its operands, for the archetypes' templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vega_gen.facts.codings import Coding
from vega_gen.facts.find import Facts
from vega_gen.facts.keys import lack
from vega_gen.facts.layouts import PartLayout
from vega_gen.facts.operations import OperandRole, Operation

_DEFINED = (OperandRole.DST, OperandRole.LINK)
_READ = (OperandRole.SRC, OperandRole.SRC2, OperandRole.BASE, OperandRole.FLAGS)


class Code:
    """The object ``b`` of the templates: its methods return C++ that builds instructions.

    Keyword arguments give the C++ of each operand, named by its ``OperandRole``."""

    def __init__(self, m: Facts) -> None:
        self._m = m

    def lacks(self, key: str) -> str:
        """Returns the call that reports that the fact ``key`` is missing, when code comes to what rests on it."""
        return f'report_fatal_error("{lack(key)}")'

    def fits(self, value: str, op: Operation) -> str:
        """Returns the condition that ``value`` fits the operation's immediate."""
        r = op.range
        assert r is not None
        bounds = f"{value} >= {r.low}LL && {value} <= {r.high}LL"
        return f"{bounds} && (({value}) & {(1 << r.shift) - 1}) == 0" if r.shift else bounds

    def mi(self, op: Operation, **operands: str) -> str:
        """Returns the BuildMI of an operation, for a method of TargetInstrInfo that has MBB, MI and DL.

        ``src_state`` gives the RegState flags of the operand ``src``; an operand "FrameIndex:X" is the frame index X, "MBB:X"
        the block X."""
        parts = [f"BuildMI(MBB, MI, DL, get({self._m.namespace}::{op.record}))"]
        for index, role in enumerate(op.roles):
            given = operands.get(role, "0")
            state = operands.get(f"{role}_state", "")
            if role is OperandRole.FIXED:
                parts.append(self._fixed(op, index))
            elif role in _DEFINED:
                parts.append(f".addReg({given}, RegState::Define)")
            elif role is OperandRole.ZERO:
                parts.append(f".addReg({self._m.namespace}::{self._m.zero})")
            elif given.startswith("MBB:"):
                parts.append(f".addMBB({given.partition(':')[2]})")
            elif given.startswith("FrameIndex:"):
                parts.append(f".addFrameIndex({given.partition(':')[2]})")
            elif role in _READ:
                parts.append(f".addReg({given}{', ' + state if state else ''})")
            else:
                parts.append(f".addImm({given})")
        return "".join(parts)

    def operands(self, op: Operation, chain: str = "", **operands: str) -> str:
        """Returns the initializer list of SDValues for a machine node; ``chain``: the chain operand, "" for none."""
        m = self._m
        given = {
            "zero": f"CurDAG->getRegister({m.namespace}::{m.zero}, MVT::{m.type})",
            "none": f"CurDAG->getTargetConstant(0, DL, MVT::{m.type})",
        }
        listed = [
            self._fixed_node(op, index) if role is OperandRole.FIXED else operands.get(role, given.get(role, ""))
            for index, role in enumerate(op.roles)
            if role not in _DEFINED and not self._out(op, role) and not (role is OperandRole.FIXED and index < op.outs)
        ]
        return "{" + ", ".join([*listed, *([chain] if chain else [])]) + "}"

    def node(self, op: Operation, **operands: str) -> str:
        """Returns the machine node of an operation with one pointer-sized result."""
        return f"CurDAG->getMachineNode({self._m.namespace}::{op.record}, DL, MVT::{self._m.type}, {self.operands(op, **operands)})"

    def inst(self, op: Operation, **operands: str) -> str:
        """Returns the MCInst of an operation; its operands are MCOperands."""
        zero = f"MCOperand::createReg({self._m.namespace}::{self._m.zero})"
        link = f"MCOperand::createReg({self._m.namespace}::{self._m.ra})"
        given = {"zero": zero, "none": "MCOperand::createImm(0)", "link": link} | operands
        listed = [self._fixed_inst(op, n) if role is OperandRole.FIXED else given[role] for n, role in enumerate(op.roles)]
        return f"MCInstBuilder({self._m.namespace}::{op.record})" + "".join(f".addOperand({one})" for one in listed)

    def bits(self, value: str, first: int, count: int, place: int) -> str:
        """Returns the ``count`` bits of ``value`` from bit ``first`` on, moved to bit ``place``."""
        part = f"{f'({value} >> {first})' if first else value} & 0x{(1 << count) - 1:x}ULL"
        return f"({part}) << {place}" if place else part

    def scaled(self, shift: str) -> str:
        """Returns the multiplication that moves a number left by ``shift``: a number, or the name of a constant."""
        return "" if shift == "0" else f" * {1 << int(shift)}" if shift.isdigit() else f" * (int64_t(1) << {shift})"

    def encoded_part(self, part: Mapping[str, Any]) -> str:
        """Returns C++ for what one part of an operand, as ``contract_values`` lays it out, adds to the number of the whole."""
        at = f" + {part['index']}" if part["index"] else ""
        number = f"encode(MI, OpNo{at}, Fixups)"
        told: PartLayout | None = part["told"]
        if told and told.absent:
            return f"1ULL << {told.mark}"
        if told and told.sign >= 0:
            return f"withSign({number}, {told.bits}, {told.low}, {told.sign}, {'true' if told.plus else 'false'})"
        return f"({self.bits(number, part['shift'], part['bits'], part['place'])})"

    def coded(self, value: str, coding: Coding) -> str:
        """Returns what an instruction holds for the number ``value``."""
        if coding.negative:
            return f"{coding.constant} - {value}"
        return f"{value} {'-' if coding.constant < 0 else '+'} {abs(coding.constant)}"

    def decoded(self, value: str, coding: Coding) -> str:
        """Returns the number for which an instruction holds ``value``."""
        return self.coded(value, coding if coding.negative else Coding(-coding.constant))

    def jump_operands(self, op: Operation) -> str:
        """Returns the operands that BuildMI adds to an unconditional branch to Target."""
        zero = f"{self._m.namespace}::{self._m.zero}"
        made = {"target": ".addMBB(Target)", "zero": f".addReg({zero}, RegState::Define)", "none": ".addImm(0)"}
        return "".join(self._fixed(op, n) if role is OperandRole.FIXED else made[role] for n, role in enumerate(op.roles))

    def branch(self, op: Operation) -> str:
        """Returns the machine node of a branch that compares LHS and RHS and goes to Target, chained to Chain."""
        listed = self.operands(op, chain="Chain", src="LHS", src2="RHS", target="Target")
        return f"CurDAG->getMachineNode({self._m.namespace}::{op.record}, DL, MVT::Other, {listed})"

    def _register(self, value: str) -> str:
        """Returns the C++ of a register that the .td gives; "zero_reg" is no register (llvm/Target/Target.td)."""
        return "Register()" if value == "zero_reg" else f"{self._m.namespace}::{value}"

    def _fixed(self, op: Operation, index: int) -> str:
        """Returns the call of MachineInstrBuilder that adds the fixed operand at ``index``."""
        value = op.value(index)
        define = ", RegState::Define" if index < op.outs else ""
        return f".addImm({value})" if _is_number(value) else f".addReg({self._register(value)}{define})"

    def _fixed_node(self, op: Operation, index: int) -> str:
        value = op.value(index)
        if _is_number(value):
            return f"CurDAG->getTargetConstant({value}, DL, MVT::i32)"
        return f"CurDAG->getRegister({self._register(value)}, MVT::i32)"

    def _fixed_inst(self, op: Operation, index: int) -> str:
        value = op.value(index)
        return f"MCOperand::createImm({value})" if _is_number(value) else f"MCOperand::createReg({self._register(value)})"

    def _out(self, op: Operation, role: OperandRole) -> bool:
        """Whether the zero register is the instruction's definition, as of a jump made from a call: then the node has no such operand."""
        return role is OperandRole.ZERO and op.index(role) == 0 and op in (self._m.jump, self._m.jump_register)


def _is_number(value: str) -> bool:
    return value.lstrip("-").isdigit()
