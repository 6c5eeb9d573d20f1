"""Writes to a plain tree (no git), so that every change can be put back.

Enters: a folder and edits. Leaves: the changed folder, with ``.vega-gen/<number>/`` that undoes it.
It does not decide what may be written (``llvm_integration.edits`` does).

A run is a folder of its own: ``journal.jsonl``, one line before each change, flushed to disk, and the files that were
replaced, moved there, so that putting back needs no space. A run whose journal has no "end" line did not end.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import psutil

from llvm_integration.edits import Edit, as_failure
from llvm_integration.failure import ToolFailure

FOLDER = ".vega-gen"
_JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class _Change:
    """``backup``: name in the run's folder, "" where no file was there. ``digest``: of what is written, "" for a deletion.
    ``made``: folders that the change needs made, outermost first."""

    path: str
    backup: str
    digest: str
    made: tuple[str, ...]


def process_mark() -> dict[str, Any]:
    """What tells this process from every other, for a record that it may leave behind."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def is_alive(mark: Mapping[str, Any]) -> bool:
    """Whether the process of ``process_mark`` still runs."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(int(mark["pid"])).create_time() == mark["started"]
    return False


def apply(tree: Path, edits: Sequence[Edit]) -> None:
    """Make ``edits`` in ``tree``, which is made if missing. All or nothing.

    Raises ``ToolFailure`` on a failing write, with the tree as it was; any other exception passes on after putting back.
    """
    created = not tree.exists()
    run = tree / FOLDER / f"{len(_runs(tree)) + 1:04}"
    try:
        run.mkdir(parents=True)
        with (run / _JOURNAL).open("ab") as journal:
            _log(journal, {"begin": process_mark(), "created": created})
            _sync_folder(run)
            for number, edit in enumerate(edits):
                _make(tree, run, journal, edit, number)
            _log(journal, {"end": True})
    except BaseException as error:
        _put_back(tree, run, created=created)
        if isinstance(error, OSError):
            raise as_failure(error, tree) from error
        raise


def put_back(tree: Path) -> bool:
    """Put ``tree`` back to what it was before a run that did not end. Returns whether there was one.

    Raises ``ToolFailure`` if that run is still going on.
    """
    runs = _runs(tree)
    if not runs:
        return False
    lines = _lines(runs[-1])
    begin = lines[0] if lines else {}
    if any("end" in line for line in lines):
        return False
    if begin and is_alive(begin["begin"]):
        raise ToolFailure(
            f"process {begin['begin']['pid']} is writing to this tree", where=str(tree), next_step="wait for it to end, and run again"
        )
    _put_back(tree, runs[-1], created=bool(begin.get("created")))
    return True


def undo(tree: Path) -> tuple[str, ...]:
    """Take the last run back and return the paths that it had changed, in its order.

    Raises ``ToolFailure`` if there is no run, or if a file has changed since; nothing is changed then.
    """
    runs = _runs(tree)
    if not runs:
        raise ToolFailure("nothing to undo: no journal of vega-gen here", where=str(tree))
    changes = _changes(runs[-1])
    for change in changes:
        path = tree / change.path
        now = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if now != change.digest:
            raise ToolFailure(
                "changed since vega-gen wrote it", where=str(path), next_step="move it away if it matters, and put back what was written"
            )
    _put_back(tree, runs[-1], created=bool(_lines(runs[-1])[0].get("created")))
    return tuple(change.path for change in changes)


def _make(tree: Path, run: Path, journal: IO[bytes], edit: Edit, number: int) -> None:
    path, data = tree / edit.path, edit.data
    old = path.read_bytes() if path.is_file() else None
    if old == data:
        return
    made = [str(folder.relative_to(tree)) for folder in reversed(path.parents) if folder.is_relative_to(tree) and not folder.exists()]
    backup = "" if old is None else f"{number:04}"
    digest = "" if data is None else hashlib.sha256(data).hexdigest()
    _log(journal, {"path": edit.path, "backup": backup, "digest": digest, "made": made})
    path.parent.mkdir(parents=True, exist_ok=True)
    if backup:
        path.replace(run / backup)
    if data is not None:
        write_file(path, data)
        if backup:
            shutil.copymode(run / backup, path)


def write_file(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, flushed to disk. Raises ``OSError``."""
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _put_back(tree: Path, run: Path, *, created: bool) -> None:
    for change in reversed(_changes(run)):
        path = tree / change.path
        if not change.backup:
            path.unlink(missing_ok=True)
        elif (run / change.backup).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            (run / change.backup).replace(path)
        for folder in reversed(change.made):
            _remove_if_empty(tree / folder)
    shutil.rmtree(run, ignore_errors=True)
    _remove_if_empty(run.parent)
    if created:
        _remove_if_empty(tree)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _runs(tree: Path) -> list[Path]:
    """The folders of the runs, oldest first."""
    return sorted(path for path in (tree / FOLDER).glob("[0-9]*") if path.is_dir())


def _lines(run: Path) -> list[dict[str, Any]]:
    """The journal's lines; one cut short by a crash says nothing, for its change was not begun."""
    lines: list[dict[str, Any]] = []
    with contextlib.suppress(FileNotFoundError, orjson.JSONDecodeError):
        for line in (run / _JOURNAL).read_bytes().splitlines():
            lines.append(orjson.loads(line))
    return lines


def _changes(run: Path) -> list[_Change]:
    return [_Change(line["path"], line["backup"], line["digest"], tuple(line["made"])) for line in _lines(run) if "path" in line]


def _log(journal: IO[bytes], line: dict[str, Any]) -> None:
    journal.write(orjson.dumps(line) + b"\n")
    journal.flush()
    os.fsync(journal.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
