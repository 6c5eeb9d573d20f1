"""What enters: a tool of LLVM that was linked, a target's name or a file for it.
What leaves: the targets that it lists, the data layout that it gives one, whether it crashes, and the functions on its stack then.
What it does not do: judge what the tool writes: an error that it tells is no crash.
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
    """A tool that was ended by a signal or did not end. `frames`: the demangled functions on its stack, innermost first."""

    message: str
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A run of a tool. `error`: the error that it told, "" for none; `crash`: None where it ended by itself."""

    error: str
    crash: Crash | None


def tried(installation: Installation, argv: Sequence[str]) -> Tried:
    """Run a tool. LLVM's own error of something that is not written is told as such, though the tool aborts after it."""
    symbolizer = installation.bindir / "llvm-symbolizer"
    done = run(argv, timeout=START_SECONDS, env={"LLVM_SYMBOLIZER_PATH": str(symbolizer)})
    return read(done)


def read(done: Completed) -> Tried:
    """What a tool's end says."""
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
    """The targets that `llc --version` lists; () if it does not end well."""
    done = run([str(llc), "--version"], timeout=START_SECONDS)
    _, _, listed = done.stdout.partition("Registered Targets:")
    return tuple(_LISTED.findall(listed)) if done.ok else ()


def data_layout(llc: Path, triple: str) -> str:
    """The data layout that a module of this triple gets; "" if llc does not say."""
    words = [str(llc), f"--mtriple={triple}", "-stop-after=pre-isel-intrinsic-lowering", "-o", "-"]
    done = run(words, timeout=START_SECONDS, stdin="define void @nothing() {\n  ret void\n}\n")
    found = _LAYOUT.search(done.stdout)
    return found[1] if found else ""
