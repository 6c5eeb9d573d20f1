"""Turn syntax nodes of function declarations and definitions into ``Signature`` records."""

from __future__ import annotations

from vega_gen.cxx.signature import signature
from vega_gen.cxx.statements import Text
from vega_gen.cxx.syntax import Node, kind
from vega_gen.records import Signature

_PLAIN = frozenset(
    {
        "identifier",
        "field_identifier",
        "qualified_identifier",
        "destructor_name",
        "operator_name",
        "template_function",
        "template_method",
        "type_identifier",
    }
)


def head_signature(text: Text, node: Node, start: int, end: int, enclosing: str) -> Signature | None:
    """Return the signature of the declaration ``node``; None if it declares no function.

    ``start``, ``end``: byte offsets of its head. ``enclosing``: the class in whose body it stands, "" if none.
    """
    found = _function_declarator(node)
    if found is None:
        return None
    name, parameters = found
    inside = text.between(parameters.start_byte + 1, parameters.end_byte)
    if not inside or inside[-1] != ")":
        return None
    return signature(
        text.between(start, name.start_byte),
        text.between(name.start_byte, parameters.start_byte),
        inside[:-1],
        text.between(parameters.end_byte, end),
        enclosing,
    )


def declares_pointer(node: Node) -> bool:
    """Whether a declaration declares a pointer to a function (its declarator is a parenthesised pointer)."""
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        inner = declarator.child_by_field_name("declarator")
        if kind(declarator) == "function_declarator" and inner is not None and kind(inner) == "parenthesized_declarator":
            return True
        declarator = inner
    return False


def _function_declarator(node: Node) -> tuple[Node, Node] | None:
    """Return the name and the parameter list of the innermost function declarator."""
    current = node.child_by_field_name("declarator")
    found: tuple[Node, Node] | None = None
    while current is not None:
        name = kind(current)
        if name in ("operator_cast", "qualified_identifier"):
            cast = _operator_cast(current)
            if cast is not None:
                parameters = _conversion_parameters(cast)
                return (current, parameters) if parameters is not None else None
        inner = current.child_by_field_name("declarator")
        if name == "function_declarator":
            parameters = current.child_by_field_name("parameters")
            if inner is not None and parameters is not None:
                cast = _operator_cast(inner)
                if cast is not None:
                    return inner, parameters
                found = inner, parameters
                if kind(inner) in _PLAIN:
                    return found
        if inner is None and name in (
            "reference_declarator",
            "parenthesized_declarator",
            "attributed_declarator",
            "variadic_declarator",
        ):
            inner = next((c for c in current.children if c.is_named and kind(c) != "comment"), None)
        current = inner
    return found


def _operator_cast(node: Node) -> Node | None:
    current: Node | None = node
    while current is not None:
        if kind(current) == "operator_cast":
            return current
        if kind(current) != "qualified_identifier":
            return None
        current = current.child_by_field_name("name")
    return None


def _conversion_parameters(node: Node) -> Node | None:
    current = node.child_by_field_name("declarator")
    while current is not None:
        parameters = current.child_by_field_name("parameters")
        if parameters is not None:
            return parameters
        current = current.child_by_field_name("declarator") or next((c for c in current.children if c.is_named), None)
    return None
