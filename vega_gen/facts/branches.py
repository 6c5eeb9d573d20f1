"""Finds the instructions that jump and branch, and the conditions that they test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vega_gen.facts.choosing import Choice
from vega_gen.facts.conditions import condition_said
from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import CONDITIONS, OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, leaf_name, plain
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence, Instruction
from vega_gen.tablegen.raw import Dag

Paths = Mapping[tuple[int, ...], OperandRole]
_NONZERO = re.compile(r"(?:b|br|j|jmp)(?:\.|_)?(?:nz|nez|ne)")
_BRANCH_ROOTS = ("brcond", "br_cc", "brcc")


def branches(v: TargetView, zero: str) -> tuple[dict[str, Operation], Operation | None]:
    """Returns condition -> the instruction that compares two registers and branches, and the one that branches if a register is nonzero.

    ``zero``: the register that always holds zero, "" if there is none."""
    found: dict[str, Operation] = {}
    nonzero: Operation | None = None
    codes = condition_leaves(v)
    own = [n for n, opcode in v.nodes.items() if node_meaning(opcode) == "brcc"]
    for root in (*_BRANCH_ROOTS, *own):
        for s in v.selections.of(root):
            first = s.dag.args[0][0] if s.dag.args else ""
            condition, at = tested_condition(s.dag, codes)
            if condition:
                made = _branch(v, s, at, zero)
                number = next((leaf_name(s.dag, path) for path, role in at.items() if role is OperandRole.SRC2), "")
                if made and ({OperandRole.SRC2, OperandRole.ZERO} & set(made.roles) or number == "0"):  # not one that compares with 1
                    found.setdefault(condition, made)
            elif root == "brcond" and not isinstance(first, Dag):
                nonzero = nonzero or _branch(v, s, {(0,): OperandRole.SRC, (1,): OperandRole.TARGET}, zero)
    if not found and not nonzero:
        return _by_mnemonic(v), _nonzero_by_mnemonic(v)
    return found or _by_mnemonic(v), nonzero


def _nonzero_by_mnemonic(v: TargetView) -> Operation | None:
    """Returns the conditional branch that reads one register and whose mnemonic says "if it is not zero" (bnez, jnz), or "not equal" with
    nothing else to compare it with."""

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        if o.kind is OperandKind.REG:
            return OperandRole.SRC if v.holds(o.type) and not o.out else None
        return OperandRole.TARGET if o.kind is OperandKind.TARGET else OperandRole.NONE

    for i in v.d.instructions:
        if _NONZERO.fullmatch(mnemonic(i)) and _conditional(i):
            made = v.operation(i.name, name)
            if made and sorted(role for role in made.roles if role is not OperandRole.NONE) == [OperandRole.SRC, OperandRole.TARGET]:
                return made
    return None


def _conditional(i: Instruction) -> bool:
    return {"isBranch", "isTerminator"} <= i.flags and not i.flags & {"isBarrier", "isCall", "isPseudo"} and encoded(i)


def _by_mnemonic(v: TargetView) -> dict[str, Operation]:
    """Returns condition -> the conditional branch that reads two registers and whose mnemonic names the condition, the most general."""
    roles = {OperandKind.TARGET: OperandRole.TARGET, OperandKind.IMM: OperandRole.NONE}
    best: dict[str, tuple[int, Operation]] = {}
    for i in v.d.instructions:
        condition = condition_said(mnemonic(i))
        if not condition or not _conditional(i):
            continue
        sources = iter((OperandRole.SRC, OperandRole.SRC2))

        def name(o: OperandInfo, _: int, sources: Iterator[OperandRole] = sources) -> OperandRole | None:
            if o.kind is OperandKind.REG:
                return next(sources, None) if v.holds(o.type) and not o.out else None
            return roles[o.kind]

        made = v.operation(i.name, name)
        if made and {OperandRole.SRC2, OperandRole.TARGET} <= set(made.roles) and OperandRole.NONE not in made.roles:
            rank = v.generality(i.name)
            if condition not in best or rank > best[condition][0]:
                best[condition] = rank, made
    return {condition: made for condition, (_, made) in best.items()}


def _branch(v: TargetView, s: Selection, at: Paths, zero: str) -> Operation | None:
    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        if operand.out:
            return None
        path = s.paths.get(operand.name)
        if path is None:
            fixed = operand.kind is OperandKind.REG and zero and s.fixed.get(operand.name) == zero
            return OperandRole.ZERO if fixed else None
        role = at.get(path)
        compared = role in (OperandRole.SRC, OperandRole.SRC2)
        return None if compared and (operand.kind is not OperandKind.REG or not v.bits(operand.type)) else role

    made = v.operation(s.record, name, s.fixed)
    return made if made and {OperandRole.SRC, OperandRole.TARGET} <= set(made.roles) else None


def conditions_set(v: TargetView) -> frozenset[str]:
    """Returns the conditions for which a pattern computes the result of a comparison into an ordinary register (setcc).

    Not those for which another computes it into a register of flags of the same type: that one may be tried first."""
    codes = condition_leaves(v)
    roots = ("setcc", *(f"set{c}" for c in CONDITIONS))
    seen = v.selections.matched, v.selections.guarded
    every = ((dag, names) for root in roots for dag, (names, _) in zip(*(held.get(root, ()) for held in seen), strict=True))
    expanded = {name for name, i in v.selections.instructions.items() if "usesCustomInserter" in i.flags}  # by C++ of the target's own
    pairs = [(dag, names) for dag, names in every if not _with_number(dag) and expanded.isdisjoint(names)]
    found = {tested_condition(dag, codes)[0] for dag, names in pairs if any(_sets_integer(v, name) for name in names)}
    left = [(dag, names) for dag, names in pairs if not any(_sets_integer(v, name) for name in names)]
    flags = {tested_condition(dag, codes)[0] for dag, names in left if any(map(v.sets_apart, names))}
    return frozenset(found - flags - {""})


def _with_number(dag: Dag) -> bool:
    """Whether a comparison is with one number, as in (setne x, -1): it says nothing about others."""
    return any(re.fullmatch(r"-?\d+", leaf_name(dag, (n,))) for n in range(len(dag.args)))


def _sets_integer(v: TargetView, record: str) -> bool:
    """Whether an instruction defines a register that can hold an address or a part of one, not one of flags."""
    i = v.selections.instructions[record]
    return bool(i.outs) and (v.holds(i.outs[0].type) or v.bits(i.outs[0].type) > 0)


def jump(v: TargetView, zero: str) -> Operation | None:
    """Returns the unconditional branch: one selected for ``br``, else a call that can write its return address to the zero register."""

    def name(operand: OperandInfo, position: int) -> OperandRole | None:
        if operand.out or operand.kind is OperandKind.REG:
            return None
        return OperandRole.TARGET if operand.kind is OperandKind.TARGET or position == 0 else OperandRole.NONE

    for s in v.selections.of("br"):
        made = v.operation(s.record, name)
        if made and "isPseudo" in v.selections.instructions[s.record].flags:
            made = _terminator(v, made)
        if made and OperandRole.TARGET in made.roles:
            return made
    return _call_without_link(v, zero, OperandKind.TARGET)


def jump_register(v: TargetView, zero: str) -> Operation | None:
    """Returns the jump to an address in a register: by pattern or flag, else a call that can discard its return address.

    ``zero``: the register that always holds zero, to which such a call writes the return address."""

    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        if operand.out or (operand.kind is OperandKind.REG and (operand.part > 0 or not v.holds(operand.type))):
            return None
        return OperandRole.SRC if operand.kind is OperandKind.REG else OperandRole.NONE

    by_pattern = [s.record for s in v.selections.of("brind") if len(s.dag.args) == 1 and list(s.paths.values()) == [(0,)]]
    by_flag = (i.name for i in v.d.instructions if "isIndirectBranch" in i.flags)
    records = dict.fromkeys([*by_pattern, *by_flag])
    for record in sorted(records, key=lambda record: "isPseudo" in v.selections.instructions[record].flags):
        i = v.selections.instructions[record]
        reads = record not in by_pattern and any(o.part >= 0 for o in v.selections.operands(record))
        if "mayLoad" not in i.flags and not reads:
            made = v.operation(record, name)
            made = made if made is None or encoded(i) else _terminator(v, made)
            if made and made.roles.count(OperandRole.SRC) == 1:
                return made
    return _call_without_link(v, zero, OperandKind.REG)


def _terminator(v: TargetView, pseudo: Operation) -> Operation | None:
    """Returns the instruction that a pseudo instruction stands for, or the pseudo itself, which the AsmPrinter expands, where only that
    may end a basic block. None if it stands for none."""
    made = v.expanded(pseudo)
    if made is None or {"isTerminator", "isBarrier"} <= v.selections.instructions[made.record].flags:
        return made
    return replace(pseudo, range=made.range)


def _call_without_link(v: TargetView, zero: str, kind: OperandKind) -> Operation | None:
    wanted = OperandRole.SRC if kind is OperandKind.REG else OperandRole.TARGET

    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        if operand.out:
            return OperandRole.ZERO
        if kind is OperandKind.REG:
            return OperandRole.SRC if operand.kind is OperandKind.REG else OperandRole.NONE
        return None if operand.kind is OperandKind.REG else OperandRole.TARGET

    for i in v.d.instructions:
        if zero and "isCall" in i.flags and len(i.outs) == 1 and encoded(i):
            made = v.operation(i.name, name)
            if made and wanted in made.roles:
                return made
    return None


def condition_leaves(v: TargetView) -> dict[str, str]:
    """Returns fragment -> the condition code that its predicate compares with, as in [{ return N->getZExtValue() == ISD::SETEQ; }]."""
    told = {f.name: re.findall(r"ISD::SET(\w+)", f.code) for f in v.d.fragments}
    return {name: found[0].lower() for name, found in told.items() if len(found) == 1}


def tested_condition(dag: Dag, codes: Mapping[str, str]) -> tuple[str, dict[tuple[int, ...], OperandRole]]:
    """Returns the condition that a branch or comparison tests ("" if unknown), and path in the pattern -> role of what stands there.

    ``codes``: fragment -> condition, from ``_condition_leaves``."""
    word = dag.op.lower()
    if word.removeprefix("set") in CONDITIONS and word.startswith("set"):
        return word.removeprefix("set"), {(0,): OperandRole.SRC, (1,): OperandRole.SRC2}
    leaves = [leaf_name(dag, (n,)) for n in range(len(dag.args))]
    named = [(n, codes.get(leaf, leaf.lower().removeprefix("set") if leaf.startswith("SET") else "")) for n, leaf in enumerate(leaves)]
    known = [(n, c) for n, c in named if c in CONDITIONS]
    if known:  # (brcc SETEQ, a, b, block), (setcc a, b, SETEQ)
        rest = [n for n in range(len(leaves)) if n != known[0][0]]
        roles = (OperandRole.SRC, OperandRole.SRC2, OperandRole.TARGET)
        return known[0][1], {(n,): role for n, role in zip(rest, roles, strict=False)}
    compared = plain(dag.args[0][0]) if dag.args else ""
    if isinstance(compared, Dag) and compared.op == "setcc":  # (brcond (setcc a, b, SETEQ), block)
        told = leaf_name(compared, (2,))
        condition = codes.get(told, told.lower().removeprefix("set") if told.startswith("SET") else "")
        within = {(0, 0): OperandRole.SRC, (0, 1): OperandRole.SRC2, (1,): OperandRole.TARGET}
        return (condition, within) if condition in CONDITIONS else ("", {})
    inner = leaves[0].lower() if leaves else ""
    if inner.startswith("set") and inner.removeprefix("set") in CONDITIONS:
        return inner.removeprefix("set"), {(0, 0): OperandRole.SRC, (0, 1): OperandRole.SRC2, (1,): OperandRole.TARGET}
    return "", {}


def origins(v: TargetView, jumped: Operation | None) -> Iterator[Choice[str]]:
    """Yields how many bytes behind an instruction its distances may count from, which no .td says: none, or what a processor has fetched
    before it jumps, one or two instructions as long as ``jumped``, or one or two words of 32 bits."""
    size = v.selections.instructions[jumped.record].size if jumped else 0
    yield Choice("0", Evidence.DEFAULT, "no .td says from where distances count: the instruction's address is assumed")
    for ahead in sorted({size, 2 * size, 4, 8}) if size else ():
        yield Choice(str(ahead), Evidence.DEFAULT, f"a processor that has fetched {ahead} bytes counts from there")
