"""Puts planned bodies into a target's own headers (desc mode), at the declarations that they belong to; the rest stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vega_gen import cxx
from vega_gen.cxx.lexer import scan
from vega_gen.emit.functions import Markers, definition_text
from vega_gen.records import PlannedFunction, Signature

_OPEN = {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}
_KEYS = frozenset({"class", "struct", "union"})
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True, slots=True)
class _Declaration:
    """Token indices of a declaration: its first token, its "(", ")" and ";"."""

    first: int
    opening: int
    closing: int
    end: int


class Header:
    """A header and the bodies to insert. ``scopes``: class of each token; ``ends``: class -> index of the "}" that closes it."""

    def __init__(self, text: str) -> None:
        """``text``: C++ in which declarations have taken the place of definitions."""
        self.text = text
        self.starts, self.tokens = scan(text)
        self.scopes, self.ends = _scopes(self.tokens)
        self._taken: set[int] = set()
        self._inserts: list[tuple[int, int, str]] = []

    @property
    def classes(self) -> frozenset[str]:
        """The qualified names of the classes that the header defines."""
        return frozenset(self.ends)

    def put(self, function: PlannedFunction, markers: Markers, *, exact: bool = False) -> bool:
        """Gives the declaration of ``function`` its body; a method that its class does not declare is added to the class.

        ``exact``: accept only a declaration with the same parameter types. Call it with ``exact`` for all functions first: the rest are
        then matched by name and number of parameters. Returns False, and changes nothing, for a function that does not compile, for a
        free function that is not declared here, and for a method of a class that is not defined here.
        """
        if function.compiles is False:
            return False
        signature = function.candidate.signature
        body = _body_text(function, markers)
        found = self._declaration(signature, exact)
        if found is None and exact:
            return False
        if found is not None:
            self._taken.add(found.end)
            start = self.starts[found.first]
            indent = self.text[self.text.rfind("\n", 0, start) + 1 : start]
            indent = indent if not indent.strip() else ""
            at = self.starts[found.end]
            self._inserts.append((at, at + 1, _indented(markers.finish(f"void x(){body}").removeprefix("void x()"), indent)))
            return True
        if signature.class_name not in self.ends:
            return False
        at = self.starts[self.ends[signature.class_name]]
        whole = markers.finish(cxx.render_signature(signature, in_class=True) + body)
        self._inserts.append((at, at, f"public:\n{_indented('  ' + whole, '  ')}\n"))
        return True

    def result(self) -> str:
        """Returns the text with all bodies."""
        text = self.text
        for start, end, new in sorted(self._inserts, key=lambda item: item[:2], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _declaration(self, signature: Signature, only_exact: bool) -> _Declaration | None:
        """Returns the declaration that ``signature`` defines: by parameter types, else the only one with as many parameters."""
        name = cxx.tokenize(signature.name)
        alike: list[tuple[bool, _Declaration]] = []
        for i in range(len(self.tokens) - len(name)):
            if tuple(self.tokens[i : i + len(name)]) != name or self.scopes[i] != signature.class_name:
                continue
            found = self._declaration_at(i, i + len(name))
            if found is None or found.end in self._taken:
                continue
            params = _split(self.tokens[found.opening + 1 : found.closing])
            if len(params) == len(signature.params):
                same = ("const" in self.tokens[found.closing : found.end]) == ("const" in signature.qualifiers)
                same = same and all(_starts_with(p, [*q.type]) for p, q in zip(params, signature.params, strict=True))
                alike.append((same, found))
        exact = [found for same, found in alike if same]
        if exact:
            return exact[0]
        return alike[0][1] if len(alike) == 1 and not only_exact else None

    def _declaration_at(self, name: int, opening: int) -> _Declaration | None:
        if self.tokens[opening] != "(" or (name and self.tokens[name - 1] in ("~", ".", "->", "::", "new", "return", "(", ",")):
            return None
        closing = _close(self.tokens, opening)
        end = closing + 1
        while end < len(self.tokens) and self.tokens[end] not in (";", "{", "=", "}", ":"):
            end += 1
        if end >= len(self.tokens) or self.tokens[end] != ";":
            return None
        first = name
        while first and self.tokens[first - 1] not in (";", "{", "}", ":") and self.tokens[first - 1][0] != "#":
            first -= 1
        return _Declaration(first, opening, closing, end)


def _body_text(function: PlannedFunction, markers: Markers) -> str:
    """Returns the initialisers and the body, without the head."""
    signature = function.candidate.signature
    return definition_text(function, markers, in_class=True).removeprefix(cxx.render_signature(signature, in_class=True))


def _indented(text: str, indent: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "\n".join([lines[0], *(line if line.startswith("#") or not line else indent + line for line in lines[1:])])


def _close(tokens: Sequence[str], opening: int) -> int:
    depth = 0
    for i in range(opening, len(tokens)):
        depth += _OPEN.get(tokens[i], 0)
        if depth == 0:
            return i
    return len(tokens) - 1


def _split(tokens: Sequence[str]) -> list[list[str]]:
    """Splits the tokens between the parentheses into parameters."""
    out: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += _OPEN.get(token, 0) + {"<": 1, ">": -1, ">>": -2}.get(token, 0)
        if token == "," and depth == 0:
            out.append([])
        else:
            out[-1].append(token)
    return [param for param in out if param and param != ["void"]]


def _starts_with(param: list[str], type_tokens: list[str]) -> bool:
    plain = [token for token in param if token not in ("llvm", "::")]
    return plain[: len(wanted)] == wanted if (wanted := [t for t in type_tokens if t not in ("llvm", "::")]) else not plain


def _scopes(tokens: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Returns the class that each token is directly in ("" for none, "?" in other braces), and class -> index of its "}"."""
    scopes: list[str] = []
    ends: dict[str, int] = {}
    stack: list[tuple[str, bool]] = []  # name, whether a class
    pending = ""
    for i, token in enumerate(tokens):
        inside = stack[-1] if stack else ("", True)
        scopes.append(inside[0] if inside[1] else "?")
        if token in _KEYS and (i == 0 or tokens[i - 1] not in ("<", ",", "enum", "friend")):
            pending = _class_name(tokens, i + 1)
        elif token == ";" or (token == "(" and not pending):
            pending = ""
        elif token == "{":
            outer = "::".join(name for name, is_class in stack if is_class and name)
            if pending:
                stack.append((f"{outer.rpartition('?')[2]}::{pending}" if outer else pending, True))
            else:
                stack.append(("", _is_namespace(tokens, i)))
            pending = ""
        elif token == "}" and stack:
            name, is_class = stack.pop()
            if is_class and name:
                ends[name] = i
    return scopes, ends


def _class_name(tokens: Sequence[str], start: int) -> str:
    """Returns Name in ``class ATTRIBUTE Name final : Base {``, "" if no body follows."""
    name = ""
    for i in range(start, min(start + 200, len(tokens))):
        token = tokens[i]
        if token in ("{", ":"):
            return name
        if token in (";", "(", ")", "=", ">", ",", "*", "&"):
            return ""
        if _IDENTIFIER.match(token) and token not in ("final", "alignas"):
            name = token
    return ""


def _is_namespace(tokens: Sequence[str], brace: int) -> bool:
    for i in range(brace - 1, max(brace - 8, -1), -1):
        if tokens[i] == "namespace":
            return True
        if tokens[i] != "::" and not _IDENTIFIER.match(tokens[i]):
            return tokens[i] == '"C"'
    return False
