"""What ``mine`` reports about a corpus."""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.records.cpp import Unreadable


@dataclass(frozen=True, slots=True)
class MinedTarget:
    """A target of the corpus.

    ``label``: its name in records. ``name``: the name of its ``Target`` record. ``functions``, ``files``: how many function definitions and
    C++ files were read: none for a held-out target in td mode, only headers without bodies for one in desc mode.
    """

    label: str
    folder: str
    name: str
    functions: int
    files: int
    held_out: bool


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The number of groups of a kind (a ``GroupKind``'s value) that have members in this many targets."""

    kind: str
    targets: int
    groups: int


@dataclass(frozen=True, slots=True)
class Mining:
    """The result of mining. ``grouped``: the number of functions whose group has members in at least two targets."""

    targets: tuple[MinedTarget, ...]
    groups: tuple[GroupCount, ...]
    grouped: int
    unreadable: tuple[Unreadable, ...]

    @property
    def functions(self) -> int:
        """The number of functions that were read."""
        return sum(t.functions for t in self.targets)
