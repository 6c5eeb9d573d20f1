"""``try --watch``: try again whenever a file that was read has changed, and compare with the time before."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import sleep

from llvm_integration.failure import Failure
from llvm_integration.process import Progress
from vega_gen.pipeline.try_request import TryRequest, TryResult, reads
from vega_gen.pipeline.trying import try_out
from vega_gen.records import Ladder
from vega_gen.report import rungs

POLL_SECONDS = 0.3
DIFF_LINES = 40


@dataclass(frozen=True, slots=True)
class Retried:
    """One run under ``--watch``.

    ``changed``: the files that made it run again, none for the first. ``result``: None where it failed with ``failure``. ``difference``:
    of the program's assembly from the last run that made one, as a unified diff of at most ``DIFF_LINES`` lines.
    ``rungs``: a line for each rung of the ladder that has changed since it was last climbed.
    """

    changed: tuple[Path, ...]
    result: TryResult | None
    failure: Failure | None
    difference: tuple[str, ...]
    rungs: tuple[str, ...] = ()


def watch(request: TryRequest, progress: Progress) -> Iterator[Retried]:
    """Try, and try again after each change of a .td file that is read or of the program, without end.

    A run that fails does not end it. Files that change while they are read are read again."""
    changed: tuple[Path, ...] = ()
    last = ""
    climbed: Ladder | None = None
    files: Mapping[Path, tuple[int, int]] = {}
    while True:
        files = _times(_own(request, files.keys()))
        result, failure = None, None
        try:
            result = try_out(request, progress)
        except Failure as failed:
            failure = failed
        text = result.assembly.read_text(encoding="utf-8") if result and result.assembly else ""
        now = result.ladder if result else None
        fell = rungs.changes(climbed, now) if climbed and now else ()
        yield Retried(changed, result, failure, difference(last, text) if text and last else (), fell)
        last, climbed = text or last, now or climbed
        changed = _changed(files)


def _own(request: TryRequest, before: Iterable[Path]) -> list[Path]:
    """The files to watch: those that a run reads but for LLVM's own. Where the .td cannot be read just now, those of ``before`` too."""
    td = request.td.absolute()
    try:
        return sorted(reads(td, td.parent, request.program, request.facts))
    except Failure:
        return sorted({td, *before, *(path for path in (request.program, request.facts) if path)})


def difference(before: str, now: str) -> tuple[str, ...]:
    """Return a unified diff without its heading, cut after ``DIFF_LINES`` lines."""
    lines = islice(difflib.unified_diff(before.splitlines(), now.splitlines(), n=2, lineterm=""), 2, None)
    shown = list(islice(lines, DIFF_LINES + 1))
    return (*shown[:DIFF_LINES], "...") if len(shown) > DIFF_LINES else tuple(shown)


def _changed(files: Mapping[Path, tuple[int, int]]) -> tuple[Path, ...]:
    """Wait until files differ from how they were, and no longer change: an editor may write in several steps. Return those files."""
    before: Mapping[Path, tuple[int, int]] = files
    while True:
        now = _times(files.keys())
        found = tuple(path for path in files if now[path] != files[path])
        if found and now == before:
            return found
        before = now
        sleep(POLL_SECONDS)


def _times(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Modification time in nanoseconds and size of each file, zeros for one that is not there."""
    found: dict[Path, tuple[int, int]] = {}
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - called for dozens of paths three times a second
            found[path] = (status.st_mtime_ns, status.st_size)
        except OSError:
            found[path] = (0, 0)
    return found
