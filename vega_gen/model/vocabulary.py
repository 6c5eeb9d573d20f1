"""Split tokens into pieces of words and number them."""

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
"""The maximum number of pieces read of a name."""


@lru_cache(maxsize=1 << 16)
def pieces(token: str) -> tuple[str, ...]:
    """Return the pieces of a token: words of an identifier in lower case, marks of a template as they are."""
    return tuple(_piece(p) for p in _PIECE.findall(token) if p != "_")


def _piece(found: str) -> str:
    if found.startswith("$l"):
        return "$l"  # the number of a local carries no meaning
    return found if found[0] in "<‹$" else found.lower()[:_LONGEST]


@dataclass(frozen=True)
class Vocabulary:
    """A numbering of pieces. ``words``: pieces by number; the first two are padding and the unknown piece."""

    words: tuple[str, ...]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Iterable[str], most: int) -> list[int]:
        """Return the numbers of the first ``most`` pieces of ``tokens``, at least one."""
        out: list[int] = []
        for token in tokens:
            out += [self._numbers.get(piece, UNKNOWN) for piece in pieces(token)]
            if len(out) >= most:
                break
        return out[:most] or [UNKNOWN]


def build(texts: Iterable[Sequence[str]], size: int) -> Vocabulary:
    """Make a vocabulary of the ``size`` most frequent pieces of ``texts``; ties are in alphabetical order."""
    counted: Counter[str] = Counter()
    for text in texts:
        for token in text:
            counted.update(pieces(token))
    best = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: size - 2]
    return Vocabulary(("<pad>", "<unknown>", *(word for word, _ in best)))
