"""Run the generators of llvm-tblgen whose output, or whose messages, the checks read, and find where records are defined."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from llvm_integration.failure import ToolFailure
from llvm_integration.process import Completed, Progress, run, threads
from vega_gen.tablegen.checks.typed_patterns import TypedPattern, entries
from vega_gen.tablegen.load import memory_for, records
from vega_gen.tablegen.raw import Raw

_TIMEOUT = 600.0
_Waited = TypeVar("_Waited")
DefPlaces = dict[str, tuple[str, ...]]
# "ADD  |Toy.td:12|" and, where a multiclass made it, "  Defm sequence: |Toy.td:40| |Toy.td:38|", the outermost defm first.
_RECORD = re.compile(r"^([^\s|]+)  \|([^|\n]+:\d+)\|\n(?:  Defm sequence:((?: \|[^|\n]+\|)+))?", re.M)


class Survey:
    """What llvm-tblgen makes of one target; each method waits for the run that it needs.

    Methods raise InputError where llvm-tblgen cannot read the files, ToolFailure where it cannot be run.
    """

    def __init__(
        self,
        records: Future[dict[str, Raw]],
        decoder: Future[Completed],
        selector: Future[Completed],
        table: Path,
        read_places: Callable[[], Future[DefPlaces]],
        progress: Progress | None,
    ) -> None:
        self._records, self._decoder, self._selector, self._table, self._progress = records, decoder, selector, table, progress
        self._read_places = read_places
        self._places: Future[DefPlaces] | None = None

    def records(self) -> dict[str, Raw]:
        """Return the target's records by name."""
        return self._waited(self._records, "records", 0)

    def conflicts(self) -> str:
        """Return what -gen-disassembler prints, decoding conflicts among it."""
        return self._waited(self._decoder, "decoder tables", 1).stderr

    def undecodable(self) -> str:
        """Return the messages of -gen-disassembler where it fails, else ""."""
        done = self._waited(self._decoder, "decoder tables", 1)
        return "" if done.returncode == 0 else done.stderr

    def rejected(self) -> str:
        """Return the messages of -gen-dag-isel where it fails, else ""."""
        done = self._waited(self._selector, "patterns", 2)
        return "" if done.returncode == 0 else done.stderr

    def entries(self) -> tuple[TypedPattern, ...]:
        """Return the selection patterns in the order in which the selector tries them, none where they are rejected."""
        return () if self.rejected() else tuple(entries(self._table))

    def want_places(self) -> None:
        """Start the run that says where records are defined, if it has not been started."""
        if self._places is None:
            self._places = self._read_places()

    def places(self) -> DefPlaces:
        """Return record -> the places of its def, "Toy.td:12", and of the defms that made it, outermost first."""
        self.want_places()
        assert self._places is not None
        return self._waited(self._places, "places", 3)

    def _waited(self, run_: Future[_Waited], what: str, number: int) -> _Waited:
        if self._progress is not None and not run_.done():
            self._progress(number, 4, f"reading {what}")
        return run_.result()


@contextmanager
def survey(td: Path, folders: Sequence[Path], tblgen: Path, sources: Sequence[Path], progress: Progress | None = None) -> Generator[Survey]:
    """Start three runs of llvm-tblgen, as many at a time as there is memory for; all have ended after the block.

    ``folders``: where includes are looked for. ``sources``: all .td files, as ``reachable`` finds them. ``progress`` is told what is waited
    for.
    """
    size = sum(p.stat().st_size for p in sources)
    with tempfile.TemporaryDirectory(prefix="vega-gen-") as folder, threads(3) as pool:

        def made(name: str, *generator: str) -> Completed:
            return _run(tblgen, generator, folders, td, Path(folder) / name, size)

        def places() -> DefPlaces:
            made("places", "-print-detailed-records").check("check that llvm-tblgen is of LLVM 13 or later")
            return _places(Path(folder) / "places")

        selector = pool.submit(made, "selector", "-gen-dag-isel", "-instrument-coverage")  # the longest run first
        read = pool.submit(records, td, folders, tblgen, sources)
        decoder = pool.submit(made, "decoder", "-gen-disassembler")
        yield Survey(read, decoder, selector, Path(folder) / "selector", lambda: pool.submit(places), progress)


def _places(printed: Path) -> DefPlaces:
    text = printed.read_text(encoding="utf-8", errors="replace")
    return {m[1]: (m[2], *re.findall(r"\|([^|]+)\|", m[3] or "")) for m in _RECORD.finditer(text, max(text.find("\nDEFS"), 0))}


def _run(tblgen: Path, generator: Sequence[str], folders: Sequence[Path], td: Path, to: Path, size: int) -> Completed:
    """Run a generator when there is memory for it: ``size`` is that of the .td files. Raises ToolFailure where it does not end in time."""
    argv = [str(tblgen), *generator, *(f"-I{folder}" for folder in folders), str(td), "-o", str(to)]
    with memory_for(size):
        ended = run(argv, timeout=_TIMEOUT)
    if ended.timed_out:
        raise ToolFailure(f"llvm-tblgen did not finish within {_TIMEOUT:.0f} s", argv[0], f"run it by hand: {ended.command}")
    return ended
