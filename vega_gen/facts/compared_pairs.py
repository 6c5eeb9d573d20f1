"""Finds how a target compares two registers and branches where patterns do so with two instructions: one that leaves what it finds in an
ordinary register, and a branch on that.

``(brcond (setcc R:$a, R:$b, SETLT), bb:$t)`` gives ``(BLTZ (CMP R:$b, R:$a), bb:$t)``.
"""

from __future__ import annotations

from collections.abc import Mapping

from vega_gen.facts.branches import condition_leaves, tested_condition
from vega_gen.facts.conditions import SWAPPED, Comparisons
from vega_gen.facts.operations import CONDITIONS, ComparedBranch, OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, leaves, plain
from vega_gen.facts.view import TargetView, encoded
from vega_gen.tablegen.raw import Dag, parse_dag, top_level


def compared_pairs(v: TargetView) -> Comparisons:
    """Returns width of an address -> condition -> the comparison and the branch, where all conditions can be tested so; else nothing."""
    codes = condition_leaves(v)
    found: dict[str, ComparedBranch] = {}
    for matched, given in v.d.patterns:
        dag, results = plain(parse_dag(matched)), top_level(given)
        result = plain(parse_dag(results[0])) if len(results) == 1 else ""
        if not isinstance(dag, Dag) or not isinstance(result, Dag) or dag.op != "brcond":
            continue
        condition, at = tested_condition(dag, codes)
        names = {name: at[path] for _, name, path in leaves(dag) if name and path in at}
        right = set(names.values()) == {OperandRole.SRC, OperandRole.SRC2, OperandRole.TARGET}
        if condition and right and condition not in found and (made := _pair(v, result, names)):
            found[condition] = made
    return {v.native: found} if all({c, SWAPPED[c]} & found.keys() for c in CONDITIONS) else {}


def _pair(v: TargetView, result: Dag, names: Mapping[str, OperandRole]) -> ComparedBranch | None:
    inner = [(n, arg) for n, (value, _) in enumerate(result.args) if isinstance(arg := plain(value), Dag)]
    if len(inner) != 1:
        return None
    compare = _operation(v, inner[0][1], names, -1)
    branch = _operation(v, result, names, inner[0][0])
    if compare is None or branch is None or compare.outs != 1:
        return None
    right = {OperandRole.DST, OperandRole.SRC, OperandRole.SRC2} == {*compare.free}
    return ComparedBranch(compare, branch) if right and {*branch.free} == {OperandRole.FLAGS, OperandRole.TARGET} else None


def _operation(v: TargetView, dag: Dag, names: Mapping[str, OperandRole], tested: int) -> Operation | None:
    """Returns the instruction that a pattern gives, with roles by the names of its arguments. ``tested``: the index of the argument that is
    the result of the comparison, -1 for none."""
    known = v.selections.instructions.get(dag.op)
    if known is None or not encoded(known) or len(known.ins) != len(dag.args):
        return None
    roles: dict[str, OperandRole] = {}
    fixed: dict[str, str] = {}
    for n, (operand, (value, name)) in enumerate(zip(known.ins, dag.args, strict=True)):
        if n == tested:
            roles[operand.name] = OperandRole.FLAGS
        elif name in names:
            roles[operand.name] = names[name]
        else:
            fixed[operand.name] = str(plain(value))

    def role(o: OperandInfo, _: int) -> OperandRole | None:
        if o.kind is OperandKind.REG and not v.holds(o.type):
            return None
        return OperandRole.DST if o.out else roles.get(o.name)

    return v.operation(dag.op, role, fixed)
