"""Predicate records as C++: what the methods of the subtarget that they call return.

Enters: a Description. Leaves: C++ conditions on the fields of features. It knows no class of the backend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vega_gen.records import Description, SubtargetFeature
from vega_gen.tablegen.raw import Dag, parse_dag

_CALLS = re.compile(r"Subtarget->(\w+)\s*\(\s*\)")
_ONE_CALL = re.compile(r"\s*\(?\s*(!?)\s*\(?\s*Subtarget->(\w+)\s*\(\s*\)\s*\)*\s*")


def asked(description: Description) -> frozenset[str]:
    """The methods without parameters that the C++ of the Predicate records calls on the subtarget."""
    return frozenset(name for code in description.predicates.values() for name in _CALLS.findall(code))


def answer(description: Description, method: str) -> str:
    """The condition under which a method of the subtarget is true, "" if the records do not tell.

    A record whose C++ (CondString) is a call of it alone, or that call negated, gives the assembler the same condition in features
    (AssemblerCondDag, llvm/Target/Target.td); SubtargetEmitter sets a feature's field to at least its value. Where no record does, a
    method has the name that SubtargetEmitter gives the getter of a field: ``hasX`` of ``HasX``."""
    features = {f.record: f for f in description.features}
    found: dict[bool, str] = {}
    for record, code in sorted(description.predicates.items()):
        call = _ONE_CALL.fullmatch(code)
        printed = description.assembler_predicates.get(record)
        if call and printed and call[2] == method:
            condition = _condition(parse_dag(printed), features)
            if condition:
                found.setdefault(bool(call[1]), condition)
    if False in found:
        return found[False]
    if True in found:
        return _not(found[True])
    return next((f.field for f in description.features if f.value == "true" and f.field[:1].lower() + f.field[1:] == method), "")


def _condition(dag: Dag | str, features: Mapping[str, SubtargetFeature]) -> str:
    """An ``all_of``, ``any_of`` or ``not`` of features as C++, "" if it names a record that is none."""
    if isinstance(dag, str):
        f = features.get(dag)
        if f is None:
            return ""
        return {"true": f.field, "false": f"!{f.field}"}.get(f.value, f"{f.field} >= {f.value}")
    parts = [_condition(part, features) for part, _ in dag.args]
    if not all(parts):
        return ""
    if dag.op == "not":
        return _not(parts[0])
    grouped = [f"({part})" if " " in part and len(parts) > 1 else part for part in parts]
    return (" || " if dag.op == "any_of" else " && ").join(grouped)


def _not(condition: str) -> str:
    if " " in condition:
        return f"!({condition})"
    return condition.removeprefix("!") if condition.startswith("!") else f"!{condition}"
