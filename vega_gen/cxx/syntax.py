"""tree-sitter and its C++ grammar: the only door to them.

Enters: bytes of C++. Leaves: the root of a syntax tree, and names of nodes and fields. It makes no records.
"""

from __future__ import annotations

import tree_sitter
import tree_sitter_cpp

__all__ = ["CONDITIONAL", "Node", "field_id", "kind", "parse"]

Node = tree_sitter.Node
CONDITIONAL = frozenset({"preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "preproc_elifdef"})
"""The kinds of a directive that holds other nodes."""

_LANGUAGE = tree_sitter.Language(tree_sitter_cpp.language())
# Ids are compared, not names: each access of Node.type makes a string.
_KINDS: list[str] = [_LANGUAGE.node_kind_for_id(index) or "" for index in range(_LANGUAGE.node_kind_count)]
_ERROR = 65535


def parse(data: bytes) -> Node:
    """The root of the syntax tree of ``data``; what cannot be read is in it as "ERROR" nodes."""
    return tree_sitter.Parser(_LANGUAGE).parse(data).root_node


def kind(node: Node) -> str:
    """``node.type`` from a table."""
    number = node.kind_id
    return "ERROR" if number == _ERROR else _KINDS[number]


def field_id(name: str) -> int:
    """The number of a field of nodes, for ``child_by_field_id``; 0 if the grammar has none of that name."""
    return _LANGUAGE.field_id_for_name(name) or 0
