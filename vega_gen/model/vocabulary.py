"""Pieces of words, numbered.

Enters: tokens of statements, names, words of TableGen. Leaves: numbers. It does not parse C++.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

PAD, UNKNOWN = 0, 1
_PIECE = re.compile(r"\$f:|\$[pl]\d*|<[A-Za-z]+>|‹[\w-]+›|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\w\s]+|_")
_LONGEST = 12
NAME_PIECES = 12
"""Pieces of a name that are read at most."""


@lru_cache(maxsize=1 << 16)
def pieces(token: str) -> tuple[str, ...]:
    """The parts of a token: words of an identifier in lower case, marks of a template as they are."""
    return tuple(_piece(p) for p in _PIECE.findall(token) if p != "_")


def _piece(found: str) -> str:
    if found.startswith("$l"):
        return "$l"  # which local it is says nothing
    return found if found[0] in "<‹$" else found.lower()[:_LONGEST]


@dataclass(frozen=True)
class Vocabulary:
    """``words``: pieces by number; the first two stand for nothing and for what is not known."""

    words: tuple[str, ...]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Iterable[str], most: int) -> list[int]:
        """The pieces of tokens as numbers, the first ``most`` of them; never empty."""
        out: list[int] = []
        for token in tokens:
            out += [self._numbers.get(piece, UNKNOWN) for piece in pieces(token)]
            if len(out) >= most:
                break
        return out[:most] or [UNKNOWN]


def build(texts: Iterable[Sequence[str]], size: int) -> Vocabulary:
    """The ``size`` most frequent pieces of ``texts``, ties in order of the alphabet."""
    counted: Counter[str] = Counter()
    for text in texts:
        for token in text:
            counted.update(pieces(token))
    best = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: size - 2]
    return Vocabulary(("<pad>", "<unknown>", *(word for word, _ in best)))
