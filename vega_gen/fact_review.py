"""Facts in the review queue: the doubtful ones stand beside statements, and a decision on one holds when the backend is made again.

A fact's id is its key. To accept it makes it certain; to replace it gives another value, which the .td is asked about when the backend is
made again; to drop it says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vega_gen.errors import ReviewError
from vega_gen.facts.choosing import CERTAIN
from vega_gen.facts.keys import key_of
from vega_gen.records import Band, Decision, DecisionKind, Decisions, Evidence, Fact, GivenFact, Module, ReviewItem

FACTS_FILE = ".vega/facts.toml"
"""The facts of a generated backend, beside its plan."""
ABOUT = "facts"
"""What stands in place of a function's name for decisions on facts."""


def fact_items(facts: Iterable[Fact], threshold: float, lines: Mapping[str, tuple[str, int]]) -> list[ReviewItem]:
    """Returns the facts below ``threshold`` and those that are not certain. ``lines``: key -> (file, line)."""
    return [_item(f, threshold, *lines.get(f.key, (FACTS_FILE, 0))) for f in facts if f.value and f.confidence < min(threshold, CERTAIN)]


def _item(f: Fact, threshold: float, file: str, line: int) -> ReviewItem:
    key = key_of(f.key)
    return ReviewItem(
        id=f.key, function=ABOUT, module=Module.SEL if f.key.startswith("instruction") else Module.REG, file=file, line=line, text=f.value,
        confidence=f.confidence, band=Band.of(f.confidence, threshold), donors=(), alternatives=tuple(a.value for a in f.alternatives),
        compiles=None, message="", doubt=f"{key.question}: {f.reason}" if key else f.reason,
    )  # fmt: skip


def decision_on(facts: Iterable[Fact], id: str, kind: DecisionKind, text: str) -> Decision | None:
    """Returns the decision on the fact ``id``, None if there is no such fact. Raises ReviewError for a replacement by nothing."""
    fact = next((f for f in facts if f.key == id), None)
    if fact is None:
        return None
    if kind is DecisionKind.REPLACE and not text.strip():
        raise ReviewError(f"{id} is replaced by nothing", next_step=f"drop it, to say that there is none: vega-gen review drop {id}")
    return Decision(id, kind, ABOUT, fact.value, " ".join(text.split()))


def live(facts: Iterable[Fact], decisions: Decisions) -> dict[str, Decision]:
    """Returns the decisions on facts that still have the value that was decided on, by key."""
    values = {f.key: f.value for f in facts}
    return {d.id: d for d in decisions.decisions if d.function == ABOUT and values.get(d.id) == d.decided_on}


def decided(facts: Iterable[Fact], decisions: Decisions) -> tuple[Fact, ...]:
    """Returns the facts with the decisions applied."""
    listed = tuple(facts)
    taken = {key: line.value for key, line in given(listed, decisions).items()}
    reason = "decided in the review"
    return tuple(
        replace(f, value=taken[f.key], evidence=Evidence.PERSON, reason=reason, confidence=1.0) if f.key in taken else f for f in listed
    )


def given(facts: Iterable[Fact], decisions: Decisions, place: str = "") -> dict[str, GivenFact]:
    """Returns what the decisions say, as lines of a facts file. ``place``: of the decisions."""
    found: dict[str, GivenFact] = {}
    for key, d in live(facts, decisions).items():
        value = {DecisionKind.ACCEPT: d.decided_on, DecisionKind.DROP: ""}.get(d.kind, d.text)
        found[key] = GivenFact(key, value, f"{place}: decision on {key}" if place else "")
    return found
