"""Writes what was found about a target as a facts file, and reads such a file, in which a person corrects it.

The file is TOML. A table holds a group of facts, and a key's further parts are dotted: ``load.8.zext`` in ``[instruction]``. Behind each
line stand the evidence, the confidence and the alternatives, as a comment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from vega_gen import resources
from vega_gen.errors import InputError
from vega_gen.facts.choosing import CERTAIN
from vega_gen.facts.keys import FactKind, key_of
from vega_gen.records import Description, Fact, GivenFact

_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_LINE = re.compile(r"\s*([\w\"'.-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")
_MARK = re.compile(r"# vega-gen facts ([0-9a-f]{16}): ")
_HEAD = """\
What the records of {target} are for, as far as vega-gen finds out. Behind each value stand what says it and how sure that is.
Correct what is wrong and give the file with --facts: each of its lines then counts as checked by you, so delete the others.
An instruction has the role of each of its operands, in their order, behind it; "" says that there is none. See docs/facts.md."""


def facts_text(records: Mapping[str, Fact], target: str) -> str:
    """Returns the facts file of a target, the doubtful facts of each group first. What was not found stands in comments."""
    groups: dict[str, list[Fact]] = {}
    for fact in records.values():
        group, _, rest = fact.key.partition(".")
        groups.setdefault(group if rest else "", []).append(fact)
    body = "".join(_group(group, facts) for group, facts in sorted(groups.items(), key=lambda pair: (bool(pair[0]), pair[0])))
    head = "".join(f"# {line}\n" for line in _HEAD.format(target=target).splitlines())
    return f"# vega-gen facts {_digest(head + body)}: {target}\n{head}{body}"


def is_untouched(text: str) -> bool:
    """Whether a facts file is as ``facts_text`` wrote it."""
    found = _MARK.match(text)
    return bool(found) and found[1] == _digest(text.partition("\n")[2])


def by_doubt(facts: Iterable[Fact]) -> list[Fact]:
    """Returns facts in the order in which a person should look at them: doubtful ones first, then those not found, then certain ones."""
    return sorted(facts, key=lambda f: (1 if not f.value else 0 if f.confidence < CERTAIN else 2, f.confidence if f.value else 1, f.key))


def read_facts(path: Path) -> dict[str, GivenFact]:
    """Reads a facts file: key -> its line. Raises InputError, with the place, for what is not TOML and for a value of a wrong type."""
    given = resources.read_toml(path)
    places = dict(_places(path.read_text(encoding="utf-8")))
    found: dict[str, GivenFact] = {}
    for key, value in _flat(given):
        line = f"{path}:{places[key]}" if key in places else str(path)
        if isinstance(value, list) and all(isinstance(one, str) for one in cast("list[Any]", value)):
            text = " ".join(cast("list[str]", value))
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            text = str(value)
        else:
            raise InputError(f"{key} has a value that no fact has: {value!r}", line, 'write "text", a number, or a list of ["texts"]')
        found[key] = GivenFact(key, text, line)
    return found


def with_given(d: Description, path: Path | None) -> Description:
    """Returns the description with what a facts file says, if there is one. Raises what ``read_facts`` does; ``find_facts`` checks it."""
    return replace(d, given=read_facts(path)) if path else d


def lines_of(text: str) -> dict[str, int]:
    """Returns the key of each fact that a file gives -> its line, from 1."""
    return {key: int(place.partition(":")[0]) for key, place in _places(text)}


def _group(name: str, facts: Iterable[Fact]) -> str:
    lines = [f"\n[{name}]"] if name else []
    listed = by_doubt(facts)
    for fact in listed:
        rest = fact.key.removeprefix(f"{name}.") if name else fact.key
        whole = any(other.key.startswith(f"{fact.key}.") for other in listed)  # a key cannot be both a value and a table of TOML
        quote = '"' if whole else ""
        written = f"{quote}{rest}{quote} = {_value(fact.key, fact.value)}"
        if not fact.value:
            lines.append(f"# {written}  # {fact.reason}")
        else:
            lines.append(f"{written}  # {fact.evidence}, {fact.confidence:.2f}: {_plain(fact.reason)}")
        lines += [f"#   or {_value(fact.key, a.value)}  # {a.evidence}, {a.confidence:.2f}: {_plain(a.reason)}" for a in fact.alternatives]
    return "\n".join(lines) + "\n"


def _value(key: str, value: str) -> str:
    known = key_of(key)
    kind = known.kind if known else FactKind.WORD
    if kind is FactKind.NUMBER and value:
        return value
    if kind is FactKind.REGISTERS:
        return "[" + ", ".join(f'"{name}"' for name in value.split()) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _places(text: str) -> Iterator[tuple[str, str]]:
    """Yields (key, "line:column") of each line that gives a value."""
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _TABLE.match(line):
            table = f"{found[1]}."
        elif found := _LINE.match(line):
            yield table + re.sub(r"[\s\"']", "", found[1]), f"{number}:{found.start(1) + 1}"
