"""Write edits to a tree without git under an undo journal, so that a failed, killed or unwanted run can be undone.

``llvm_integration.edits`` decides what may be written. Each run has a folder ``.vega-gen/<number>/`` with ``journal.jsonl``, which gets a
line, flushed to disk, before each change, and with the replaced files, which are moved there so that undoing needs no disk space. A run
whose journal has no "end" line was killed.
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
    """One journaled change. ``backup``: the old file's name in the run's folder, "" if there was none. ``digest``: SHA-256 of the new
    content, "" for a deletion. ``made``: the folders that the change creates, outermost first."""

    path: str
    backup: str
    digest: str
    made: tuple[str, ...]


def process_mark() -> dict[str, Any]:
    """Return the process ID and start time, which together identify this process even after its ID is reused."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def is_alive(mark: Mapping[str, Any]) -> bool:
    """Whether the process that ``process_mark`` identifies is still running."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(int(mark["pid"])).create_time() == mark["started"]
    return False


def apply(tree: Path, edits: Sequence[Edit]) -> None:
    """Apply ``edits`` to ``tree``, all or nothing; the folder is created if missing.

    Raises ``ToolFailure`` if a write fails. After any exception the tree is as it was.
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
    """Restore ``tree`` to its state before a run that was killed. Returns whether there was such a run.

    Raises ``ToolFailure`` if that run is still active.
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
    """Undo the last run and return the paths that it had changed, in its order.

    Raises ``ToolFailure``, with nothing changed, if there is no run or if a file has changed since.
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
                "changed since vega-gen wrote it", where=str(path), next_step="save your version, restore what was written, and run again"
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
    """Write a new file and flush it to disk. Raises ``OSError``, also if it exists."""
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
    """The runs' folders, oldest first."""
    return sorted(path for path in (tree / FOLDER).glob("[0-9]*") if path.is_dir())


def _lines(run: Path) -> list[dict[str, Any]]:
    """The journal's complete lines. A truncated last line is ignored: its change had not started."""
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
