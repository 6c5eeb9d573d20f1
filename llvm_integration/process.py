"""Run external processes with limits on time, memory and processor time, and clean up all their descendants.

Every process that vega-gen starts goes through this module. No shell is involved.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from llvm_integration.failure import ToolFailure

_ERROR = re.compile(r": (?:fatal )?error: ")
TAIL_CHARACTERS = 4000
Progress = Callable[[int, int, str], None]
"""A callback for progress: (done, total, text); ``total`` is 0 if not known."""
_FRAME = re.compile(r"^ *#\d+ 0x[0-9a-f]+.*\n?", re.MULTILINE)
"""A line of the stack that LLVM's tools print when they crash."""
_SPENT = {
    re.compile(r"No space left on device"): ("found no space left on the disk", "free some space on that disk, then run it again"),
    re.compile(r"out of memory|bad_alloc|Cannot allocate memory"): ("ran out of memory", "run it again with more memory, or fewer jobs"),
}
"""Output of tools when disk or memory is exhausted -> (what happened, next step)."""
_interrupted = threading.Event()
"""Set while ``_end_threads`` stops a pool; no process may be started then."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended.

    ``returncode``: the exit status, or minus the number of the signal that ended it. ``stdout`` and ``stderr``: decoded as UTF-8, with
    invalid bytes replaced; ``stdout`` is "" if it went to a file. ``seconds``: wall-clock time. ``env``: the variables that were added to
    the caller's environment.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def ok(self) -> bool:
        """Whether it exited with status 0 before its time limit."""
        return self.returncode == 0 and not self.timed_out

    @property
    def command(self) -> str:
        """Shell text that repeats the run when pasted into a terminal."""
        return command_text(self.argv, cwd=self.cwd, env=self.env)

    def check(self, next_step: str = "") -> Completed:
        """Return self if the process succeeded; else raise ``ToolFailure`` with the end of its output and ``next_step``."""
        if self.ok:
            return self
        name = Path(self.argv[0]).name
        if self.timed_out:
            what = f"{name} did not end within {self.seconds:.0f} s"
        elif self.returncode < 0:
            what = f"{name} was ended by {_signal_name(-self.returncode)}"
        else:
            what = f"{name} failed with exit status {self.returncode}"
        said = _FRAME.sub("", self.stderr.strip() or self.stdout.strip()).strip()
        for spent, (means, instead) in _SPENT.items():
            if spent.search(said):
                what, next_step = f"{name} {means}", instead
        raise ToolFailure(what, command=self.command, output=_end(said), next_step=next_step)


def _end(said: str) -> str:
    """Return the end of what a process said, behind the lines with a compiler's errors that are in the rest: notes on one error may be
    longer than all errors together."""
    rest, end = said[:-TAIL_CHARACTERS], said[-TAIL_CHARACTERS:]
    if not rest:
        return end
    split, _, end = end.partition("\n")
    return "\n".join([*(line for line in (rest + split).splitlines() if _ERROR.search(line)), end])


def command_text(argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Return shell text that runs ``argv`` in ``cwd`` with ``env`` added to the environment."""
    words = [f"{name}={shlex.quote(value)}" for name, value in (env or {}).items()]
    words.append(shlex.join(argv))
    place = f"cd {shlex.quote(str(cwd))} && " if cwd else ""
    return place + " ".join(words)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    memory_mb: int | None = None,
    cpu_seconds: int | None = None,
    stdout_path: Path | None = None,
) -> Completed:
    """Run a process to its end and return its result, whatever its exit status.

    ``timeout``: wall-clock seconds. ``env``: variables added to the caller's environment. ``stdin``: text, empty by default.
    ``memory_mb``: limit on the address space of each process (RLIMIT_AS). ``cpu_seconds``: limit on the processor time of each process
    (RLIMIT_CPU), so that no process outlives a killed caller for ever. Both are set by util-linux's ``prlimit`` and are ignored on machines
    without it. ``stdout_path``: write standard output to this file rather than keep it in memory.

    The process leads its own process group. After a time-out or an exception (Ctrl-C included), it and its descendants are killed.
    Raises ``ToolFailure`` if the executable or ``cwd`` is missing.
    """
    words = tuple(str(word) for word in argv)
    added = dict(env or {})
    text = command_text(words, cwd=cwd, env=added)
    _require_startable(words[0], cwd, added, text)
    if _interrupted.is_set():
        raise ToolFailure("interrupted", command=text)
    limits = [f"--as={memory_mb << 20}"] if memory_mb else []
    limits += [f"--cpu={cpu_seconds}"] if cpu_seconds else []
    limiter = shutil.which("prlimit") if limits else None
    real = (limiter, *limits, "--", *words) if limiter else words
    with contextlib.ExitStack() as files:
        given = files.enter_context(tempfile.TemporaryFile())
        given.write((stdin or "").encode())
        given.seek(0)
        out = files.enter_context(_output_file(stdout_path))
        err = files.enter_context(tempfile.TemporaryFile())
        start = time.monotonic()
        try:
            process = subprocess.Popen(
                real, cwd=cwd, env={**os.environ, **added}, stdin=given, stdout=out, stderr=err, start_new_session=True
            )
        except OSError as error:
            raise ToolFailure(f"{words[0]} cannot be started: {error.strerror}", command=text) from error
        timed_out = _wait(process, timeout)
        seconds = time.monotonic() - start
        return Completed(
            argv=words,
            returncode=process.returncode,
            stdout="" if stdout_path else _read(out),
            stderr=_read(err),
            seconds=seconds,
            timed_out=timed_out,
            cwd=cwd,
            env=added,
        )


def output(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: Path | None, merged: bool, timeout: float, memory_mb: int
) -> bytes | None:
    """Run a short process and return its standard output if it exits with status 0, else None. Faster than ``run`` for thousands of them.

    ``env``: the complete environment. ``stdin``: a file, None for empty input. ``merged``: whether the result includes standard error.
    ``timeout``: seconds of wall-clock time, and nearly the same of processor time. ``memory_mb``: limit on the address space."""
    if _interrupted.is_set():
        return None
    try:
        with (stdin or Path(os.devnull)).open("rb") as given:
            process = subprocess.Popen(
                argv, env=env, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merged else subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError:
        return None
    with process:
        try:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (int(timeout) + 1, int(timeout) + 1))
            said, _ = process.communicate(timeout=timeout)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            _kill(process)
            return None
        except BaseException:
            _kill(process)
            raise
    return said if process.returncode == 0 else None


@contextlib.contextmanager
def threads(jobs: int) -> Generator[ThreadPoolExecutor]:
    """A pool of ``jobs`` threads for work that runs processes.

    When the block raises an exception, queued work is cancelled. Ctrl-C and the like also kill the processes that threads are waiting for:
    a thread cannot be stopped from outside, but returns soon once its process is dead and it may not start another."""
    # All threads start before the first task is submitted: a signal during ``submit`` could leave a thread that the pool does not know of
    # and never waits for.
    all_begun = threading.Barrier(jobs + 1)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for _ in range(jobs):
                pool.submit(all_begun.wait)
            all_begun.wait()
            yield pool
        except BaseException as failure:
            all_begun.abort()
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(failure, Exception):
                _end_threads(pool)
            raise


def _end_threads(pool: ThreadPoolExecutor) -> None:
    """Kill the child processes of this process, and refuse to start new ones, until all threads of the pool have ended."""
    _interrupted.set()
    ended = threading.Thread(target=pool.shutdown)
    ended.start()
    while ended.is_alive():
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
        ended.join(0.05)
    _interrupted.clear()


def _require_startable(executable: str, cwd: Path | None, env: Mapping[str, str], command: str) -> None:
    if cwd and not cwd.is_dir():
        raise ToolFailure("no such folder to run in", where=str(cwd), command=command)
    # A relative path is resolved from the folder in which the process runs.
    candidate = str(cwd / executable) if cwd and "/" in executable else executable
    if shutil.which(candidate, path=env.get("PATH")) is None:
        raise ToolFailure(
            f"{executable}: no such program", command=command, next_step="vega-gen doctor says what is missing and how to get it"
        )


def _wait(process: subprocess.Popen[bytes], timeout: float | None) -> bool:
    """Wait for the process to end; return whether it was killed at the time limit."""
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        return True
    except BaseException:
        _kill(process)
        raise
    return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, its group, and descendants that have left the group."""
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(process.pid).children(recursive=True)
    # The leader has not been reaped yet, so its ID still names this group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for descendant in descendants:
        with contextlib.suppress(psutil.Error):
            descendant.kill()
    process.wait()


def _output_file(path: Path | None) -> IO[bytes]:
    return path.open("wb+") if path else tempfile.TemporaryFile()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
