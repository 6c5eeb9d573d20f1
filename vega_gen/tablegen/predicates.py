"""Translate Predicate records to C++ conditions on feature fields: what the subtarget methods that predicates call return."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from vega_gen.records import Description, SubtargetFeature
from vega_gen.tablegen.raw import Dag, parse_dag

_VARIABLE = re.compile(r"(?<![\w.>:])([A-Za-z_]\w*)->\w+\s*\(")
_KNOWN = frozenset({"Subtarget", "MF", "MBB", "BB", "CurDAG", "TM", "TII", "TRI", "TLI", "MRI", "FuncInfo", "RegInfo", "N", "this"})
"""Variables that a selector has whatever the target (llvm/CodeGen/SelectionDAGISel.h), and what is not the subtarget's."""
_CALLS = re.compile(r"Subtarget(?:->|\.)(\w+)\s*\(\s*\)")
_NEGATION = re.compile(r"(?:disable|no|not|without|isNot|hasNo|inNo)[A-Z]")
_WIDTH = re.compile(r"(?:is|in|has)\w*?(\d\d)(?:[Bb]it)?")
_ONE_CALL = re.compile(r"\s*\(?\s*(!?)\s*\(?\s*Subtarget(?:->|\.)(\w+)\s*\(\s*\)\s*\)*\s*")


def asked(description: Description) -> frozenset[str]:
    """Return the subtarget methods that Predicate records call without arguments."""
    return frozenset(name for code in description.predicates.values() for name in _CALLS.findall(code))


def subtarget_variable(conditions: Iterable[str]) -> str:
    """Return what conditions of Predicate records call the subtarget where that is not ``Subtarget``: the one variable beside those that
    every selector has, "" where there is none or more than one."""
    named = {name for code in conditions for name in _VARIABLE.findall(code)}
    own = named - _KNOWN
    return own.pop() if len(own) == 1 and "Subtarget" not in named else ""


def answer(description: Description, method: str) -> str:
    """Return the condition under which a subtarget method is true, "" if the records do not determine it.

    Where a record's C++ (CondString) is just a call of the method, or its negation, the record's AssemblerCondDag gives the same
    condition in features (llvm/Target/Target.td); SubtargetEmitter sets a feature's field to at least its value. Otherwise the
    method may be the getter of a boolean field, which SubtargetEmitter names after it: ``hasX`` for ``HasX``; ``getHasX`` says so itself.
    ``is...64`` asks for the width of addresses, which is that of the feature "64bit".
    Else one whose name denies something is true, as what it denies is false where the records say nothing of it; and so is
    ``isTargetELF``, for generated backends write ELF.
    """
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
    fields = [f.field for f in description.features if f.value == "true"]
    getters = {name: field for field in fields for name in (f"get{field}", field[:1].lower() + field[1:])}
    if wide := wide_feature(description, method):
        return wide.field
    return getters.get(method, "true" if method == "isTargetELF" or _NEGATION.match(method) else "")


def wide_feature(description: Description, method: str) -> SubtargetFeature | None:
    """Return the feature "64bit" for a subtarget method that is named for that width, such as ``isPPC64``, None where there is none."""
    named = _WIDTH.fullmatch(method)
    return next((f for f in description.features if named and f.name == f"{named[1]}bit" and f.value == "true"), None)


def _condition(dag: Dag | str, features: Mapping[str, SubtargetFeature]) -> str:
    """Return an ``all_of``, ``any_of`` or ``not`` of features as C++, "" if it names a record that is not a feature."""
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
