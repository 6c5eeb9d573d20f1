"""Computes the subtarget's fields from the features of a .td."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vega_gen.archetypes.doubtful import Doubtful
from vega_gen.cxx.interface import Interface
from vega_gen.facts.doubts import BY_DEFAULT, Doubt
from vega_gen.records import Description
from vega_gen.tablegen import predicates


def subtarget_fields(d: Description) -> list[dict[str, Any]]:
    """Returns the subtarget's fields that features set: booleans, numbers, or enumerations of the values that the .td files name.
    ``called``: whether conditions in the .td call a field by its name.

    Enumerators stand in the order of the .td files, after one for none: where two features set a field, TableGen's code keeps the
    greater value. ``space``: the namespace in which they stand, "" for the subtarget class. ``scoped``: whether they belong to an
    enumeration that the values name (Toy::Level::V2), which several fields may share: the first of these has its ``enumerators``."""
    values: dict[str, list[str]] = {}
    for f in d.features:
        if f.field.isidentifier():
            values.setdefault(f.field, []).append(f.value)
    called = predicates.asked(d)
    found: list[dict[str, Any]] = []
    fields: dict[str, dict[str, list[str]]] = {}
    for name, said in values.items():
        for value in said:
            scope, _, enumerator = value.rpartition("::")
            fields.setdefault(scope, {}).setdefault(name, []).append(enumerator)
    listed_in: set[str] = set()
    for name, said in values.items():
        getter = name[0].lower() + name[1:]
        getter = getter if getter != name else f"get{name[0].upper()}{name[1:]}"
        kind, initial, listed, space, scoped = "unsigned", "0", list[str](), "", False
        scopes = {value.rpartition("::")[0] for value in said}
        if said[0] in ("true", "false"):
            kind, initial = "bool", "false" if said[0] == "true" else "true"
        elif all(value.isidentifier() for value in said):
            kind, initial = f"{name}Kind", f"No{name}"
            listed = [initial, *dict.fromkeys(said)]
        elif all("::" in value for value in said) and len(scopes) == 1:
            scope = scopes.pop()
            if scope == d.namespace:  # that of instructions and registers has the enumerators too
                listed = [f"No{name}", *dict.fromkeys(value.rpartition("::")[2] for value in said)]
                space, initial = scope, f"{scope}::{listed[0]}"
            else:
                outer, _, kind = scope.rpartition("::")  # the scope before it is the subtarget class itself, or the target's namespace
                space = outer if outer == d.namespace else ""
                none = f"No{min(fields[scope], key=list(values).index)}"
                kind, scoped = f"{space}::{kind}" if space else kind, True
                initial = f"{kind}::{none}"
                if scope not in listed_in:  # the field with most values tells the order
                    of_fields = sorted(fields[scope].values(), key=len, reverse=True)
                    listed = [none, *dict.fromkeys(value for one in of_fields for value in one)]
                    listed_in.add(scope)
        elif not all(value.isdigit() for value in said):
            continue
        made = {"name": name, "type": kind, "initial": initial, "getter": getter, "enumerators": listed, "scoped": scoped, "space": space}
        found.append(made | {"called": kind == "bool" and name in called})
    return found


def by_macro(d: Description, fields: Sequence[Mapping[str, Any]]) -> bool:
    """Whether GET_SUBTARGETINFO_MACRO of llvm-tblgen can declare the boolean fields and their getters.

    It declares one for each feature, and its getter is the field's name with a small first letter."""
    flags = [f.field for f in d.features if f.value in ("true", "false") and "[" not in f.field]
    plain = {f["name"] for f in fields if f["type"] == "bool" and not f["called"]}
    return 0 < len(flags) == len(set(flags)) and set(flags) == plain and all(name[0].isupper() for name in flags)


def subtarget_predicates(d: Description, fields: Sequence[dict[str, Any]], llvm: Interface, little_endian: str) -> dict[str, str]:
    """Returns methods of the subtarget that Predicate records call and no field has as its getter -> their condition in features.

    A method that no feature answers is false, so that what needs it is not selected; the byte order is the triple's."""
    known = {field["name"] for field in fields}
    unknown = {f.field for f in d.features} - known
    found: dict[str, str] = {}
    answered = {field["getter"] for field in fields} | {field["name"] for field in fields if field["called"]}
    for name in sorted(predicates.asked(d) - answered):
        if llvm.declares(f"TargetSubtargetInfo::{name}"):
            continue
        condition = predicates.answer(d, name)
        if name in ("isLittleEndian", "isBigEndian"):
            little = little_endian.replace("TT.", "getTargetTriple().")
            found[name] = little if name == "isLittleEndian" else {"true": "false", "false": "true"}.get(little, f"!{little}")
        elif condition and unknown.isdisjoint(re.findall(r"\w+", condition)):
            found[name] = condition
        else:
            found[name] = Doubtful("false", Doubt(BY_DEFAULT, f"no feature says when {name} holds: never is assumed"))
    return found
