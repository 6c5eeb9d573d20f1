"""Carries doubts about facts through the templates, so that each printed statement knows which doubtful facts it rests on.

A doubtful name is a ``str`` that prints its doubt before itself, as a C++ comment. The comment does not change how the file parses, and
is removed when its statements are read. So templates need not say which facts a statement rests on.
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
    """A string that equals the plain one but, converted by ``str()`` as in Jinja and f-strings, begins with its doubt as a comment."""

    doubt: Doubt

    def __new__(cls, text: str, doubt: Doubt) -> Doubtful:
        """``text``: without the doubt."""
        made = super().__new__(cls, text)
        made.doubt = doubt
        return made

    def __str__(self) -> str:
        """Returns the text after a comment with the doubt."""
        return f"/*@{self.doubt.confidence} {self.doubt.reason}@*/{super().__str__()}"


def with_doubts(m: Facts) -> Facts:
    """Returns the facts with the record names of the doubtful ones as ``Doubtful`` strings."""
    changed: dict[str, Any] = {}
    for name, doubt in m.doubts.items():
        field, _, key = name.partition(".")
        old: Any = changed.get(field, getattr(m, field))
        if isinstance(old, int):
            continue  # what prints the number says its doubt
        changed[field] = {**old, key: _record(old[key], doubt)} if key else _record(old, doubt)
    return replace(m, **changed)


def _record(fact: object, doubt: Doubt) -> object:
    if isinstance(fact, Operation):
        return replace(fact, record=Doubtful(fact.record, doubt))
    assert isinstance(fact, str)
    return Doubtful(fact, doubt)


def without_notes(text: str) -> str:
    """Returns a printed text without the doubts' comments."""
    return _NOTE.sub("", text)


def doubts_in(text: str) -> tuple[Doubt, ...]:
    """Returns the doubts in the code of a printed text, each once, lowest confidence first. Doubts inside line comments do not count."""
    code = _LINE_COMMENT.sub(lambda found: found[1] or "", text)
    found = dict.fromkeys((float(confidence), reason) for confidence, reason in _NOTE.findall(code))
    return tuple(Doubt(*one) for one in sorted(found))
