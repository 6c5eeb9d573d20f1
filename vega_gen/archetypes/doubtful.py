"""Doubtful facts on their way through templates, so that each statement knows which of them it rests on.

A doubtful name is a string like any other until a template prints it: then the doubt stands before it, as a C++ comment, which parsing
skips. What reads the statements takes the comments out again. So no template has to say what it rests on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from vega_gen.facts.doubts import Doubt
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import Operation

_NOTE = re.compile(r"/\*@(\d\.\d+) (.*?)@\*/")
_LINE_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*')


class Doubtful(str):
    """A text that is equal to the plain one; converted by ``str()``, as Jinja and f-strings do, it brings its doubt along."""

    doubt: Doubt

    def __new__(cls, text: str, doubt: Doubt) -> Doubtful:
        """``text`` as a template is to print it."""
        made = super().__new__(cls, text)
        made.doubt = doubt
        return made

    def __str__(self) -> str:
        """The text after a comment with the doubt."""
        return f"/*@{self.doubt.confidence} {self.doubt.reason}@*/{super().__str__()}"


def with_doubts(m: Facts) -> Facts:
    """The facts, the doubtful ones as ``Doubtful`` names of records."""
    changed: dict[str, Any] = {}
    for name, doubt in m.doubts.items():
        field, _, key = name.partition(".")
        old: Any = changed.get(field, getattr(m, field))
        changed[field] = {**old, key: _record(old[key], doubt)} if key else _record(old, doubt)
    return replace(m, **changed)


def _record(fact: object, doubt: Doubt) -> object:
    if isinstance(fact, Operation):
        return replace(fact, record=Doubtful(fact.record, doubt))
    assert isinstance(fact, str)
    return Doubtful(fact, doubt)


def without_notes(text: str) -> str:
    """A printed text without the doubts in it."""
    return _NOTE.sub("", text)


def doubts_in(text: str) -> tuple[Doubt, ...]:
    """The doubts in the code of a printed text, each once, the gravest first; what its comments name is no matter."""
    code = _LINE_COMMENT.sub(lambda found: found[1] or "", text)
    found = dict.fromkeys((float(confidence), reason) for confidence, reason in _NOTE.findall(code))
    return tuple(Doubt(*one) for one in sorted(found))
