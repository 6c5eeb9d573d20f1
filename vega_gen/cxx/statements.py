"""Turn the syntax nodes of a function's body into ``Statement`` trees that hold every token once, in order.

Expressions are not analysed: a statement's tokens are the file's tokens between its two ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from vega_gen.cxx.lexer import scan
from vega_gen.cxx.syntax import CONDITIONAL, Node, field_id, kind
from vega_gen.records import Statement, StatementKind

_FIELD = {name: field_id(name) for name in ("body", "condition", "consequence", "alternative", "value")}
_LOOPS = {
    "for_statement": StatementKind.FOR,
    "for_range_loop": StatementKind.FOR,
    "while_statement": StatementKind.WHILE,
    "switch_statement": StatementKind.SWITCH,
}
_TYPES = frozenset({"class_specifier", "struct_specifier", "enum_specifier", "union_specifier"})
_NESTED = frozenset({"function_definition", "template_declaration", "namespace_definition", "linkage_specification"})
_WHOLE = frozenset(
    [
        "expression_statement",
        "declaration",
        "return_statement",
        "break_statement",
        "continue_statement",
        "goto_statement",
        "throw_statement",
        "using_declaration",
        "alias_declaration",
        "static_assert_declaration",
        "type_definition",
        "attributed_statement",
    ]
)


class Text:
    """A file's bytes and tokens. All offsets are byte offsets."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.characters = data.decode("latin-1")
        self.starts, self.tokens = scan(self.characters)
        if not data.isascii():
            self.tokens = [t if t.isascii() else t.encode("latin-1").decode("utf-8") for t in self.tokens]
        self._lines: list[int] = []
        at = data.find(b"\n")
        while at >= 0:
            self._lines.append(at)
            at = data.find(b"\n", at + 1)

    def index(self, offset: int) -> int:
        """Return the index of the first token that starts at or after ``offset``."""
        return bisect_left(self.starts, offset)

    def line(self, offset: int) -> int:
        """Return the line of a byte, from 1."""
        return bisect_left(self._lines, offset) + 1

    def column(self, offset: int) -> int:
        """Return the column of a byte, in bytes from 1."""
        line = bisect_left(self._lines, offset)
        return offset - (self._lines[line - 1] if line else -1)

    def slice(self, start: int, end: int) -> str:
        """Return the text from byte ``start`` up to byte ``end``."""
        return self.data[start:end].decode("utf-8")

    def between(self, start: int, end: int) -> list[str]:
        """Return the tokens that start in a byte range."""
        return self.tokens[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def depth_zero(self) -> bool:
        """Whether the file has as many opening as closing braces and parentheses."""
        return all(self.tokens.count(a) == self.tokens.count(b) for a, b in (("{", "}"), ("(", ")")))


class StatementBuilder:
    """Builds the statements of one file's functions."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._tokens = text.tokens
        self._starts = text.starts

    def body(self, node: Node) -> tuple[Statement, ...]:
        """Return the statements of a function's body. ``node``: a compound_statement."""
        first, last = self._range(node)
        return self._sequence(node.children, first + 1, last - 1)

    def between(self, nodes: Iterable[Node], first: int, last: int) -> tuple[Statement, ...]:
        """Return the statements of tokens ``first`` up to ``last``; ``nodes``: the syntax nodes that cover them."""
        return self._sequence(nodes, first, last)

    def _range(self, node: Node) -> tuple[int, int]:
        return bisect_left(self._starts, node.start_byte), bisect_left(self._starts, node.end_byte)

    def _line(self, index: int) -> int:
        return self._text.line(self._starts[index])

    def _sequence(self, nodes: Iterable[Node], first: int, last: int) -> tuple[Statement, ...]:
        out: list[Statement] = []
        self._fill(nodes, first, last, out)
        return tuple(out)

    def _fill(self, nodes: Iterable[Node], first: int, last: int, out: list[Statement]) -> None:
        """Append the statements of ``nodes``; tokens that no node covers become statements of their own."""
        done = first
        for node in nodes:
            if not node.is_named:
                continue
            name = kind(node)
            if name == "comment":
                continue
            start, end = self._range(node)
            start, end = max(start, done), min(end, last)
            if start >= end:
                continue
            self._loose(done, start, out)
            if name in _TYPES and end < last and self._tokens[end] == ";":
                end += 1
            self._statement(node, name, start, end, out)
            done = end
        self._loose(done, last, out)

    def _loose(self, first: int, last: int, out: list[Statement]) -> None:
        """Append tokens that no node covers: directives, empty statements, and what tree-sitter did not parse."""
        start = first
        for index in range(first, last):
            token = self._tokens[index]
            if token[0] == "#" or (token == ";" and index == start):
                self._opaque(start, index, out)
                sort = StatementKind.SIMPLE if token == ";" else StatementKind.PREPROCESSOR
                out.append(Statement(sort, (token,), line=self._line(index)))
                start = index + 1
        self._opaque(start, last, out)

    def _opaque(self, first: int, last: int, out: list[Statement]) -> None:
        if first < last:
            out.append(Statement(StatementKind.OPAQUE, tuple(self._tokens[first:last]), line=self._line(first)))

    def _whole(self, sort: StatementKind, first: int, last: int, out: list[Statement]) -> None:
        out.append(Statement(sort, tuple(self._tokens[first:last]), line=self._line(first)))

    def _statement(self, node: Node, name: str, first: int, last: int, out: list[Statement]) -> None:
        if name in _WHOLE:
            if self._tokens[last - 1] != ";":
                self._loose(first, last, out)
            elif name == "declaration" and self._defines_type(node):
                self._whole(StatementKind.DEFINITION, first, last, out)
            else:
                self._whole(StatementKind.SIMPLE, first, last, out)
        elif name == "if_statement":
            self._if(node, StatementKind.IF, first, first, last, out)
        elif name in _LOOPS:
            self._with_body(_LOOPS[name], node.child_by_field_id(_FIELD["body"]), first, first, last, out)
        elif name == "compound_statement":
            self._with_body(StatementKind.BLOCK, node, first, first, last, out)
        elif name == "case_statement":
            self._case(node, first, last, out)
        elif name in CONDITIONAL:
            self._fill(node.children, first, last, out)
        elif name == "do_statement":
            self._with_body(StatementKind.DO, node.child_by_field_id(_FIELD["body"]), first, first, last, out)
        elif name == "labeled_statement":
            self._label(node, first, last, out)
        elif name == "try_statement":
            self._try(node, first, last, out)
        elif name in _TYPES or name in _NESTED:
            self._whole(StatementKind.DEFINITION, first, last, out)
        elif name == "ERROR":
            self._error(node, first, last, out)
        else:
            self._loose(first, last, out)

    def _defines_type(self, node: Node) -> bool:
        type_node = node.child_by_field_name("type")
        return type_node is not None and kind(type_node) in _TYPES and type_node.child_by_field_id(_FIELD["body"]) is not None

    def _error(self, node: Node, first: int, last: int, out: list[Statement]) -> None:
        """Keep whole statements inside an ERROR node as statements."""
        self._fill([child for child in node.children if self._readable(child)], first, last, out)

    def _readable(self, node: Node) -> bool:
        name = kind(node)
        return (
            name in _LOOPS
            or name in ("if_statement", "case_statement", "compound_statement")
            or (name in _WHOLE and not node.has_error and self._tokens[self._range(node)[1] - 1] == ";")
        )

    def _with_body(
        self,
        sort: StatementKind,
        body: Node | None,
        start: int,
        first: int,
        last: int,
        out: list[Statement],
    ) -> None:
        """Append a statement of a head (from token ``start``), a body, and a tail up to ``last``."""
        if body is None:
            self._loose(first, last, out)
            return
        a, b = self._range(body)
        a, b = max(a, first), min(b, last)
        name = kind(body)
        if name == "compound_statement":
            if b - a < 2 or self._tokens[a] != "{" or self._tokens[b - 1] != "}":
                self._opaque(start, last, out)
                return
            children, braced = self._sequence(body.children, a + 1, b - 1), True
        else:
            children, braced = self._sequence((body,), a, b), False
        head = tuple(self._tokens[start:a])
        out.append(Statement(sort, head, children, braced, tuple(self._tokens[b:last]), self._line(start)))

    def _if(self, node: Node, sort: StatementKind, start: int, first: int, last: int, out: list[Statement]) -> None:
        """Append an if and its else branches as siblings. ``start``: the first token of the head, "else" for a chained if."""
        while True:
            alternative = node.child_by_field_id(_FIELD["alternative"])
            cut = last if alternative is None else min(self._range(alternative)[0], last)
            self._with_body(sort, node.child_by_field_id(_FIELD["consequence"]), start, first, cut, out)
            if alternative is None or cut >= last:
                return
            named = [child for child in alternative.children if child.is_named and kind(child) != "comment"]
            if not named:
                self._opaque(cut, last, out)
                return
            start, sort = cut, StatementKind.ELSE
            if kind(named[-1]) != "if_statement":
                self._with_body(sort, named[-1], start, start, last, out)
                return
            node = named[-1]
            first = start

    def _case(self, node: Node, first: int, last: int, out: list[Statement]) -> None:
        colon = next((child for child in node.children if not child.is_named and child.type == ":"), None)
        if colon is None:
            self._opaque(first, last, out)
            return
        end = bisect_right(self._starts, colon.start_byte)
        rest = [child for child in node.children if child.start_byte > colon.start_byte]
        children = self._sequence(rest, end, last)
        out.append(Statement(StatementKind.CASE, tuple(self._tokens[first:end]), children, line=self._line(first)))

    def _label(self, node: Node, first: int, last: int, out: list[Statement]) -> None:
        end = min(first + 2, last)
        children = self._sequence([c for c in node.children if c.is_named][1:], end, last)
        out.append(Statement(StatementKind.LABEL, tuple(self._tokens[first:end]), children, line=self._line(first)))

    def _try(self, node: Node, first: int, last: int, out: list[Statement]) -> None:
        """Append a try and its handlers as sibling blocks, each with a head."""
        for part in [node, *(child for child in node.children if kind(child) == "catch_clause")]:
            body = part.child_by_field_id(_FIELD["body"])
            end = last if body is None else self._range(body)[1]
            start = first if part is node else self._range(part)[0]
            self._with_body(StatementKind.BLOCK, body, start, start, end, out)
