"""Chooses facts among candidates and records for each the evidence, the alternatives and the confidence; what a person gave wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vega_gen.errors import InputError
from vega_gen.facts.keys import key_of
from vega_gen.facts.measured import confidence
from vega_gen.records import Alternative, Evidence, Fact, GivenFact

T = TypeVar("T")
_KEPT = 8
"""How many alternatives of a fact are recorded."""
CERTAIN = 0.9
"""Facts of at least this confidence are not doubtful."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A candidate for a fact. ``reason``: one clause that says why: "ADDI is recognised by its mnemonic alone"."""

    value: T
    evidence: Evidence
    reason: str


class Chooser:
    """Collects the facts of one target. ``given``: the lines of the facts file, by key. ``otherwise``: function of a key that returns
    candidates where the rules have none."""

    def __init__(self, given: Mapping[str, GivenFact]) -> None:
        self.given = given
        self.otherwise: Callable[[str], Iterable[Choice[Any]]] = lambda _: ()
        self.records: dict[str, Fact] = {}
        self._chosen: dict[str, object] = {}

    def pick(
        self, key: str, candidates: Iterable[Choice[T]], *, read: Callable[[GivenFact], T | None], written: Callable[[T], str]
    ) -> T | None:
        """Returns the value for ``key``: the one given, else that of the first candidate; None if there is none. Its Fact is recorded.

        Asked for a key again, it returns the same value. ``candidates``: best first. ``read``: returns the value of a line of the facts
        file, None for its ``""``. ``written``: returns how a facts file writes a value."""
        if key in self._chosen:
            return self._chosen[key]  # type: ignore[return-value]
        assert key_of(key), f"facts/keys.py lacks {key}"
        choices: dict[str, Choice[T]] = {}
        for choice in candidates:
            choices.setdefault(written(choice.value), choice)
        for choice in self.otherwise(key) if not choices and key not in self.given else ():
            choices.setdefault(written(choice.value), choice)
        listed = [Alternative(text, c.evidence, c.reason, confidence(key, c.evidence)) for text, c in choices.items()]
        said = self.given.get(key)
        if said:
            value = read(said)
            text = written(value) if value is not None else ""
            reason = f"given in {said.place}" if said.place else "given by a person"
            reason = "more programs of the ladder pass with it" if said.evidence is Evidence.TESTS else reason
            first = Alternative(text, said.evidence, reason, confidence(key, said.evidence))
        elif choices:
            value, first = next(iter(choices.values())).value, listed[0]
        else:
            value, first = None, Alternative("", Evidence.DEFAULT, "nothing in the .td says it", 0.0)
        others = tuple(a for a in listed if a.value != first.value)[:_KEPT]
        self._chosen[key] = value
        self.records[key] = Fact(key, first.value, first.evidence, first.reason, first.confidence, others)
        return value

    def require_asked(self) -> None:
        """Raises InputError for a line of the facts file that nothing has asked for: it would change nothing."""
        for key, line in self.given.items():
            if key not in self.records:
                raise InputError(f"nothing asks for {key} of this target", line.place, "delete the line")
