"""What enters: commands that write one file and a depfile beside it (llvm-tblgen -d, clang -MMD).
What leaves: the files, made anew only where the command or the content of an input has changed.
What it does not do: know an order between commands; the caller runs them in stages.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.process import Progress, run, threads

_DEPENDENCY = re.compile(r"(?:\\ |[^\s\\]|\\(?!\n))+")


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A command that writes `output`, and `depfile` naming every file it read. `timeout` is in seconds."""

    argv: tuple[str, ...]
    output: Path
    depfile: Path
    timeout: float


@dataclass(slots=True)
class ContentHashes:
    """Digests of files, read again only when a file's size or time of change differs."""

    _known: dict[str, tuple[tuple[int, int], str]] = field(default_factory=dict[str, tuple[tuple[int, int], str]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def digest(self, path: str) -> str:
        """Content digest of the file at `path`, or `missing`."""
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


def dependencies(depfile: Path) -> tuple[str, ...]:
    """The normalised paths of the inputs that a depfile (Makefile syntax) names, in its order."""
    text = depfile.read_text(encoding="utf-8")
    _, _, inputs = text.partition(": ")
    words: Iterable[str] = _DEPENDENCY.findall(inputs.replace("\\\n", " "))
    return tuple(dict.fromkeys(os.path.normpath(word.replace("\\ ", " ").replace("$$", "$")) for word in words))


def run_steps(steps: Sequence[BuildStep], hashes: ContentHashes, jobs: int, progress: Progress) -> int:
    """Run the steps whose result is not fresh, `jobs` at a time; returns how many were run.

    Raises ToolFailure with the first command that failed, after those under way have ended.
    """
    made = 0
    with threads(jobs) as pool:
        futures = {pool.submit(run_step, step, hashes): step.output for step in steps}
        for number, future in enumerate(as_completed(futures), start=1):
            made += future.result()
            progress(number, len(steps), futures[future].name)
    return made


def run_step(step: BuildStep, hashes: ContentHashes) -> bool:
    """Run one step unless its result is fresh; returns whether it was run. Raises ToolFailure."""
    key = step.output.with_name(step.output.name + ".key")
    if step.output.exists() and step.depfile.exists() and key.exists() and key.read_text() == input_key(step, hashes):
        return False
    step.output.parent.mkdir(parents=True, exist_ok=True)
    key.unlink(missing_ok=True)
    run(step.argv, timeout=step.timeout).check()
    key.write_text(input_key(step, hashes))
    return True


def input_key(step: BuildStep, hashes: ContentHashes) -> str:
    """Digest of a step's command and of the inputs that its depfile names. Raises OSError if it has no depfile yet."""
    key = hashlib.blake2b("\0".join(step.argv).encode(), digest_size=16)
    for path in dependencies(step.depfile):
        key.update(f"\0{path}\0{hashes.digest(path)}".encode())
    return key.hexdigest()
