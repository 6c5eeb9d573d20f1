"""Parse one C++ file into a ``SourceFile``: functions, classes, enumerations, and the text between them.

Names are not resolved and macros not expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from vega_gen.cxx.blanking import attributes_before, mask, without_attributes
from vega_gen.cxx.classes import enumeration, make_class, type_name
from vega_gen.cxx.declarator import declares_pointer, head_signature
from vega_gen.cxx.statements import StatementBuilder, Text
from vega_gen.cxx.syntax import CONDITIONAL, Node, kind, parse
from vega_gen.errors import InputError
from vega_gen.records import Class, Enum, Function, Signature, SourceFile, Statement, Unreadable

_CLASSES = frozenset({"class_specifier", "struct_specifier", "union_specifier"})
_NAMESPACES = frozenset({"llvm", "std"})


@dataclass
class _Scope:
    """The namespaces and classes around the current node."""

    namespaces: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass
class _Walk:
    """The walk over one file's syntax tree that collects its records."""

    target: str
    file: str
    text: Text
    known_namespaces: frozenset[str]
    functions: list[Function] = field(default_factory=list[Function])
    classes: list[Class] = field(default_factory=list[Class])
    enums: list[Enum] = field(default_factory=list[Enum])
    includes: list[str] = field(default_factory=list[str])
    prologue: list[str] = field(default_factory=list[str])
    epilogue: list[str] = field(default_factory=list[str])
    unreadable: list[Unreadable] = field(default_factory=list[Unreadable])
    prototypes: list[Signature] = field(default_factory=list[Signature])

    def __post_init__(self) -> None:
        self.builder = StatementBuilder(self.text)

    def scope(self, nodes: list[Node], at: _Scope) -> None:
        """Read the items of a file, a namespace, a class body, or a conditional in one of these."""
        for node in nodes:
            if node.is_named:
                self.item(node, at, node.start_byte)

    def item(self, node: Node, at: _Scope, start: int) -> None:
        """Read one item. ``start``: the first byte of its wrapper ("template <...>", "extern "C""), or of the item itself."""
        name = kind(node)
        if name == "function_definition":
            self._function(node, at, start)
        elif name == "namespace_definition":
            self._namespace(node, at)
        elif name in CONDITIONAL:
            self._conditional(node, at)
        elif name == "template_declaration":
            self.item([child for child in node.children if child.is_named][-1], at, start)
        elif name == "friend_declaration":
            self.scope([child for child in node.children if kind(child) == "function_definition"], at)
        elif name == "linkage_specification":
            body = node.child_by_field_name("body")
            if body is None or kind(body) == "declaration":
                self._text(node, at, start)
            elif kind(body) == "declaration_list":
                self.scope(body.children, at)
            else:
                self.item(body, at, start)
        elif name in _CLASSES:
            self._class(node, at, start)
        elif name == "enum_specifier":
            self._enum(node, at)
        elif name in ("declaration", "field_declaration", "type_definition"):
            self._declaration(node, at, start)
        elif name == "ERROR":
            self.scope(node.children, at)
        elif name == "alias_declaration":
            self._alias(node, at, start)
        elif name == "preproc_include":
            self._include(node, at)
        elif name not in ("comment", "access_specifier"):
            self._text(node, at, start)

    def _text(self, node: Node, at: _Scope, start: int) -> None:
        if at.classes:
            return
        end = self.text.index(node.end_byte)
        closed = end < len(self.text.tokens) and self.text.tokens[end] == ";" and kind(node) in _CLASSES
        text = self.text.slice(start, self.text.starts[end] + 1 if closed else node.end_byte).strip()
        if not text or text == ";":
            return
        for space in reversed(at.namespaces):
            text = f"namespace {space} {{\n{text}\n}}" if space else f"namespace {{\n{text}\n}}"
        (self.epilogue if self.functions else self.prologue).append(text)

    def _include(self, node: Node, at: _Scope) -> None:
        path = node.child_by_field_name("path")
        if path is None or at.classes:
            return
        written = self.text.slice(path.start_byte, path.end_byte)
        if written.rstrip('">').endswith((".inc", ".def")):
            self._text(node, at, node.start_byte)
        else:
            self.includes.append(written)

    def _conditional(self, node: Node, at: _Scope) -> None:
        before = len(self.functions), len(self.classes), len(self.enums), len(self.includes)
        prologue, epilogue = len(self.prologue), len(self.epilogue)
        skipped = node.child_by_field_name("condition") or node.child_by_field_name("name")
        self.scope([child for child in node.children if child != skipped], at)
        if before == (len(self.functions), len(self.classes), len(self.enums), len(self.includes)) and not at.classes:
            del self.prologue[prologue:], self.epilogue[epilogue:]
            if kind(node) in ("preproc_if", "preproc_ifdef"):
                self._text(node, at, node.start_byte)
        if kind(node) == "preproc_if":  # a platform check, not an include guard
            del self.includes[before[3] :]

    def _namespace(self, node: Node, at: _Scope) -> None:
        body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
        names = tuple(self.text.slice(name.start_byte, name.end_byte).split("::")) if name is not None else ("",)
        if body is not None:
            self.scope(body.children, _Scope(at.namespaces + names, at.classes))

    def _declaration(self, node: Node, at: _Scope, start: int) -> None:
        inner = node.child_by_field_name("type")
        defines = inner is not None and inner.child_by_field_name("body") is not None
        if inner is not None and defines and kind(inner) in _CLASSES:
            self._class(inner, at, start)
        elif inner is not None and defines and kind(inner) == "enum_specifier":
            self._enum(inner, at)
        if not defines and not at.classes:
            self._prototype(node, start)
        if not defines or any(node.children_by_field_name("declarator")):
            self._text(node, at, start)

    def _prototype(self, node: Node, start: int) -> None:
        signature = head_signature(self.text, node, start, node.end_byte, "")
        if signature is None or signature.class_name or declares_pointer(node):
            return
        qualifiers = signature.qualifiers[:-1] if signature.qualifiers[-1:] == (";",) else signature.qualifiers
        prefix = tuple(t for t in signature.prefix if t != "extern")
        self.prototypes.append(replace(signature, prefix=prefix, qualifiers=qualifiers))

    def _alias(self, node: Node, at: _Scope, start: int) -> None:
        """Read the struct Y in ``using X = struct Y { ... };``."""
        described = node.child_by_field_name("type")
        inner = described.child_by_field_name("type") if described is not None else None
        if inner is not None and kind(inner) in _CLASSES and inner.child_by_field_name("body") is not None:
            self._class(inner, at, start)
        else:
            self._text(node, at, start)

    def _class(self, node: Node, at: _Scope, start: int) -> None:
        body = node.child_by_field_name("body")
        if body is None:
            self._text(node, at, start)
            return
        name = "::".join((*at.classes, type_name(self.text, node)))
        place = len(self.classes)
        self.scope(body.children, _Scope(at.namespaces, (*at.classes, type_name(self.text, node))))
        self.classes.insert(place, make_class(self.text, node, name, self.target, self.file, at.namespaces))

    def _enum(self, node: Node, at: _Scope) -> None:
        made = enumeration(self.text, node, (*at.namespaces, *at.classes), self.target, self.file)
        if made is not None:
            self.enums.append(made)

    def _function(self, node: Node, at: _Scope, start: int) -> None:
        body = node.child_by_field_name("body") or next((c for c in node.children if kind(c) == "try_statement"), None)
        if body is None or kind(body) not in ("compound_statement", "try_statement"):
            self._text(node, at, start)
            return
        start = self.text.starts[attributes_before(self.text.tokens, self.text.index(start))]
        signature = head_signature(self.text, node, start, body.start_byte, "::".join(at.classes))
        if signature is None:
            self._not_a_function(node, at)
            return
        signature, namespaces = self._resolve(signature, at)
        self.functions.append(
            Function(
                target=self.target,
                file=self.file,
                line=self.text.line(start),
                end_line=self.text.line(node.end_byte - 1),
                start=start,
                end=node.end_byte,
                body_start=body.start_byte,
                body_end=body.end_byte,
                namespaces=namespaces,
                signature=signature,
                body=self._statements(body),
                in_class=bool(at.classes),
                complete=not node.has_error,
            )
        )

    def _statements(self, body: Node) -> tuple[Statement, ...]:
        if kind(body) == "compound_statement":
            return self.builder.body(body)
        first, last = self.text.index(body.start_byte), self.text.index(body.end_byte)
        return self.builder.between((body,), first, last)

    def _not_a_function(self, node: Node, at: _Scope) -> None:
        """Report what tree-sitter calls a function without parameters, and read its body.

        It is a macro before a class, or a macro call with a block.
        """
        self.report(node)
        body = node.child_by_field_name("body")
        if body is not None:
            self.scope(body.children, at)

    def _resolve(self, signature: Signature, at: _Scope) -> tuple[Signature, tuple[str, ...]]:
        """Move namespaces from a qualified name to the function's namespaces: ``llvm::createX``, ``AMDGPU::isY``."""
        if not signature.class_name or at.classes:
            return signature, at.namespaces
        parts = signature.class_name.split("::")
        count = 0
        while count < len(parts) and parts[count] in self.known_namespaces:
            count += 1
        if not count:
            return signature, at.namespaces
        moved = Signature(
            signature.name,
            "::".join(parts[count:]),
            signature.prefix,
            signature.result,
            signature.params,
            signature.qualifiers,
            signature.initialisers,
        )
        spaces = tuple(part for part in parts[:count] if part not in at.namespaces)
        return moved, at.namespaces + spaces

    def report(self, node: Node) -> None:
        """Record a stretch that tree-sitter could not parse."""
        end = max(node.end_byte, node.start_byte + 1)
        text = self.text.data[node.start_byte : min(end, node.start_byte + 400)].decode("utf-8", "replace")
        line, column = self.text.line(node.start_byte), self.text.column(node.start_byte)
        self.unreadable.append(Unreadable(self.target, self.file, line, column, text))

    def errors(self, root: Node) -> None:
        """Record every outermost ERROR node and every missing token."""
        pending = [root]
        while pending:
            node = pending.pop()
            if kind(node) == "ERROR" or node.is_missing:
                self.report(node)
            elif node.has_error:
                pending += reversed(node.children)


_NAMESPACE = re.compile(r"^\s*(?:inline\s+)?namespace\s+((?:\w+)(?:::\w+)*)\s*\{", re.MULTILINE)


def namespaces_in(text: str) -> frozenset[str]:
    """Return the names of the namespaces that ``text`` opens."""
    return frozenset(part for name in _NAMESPACE.findall(text) for part in name.split("::"))


def parse_file(text: bytes, target: str, file: str, namespaces: frozenset[str] = frozenset()) -> SourceFile:
    """Parse one C++ file.

    ``namespaces``: names known to be namespaces, so that ``X::f`` is not taken for a method of a class X.
    The result's ``includes`` lists the headers; ``.inc`` and ``.def`` files stay in ``prologue``, beside the macros they depend on.
    Raises InputError with file:line:column where the text is not UTF-8.
    """
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        before = text[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise InputError(
            f"not UTF-8: byte 0x{text[error.start]:02x}", f"{file}:{line}:{column}", "save the file as UTF-8"
        ) from None
    known = namespaces | _NAMESPACES | namespaces_in(text.decode("latin-1"))
    walk = _Walk(target, file, Text(text), known)
    root = _syntax(text, walk.text)
    walk.scope(root.children, _Scope())
    if root.has_error:
        walk.errors(root)
    return SourceFile(
        target,
        file,
        tuple(walk.functions),
        tuple(walk.classes),
        tuple(walk.enums),
        tuple(walk.includes),
        tuple(walk.prologue),
        tuple(walk.unreadable),
        tuple(walk.epilogue),
        tuple(walk.prototypes),
    )


def _syntax(data: bytes, text: Text) -> Node:
    """Return the syntax tree of ``data``; of the blanked text where the original has parse errors."""
    root = parse(without_attributes(data))
    return parse(mask(data, text.starts, text.tokens)) if root.has_error else root


def parse_function(text: str, class_name: str = "") -> Function:
    """Parse the one function defined in ``text``. ``class_name``: the class in whose body it stands, "" if none.

    Raises InputError with line:column where ``text`` is not exactly one definition.
    """
    if class_name:
        outer = class_name.split("::")
        opening = "".join(f"struct {part} {{ " for part in outer)
        made = parse_file(f"{opening}{text}\n{'};' * len(outer)}".encode(), "", "")
    else:
        made = parse_file(text.encode(), "", "")
    if len(made.functions) != 1:
        where = f"{made.unreadable[0].line}:{made.unreadable[0].column}" if made.unreadable else "1:1"
        raise InputError(f"expected one function definition, found {len(made.functions)}", where, "give one whole definition")
    return made.functions[0]


def parse_statements(text: str) -> tuple[Statement, ...]:
    """Parse statements as if ``text`` stood between a function's braces; lines count from 1."""
    return _statements_of(text)[0]


def parse_statement_text(text: str) -> Statement:
    """Parse the one statement that a reviewer wrote.

    Raises InputError with line:column where ``text`` is not exactly one statement, or tree-sitter reports an error in it.
    """
    statements, unreadable = _statements_of(text)
    if unreadable:
        first = unreadable[0]
        raise InputError(f"not a C++ statement: {first.text.strip()[:60]!r}", f"{first.line}:{first.column}", "correct the text")
    if len(statements) != 1:
        where = f"{statements[1].line}:1" if statements else "1:1"
        raise InputError(f"expected one statement, found {len(statements)}", where, "give one statement; use { } to give several")
    return statements[0]


def _statements_of(text: str) -> tuple[tuple[Statement, ...], tuple[Unreadable, ...]]:
    head = "void f() {"
    data = f"{head}{text}\n}}".encode()
    walk = _Walk("", "", Text(data), frozenset())
    root = _syntax(data, walk.text)
    if root.has_error:
        walk.errors(root)
    unreadable = tuple(
        Unreadable("", "", item.line, item.column - (len(head) if item.line == 1 else 0), item.text) for item in walk.unreadable
    )
    body = root.children[0].child_by_field_name("body") if root.children else None
    whole = body is not None and body.end_byte == len(data)
    nodes = body.children if body is not None and whole else ()
    last = len(walk.text.tokens) - 1
    first = walk.text.index(len(head))
    return walk.builder.between(nodes, first, last), unreadable
