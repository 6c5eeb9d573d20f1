"""How far a backend gets: the rungs of the ladder, and what stands in the way of the next.

Enters: nothing. Leaves: types. It does not climb.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rung(StrEnum):
    """The rungs, lowest first."""

    BUILT = "built"
    REGISTERED = "registered"
    ROUND_TRIP = "round-trip"
    SMOKE = "smoke-compiles"
    VERIFIED = "machine-verified"
    OBJECTS = "objects"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that failed on a rung.

    ``name``: the tool, instruction or program. ``command``: repeats it in a shell. ``message``: the first line of what went wrong.
    ``function``: the C++ function that the message or the stack names, "" if none.
    """

    name: str
    command: str
    message: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class Climbed:
    """What came of a rung: ``passed`` of ``total`` (tools, instructions or programs). ``total`` 0: it was not asked, ``notes`` says why.
    ``notes``: what does not count as failed but should be known."""

    rung: Rung
    passed: int
    total: int
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """All rungs of one backend."""

    target: str
    triple: str
    steps: tuple[Climbed, ...]

    @property
    def in_the_way(self) -> tuple[tuple[str, int], ...]:
        """The C++ functions that obstacles name, and how many name each, most first."""
        counts: dict[str, int] = {}
        for step in self.steps:
            for obstacle in step.obstacles:
                if obstacle.function:
                    counts[obstacle.function] = counts.get(obstacle.function, 0) + 1
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
