"""Find the names that a statement declares, from the shape of its tokens: no types are resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_NOT_A_TYPE = frozenset(
    [
        *("return", "case", "goto", "new", "delete", "throw", "else", "do", "typename", "using", "namespace"),
        *("class", "struct", "enum", "union", "sizeof", "not", "and", "or", "co_return"),
    ]
)
_AFTER_DECLARATOR = frozenset(["=", ";", "(", "{", "[", ",", ":", ")"])
_TYPE_WORDS = frozenset(["auto", "bool", "char", "short", "int", "long", "unsigned", "signed", "float", "double", "void", "const"])


def declared_names(head: Sequence[str]) -> tuple[str, ...]:
    """Return the names that a statement declares, in order. ``head``: its tokens up to its body.

    A name is declared where a type-like token precedes it and a declarator can end after it.
    """
    names: list[str] = []
    for i in range(1, len(head)):
        token, before = head[i], head[i - 1]
        if not _IDENTIFIER.match(token) or token in _NOT_A_TYPE or token in _TYPE_WORDS:
            continue
        after = head[i + 1] if i + 1 < len(head) else ";"
        if after not in _AFTER_DECLARATOR:
            continue
        if _IDENTIFIER.match(before) and before not in _NOT_A_TYPE:
            names.append(token)
        elif before in ("&", "*", ">", "&&"):
            start = _declaration_start(head, i)
            if start is not None and _may_declare(head, start, i, after):
                names.append(token)
        elif before == "[" and i >= 2 and head[i - 2] in ("auto", "&"):
            j = i
            while j < len(head) and head[j] != "]":
                if _IDENTIFIER.match(head[j]):
                    names.append(head[j])
                j += 1
    return tuple(dict.fromkeys(names))


def _declaration_start(head: Sequence[str], i: int) -> int | None:
    """Return the index where the declaration of the name at ``i`` starts; None if more than type tokens stand before it."""
    j = i - 1
    while j >= 0:
        token = head[j]
        if token in ("&", "*", "&&", "::", "<", ">", ",") or (_IDENTIFIER.match(token) and token not in _NOT_A_TYPE):
            if token == "," and ">" not in head[j:i]:
                return j + 1 if j + 1 < i - 1 else None
            j -= 1
            continue
        if token.isdigit() and ">" in head[j:i]:  # a number among template arguments: SmallVector<SDValue, 16> Ops
            j -= 1
            continue
        return j + 1 if token in ("(", ";", "{", "[", "}") and j + 1 < i - 1 else None
    return 0 if i >= 2 else None


def _may_declare(head: Sequence[str], start: int, i: int, after: str) -> bool:
    """Whether the tokens from ``start`` to the name at ``i`` are a declaration rather than an expression such as ``a && f``.

    They are one at the start of a statement; in parentheses, only with an initialiser or a range, or as a lambda's parameters.
    """
    if head[i - 1] == ">" and "<" not in head[start:i]:
        return False
    if start == 0:
        return True
    opening = head[start - 1]
    if opening == "(":
        return after in ("=", ":") or _in_lambda_parameters(head, start)
    if opening == ",":
        return _in_lambda_parameters(head, start)
    return after == "=" or (after in (";", "[", "{") and (opening != ";" or head[0] != "for"))


def _in_lambda_parameters(head: Sequence[str], at: int) -> bool:
    """Whether token ``at`` stands among a lambda's parameters."""
    depth = 0
    for j in range(at - 1, 0, -1):
        if head[j] == ")":
            depth += 1
        elif head[j] == "(":
            if not depth:
                return head[j - 1] == "]"
            depth -= 1
    return False
