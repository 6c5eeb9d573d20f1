"""Run the judge's tasks in threads of this process, or on the workers of a Dask scheduler.

Dask workers must see the checkout, LLVM and the work folder under the same paths as this process. Each task writes to its own folder.
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
"""``task(trial, scratch, ...)`` returns an outcome; ``scratch`` is a folder of its own, removed afterwards."""
Submit = Callable[..., "Future[Outcome]"]
"""``submit(task, ...)``, with the arguments that follow ``scratch``."""
SCHEDULER_SECONDS = 20


@contextmanager
def workers(trial: Trial, scratch: Path, jobs: int, scheduler: str) -> Generator[Submit]:
    """Yield a ``Submit`` for ``jobs`` threads, or for the workers of ``scheduler`` if that is not "".

    Tasks that have not begun when the block ends are dropped. Raises InputError if Dask is not installed or no scheduler answers.
    """
    if not scheduler:
        with threads(jobs) as pool:
            yield partial(pool.submit, _in_folder, trial, scratch)
        return
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise InputError("--scheduler needs Dask, which is not installed", scheduler, "pip install 'vega-gen[cluster]'") from None
    try:
        client = distributed.Client(scheduler, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as failure:
        raise InputError(f"no scheduler answers: {failure}", scheduler, "start one with: dask scheduler") from None
    with client:
        # A copy on every worker, so that the loss of one does not matter.
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
