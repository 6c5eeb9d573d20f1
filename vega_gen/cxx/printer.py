"""Print tokens, statements and signatures as C++ text that reads back to the same tokens.

Line breaks inside a statement are left to clang-format.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from llvm_integration.failure import ToolFailure
from llvm_integration.process import run
from vega_gen.cxx.lexer import tokenize
from vega_gen.records import Function, Param, Signature, Statement, StatementKind, WrittenStatement

_WORD = re.compile(r"[\w\"'$]|[^\x00-\x7f]")
_KEYWORDS = frozenset(
    [
        "if",
        "for",
        "while",
        "switch",
        "return",
        "case",
        "catch",
        "do",
        "else",
        "throw",
        "new",
        "delete",
        "sizeof",
        "co_return",
        "co_await",
    ]
)
_BINARY = frozenset(
    [
        "=",
        "==",
        "!=",
        "<=",
        ">=",
        "+=",
        "-=",
        "*=",
        "/=",
        "%=",
        "&=",
        "|=",
        "^=",
        "<<=",
        ">>=",
        "&&",
        "||",
        "?",
        "<<",
        "/",
        "%",
        "|",
        "^",
    ]
)
_UNARY = frozenset(["!", "~", "++", "--", "*", "&", "-", "+", "&&"])
_BEFORE_PARENTHESIS = frozenset([",", ":", "<", ">", "-", "+", "*", "&", "}"])
_VALUE_END = frozenset([")", "]", "}"])
_NO_SPACE_BEFORE = frozenset([",", ";", ")", "]", "::", ".", "->", "..."])
_NO_SPACE_AFTER = frozenset(["(", "[", "::", ".", "->", "!", "~"])
_TIGHT = re.compile(r"[-+*/%&|^=!<>:.#]")
_TYPE_WORDS = frozenset(["const", "auto", "int", "unsigned", "bool", "char", "void", "short", "long", "float", "double", "signed"])
_FORMAT_SECONDS = 60.0
_STYLE = "--style={BasedOnStyle: LLVM, BreakStringLiterals: false}"  # breaking a literal would make two tokens of one
_DROPPED = frozenset({"virtual", "static", "explicit"})


def tokens(item: Statement | Function | Sequence[Statement]) -> tuple[str, ...]:
    """Return the tokens of a statement, of statements, or of a function's body with its braces."""
    out: list[str] = []
    if isinstance(item, Function):
        tried = bool(item.body) and item.body[0].head[:1] == ("try",)
        _collect(item.body, out)
        return tuple(out) if tried else ("{", *out, "}")
    _collect((item,) if isinstance(item, Statement) else item, out)
    return tuple(out)


def _collect(statements: Sequence[Statement], out: list[str]) -> None:
    for statement in statements:
        out += statement.head
        if statement.braced:
            out.append("{")
        _collect(statement.children, out)
        if statement.braced:
            out.append("}")
        out += statement.tail


def _glues(before: str, after: str) -> bool:
    """Whether two tokens written without a space would lex differently."""
    return tokenize(before + after) != (before, after)


def join(items: Sequence[str]) -> str:
    """Join tokens with conventional spacing; each directive goes on a line of its own."""
    out: list[str] = []
    before: str = ""
    last: str = ""
    template = 0
    declared = False
    for index, token in enumerate(items):
        opens = token == "<" and _opens_arguments(items, index)
        if token[0] == "#" or last[:1] == "#":
            out.append("\n" if out else "")
        elif last and ((not declared and not opens and _space(before, last, token, template)) or _needs(last, token)):
            out.append(" ")
        out.append(token)
        declared = token in ("*", "&", "&&") and _declares(items, index)
        before = last
        last = token
        if opens:
            template += 1
            last = "<template"
        elif token in (">", ">>") and template:
            template -= min(len(token), template)
            last = ">template"
    return "".join(out)


def _declares(items: Sequence[str], index: int) -> bool:
    """Whether the "*" or "&" at ``index`` belongs to a declared variable: ``T &x = ...;``, ``for (const T &x : ...)``."""
    if index + 2 >= len(items) or not items[index + 1].isidentifier() or items[index + 2] not in ("=", ";", ":", ",", "{"):
        return False
    place, depth = index - 1, 0
    while place >= 0:
        token = items[place]
        depth += {">": 1, ">>": 2, "<": -1}.get(token, 0)
        if depth < 0 or token in ("return", "case") or not (depth or token in ("::", "<", ">", "*") or _WORD.match(token)):
            break
        place -= 1
    return place < index - 1 and (place < 0 or (items[place] == "(" and place > 0 and items[place - 1] in ("for", "if", "while")))


def _needs(last: str, token: str) -> bool:
    last = last[0] if last in ("<template", ">template") else last
    if _WORD.match(last[-1]) and _WORD.match(token):
        return True
    if last[0].isdigit() or last[0] == ".":
        return _glues(last, token)
    return bool(_TIGHT.match(last[-1]) and _TIGHT.match(token)) and _glues(last, token)


def _opens_arguments(items: Sequence[str], index: int) -> bool:
    """Whether the "<" at ``index`` opens template arguments: it closes before any token that cannot occur in a type."""
    if index == 0 or not (_WORD.match(items[index - 1][0])) or items[index - 1][0].isdigit():
        return False
    depth = nested = 0
    for token in items[index : index + 80]:
        if token in ("(", "["):
            nested += 1
        elif token in (")", "]"):
            nested -= 1
            if nested < 0:
                return False
        elif nested == 0:
            if token == "<":
                depth += 1
            elif token in (">", ">>"):
                depth -= len(token)
                if depth <= 0:
                    return True
            elif token in (";", "{", "}", "&&", "||", "==", "!=", "?", "<=", ">=", "=", "+="):
                return False
    return False


def _space(before: str, last: str, token: str, template: int) -> bool:
    """Whether conventional spacing puts a space between ``last`` and ``token``. ``before``: the token before ``last``."""
    if token in _NO_SPACE_BEFORE and not (token == "::" and _WORD.match(last[-1]) and last in _KEYWORDS):
        return False
    if last in _NO_SPACE_AFTER or last == "<template":
        return False
    if token == "(":
        if last in _UNARY and _unary(before):
            return False
        return last in _KEYWORDS - {"sizeof"} or last in _BINARY or last in _BEFORE_PARENTHESIS
    if token == "[":
        return last in _BINARY or last in (",", "return", ":")
    if last in _UNARY and last not in _BINARY and _unary(before) and last not in ("*", "&", "&&"):
        return False
    if last in ("*", "&", "&&") and (_unary(before) or _type_like(before)):
        return last == "&&" and not _unary(before)
    if token in ("++", "--") and (_WORD.match(last[-1]) or last in _VALUE_END):
        return last in _KEYWORDS
    if last in ("++", "--") and not _unary(before):
        return token not in (")", ";")
    if token in ("<", ">") and template == 0:
        return not (token == "<" and last in ("template", "operator")) or last == "template"
    if token in (">", ">>"):
        return template == 0
    if token == "{":
        return last not in ("(", "{") and not (last in (">template", "]") or (last.isidentifier() and last not in _KEYWORDS))
    if token == "}":
        return last not in ("{",)
    if last == "{":
        return True
    if token == ":":
        return last not in ("default", "public", "private", "protected")
    return last != "operator" or _WORD.match(token) is not None


def _unary(before: str) -> bool:
    """Whether an operator after ``before`` has no left operand."""
    return not before or before in _KEYWORDS or (before not in _VALUE_END and before != ">template" and not _WORD.match(before[-1]))


def _type_like(before: str) -> bool:
    return before in _TYPE_WORDS or before == ">template"


def render(item: Sequence[str] | Statement | Sequence[Statement], indent: int = 0) -> str:
    """Print tokens on one line, or statements one per line, each line ended. ``indent``: levels of two spaces."""
    if isinstance(item, Statement):
        item = (item,)
    if not item:
        return ""
    if isinstance(item[0], str):
        return join([token for token in item if isinstance(token, str)])
    lines: list[str] = []
    _lines([s for s in item if isinstance(s, Statement)], indent, lines)
    return "\n".join(lines) + "\n"


def _lines(statements: Sequence[Statement], indent: int, lines: list[str]) -> None:
    for statement in statements:
        if isinstance(statement, WrittenStatement):
            lines.append(statement.text)
            _lines(statement.children, indent + 1, lines)
            lines += [statement.end] if statement.end else []
            continue
        pad = "  " * indent
        head = join(statement.head)
        if statement.kind is StatementKind.PREPROCESSOR:
            lines.append(head)
            continue
        if statement.kind is StatementKind.ELSE and lines and lines[-1] == pad + "}":
            head = f"{lines.pop().strip()} {head}"
        if statement.kind is StatementKind.CASE or statement.kind is StatementKind.LABEL:
            pad = "  " * max(indent - 1, 0)
            lines.append(_indented(pad, f"{join(statement.head[:-1])}:"))
            _lines(statement.children, indent, lines)
            continue
        if statement.braced:
            head = f"{head} {{" if head else "{"
        lines.append(_indented(pad, head))
        _lines(statement.children, indent + 1, lines)
        tail = join(statement.tail)
        if statement.braced:
            lines.append(_indented(pad, f"}} {tail}" if tail and tail[0] != "#" else "}"))
            if tail.startswith("#"):
                lines.append(tail)
        elif tail:
            lines.append(_indented(pad, tail))


def _indented(pad: str, text: str) -> str:
    return "\n".join(line if line.startswith("#") else pad + line for line in text.split("\n"))


def render_parameter(param: Param, *, default: bool) -> str:
    """Print a parameter, with its default argument if ``default``."""
    text = join(param.type)
    if param.name:
        text += param.name if text[-1:] in ("*", "&") else f" {param.name}"
    text += join(param.suffix)
    return f"{text} = {join(param.default)}" if default and param.default else text


def render_signature(signature: Signature, *, in_class: bool, defaults: bool = False) -> str:
    """Print a function's head, without body and initialisers.

    ``in_class``: as a declaration in its class. Otherwise as a definition outside it: qualified with ``Class::``, and without
    virtual, override, final, explicit, default arguments and, for methods, static ([class.mem]).
    ``defaults``: print default arguments outside the class too, where the declaration does not have them.
    """
    prefix, qualifiers, name = list(signature.prefix), list(signature.qualifiers), signature.name
    if not in_class:
        if signature.class_name:
            prefix = [word for word in prefix if word not in _DROPPED]
            name = f"{signature.class_name}::{name}"
        qualifiers = [word for word in qualifiers if word not in ("override", "final")]
    params = ", ".join(render_parameter(p, default=defaults or in_class or not signature.class_name) for p in signature.params)
    before = join([*prefix, *signature.result])
    if (before and before[-1] not in "*&") or (before and not signature.result):
        before += " "
    after = join(qualifiers)
    return f"{before}{name}({params}){' ' + after if after else ''}"


def _initialisers(entries: Sequence[tuple[str, ...]]) -> str:
    """Print a constructor's initialiser list. The comma goes before a directive, but after ``#if``."""
    text, comma = "\n    : ", False
    for entry in entries:
        directive = entry[0][0] == "#"
        if comma and not (directive and entry[0].startswith("#if")):
            text += ", "
            comma = False
        text += f"\n{entry[0]}\n" if directive else join(entry)
        comma = comma or not directive
    return text


def render_function(
    item: Function | Signature, statements: Sequence[Statement] | None = None, *, in_class: bool = False, defaults: bool = False,
    end: str = "",
) -> str:
    """Print a definition. ``statements``: its body, None for the function's own. ``in_class``, ``defaults``: see ``render_signature``.

    ``end``: the comment behind the last statement."""
    signature = item.signature if isinstance(item, Function) else item
    body = statements if statements is not None else item.body if isinstance(item, Function) else ()
    head = render_signature(signature, in_class=in_class, defaults=defaults)
    if signature.initialisers:
        head += _initialisers(signature.initialisers)
    if body and body[0].head[:1] == ("try",):
        return f"{head}\n{render(body)}"
    return f"{head} {{\n{render(body, 1)}{end}{end and chr(10)}}}\n"


@cache
def _clang_format() -> str | None:
    """The program of the package clang-format that vega-gen depends on, wherever that is installed; else the one on PATH, if any."""
    package = find_spec("clang_format")
    program = Path(package.origin).parent / "data/bin/clang-format" if package and package.origin else None
    return str(program) if program and program.is_file() else shutil.which("clang-format")


@lru_cache(maxsize=1024)
def format(text: str) -> str:
    """Format ``text`` in LLVM's style with clang-format; unchanged if clang-format is missing or fails."""
    program = _clang_format()
    if program is None:
        return text
    try:
        done = run([program, _STYLE, "--assume-filename=a.cpp"], stdin=text, timeout=_FORMAT_SECONDS)
    except ToolFailure:
        return text
    return done.stdout if done.ok and done.stdout else text
