"""Read the records that ``llvm-tblgen -print-records`` prints: typed access to fields, and parsed dags. Fields are not interpreted."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADER = re.compile(r"(\S+) \{(?:\t// (.*))?")
_FIELD_START = re.compile(r"  (?:field )?[\w<>.]+")
_TRUE_BIT = re.compile(r"\n  bit (\w+) = 1;")
# Either a group: "(", ")", ",", an argument's name; or a word: code, a string, a list, or plain.
_DAG_TOKEN = re.compile(
    r'\s*(?:(\()|(\))|(,)|(:\$?[\w.]*)|\[\{.*?\}\]|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s(),:]+(?:::[^\s(),:]+)*)', re.S
)


@dataclass(frozen=True, slots=True)
class Dag:
    """A dag value: its operator, and its arguments as (value, name) pairs; the name is "" for an argument without one."""

    op: str
    args: tuple[tuple[Dag | str, str], ...]

    def operators(self) -> Iterator[str]:
        """Yield the names of all operators, outermost first."""
        yield self.op
        for arg, _ in self.args:
            if isinstance(arg, Dag):
                yield from arg.operators()

    def leaves(self) -> Iterator[tuple[str, str]]:
        """Yield the (value, name) pairs of all arguments that are not dags, in order."""
        for arg, name in self.args:
            if isinstance(arg, Dag):
                yield from arg.leaves()
            else:
                yield arg, name


class Raw:
    """One record: ``name``, ``classes`` (superclasses, nearest last), and its fields, parsed on access."""

    __slots__ = ("classes", "name", "text")

    def __init__(self, name: str, classes: tuple[str, ...], text: str) -> None:
        self.name = name
        self.classes = classes
        self.text = text

    def field(self, name: str) -> str | None:
        """Return the printed value of a field; None where it is absent or unset ("?")."""
        text, needle, start = self.text, f" {name} = ", 0
        while (at := text.find(needle, start)) >= 0:
            line = text.rfind("\n", 0, at) + 1
            start = at + len(needle)
            if _FIELD_START.fullmatch(text, line, at):
                closer = {'"': '";\n', "[": "];\n"}.get(text[start], ";\n")
                if text.startswith("[{", start):
                    closer = "}];\n"
                end = text.find(closer, start)
                value = text[start : end + len(closer) - 2]
                return None if value == "?" else value
        return None

    def string(self, name: str) -> str:
        """Return a string or code field without its quotes, or the name of a record field; "" where unset."""
        value = self.field(name) or ""
        if value.startswith("[{"):
            return value[2:-2]
        return value[1:-1] if value.startswith('"') else value

    def number(self, name: str) -> int:
        """Return an int, bit or bits field as a number, most significant bit first; 0 where unset."""
        value = self.field(name) or "0"
        if value.startswith("{"):
            bits = value[1:-1].replace(" ", "").split(",")
            return int("".join(b if b in "01" else "0" for b in bits) or "0", 2)
        return int(value) if value.lstrip("-").isdigit() else 0

    def bits(self, name: str) -> tuple[str, ...]:
        """Return the elements of a bits field, most significant first."""
        value = self.field(name)
        return tuple(value[1:-1].replace(" ", "").split(",")) if value and value.startswith("{") else ()

    def items(self, name: str) -> tuple[str, ...]:
        """Return the elements of a list of records, numbers or strings, without quotes."""
        value = self.field(name) or "[]"
        inner = value[1:-1]
        if '"' in inner:
            return tuple(re.findall(r'"([^"]*)"', inner))
        return tuple(inner.split(", ")) if inner else ()

    def dag(self, name: str) -> Dag | None:
        """Return a dag field; None where unset."""
        value = self.field(name)
        return parse_dag(value) if value else None

    def dags(self, name: str) -> tuple[Dag, ...]:
        """Return the elements of a list of dags."""
        value = self.field(name) or "[]"
        return parse_dags(value[1:-1])

    def true_bits(self) -> frozenset[str]:
        """Return the names of the bit fields that are 1."""
        return frozenset(_TRUE_BIT.findall(self.text))


def parse_dag(text: str) -> Dag:
    """Parse one dag. Raises ValueError where ``text`` holds none."""
    found = parse_dags(text)
    if not found:
        raise ValueError(f"no dag in {text!r}")
    return found[0]


def parse_dags(text: str) -> tuple[Dag, ...]:
    """Parse dags printed one after the other with commas between."""
    frames: list[list[tuple[Dag | str, str]]] = [[]]
    at = 0
    while at < len(text) and (token := _DAG_TOKEN.match(text, at)):
        at = token.end()
        opens, closes, comma, named = token.groups()
        frame = frames[-1]
        if opens:
            frames.append([])
        elif closes and len(frames) > 1:
            done = frames.pop()
            frames[-1].append((_make(done), ""))
        elif named and frame:
            frame[-1] = (frame[-1][0], named.lstrip(":$"))
        elif named:
            frame.append(("", named.lstrip(":$")))
        elif not comma and not closes:
            word = token.group().strip()
            if word.startswith("$"):
                frame.append(("", word[1:]))
            else:
                frame.append((word, ""))
    return tuple(value for value, _ in frames[0] if isinstance(value, Dag))


def top_level(text: str) -> list[str]:
    """Returns the top-level dags of a printed list, each as printed."""
    found: list[str] = []
    depth, start = 0, 0
    for at, c in enumerate(text):
        if c == "(":
            if not depth:
                start = at
            depth += 1
        elif c == ")":
            depth -= 1
            if not depth:
                found.append(text[start : at + 1])
    return found


def _make(parts: list[tuple[Dag | str, str]]) -> Dag:
    if not parts:
        return Dag("", ())
    head = parts[0][0]
    return Dag(head.op if isinstance(head, Dag) else head, tuple(parts[1:]))


def read_records(path: Path, wanted: frozenset[str]) -> dict[str, Raw]:
    """Read the records in ``path`` that have a class in ``wanted``, by name, in printed (alphabetical) order."""
    found: dict[str, Raw] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(b"\ndef ", max(data.find(b"------------- Defs"), 0))
        while at >= 0:
            following = data.find(b"\ndef ", at + 1)
            line_end = data.find(b"\n", at + 1)
            head = _HEADER.match(data[at + 5 : line_end].decode("utf-8", "replace"))
            if head:
                classes = tuple((head.group(2) or "").split())
                if not wanted.isdisjoint(classes):
                    end = following if following >= 0 else len(data)
                    found[head.group(1)] = Raw(head.group(1), classes, data[line_end : end + 1].decode("utf-8", "replace"))
            at = following
    return found
