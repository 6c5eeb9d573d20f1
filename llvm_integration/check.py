"""Syntax-check C++ functions with clang after a precompiled preamble (includes and declarations), and report the first error of each.

Results are kept in SQLite across runs. One backend has thousands of candidates, so ``Checker.sift`` checks many of them per run of clang.
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
from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, input_key
from llvm_integration.process import Completed, Progress, run, threads

PREAMBLE_SECONDS = 180.0
CHECK_SECONDS = 20.0
SECONDS_A_TEXT = 0.5
CHECK_MEMORY_MB = 6000

_PLAIN = ("-fno-spell-checking", "-fno-caret-diagnostics", "-fno-color-diagnostics")
_LIMITS = (*_PLAIN, "-ferror-limit=5")
_ALL_ERRORS = (*_PLAIN, "-ferror-limit=0")
_ALL = (*_PLAIN, "-ferror-limit=200")
_SUSPECT = ("-Wno-everything", "-Werror=return-type", "-Werror=uninitialized", "-Wunused-variable", "-Wunused-but-set-variable")
"""Warnings that count as errors in a function (no return value, use of an uninitialized variable), and warnings that make it not clean."""
_WITH_ASSERTS = "#undef assert\n#define assert(condition) static_cast<void>(condition)\n#line 1 \"<stdin>\"\n"
_ERROR = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<message>.*)$", re.MULTILINE)
_NOTE = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+: note: (?P<message>.*)$", re.MULTILINE)
_OWN_LINE = re.compile(r"^<stdin>:(\d+):\d+: (?:fatal error|error|note): ", re.MULTILINE)
_TEXT_LINE = re.compile(r"^<text (\d+)>:(\d+):\d+: (fatal error|error|warning|note): (.*)$", re.MULTILINE)
_DIAGNOSTIC = re.compile(r"^[^\n]+?:\d+:\d+: (?:fatal error|error|warning): ", re.MULTILINE)
_NEIGHBOUR = re.compile(r"redefin|redeclar|ambiguous|conflict|overload|already|previous|follows|specialization")
"""Words of errors that another text in the same file may cause."""
_TWIN = re.compile(r"no matching|no viable|deleted|abstract|incomplete|undefined|invalid")
"""Words of the further errors that a duplicate definition of a function may cause, since the later one may make it uncallable."""
_DIRECTIVE = re.compile(r"^\s*#", re.MULTILINE)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS precompiled (name TEXT PRIMARY KEY, key TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdict (
  key TEXT PRIMARY KEY, ok INTEGER NOT NULL, message TEXT NOT NULL, line INTEGER NOT NULL, clean INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An error from clang. `file`: the path as clang prints it, "" if the error has no place. `line`: from 1, 0 if it has no place.
    `notes`: the notes that follow the error."""

    file: str
    line: int
    message: str
    notes: tuple[Mistake, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.file else self.message


@dataclass(frozen=True, slots=True)
class Preamble:
    """A precompiled preamble. `header`: the file with its text. `pch`: the precompiled header. `key`: digest of all its inputs.
    `mistakes`: the errors in the preamble itself."""

    name: str
    header: Path
    pch: Path
    key: str
    mistakes: tuple[Mistake, ...]

    @property
    def ok(self) -> bool:
        """Whether clang accepts the preamble without errors."""
        return not self.mistakes


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether clang accepts a text. `message`: the first error, "" if none. `line`: its line in the text, from 1, 0 if not known.
    `clean`: the text is accepted with its assertions enabled too, and has no unused local variable."""

    ok: bool
    message: str
    line: int
    clean: bool


def mistakes_in(said: str) -> tuple[Mistake, ...]:
    """Parse the errors in clang's standard error, in order, each with the notes that follow it."""
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
    """Check whole files; return file -> the errors in it and in what it includes (200 at most), () if it has none.

    ``progress(done, all, text)`` is called after each file. A file on which clang times out has one error that says so. Raises ToolFailure
    if clang cannot be run.
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
            progress(len(said), len(files), f"checking {file.name}")
    return said


class Checker:
    """Syntax checks with one set of include folders and flags. The folder `work` holds precompiled preambles and the results."""

    def __init__(self, installation: Installation, include_dirs: Sequence[Path], flags: Sequence[str], work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self._work = work.resolve()
        includes = [f"-I{folder}" for folder in include_dirs]
        # Templates that the preamble needs are instantiated once, in the PCH: a check takes 0.04 s rather than 0.6 s.
        # "-w" would suppress the warnings in _SUSPECT; `preamble` adds it back for preambles.
        spoken = [flag for flag in flags if flag != "-w"]
        self._command = (str(installation.clangxx), *spoken, "-fpch-instantiate-templates", *includes)
        self._hashes = ContentHashes()
        self._lock = threading.Lock()
        self._database = sqlite3.connect(self._work / "checks.sqlite3", check_same_thread=False, isolation_level=None, timeout=60)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database of results."""
        self._database.close()

    def preamble(self, name: str, text: str, base: Preamble | None = None) -> Preamble:
        """Precompile `text`, on top of `base` if given. An existing PCH is used again if none of its inputs has changed.

        Errors in the preamble are recorded in the result and do not fail the checks that use it. Raises ToolFailure if clang cannot be
        run, crashes or times out, or if an included file does not exist.
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
        # `input_key` compares the inputs' contents, so clang need not compare time stamps. With errors allowed, clang exits with status 0.
        options = ["-Xclang", "-fno-pch-timestamp", "-Xclang", "-fallow-pch-with-compiler-errors"]
        depend = ["-o", str(pch), "-MMD", "-MF", str(depfile)]
        argv = [*self._command, "-w", *_ALL, *options, *under, "-x", "c++-header", str(header), *depend]
        completed = run(argv, timeout=PREAMBLE_SECONDS, memory_mb=CHECK_MEMORY_MB)
        completed.check(next_step="run the command by hand, with fewer includes")
        mistakes = mistakes_in(completed.stderr)
        if not depfile.exists():  # a fatal error, such as a missing include
            said = str(mistakes[0]) if mistakes else "clang wrote no dependencies"
            raise ToolFailure(said, where=str(header), next_step="give the missing header", command=completed.command)
        key = input_key(step, self._hashes)
        self._insert("INSERT OR REPLACE INTO precompiled VALUES (?, ?, ?)", stem, key, completed.stderr if mistakes else "")
        return Preamble(name, header, pch, key, mistakes)

    def check(self, preamble: Preamble, text: str, timeout: float = CHECK_SECONDS) -> CheckResult:
        """Check `text` after `preamble`. `timeout` is in seconds; a text on which clang times out counts as wrong.

        A path without a return value and the use of an uninitialized variable are errors. Undefined functions are not, since nothing is
        linked. The result is stored, except after a time-out or a crash of clang, so the next run tries again.
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
        """Check many texts in few runs of clang and store the results, so that `check` answers for most of them without running clang.

        `groups`: alternative texts of the same function, at most one of which can be in a file. First all texts are compiled together, and
        the ones with errors are rejected. Then the first remaining text of each group is compiled with the others until a run has no error;
        only such a run proves texts right, because clang skips some checks after an error. An error that another text in the file may have
        caused decides nothing.
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
        """The texts that have errors when all are compiled together, first with assertions enabled and then the failing ones without.

        A result is stored unless only an assertion may be at fault."""
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
        """Compile all texts in one run of clang.

        Returns index -> the text's first certain error (None: another text may have caused it), and the indices of texts with warnings.
        Returns None if an error belongs to no text, or if clang fails without an error."""
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
                # An error inside a header is reported once, for the first text that triggers it; others may trigger it too.
                certain = severity.startswith("<text ") and not _NEIGHBOUR.search(message)
                errors[number] = CheckResult(False, message, int(place[2]), False) if certain else None
        return (errors, warned) if completed.ok or errors else None

    def _run(self, preamble: Preamble, text: str, timeout: float) -> tuple[CheckResult, bool]:
        """Check one text; return the result, and whether to store it."""
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
