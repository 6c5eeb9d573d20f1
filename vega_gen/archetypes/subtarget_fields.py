"""Computes the subtarget's fields from the features of a .td."""

from __future__ import annotations

from typing import Any

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
