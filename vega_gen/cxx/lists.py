"""Find the lists in a C++ file that have an entry per name: enumerators, ``case``s, links of a call chain, array elements, statements.

Registering a target adds entries to such lists of LLVM; this module only locates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from vega_gen.cxx.syntax import Node, kind, parse


class ListShape(StrEnum):
    """What a list consists of, and so what holds it: an enum (given by its name or by an enumerator), a function, an array, a namespace."""

    ENUMERATORS = "enumerators"
    CASES = "cases"
    LINKS = "links"
    ELEMENTS = "elements"
    STATEMENTS = "statements"
    ENUMS = "enums"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entry of a list.

    ``head``: what names it: the label of a ``case`` ("" for ``default``), else its whole text.
    ``start``, ``end``: byte offsets of its text, a ``case``'s body included.
    ``body``: of a ``case``, the statements it leads to, also by falling through to a later label; of an enumerator, its value,
    "" if none is written.
    ``group``: equal for the labels that share a body.
    """

    head: str
    start: int
    end: int
    body: str = ""
    group: int = 0


class SourceLists:
    """The lists of one file, given as bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._root = parse(data)
        self._declared: dict[str, list[Node]] = {}
        for node in _walk(self._root, lambda node: kind(node) not in ("compound_statement", "initializer_list")):
            self._declared.setdefault(kind(node), []).append(node)
        self._names = [(self._name(node), node) for node in self._all("function_definition")]

    def lists(self, shape: ListShape, holder: str) -> list[list[ListEntry]]:
        """Return the lists of ``shape`` in whatever is called ``holder``, in order of the text.

        Functions and namespaces are named without the namespaces around them: "Triple::isLittleEndian".
        """
        match shape:
            case ListShape.ENUMERATORS:
                made = [self._enumerators(node) for node in self._all("enum_specifier") if self._is_enum(node, holder)]
            case ListShape.CASES:
                made = [self._cases(node) for f in self._functions(holder) for node in _below(f, "switch_statement")]
            case ListShape.LINKS:
                made = [links for f in self._functions(holder) for links in self._chains(f)]
            case ListShape.ELEMENTS:
                made = [self._plain(node.named_children) for node in self._arrays(holder)]
            case ListShape.STATEMENTS:
                made = [self._plain(b.named_children) for f in self._functions(holder) if (b := f.child_by_field_name("body"))]
            case ListShape.ENUMS:
                made = [self._plain(n for n in node.named_children if kind(n) == "enum_specifier") for node in self._namespaces(holder)]
        return [items for items in made if items]

    def reach(self, holder: str) -> str:
        """Return the text of the functions called ``holder`` and of the functions of this file that they call."""
        texts = [self._text(function) for function in self._functions(holder)]
        called = {self._text(function) for text in texts for name, function in self._names if f"{name}(" in text}
        return "\n".join([*texts, *sorted(called - set(texts))])

    def errors(self) -> int:
        """Count the places that cannot be parsed as C++."""
        return sum(1 for node in _walk(self._root, lambda node: node.has_error) if node.is_missing or node.is_error)

    def _text(self, node: Node) -> str:
        return self._data[node.start_byte : node.end_byte].decode("latin-1")

    def _all(self, wanted: str) -> list[Node]:
        """Return the nodes of a kind that are not inside function bodies."""
        return self._declared.get(wanted, [])

    def _name(self, function: Node) -> str:
        """Return a function's name as written, without spaces."""
        declarator = function.child_by_field_name("declarator")
        while declarator is not None and kind(declarator) != "function_declarator":
            declarator = declarator.child_by_field_name("declarator") or next(iter(declarator.named_children), None)
        name = declarator.child_by_field_name("declarator") if declarator is not None else None
        return "".join(self._text(name).split()) if name is not None else ""

    def _functions(self, holder: str) -> list[Node]:
        return [function for name, function in self._names if f"::{name}".endswith(f"::{holder}")]

    def _is_enum(self, node: Node, holder: str) -> bool:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if body is None:
            return False
        return (name is not None and self._text(name) == holder) or any(item.head == holder for item in self._enumerators(node))

    def _enumerators(self, node: Node) -> list[ListEntry]:
        body = node.child_by_field_name("body")
        return [
            ListEntry(self._text(n.child_by_field_name("name") or n), n.start_byte, n.end_byte, self._value(n))
            for n in (body.named_children if body is not None else [])
            if kind(n) == "enumerator"
        ]

    def _value(self, enumerator: Node) -> str:
        value = enumerator.child_by_field_name("value")
        return self._text(value) if value is not None else ""

    def _cases(self, node: Node) -> list[ListEntry]:
        """Return the labels of a switch. After a directive, a label's statements are siblings of the ``case`` node, not its children."""
        labels: list[tuple[Node, str]] = []
        bodies: list[list[Node]] = []
        body = node.child_by_field_name("body")
        for child in body.named_children if body is not None else []:
            if kind(child) == "case_statement":
                value = child.child_by_field_name("value")
                labels.append((child, self._text(value) if value is not None else ""))
                bodies.append([n for n in child.named_children if n != value and kind(n) != "comment"])
            elif bodies and kind(child) != "comment":
                bodies[-1].append(child)
        made: list[ListEntry] = []
        text, group = "", 0
        for (child, head), nodes in reversed(list(zip(labels, bodies, strict=True))):
            if nodes:
                text, group = self._data[nodes[0].start_byte : nodes[-1].end_byte].decode("latin-1"), nodes[0].start_byte
            end = nodes[-1].end_byte if nodes else child.end_byte
            made.append(ListEntry(head, child.start_byte, end, text, group))
        return made[::-1]

    def _chains(self, function: Node) -> Iterator[list[ListEntry]]:
        """Yield the calls of each chain ``start.f(...).g(...)``; all calls of a chain start at the same byte."""
        chains: dict[int, list[ListEntry]] = {}
        for call in _below(function, "call_expression"):
            called, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if called is None or arguments is None or kind(called) != "field_expression":
                continue
            operator = called.child_by_field_name("operator") or called.children[1]
            text = self._data[operator.start_byte : call.end_byte].decode("latin-1")
            chains.setdefault(call.start_byte, []).append(ListEntry(text, operator.start_byte, call.end_byte))
        for items in chains.values():
            yield sorted(items, key=lambda item: item.start)

    def _arrays(self, holder: str) -> Iterator[Node]:
        for node in self._all("init_declarator"):
            name, value = node.child_by_field_name("declarator"), node.child_by_field_name("value")
            if name is not None and value is not None and self._text(name).split("[")[0].strip() == holder:
                yield value

    def _namespaces(self, holder: str) -> Iterator[Node]:
        for node in self._all("namespace_definition"):
            name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
            if name is not None and body is not None and self._text(name) == holder:
                yield body

    def _plain(self, nodes: Iterable[Node]) -> list[ListEntry]:
        return [ListEntry(self._text(node), node.start_byte, node.end_byte) for node in nodes if kind(node) != "comment"]


def _walk(root: Node, enter: Callable[[Node], bool] = lambda node: True) -> Iterator[Node]:
    """Yield every node in order of the text; the children of one only where ``enter`` holds."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if enter(node):
            stack.extend(reversed(node.children))


def _below(root: Node, wanted: str) -> list[Node]:
    return [node for node in _walk(root) if kind(node) == wanted]
