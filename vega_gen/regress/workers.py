"""Who tries functions: threads of this process, or the workers of a Dask scheduler.

Enters: a trial, how many at a time or where a scheduler is. Leaves: ``Submit``. It does not know what is tried.

Workers of a scheduler see the checkout, LLVM and the work folder under the paths that they have here; each writes in a folder of its own.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from llvm_integration.process import threads
from vega_gen.errors import InputError
from vega_gen.regress.trial import Outcome, Trial

Task = Callable[..., Outcome]
"""``task(trial, scratch, ...)``: an outcome; ``scratch`` is a folder that no other task writes to, removed after it."""
Submit = Callable[..., "Future[Outcome]"]
"""``submit(task, ...)`` with what follows ``scratch``."""
SCHEDULER_SECONDS = 20


@contextmanager
def workers(trial: Trial, scratch: Path, jobs: int, scheduler: str) -> Generator[Submit]:
    """``jobs`` threads; or, where ``scheduler`` is an address, its workers. What has not begun when the block is left never does.

    Raises InputError if Dask is not installed or no scheduler answers.
    """
    if not scheduler:
        with threads(jobs) as pool:
            yield partial(pool.submit, _in_folder, trial, scratch)
        return
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise InputError("--scheduler needs Dask", scheduler, "pip install 'vega-gen[cluster]'") from None
    try:
        client = distributed.Client(scheduler, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as failure:
        raise InputError(f"no scheduler answers: {failure}", scheduler, "start one with: dask scheduler") from None
    with client:
        # On every worker, so that it outlives the loss of one.
        there = client.scatter(trial, broadcast=True)
        pool = client.get_executor(pure=False)
        try:
            yield partial(pool.submit, _on_worker, there, None)
        finally:
            pool.shutdown(wait=False)


def _in_folder(trial: Trial, scratch: Path, task: Task, *arguments: object) -> Outcome:
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=scratch, ignore_cleanup_errors=True) as folder:
        return task(trial, Path(folder), *arguments)


def _on_worker(trial: Trial, scratch: None, task: Task, *arguments: object) -> Outcome:
    distributed: Any = importlib.import_module("distributed")
    return _in_folder(trial, Path(distributed.get_worker().local_directory), task, *arguments)
