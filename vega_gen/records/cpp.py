"""Records of parsed C++: statements, functions, classes, enumerations, files (stage 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StatementKind(StrEnum):
    """Shape of a statement. ``head`` holds its tokens up to a body."""

    SIMPLE = "simple"  # expression, declaration, return, break, goto, ...; ends in ";"
    IF = "if"
    ELSE = "else"              # also "else if (...)"; always follows IF or ELSE as a sibling
    FOR = "for"
    WHILE = "while"
    DO = "do"                  # tail: "while (...) ;"
    SWITCH = "switch"
    CASE = "case"  # "case X :" or "default :"; its statements are its children
    LABEL = "label"
    BLOCK = "block"  # a compound statement on its own; head is empty
    PREPROCESSOR = "preprocessor"  # one directive line, one token
    DEFINITION = "definition"  # a local class or enum, kept whole in head
    OPAQUE = "opaque"  # not parsed by tree-sitter; its tokens are kept
    INITIALISER = "initialiser"  # an entry of a constructor's initialiser list (only in templates)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its nested statements.

    Its tokens are ``head``, "{" if braced, those of ``children``, "}" if braced, then ``tail``; comments are dropped.
    ``line``: in the file, from 1.
    """

    kind: StatementKind
    head: tuple[str, ...]
    children: tuple[Statement, ...] = ()
    braced: bool = False
    tail: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class WrittenStatement(Statement):
    """A statement as it is written: ``text`` is its head with the comments before and beside it, "{" included, ``end`` its "}" and tail.

    It is printed from these, not from its tokens."""

    text: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter. ``name`` is "" if it has none; ``suffix``: the tokens after the name (array bounds, the rest of a function pointer).

    ``type`` and ``default`` are the tokens of the type and of the default argument.
    """

    type: tuple[str, ...]
    name: str = ""
    suffix: tuple[str, ...] = ()
    default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The head of a function.

    ``class_name``: the class as written or enclosing, nested with "::"; "" for a free function.
    ``prefix``: template header, attributes, ``static``, ``inline``, ``virtual``, ``explicit``...
    ``result``: tokens of the return type; () for constructors, destructors and conversions.
    ``qualifiers``: what follows ")": const, override, final, noexcept, trailing return type.
    ``initialisers``: the entries of a constructor's initialiser list, without the commas.
    """

    name: str
    class_name: str = ""
    prefix: tuple[str, ...] = ()
    result: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    qualifiers: tuple[str, ...] = ()
    initialisers: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A C++ function definition with a body in ``lib/Target/<target>``.

    ``file``: relative to the target's folder, with "/". ``start``, ``end``: byte offsets of the whole definition, template header and
    attributes included; ``body_start``, ``body_end``: those of the body, braces included. ``namespaces``: the enclosing ones, "" for an
    anonymous one. ``in_class``: whether it is defined inside its class. ``complete``: False where tree-sitter parsed only part of it.
    """

    target: str
    file: str
    line: int
    end_line: int
    start: int
    end: int
    body_start: int
    body_end: int
    namespaces: tuple[str, ...]
    signature: Signature
    body: tuple[Statement, ...]
    in_class: bool = False
    complete: bool = True

    @property
    def qualified_name(self) -> str:
        """``Class::name`` or ``name``."""
        s = self.signature
        return f"{s.class_name}::{s.name}" if s.class_name else s.name


class MemberKind(StrEnum):
    """The kind of a class member."""

    METHOD = "method"
    FIELD = "field"
    OTHER = "other"  # using, enum, nested class, friend, static_assert, macro, #include line


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a class. ``access``: public, protected or private.

    METHOD: ``signature`` is set and includes ``virtual``, ``override`` and ``static``, not the body. ``pure``: "= 0".
    ``has_body``: it is defined in the class. ``deleted``: "= delete" or "= default".
    FIELD and OTHER: ``tokens`` is the whole text with ";". ``name`` is the field's name, or that of a nested type.
    ``comment``: the comment lines before it; parsing leaves it empty, so that no backend's comments get into another.
    """

    kind: MemberKind
    access: str
    line: int
    signature: Signature | None = None
    tokens: tuple[str, ...] = ()
    name: str = ""
    pure: bool = False
    has_body: bool = False
    deleted: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Class:
    """A class or struct definition.

    ``file``: relative to the target's folder, or to ``llvm/include`` for LLVM's own classes. ``bases``: names without access and template
    arguments.
    """

    target: str
    file: str
    line: int
    name: str                  # nested: "Outer::Inner"
    bases: tuple[str, ...]
    members: tuple[Member, ...]
    namespaces: tuple[str, ...] = ()
    struct: bool = False


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration.

    ``scope``: the enclosing namespaces and classes ("LanaiISD"). ``name``: "" if anonymous. ``values``: the text after each
    enumerator's "=", "" where there is none. ``scoped``: whether its enumerators are named with its own name ("enum class").
    """

    target: str
    file: str
    line: int
    scope: tuple[str, ...]
    name: str
    enumerators: tuple[str, ...]
    values: tuple[str, ...] = ()
    scoped: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch of a file that tree-sitter could not parse. Line and column count from 1."""

    target: str
    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The contents of one C++ file.

    ``includes``: the headers it includes, in order, as written ('"Lanai.h"' or '<vector>').
    ``prologue``: other text at file scope before the first function, a string per item, as written: #define DEBUG_TYPE, using
    namespace, #define GET_..., STATISTIC, cl::opt. ``epilogue``: the same after the first function.
    ``prototypes``: free functions that it declares and does not define.
    """

    target: str
    file: str
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    enums: tuple[Enum, ...]
    includes: tuple[str, ...]
    prologue: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    epilogue: tuple[str, ...] = ()
    prototypes: tuple[Signature, ...] = ()
