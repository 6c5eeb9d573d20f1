"""Parse C++ text into functions, classes, statements and tokens, and print them back.

The only package that uses tree-sitter (through ``syntax``). It works on text in memory, except for ``interface``, which reads headers.
"""

from __future__ import annotations

from vega_gen.cxx.declared import declared_names
from vega_gen.cxx.lexer import scan, tokenize
from vega_gen.cxx.overloads import overload, overloads, parameter_types, same_overload
from vega_gen.cxx.parse import namespaces_in, parse_file, parse_function, parse_statement_text, parse_statements
from vega_gen.cxx.printer import format, join, render, render_function, render_parameter, render_signature, tokens
from vega_gen.cxx.strip import strip_bodies
from vega_gen.cxx.verbatim import comment_above, paragraphs, pieces

__all__ = [
    "comment_above",
    "declared_names",
    "format",
    "join",
    "namespaces_in",
    "overload",
    "overloads",
    "paragraphs",
    "parameter_types",
    "parse_file",
    "parse_function",
    "parse_statement_text",
    "parse_statements",
    "pieces",
    "render",
    "render_function",
    "render_parameter",
    "render_signature",
    "same_overload",
    "scan",
    "strip_bodies",
    "tokenize",
    "tokens",
]
