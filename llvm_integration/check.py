"""What enters: a preamble (includes and declarations) and texts of C++ functions.
What leaves: for each text whether clang accepts it after the preamble, and the first error. Results are kept in SQLite.
What it does not do: make code, run tests, or repair a text.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.incremental import BuildStep, ContentHashes, input_key
from llvm_integration.process import Completed, Progress, ToolFailure, run, threads

PREAMBLE_SECONDS = 180.0
CHECK_SECONDS = 20.0
SECONDS_A_TEXT = 0.5
CHECK_MEMORY_MB = 6000

_PLAIN = ("-fno-spell-checking", "-fno-caret-diagnostics", "-fno-color-diagnostics")
_LIMITS = (*_PLAIN, "-ferror-limit=5")
_ALL_ERRORS = (*_PLAIN, "-ferror-limit=0")
_ALL = (*_PLAIN, "-ferror-limit=200")
_SUSPECT = ("-Wno-everything", "-Werror=return-type", "-Werror=uninitialized", "-Wunused-variable", "-Wunused-but-set-variable")
"""What is an error in a function though clang would take it, and what speaks against it."""
_WITH_ASSERTS = "#undef assert\n#define assert(condition) static_cast<void>(condition)\n#line 1 \"<stdin>\"\n"
_ERROR = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<message>.*)$", re.MULTILINE)
_NOTE = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+: note: (?P<message>.*)$", re.MULTILINE)
_OWN_LINE = re.compile(r"^<stdin>:(\d+):\d+: (?:fatal error|error|note): ", re.MULTILINE)
_TEXT_LINE = re.compile(r"^<text (\d+)>:(\d+):\d+: (fatal error|error|warning|note): (.*)$", re.MULTILINE)
_DIAGNOSTIC = re.compile(r"^[^\n]+?:\d+:\d+: (?:fatal error|error|warning): ", re.MULTILINE)
_NEIGHBOUR = re.compile(r"redefin|redeclar|ambiguous|conflict|overload|already|previous|follows|specialization")
"""What clang says of a text because of another one beside it."""
_TWIN = re.compile(r"no matching|no viable|deleted|abstract|incomplete|undefined|invalid")
"""What it may say besides where a function has two definitions: the later one makes the function none that can be called."""
_DIRECTIVE = re.compile(r"^\s*#", re.MULTILINE)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS precompiled (name TEXT PRIMARY KEY, key TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdict (
  key TEXT PRIMARY KEY, ok INTEGER NOT NULL, message TEXT NOT NULL, line INTEGER NOT NULL, clean INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An error as clang tells it. `file` is as clang was given or found it; it and `line` are "" and 0 where no place is told.
    `notes`: what clang adds to it, in order."""

    file: str
    line: int
    message: str
    notes: tuple[Mistake, ...] = ()

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
    """The errors in what clang said, in order, each with the notes that follow it."""
    found = list(_ERROR.finditer(said))
    ends = [*(m.start() for m in found[1:]), len(said)]
    return tuple(
        Mistake(m["file"], int(m["line"]), m["message"], tuple(_placed(n) for n in _NOTE.finditer(said, m.end(), end)))
        for m, end in zip(found, ends, strict=False)
    )


def _placed(found: re.Match[str]) -> Mistake:
    return Mistake(found["file"], int(found["line"]), found["message"])


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
    with threads(jobs) as pool:
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
        step = BuildStep((*self._command, *under, str(header)), pch, depfile, PREAMBLE_SECONDS)
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
        known = self._known(preamble, text)
        if known is not None:
            return known
        result, kept = self._run(preamble, _WITH_ASSERTS + text, timeout)
        if not result.ok and "assert" in text:
            result, kept = self._run(preamble, text, timeout)
            result = replace(result, clean=False)
        if kept:
            self._keep(preamble, text, result)
        return result

    def sift(self, preamble: Preamble, groups: Sequence[Sequence[str]]) -> None:
        """Find out, with few runs of clang, about as many of the texts as can be told from others beside them; `check` then knows.

        `groups`: texts of which each defines the same function, so that at most one of them can stand in a file. First all texts are
        given to clang, and those that it finds wrong are done with; then the first of each group that is left, again until no error
        is: after an error clang leaves out some of its checks. Errors that a neighbour may be to blame for decide nothing.
        """
        asked = [[t for t in dict.fromkeys(group) if self._known(preamble, t) is None and not _DIRECTIVE.search(t)] for group in groups]
        texts = [text for group in asked for text in group]
        if len(texts) < 2:
            return
        wrong = self._wrong_together(preamble, texts)
        firsts = [next((text for text in group if text not in wrong), "") for group in asked]
        current = [text for text in dict.fromkeys(firsts) if text]
        while len(current) > 1:
            found = self._together(preamble, current, asserts=True)
            if found is None:
                return
            errors, warned = found
            if not errors:
                for i, text in enumerate(current):
                    self._keep(preamble, text, CheckResult(True, "", 0, i not in warned))
                return
            for i, result in errors.items():
                if result is not None and "assert" not in current[i]:
                    self._keep(preamble, current[i], result)
            current = [text for i, text in enumerate(current) if i not in errors]

    def _wrong_together(self, preamble: Preamble, texts: Sequence[str]) -> set[str]:
        """Those of the texts that clang finds wrong among the others, kept as such where no assertion can be the reason."""
        wrong: set[str] = set()
        remaining = list(texts)
        for asserts in (True, False):
            found = self._together(preamble, remaining, asserts=asserts) if remaining else None
            if found is None:
                break
            errors = [(remaining[i], result) for i, result in found[0].items() if result is not None]
            failed = [(text, result) for text, result in errors if not _TWIN.search(result.message)]
            wrong |= {text for text, _ in failed}
            for text, result in failed:
                if not asserts or "assert" not in text:
                    self._keep(preamble, text, result)
            remaining = [text for text, _ in failed if asserts and "assert" in text]
        return wrong

    def _together(
        self, preamble: Preamble, texts: Sequence[str], *, asserts: bool
    ) -> tuple[dict[int, CheckResult | None], set[int]] | None:
        """One run of clang over all texts: index -> what is wrong with the text (None: a neighbour may be to blame), and the indices of
        those that it warns of. None if an error belongs to no text, or clang does not come to an end."""
        parts = [f'#line 1 "<text {i}>"\n{text}\n' for i, text in enumerate(texts)]
        head = _WITH_ASSERTS if asserts else ""
        completed = self._clang(preamble, head + "".join(parts), _ALL_ERRORS, CHECK_SECONDS + len(texts) * SECONDS_A_TEXT)
        said = completed.stderr
        starts = [m.start() for m in _DIAGNOSTIC.finditer(said)]
        errors: dict[int, CheckResult | None] = {}
        warned: set[int] = set()
        for start, end in zip(starts, [*starts[1:], len(said)], strict=False):
            chunk = said[start:end]
            place = _TEXT_LINE.search(chunk)
            severity = chunk[: chunk.index("\n")] if "\n" in chunk else chunk
            if place is None:
                return None
            number = int(place[1])
            if ": warning: " in severity:
                warned.add(number)
            elif errors.get(number) is None:
                message = severity.partition("error: ")[2]
                # What is wrong in a header is told once, of the first text that makes it so.
                certain = severity.startswith("<text ") and not _NEIGHBOUR.search(message)
                errors[number] = CheckResult(False, message, int(place[2]), False) if certain else None
        return (errors, warned) if completed.ok or errors else None

    def _run(self, preamble: Preamble, text: str, timeout: float) -> tuple[CheckResult, bool]:
        """One run of clang; and whether its result is one to keep."""
        completed = self._clang(preamble, text, _LIMITS, timeout)
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

    def _clang(self, preamble: Preamble, text: str, limits: Sequence[str], timeout: float) -> Completed:
        tolerant = ["-Xclang", "-fallow-pch-with-compiler-errors"]
        argv = [*self._command, *limits, *_SUSPECT, *tolerant, "-fsyntax-only", "-x", "c++", "-include-pch", str(preamble.pch), "-"]
        return run(argv, stdin=text, timeout=timeout, memory_mb=CHECK_MEMORY_MB)

    def _known(self, preamble: Preamble, text: str) -> CheckResult | None:
        row = self._select("SELECT ok, message, line, clean FROM verdict WHERE key = ?", _key(preamble, text))
        return CheckResult(bool(row[0]), str(row[1]), int(row[2]), bool(row[3])) if row else None

    def _keep(self, preamble: Preamble, text: str, result: CheckResult) -> None:
        values = (int(result.ok), result.message, result.line, int(result.clean))
        self._insert("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?)", _key(preamble, text), *values)

    def _select(self, query: str, *values: str) -> tuple[str | int, ...] | None:
        with self._lock:
            return self._database.execute(query, values).fetchone()

    def _insert(self, statement: str, *values: str | int) -> None:
        with self._lock:
            self._database.execute(statement, values)


def _key(preamble: Preamble, text: str) -> str:
    return hashlib.blake2b(f"{preamble.key}\0{text}".encode(), digest_size=16).hexdigest()
