"""The one process runner.

Enters: an argument list, a folder, limits. Leaves: ``Completed`` with output, exit status and time, or ``ToolFailure``.
It does not use a shell, interpret output, or print.
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

TAIL_CHARACTERS = 4000
Progress = Callable[[int, int, str], None]
"""Told how far work has got: (done, total, what), ``total`` 0 where it is not known."""
_FRAME = re.compile(r"^ *#\d+ 0x[0-9a-f]+.*\n?", re.MULTILINE)
"""A line of the stack that LLVM's tools print where they crash."""
_SPENT = {
    re.compile(r"No space left on device"): ("found no space left on the disk", "free some space on that disk, then run it again"),
    re.compile(r"out of memory|bad_alloc|Cannot allocate memory"): ("ran out of memory", "run it again with more of it, or fewer jobs"),
}
"""What tools say where the machine has no more to give -> what that means, and the next step."""
_interrupted = threading.Event()
"""Set while threads are being ended: they may start no process."""


class ToolFailure(Exception):
    """An outside tool, or an LLVM, is missing, failed or timed out.

    ``what``: what went wrong. ``where``: the file or folder concerned, "" if none. ``next_step``: what the user can do now.
    ``command``: text that repeats the run, "" if nothing ran. ``output``: the end of what the tool said.
    """

    def __init__(self, what: str, *, where: str = "", next_step: str = "", command: str = "", output: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step
        self.command = command
        self.output = output

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        lines = [f"{place}{self.what}"]
        if self.output:
            lines.append(self.output)
        if self.command:
            lines.append(f"  command: {self.command}")
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended.

    ``returncode``: negative is minus the signal's number. ``stdout`` and ``stderr``: undecodable bytes are replaced;
    ``stdout`` is "" where it was kept in a file. ``seconds``: wall-clock time. ``env``: what was added to the caller's environment.
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
        """Whether it ended by itself with status 0."""
        return self.returncode == 0 and not self.timed_out

    @property
    def command(self) -> str:
        """Shell text that a person can paste to repeat the run."""
        return command_text(self.argv, cwd=self.cwd, env=self.env)

    def check(self, next_step: str = "") -> Completed:
        """The process itself if it succeeded. Raises ``ToolFailure`` with its last output, and ``next_step``, if not."""
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
        output = said[-TAIL_CHARACTERS:]
        raise ToolFailure(what, command=self.command, output=output, next_step=next_step)


def command_text(argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Shell text that runs ``argv`` in ``cwd`` with ``env`` added to the environment."""
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
    """Run ``argv`` to its end and return what came of it, whatever its exit status.

    ``timeout`` in seconds. ``env`` is added to the caller's environment. ``stdin`` is empty by default. ``memory_mb`` limits the
    address space (RLIMIT_AS), ``cpu_seconds`` the processor time (RLIMIT_CPU) of each process, so that none outlives a killed caller for
    ever; both are set through util-linux's ``prlimit``, and where the machine has none there is no limit. ``stdout_path``
    keeps standard output in that file, however large, instead of in memory. The process leads a session of its own; on a time-out,
    and on any exception, Ctrl-C included, it and all its descendants are killed. Raises ``ToolFailure`` if the executable or
    ``cwd`` is missing.
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
    """Standard output of a process (``merged``: with standard error in it) that ends with status 0; None for any other.

    As ``run``, for thousands of short processes: ``env`` is the whole environment, standard input a file, nothing is kept of a failure."""
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
    """So many threads, for what runs processes; left by an exception, what has not begun never does. Ctrl-C and the like end what is under
    way too: a thread cannot be ended, but without its process, and with none that it may start, it ends by itself."""
    # All begin before the first has work: a signal amid ``submit`` leaves a thread behind that the pool does not know and cannot wait for.
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
    """Ends what the threads of a pool run, and lets them start nothing, until all have ended."""
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
    # A relative path is looked up from the folder the process runs in.
    candidate = str(cwd / executable) if cwd and "/" in executable else executable
    if shutil.which(candidate, path=env.get("PATH")) is None:
        raise ToolFailure(
            f"{executable}: no such program", command=command, next_step="vega-gen doctor says what is missing and how to get it"
        )


def _wait(process: subprocess.Popen[bytes], timeout: float | None) -> bool:
    """Wait for the end; whether it had to be forced by the time limit."""
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
    """End the process, its group, and descendants that left the group for a session of their own."""
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(process.pid).children(recursive=True)
    # The leader is not reaped yet, so its number still names this group.
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
