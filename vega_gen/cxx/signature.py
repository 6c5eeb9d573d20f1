"""Turn the tokens of a function's head into a ``Signature``. ``declarator`` finds name and parameters in the syntax tree."""

from __future__ import annotations

import re

from vega_gen.records import Param, Signature

_PREFIX_WORDS = frozenset(
    [
        "static",
        "inline",
        "virtual",
        "explicit",
        "extern",
        "constexpr",
        "friend",
        "thread_local",
        "mutable",
        "typename",
        "consteval",
        "constinit",
    ]
)
_MACRO = re.compile(r"(?:LLVM|DLL|ATTRIBUTE|__)_?[A-Z_]*\Z")
_OPEN = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_WORD = re.compile(r"\w")


def closing(tokens: list[str] | tuple[str, ...], start: int) -> int:
    """Return the index after the bracket that closes the one at ``start``, the number of tokens if none does. ``>>`` closes two ``<``."""
    opening = tokens[start]
    depth = nested = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if opening == "<":
            nested += _OPEN.get(token, 0)
            if nested == 0:
                depth += {"<": 1, ">": -1, ">>": -2}.get(token, 0)
        else:
            depth += _OPEN.get(token, 0)
        if depth <= 0 and nested == 0:
            return index + 1
    return len(tokens)


def name_text(tokens: list[str] | tuple[str, ...]) -> str:
    """Join the tokens of a name: ``operator bool``, ``operator==``, ``~X``, ``A<int>``."""
    text = ""
    for token in tokens:
        if text and (_WORD.match(text[-1]) or text[-1] == ",") and _WORD.match(token):
            text += " "
        text += token
    return text


def split_name(tokens: list[str]) -> tuple[str, str]:
    """Split a declarator's name into class and name: ``A<int>::operator bool`` -> ``A<int>``, ``operator bool``."""
    end = tokens.index("operator") if "operator" in tokens else len(tokens)
    cut, index = -1, 0
    while index < end:
        if tokens[index] == "<":
            index = closing(tokens, index)
            continue
        if tokens[index] == "::":
            cut = index
        index += 1
    return name_text(tokens[: max(cut, 0)]), name_text(tokens[cut + 1 :])


def split_prefix(tokens: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the tokens before a declarator's name into prefix (specifiers, attributes, template header) and return type."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token == "template" and following == "<":
            index = closing(tokens, index + 1)
        elif token == "[" and following == "[":
            index = closing(tokens, index)
        elif token == "extern" and following.startswith('"'):
            index += 2
        elif token in _PREFIX_WORDS:
            index += 1
        elif token in ("alignas", "__attribute__", "__declspec") or (_MACRO.match(token) and index + 1 < len(tokens)):
            index += 1
            if following == "(":
                index = closing(tokens, index)
        else:
            break
    return tuple(tokens[:index]), tuple(tokens[index:])


def split_initialisers(tokens: list[str]) -> tuple[tuple[str, ...], ...]:
    """Split a constructor's initialiser list (the tokens after ":") at its commas; a directive is an entry of its own."""
    entries: list[tuple[str, ...]] = []
    entry: list[str] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token == "," or token[0] == "#":
            entries += [tuple(entry), (token,) if token != "," else ()]
            entry = []
            index += 1
            continue
        end = closing(tokens, index) if token in ("(", "{", "<") else index + 1
        entry += tokens[index:end]
        index = end
    return tuple(entry for entry in (*entries, tuple(entry)) if entry)


def split_parameters(tokens: list[str]) -> list[list[str]]:
    """Split the tokens between a parameter list's parentheses at its commas."""
    parts: list[list[str]] = []
    part: list[str] = []
    index, default = 0, False
    while index < len(tokens):
        token = tokens[index]
        if token == ",":
            parts.append(part)
            part, default = [], False
            index += 1
            continue
        template = token == "<" and (not default or _is_template(tokens, index))
        end = closing(tokens, index) if token in ("(", "{", "[") or template else index + 1
        default = default or token == "="
        part += tokens[index:end]
        index = end
    return [*parts, part] if tokens else []


def _is_template(tokens: list[str], index: int) -> bool:
    """Whether the "<" in a default argument opens template arguments: it closes before a ";", "&&" or "||"."""
    end = closing(tokens, index)
    return tokens[end - 1] in (">", ">>") and not {";", "&&", "||"} & set(tokens[index:end])


_TYPE_WORDS = frozenset(
    [
        "const",
        "volatile",
        "unsigned",
        "signed",
        "int",
        "char",
        "short",
        "long",
        "float",
        "double",
        "bool",
        "void",
        "auto",
        "struct",
        "class",
        "enum",
        "union",
        "typename",
        "wchar_t",
    ]
)


def parameter(tokens: list[str]) -> Param:
    """Make a parameter from its tokens. Its name is the last identifier that is not part of the type."""
    default: list[str] = []
    if "=" in tokens:
        cut = _top_level(tokens, "=")
        if cut >= 0:
            tokens, default = tokens[:cut], tokens[cut + 1 :]
    place = _declared_name(tokens)
    if place < 0:
        return Param(tuple(tokens), default=tuple(default))
    return Param(tuple(tokens[:place]), tokens[place], tuple(tokens[place + 1 :]), tuple(default))


def _top_level(tokens: list[str], wanted: str) -> int:
    index = 0
    while index < len(tokens):
        if tokens[index] == wanted:
            return index
        index = closing(tokens, index) if tokens[index] in ("(", "{", "[", "<") else index + 1
    return -1


def _declared_name(tokens: list[str]) -> int:
    """Return the index of the declared name, -1 if the parameter has none."""
    for index, token in enumerate(tokens[:-1]):
        if token == "(" and tokens[index + 1] in ("*", "&") and (index == 0 or tokens[index - 1] != "decltype"):
            inner = index + 2
            while inner < len(tokens) and tokens[inner] == "const":
                inner += 1
            return inner if inner < len(tokens) and tokens[inner].isidentifier() else -1
    end = len(tokens)
    while end and tokens[end - 1] == "]":
        while end and tokens[end - 1] != "[":
            end -= 1
        end -= 1
    if end < 2 or not tokens[end - 1].isidentifier() or tokens[end - 1] in _TYPE_WORDS:
        return -1
    before = tokens[: end - 1]
    if before[-1] == "::" or all(t in ("const", "volatile", "struct", "class", "enum", "typename") for t in before):
        return -1
    return end - 1


def signature(before: list[str], name: list[str], params: list[str], after: list[str], enclosing: str) -> Signature:
    """Make a signature.

    ``before``: the tokens before the name. ``name``: those of the name. ``params``: those between the parentheses.
    ``after``: those behind them. ``enclosing``: the class in whose body it stands, "" if none.
    """
    prefix, result = split_prefix([token for token in before if token[0] != "#"])
    written, short = split_name(name)
    colon = _top_level(after, ":")
    initialisers = () if colon < 0 else split_initialisers(after[colon + 1 :])
    qualifiers = [token for token in (after if colon < 0 else after[:colon]) if token[0] != "#"]
    return Signature(
        name=short,
        class_name="::".join(part for part in (enclosing, written) if part),
        prefix=prefix,
        result=result,
        params=tuple(parameter(part) for part in split_parameters(params)),
        qualifiers=tuple(qualifiers),
        initialisers=initialisers,
    )
