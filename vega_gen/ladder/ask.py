"""Run a tool under test once, within limits of time and memory."""

from __future__ import annotations

from collections.abc import Sequence

from llvm_integration.process import Completed, run
from vega_gen.ladder import failures

SECONDS = 60.0
MEMORY_MB = 4096
_UNNAMED = {"LLVM_DISABLE_SYMBOLIZATION": "1"}


def ask(argv: Sequence[str], *, stdin: str = "", quick: bool = False, seconds: float = SECONDS) -> Completed:
    """Run ``argv`` with ``stdin`` as its input.

    Symbolizing a stack trace takes half a second, so the first run does without. If that crashes and prints no reason, a second run
    symbolizes; with ``quick`` there is no second run. ``seconds``: the limit of time. Raises ``ToolFailure`` if it cannot be started.
    """
    done = run(argv, stdin=stdin, timeout=seconds, memory_mb=MEMORY_MB, env=_UNNAMED)
    if quick or done.timed_out or not failures.crashed(done) or failures.explained(done):
        return done
    return run(argv, stdin=stdin, timeout=seconds, memory_mb=MEMORY_MB)
