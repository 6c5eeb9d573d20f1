"""The names that a statement's tokens declare.

Enters: tokens up to a statement's body. Leaves: names. It knows no types: a declaration is told by its shape.
"""

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
    """Names that a statement's tokens declare, in order: two adjacent type-like and name tokens before a declarator's end."""
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
    """Index where the declaration of the name at ``i`` starts, if only type tokens stand between, else None."""
    j = i - 1
    while j >= 0:
        token = head[j]
        if token in ("&", "*", "&&", "::", "<", ">", ",") or (_IDENTIFIER.match(token) and token not in _NOT_A_TYPE):
            if token == "," and ">" not in head[j:i]:
                return j + 1 if j + 1 < i - 1 else None
            j -= 1
            continue
        if token.isdigit() and ">" in head[j:i]:  # SmallVector<SDValue, 16> Ops
            j -= 1
            continue
        return j + 1 if token in ("(", ";", "{", "[", "}") and j + 1 < i - 1 else None
    return 0 if i >= 2 else None


def _may_declare(head: Sequence[str], start: int, i: int, after: str) -> bool:
    """Whether what stands from ``start`` to the name at ``i`` is a declaration rather than an operation, as ``a && f`` is.

    At the start of a statement it is; in parentheses where it gets a value or a range, or in the parameters of a lambda.
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
    """Whether the parenthesis that ``at`` stands in opens a lambda's parameters."""
    depth = 0
    for j in range(at - 1, 0, -1):
        if head[j] == ")":
            depth += 1
        elif head[j] == "(":
            if not depth:
                return head[j - 1] == "]"
            depth -= 1
    return False
