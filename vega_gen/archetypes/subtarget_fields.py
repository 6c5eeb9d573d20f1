"""Computes the subtarget's fields from the features of a .td."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vega_gen.records import Description
from vega_gen.tablegen import predicates


def subtarget_fields(d: Description) -> list[dict[str, Any]]:
    """Returns the subtarget's fields that features set: booleans, numbers, or enumerations of the values that the .td files name.
    ``called``: whether conditions in the .td call a field by its name.

    Enumerators stand in the order of the .td files, after one for none: where two features set a field, TableGen's code keeps the
    greater value. ``space``: the namespace in which they stand, "" for the subtarget class."""
    values: dict[str, list[str]] = {}
    for f in d.features:
        if f.field.isidentifier():
            values.setdefault(f.field, []).append(f.value)
    called = predicates.asked(d)
    found: list[dict[str, Any]] = []
    for name, said in values.items():
        getter = name[0].lower() + name[1:]
        getter = getter if getter != name else f"get{name[0].upper()}{name[1:]}"
        kind, initial, listed, space = "unsigned", "0", list[str](), ""
        scopes = {value.rpartition("::")[0] for value in said}
        if said[0] in ("true", "false"):
            kind, initial = "bool", "false" if said[0] == "true" else "true"
        elif all(value.isidentifier() for value in said):
            kind, initial = f"{name}Kind", f"No{name}"
            listed = [initial, *dict.fromkeys(said)]
        elif all("::" in value for value in said) and len(scopes) == 1:
            listed = [f"No{name}", *dict.fromkeys(value.rpartition("::")[2] for value in said)]
            scope = scopes.pop()
            if scope == d.namespace:  # that of instructions and registers has the enumerators too
                space, initial = scope, f"{scope}::{listed[0]}"
            else:
                kind = scope.rpartition("::")[2]  # the scope before it is the subtarget class itself
                initial = f"{kind}::{listed[0]}"
        elif not all(value.isdigit() for value in said):
            continue
        scoped = "::" in initial and not space
        made = {"name": name, "type": kind, "initial": initial, "getter": getter, "enumerators": listed, "scoped": scoped, "space": space}
        found.append(made | {"called": kind == "bool" and name in called})
    return found


def by_macro(d: Description, fields: Sequence[Mapping[str, Any]]) -> bool:
    """Whether GET_SUBTARGETINFO_MACRO of llvm-tblgen can declare the boolean fields and their getters.

    It declares one for each feature, and its getter is the field's name with a small first letter."""
    flags = [f.field for f in d.features if f.value in ("true", "false") and "[" not in f.field]
    plain = {f["name"] for f in fields if f["type"] == "bool" and not f["called"]}
    return 0 < len(flags) == len(set(flags)) and set(flags) == plain and all(name[0].isupper() for name in flags)
