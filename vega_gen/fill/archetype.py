"""The archetype filler: offers a function's archetype and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen.archetypes.parts import by_name, the_overload
from vega_gen.fill.context import FillRequest
from vega_gen.records import Candidate, PlannedFunction


class ArchetypeFiller:
    """Offers the archetype with the same class, name and parameters as the mined function, else the one of the same function group."""

    def __init__(self, functions: Sequence[PlannedFunction]) -> None:
        self._named = by_name(functions)
        self._grouped = {f.group: f.candidate for f in functions}

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        found = the_overload(self._named, request.signature) or self._grouped.get(request.template.group.name)
        return (found,) if found else ()
