"""Says which atomic operations instructions do: the others become loops around a compare-and-swap, or calls of the run-time library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from vega_gen.archetypes.legality import all_of
from vega_gen.facts.find import Facts
from vega_gen.records import Description
from vega_gen.tablegen.subtargets import basic

_CHANGES = {
    "Xchg": "atomic_swap", "Add": "atomic_load_add", "Sub": "atomic_load_sub", "And": "atomic_load_and", "Or": "atomic_load_or",
    "Xor": "atomic_load_xor", "Nand": "atomic_load_nand", "Max": "atomic_load_max", "Min": "atomic_load_min",
    "UMax": "atomic_load_umax", "UMin": "atomic_load_umin",
}  # fmt: skip
"""AtomicRMWInst::BinOp -> the operator of its patterns, without the type."""
_ORDERINGS = frozenset("4567")
"""The orderings of a fence (llvm/Support/AtomicOrdering.h): acquire, release, both, sequentially consistent."""


def atomic_values(d: Description, m: Facts, known: AbstractSet[str]) -> dict[str, Any]:
    """Returns the values of templates that have to do with atomic operations. ``known``: methods of the subtarget.

    They are native where a pattern selects a compare-and-swap of an address, and loads and stores of each width up to that: the widths
    below are then compared and swapped within a word."""
    fence = not fence_action(d, m)

    def selected(name: str) -> bool:
        return name in m.legal or (fence and f"{name}_monotonic" in m.legal)

    swap = f"atomic_cmp_swap_i{m.native}"
    widths = [bits for bits in (8, 16, 32, 64) if bits <= m.native]
    accesses = [(f"atomic_load_{bits}", f"atomic_load_nonext_{bits}", f"atomic_store_{bits}") for bits in widths]
    native = selected(swap) and all((selected(load) or selected(whole)) and selected(store) for load, whole, store in accesses)
    return {
        "atomics": {
            "fence": fence, "guard": all_of([d.predicates.get(p, "") for p in _predicates(d, swap)], known),
            "changes": [name for name, root in _CHANGES.items() if selected(f"{root}_i{m.native}")],
        } if native else None,
    }  # fmt: skip


def fence_action(d: Description, m: Facts) -> list[str]:
    """Returns the action for fences: none where patterns select all of them."""
    found = _fences(d)
    every = "atomic_fence" in m.legal and ("" in found or found >= _ORDERINGS)
    return [] if every else ["setOperationAction(ISD::ATOMIC_FENCE, MVT::Other, Expand);"]


def _fences(d: Description) -> frozenset[str]:
    """Returns the orderings of the fences that patterns select, "" where one selects any."""
    texts = [matched for matched, _ in basic(d).patterns] + [i.pattern for i in basic(d).instructions]
    found = (re.search(r"\(atomic_fence (?:\(\w+ )?(\w+)", text) for text in texts if "(atomic_fence " in text)
    return frozenset(one[1] if one[1].isdigit() else "" for one in found if one)


def _predicates(d: Description, operator: str) -> list[str]:
    """Returns the Predicate records that the first pattern of ``operator`` needs."""
    found = next(_needed(basic(d), operator), frozenset[str]())
    return sorted(found)


def _needed(d: Description, operator: str) -> Iterator[frozenset[str]]:
    named = re.compile(rf"\({operator}\w* ")
    own = {i.name: i.predicates for i in d.instructions}
    guards = d.pattern_predicates if len(d.pattern_predicates) == len(d.patterns) else ((),) * len(d.patterns)
    for (matched, given), guard in zip(d.patterns, guards, strict=True):
        if named.search(matched):
            yield frozenset(guard).union(*(own.get(word, ()) for word in re.findall(r"\((\w+)", given)))
    yield from (frozenset(i.predicates) for i in d.instructions if named.search(i.pattern))
