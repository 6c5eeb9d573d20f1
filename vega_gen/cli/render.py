"""Terminal output for ``cli``: results and tables on standard output; errors, notices and progress on standard error."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from llvm_integration.doctor import Examination
    from llvm_integration.failure import Failure
    from vega_gen.pipeline.try_request import TriedFact
    from vega_gen.records import TdFinding
    from vega_gen.registration import RegistrationPlace

Advance = Callable[[int, int, str], None]
"""``advance(done, total, text)``: ``total`` is 0 if it is not known; ``text`` says what is going on, and its first word names the stage."""

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(highlight=False, soft_wrap=True, stderr=True)

_LOG_SECONDS = 30.0
_FEW = 10
_ADVICE = {
    errno.ENOSPC: "free some space on that disk, or write elsewhere (--out, VEGA_GEN_CACHE)",
    errno.EROFS: "write elsewhere (--out, VEGA_GEN_CACHE)",
    errno.EACCES: "change the permissions, or write elsewhere (--out, VEGA_GEN_CACHE)",
    errno.EPERM: "change the permissions, or write elsewhere (--out, VEGA_GEN_CACHE)",
}


def json_text(value: Any) -> None:
    """Print ``value`` (dicts, lists, dataclasses, enums, numbers, strings, Paths) as JSON."""
    import orjson

    OUT.out(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def notice(line: str) -> None:
    """Print a line on standard error that the user should know but that is not part of the result."""
    ERR.print(line, markup=False)


def remind_of_facts(td: Path, facts: Path | None) -> None:
    """Print a notice where a facts file lies beside the .td and is not asked for: no command reads one unasked."""
    beside = td.with_name(f"{td.stem}.facts.toml")
    if facts is None and beside.is_file():
        notice(f"{beside} is not read: give it with --facts")


def error(where: str, what: str, next_step: str) -> None:
    """Print an error in the form that all errors have: ``vega-gen: error: <where>: <what>``, then ``next: <what to do>``."""
    place = f"{where}: " if where else ""
    ERR.print(f"vega-gen: error: {place}{what}", style="bold red", markup=False)
    if next_step:
        ERR.print(f"next: {next_step}", markup=False)


def failure(failure: Failure) -> None:
    """Print a failure; a tool's output and the command that repeats it stand between the error and the next step."""
    details = [failure.output] if failure.output else []
    if failure.command:
        details.append(f"command: {failure.command}")
    error(failure.where, "\n".join([failure.what, *details]), failure.next_step)


def os_error(failure: OSError) -> None:
    """Print a file system error with advice that fits its errno."""
    where = str(failure.filename) if failure.filename else ""
    error(where, failure.strerror or str(failure), _ADVICE.get(failure.errno or 0, ""))


class _Log:
    """Progress without a terminal: a line when a stage begins and ends, and one every half minute in between."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._start = time.monotonic()
        self._stage = ""
        self._began = self._said = self._start

    def __call__(self, done: int, total: int, text: str = "") -> None:
        now = time.monotonic()
        stage = text.partition(" ")[0]
        if stage and stage != self._stage:
            self._end(now)
            self._stage, self._began = stage, now
            self._say(now, text)
        elif now - self._said > _LOG_SECONDS:
            self._say(now, f"{text} ({done} of {total})" if total else text)

    def end(self) -> None:
        if self._stage:
            self._end(time.monotonic())

    def _end(self, now: float) -> None:
        if self._stage:
            self._say(now, f"{self._stage} ended after {now - self._began:.0f} s")
        self._stage = ""

    def _say(self, now: float, text: str) -> None:
        minutes, seconds = divmod(int(now - self._start), 60)
        self._said = now
        ERR.print(f"[{minutes}:{seconds:02}] {self._description}: {text}", markup=False)


@contextmanager
def progress(description: str) -> Generator[Advance]:
    """Show progress on standard error during the block: a bar with an ETA on a terminal, else lines.

    The bar appears at the first call of the yielded ``advance``.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    if not ERR.is_terminal:
        log = _Log(description)
        try:
            yield log
        finally:
            log.end()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}", markup=False, style="dim"),
    )
    bar = Progress(*columns, console=ERR)
    task = bar.add_task(description, total=None, text="")

    def advance(done: int, total: int, text: str = "") -> None:
        bar.start()
        bar.update(task, completed=done, total=total or None, text=text)

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()


def size(number: int) -> str:
    """Format a number of bytes for people: "1.4 GiB"."""
    value, unit = float(number), 0
    while value >= 1024 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{value:.{int(unit > 1)}f} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[unit]}"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print a table; the columns named in ``right`` are right-aligned."""
    from rich.table import Table
    from rich.text import Text

    view = Table(title=title or None, title_justify="left")
    for column in columns:
        view.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        view.add_row(*(Text(cell) for cell in row))
    OUT.print(view, soft_wrap=False)


def examination(result: Examination) -> None:
    """Print what ``doctor`` found."""
    rows: list[tuple[str, str, str, str]] = []
    for finding in result.findings:
        state = "ok" if finding.ok else "MISSING" if finding.needed else "absent"
        rows.append((finding.name, state, finding.found, finding.next_step))
    table("", ("what", "state", "found", "how to get it"), rows)


def places(found: Sequence[RegistrationPlace]) -> None:
    """Print the places where LLVM registers a target (``doctor --target``)."""
    for place in found:
        where = f"{place.path}:{place.line}" if place.line else place.path
        absent = place.state == "missing"
        state = ("MISSING" if place.needed else "absent") if absent else place.state.value
        why = f" (without it {place.without})" if absent else ""
        OUT.out(f"{state:8}{place.arch}: {where}: {place.holder or 'the file'}{why}")


def findings(found: Sequence[TdFinding], td: str) -> None:
    """Print findings of ``vega-gen check`` as compilers print theirs, and how many there are of each severity."""
    for f in found:
        also = f" (and {len(f.records) - 1} more records there)" if f.shared else ""
        lines = [f"{f.where or td}: {f.severity}: {f.what}{also} [{f.kind}]", f"later: {f.cost}", f"do: {f.advice}"]
        lines += [] if f.shared else [f"see {place}" for place in f.related]
        OUT.out("\n    ".join(lines))
    OUT.out(f"{td}: {counted(found) or 'nothing found'}")


def worst(found: Sequence[TdFinding]) -> tuple[list[TdFinding], int]:
    """Those to show beside other results: all errors, and warnings up to ten lines together. Also how many warnings are not among them."""
    ordered = [f for severity in ("error", "warning") for f in found if f.severity == severity]
    errors = sum(f.severity == "error" for f in ordered)
    shown = ordered[: max(_FEW, errors)]
    return shown, len(ordered) - len(shown)


def counted(found: Sequence[TdFinding]) -> str:
    """How many findings there are of each severity: "1 error, 2 notes"; "" for none."""
    number = {severity: sum(f.severity == severity for f in found) for severity in ("error", "warning", "note")}
    return ", ".join(f"{n} {severity}{'' if n == 1 else 's'}" for severity, n in number.items() if n)


def trials(tried: Iterable[TriedFact]) -> None:
    """Print what a search tried, and what each value gained."""
    for trial in tried:
        gained = ", ".join(f"{rung} {more:+d}" for rung, more in trial.gained.items()) or trial.problem or "nothing changes"
        OUT.out(f"{'kept' if trial.kept else 'tried'}: {trial.key} = {trial.value}, not {trial.instead or 'nothing'}: {gained}")
