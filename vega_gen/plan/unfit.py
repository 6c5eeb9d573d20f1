"""Which conditions and transforms in a .td are C++ that LLVM's headers do not compile, or that asks what nobody says."""

from __future__ import annotations

import re
from collections.abc import Collection

from vega_gen.records import Description

_CASE = re.compile(r"^  case \d+: \{.*?^  \}$", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r"^    // Predicate_(\w+)$|^  case \d+: \{  // (\w+)$", re.MULTILINE)


def unfit(d: Description, table: str, lines: Collection[int], unwritten: Collection[str], assumed: Collection[str]) -> list[str]:
    """Returns the fragments and transforms of the target's own that no selection can rest on, by name.

    ``table``: what llvm-tblgen -gen-dag-isel writes. ``lines``: those of it that do not compile. ``unwritten``: functions that the C++
    calls and that end the program; ``assumed``: such as return false, which is an answer for a condition and none for a number."""
    own = {f.name for f in d.fragments}
    found: set[str] = set()
    for case in _CASE.finditer(table):
        transforms = {name for _, name in _NAMES.findall(case[0]) if name}
        first = table.count("\n", 0, case.start()) + 1
        called = set(re.findall(r"(?<![\w.>:])(\w+)\s*\(", case[0]))
        wrong = any(first <= line <= first + case[0].count("\n") for line in lines)
        if wrong or called & {*unwritten, *(assumed if transforms else ())}:
            found |= (transforms or {name for name, _ in _NAMES.findall(case[0])}) & own
    return sorted(found)
