"""Run commands that write one file and a depfile (llvm-tblgen -d, clang -MMD), skipping those whose command and inputs are unchanged.

Inputs are compared by content. Commands have no order among each other; the caller runs dependent ones in separate calls.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.failure import ToolFailure
from llvm_integration.process import Progress, run, threads

_DEPENDENCY = re.compile(r"(?:\\ |[^\s\\]|\\(?!\n))+")


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A command that writes `output` and a `depfile` that names every file that it read. `timeout` is in seconds."""

    argv: tuple[str, ...]
    output: Path
    depfile: Path
    timeout: float


@dataclass(slots=True)
class ContentHashes:
    """Content digests of files. A file is read again only if its size or modification time has changed."""

    _known: dict[str, tuple[tuple[int, int], str]] = field(default_factory=dict[str, tuple[tuple[int, int], str]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def digest(self, path: str) -> str:
        """Return the content digest of the file at `path`, or "missing"."""
        try:
            status = os.stat(path)  # noqa: PTH116 - called for thousands of paths
        except OSError:
            return "missing"
        stamp = (status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        digest = hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
        with self._lock:
            self._known[path] = (stamp, digest)
        return digest


@contextmanager
def alone(work: Path) -> Generator[None]:
    """Keep other processes that do the same out of the block, by a lock on the file ``<work>.lock``."""
    lock = work.with_suffix(".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def dependencies(depfile: Path) -> tuple[str, ...]:
    """Return the normalised paths of the inputs in a depfile (Makefile syntax), in order. Raises OSError if it cannot be read."""
    text = depfile.read_text(encoding="utf-8")
    _, _, inputs = text.partition(": ")
    words: Iterable[str] = _DEPENDENCY.findall(inputs.replace("\\\n", " "))
    return tuple(dict.fromkeys(os.path.normpath(word.replace("\\ ", " ").replace("$$", "$")) for word in words))


def run_steps(steps: Sequence[BuildStep], hashes: ContentHashes, jobs: int, progress: Progress) -> int:
    """Run the steps that are out of date, `jobs` at a time; return how many were run.

    Raises ToolFailure for the first command that failed, after the commands that are running have ended.
    """
    made = 0
    for number, (step, future) in enumerate(_as_run(steps, hashes, jobs), start=1):
        made += future.result()
        progress(number, len(steps), f"compiling {step.output.name}")
    return made


def failed_steps(steps: Sequence[BuildStep], hashes: ContentHashes, jobs: int, progress: Progress) -> tuple[int, dict[Path, ToolFailure]]:
    """As ``run_steps``, but run every step; return also output -> why its command failed, without those that succeeded."""
    failed: dict[Path, ToolFailure] = {}
    made = 0
    for number, (step, future) in enumerate(_as_run(steps, hashes, jobs), start=1):
        try:
            made += future.result()
        except ToolFailure as failure:
            failed[step.output] = failure
            made += 1
        progress(number, len(steps), f"compiling {step.output.name}")
    return made, failed


def _as_run(steps: Sequence[BuildStep], hashes: ContentHashes, jobs: int) -> Generator[tuple[BuildStep, Future[bool]]]:
    """Run the steps; yield each with its future when it has ended."""
    with threads(jobs) as pool:
        futures = {pool.submit(run_step, step, hashes): step for step in steps}
        for future in as_completed(futures):
            yield futures[future], future


def run_step(step: BuildStep, hashes: ContentHashes) -> bool:
    """Run one step if it is out of date; return whether it was run. Raises ToolFailure if the command fails."""
    key = step.output.with_name(step.output.name + ".key")
    if step.output.exists() and step.depfile.exists() and key.exists() and key.read_text() == input_key(step, hashes):
        return False
    step.output.parent.mkdir(parents=True, exist_ok=True)
    key.unlink(missing_ok=True)
    run(step.argv, timeout=step.timeout).check()
    key.write_text(input_key(step, hashes))
    return True


def input_key(step: BuildStep, hashes: ContentHashes) -> str:
    """Return a digest of a step's command and of the inputs in its depfile. Raises OSError if it has no depfile yet."""
    key = hashlib.blake2b("\0".join(step.argv).encode(), digest_size=16)
    for path in dependencies(step.depfile):
        key.update(f"\0{path}\0{hashes.digest(path)}".encode())
    return key.hexdigest()
