"""What ``mine`` reports of a corpus.

Enters: nothing. Leaves: types. It does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.records.cpp import Unreadable


@dataclass(frozen=True, slots=True)
class MinedTarget:
    """A target of the corpus: ``label`` names it in records, ``name`` is its ``Target`` record's.

    ``functions``: definitions with a body that were read; ``files``: C++ files that were read. Both 0 for a held-out target in td mode,
    and only headers (bodies out) are read of one in desc mode."""

    label: str
    folder: str
    name: str
    functions: int
    files: int
    held_out: bool


@dataclass(frozen=True, slots=True)
class GroupCount:
    """So many groups of a kind (``records`` of ``groups.GroupKind``) have members in so many targets."""

    kind: str
    targets: int
    groups: int


@dataclass(frozen=True, slots=True)
class Mining:
    """What mining found. ``grouped``: functions whose group has members in two targets or more."""

    targets: tuple[MinedTarget, ...]
    groups: tuple[GroupCount, ...]
    grouped: int
    unreadable: tuple[Unreadable, ...]

    @property
    def functions(self) -> int:
        """All functions that were read."""
        return sum(t.functions for t in self.targets)
