"""Find what a whole code generator lacks or gets wrong by what the .td says of registers, moves and nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.misplaced import misplaced_numbers
from vega_gen.facts.register_use import copies, is_move
from vega_gen.facts.view import TargetView
from vega_gen.records import Description, FindingKind, Instruction, InstructionOperand, Severity, TdFinding

_FLAGS_IR = (
    "define i{n} @f(i{n} %a, i{n} %b, i{n} %c) {{ e: %t = icmp slt i{n} %a, %b  br i1 %t, label %x, label %y  x: br label %y  "
    "y: %r = phi i{n} [ %c, %e ], [ %a, %x ]  ret i{n} %r }}"
)


@dataclass(frozen=True, slots=True)
class Demand:
    """A node that almost every program makes and that nothing expands.

    ``opcodes``: those of LLVM's nodes of which a pattern must match one. ``named``: how a pattern writes it. ``ir``: a function that
    needs it, with {n} for the bits of an address. ``meaning``: what a target's own node for it is called, as ``node_meaning`` says.
    ``word``: a regular expression that is found in the names of such nodes. ``enough``: whether an instruction is enough by itself.
    ``only_with``: the meaning of a node of the target's without which nothing makes this one.
    """

    opcodes: tuple[str, ...]
    named: str
    ir: str
    meaning: str = ""
    word: str = ""
    enough: Callable[[Instruction], bool] = lambda _: False
    only_with: str = ""


def _arithmetic(name: str) -> Demand:
    ir = f"define i{{n}} @f(i{{n}} %a, i{{n}} %b) {{{{ %r = {name} i{{n}} %a, %b  ret i{{n}} %r }}}}"
    return Demand((f"ISD::{name.upper()}",), name, ir, word=rf"(?<![a-z]){name}")


def _branches(i: Instruction) -> bool:
    """Whether an instruction may be a branch on a condition, or the indirect jump of a branch through a table."""
    return "isIndirectBranch" in i.flags or ("isBranch" in i.flags and "isBarrier" not in i.flags)


_CALL_IR = "declare void @g()  define void @f() {{ call void @g()  ret void }}"
# LLVM expands other operations to these, or calls a library (LegalizeDAG.cpp, TargetLowering.cpp).
_DEMANDS = (
    _arithmetic("add"),
    _arithmetic("and"),
    _arithmetic("or"),
    _arithmetic("xor"),
    Demand(("ISD::LOAD",), "load", "define i{n} @f(ptr %p) {{ %r = load i{n}, ptr %p  ret i{n} %r }}", word="load"),
    Demand(("ISD::STORE",), "store", "define void @f(ptr %p, i{n} %a) {{ store i{n} %a, ptr %p  ret void }}", word="store"),
    Demand(
        ("ISD::BR",), "br", "define void @f() {{ e: br label %l  l: br label %l }}", enough=lambda i: {"isBranch", "isBarrier"} <= i.flags
    ),
    Demand(("ISD::BRCOND", "ISD::BR_CC"), "brcond", _FLAGS_IR, "brcc", enough=_branches),
    Demand((), "return", "define void @f() {{ ret void }}", "ret", enough=lambda i: "isReturn" in i.flags),
    Demand((), "call", _CALL_IR, "call", enough=lambda i: "isCall" in i.flags),
    Demand(("ISD::CALLSEQ_START",), "callseq_start", _CALL_IR, only_with="call"),
    Demand(("ISD::CALLSEQ_END",), "callseq_end", _CALL_IR, only_with="call"),
)


def machine_findings(d: Description, selected: Set[str], copy_costs: Mapping[str, int]) -> Iterator[TdFinding]:
    """Yield the findings.

    ``selected``: the opcodes of the nodes that patterns match anywhere ("ISD::ADD"). ``copy_costs``: register class -> its CopyCost,
    negative where the description says that it must not be copied.
    """
    v = TargetView(d)
    yield from _demands(v, selected)
    yield from _classes(d, copy_costs)
    yield from _clobbered(v)
    yield from _misplaced(v)


def _demands(v: TargetView, selected: Set[str]) -> Iterator[TdFinding]:
    if not selected:
        yield TdFinding(
            FindingKind.NOT_SELECTED,
            Severity.NOTE,
            (v.d.name,),
            "no instruction has a selection pattern",
            "an assembler and a disassembler can be made of this, no code generator",
            "give instructions a Pattern, or write Pat records",
        )
        return
    meanings = {node_meaning(n.opcode) for n in v.d.nodes}
    made = {node_meaning(opcode) for opcode in selected}
    words = [opcode.partition("::")[2].lower() for opcode in selected if not opcode.startswith("ISD::")]
    for demand in _DEMANDS:
        named = demand.meaning in meanings or (demand.word and any(re.search(demand.word, word) for word in words))
        if not selected.isdisjoint(demand.opcodes) or named or any(demand.enough(i) for i in v.d.instructions):
            continue
        if demand.only_with and demand.only_with not in made:
            continue
        node = " or ".join(demand.opcodes)
        yield TdFinding(
            FindingKind.NOT_SELECTED,
            Severity.WARNING,
            (v.d.name,),
            f"no pattern selects {node}" if node else f"no instruction is a {demand.named}",
            f'llc ends with "Cannot select", and nothing expands it, for: {demand.ir.format(n=v.native)}',
            f"give an instruction a pattern with {demand.named}, unless C++ of yours selects or lowers it"
            if node
            else f"add the instruction, with is{demand.named.capitalize()} = 1, and an SDNode of the target's that it selects",
        )


def _classes(d: Description, copy_costs: Mapping[str, int]) -> Iterator[TdFinding]:
    """Find the allocatable register classes whose values patterns make and that nothing moves, or nothing stores and loads.

    Registers made of others are left out: these move and spill in parts. So are classes of one register, which nothing is allocated to
    by choice.
    """
    members = {c.name: frozenset(c.members) for c in d.register_classes}
    held = {o.name: members[o.register_class] for o in d.operand_classes if o.register_class in members} | members
    simple = frozenset(r.name for r in d.registers if not r.subregisters)
    made = {held[o.type] for i in d.instructions if i.pattern for o in i.outs if o.type in held}
    moves = [(i, _registers(i.outs, held), _registers(i.ins, held)) for i in d.instructions]
    for c in d.register_classes:
        own = members[c.name]
        if own not in made or not c.allocatable or not own <= simple or copy_costs.get(c.name, 1) < 0 or len(own) < 2:
            continue
        crossed = any(outs & own and ins - own for _, outs, ins in moves) and any(ins & own and outs - own for _, outs, ins in moves)
        if not crossed and not any(outs & own and ins & own for _, outs, ins in moves):
            yield TdFinding(
                FindingKind.NOT_COPIED,
                Severity.WARNING,
                (c.name,),
                f"patterns make values in {c.name}, and no instruction has one such register as its result and one as an operand",
                "copyPhysReg has nothing to copy them with, and the register allocator leaves copies in almost every function",
                f"add a move from {c.name} to {c.name}, or moves through another class; if it must never be copied, set CopyCost = -1",
            )
        stored = any(ins & own and _in_memory(i, "mayStore", "store") for i, _, ins in moves)
        loaded = any(outs & own and _in_memory(i, "mayLoad", "load") for i, outs, _ in moves)
        if not (stored and loaded) and not crossed:
            lacking = "loads" if stored else "stores" if loaded else "stores or loads"
            yield TdFinding(
                FindingKind.NOT_SPILLED,
                Severity.WARNING,
                (c.name,),
                f"patterns make values in {c.name}, and no instruction {lacking} one of its registers",
                "a function that needs more of these registers than there are cannot be compiled: nothing spills and reloads them",
                f"add a load and a store of {c.name}, or moves between it and a class that has them",
            )


def _in_memory(i: Instruction, flag: str, word: str) -> bool:
    """Whether an instruction reads or writes memory, by its flag or by a node of its pattern: load, sextloadi8, ISD::LOAD."""
    return flag in i.flags or any(word in node.lower() for node in i.nodes)


def _registers(operands: Sequence[InstructionOperand], held: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(held.get(operand.type, frozenset()) for operand in operands))


def _clobbered(v: TargetView) -> Iterator[TdFinding]:
    """Find moves that write an implicit register which one instruction sets for another to read, where no other move does for theirs."""
    moved = {name: v.selections.instructions[op.record] for name, op in copies(v, "", None, None, None).items()}
    members = {c.name: frozenset(c.members) for c in v.d.register_classes}
    held = {o.name: members[o.register_class] for o in v.d.operand_classes if o.register_class in members} | members
    defaulted = {o.name for o in v.d.operand_classes if o.operand_type == "OPERAND_DEFAULT"}
    moves = [i for i in v.d.instructions if is_move(i) and len(i.outs) == 1 and len([o for o in i.ins if o.type not in defaulted]) == 1]
    constant = set(v.d.data.get("Register.constant", "").split())
    seen: set[tuple[str, str]] = set()
    for name, move in moved.items():
        own = members.get(name, frozenset())
        for register in move.defs:
            harmless = any(register not in m.defs and own <= _registers(m.outs, held) and own <= _registers(m.ins[:1], held) for m in moves)
            if register in constant or harmless or (move.name, register) in seen:
                continue
            seen.add((move.name, register))
            sets = [i for i in v.d.instructions if register in i.defs and i.pattern and i not in moved.values()]
            # A compare sets nothing else; where there is none, whatever sets it.
            setter = next((i for i in sets if not i.outs), next(iter(sets), None))
            readers = [i for i in v.d.instructions if register in i.uses and i.pattern]
            reader = next((i for i in readers if "isBranch" in i.flags), next(iter(readers), None))
            if setter is not None and reader is not None:
                node = next((n.name for n in v.d.nodes if n.name in setter.pattern and "SDNPOutGlue" in n.properties), "")
                yield _clobber(move.name, register, setter.name, reader.name, node, v.native)


def _clobber(move: str, register: str, setter: str, reader: str, node: str, native: int) -> TdFinding:
    glued = (
        f"; the glue of {node} keeps these two together while instructions are scheduled, not while registers are allocated" if node else ""
    )
    return TdFinding(
        FindingKind.FLAGS_CLOBBERED,
        Severity.WARNING,
        (move, setter, reader),
        f"the copy {move} writes {register}, which {setter} sets and {reader} reads{glued if node else ''}",
        "a copy that is put between the two, for a phi, a reload or a tied operand, destroys the condition, and the program goes the "
        f"wrong way, silently; this may show it: {_FLAGS_IR.format(n=native)}",
        f"keep {setter} and {reader} together until registers are allocated: select both as one pseudo instruction that is expanded then; "
        f"or copy by an instruction that leaves {register} alone",
    )


def _misplaced(v: TargetView) -> Iterator[TdFinding]:
    for record, operand in misplaced_numbers(v).items():
        yield TdFinding(
            FindingKind.MISPLACED_NUMBER,
            Severity.WARNING,
            (record,),
            f"a pattern gives {record} a number for ${operand}, which is a register",
            "the selector makes an instruction with a number where a register belongs: llc -verify-machineinstrs stops there, and without "
            "it the assembly looks right and no object can be written",
            f"declare ${operand} as an immediate operand, or take the pattern away",
        )
