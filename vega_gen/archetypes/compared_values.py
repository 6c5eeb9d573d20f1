"""Computes the values of templates that compare through flags: how the pseudo instructions of the completion are split, and the conditions
that are opposites."""

from __future__ import annotations

from typing import Any

from vega_gen.facts.conditions import OPPOSITE
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import CONDITIONS, OperandRole, Operation
from vega_gen.facts.selections import Selections
from vega_gen.records import Description


def compared_values(d: Description, m: Facts) -> dict[str, Any]:
    """Returns name in the templates -> value, for what compares through flags."""
    used = [m.comparisons[bits] for bits in m.compare_branches]
    tested = [c for c in CONDITIONS if all(c in tests for tests in used)]
    direct = m.branches if m.selects and not used else dict[str, Operation]()
    swapped = [c for c in CONDITIONS if c not in (direct or tested)] if used or direct else []
    made = [_compared(d, m, bits, record, swapped) for bits, record in m.compare_branches.items()]
    return {
        "compared_branches": made,
        "swapped_conditions": swapped,
        "direct_branches": direct,
        "unused_result": any(branch["left"] for branch in made),
        "select_custom": select_action(m) == "Custom",
        "coded_branches": _coded(m),
    }


def select_action(m: Facts) -> str:
    """Returns the action for SELECT_CC: custom where a legal type is compared by no instruction, and is extended or compared first."""
    if not m.compare_branches:
        return "Custom" if m.floats or not set(CONDITIONS) <= m.sets else "Legal"
    return "Custom" if m.floats or (m.narrow and m.narrow.bits not in m.compare_branches) else "Legal"


def opposite_by_flags(m: Facts, record: str) -> str:
    """Returns the branch on flags for the opposite of the one condition that ``record`` tests, "" if there is none."""
    for tests in m.comparisons.values():
        for condition, test in tests.items():
            other = tests.get(OPPOSITE[condition])
            if test.branch.record == record and other and other.branch.record != record and other.compare == test.compare:
                return other.branch.record if other.branch.roles == test.branch.roles else ""
    return ""


def _compared(d: Description, m: Facts, bits: int, record: str, swapped: list[str]) -> dict[str, Any]:
    """Returns a pseudo instruction that compares and branches.

    ``left``, ``condition``: the indices of these operands. ``compares``: (comparison, its conditions), the most frequent last.
    ``branches``: (condition, branch)."""
    operands = [o.name for o in Selections(d).operands(record)]
    tests = {c: test for c, test in m.comparisons[bits].items() if c not in swapped}
    compares: list[tuple[Operation, list[str]]] = []
    for condition, test in tests.items():
        known = next((listed for op, listed in compares if op == test.compare), None)
        if known is None:
            compares.append((test.compare, [condition]))
        else:
            known.append(condition)
    return {
        "record": record,
        "bits": bits,
        "left": operands.index("lhs"),
        "condition": operands.index("condition"),
        "not_inverted": [c for c in swapped if OPPOSITE[c] in tests],
        "compares": sorted(compares, key=lambda pair: len(pair[1])),
        "branches": [(c, test.branch) for c, test in tests.items()],
    }


def _coded(m: Facts) -> list[dict[str, Any]]:
    """Returns the branches that have the number of a condition as an operand: the index of it in what analyzeBranch returns, and
    (number, number of the opposite)."""
    found: dict[str, dict[str, Any]] = {}
    by_flags = [{c: t.branch for c, t in tests.items()} for tests in m.comparisons.values()] if m.compare_branches else []
    compared = [{c: op for c, op in m.branches.items() if op.record == record} for record in {op.record for op in m.branches.values()}]
    for tests in (*by_flags, *compared):
        if len({op.record for op in tests.values()}) != 1:
            continue
        branch = next(iter(tests.values()))
        places = [n for n, _ in branch.fixed if len({dict(op.fixed).get(n) for op in tests.values()}) > 1]
        if len(places) != 1:
            continue
        at = places[0]
        numbers = {c: op.value(at) for c, op in tests.items()}
        target = branch.index(OperandRole.TARGET)
        pairs = [(number, numbers[OPPOSITE[c]]) for c, number in numbers.items() if OPPOSITE[c] in numbers]
        found[branch.record] = {"record": branch.record, "operand": at + 1 - (target < at), "opposites": dict(pairs).items()}
    return list(found.values())
