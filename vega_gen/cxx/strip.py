"""Remove every function body from a header, so that headers of a held-out target can be shown without leaking its code.

It works on tokens rather than on a syntax tree, so that parser error recovery cannot let a body through. Text whose braces
cannot be followed is refused.
"""

from __future__ import annotations

import itertools
import re

from vega_gen.cxx.lexer import scan
from vega_gen.errors import InputError

_CLASS_KEYS = frozenset({"class", "struct", "union", "enum"})
_ATTRIBUTES = frozenset({"alignas", "__attribute__", "__declspec"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ACCESS = frozenset({"public", "private", "protected"})


class _Stripper:
    """Walks over declarations. ``cuts``: byte ranges to remove, each with its replacement."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._file = file
        self._starts, self._tokens = scan(data.decode("latin-1"))
        self._conditionals: list[int] = []  # for each open #if, the number of scopes open at it
        self.cuts: list[tuple[int, int, bytes]] = []

    def run(self) -> bytes:
        scopes, index, head = 0, 0, 0
        conditionals = self._conditionals
        while index < len(self._tokens):
            token = self._tokens[index]
            if token[0] == "#":
                self._conditional(index, conditionals, scopes)
                self._macro(index)
                if head == index:
                    head += 1
                index += 1
            elif token == "{":
                end = self._match(index)
                if self._opens_scope(head, index):
                    scopes += 1
                    index += 1
                elif self._is_function(head, index):
                    index = self._function(head, index)
                else:
                    self._initialiser(index, end)
                    index = end
                    continue
                head = index
            elif token == "}":
                if scopes == 0:
                    raise self._refusal(index)
                scopes -= 1
                index += 1
                head = index
            elif token in ("(", "["):
                end = self._match(index)
                self._initialisers(index + 1, end - 1)
                index = end
            elif token == ";" or (token == ":" and index == head + 1 and self._tokens[head] in _ACCESS):
                index += 1
                head = index
            elif token == ":" and self._is_constructor(head, index):
                index = self._function(head, self._body(index))
                head = index
            else:
                index += 1
        if scopes:
            raise self._refusal(len(self._tokens) - 1)
        return self._apply()

    def _refusal(self, index: int) -> InputError:
        offset = self._starts[index] if 0 <= index < len(self._starts) else 0
        line = self._data.count(b"\n", 0, offset) + 1
        column = offset - self._data.rfind(b"\n", 0, offset)
        return InputError(
            "braces are not balanced, so function bodies cannot be removed",
            f"{self._file}:{line}:{column}",
            "balance the braces, or leave the file out",
        )

    def _match(self, index: int) -> int:
        """Return the index after the bracket that closes the one at ``index``. Of a conditional's arms only the first counts."""
        stack: list[str] = []
        place, saved = index, list[list[str]]()
        while place < len(self._tokens):
            token = self._tokens[place]
            if token.startswith("#if"):
                saved.append(stack.copy())
            elif token.startswith(("#else", "#elif")):
                if not saved:  # the bracket was opened in the arm that ends here; the other arms open it again
                    place = self._end_of_conditional(place)
                    continue
                stack = saved[-1].copy()
            elif token.startswith("#endif") and saved:
                saved.pop()
            elif token in _CLOSING:
                stack.append(_CLOSING[token])
            elif token in (")", "]", "}"):
                if not stack or stack.pop() != token:
                    raise self._refusal(place)
                if not stack:
                    return place + 1
            place += 1
        raise self._refusal(index)

    def _end_of_conditional(self, index: int) -> int:
        """Return the index after the #endif of the conditional whose #else is at ``index``."""
        depth = 0
        for place in range(index + 1, len(self._tokens)):
            token = self._tokens[place]
            if token.startswith("#endif"):
                if depth == 0:
                    return place + 1
                depth -= 1
            elif token.startswith("#if"):
                depth += 1
        raise self._refusal(index)

    def _conditional(self, index: int, saved: list[int], scopes: int) -> None:
        """Refuse a conditional that opens or closes a namespace or class in only one of its arms."""
        token = self._tokens[index]
        if token.startswith("#if"):
            saved.append(scopes)
        elif token.startswith(("#el", "#endif")) and saved:
            if saved[-1] != scopes:
                raise self._refusal(index)
            if token.startswith("#endif"):
                saved.pop()

    def _head(self, head: int, index: int) -> list[str]:
        """Return the tokens of a declaration's head, without template header, attributes and directives."""
        place = head
        while place < index:
            token = self._tokens[place]
            if token == "template" and self._tokens[place + 1] == "<":
                place = self._angle(place + 1, index)
            elif token == "[" and self._tokens[place + 1] == "[":
                place = self._match(place)
            elif token[0] == "#":
                place += 1
            else:
                break
        return [token for token in self._tokens[place:index] if token[0] != "#"]

    def _angle(self, index: int, end: int) -> int:
        depth = 0
        while index < end:
            token = self._tokens[index]
            if token in ("(", "["):
                index = self._match(index)
                continue
            depth += {"<": 1, ">": -1, ">>": -2}.get(token, 0)
            index += 1
            if depth <= 0:
                break
        return index

    def _opens_scope(self, head: int, index: int) -> bool:
        """Whether the "{" at ``index`` opens a namespace, linkage block, class or enumeration."""
        words = self._head(head, index)
        while words[:1] and words[0] in ("inline", "typedef", "static", "const", "constexpr", "friend", "export"):
            words = words[1:]
        if not words:
            return False
        if words[0] == "namespace":
            return "(" not in words or "__attribute__" in words
        if words[0] == "extern" and len(words) == 2 and words[1][0] == '"':
            return True
        if words[0] == "using" and "=" in words:
            words = words[words.index("=") + 1 :]
        if not words or words[0] not in _CLASS_KEYS:
            return False
        words = words[1:]
        while len(words) > 1 and (words[0] in _ATTRIBUTES or words[0].isupper() or words[0] == "[") and words[1] in ("(", "["):
            words = words[_after(words, 1 if words[0] != "[" else 0) :]
        before_bases = words[: words.index(":")] if ":" in words else words
        return "(" not in before_bases and "=" not in before_bases

    def _is_function(self, head: int, index: int) -> bool:
        words = self._head(head, index)
        depth = 0
        for place, word in enumerate(words):
            if depth == 0 and word == "=" and "operator" not in words[max(place - 2, 0) : place]:
                return False
            if depth == 0 and word == "(":
                return True
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(word, 0)
        return False

    def _is_constructor(self, head: int, index: int) -> bool:
        """Whether the ":" at ``index`` begins a constructor's initialiser list: a function's head stands before it."""
        previous = self._tokens[index - 1]
        return (
            self._is_function(head, index)
            and (previous == ")" or previous in ("noexcept", "try"))
            and "?" not in self._tokens[head:index]
        )

    def _body(self, index: int) -> int:
        """Return the index of the "{" that opens the body after an initialiser list that begins at ``index``."""
        place = index + 1
        while place < len(self._tokens):
            token = self._tokens[place]
            if token == "{" and self._tokens[place - 1] in (")", "}", "...", "try"):
                return place
            if token == "{" and self._tokens[place - 1][0] == "#":
                return place
            if token == ";":
                break
            place = self._match(place) if token in _CLOSING else place + 1
        raise self._refusal(index)

    def _function(self, head: int, index: int) -> int:
        """Remove the body at ``index`` with its initialiser list or ``try`` and its handlers. Return the index after it."""
        begin = index
        place = head
        while place < index:
            if self._tokens[place] == "try" or (self._tokens[place] == ":" and self._is_constructor(head, place)):
                begin = place
                break
            place = self._match(place) if self._tokens[place] in ("(", "[", "{") else place + 1
        end = self._match(index)
        while end + 1 < len(self._tokens) and self._tokens[end] == "catch":
            end = self._match(self._match(end + 1))
        self._cut(begin, end, b";")
        return end

    def _cut(self, first: int, last: int, instead: bytes) -> None:
        """Record removing tokens ``first`` up to ``last`` and of the comments between; keep an #endif whose #if stands before them."""
        heads = [token[:3] for token in self._tokens[first:last] if token[0] == "#"]
        for _ in range(heads.count("#en") - heads.count("#if")):
            instead += b"\n#endif"
            if self._conditionals:
                self._conditionals.pop()
        self.cuts.append((self._starts[first], self._starts[last - 1] + len(self._tokens[last - 1]), instead))

    def _initialisers(self, first: int, last: int) -> None:
        """Handle the braces in a parameter list, such as a lambda as a default argument."""
        place = first
        while place < last:
            if self._tokens[place] == "{":
                end = self._match(place)
                self._initialiser(place, end)
                place = end
            else:
                place += 1

    def _initialiser(self, index: int, end: int) -> None:
        """Keep a list of values; remove one that is a lambda's body or contains one."""
        inside = self._tokens[index:end]
        after_lambda = self._tokens[index - 1] in (")", "]", "mutable") if index else False
        pairs = set(itertools.pairwise(inside))
        if ";" in inside or after_lambda or {("]", "("), ("]", "{")} & pairs or any(t[0] == "#" for t in inside):
            self._cut(index, end, b"{}")

    def _macro(self, index: int) -> None:
        """Remove the code in braces from a macro definition."""
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._data)
        text = self._data[start:end]
        if not self._tokens[index].startswith("#define"):
            return
        line = re.match(rb"(?:\\\r?\n|//(?:[^\n\\]|\\.)*|/\*.*?\*/|[^\n])*", text, re.DOTALL)
        length = line.end() if line else 0
        opening = text.find(b"{", 0, length)
        if opening >= 0 and b";" in text[opening:length]:
            closing = text.rfind(b"}", opening, length)
            self.cuts.append((start + opening, start + (closing + 1 if closing > opening else length), b"{}"))

    def _apply(self) -> bytes:
        out: list[bytes] = []
        done = 0
        for start, end, instead in sorted(self.cuts):
            if start < done:
                continue
            lines = self._lines(start, end)
            for _ in range(instead.count(b"\n")):
                lines = lines[lines.find(b"\n") + 1 :]
            out += [self._data[done:start], instead, lines]
            done = end
        return b"".join((*out, self._data[done:]))

    def _lines(self, start: int, end: int) -> bytes:
        """Return the line ends in a range, with the backslashes of continued lines."""
        text = self._data[start:end]
        continued = re.findall(rb"\\?\r?\n", text)
        return b"".join(continued)


def _after(words: list[str], index: int) -> int:
    depth = 0
    for place in range(index, len(words)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(words[place], 0)
        if depth == 0:
            return place + 1
    return len(words)


def strip_bodies(text: bytes, file: str = "") -> bytes:
    """Replace every function body, constructor initialiser list and lambda body of a header with ";" or "{}".

    ``file``: the path for error messages. Lines are kept. Raises InputError with file:line:column where the braces cannot be
    followed; the header must not be shown then.
    """
    return _Stripper(text, file).run()
