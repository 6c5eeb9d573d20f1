"""Turn a slot into a prompt and its answer into text, and read a model's answer back as one of the slot's options.

Models see only the first few hundred tokens, so a source has the most telling parts first, a line each: the slot's place, the last
decision, its variants with share and donors, the names of each hole with votes and TableGen's words for them; then earlier decisions,
latest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from vega_gen.model.data import Example, weights
from vega_gen.records import ABSENT, FunctionExample, HoleExample, SlotExample, VariantExample

LONGEST = 6000
"""The maximum length of a source in characters, more than the models' context holds."""
_DONORS = 4
_WORDS = 8
_BEFORE = 12

Option = tuple[int, tuple[int, ...]]
"""A variant's number in its slot, and the index of a name for each of its holes."""


def source(function: FunctionExample, slots: Sequence[SlotExample], index: int, before: Mapping[str, str]) -> str:
    """Return the prompt for slot ``index``. ``before``: the id of each slot filled before it -> its text, in order."""
    slot = slots[index]
    weight = weights(function)
    around = next((s for s in slots if s.id == slot.parent), None)
    asked = range(len(function.members)) if around is None else around.members
    total = sum(float(weight[m]) for m in asked) or 1.0

    def share(members: Sequence[int]) -> str:
        return f"{sum(float(weight[m]) for m in members) / total:.2f}"

    lines = [f"{slot.kind} statement in {' '.join(function.signature)}"]
    if slot.parent in before:
        lines.append(f"inside {before[slot.parent]}")
    latest = [text for place, text in before.items() if place != slot.parent][: -_BEFORE - 1 : -1]
    lines += [f"after {text}" for text in latest[:1]]
    lines.append(f"there {share(slot.members)}{' calls a method of its own' if slot.own else ''}")
    for variant in slot.variants:
        near = sorted({function.members[m] for m in variant.members}, key=lambda m: (-m[1], m[0]))[:_DONORS]
        donors = " ".join(f"{target} {nearness:.2f}" for target, nearness in near)
        unknown = f" unknown names {variant.unknown}" if variant.unknown else ""
        lines.append(f"{share(variant.members)} {' '.join(variant.text)} of {donors}{unknown}")
        lines += [_hole(hole) for hole in variant.holes]
    lines += [f"before that {text}" for text in latest[1:]]
    return "\n".join(lines)[:LONGEST]


def _hole(hole: HoleExample) -> str:
    said = zip(hole.names, hole.votes, hole.words, strict=True)
    names = " | ".join(" ".join((name, f"{vote:.2f}", *words[:_WORDS])) for name, vote, words in said)
    return f"‹{hole.kind}› {names or 'nothing'} where donors have {' '.join(hole.donors)}"


def answer(slot: SlotExample) -> str | None:
    """Return the text of a slot's right answer, None for absence. Text that is not among the options is masked, as in a template."""
    if slot.answer == ABSENT:
        return None
    if slot.answer < 0:
        return " ".join(slot.text)
    variant = slot.variants[slot.answer]
    return spelled(variant, tuple(hole.answer for hole in variant.holes))


def spelled(variant: VariantExample, names: Sequence[int]) -> str:
    """Return a variant's tokens with names in its holes. A hole whose name is unknown (index below 0) stays as it is."""
    left = list(zip(variant.holes, names, strict=True))
    words: list[str] = []
    for token in variant.text:
        if left and token == f"‹{left[0][0].kind}›":
            hole, name = left.pop(0)
            token = hole.names[name] if name >= 0 else token
        words.append(token)
    return " ".join(words)


def read(text: str, slot: SlotExample) -> Option | None:
    """Return the option that ``text`` spells, whatever the space between tokens; None if it spells none."""
    for k, variant in enumerate(slot.variants):
        left = list(variant.holes)
        pattern: list[str] = []
        for token in variant.text:
            if left and token == f"‹{left[0].kind}›":
                pattern.append(f"({'|'.join(map(_loosely, left.pop(0).names)) or '(?!)'})")
            else:
                pattern.append(_loosely(token))
        found = re.fullmatch(r"\s*".join(pattern), text.strip())
        if found:
            plain = ["".join(group.split()) for group in found.groups()]
            named = ([("".join(name.split())) for name in hole.names] for hole in variant.holes)
            return k, tuple(names.index(name) for names, name in zip(named, plain, strict=True))
    return None


def _loosely(token: str) -> str:
    return r"\s*".join(map(re.escape, token.split()))


def options(slot: SlotExample) -> list[Option]:
    """Return each variant with the most voted name in each hole, except variants with a hole that has no names."""
    return [(k, (0,) * len(v.holes)) for k, v in enumerate(slot.variants) if all(hole.names for hole in v.holes)]


def lessons(example: Example) -> Iterator[tuple[str, str | None, SlotExample]]:
    """Yield (prompt, right answer, slot) for a function's slots whose enclosing slot is there, each given the right answers before it."""
    function, slots = example
    before: dict[str, str] = {}
    for i, slot in enumerate(slots):
        if slot.parent and slot.parent not in before:
            continue
        right = answer(slot)
        yield source(function, slots, i, before), right, slot
        if right is not None:
            before[slot.id] = right
