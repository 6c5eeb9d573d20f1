"""What a model learns from and is asked: a function template as one target sees it, a slot at a time.

Enters: nothing. Leaves: types. It does not decide.
"""

from __future__ import annotations

from dataclasses import dataclass

ABSENT = -1
"""Answer of a slot: the target does not have it."""

OTHER = -2
"""Answer of a slot or hole: the target has something there that is not offered."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoleExample:
    """A typed hole of a variant. ``names``: what the new target could have there, most voted first; ``votes``: weighted share of the
    donors' votes, 0 to 1; ``words``: what TableGen says of each; ``donors``: what donors have there. ``answer``: index of the
    right name, or OTHER."""

    kind: str
    names: Words
    votes: tuple[float, ...]
    words: tuple[Words, ...]
    donors: Words
    answer: int = OTHER


@dataclass(frozen=True, slots=True)
class VariantExample:
    """A variant of a slot. ``text``: its tokens, the target masked; ``members``: indices of the donors that have it; ``unknown``: how many
    of its identifiers the new target has not; ``own``: it calls a method that only the new target declares."""

    text: Words
    members: tuple[int, ...]
    unknown: int
    own: bool
    holes: tuple[HoleExample, ...]


@dataclass(frozen=True, slots=True)
class SlotExample:
    """A statement slot. ``function``: number of its ``FunctionExample``; ``parent``: id of the slot around it, "" for none;
    ``members``: indices of the donors that have it; ``own``: donors usually call a method in it that only the new target declares.
    ``answer``: index of the right variant, ABSENT or OTHER; ``text``: what the target has there, masked."""

    function: int
    id: str
    kind: str
    parent: str
    members: tuple[int, ...]
    own: bool
    variants: tuple[VariantExample, ...]
    answer: int = ABSENT
    text: Words = ()


@dataclass(frozen=True, slots=True)
class FunctionExample:
    """A function of a target against its template. ``members``: of the template: (target, nearness to this one, 0 to 1).
    ``unplaced``: statements of the target, masked, that no slot takes."""

    number: int
    target: str
    file: str
    name: str
    group: str
    module: str
    mode: str
    signature: Words
    members: tuple[tuple[str, float], ...]
    unplaced: tuple[Words, ...] = ()
