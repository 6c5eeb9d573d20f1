"""Split C++ text into preprocessing tokens with their offsets ([lex.pptoken]). A directive is one token; comments are dropped."""

from __future__ import annotations

import re
from sys import intern

_SKIP = r"(?:\s+|\\\r?\n|//(?:[^\n\\]|\\.)*+|/\*.*?\*/)*+"
_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_CHARACTER = r"'(?:[^'\\\n]|\\.)++'"
_TOKEN = "|".join(
    (
        r'(?:u8|[uUL])?R"(?P<delimiter>[^\s()\\"]{0,16})\(.*?\)(?P=delimiter)"',
        rf"(?:u8|[uUL])?(?:{_STRING}(?:_[a-z]\w*)?|{_CHARACTER})",
        r"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*+",
        r"\.?[0-9](?:[eEpP][+-]|'[0-9A-Za-z_]|[0-9A-Za-z_.])*+",
        rf'#(?:\\\r?\n|{_STRING}|//(?:[^\n\\]|\\.)*+|/\*.*?\*/|[^\n\\"/]++|[^\n])*+',
        r"<<=|>>=|\.\.\.|->\*|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\*|.",
    )
)
_LEX = re.compile(f"{_SKIP}(?P<token>{_TOKEN}|\\Z)", re.DOTALL | re.ASCII)
_DIRECTIVE = re.compile(rf"({_STRING}|{_CHARACTER})|(?:\s|\\\r?\n|//(?:[^\n\\]|\\.)*+|/\*.*?\*/)+", re.DOTALL)


def directive(text: str) -> str:
    """Return a directive on one line: continuations joined, comments dropped, single spaces."""
    return re.sub(r"^#\s+", "#", _DIRECTIVE.sub(lambda m: m[1] or " ", text)).strip()


def scan(text: str) -> tuple[list[int], list[str]]:
    """Return the offsets at which the tokens of ``text`` start, and the tokens.

    If ``text`` is bytes decoded as Latin-1, offsets are byte offsets.
    """
    starts: list[int] = []
    tokens: list[str] = []
    for match in _LEX.finditer(text):
        token = match["token"]
        if not token:
            break
        starts.append(match.start("token"))
        tokens.append(intern(directive(token) if token[0] == "#" else token))
    return starts, tokens


def spans(text: str) -> list[tuple[int, int]]:
    """Where each token of ``text`` starts and ends."""
    return [match.span("token") for match in _LEX.finditer(text) if match["token"]]


def tokenize(text: str) -> tuple[str, ...]:
    """Return the C++ tokens of ``text``, without comments.

    ``::``, ``->``, ``<<`` and ``>>`` are one token each, adjacent string literals stay apart, a preprocessor directive is one token.
    """
    return tuple(scan(text)[1])
