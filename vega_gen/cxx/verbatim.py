"""The text of statements as it is written, comments and blank lines included.

A statement's tokens leave comments out. The pieces made here are cut from the text between tokens, so that statements can be written
back as they stood, one of them changed or left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vega_gen.cxx.lexer import spans
from vega_gen.records import Statement

_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n]*?\*/)*(?://[^\n]*)?(?=\n|\Z)")
_FIRST_LINE = re.compile(r"[ \t]*\n")
_BLANK_LINE = re.compile(r"^[ \t]*\n", re.MULTILINE)
_COMMENT_LINE = re.compile(r"[ \t]*//")


def pieces(text: str, statements: Sequence[Statement]) -> tuple[tuple[tuple[str, str], ...], str]:
    """The text of each of ``statements``, nested ones included, in document order, and what follows the last.

    ``text`` is what stands between the braces of the body that was parsed into ``statements``. A statement has two pieces: that of its
    head, with the comments and blank lines before it, its "{" and the comment at the end of that line; and that of its "}" and tail
    ("" where it has neither), cut in the same way.
    Raises ValueError where the tokens of ``statements`` are not those of ``text``.
    """
    places = spans(text)
    found: list[tuple[str, str]] = []
    token = at = 0

    def cut(count: int) -> str:
        nonlocal token, at
        if not count:
            return ""
        token += count
        if token > len(places):
            raise ValueError("more tokens in the statements than in their text")
        end = places[token - 1][1]
        rest = _REST_OF_LINE.match(text, end)
        piece, at = text[at : rest.end() if rest else end], rest.end() if rest else end
        return _FIRST_LINE.sub("", piece.rstrip(), count=1) if _FIRST_LINE.match(piece) else piece.strip()

    def walk(level: Sequence[Statement]) -> None:
        for s in level:
            place = len(found)
            found.append((cut(len(s.head) + s.braced), ""))
            walk(s.children)
            found[place] = (found[place][0], cut(len(s.tail) + s.braced))

    walk(statements)
    if token != len(places):
        raise ValueError("fewer tokens in the statements than in their text")
    return tuple(found), text[at:].strip()


def comment_above(lines: Sequence[str], line: int) -> str:
    """The comment that ends right before a line (1-based), "" if there is none: the lines that begin with ``//``."""
    first = line - 1
    while first > 0 and _COMMENT_LINE.match(lines[first - 1]):
        first -= 1
    return "\n".join(text.strip() for text in lines[first : line - 1])


def paragraphs(piece: str) -> tuple[str, str]:
    """A piece cut behind the last blank line before its first token: what stands apart from the statement, and its text with its own
    comment."""
    places = spans(piece)
    ahead = piece[: places[0][0]] if places else piece
    cut = max((blank.end() for blank in _BLANK_LINE.finditer(ahead)), default=0)
    return piece[:cut], piece[cut:]
