"""Recognise lit tests that cannot have changed their result, because a rebuilt tool writes the same bytes as the unmodified one.

This is much faster than running lit. It never decides that a test fails: where an output differs, or a test's script is not simple, lit has
to run the test. A script is simple if each of its commands pipes one rebuilt tool into one other program (mostly FileCheck) and uses no
temporary files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lit import ShUtil as lit_shell  # pyright: ignore[reportMissingTypeStubs]

from llvm_integration.process import output, threads

_SHELL: Any = lit_shell
_LINE = re.compile(r"%dbg\([^)]*\) ?(.*)", re.DOTALL)
_FROM = ("<",)
_MERGED = (">&", 2), "1"


@dataclass(frozen=True, slots=True)
class Command:
    """A run of a tool in a test. ``stdin``: the path of its standard input, "" for none. ``merged``: whether standard error is redirected
    to standard output. ``digest``: the hash of the unmodified tool's output, "" if not known."""

    tool: str
    arguments: tuple[str, ...]
    stdin: str
    merged: bool
    digest: str = ""


@dataclass(frozen=True)
class Recording:
    """The recorded outputs of the unmodified tools. ``tests``: name -> the commands of its script, for simple tests only.
    ``environment``: the environment in which lit runs them."""

    environment: Mapping[str, str]
    tests: Mapping[str, tuple[Command, ...]]

    def same(self, test: str, tools_dir: Path, variables: Mapping[str, str], timeout: float, memory_mb: int) -> bool:
        """Whether the tools in ``tools_dir`` write the recorded output in every command of a test; False for a test without recording.

        ``variables``: added to the environment. ``timeout``: seconds per command. ``memory_mb``: limit on its address space."""
        commands = self.tests.get(test, ())
        environment = {**self.environment, **variables}
        return bool(commands) and all(_digest(c, tools_dir, environment, timeout, memory_mb) == c.digest for c in commands)

    def write(self, path: Path) -> None:
        """Write the recording to a JSON file."""
        plain = {"environment": dict(self.environment), "tests": {name: [asdict(c) for c in cs] for name, cs in self.tests.items()}}
        path.write_text(json.dumps(plain), encoding="utf-8")


def read(path: Path) -> Recording:
    """Read a recording from a JSON file; an empty one if there is no such file."""
    if not path.is_file():
        return Recording({}, {})
    plain = json.loads(path.read_text(encoding="utf-8"))
    return Recording(plain["environment"], {name: tuple(map(_from_plain, cs)) for name, cs in plain["tests"].items()})


def _from_plain(c: dict[str, Any]) -> Command:
    return Command(c["tool"], tuple(c["arguments"]), c["stdin"], c["merged"], c["digest"])


def record(
    scripts: Mapping[str, Sequence[str]], environment: Mapping[str, str], tools_dir: Path, scratch: Path, *, timeout: float, memory_mb: int,
    jobs: int,
) -> Recording:
    """Record the output of the unmodified tools in ``tools_dir`` for each simple test.

    ``scripts``: test -> commands after lit's substitutions. ``scratch``: the suite's work folder; a command with a path in it (other than
    its tool's) uses temporary files, so its test is not simple. ``timeout``: seconds per command."""
    tools = frozenset(tool.name for tool in tools_dir.iterdir())
    simple = {name: commands for name, script in scripts.items() if (commands := commands_of(script, tools, scratch))}

    def said(command: Command) -> str:
        return _digest(command, tools_dir, environment, timeout, memory_mb)

    with threads(jobs) as pool:
        every = [command for commands in simple.values() for command in commands]
        digests = dict(zip(every, pool.map(said, every), strict=True))
    found: dict[str, tuple[Command, ...]] = {}
    for name, commands in simple.items():
        told = tuple(Command(c.tool, c.arguments, c.stdin, c.merged, digests[c]) for c in commands)
        if all(c.digest for c in told):
            found[name] = told
    return Recording(environment, found)


def commands_of(script: Sequence[str], tools: Collection[str], scratch: Path) -> tuple[Command, ...]:
    """Return the runs of tools in a script, () if it is not simple."""
    found: list[Command] = []
    for line in script:
        match = _LINE.fullmatch(line)
        command = _command(match[1] if match else line, tools, scratch)
        if command is None:
            return ()
        found.append(command)
    return tuple(found)


def _command(line: str, tools: Collection[str], scratch: Path) -> Command | None:
    try:
        pipeline: Any = _SHELL.ShParser(line, False, True).parse()
    except (ValueError, IndexError, AttributeError):  # lit 23's parser raises all three; the last one for a missing quote
        return None
    if not isinstance(pipeline, _SHELL.Pipeline) or pipeline.negate or len(pipeline.commands) != 2:
        return None
    first, second = pipeline.commands
    words = [*first.args, *second.args]
    if not all(isinstance(word, str) for word in words) or second.redirects:
        return None
    if Path(words[0]).parent != scratch / "bin" or Path(words[0]).name not in tools or Path(second.args[0]).name in tools:
        return None
    stdin, merged = "", False
    for redirect in first.redirects:
        if redirect[0] == _FROM:
            stdin = redirect[1]
        elif redirect == _MERGED:
            merged = True
        else:
            return None
    if any(str(scratch) in word for word in (*first.args[1:], *second.args[1:], stdin)):
        return None
    return Command(Path(words[0]).name, tuple(first.args[1:]), stdin, merged)


def _digest(command: Command, tools_dir: Path, environment: Mapping[str, str], timeout: float, memory_mb: int) -> str:
    argv = [str(tools_dir / command.tool), *command.arguments]
    stdin = Path(command.stdin) if command.stdin else None
    said = output(argv, env=environment, stdin=stdin, merged=command.merged, timeout=timeout, memory_mb=memory_mb)
    return "" if said is None else hashlib.blake2b(said, digest_size=16).hexdigest()
