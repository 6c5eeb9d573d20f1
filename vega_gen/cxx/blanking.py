"""Rewrite C++ text so that tree-sitter can parse it, without changing its length or lines.

tree-sitter does not expand macros. This module blanks attribute macros and directives inside expressions, and ends macro calls
that have no ";". Only the syntax tree comes from the rewritten text; the tokens of records always come from the original.
"""

from __future__ import annotations

import re

_CLASS_MACRO = re.compile(
    rb"\b(class|struct|union|enum)(\s+)((?:[A-Z][A-Z0-9_]{2,}(?:\([^()]*\))?\s+)+)(?=[A-Za-z_]\w*\s*(?:final\b)?\s*[:{;])"
)
_FUNCTION_MACRO = re.compile(
    rb"\b(?:LLVM_(?:EXTERNAL|LIBRARY)_VISIBILITY|LLVM_ATTRIBUTE_[A-Z_]+|LLVM_READNONE|LLVM_READONLY|LLVM_DUMP_METHOD|LLVM_ABI"
    rb"|LLVM_NODISCARD|(?:LLVM_PREFERRED_TYPE|LLVM_DEPRECATED)\([^()]*\))|\benum\s*(:\s*[\w:]+)(?=\s*\{)"
)
_MACRO = re.compile(r"[A-Z][A-Z0-9_]{2,}[A-Za-z0-9_]*\Z")
_TYPE = re.compile(r"[A-Za-z_]\w*\Z|[*&]\Z|::\Z")
_BOUNDARY = frozenset({";", "{", "}", ":", ""})
_CONTINUES = frozenset(
    [
        ";",
        ",",
        ")",
        "]",
        ".",
        "->",
        "?",
        ":",
        "=",
        "==",
        "!=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<",
        ">",
        "<<",
        ">>",
        "&&",
        "||",
        "&",
        "|",
        "^",
        "[",
        "(",
        "+=",
        "-=",
        "|=",
        "&=",
    ]
)


def attributes_before(tokens: list[str], index: int) -> int:
    """Return the index of the first of the attribute macros that directly precede token ``index``, ``index`` if there are none."""
    while index > 0 and _FUNCTION_MACRO.fullmatch(tokens[index - 1].encode()):
        index -= 1
    return index


def _blank(data: bytes) -> bytes:
    return re.sub(rb"[^\n]", b" ", data)


def _attribute(match: re.Match[bytes]) -> bytes:
    if match[1] is None:
        return _blank(match[0])
    return match[0][: match.start(1) - match.start()] + _blank(match[1])


def without_attributes(data: bytes) -> bytes:
    """Blank the attribute macros in ``data`` that tree-sitter takes for types."""
    data = _CLASS_MACRO.sub(lambda m: m[1] + m[2] + _blank(m[3]), data)
    return _FUNCTION_MACRO.sub(_attribute, data)


class _Masker:
    """One pass over the tokens that tracks whether it is in an expression, a list, or between statements."""

    def __init__(self, data: bytes, starts: list[int], tokens: list[str]) -> None:
        self._data = bytearray(without_attributes(data))
        self._starts = starts
        self._tokens = tokens
        self._lists: list[bool] = []  # one item per open bracket: True for "(", "[" and initialiser or enumerator lists
        self._conditionals: list[int] = []

    def run(self) -> bytes:
        tokens, index = self._tokens, 0
        before: str = ""
        enum = False
        while index < len(tokens):
            token = tokens[index]
            if token[0] == "#":
                index = self._directive(index, token, before)
                continue
            if _MACRO.match(token):
                end = self._macro(index, before)
                if end > index:
                    before = ";" if before != "," else ","
                    index = end
                    continue
            if token == "enum":
                enum = True
            elif token in (";", ")"):
                enum = False
            if token in ("(", "["):
                self._lists.append(True)
            elif token == "{":
                if before == "=" and self._inside_list():
                    self._default(index)
                self._lists.append(enum or before in ("=", ",", "(", "return") or (before == "{" and self._inside_list()))
                enum = False
            elif token in (")", "]", "}") and self._lists:
                self._lists.pop()
            else:
                self._word(index, before)
            before = token
            index += 1
        return bytes(self._data)

    def _put(self, index: int, text: bytes) -> None:
        """Overwrite the beginning of token ``index``."""
        start = self._starts[index]
        self._data[start : start + len(text)] = text

    def _word(self, index: int, before: str) -> None:
        """Rewrite tokens that tree-sitter-cpp 0.23 misparses: ``new X *)``, ``"x" PRIx64``, ``unsigned(x) <``."""
        token, following = self._tokens[index], self._tokens[index + 1 : index + 3]
        stars = token == "*" and following[:1] in ([")"], [","], [";"]) and "new" in self._tokens[max(index - 4, 0) : index]
        if stars or (token.startswith("PRI") and before[:1] == '"'):
            self._erase(index, index + 1)
        elif token == "unsigned" and following[:1] == ["("] and following[1:] not in (["*"], ["&"]):
            self._put(index, b"Unsigned")
        elif token == "for" and following[:1] == ["("]:
            self._condition(index + 2)

    def _condition(self, index: int) -> None:
        """Blank the type in a for condition that declares a variable: ``for (; T x = *p; ++p)``.

        ``index``: the first token after the "(".
        """
        depth, parts = 1, [index]  # index of the first token of each part of the loop's header
        while index < len(self._tokens) and depth:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(self._tokens[index], 0)
            index += 1
            if depth == 1 and self._tokens[index - 1] == ";":
                parts.append(index)
        if len(parts) == 3 and "=" in self._tokens[parts[1] : parts[2]]:
            name = self._tokens.index("=", parts[1]) - 1
            if name > parts[1] and all(_TYPE.match(t) for t in self._tokens[parts[1] : name]):
                self._erase(parts[1], name)

    def _default(self, index: int) -> None:
        """Turn a braced default argument into a parenthesised one."""
        depth = 0
        for place in range(index, len(self._tokens)):
            depth += {"{": 1, "}": -1}.get(self._tokens[place], 0)
            if depth == 0:
                self._put(index, b"(" if place > index + 1 else b"0")
                self._put(place, b")" if place > index + 1 else b" ")
                return

    def _inside_list(self) -> bool:
        return bool(self._lists) and self._lists[-1]

    def _erase(self, first: int, last: int) -> None:
        """Blank the text from token ``first`` up to, not including, token ``last``."""
        start = self._starts[first]
        end = self._starts[last] if last < len(self._starts) else len(self._data)
        self._data[start:end] = _blank(bytes(self._data[start:end]))

    def _directive(self, index: int, token: str, before: str) -> int:
        """Blank a directive inside an expression or list, and the #else arm of a conditional that splits a bracket.

        Return the index of the next token to look at.
        """
        following = index + 1
        if token.startswith("#define"):
            self._uncomment(index)
        if token.startswith("#if"):
            self._conditionals.append(len(self._lists))
        elif token.startswith("#endif"):
            if self._conditionals:
                self._conditionals.pop()
        elif token.startswith(("#else", "#elif")) and self._conditionals and self._conditionals[-1] != len(self._lists):
            depth = 0
            while following < len(self._tokens) and not (depth == 0 and self._tokens[following].startswith("#endif")):
                depth += {"#if": 1, "#en": -1}.get(self._tokens[following][:3], 0)
                following += 1
            self._erase(index, following)
            return following
        if self._inside_list() or before not in _BOUNDARY:
            self._erase(index, index + 1)
            if before == "," and self._tokens[following : following + 1] == ["{"]:
                comma = next(place for place in range(index, -1, -1) if self._tokens[place] == ",")
                self._put(comma, b" ")
        return following

    def _uncomment(self, index: int) -> None:
        """Blank the comments in a macro definition: tree-sitter-cpp ends the definition at the first one."""
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._data)
        text = bytes(self._data[start:end])
        self._data[start:end] = re.sub(rb"/\*.*?\*/", lambda found: _blank(found[0]), text, flags=re.DOTALL)

    def _macro(self, index: int, before: str) -> int:
        """End a macro that stands as a statement or list entry. Return the index of the next token to look at."""
        tokens = self._tokens
        starts = before in _BOUNDARY or before in (",", "do")
        if tokens[index + 1 : index + 2] == ["("]:
            return self._call(index, starts) if starts or before in (")", "else") else index
        if not starts or not tokens[index].isupper() or index + 1 >= len(tokens):
            return index
        start, end = self._starts[index], self._starts[index + 1]
        if tokens[index + 1] in _CONTINUES or tokens[index + 1] == "{" or 10 not in self._data[start:end]:
            return index
        last = start + len(tokens[index]) - 1
        self._data[last : last + 1] = b"," if self._inside_list() else b";"
        return index + 1

    def _call(self, index: int, starts: bool) -> int:
        """End a macro call that has no ";", and blank statements among its arguments. Return the index of the next token to look at."""
        tokens = self._tokens
        depth, end, statements = 0, index + 1, False
        while end < len(tokens):
            token = tokens[end]
            depth += {"(": 1, ")": -1}.get(token, 0)
            statements = statements or token in (";", "if", "for", "while", "auto")
            end += 1
            if depth == 0:
                break
        if depth:
            return index
        following = tokens[end] if end < len(tokens) else ""
        if statements:
            self._erase(index + 2, end - 1)
        same_line = following and 10 not in self._data[self._starts[end - 1] : self._starts[end]]
        label = tokens[index].startswith("CASE") and (following == "{" or following.isupper())
        if not starts or following in _CONTINUES or ((same_line or following == "{") and not label):
            return end - 1 if statements else index
        self._erase(index + 1, end)
        closing = self._starts[end - 1]
        self._data[closing : closing + 1] = b"," if self._inside_list() else b";"
        return end


def mask(data: bytes, starts: list[int], tokens: list[str]) -> bytes:
    """Rewrite ``data`` so that tree-sitter can parse it; length and lines stay the same.

    ``starts``: the byte offset of each of ``tokens``.
    """
    return _Masker(data, starts, tokens).run()
