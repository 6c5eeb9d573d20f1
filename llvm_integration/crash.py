"""Start a freshly linked LLVM tool and report how it ends: normally, with an error message, or with a crash and its stack.

Also asks llc for its registered targets and for a triple's data layout. A new backend may crash a tool in its static initialisers or at its
first use; the frames show which function is responsible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.process import Completed, run

START_SECONDS = 20.0
_LISTED = re.compile(r"^\s+(\S+)\s+- ", re.MULTILINE)
_LAYOUT = re.compile(r'^\s*target datalayout = "([^"]+)"', re.MULTILINE)
_FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ (?P<symbol>.+?)(?: \(?/\S*| \S+:\d+:\d+)?$", re.MULTILINE)
_ERROR = re.compile(r"^(?:LLVM ERROR: |.*\berror: )(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Crash:
    """A run that a signal ended, or that timed out. `frames`: the demangled functions on the stack, innermost first."""

    message: str
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """How a run of a tool ended. `error`: its error message, "" on success. `crash`: None unless it crashed or timed out."""

    error: str
    crash: Crash | None


def tried(installation: Installation, argv: Sequence[str]) -> Tried:
    """Run a tool and report how it ends, with a symbolized stack if it crashes."""
    symbolizer = installation.bindir / "llvm-symbolizer"
    done = run(argv, timeout=START_SECONDS, env={"LLVM_SYMBOLIZER_PATH": str(symbolizer)})
    return read(done)


def read(done: Completed) -> Tried:
    """Classify the end of a run. An abort after LLVM's own error message ("LLVM ERROR: ...") counts as an error, not as a crash."""
    if done.ok:
        return Tried("", None)
    error = _ERROR.search(done.stderr)
    if error is not None:
        return Tried(error[1], None)
    if done.returncode > 0 and not done.timed_out:
        return Tried(done.stderr.strip().partition("\n")[0] or f"status {done.returncode}", None)
    message = "did not end" if done.timed_out else f"was ended by signal {-done.returncode}"
    return Tried(message, Crash(message, tuple(m["symbol"] for m in _FRAME.finditer(done.stderr))))


def registered(llc: Path) -> tuple[str, ...]:
    """Return the targets that `llc --version` lists, () if it fails."""
    done = run([str(llc), "--version"], timeout=START_SECONDS)
    _, _, listed = done.stdout.partition("Registered Targets:")
    return tuple(_LISTED.findall(listed)) if done.ok else ()


def data_layout(llc: Path, triple: str) -> str:
    """Return the data layout that llc gives a module of this triple, "" if it prints none."""
    words = [str(llc), f"--mtriple={triple}", "-stop-after=pre-isel-intrinsic-lowering", "-o", "-"]
    done = run(words, timeout=START_SECONDS, stdin="define void @nothing() {\n  ret void\n}\n")
    found = _LAYOUT.search(done.stdout)
    return found[1] if found else ""
