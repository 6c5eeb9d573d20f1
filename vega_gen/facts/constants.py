"""What holds a constant, and what puts an address into a register.

Enters: ``Selections``. Leaves: names of registers, and records. It knows no roles (``machine`` gives them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from vega_gen.facts.selections import Selection, Selections, is_symbol, leaf_name

_IDENTITIES = {"or": "zero", "add": "zero", "xor": "zero", "and": "ones"}


def constant_registers(s: Selections, members: Collection[str]) -> dict[str, str]:
    """The registers that hold 0 ("zero") and all ones ("ones"): a pattern that makes any number n by one instruction from a register
    and n is right only where the instruction, an or, add, xor (an and), leaves n as it is."""
    meanings = {one.record: meaning for root, meaning in _IDENTITIES.items() for one in s.of(root)}
    found: dict[str, str] = {}
    for one in _leaves(s):
        meaning = meanings.get(one.record, "")
        registers = [value for value in one.fixed.values() if value in members]
        rest = [value for value in one.fixed.values() if value not in members and not value.lstrip("-").isdigit()]
        if meaning and len(registers) == 1 and len(rest) == 1:
            found.setdefault(meaning, registers[0])
    return found


def symbol_loads(s: Selections) -> Iterator[str]:
    """Instructions that take a symbol's whole address as an immediate, by pattern: ((own node symbol), (instruction symbol))."""
    for root in sorted(s.roots):
        for one in s.of(root):
            if len(one.dag.args) == 1 and is_symbol(leaf_name(one.dag, (0,))) and list(one.paths.values()) == [(0,)] and not one.fixed:
                yield one.record


def _leaves(s: Selections) -> Iterator[Selection]:
    for root in sorted(s.roots):
        yield from (one for one in s.of(root) if not one.dag.args)
