"""The only module that imports tree-sitter and its C++ grammar."""

from __future__ import annotations

import tree_sitter
import tree_sitter_cpp

__all__ = ["CONDITIONAL", "Node", "field_id", "kind", "parse"]

Node = tree_sitter.Node
CONDITIONAL = frozenset({"preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "preproc_elifdef"})
"""Kinds of directive nodes that hold other nodes."""

_LANGUAGE = tree_sitter.Language(tree_sitter_cpp.language())
# Node.type makes a new string on each access, so kinds are looked up by their id.
_KINDS: list[str] = [_LANGUAGE.node_kind_for_id(index) or "" for index in range(_LANGUAGE.node_kind_count)]
_ERROR = 65535


def parse(data: bytes) -> Node:
    """Return the root of the syntax tree of ``data``; what cannot be parsed appears in it as "ERROR" nodes."""
    return tree_sitter.Parser(_LANGUAGE).parse(data).root_node


def kind(node: Node) -> str:
    """Return ``node.type`` from a table."""
    number = node.kind_id
    return "ERROR" if number == _ERROR else _KINDS[number]


def field_id(name: str) -> int:
    """Return the id of a field for ``child_by_field_id``; 0 if the grammar has no field of that name."""
    return _LANGUAGE.field_id_for_name(name) or 0
