"""The cache: results under the hash of all that they depend on, and folders in which builds go on, bounded in size.

An entry is a file or a folder ``<cache>/<kind>/<name>``. When a process that wrote to the cache ends, the entries that were used longest
ago are removed until the rest is within the limit. A folder that a running process works in is never removed.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import platformdirs

from llvm_integration.failure import Failure
from vega_gen.errors import InputError
from vega_gen.store.manifests import dump, load, write_atomic

T = TypeVar("T")
DEFAULT_LIMIT = "2G"
_ELSEWHERE = "free some space on that disk, or name another folder with VEGA_GEN_CACHE"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WRITING_SECONDS = 3600.0
"""A temporary file younger than this is being written."""
_held: dict[Path, int] = {}
"""Folders in which this process works, open and with a shared lock, which the system gives up when the process ends, however it does."""
_trimmed_at_exit: set[Path] = set()
_unwritable: set[Path] = set()


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What the entries of one kind take. ``size``: bytes."""

    kind: str
    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    size: int
    used: float


def cache_dir() -> Path:
    """$VEGA_GEN_CACHE, or the user's cache folder."""
    return Path(os.environ.get("VEGA_GEN_CACHE") or platformdirs.user_cache_dir("vega-gen"))


def cache_limit() -> int:
    """Bytes that the cache may take: $VEGA_GEN_CACHE_LIMIT ("500M", "4G", or bytes), else 2 GiB. Raises InputError for another text."""
    text = os.environ.get("VEGA_GEN_CACHE_LIMIT") or DEFAULT_LIMIT
    found = re.fullmatch(r"(\d+) *([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise InputError(f"VEGA_GEN_CACHE_LIMIT is {text!r}, which is no size", "", "give a number of bytes, or one with K, M, G or T: 4G")
    return int(found[1]) * _UNITS[found[2].upper()]


def cache_get(kind: str, key: str) -> bytes | None:
    """What ``cache_put`` kept under ``key``; None if there is nothing, or if it is damaged."""
    path = cache_dir() / kind / key
    try:
        data = path.read_bytes()
    except OSError:
        return None
    _touch(path)
    return data[20:] if hashlib.blake2b(data[20:], digest_size=20).digest() == data[:20] else None


def cache_put(kind: str, key: str, data: bytes) -> None:
    """Keeps ``data`` under ``key``, a digest of all inputs and of ``code_version``. Where the cache cannot be written nothing is kept, and
    a warning says so once."""
    with _writing():
        write_atomic(cache_dir() / kind / key, hashlib.blake2b(data, digest_size=20).digest() + data)


def cache_load(hint: type[T], kind: str, key: str) -> T | None:
    """The record that ``cache_dump`` kept under ``key``; None if there is none, or if it is damaged or of another layout."""
    path = cache_dir() / kind / key
    try:
        found = load(hint, path)
    except InputError:
        return None
    _touch(path)
    return found


def cache_dump(record: object, kind: str, key: str) -> None:
    """Keeps a frozen dataclass as a manifest; else as ``cache_put``."""
    with _writing():
        dump(record, cache_dir() / kind / key)


def cache_folder(kind: str, name: str) -> Path:
    """A folder of the cache to work in, made if absent; it stays until this process ends, whatever other processes need room for.

    Raises Failure where it cannot be written."""
    path = cache_dir() / kind / name
    _trim_at_exit()
    while path not in _held:
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not os.access(path, os.W_OK):
                raise PermissionError(0, "it may only be read")
            os.utime(path)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if path.parent.is_dir():
                continue  # removed by another process just now
            raise Failure("this folder of the cache cannot be made", str(path), _ELSEWHERE) from None
        except OSError as error:
            raise Failure(f"the cache cannot be written: {error.strerror}", str(path), _ELSEWHERE) from None
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_SH)
        if path.is_dir() and os.fstat(handle).st_ino == path.stat().st_ino:
            _held[path] = handle
        else:
            os.close(handle)
    return path


def cache_use() -> tuple[CacheUse, ...]:
    """What the cache holds, a record a kind, the largest first."""
    found: dict[str, list[int]] = {}
    for entry in _entries(cache_dir()):
        found.setdefault(entry.path.parent.name, []).append(entry.size)
    return tuple(sorted((CacheUse(kind, len(sizes), sum(sizes)) for kind, sizes in found.items()), key=lambda use: -use.size))


def cache_clear(kind: str = "") -> tuple[int, int]:
    """Removes all entries, or those of one kind: bytes that were freed, and entries that stay because a process works in them.

    Raises Failure for an entry that cannot be removed."""
    freed = kept = 0
    for entry in _entries(cache_dir()):
        if kind in ("", entry.path.parent.name):
            try:
                removed = _remove(entry.path)
            except OSError as error:
                raise Failure(f"cannot be removed: {error.strerror}", str(entry.path), "change the permissions of the cache") from None
            freed, kept = (freed + entry.size, kept) if removed else (freed, kept + 1)
    return freed, kept


def cache_trim(folder: Path, limit: int) -> None:
    """Removes the entries of a cache that were used longest ago, until it takes at most ``limit`` bytes."""
    entries = sorted(_entries(folder), key=lambda entry: entry.used)
    size = sum(entry.size for entry in entries)
    for entry in entries:
        if size <= limit:
            break
        with contextlib.suppress(OSError):
            size -= entry.size if _remove(entry.path) else 0


@contextlib.contextmanager
def _writing() -> Generator[None]:
    _trim_at_exit()
    try:
        yield
    except Failure as failure:
        if cache_dir() not in _unwritable:
            _unwritable.add(cache_dir())
            text = "the cache cannot be written, so nothing is kept for the next run: %s: %s; %s"
            logging.getLogger("vega_gen").warning(text, failure.where, failure.what, _ELSEWHERE)


def _trim_at_exit() -> None:
    """Keep the cache within its limit when this process ends: once, for the folder and the limit of now."""
    folder = cache_dir()
    if folder not in _trimmed_at_exit:
        _trimmed_at_exit.add(folder)
        atexit.register(_last, folder, cache_limit())


def _last(folder: Path, limit: int) -> None:
    while _held:
        os.close(_held.popitem()[1])
    cache_trim(folder, limit)


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(path)


def _entries(cache: Path) -> Iterator[_Entry]:
    """The entries there are; temporary files only where whoever wrote them must be dead."""
    for kind in _listed(cache):
        if not kind.is_dir(follow_symlinks=False):
            continue
        for entry in _listed(kind):
            with contextlib.suppress(OSError):  # removed just now
                used = entry.stat(follow_symlinks=False).st_mtime
                if not entry.name.startswith(".") or used + _WRITING_SECONDS < time.time():
                    yield _Entry(Path(entry.path), _size(entry), used)


def _listed(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    if entry.is_dir(follow_symlinks=False):
        return sum(map(_size, _listed(entry)))
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _remove(path: Path) -> bool:
    """Removes an entry, but not a folder that a process works in: whether it is gone. Raises OSError."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return True
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Out of the way at once, so that nobody begins to work in what is half removed.
        away = Path(tempfile.mkdtemp(prefix=".removed-", dir=path.parent))
        path.replace(away)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    shutil.rmtree(away)
    return True
