"""Give findings their file and line, and join those that one line causes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from vega_gen.records import TdFinding


def placed(found: Iterable[TdFinding], places: Mapping[str, tuple[str, ...]], sources: Sequence[Path]) -> tuple[TdFinding, ...]:
    """Give each finding its place and those of the other records, and join those that one line causes.

    ``places``: as ``Survey.places`` returns them. A record's place is its def's, or, where a multiclass made it, that of the outermost
    defm, which names it best. Findings that have another place keep it.
    """
    known = _Known(places, sources)
    joined: dict[tuple[object, ...], list[TdFinding]] = defaultdict(list)
    for finding in found:
        spots = [known.of(record) for record in finding.records]
        if spots and spots[0] and (not finding.file or known.defines(finding)):
            finding = replace(finding, file=spots[0][0], line=spots[0][1], column=spots[0][2])
        others = zip(finding.records[1:], spots[1:], strict=True)
        finding = replace(finding, related=tuple(f"{name}: {spot[0]}:{spot[1]}:{spot[2]}" for name, spot in others if spot))
        joined[finding.kind, finding.severity, finding.file, finding.line, finding.advice].append(finding)
    return tuple(_join(group) for group in joined.values())


class _Known:
    """Where records are. llvm-tblgen prints a file's name without its folder: the first of ``sources`` with that name is meant."""

    def __init__(self, places: Mapping[str, tuple[str, ...]], sources: Sequence[Path]) -> None:
        self._places = places
        self._paths = {path.name: path for path in reversed(sources)}

    def defines(self, finding: TdFinding) -> bool:
        """Whether a finding's place is the def, or a defm, of its first record."""
        return f"{Path(finding.file).name}:{finding.line}" in self._places.get(finding.records[0], ())

    def of(self, record: str) -> tuple[str, int, int] | None:
        """Return a record's file, line and column, None where they are not known."""
        at = self._places.get(record, ())
        if not at:
            return None
        name, _, line = at[min(1, len(at) - 1)].rpartition(":")
        path = self._paths.get(Path(name).name)
        return (str(path), int(line), _column(path, int(line), record)) if path is not None else None


def _join(group: list[TdFinding]) -> TdFinding:
    if len(group) == 1 or not group[0].file:
        return group[0]
    records = tuple(dict.fromkeys(finding.records[0] for finding in group))
    return replace(group[0], records=records, shared=True) if len(records) > 1 else group[0]


def _column(path: Path, line: int, record: str) -> int:
    """Return the column of the name after def or defm, 1 where the line has none."""
    lines = _lines(path)
    text = lines[line - 1] if line <= len(lines) else ""
    found = re.search(rf"\b{re.escape(record)}\b", text) or re.search(r"(?<=\bdef )\s*\S|(?<=\bdefm )\s*\S", text)
    return found.start() + 1 if found else 1


@lru_cache(maxsize=64)
def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
