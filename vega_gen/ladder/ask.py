"""One run of a tool under test, within limits of time and memory.

Enters: an argument list. Leaves: ``Completed``, with the functions of the stack named where nothing else says what went wrong.
It does not judge what the tool said.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvm_integration.process import Completed, run
from vega_gen.ladder import failures

SECONDS = 60.0
MEMORY_MB = 4096
_UNNAMED = {"LLVM_DISABLE_SYMBOLIZATION": "1"}


def ask(argv: Sequence[str], *, stdin: str = "", quick: bool = False) -> Completed:
    """Run ``argv``. Naming the functions of a stack takes half a second: it is done in a second run, where the first crashed without a
    word, and not at all if ``quick``. Raises ``ToolFailure`` where the program cannot be started."""
    done = run(argv, stdin=stdin, timeout=SECONDS, memory_mb=MEMORY_MB, env=_UNNAMED)
    if quick or done.timed_out or not failures.crashed(done) or failures.explained(done):
        return done
    return run(argv, stdin=stdin, timeout=SECONDS, memory_mb=MEMORY_MB)
