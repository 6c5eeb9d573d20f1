"""Training examples and queries of a model: a function template from one target's point of view, slot by slot."""

from __future__ import annotations

from dataclasses import dataclass

ABSENT = -1
"""Answer of a slot that the target does not have."""

OTHER = -2
"""Answer of a slot or hole where the target has something that is not among the options."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoleExample:
    """A typed hole of a variant.

    ``kind``: a ``HoleKind``'s value. ``names``: candidate names of the new target, most votes first. ``votes``: each name's weighted share
    of the donors' votes, from 0 to 1. ``words``: for each name, words that TableGen associates with it. ``donors``: the names donors have
    there. ``answer``: the index of the right name, or OTHER.
    """

    kind: str
    names: Words
    votes: tuple[float, ...]
    words: tuple[Words, ...]
    donors: Words
    answer: int = OTHER


@dataclass(frozen=True, slots=True)
class VariantExample:
    """A variant of a slot.

    ``text``: its tokens with the target masked. ``members``: indices of the donors that have it. ``unknown``: how many of its identifiers
    the new target lacks. ``own``: whether it calls a method that only the new target declares.
    """

    text: Words
    members: tuple[int, ...]
    unknown: int
    own: bool
    holes: tuple[HoleExample, ...]


@dataclass(frozen=True, slots=True)
class SlotExample:
    """A statement slot.

    ``function``: the number of its ``FunctionExample``. ``parent``: the id of the enclosing slot, "" for none. ``members``: indices of the
    donors that have it. ``own``: whether donors usually call a method here that only the new target declares.
    ``answer``: the index of the right variant, ABSENT or OTHER. ``text``: the target's own tokens there, masked.
    """

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
    """A target's function aligned with its template.

    ``members``: for each member of the template, its target and that target's similarity to this one, from 0 to 1.
    ``unplaced``: masked statements of the target that have no slot.
    """

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
