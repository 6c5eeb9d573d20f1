"""Finds the instruction that gives the next one the upper bits of its immediate.

An extender is told by its operand, and every immediate of that width may have it (``facts.extenders``); a prefix is told by its mnemonic
alone, and goes with additions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandKind, Range
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Description, Evidence

PREFIXED = "LOAD_PREFIXED"
"""Name of the pseudo instruction of the completion that is the prefix and an addition to zero: it sets a register to any number."""
_WORDS = re.compile(r"imml?|pr?e?fi?x|imm?ext|ext(?:end)?imm|immhi")
_NOT = frozenset({"isPseudo", "isCall", "isBranch", "isReturn", "isTerminator", "mayLoad", "mayStore"})


def prefixes(v: TargetView) -> Iterator[Choice[Operation]]:
    """Yields the instructions that have an immediate alone and a mnemonic that prefixes have."""
    for i in v.d.instructions:
        if _WORDS.fullmatch(mnemonic(i)) and encoded(i) and not i.flags & _NOT and not i.outs and len(i.ins) == 1:
            made = v.operation(i.name, lambda o, _: OperandRole.IMM if o.kind is OperandKind.IMM else None)
            if made and made.range and made.range.bits < v.native:
                yield Choice(made, Evidence.ASSEMBLY, f"{i.name} has an immediate alone, and the mnemonic of a prefix")


def extender(v: TargetView) -> Iterator[Choice[Operation]]:
    """Yields the only instruction that takes just the upper bits of a number (``Extenders.record``)."""
    if record := v.selections.extenders.record:
        why = f"{record} takes the upper bits of a number and nothing else"
        yield Choice(Operation(record, (OperandRole.IMM,)), Evidence.OPERAND, why)


def prefixed_load(d: Description, native: int) -> Operation | None:
    """Returns the pseudo instruction of the completion that sets a register to any number, None where the completion has none."""
    there = any(i.name == PREFIXED and "isPseudo" in i.flags for i in d.instructions)
    return Operation(PREFIXED, (OperandRole.DST, OperandRole.IMM), Range(native, True), outs=1) if there else None
