"""Read the output of a failed tool: the line that says what went wrong, and the C++ function that it concerns."""

from __future__ import annotations

import re

from llvm_integration.process import Completed
from vega_gen.records import Obstacle

_MATTERS = re.compile(r"LLVM ERROR: |(?:^|: )(?:fatal )?error: |Assertion |Bad machine code|UNREACHABLE|not implemented", re.M)
# Generated stubs report "LLVM ERROR: Toy: InstrInfo::copyPhysReg is not written yet".
_STUB = re.compile(r"LLVM ERROR: (?:\w+: )?([\w:~]+) is not (?:written|implemented)")
_QUALIFIED = re.compile(r"(?<![\w:])((?:(?!\w*ISD::)[A-Za-z_]\w*::)+~?[A-Za-z_]\w*)")
_FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ (?:\(anonymous namespace\)::)?(.+?)\(", re.M)
_NOISE = re.compile(r"PLEASE submit|Stack dump|^\d+\.\s|^\s*#\d+ ")


def crashed(done: Completed) -> bool:
    """Whether a tool ended by a signal, a fatal error or the time limit, rather than with an ordinary error."""
    return done.timed_out or done.returncode < 0 or done.returncode >= 128 or "LLVM ERROR:" in done.stderr or "Stack dump:" in done.stderr


def fatal(obstacle: Obstacle) -> bool:
    """Whether an obstacle is a crash, a fatal error or the time limit, rather than an ordinary error."""
    return bool(obstacle.function) or obstacle.message.startswith(("LLVM ERROR", "UNREACHABLE", "ended by signal", "did not end"))


def explained(done: Completed) -> bool:
    """Whether the tool's output says what went wrong."""
    return _MATTERS.search(done.stderr) is not None


def message(done: Completed) -> str:
    """The first line of output that says what went wrong, else how the process ended."""
    if done.timed_out:
        return f"did not end within {done.seconds:.0f} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    for line in lines:
        if _MATTERS.search(line):
            return line
    plain = next((line for line in lines if not _NOISE.search(line)), "")
    if plain:
        return plain
    return f"ended by signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"


def function(done: Completed, target: str) -> str:
    """The C++ function that a fatal error names, else the target's innermost function in the stack trace, else ""."""
    fatal = next((line for line in done.stderr.splitlines() if "LLVM ERROR:" in line or "UNREACHABLE" in line), "")
    named = _STUB.search(fatal) or _QUALIFIED.search(fatal)
    if named:
        return named[1].removeprefix("llvm::")
    frames = (frame[1].strip() for frame in _FRAME.finditer(done.stderr))
    return next((frame.removeprefix("llvm::") for frame in frames if target.lower() in frame.lower()), "")


def obstacle(name: str, done: Completed, target: str) -> Obstacle:
    """Make an Obstacle of a failed process."""
    return Obstacle(name, done.command, message(done), function(done, target))
