"""What stage 2 makes of C++: statements, functions, classes, enumerations, files.

Enters: nothing. Leaves: types. It does not parse.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StatementKind(StrEnum):
    """Shape of a statement; ``head`` holds its tokens up to a body."""

    SIMPLE = "simple"          # expression, declaration, return, break, goto, ...: ends in ";"
    IF = "if"
    ELSE = "else"              # also "else if (...)"; always follows IF or ELSE as a sibling
    FOR = "for"
    WHILE = "while"
    DO = "do"                  # tail: "while (...) ;"
    SWITCH = "switch"
    CASE = "case"              # "case X :" or "default :"; its statements are its children
    LABEL = "label"
    BLOCK = "block"            # a bare compound statement; head is empty
    PREPROCESSOR = "preprocessor"  # one directive line, one token
    DEFINITION = "definition"  # local class, enum, lambda-free nested definition, kept whole in head
    OPAQUE = "opaque"          # tree-sitter could not read it; tokens kept
    INITIALISER = "initialiser"  # an entry of a constructor's initialiser list (in templates only)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its nested statements.

    The tokens of a statement are ``head``, then "{" if braced, then those of ``children``,
    then "}" if braced, then ``tail``.  Comments are no tokens.  ``line`` is 1-based in the file.
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
    """A parameter: ``type`` tokens, its name ("" if unnamed), tokens after the name
    (array bounds, the rest of a function pointer) and the default argument's tokens."""

    type: tuple[str, ...]
    name: str = ""
    suffix: tuple[str, ...] = ()
    default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands before a function's body.

    ``prefix``: template header, attributes, ``static``, ``inline``, ``virtual``, ``explicit``...
    ``result``: tokens of the return type ((), for constructors, destructors and conversions).
    ``class_name``: the class as written or enclosing, nested with "::"; "" for a free function.
    ``qualifiers``: what follows ")": const, override, final, noexcept, trailing return type.
    ``initialisers``: constructor initialisers, one entry each, without the separating commas.
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

    ``file`` is relative to the target's folder, with "/".  ``start`` and ``end`` are byte offsets of the
    whole definition (template header and attributes included) in that file; ``body_start`` and ``body_end``
    those of the body, braces included.  ``namespaces`` are the enclosing ones, "" for an anonymous one.
    ``in_class``: defined inside its class.  ``complete``: False where tree-sitter read it only in part.
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
    """What a member of a class is."""

    METHOD = "method"
    FIELD = "field"
    OTHER = "other"            # using, enum, nested class, friend, static_assert, macro, #include line


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a class. ``access``: public, protected or private.
    METHOD: ``signature`` is set (a body, if there was one, is not here), ``virtual``/``override``/``static``
    are in the signature; ``pure``: "= 0"; ``has_body``: defined in the class; ``deleted``: "= delete" or "= default".
    FIELD and OTHER: ``tokens`` is the whole text, ";" included; FIELD: ``name``.
    ``comment``: the comment lines before it; parsing leaves it empty, so that no backend's comments get into another."""

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
    """A class or struct definition; ``bases`` are names without access or template arguments.
    ``file`` is relative to the target's folder (or to ``llvm/include`` for LLVM's own)."""

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
    """An enumeration: its name ("" if anonymous), enclosing scope ("LanaiISD"), and enumerators in order.
    ``values``: the text after "=" of each enumerator, "" where there is none."""

    target: str
    file: str
    line: int
    scope: tuple[str, ...]
    name: str
    enumerators: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch that tree-sitter could not read: reported, not lost. Lines are 1-based."""

    target: str
    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What stage 2 makes of one C++ file.

    ``preamble``: the include directives in order, each as written ('"Lanai.h"' or '<vector>').
    ``prologue``: other text at file scope before the first function, a string each, as written:
    #define DEBUG_TYPE, using namespace, #define GET_..., STATISTIC, cl::opt.  ``epilogue``: the same after the first function.
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
