"""What the parts of a completion are written from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.find import Facts
from vega_gen.records import Description


@dataclass(frozen=True)
class Lacking:
    """A description that may lack something. ``m``: its facts. ``own``: the text of the target's .td files."""

    d: Description
    m: Facts
    own: str

    @cached_property
    def _taken(self) -> frozenset[str]:
        d = self.d
        types = (d.registers, d.register_classes, d.operand_classes, d.calling_conventions)
        named = (*types, d.instructions, d.nodes, d.fragments, d.complex_patterns)
        return frozenset(record.name for records in named for record in records)

    def name(self, wanted: str) -> str:
        """Returns a name for a new record: ``wanted``, or, where the .td has a record of that name, one that ends in the target's."""
        return f"{wanted}_{self.d.name}" if wanted in self._taken else wanted

    @property
    def pseudo(self) -> str:
        """What each pseudo instruction of a completion says of itself, to stand between ``let`` and ``in``."""
        return f'Namespace = "{self.d.namespace}", isPseudo = 1, isCodeGenOnly = 1, hasNoSchedulingInfo = 1, Size = 0'
