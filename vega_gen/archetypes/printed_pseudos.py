"""Finds the pseudo instructions that reach the AsmPrinter, and what it writes for them."""

from __future__ import annotations

from typing import Any

from vega_gen.facts.dags import listed
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Selections, plain
from vega_gen.records import Description
from vega_gen.tablegen.raw import parse_dag


def made_calls(d: Description, m: Facts) -> list[dict[str, Any]]:
    """Returns the call pseudos that are expanded because no instruction calls: into loads of the return address and a jump.

    ``bytes``: size of the expansion."""
    size = {i.name: i.size for i in d.instructions}
    if m.pool:  # emitCall has no entry of it
        return []
    low = {"or": m.or_immediate, "insert": m.load_immediate}.get(m.low, m.add_immediate)
    address = [m.load_symbol] if m.load_symbol else [m.upper, low]
    found: list[dict[str, Any]] = []
    for op in m.calls.pseudos:
        jump = m.jump if OperandRole.TARGET in op.roles else m.jump_register
        if jump and m.ra and all(address):
            bytes_ = sum(size[one.record] for one in (*address, jump) if one)
            role = OperandRole.TARGET if OperandRole.TARGET in op.roles else OperandRole.SRC
            found.append({"record": op.record, "callee": op.index(role), "jump": jump, "role": role, "bytes": bytes_})
    return found


def expansions(d: Description) -> list[tuple[str, str]]:
    """Returns the pseudo instructions that a PseudoInstExpansion replaces, with the C++ of the MCInst, of which Inst is the pseudo's."""
    selections = Selections(d)
    registers = {r.name for r in d.registers}
    found: list[tuple[str, str]] = []
    for i in d.instructions:
        dag = parse_dag(i.expansion) if i.expansion else None
        if dag is None or dag.op not in selections.instructions:
            continue
        slots = selections.operands(i.name)
        made = [f"MCInstBuilder({d.namespace}::{dag.op})"]
        for arg, name in listed(dag):
            given = [f".addOperand(Inst.getOperand({n}))" for n, slot in enumerate(slots) if name and slot.name == name]
            value = plain(arg)
            text = f"{d.namespace}::{value}" if value in registers else "MCRegister()" if value == "zero_reg" else ""
            number = isinstance(value, str) and value.lstrip("-").isdigit()
            made += given or ([f".addReg({text})"] if text else [f".addImm({value})"] if number else [""])
        if all(made):
            found.append((i.name, "".join(made)))
    return found


def sized(d: Description, m: Facts) -> dict[int, list[str]]:
    """Returns size in bytes -> the pseudo instructions for which the AsmPrinter writes as much, where their own size is another."""
    size = {i.name: i.size for i in d.instructions}
    replaced = {i.name: parse_dag(i.expansion).op for i in d.instructions if i.expansion}
    told = {call["record"]: call["bytes"] for call in made_calls(d, m)} | {name: size.get(real, 0) for name, real in replaced.items()}
    found: dict[int, list[str]] = {}
    for record, bytes_ in told.items():
        if bytes_ and bytes_ != size[record]:
            found.setdefault(bytes_, []).append(record)
    return found


def written(d: Description, m: Facts) -> list[tuple[str, Operation]]:
    """Returns the pseudo instructions of calls and returns with what the AsmPrinter writes for them, but for those with an expansion."""
    expanded = {i.name for i in d.instructions if i.expansion}
    found = [*m.calls.written.items(), *([(m.return_pseudo, m.returns)] if m.return_pseudo and m.returns else [])]
    return [(record, op) for record, op in found if record not in expanded]
