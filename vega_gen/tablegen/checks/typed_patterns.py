"""Read the selection patterns that ``llvm-tblgen -gen-dag-isel -instrument-coverage`` writes, with all types, in the order of matching.

The table's comments hold each pattern as "// Src: (add:{ *:[i32] } GPR:{ *:[i32] }:$a, ...) - Complexity = 3" and "// Dst: ...", and its
predicates before it at the nesting of its scopes; INCLUDE_PATH_TABLE holds the place of the record (DAGISelMatcherEmitter.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

_LINE = re.compile(
    r"^/\* *\d+\*/( *)(?:(/\*(?:Scope|SwitchOpcode|SwitchType)\*/)|OPC_CheckPatternPredicate[^/\n]*// (.*)|OPC_Coverage, \w+\((\d+)\))"
    r"|^ +// Src: (.*) - Complexity = (-?\d+)\n +// Dst: (.*)",
    re.M,
)
_PLACE = re.compile(r'^"([^"\n]+):(\d+)",?$', re.M)
_TOKEN = re.compile(r"\s*(?:(\()|(\))|(,)|(<<[PX]:[^>]*>>)|(:\{[^}]*\})|(:\$?[\w.:$\-]+)|([^\s(),:<]+(?:::[^\s(),:<]+)*|<[^<]))")


@dataclass(frozen=True, slots=True)
class PatternTree:
    """A node of a typed pattern.

    ``op``: an SDNode's record, or what a leaf is: a register class, an operand, a number. ``type``: as tblgen prints it: "i32", "m1:[i32]".
    ``predicates``: C++ that it must satisfy. ``name``: the operand's, without "$". ``args``: its operands; () for a leaf.
    """

    op: str
    type: str
    predicates: tuple[str, ...]
    name: str
    args: tuple[PatternTree, ...]
    leaf: bool

    def nodes(self) -> Iterator[PatternTree]:
        """Yield this node and all below it, outermost first."""
        yield self
        for arg in self.args:
            yield from arg.nodes()


@dataclass(frozen=True)
class TypedPattern:
    """A pattern as the selector tries it.

    ``source``, ``result``: as printed. ``predicates``: the C++ conditions that must hold. ``file``, ``line``: of its record.
    """

    source: str
    result: str
    predicates: frozenset[str]
    complexity: int
    file: str
    line: int

    @cached_property
    def tree(self) -> PatternTree:
        """The parsed ``source``."""
        return parse_tree(self.source)

    @property
    def instruction(self) -> str:
        """The outermost instruction of the result."""
        found = re.match(r"\(([^\s:()]+)", self.result)
        return found[1] if found else ""


def entries(table: Path) -> Iterator[TypedPattern]:
    """Yield the patterns of a selector's table, first tried first."""
    text = table.read_text(encoding="utf-8", errors="replace")
    at = text.find("INCLUDE_PATH_TABLE[]")
    places = [(m[1], int(m[2])) for m in _PLACE.finditer(text, max(at, 0))] if at >= 0 else []
    conditions: list[tuple[int, str]] = []
    index = 0
    for m in _LINE.finditer(text, 0, text.find("getPatternForIndex(unsigned Index)", max(text.find("MatcherTable[]"), 0))):
        indent = len(m[1] or "")
        if m[2]:  # another alternative begins: what was asked in the one before no longer holds
            while conditions and conditions[-1][0] > indent:
                conditions.pop()
        elif m[3] is not None:
            conditions.append((indent, m[3].strip()))
        elif m[4] is not None:
            index = int(m[4])
        else:
            file, line = places[index] if index < len(places) else ("", 0)
            asked = frozenset(part for _, text_ in conditions for part in conjuncts(text_))
            yield TypedPattern(m[5], m[7], asked, int(m[6]), file, line)


@lru_cache(maxsize=4096)
def conjuncts(condition: str) -> tuple[str, ...]:
    """Return the parts of a C++ condition that && joins at its outermost level, without their parentheses."""
    parts: list[str] = []
    depth = start = 0
    for at, c in enumerate(condition):
        depth += (c == "(") - (c == ")")
        if not depth and condition.startswith("&&", at):
            parts.append(condition[start:at])
            start = at + 2
    parts.append(condition[start:])
    if len(parts) == 1:
        inner = _unwrapped(condition.strip())
        return conjuncts(inner) if inner != condition.strip() else (inner,)
    return tuple(p for part in parts for p in conjuncts(part))


def _unwrapped(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth:
            return text[1:-1].strip() if at == len(text) - 1 else text
    return text


def parse_tree(text: str) -> PatternTree:
    """Parse a pattern as tblgen's TreePatternNode::print writes it. Raises ValueError for text that holds no pattern."""
    stack: list[list[PatternTree]] = [[]]
    heads: list[list[str]] = []  # of each open parenthesis: operator, type
    at = 0
    awaited = False
    while at < len(text) and (token := _TOKEN.match(text, at)):
        at = token.end()
        opens, closes, comma, predicate, type_, name, word = token.groups()
        if opens:
            heads.append(["", ""])
            stack.append([])
            awaited = True
        elif closes and heads:
            op, known = heads.pop()
            args = tuple(stack.pop())
            stack[-1].append(PatternTree(op, known, (), "", args, False))
        elif comma:
            continue
        elif awaited and word:
            heads[-1][0] = word
            awaited = False
        elif type_ and heads and not stack[-1] and not heads[-1][1]:
            heads[-1][1] = _type(type_)
        elif word:
            stack[-1].append(PatternTree(word, "", (), "", (), True))
        elif stack[-1]:
            last = stack[-1][-1]
            if predicate:
                last = PatternTree(last.op, last.type, (*last.predicates, predicate), last.name, last.args, last.leaf)
            elif type_:
                last = PatternTree(last.op, _type(type_), last.predicates, last.name, last.args, last.leaf)
            elif name:
                last = PatternTree(last.op, last.type, last.predicates, name.lstrip(":$"), last.args, last.leaf)
            stack[-1][-1] = last
    if not stack[0]:
        raise ValueError(f"no pattern in {text!r}")
    return stack[0][0]


@lru_cache(maxsize=4096)
def _type(printed: str) -> str:
    """Return "i32" for ":{ *:[i32] }"; for several modes, all of them as printed."""
    inner = printed[2:-1].strip()
    found = re.fullmatch(r"\*:\[(.*)\]", inner)
    return found[1] if found else inner
