"""Conditions of which a part is known.

Enters: the tokens of a condition or statement, and what of them is false. Leaves: the tokens without it, or the condition's value.
It reads ``||``, ``&&``, ``!``, parentheses and ``?:``, and does not look into anything else: that is a question, answered as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Tokens = tuple[str, ...]
IsFalse = Callable[[Tokens], bool]
"""Whether a question, without operators of its own around it, is answered with false."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BEFORE = frozenset(("return", "=", ",", "?", ":", ";", "+=", "-=", "|=", "&=", "^=", "case"))
"""What stands before the condition of a ``?:`` at its own depth: it binds no tighter than that."""


def simplified(condition: Tokens, is_false: IsFalse) -> Tokens | bool:
    """The condition without the questions that are false, its value where nothing is left to ask."""
    for operator, decides in (("||", True), ("&&", False)):
        parts = _split(condition, operator)
        if len(parts) > 1:
            answers = [simplified(part, is_false) for part in parts]
            if decides in answers:
                return decides
            left = [part for part in answers if not isinstance(part, bool)]
            return _joined(left, operator) if left else not decides
    if condition[:1] == ("!",):
        inner = simplified(condition[1:], is_false)
        return not inner if isinstance(inner, bool) else ("!", *inner)
    if condition[:1] == ("(",) and _closing(condition, 0) == len(condition) - 1:
        inner = simplified(condition[1:-1], is_false)
        return inner if isinstance(inner, bool) else ("(", *inner, ")")
    return False if is_false(condition) else condition


def without_decided(tokens: Tokens, is_false: IsFalse) -> Tokens:
    """A statement's tokens with each ``?:`` whose condition has a value replaced by what that chooses, the other conditions simplified."""
    at = len(tokens)
    while "?" in tokens[:at]:  # from the right: what stands inside another one's branches is decided first
        at = len(tokens[:at]) - 1 - tokens[:at][::-1].index("?")
        begin, colon, end = _around(tokens, at)
        condition = tokens[begin:at]
        in_template = tokens[begin - 1 : begin] == (",",) and ">" in condition  # perhaps a comma of a template's arguments
        if colon < 0 or not condition or in_template:
            continue
        answer = simplified(condition, is_false)
        if isinstance(answer, bool):
            chosen = tokens[at + 1 : colon] if answer else tokens[colon + 1 : end]
            tokens = (*tokens[:begin], *chosen, *tokens[end:])
            at = begin
        else:
            tokens = (*tokens[:begin], *answer, *tokens[at:])
            at = begin + len(answer)
    return tokens


def _around(tokens: Tokens, question: int) -> tuple[int, int, int]:
    """Of the ``?`` at an index: where its condition begins, its colon (-1 for none), where its second branch ends."""
    begin = question
    while begin > 0 and tokens[begin - 1] not in _BEFORE and tokens[begin - 1] not in _CLOSING:
        begin = _opening(tokens, begin - 1) if tokens[begin - 1] in _CLOSING.values() else begin - 1
    colon, end, inner, i = -1, len(tokens), 0, question + 1
    while i < len(tokens):
        token = tokens[i]
        if token in _CLOSING:
            i = _closing(tokens, i)
        elif token in _CLOSING.values() or token in (",", ";"):
            end = i
            break
        elif token == "?":
            inner += 1
        elif token == ":" and inner:
            inner -= 1
        elif token == ":" and colon < 0:
            colon = i
        elif token == ":":
            end = i
            break
        i += 1
    return begin, colon, end


def _closing(tokens: Tokens, opening: int) -> int:
    """Index of what closes the bracket at an index, the last one's where nothing does."""
    depth = 0
    for i in range(opening, len(tokens)):
        depth += (tokens[i] in _CLOSING) - (tokens[i] in _CLOSING.values())
        if not depth:
            return i
    return len(tokens) - 1


def _opening(tokens: Tokens, closing: int) -> int:
    """Index of the bracket that is closed at an index, 0 where nothing is."""
    depth = 0
    for i in range(closing, -1, -1):
        depth += (tokens[i] in _CLOSING.values()) - (tokens[i] in _CLOSING)
        if not depth:
            return i
    return 0


def _split(tokens: Tokens, operator: str) -> list[Tokens]:
    """What an operator separates outside all brackets."""
    found: list[Tokens] = []
    begin = i = 0
    while i < len(tokens):
        if tokens[i] in _CLOSING:
            i = _closing(tokens, i)
        elif tokens[i] == operator:
            found.append(tokens[begin:i])
            begin = i + 1
        i += 1
    return [*found, tokens[begin:]]


def _joined(parts: Sequence[Tokens], operator: str) -> Tokens:
    return tuple(token for i, part in enumerate(parts) for token in ((operator, *part) if i else part))
