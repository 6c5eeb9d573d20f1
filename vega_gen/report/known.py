"""Facts as lines of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vega_gen.facts.choosing import CERTAIN
from vega_gen.facts.facts_file import by_doubt
from vega_gen.records import Fact

_SHOWN = 3
"""How many alternatives of a fact a line shows."""
_WIDE = 32
"""How wide the column of values is at most."""


def lines(facts: Iterable[Fact]) -> list[str]:
    """Returns a line for each fact, those that a person should check first."""
    listed = by_doubt(facts)
    wide, long = max((len(f.key) for f in listed), default=0), max((len(f.value) for f in listed), default=0)
    found: list[str] = []
    for f in listed:
        sure = f"{f.confidence:.2f}" if f.value else "  - "
        others = ", ".join(f"{a.value} {a.confidence:.2f}" for a in f.alternatives[:_SHOWN]) if f.confidence < CERTAIN else ""
        found.append(f"{f.key:{wide}}  {f.value or '-':{min(long, _WIDE)}}  {sure}  {f.reason}{f'; or {others}' if others else ''}")
    return found


def summary(facts: Iterable[Fact]) -> str:
    """Returns a line that counts facts by how sure they are."""
    listed = [*facts]
    found = [f for f in listed if f.value]
    certain = sum(f.confidence >= CERTAIN for f in found)
    return f"{certain} certain, {len(found) - certain} doubtful, {len(listed) - len(found)} not found"


def as_json(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Returns the facts as JSON objects, those that a person should check first."""
    return [
        {
            "key": f.key, "value": f.value, "evidence": f.evidence, "reason": f.reason, "confidence": f.confidence,
            "alternatives": [{"value": a.value, "evidence": a.evidence, "reason": a.reason, "confidence": a.confidence} for a in
                             f.alternatives],
        }
        for f in by_doubt(facts)
    ]  # fmt: skip
