"""What enters: a preamble (includes and declarations) and texts of C++ functions.
What leaves: for each text whether clang accepts it after the preamble, and the first error. Results are kept in SQLite.
What it does not do: make code, run tests, or repair a text.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.incremental import ContentHashes, Step, input_key
from llvm_integration.process import ToolFailure, run

Progress = Callable[[int, int, str], None]

PREAMBLE_SECONDS = 180.0
CHECK_SECONDS = 20.0
CHECK_MEMORY_MB = 6000

_PLAIN = ("-fno-spell-checking", "-fno-caret-diagnostics", "-fno-color-diagnostics")
_LIMITS = (*_PLAIN, "-ferror-limit=5")
_ALL = (*_PLAIN, "-ferror-limit=200")
_SUSPECT = ("-Wno-everything", "-Werror=return-type", "-Werror=uninitialized", "-Wunused-variable", "-Wunused-but-set-variable")
"""What is an error in a function though clang would take it, and what speaks against it."""
_WITH_ASSERTS = "#undef assert\n#define assert(condition) static_cast<void>(condition)\n#line 1 \"<stdin>\"\n"
_ERROR = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<message>.*)$", re.MULTILINE)
_OWN_LINE = re.compile(r"^<stdin>:(\d+):\d+: (?:fatal error|error|note): ", re.MULTILINE)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS precompiled (name TEXT PRIMARY KEY, key TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdict (
  key TEXT PRIMARY KEY, ok INTEGER NOT NULL, message TEXT NOT NULL, line INTEGER NOT NULL, clean INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An error as clang tells it. `file` is as clang was given or found it; it and `line` are "" and 0 where no place is told."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.file else self.message


@dataclass(frozen=True, slots=True)
class Preamble:
    """A precompiled preamble. `header`: its text; `mistakes`: the errors of it alone; `key` digests its inputs."""

    name: str
    header: Path
    pch: Path
    key: str
    mistakes: tuple[Mistake, ...]

    @property
    def ok(self) -> bool:
        """Whether clang accepts the preamble itself."""
        return not self.mistakes


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`message` is the first error and `line` the line of the text (from 1) that it concerns; "" and 0 where there is none.
    `clean`: accepted with its assertions too, and every local variable is used."""

    ok: bool
    message: str
    line: int
    clean: bool


def mistakes_in(said: str) -> tuple[Mistake, ...]:
    """The errors in what clang said, in order."""
    return tuple(Mistake(m["file"], int(m["line"]), m["message"]) for m in _ERROR.finditer(said))


def check_files(
    installation: Installation, files: Sequence[Path], include_dirs: Sequence[Path], flags: Sequence[str], jobs: int, progress: Progress
) -> dict[Path, tuple[Mistake, ...]]:
    """Each whole file -> the errors that clang has to say of it and what it includes (200 at most), () if it has none.

    ``progress(done, all, file)`` after each. A file on which clang does not end counts as wrong. Raises ToolFailure if clang cannot be run.
    """
    command = [str(installation.clangxx), *flags, "-w", *_ALL, *(f"-I{folder}" for folder in include_dirs), "-fsyntax-only"]

    def one(file: Path) -> tuple[Mistake, ...]:
        completed = run([*command, str(file)], timeout=PREAMBLE_SECONDS, memory_mb=CHECK_MEMORY_MB)
        if completed.ok:
            return ()
        if completed.timed_out:
            return (Mistake("", 0, f"clang did not end within {PREAMBLE_SECONDS:.0f} s"),)
        return mistakes_in(completed.stderr) or (Mistake("", 0, completed.stderr[-400:].strip() or "clang crashed"),)

    said: dict[Path, tuple[Mistake, ...]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for file, mistakes in zip(files, pool.map(one, files), strict=True):
            said[file] = mistakes
            progress(len(said), len(files), file.name)
    return said


class Checker:
    """Syntax checks with one set of include folders and flags; `work` keeps precompiled preambles and results."""

    def __init__(self, installation: Installation, include_dirs: Sequence[Path], flags: Sequence[str], work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self._work = work.resolve()
        includes = [f"-I{folder}" for folder in include_dirs]
        # Templates that the preamble needs are instantiated once, in the PCH: a check takes 0.04 s in place of 0.6 s.
        # "-w" would silence the warnings by which texts are judged; preambles and whole files get it back.
        spoken = [flag for flag in flags if flag != "-w"]
        self._command = (str(installation.clangxx), *spoken, "-fpch-instantiate-templates", *includes)
        self._hashes = ContentHashes()
        self._lock = threading.Lock()
        self._database = sqlite3.connect(self._work / "checks.sqlite3", check_same_thread=False, isolation_level=None, timeout=60)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file of results."""
        self._database.close()

    def preamble(self, name: str, text: str, base: Preamble | None = None) -> Preamble:
        """Precompile `text`, on top of `base` if given, unless nothing that it includes has changed since.

        Errors of the preamble are told by the result, and checks after it go on: they judge the text that follows.
        Raises ToolFailure if clang cannot be run, or writes nothing: it crashed or took too long.
        """
        under = ["-include-pch", str(base.pch)] if base else []
        stem = f"{name}-{hashlib.blake2b((text + (base.key if base else '')).encode(), digest_size=8).hexdigest()}"
        header, pch, depfile = (self._work / f"{stem}{suffix}" for suffix in (".h", ".pch", ".d"))
        step = Step((*self._command, *under, str(header)), pch, depfile, PREAMBLE_SECONDS)
        if pch.exists() and depfile.exists():
            key = input_key(step, self._hashes)
            row = self._select("SELECT said FROM precompiled WHERE name = ? AND key = ?", stem, key)
            if row is not None:
                return Preamble(name, header, pch, key, mistakes_in(str(row[0])))
        header.write_text(text, encoding="utf-8")
        pch.unlink(missing_ok=True)
        # Files are compared by content here, so clang need not compare their times. A PCH with errors is written with status 0.
        options = ["-Xclang", "-fno-pch-timestamp", "-Xclang", "-fallow-pch-with-compiler-errors"]
        depend = ["-o", str(pch), "-MMD", "-MF", str(depfile)]
        argv = [*self._command, "-w", *_ALL, *options, *under, "-x", "c++-header", str(header), *depend]
        completed = run(argv, timeout=PREAMBLE_SECONDS, memory_mb=CHECK_MEMORY_MB)
        completed.check(next_step="run the command by hand, with fewer includes")
        mistakes = mistakes_in(completed.stderr)
        if not depfile.exists():  # a fatal error: an include that is not there
            said = str(mistakes[0]) if mistakes else "clang wrote no dependencies"
            raise ToolFailure(said, where=str(header), next_step="give the missing header", command=completed.command)
        key = input_key(step, self._hashes)
        self._insert("INSERT OR REPLACE INTO precompiled VALUES (?, ?, ?)", stem, key, completed.stderr if mistakes else "")
        return Preamble(name, header, pch, key, mistakes)

    def check(self, preamble: Preamble, text: str, timeout: float = CHECK_SECONDS) -> CheckResult:
        """Whether clang accepts `text` after `preamble`; `timeout` in seconds, after which the text counts as wrong.

        A path that returns nothing, or the use of what has no value, is an error. Functions that are declared and never defined are
        none: nothing is linked. A time-out or a crash of clang is not kept, and so tried again by the next run.
        Raises ToolFailure if clang cannot be run.
        """
        key = hashlib.blake2b(f"{preamble.key}\0{text}".encode(), digest_size=16).hexdigest()
        row = self._select("SELECT ok, message, line, clean FROM verdict WHERE key = ?", key)
        if row is not None:
            return CheckResult(bool(row[0]), str(row[1]), int(row[2]), bool(row[3]))
        result, kept = self._run(preamble, _WITH_ASSERTS + text, timeout)
        if not result.ok and "assert" in text:
            result, kept = self._run(preamble, text, timeout)
            result = replace(result, clean=False)
        if kept:
            values = (int(result.ok), result.message, result.line, int(result.clean))
            self._insert("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?)", key, *values)
        return result

    def _run(self, preamble: Preamble, text: str, timeout: float) -> tuple[CheckResult, bool]:
        """One run of clang; and whether its result is one to keep."""
        tolerant = ["-Xclang", "-fallow-pch-with-compiler-errors"]
        argv = [*self._command, *_LIMITS, *_SUSPECT, *tolerant, "-fsyntax-only", "-x", "c++", "-include-pch", str(preamble.pch), "-"]
        completed = run(argv, stdin=text, timeout=timeout, memory_mb=CHECK_MEMORY_MB)
        if completed.ok:
            return CheckResult(True, "", 0, "warning: " not in completed.stderr), True
        if completed.timed_out:
            return CheckResult(False, f"clang did not end within {timeout:.0f} s", 0, False), False
        found = _ERROR.search(completed.stderr)
        if found is None:
            said = f"clang ended with status {completed.returncode}: {completed.stderr[:400].strip()}"
            return CheckResult(False, said, 0, False), False
        own = _OWN_LINE.search(completed.stderr)
        return CheckResult(False, found["message"], int(own[1]) if own else 0, False), True

    def _select(self, query: str, *values: str) -> tuple[str | int, ...] | None:
        with self._lock:
            return self._database.execute(query, values).fetchone()

    def _insert(self, statement: str, *values: str | int) -> None:
        with self._lock:
            self._database.execute(statement, values)
