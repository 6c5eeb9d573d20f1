"""Makes a fact of the instruction that holds the upper bits of the immediate of the one behind it."""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.facts.choosing import Choice
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.view import TargetView
from vega_gen.records import Evidence


def extender(v: TargetView) -> Iterator[Choice[Operation]]:
    """Yields the only instruction that takes just the upper bits of a number (``Extenders.record``)."""
    if record := v.selections.extenders.record:
        why = f"{record} takes the upper bits of a number and nothing else"
        yield Choice(Operation(record, (OperandRole.IMM,)), Evidence.OPERAND, why)
