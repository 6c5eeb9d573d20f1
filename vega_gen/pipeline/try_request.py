"""What ``try`` is asked, and what it answers."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from llvm_integration.checkout import valid_target_name
from llvm_integration.plugin import Plugin
from vega_gen import tablegen
from vega_gen.errors import InputError
from vega_gen.pipeline.request import relocations_beside
from vega_gen.records import Description, Fact, GivenFact, Ladder, Rung, TdFinding
from vega_gen.simulate.running import Ran

MARK = ".vega-gen-try"
"""A file in a folder that ``try`` wrote, which it may therefore replace."""
_KINDS = (".c", ".ll")


@dataclass(frozen=True, slots=True)
class TryRequest:
    """The options of ``try``.

    ``version``: of the LLVM to use, "" for the newest that will do; ``prefix``: its folder, instead of those where LLVMs are installed.
    ``out``: folder for the result, None for one in the cache. ``program``: a .c or .ll file to compile. ``level``: of optimisation, 0 to 3.
    ``ladder``: climb the ladder too. ``machine``: that of targets/settings/qemu.toml that runs its programs, "" for the one that fits.
    ``facts``: a facts file. ``supposed``: further facts, which a search tries. ``search``: seconds in which values of doubtful facts are
    tried, 0 for none.
    ``cpu``, ``attrs``: the processor and the features that the backend is made for, as for -mcpu and -mattr; "" for the default ones.
    ``probe``: rung -> the programs that alone climb it, no other rung being climbed; empty for the whole ladder.
    """

    td: Path
    version: str = ""
    prefix: Path | None = None
    name: str = ""
    big_endian: bool = False
    out: Path | None = None
    program: Path | None = None
    level: int = 2
    ladder: bool = False
    machine: str = ""
    facts: Path | None = None
    supposed: tuple[GivenFact, ...] = ()
    search: float = 0.0
    cpu: str = ""
    attrs: str = ""
    probe: Mapping[Rung, tuple[str, ...]] = field(default_factory=dict[Rung, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the work. ``seconds``: wall-clock time; phases overlap. ``said``: how much there was to do."""

    name: str
    seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class TriedFact:
    """A value of a doubtful fact that a search tried in place of ``instead``. ``gained``: rung -> how many more pass, less than zero for
    fewer; ``problem``: why there is no backend with it. ``kept``: whether it stays."""

    key: str
    value: str
    instead: str
    gained: Mapping[str, int]
    problem: str
    kept: bool


@dataclass(frozen=True, slots=True)
class TryResult:
    """A plug-in, and a program compiled with it.

    ``arch``: the name for -march and -mtriple. ``folder``: holds ``src``, ``bin`` (the tools) and the program's files.
    ``missing``: fact -> why there is no code generator. ``broken``: part that was left out, because its C++ does not compile -> the first
    error. ``limits``: fact -> what the code generator cannot do. ``stubs``: functions that TableGen's tables call and of which the .td says
    no more than the name: a tool that comes to one ends with an error that names it.
    ``abilities``: what the plug-in does. ``commands``: shell commands that use it by hand. ``ir``, ``assembly``, ``object_file``: the
    program's files, None where there is none; ``notes``: what is to be known of them. ``ran``: how the program ended in the simulator, None
    where it did not run. ``reads``: the contents of all files that were read, as digests. ``findings``: what llvm-tblgen lets through, the
    gravest first (``vega-gen check``). ``ladder``: None where it was not asked for. ``facts``: what the records are for.
    ``trials``: what a search tried. ``description``: the completed one that the plug-in was made of.
    """

    target: str
    arch: str
    plugin: Plugin
    folder: Path
    files: int
    missing: Mapping[str, str]
    broken: Mapping[str, str]
    limits: Mapping[str, str]
    abilities: tuple[str, ...]
    commands: tuple[str, ...]
    phases: tuple[Phase, ...]
    seconds: float
    reads: Mapping[Path, str]
    ir: Path | None = None
    assembly: Path | None = None
    object_file: Path | None = None
    notes: tuple[str, ...] = ()
    ran: Ran | None = None
    findings: tuple[TdFinding, ...] = ()
    ladder: Ladder | None = None
    stubs: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    trials: tuple[TriedFact, ...] = ()
    description: Description | None = None


@dataclass
class PhaseClock:
    """Times the phases of a run."""

    start: float = field(default_factory=time.monotonic)
    _phases: dict[str, tuple[float, Phase]] = field(default_factory=dict[str, tuple[float, Phase]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def phase(self, name: str) -> Generator[list[str]]:
        """Time the block. The caller puts what it did into the list."""
        begun, said = time.monotonic(), list[str]()
        yield said
        self.ended(name, begun, " ".join(said))

    def ended(self, name: str, begun: float, said: str = "") -> None:
        """A phase ends now; of several ends the last one counts."""
        with self._lock:
            self._phases[name] = (begun, Phase(name, time.monotonic() - begun, said))

    def said(self, name: str, said: str) -> None:
        """Add what a phase did."""
        begun, phase = self._phases[name]
        self._phases[name] = (begun, replace(phase, said=said))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in the order in which they began."""
        return tuple(phase for _, phase in sorted(self._phases.values(), key=lambda pair: pair[0]))


def require_fit(request: TryRequest) -> None:
    """Check what can be checked before the work. Raises InputError."""
    if not request.td.is_file():
        raise InputError("no such file", str(request.td), "give the .td file that defines the target")
    if request.name and not valid_target_name(request.name):
        raise InputError(f"{request.name!r} cannot name a target", "--name", "give an identifier: letters, digits and underscores")
    program, out = request.program, request.out
    if program is not None and program.suffix not in _KINDS:
        raise InputError("not a program that can be compiled", str(program), f"give a file that ends in {' or '.join(_KINDS)}")
    if program is not None and not program.is_file():
        raise InputError("no such file", str(program), "give the C or LLVM IR file to compile")
    if out is not None and out.exists() and not (out / MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("this folder is not empty, and try did not write it", str(out), "name another one with --out")


def reads(td: Path, include: Path, *others: Path | None) -> dict[Path, str]:
    """Return the digest of each file that a run reads: the .td files, the list of relocations beside them, and ``others``.

    A file that is not there has the digest "". Raises InputError for a .td that is not UTF-8."""
    listed = relocations_beside(td, (td.stem,))
    beside = (path for path in (listed, *others) if path is not None)
    return {path: _digest(path) for path in (*tablegen.reachable(td, (td.parent, include)), *beside)}


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""
