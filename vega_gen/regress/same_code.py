"""Compare the code of functions in two compilations of a file (assembly texts, ELF, GNU syntax, with a mark in each function).

Code is the same if the same symbols hold the function, with the same instructions and references, and the same constants, tables and local
functions behind these. Local names that the compiler numbers in the order of the file make no difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

_MARK = re.compile(r"^# vega (\d+)\s*$")
_LABEL = re.compile(r'^("[^"]+"|[\w.$]+):')
_INNER = re.compile(r"\.L(?:BB|func_begin|func_end|tmp|ttbase|ttbaseref|cst_begin|cst_end)\d")
_GLOBAL = re.compile(r'^\s+\.(?:globl|weak)\s+("[^"]+"|[\w.$]+)')
_SYMBOL = re.compile(r'"[^"]+"|[\w.$]*[A-Za-z_][\w.$]*')
_SECTION = re.compile(r"^\s+\.(?:section|text|data|bss)\b")
# Directives that do not change the code.
_SILENT = re.compile(r"^\s+\.(?:hidden|protected|local|type|size|file|ident|addrsig\w*|p2align|comm)\b")
_COMMENT = re.compile(r"\s+#.*$")


@dataclass(slots=True)
class _Assembly:
    """``lines``: symbol -> its lines. ``visible``: symbols that other files see. ``marked``: function number -> symbols with its code."""

    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    visible: set[str] = field(default_factory=set[str])
    marked: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def same_code(official: str, generated: str) -> dict[int, bool]:
    """Function number -> whether its code is the same, for each function marked in either text."""
    a, b = _read(official), _read(generated)
    holders = {name for text in (a, b) for names in text.marked.values() for name in names}

    def code(text: _Assembly, number: int) -> list[str]:
        return list(_code(text, text.marked.get(number, []), holders))

    return {number: code(a, number) == code(b, number) for number in a.marked.keys() | b.marked.keys()}


def references(text: str) -> dict[int, frozenset[str]]:
    """Function number -> the symbols that its code uses and the text does not define."""
    read = _read(text)
    return {
        number: frozenset(word for name in names for line in read.lines[name] for word in _SYMBOL.findall(line) if word not in read.lines)
        for number, names in read.marked.items()
    }


def _read(text: str) -> _Assembly:
    found = _Assembly()
    current: list[str] = []
    name = ""
    for line in text.splitlines():
        label = _LABEL.match(line)
        if label and not _INNER.match(label[1]):
            name = label[1].strip('"')
            current = found.lines[name] = []
            continue
        mark = _MARK.match(line.strip())
        if mark:
            if name not in found.marked[int(mark[1])]:
                found.marked[int(mark[1])].append(name)
            continue
        seen = _GLOBAL.match(line)
        if seen:
            found.visible.add(seen[1].strip('"'))
        elif _SECTION.match(line):
            current = []  # lines before the section's first label belong to no symbol
        elif not _SILENT.match(line):
            line = _COMMENT.sub("", line).strip()
            if line and not line.startswith("#"):
                current.append(line)
    return found


def _code(text: _Assembly, names: list[str], holders: set[str]) -> Iterator[str]:
    """The lines of the symbols ``names`` and of all they refer to; local names are replaced by numbers in order of appearance."""
    met: dict[str, int] = {}
    pending = sorted(names)
    done: set[str] = set(pending)

    def shown(word: re.Match[str]) -> str:
        symbol = word[0].strip('"')
        local = symbol.startswith(".L") or (symbol in text.lines and symbol not in text.visible)
        if symbol in text.lines and symbol not in done and symbol not in holders:
            done.add(symbol)
            pending.append(symbol)
        if not local or symbol in holders:
            return symbol
        return f"<{met.setdefault(symbol, len(met))}>"

    at = 0
    while at < len(pending):
        symbol = pending[at]
        at += 1
        yield symbol if symbol in text.visible or symbol in holders else "<local>"
        for line in text.lines[symbol]:
            if line.startswith((".ascii", ".asciz", ".string")):
                yield line
            else:
                yield _SYMBOL.sub(shown, line)
