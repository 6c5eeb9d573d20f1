"""How far a backend gets on the ladder, and what fails on each rung."""

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
    """One failure on a rung.

    ``name``: the tool, instruction or program. ``command``: a shell command that repeats it. ``message``: the first line of the error.
    ``function``: the C++ function named by the message or the stack, "" if none.
    """

    name: str
    command: str
    message: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class Climbed:
    """The result of a rung: ``passed`` of ``total`` tools, instructions or programs.

    ``total`` is 0 where the rung was not tried; ``notes`` says why. ``notes`` also holds remarks that do not count as failures.
    """

    rung: Rung
    passed: int
    total: int
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedFact:
    """A fact for want of which programs are not compiled. ``question``: what it says: "how to load 8 bits". ``programs``: how many of the
    ``total`` programs stop there. ``candidates``: (value, confidence), the likeliest first."""

    key: str
    question: str
    programs: int
    total: int
    candidates: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The results of all rungs for one backend. ``wanted``: the facts that would get it further, those that most programs want first."""

    target: str
    triple: str
    steps: tuple[Climbed, ...]
    wanted: tuple[WantedFact, ...] = ()

    @property
    def in_the_way(self) -> tuple[tuple[str, int], ...]:
        """The C++ functions that obstacles name, each with the number of obstacles, most first."""
        counts: dict[str, int] = {}
        for step in self.steps:
            for obstacle in step.obstacles:
                if obstacle.function:
                    counts[obstacle.function] = counts.get(obstacle.function, 0) + 1
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
