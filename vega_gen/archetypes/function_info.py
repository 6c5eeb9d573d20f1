"""What the C++ in a .td asks of the target's own class of facts about a function (MachineFunctionInfo)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.records import Description

_ASKED = re.compile(r"\bgetInfo<(\w+)>\(\)->(\w+)\(")


def function_info(d: Description) -> dict[str, list[str]]:
    """Returns name of a class -> the methods that predicates, fragments and orders of allocation call of it, as in
    ``MF->getInfo<ToyFunctionInfo>()->isNaked()``.

    The .td says no more of them than the names: they return false."""
    found: dict[str, list[str]] = {}
    for code in _codes(d):
        for name, method in _ASKED.findall(code):
            if method not in found.setdefault(name, []):
                found[name].append(method)
    return found


def _codes(d: Description) -> Iterator[str]:
    yield from d.predicates.values()
    yield from (f.code for f in d.fragments)
    yield d.data.get("RegisterClass.orders", "")
