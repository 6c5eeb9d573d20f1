"""Convert training examples into numpy arrays, one ``Arrays`` per function. No torch is needed."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of numpy are incomplete.
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from vega_gen.errors import InputError
from vega_gen.model.vocabulary import NAME_PIECES, Vocabulary
from vega_gen.records import ABSENT, OTHER, FunctionExample, HoleExample, HoleKind, SlotExample, StatementKind, VariantExample

TEXT_PIECES = 32
SHARPNESS = 6.0
KINDS = tuple(kind.value for kind in StatementKind)
HOLES = tuple(kind.value for kind in HoleKind)

Array = np.ndarray[Any, Any]
Example = tuple[FunctionExample, tuple[SlotExample, ...]]


@dataclass(frozen=True, slots=True)
class HoleArrays:
    """The arrays of a hole.

    ``variant``: the number of its variant in the function. ``place``: its position among the variant's holes. ``names``, ``words``,
    ``donors``: numbers of texts. ``answer``: an index in ``names``; their number where the right name is not among them; -1 where it is
    unknown.
    """

    variant: int
    kind: int
    place: int
    names: Array
    words: Array
    donors: Array
    votes: Array
    answer: int


@dataclass(frozen=True, slots=True)
class Arrays:
    """The arrays of a function with S slots, V variants in order of their slots, M members of the template, and T texts.

    ``texts``: the pieces of each text. ``signature``: the number of a text. ``weight`` [M]: weights of the donors, with sum 1.
    ``parent`` [S]: the enclosing slot, -1 for none. ``has`` [S, M], ``takes`` [V, M]: which donors have the slot, the variant.
    ``slot_of``, ``text_of`` [V]: the variant's slot and text. ``unknown`` [V]: number of identifiers the target lacks.
    ``calls_own`` [V]: whether it calls a method of the target's own. ``vote`` [V]: the product of the best votes in its holes.
    ``answer`` [S]: -1 for absent, a variant's number, or V for another text. ``asked`` [S]: whether the enclosing slot is there.
    """

    texts: tuple[tuple[int, ...], ...]
    signature: int
    weight: Array
    parent: Array
    kind: Array
    depth: Array
    own: Array
    has: Array
    takes: Array
    slot_of: Array
    text_of: Array
    unknown: Array
    calls_own: Array
    vote: Array
    holes: tuple[HoleArrays, ...]
    answer: Array
    asked: Array


def read_shards(functions: Path, slots: Path) -> Iterator[Example]:
    """Yield the examples of a pair of shards. Raises InputError with file:line where a line is not an example."""
    waiting: dict[int, list[SlotExample]] = {}
    for number, line in enumerate(slots.read_bytes().splitlines(), 1):
        slot = _read(slots, number, line, _slot)
        waiting.setdefault(slot.function, []).append(slot)
    for number, line in enumerate(functions.read_bytes().splitlines(), 1):
        function = _read(functions, number, line, _function)
        yield function, tuple(waiting.get(function.number, ()))


def _read(path: Path, number: int, line: bytes, make: Any) -> Any:
    try:
        return make(orjson.loads(line))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"not an example: {error}", f"{path}:{number}", "run `vega-gen train` to write the shards again") from None


def _slot(plain: dict[str, Any]) -> SlotExample:
    def hole(h: dict[str, Any]) -> HoleExample:
        words = tuple(map(tuple, h["words"]))
        return HoleExample(h["kind"], tuple(h["names"]), tuple(h["votes"]), words, tuple(h["donors"]), h["answer"])

    def variant(v: dict[str, Any]) -> VariantExample:
        return VariantExample(tuple(v["text"]), tuple(v["members"]), v["unknown"], v["own"], tuple(map(hole, v["holes"])))

    variants = tuple(map(variant, plain["variants"]))
    return SlotExample(
        plain["function"], plain["id"], plain["kind"], plain["parent"], tuple(plain["members"]), plain["own"], variants, plain["answer"],
        tuple(plain["text"]),
    )


def _function(plain: dict[str, Any]) -> FunctionExample:
    typed: dict[str, Any] = {
        **plain,
        "signature": tuple(plain["signature"]),
        "members": tuple((target, nearness) for target, nearness in plain["members"]),
        "unplaced": tuple(map(tuple, plain["unplaced"])),
    }
    return FunctionExample(**typed)


def texts_of(example: Example) -> Iterator[Sequence[str]]:
    """Yield every text of an example, to build the vocabulary from."""
    function, slots = example
    yield function.signature
    for variant in (v for slot in slots for v in slot.variants):
        yield variant.text
        for hole in variant.holes:
            yield hole.names
            yield hole.donors
            yield from hole.words


def arrays(example: Example, vocabulary: Vocabulary) -> Arrays:
    """Convert an example to arrays."""
    function, slots = example
    numbers: dict[tuple[int, ...], int] = {}

    def text(tokens: Iterable[str], most: int) -> int:
        return numbers.setdefault(tuple(vocabulary.encode(tokens, most)), len(numbers))

    members = len(function.members)
    index = {slot.id: i for i, slot in enumerate(slots)}
    has = np.zeros((len(slots), members), np.float32)
    takes: list[Array] = []
    slot_of: list[int] = []
    text_of: list[int] = []
    unknown: list[int] = []
    calls_own: list[bool] = []
    vote: list[float] = []
    holes: list[HoleArrays] = []
    answer = np.full(len(slots), -1, np.int64)
    for i, slot in enumerate(slots):
        has[i, list(slot.members)] = 1.0
        first = len(slot_of)
        for k, variant in enumerate(slot.variants):
            row = np.zeros(members, np.float32)
            row[list(variant.members)] = 1.0
            takes.append(row)
            for place, hole in enumerate(variant.holes):
                holes.append(_hole(hole, len(slot_of), place, text, slot.answer == k))
            slot_of.append(i)
            text_of.append(text(variant.text, TEXT_PIECES))
            unknown.append(variant.unknown)
            calls_own.append(variant.own)
            vote.append(math.prod(min(hole.votes[0], 1.0) if hole.votes else 0.0 for hole in variant.holes))
        answer[i] = -1 if slot.answer == ABSENT else first + slot.answer if slot.answer >= 0 else OTHER
    answer[answer == OTHER] = len(slot_of)
    parent = np.array([index.get(slot.parent, -1) for slot in slots], np.int64)
    asked = np.array([p < 0 or answer[p] != -1 for p in parent], bool)
    kinds = np.array([KINDS.index(slot.kind) for slot in slots], np.int64)
    depth = np.array([min(slot.id.count("."), 7) for slot in slots], np.int64)
    own = np.array([slot.own for slot in slots], np.float32)
    signature = text(function.signature, TEXT_PIECES)
    weight = weights(function)
    return Arrays(
        tuple(numbers), signature, weight, parent, kinds, depth, own, has, np.array(takes, np.float32).reshape(-1, members),
        np.array(slot_of, np.int64), np.array(text_of, np.int64), np.array(unknown, np.float32), np.array(calls_own, np.float32),
        np.array(vote, np.float32), tuple(holes), answer, asked,
    )


def _hole(hole: HoleExample, variant: int, place: int, text: Any, right: bool) -> HoleArrays:
    answer = -1 if not right else hole.answer if hole.answer >= 0 else len(hole.names)
    names = np.array([text((name,), NAME_PIECES) for name in hole.names], np.int64)
    words = np.array([text(said, NAME_PIECES) for said in hole.words], np.int64)
    donors = np.array([text((name,), NAME_PIECES) for name in hole.donors], np.int64)
    return HoleArrays(variant, HOLES.index(hole.kind), min(place, 7), names, words, donors, np.array(hole.votes, np.float32), answer)


def weights(function: FunctionExample) -> Array:
    """Return each member's weight: a softmax of its target's similarity, shared among that target's members."""
    count: dict[str, int] = {}
    for target, _ in function.members:
        count[target] = count.get(target, 0) + 1
    raw = np.array([math.exp(SHARPNESS * (near - 1.0)) / count[target] for target, near in function.members], np.float32)
    return raw / raw.sum()
