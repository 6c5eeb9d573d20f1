"""The filler that offers a function's archetype, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen.fill.context import FillRequest
from vega_gen.records import Candidate, PlannedFunction


class ArchetypeFiller:
    """The archetype of a function that mined templates have too: the same class and name, else the same function group."""

    def __init__(self, functions: Sequence[PlannedFunction]) -> None:
        self._named = {f.qualified_name: f.candidate for f in functions}
        self._grouped = {f.group: f.candidate for f in functions}

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        s = request.signature
        qualified = f"{s.class_name}::{s.name}" if s.class_name else s.name
        found = self._named.get(qualified) or self._grouped.get(request.template.group.name)
        return (found,) if found else ()
