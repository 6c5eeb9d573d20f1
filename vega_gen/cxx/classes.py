"""Turn syntax nodes of classes and enumerations into ``Class`` and ``Enum`` records. Method bodies are not read."""

from __future__ import annotations

from vega_gen.cxx.blanking import attributes_before
from vega_gen.cxx.declarator import declares_pointer, head_signature
from vega_gen.cxx.signature import closing
from vega_gen.cxx.statements import Text
from vega_gen.cxx.syntax import CONDITIONAL, Node, kind
from vega_gen.records import Class, Enum, Member, MemberKind

_BASE_WORDS = frozenset({"public", "protected", "private", "virtual", "typename"})
_TYPES = frozenset({"class_specifier", "struct_specifier", "union_specifier", "enum_specifier"})


def type_name(text: Text, node: Node) -> str:
    """Return the name of a class or enumeration, without template arguments; "" if it has none."""
    name = node.child_by_field_name("name")
    if name is None:
        return ""
    tokens = text.between(name.start_byte, name.end_byte)
    return "".join(_without_arguments(tokens))


def _without_arguments(tokens: list[str]) -> list[str]:
    out: list[str] = []
    index = 0
    while index < len(tokens):
        if tokens[index] == "<":
            index = closing(tokens, index)
        else:
            out.append(tokens[index])
            index += 1
    return out


def _bases(text: Text, node: Node) -> tuple[str, ...]:
    clause = next((child for child in node.children if kind(child) == "base_class_clause"), None)
    if clause is None:
        return ()
    tokens = _without_arguments(text.between(clause.start_byte, clause.end_byte)[1:])
    words = "".join("," if t == "," else "" if t in _BASE_WORDS else t for t in tokens)
    return tuple(word for word in words.split(",") if word)


def make_class(text: Text, node: Node, name: str, target: str, file: str, namespaces: tuple[str, ...]) -> Class:
    """Make the record of a class, struct or union that has a body.

    ``name``: its name, qualified with "::" by the classes around it.
    """
    struct = kind(node) != "class_specifier"
    members: list[Member] = []
    body = node.child_by_field_name("body")
    if body is not None:
        _members(text, body.children, name, "public" if struct else "private", members)
    return Class(target, file, text.line(node.start_byte), name, _bases(text, node), tuple(members), namespaces, struct)


def _members(text: Text, nodes: list[Node], owner: str, access: str, out: list[Member]) -> str:
    for node in nodes:
        name = kind(node)
        if not node.is_named or name == "comment":
            continue
        if name == "access_specifier":
            access = text.slice(node.start_byte, node.end_byte)
        elif name in CONDITIONAL:
            access = _conditional(text, node, owner, access, out)
        elif name == "ERROR":
            access = _members(text, node.children, owner, access, out)
        else:
            out.append(_member(text, node, owner, access))
    return access


def _conditional(text: Text, node: Node, owner: str, access: str, out: list[Member]) -> str:
    """Append the members under a preprocessor conditional, with its directives in between. Return the access that holds after it."""
    done = node.start_byte
    skipped = [node.child_by_field_name("condition"), node.child_by_field_name("name")]
    for child in node.children:
        if not child.is_named or child in skipped:
            continue
        _directives(text, done, child.start_byte, access, out)
        access = _members(text, [child], owner, access, out)
        done = child.end_byte
    _directives(text, done, node.end_byte, access, out)
    return access


def _directives(text: Text, start: int, end: int, access: str, out: list[Member]) -> None:
    for index in range(text.index(start), text.index(end)):
        if text.tokens[index][0] == "#":
            out.append(Member(MemberKind.OTHER, access, text.line(text.starts[index]), tokens=(text.tokens[index],)))


def _member(text: Text, node: Node, owner: str, access: str) -> Member:
    line = text.line(node.start_byte)
    inner = node
    while kind(inner) == "template_declaration":
        inner = [child for child in inner.children if child.is_named][-1]
    name = kind(inner)
    if name in ("function_definition", "declaration", "field_declaration"):
        method = _method(text, node, inner, owner, access, line)
        if method is not None:
            return method
    end = text.index(node.end_byte)
    if end < len(text.tokens) and text.tokens[end] == ";" and name in _TYPES:
        end += 1
    tokens = tuple(text.tokens[text.index(node.start_byte) : end])
    inner_type = inner.child_by_field_name("type")
    declarator = inner.child_by_field_name("declarator")
    if (
        name in ("field_declaration", "declaration")
        and declarator is not None
        and (inner_type is None or kind(inner_type) not in _TYPES or inner_type.child_by_field_name("body") is None)
    ):
        return Member(MemberKind.FIELD, access, line, tokens=tokens, name=_field_name(text, declarator))
    return Member(MemberKind.OTHER, access, line, tokens=tokens, name=_defined_name(text, inner))


def _defined_name(text: Text, node: Node) -> str:
    """Return the name of the class or enumeration that a member defines, "" if it defines none."""
    inner = node if kind(node) in _TYPES else node.child_by_field_name("type")
    return type_name(text, inner) if inner is not None and kind(inner) in _TYPES else ""


def _method(text: Text, node: Node, inner: Node, owner: str, access: str, line: int) -> Member | None:
    body = inner.child_by_field_name("body")
    has_body = body is not None and kind(body) in ("compound_statement", "try_statement")
    end = body.start_byte if body is not None and has_body else node.end_byte
    start = text.starts[attributes_before(text.tokens, text.index(node.start_byte))]
    made = head_signature(text, inner, start, end, owner)
    if made is None or declares_pointer(inner):
        return None
    qualifiers = list(made.qualifiers)
    while qualifiers and qualifiers[-1] == ";":
        qualifiers.pop()
    ending = tuple(qualifiers[-2:])
    pure, deleted = ending == ("=", "0"), ending in (("=", "delete"), ("=", "default"))
    kept = tuple(qualifiers[:-2]) if pure else tuple(qualifiers)
    made = type(made)(made.name, made.class_name, made.prefix, made.result, made.params, kept, made.initialisers)
    return Member(MemberKind.METHOD, access, line, made, (), made.name, pure, has_body, deleted)


def _field_name(text: Text, node: Node) -> str:
    current = node
    while True:
        inner = current.child_by_field_name("declarator") or (
            next((c for c in current.children if c.is_named and kind(c) != "comment"), None)
            if kind(current) in ("reference_declarator", "parenthesized_declarator")
            else None
        )
        if inner is None:
            return text.slice(current.start_byte, current.end_byte)
        current = inner


def enumeration(text: Text, node: Node, scope: tuple[str, ...], target: str, file: str) -> Enum | None:
    """Make the record of an enum; None if it has no body.

    ``scope``: the namespaces and classes around it, outermost first.
    """
    body = node.child_by_field_name("body")
    if body is None:
        return None
    names: list[str] = []
    values: list[str] = []
    pending = list(reversed(body.children))
    while pending:
        child = pending.pop()
        if kind(child) == "enumerator":
            name = child.child_by_field_name("name")
            if name is not None:
                value = child.child_by_field_name("value")
                names.append(text.slice(name.start_byte, name.end_byte))
                values.append(text.slice(value.start_byte, value.end_byte) if value is not None else "")
        elif kind(child) in CONDITIONAL or kind(child) == "ERROR":
            pending += reversed(child.children)
    scoped = any(kind(child) in ("class", "struct") for child in node.children)
    return Enum(target, file, text.line(node.start_byte), scope, type_name(text, node), tuple(names), tuple(values), scoped)
