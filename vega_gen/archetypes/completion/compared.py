"""The pseudo instructions that compare two registers and branch, or select one of two values, where a target does so through flags.

Until registers are allocated, a comparison and the branch on its flags are one instruction: what the register allocator puts at the end
of a block, and the address of a spill slot that is put together there, may change the flags.
"""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.conditions import branch_name, select_name, tests_all
from vega_gen.facts.operations import ComparedBranch, OperandRole
from vega_gen.facts.selections import Selections

_SET = frozenset({"lt", "ult"})
"""The conditions from which archetypes put together all others without a branch."""


def part(lacking: Lacking) -> str:
    """Returns the pseudo instructions for each legal width that is compared, "" where a single instruction compares and branches."""
    m = lacking.m
    classes = {m.native: m.gpr, **({m.narrow.bits: m.narrow.register_class} if m.narrow else {})}
    widths = [bits for bits in classes if bits in m.comparisons]
    # Branches that compare a register with zero alone do less than a comparison through flags.
    if m.native not in m.comparisons or any(OperandRole.SRC2 in op.roles for op in m.branches.values()):
        return _direct(lacking)
    made = [
        "// These compare two registers and branch, or select one of two values. The number is an ISD::CondCode.",
        f"let {lacking.pseudo}, hasSideEffects = 0, mayLoad = 0, mayStore = 0 in {{",
    ]
    for bits in widths:
        made += _branch(lacking, Selections(lacking.d), bits)
    if not m.sets >= _SET:
        made += [line for bits, name in classes.items() for compared in widths for line in _select(lacking, bits, name, compared)]
    return "\n".join([*made, "}"])


def _direct(lacking: Lacking) -> str:
    """Returns the pseudo instruction that selects where one instruction compares two registers and branches, on any condition."""
    m = lacking.m
    if m.selects or m.narrow or m.by_table or not tests_all(m.branches):
        return ""
    s, test = Selections(lacking.d), next(iter(m.branches.values()))
    left, right = (s.operands(test.record)[test.index(role)].type for role in (OperandRole.SRC, OperandRole.SRC2))
    made = _pseudo_select(select_name(m.native, m.native), left, right, m.gpr)
    comment = "// This selects one of two values by a branch that compares two registers. The number is an ISD::CondCode."
    return "\n".join([comment, f"let {lacking.pseudo}, hasSideEffects = 0, mayLoad = 0, mayStore = 0 in {{", *made, "}"])


def _compared(lacking: Lacking, s: Selections, bits: int) -> tuple[ComparedBranch, str, str]:
    """Returns how a width is compared, and the types of both operands."""
    test = next(iter(lacking.m.comparisons[bits].values()))
    types = [s.operands(test.compare.record)[test.compare.index(role)].type for role in (OperandRole.SRC, OperandRole.SRC2)]
    return test, types[0], types[1]


def _branch(lacking: Lacking, s: Selections, bits: int) -> list[str]:
    test, left, right = _compared(lacking, s, bits)
    target = s.operands(test.branch.record)[test.branch.index(OperandRole.TARGET)].type
    tests = lacking.m.comparisons[bits].values()
    flags = dict.fromkeys(r for t in tests for r in (*s.instructions[t.compare.record].defs, *(v for n, v in t.compare.fixed if n == 0)))
    flags = [r for r in flags if any(r == known.name for known in lacking.d.registers) and r != lacking.m.zero]
    size = max(s.instructions[t.compare.record].size + s.instructions[t.branch.record].size for t in tests)
    at = test.compare.index(OperandRole.DST)
    unused = f"{s.operands(test.compare.record)[at].type}:$unused" if at >= 0 else ""
    return [
        f"def {branch_name(bits)} : Instruction {{",
        f"  let OutOperandList = (outs{' ' + unused if unused else ''});",
        f"  let InOperandList = (ins {left}:$lhs, {right}:$rhs, i32imm:$condition, {target}:$target);",
        f"  let Defs = [{', '.join(flags)}];",
        "  let isBranch = 1;",
        "  let isTerminator = 1;",
        f"  let Size = {size};",
        "}",
    ]


def _select(lacking: Lacking, bits: int, name: str, compared: int) -> list[str]:
    _, left, right = _compared(lacking, Selections(lacking.d), compared)
    return _pseudo_select(select_name(bits, compared), left, right, name)


def _pseudo_select(own: str, left: str, right: str, name: str) -> list[str]:
    """Returns a pseudo instruction. ``left``, ``right``: the types of what is compared; ``name``: the register class of the values."""
    return [
        f"def {own} : Instruction {{",
        f"  let OutOperandList = (outs {name}:$dst);",
        f"  let InOperandList = (ins {left}:$lhs, {right}:$rhs, i32imm:$condition, {name}:$yes, {name}:$no);",
        "  let usesCustomInserter = 1;",
        "}",
    ]
