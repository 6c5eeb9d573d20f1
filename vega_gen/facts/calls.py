"""Finds how functions are called and return: instructions, target nodes, calling conventions and callee-saved registers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vega_gen.facts.choosing import Choice
from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import Calls, OperandRole, Operation
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, encoded
from vega_gen.records import CallingConvention, Evidence

_SPECIAL_CONVENTION = re.compile(r"fast|vararg|ghc|intr", re.I)
_SPECIAL_LIST = re.compile(r"inte?r|fast|all|none|noreg", re.I)


def calls(v: TargetView) -> Calls:
    """Returns the call instructions for a symbol and for a register, and the target's SDNodes that select them."""
    instructions = v.selections.instructions
    own = [n for n in v.d.nodes if n.results == 0 and (node_meaning(n.opcode) == "call" or _selects_call(v, n.name))]
    ranked = sorted(own, key=lambda n: node_meaning(n.opcode) != "call")
    nodes = {s.record: n.opcode for n in reversed(ranked) for s in v.selections.of(n.name)}
    records = sorted(nodes, key=lambda r: ("isCodeGenOnly" in instructions[r].flags, nodes[r] != ranked[0].opcode))
    records += [i.name for i in v.d.instructions if "isCall" in i.flags]
    real: dict[OperandRole, Operation] = {}
    pseudos: dict[OperandRole, Operation] = {}
    for record in dict.fromkeys(records):
        i = instructions[record]
        op = _call(v, record) if "isCall" in i.flags and "isReturn" not in i.flags else None
        if op:
            role = OperandRole.TARGET if OperandRole.TARGET in op.roles else OperandRole.SRC
            if encoded(i) and "isPseudo" not in i.flags:
                real.setdefault(role, op)
            elif record in nodes:
                pseudos.setdefault(role, op)
    indirect = real.get(OperandRole.SRC)
    node = ranked[0].opcode if ranked else ""
    through = nodes.get(indirect.record, "") if indirect else ""
    return Calls(real.get(OperandRole.TARGET), indirect, node, through or node, () if real else tuple(pseudos.values()))


def _selects_call(v: TargetView, node: str) -> bool:
    instructions = v.selections.instructions
    return any("isCall" in instructions[s.record].flags for s in v.selections.of(node) if "isReturn" not in s.record)


def _call(v: TargetView, record: str) -> Operation | None:
    operands = [o for o in v.selections.operands(record) if not o.default]
    if any(o.kind is OperandKind.REG and o.part >= 0 for o in operands):
        return None  # the callee's address is read from memory
    reads = any(o.kind is OperandKind.REG and not o.out for o in operands)
    through = reads and not any(o.kind is OperandKind.TARGET for o in operands)
    roles: dict[OperandKind, OperandRole] = {}
    if through:
        roles = {OperandKind.REG: OperandRole.SRC, OperandKind.IMM: OperandRole.NONE, OperandKind.TARGET: OperandRole.NONE}
    else:
        roles = {OperandKind.TARGET: OperandRole.TARGET, OperandKind.IMM: OperandRole.TARGET}
    made = v.operation(record, lambda o, _: OperandRole.LINK if o.out else roles.get(o.kind))
    return made if made and (OperandRole.TARGET in made.roles or OperandRole.SRC in made.roles) else None


def returns(v: TargetView, jump_register: Operation | None) -> tuple[Operation | None, str]:
    """Returns the return instruction and the opcode of the target's node for it ("" if none).

    Where no return instruction can be used without register operands, it is ``jump_register``, applied to the return address register."""
    node = next((n for n in v.d.nodes if node_meaning(n.opcode) == "ret"), None)
    opcode = node.opcode if node else ""
    records = [s.record for s in (v.selections.of(node.name) if node else ())]
    records += [i.name for i in v.d.instructions if "isReturn" in i.flags]
    for record in dict.fromkeys(records):
        made = v.operation(record, lambda o, _: None if o.kind is OperandKind.REG else OperandRole.NONE)
        if made and encoded(v.selections.instructions[record]):
            return made, opcode
    return jump_register, opcode


def frame_pseudo(v: TargetView, opcode: str) -> str:
    """Returns the pseudo instruction selected for ``opcode``, ISD::CALLSEQ_START or ISD::CALLSEQ_END; "" if there is none."""
    return next((i.name for i in v.d.instructions if opcode in i.nodes), "")


def convention(v: TargetView, *, results: bool) -> tuple[str, tuple[str, ...]]:
    """Returns the name of the usual calling convention for arguments (or for results) and its pointer-sized registers.

    Of several, it prefers those with pointer-sized registers, then those without a special purpose in their name (fast, vararg, ghc,
    intr), then the shortest name."""
    known = [c for c in v.d.calling_conventions if not c.callee_saved and c.name.lower().startswith("ret") == results]
    plain = [c for c in known if any(r in v.members for r in c.registers)]
    what = "conventions for return values" if results else "calling conventions"
    side = "results" if results else "arguments"
    name = v.choose(f"convention.{side}", _named(plain or known, _SPECIAL_CONVENTION, f"{len(plain)} {what}"))
    return name, _registers(v, name, side, [r for c in known if c.name == name for r in c.registers if r in v.members])


def callee_saved(v: TargetView) -> tuple[str, tuple[str, ...]]:
    """Returns the name and the registers of the usual list of callee-saved registers."""
    lists = [c for c in v.d.calling_conventions if c.callee_saved and c.registers]
    name = v.choose("convention.callee_saved", _named(lists, _SPECIAL_LIST, f"{len(lists)} lists of callee-saved registers"))
    return name, _registers(v, name, "callee_saved", [r for c in lists if c.name == name for r in c.registers])


def _named(known: Sequence[CallingConvention], special: re.Pattern[str], several: str) -> Iterator[Choice[str]]:
    """Yields the names of conventions or lists, the usual one first; of several, only its name tells which that is."""
    for c in sorted(known, key=lambda c: (bool(special.search(c.name)), len(c.name))):
        reason = f"of {several}, {c.name} is taken as the usual one by its name alone"
        yield Choice(c.name, Evidence.NAME, reason) if len(known) > 1 else Choice(c.name, Evidence.CONVENTION, "it is the only one")


def _registers(v: TargetView, name: str, side: str, found: Sequence[str]) -> tuple[str, ...]:
    choices = [Choice(tuple(found), Evidence.CONVENTION, f"{name} lists them")] if found else []
    return v.choose_list(f"registers.{side}", choices)
