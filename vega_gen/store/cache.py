"""A cache on disk for results (keyed by a hash of everything that they depend on) and for build folders, with a size limit.

An entry is a file or a folder ``<cache>/<kind>/<name>``. When a process that wrote to the cache exits, it removes the least recently used
entries until the rest is within the limit. A folder that a running process holds (``cache_folder``) is never removed.
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
"""A temporary file younger than this is taken to be in use by its writer; an older one was left by a dead process."""
_held: dict[Path, int] = {}
"""Folder -> descriptor, for the folders that this process holds by a shared flock. The kernel drops the lock when the process dies."""
_trimmed_at_exit: set[Path] = set()
_unwritable: set[Path] = set()


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How many entries of one kind the cache holds, and their ``size`` in bytes."""

    kind: str
    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    size: int
    used: float


def cache_dir() -> Path:
    """Return the cache's folder: $VEGA_GEN_CACHE, or the user's cache folder of the platform."""
    return Path(os.environ.get("VEGA_GEN_CACHE") or platformdirs.user_cache_dir("vega-gen"))


def cache_limit() -> int:
    """Return the cache's limit in bytes: $VEGA_GEN_CACHE_LIMIT ("500M", "4G", or bytes), else 2 GiB. Raises InputError for other text."""
    text = os.environ.get("VEGA_GEN_CACHE_LIMIT") or DEFAULT_LIMIT
    found = re.fullmatch(r"(\d+) *([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise InputError(f"VEGA_GEN_CACHE_LIMIT is {text!r}, not a size", "", "give a number of bytes, or one with K, M, G or T: 4G")
    return int(found[1]) * _UNITS[found[2].upper()]


def cache_get(kind: str, key: str) -> bytes | None:
    """Return the bytes that ``cache_put`` stored under ``key``; None if there are none, or if the entry is damaged."""
    path = cache_dir() / kind / key
    try:
        data = path.read_bytes()
    except OSError:
        return None
    _touch(path)
    return data[20:] if hashlib.blake2b(data[20:], digest_size=20).digest() == data[:20] else None


def cache_put(kind: str, key: str, data: bytes) -> None:
    """Store ``data`` under ``key``, a digest of all inputs and of ``code_version``.

    An unwritable cache is not an error: nothing is stored, and one warning per process says so."""
    with _writing():
        write_atomic(cache_dir() / kind / key, hashlib.blake2b(data, digest_size=20).digest() + data)


def cache_load(hint: type[T], kind: str, key: str) -> T | None:
    """Return the record that ``cache_dump`` stored under ``key``; None if there is none, or if it is damaged or of another layout."""
    path = cache_dir() / kind / key
    try:
        found = load(hint, path)
    except InputError:
        return None
    _touch(path)
    return found


def cache_dump(record: object, kind: str, key: str) -> None:
    """Store a frozen dataclass as a manifest; an unwritable cache is handled as in ``cache_put``."""
    with _writing():
        dump(record, cache_dir() / kind / key)


def cache_folder(kind: str, name: str) -> Path:
    """Return a cache folder to work in, created if absent. It is locked against removal until this process exits.

    Raises Failure where it cannot be created or written."""
    path = cache_dir() / kind / name
    _trim_at_exit()
    while path not in _held:
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not os.access(path, os.W_OK):
                raise PermissionError(0, "it is read-only")
            os.utime(path)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if path.parent.is_dir():
                continue  # another process removed it between mkdir and open: try again
            raise Failure("this folder of the cache cannot be created", str(path), _ELSEWHERE) from None
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
    """Return the contents of the cache, one record per kind, the largest first."""
    found: dict[str, list[int]] = {}
    for entry in _entries(cache_dir()):
        found.setdefault(entry.path.parent.name, []).append(entry.size)
    return tuple(sorted((CacheUse(kind, len(sizes), sum(sizes)) for kind, sizes in found.items()), key=lambda use: -use.size))


def cache_clear(kind: str = "") -> tuple[int, int]:
    """Remove all entries, or those of ``kind``. Returns the bytes freed and the number of entries kept because a process holds them.

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
    """Remove the least recently used entries of the cache in ``folder`` until it takes at most ``limit`` bytes."""
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
    """Register, once per cache folder, a trim at exit. Folder and limit are read now, since the environment may change later."""
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
    """Yield all entries; temporary files only when they are too old to belong to a live writer."""
    for kind in _listed(cache):
        if not kind.is_dir(follow_symlinks=False):
            continue
        for entry in _listed(kind):
            with contextlib.suppress(OSError):  # another process removed it meanwhile
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
    """Remove an entry unless a process holds its folder; return whether it is removed. Raises OSError."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return True
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Renamed first, so that no other process starts to use a half-removed folder.
        away = Path(tempfile.mkdtemp(prefix=".removed-", dir=path.parent))
        path.replace(away)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    shutil.rmtree(away)
    return True
