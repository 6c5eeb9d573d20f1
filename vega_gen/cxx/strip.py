"""A header's text -> the same text without any function body.

Enters: bytes. Leaves: bytes in which ";" stands for each body, lines kept. It reads tokens, not a syntax tree, so that no
error recovery can let a body through: what it cannot follow it refuses.
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
    """Walks declarations; ``cuts`` are byte ranges to take out with what stands for them."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._file = file
        self._starts, self._tokens = scan(data.decode("latin-1"))
        self._conditionals: list[int] = []  # scopes open at each #if
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
            "braces are not balanced: function bodies cannot be taken out",
            f"{self._file}:{line}:{column}",
            "leave the file out, or mend it",
        )

    def _match(self, index: int) -> int:
        """The index after the bracket that closes the one at ``index``; of a conditional's arms only the first counts."""
        stack: list[str] = []
        place, saved = index, list[list[str]]()
        while place < len(self._tokens):
            token = self._tokens[place]
            if token.startswith("#if"):
                saved.append(stack.copy())
            elif token.startswith(("#else", "#elif")):
                if not saved:  # it began in the arm that ends here: the other arms open the same bracket again
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
        """The index of the #endif that ends the conditional whose #else is at ``index``."""
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
        """Refuses a conditional that opens or closes a namespace or class in one of its arms."""
        token = self._tokens[index]
        if token.startswith("#if"):
            saved.append(scopes)
        elif token.startswith(("#el", "#endif")) and saved:
            if saved[-1] != scopes:
                raise self._refusal(index)
            if token.startswith("#endif"):
                saved.pop()

    def _head(self, head: int, index: int) -> list[str]:
        """The tokens of a declaration's head, without template header, attributes and directives."""
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
        """Whether the ":" at ``index`` begins a constructor's initialiser list: what stands before is a function's head."""
        previous = self._tokens[index - 1]
        return (
            self._is_function(head, index)
            and (previous == ")" or previous in ("noexcept", "try"))
            and "?" not in self._tokens[head:index]
        )

    def _body(self, index: int) -> int:
        """The "{" of the body behind an initialiser list that begins at ``index``."""
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
        """Takes out the body at ``index`` with what stands before it: initialisers, try; and the handlers behind it."""
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
        """Notes that tokens ``first`` up to ``last`` go, with the comments between them; an #endif of an #if before them stays."""
        heads = [token[:3] for token in self._tokens[first:last] if token[0] == "#"]
        for _ in range(heads.count("#en") - heads.count("#if")):
            instead += b"\n#endif"
            if self._conditionals:
                self._conditionals.pop()
        self.cuts.append((self._starts[first], self._starts[last - 1] + len(self._tokens[last - 1]), instead))

    def _initialisers(self, first: int, last: int) -> None:
        """The braces in a parameter list, a default argument's lambda among them."""
        place = first
        while place < last:
            if self._tokens[place] == "{":
                end = self._match(place)
                self._initialiser(place, end)
                place = end
            else:
                place += 1

    def _initialiser(self, index: int, end: int) -> None:
        """Keeps a list of values; takes out one that holds, or is, a lambda's body."""
        inside = self._tokens[index:end]
        after_lambda = self._tokens[index - 1] in (")", "]", "mutable") if index else False
        pairs = set(itertools.pairwise(inside))
        if ";" in inside or after_lambda or {("]", "("), ("]", "{")} & pairs or any(t[0] == "#" for t in inside):
            self._cut(index, end, b"{}")

    def _macro(self, index: int) -> None:
        """Takes the code in braces out of a macro's definition."""
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
        """The line ends in a range, those of continued lines with their backslash."""
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
    """A header with every function body, constructor initialiser list and lambda body taken out, and ";" (or "{}") instead.

    Lines are kept. Raises InputError with file:line:column if the braces cannot be followed: then nothing may be shown.
    """
    return _Stripper(text, file).run()
