"""Compile the backend of ``try``: put in what tables name and archetypes do not have, and leave out the parts that do not compile.

A .td may name C++ of the target's own that no contract asks for: an enumeration of operand types, fields of the subtarget, methods of the
parser. ``plan.demands`` makes these of the .td, as it does for ``new-target``. Nothing that archetypes wrote is taken out singly: where
errors remain, the folder in which they lie goes as a whole, since an assembler without one of its functions assembles nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import orjson

from llvm_integration.check import Mistake, mistakes_in
from llvm_integration.discover import Installation
from llvm_integration.edits import target_folder
from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import PluginBuild, write_changed
from llvm_integration.process import Progress
from vega_gen import cxx, store
from vega_gen.corpus import interfaces
from vega_gen.cxx.interface import Interface
from vega_gen.emit import emit
from vega_gen.groups import Interfaces
from vega_gen.plan import demands
from vega_gen.plan.blame import Blame
from vega_gen.plan.steps import Steps
from vega_gen.plan.stubs import Bases
from vega_gen.plan.unfit import unfit
from vega_gen.records import Description, Plan, Step

ROUNDS = 12
"""Rounds of compiling after which no more is put in."""
PARTS = {
    "": ("code generator", "compiles"), "AsmParser": ("assembler", "assembles"), "Disassembler": ("disassembler", "disassembles"),
}  # fmt: skip
"""Folder of a backend -> the part that can be left out with it, and what is lost then."""
_NEEDS_MORE = "the .td names C++ that it does not hold: new-target takes the headers that have it with --desc, and leaves out what fails"
_FALSE = cxx.tokenize("return false;")
_NOT_WRITTEN = re.compile(r'report_fatal_error\(\s*"\w+: ([\w:~]+) is not written yet"')
_SCOPED = re.compile(rf"{re.escape(demands.SCOPE)}(\w+)\.")
_SAID = re.compile(r"^(?P<where>[^\n:]+:\d+:\d+): (?:fatal )?error: (?P<what>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TrialBuild:
    """A backend that compiles. ``compiled``: how many files were. ``broken``: part that was left out -> the first error in it.
    ``stubs``: functions that the tables call and of which the .td says no more than the name. ``assumed``: such conditions of the
    subtarget, which are false. ``unfit``: fragments and transforms that no selection can rest on (``plan.unfit``)."""

    build: PluginBuild
    compiled: int
    broken: Mapping[str, str]
    stubs: tuple[str, ...]
    assumed: tuple[str, ...]
    unfit: tuple[str, ...]


def texts_of(plan: Plan, d: Description) -> dict[str, str]:
    """The backend's files, as ``new-target`` writes them: path relative to the target's folder -> text."""
    prefix = f"{target_folder(d.folder)}/"
    edits = emit(plan, d, {}, threshold=plan.flag_below)
    return {e.path.removeprefix(prefix): e.content for e in edits if isinstance(e.content, str)}


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Make ``texts`` the files of a folder; those that do not change keep their time."""
    for old in [p for p in folder.rglob("*") if p.is_file()]:
        if old.relative_to(folder).as_posix() not in texts:
            old.unlink()
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_changed(folder / path, text)


def compiled(build: PluginBuild, plan: Plan, d: Description, progress: Progress, untabled: Mapping[str, str]) -> TrialBuild:
    """Compile the files of ``build``, which are those of ``plan``, until all that are left compile. ``untabled``: parts that lack a table.

    Raises ToolFailure where that leaves no backend."""
    steps: Steps | None = None
    broken = dict(untabled)
    texts = texts_of(plan, d)
    seen: set[frozenset[tuple[str, str]]] = set()
    kept = _Kept(build, texts)
    before, rounds, count = kept.rounds(), list[dict[str, str]](), 0
    while True:
        failed: dict[str, ToolFailure] = {}
        if len(rounds) == len(before):
            write(build.sources, {path: text for path, text in texts.items() if part_of(path) not in broken})
            build = replace(build)  # lists the files again
            made, failed = build.failures(progress)
            count += made
            if not failed:
                kept.keep(rounds)
                there = [(f, f.candidate.statements) for f in plan.functions if f.step is Step.STUB and part_of(f.file) not in broken]
                false = {f.qualified_name for f, body in there if [s.head for s in body] == [_FALSE]}
                left = [text for path, text in texts.items() if part_of(path) not in broken]
                stubs = {name for text in left for name in _NOT_WRITTEN.findall(text)}
                stubs |= {f"{scope}::" for text in left for scope in _SCOPED.findall(text)}
                wrong = _unfit(build, d, rounds[-1:] if PARTS[""][0] in broken else (), stubs, false)
                return TrialBuild(build, count, broken, tuple(sorted(stubs)), tuple(sorted(false)), wrong)
            before.append({path: failure.output for path, failure in failed.items()})
        said = before[len(rounds)]
        rounds.append(said)
        steps = steps or _steps(build, d)
        seen.add(frozenset(texts.items()))
        plan = _supplied(build, plan, texts, steps, said) if len(seen) < ROUNDS else plan
        texts = texts_of(plan, d)
        if frozenset(texts.items()) in seen:
            broken |= _left_out(said, failed, broken)


@dataclass(frozen=True)
class _Kept:
    """What the compiler said of a backend, round by round, so that the next run of the same backend goes straight to its end."""

    build: PluginBuild
    texts: Mapping[str, str]

    def rounds(self) -> list[dict[str, str]]:
        """Path -> the compiler's errors, for each round; none where something has changed since."""
        if not self._file.is_file():
            return []
        found = orjson.loads(self._file.read_bytes())
        return found["rounds"] if found["key"] == self._key else []

    def keep(self, rounds: list[dict[str, str]]) -> None:
        """Keep the rounds for the next run."""
        store.write_atomic(self._file, orjson.dumps({"key": self._key, "rounds": rounds}))

    @property
    def _file(self) -> Path:
        return self.build.work / "rounds.json"

    @cached_property
    def _key(self) -> str:
        tables = (hashlib.blake2b(p.read_bytes()).hexdigest() for p in sorted(self.build.tables.glob("*.inc")))
        texts = (part for pair in sorted(self.texts.items()) for part in pair)
        return store.digest(store.code_version(__name__), str(self.build.installation.prefix), *tables, *texts)


def _supplied(build: PluginBuild, plan: Plan, texts: Mapping[str, str], steps: Steps, said: Mapping[str, str]) -> Plan:
    """The plan with what the errors say is missing."""
    folder = build.target_dir

    def own(m: Mistake) -> Mistake:
        return replace(m, file=m.file.removeprefix(f"{folder}/"), notes=tuple(map(own, m.notes)))

    mistakes = {path: tuple(map(own, mistakes_in(output))) for path, output in said.items()}
    tables = {p.name: p.read_text(encoding="utf-8") for p in sorted(build.tables.glob("*.inc"))}
    blame = Blame(plan, texts, steps, tables)
    blame.supplied(mistakes)
    return demands.assumed(blame.plan, f"{plan.target}Subtarget")


def _unfit(
    build: PluginBuild, d: Description, rounds: Iterable[Mapping[str, str]], stubs: Iterable[str], false: Iterable[str]
) -> tuple[str, ...]:
    """See ``TrialBuild.unfit``. ``rounds``: what the compiler said of the code generator, nothing where it compiles."""
    table = build.tables / f"{d.name}GenDAGISel.inc"
    if not table.is_file():
        return ()
    said = (m for one in rounds for output in one.values() for m in mistakes_in(output))
    lines = {m.line for m in said if m.file.endswith(f"/{table.name}")}
    own = f"{d.name}DAGToDAGISel::"
    unwritten, assumed = ({name.removeprefix(own) for name in names if name.startswith(own)} for names in (stubs, false))
    return tuple(unfit(d, table.read_text(encoding="utf-8"), lines, unwritten, assumed))


def _left_out(said: Mapping[str, str], failed: Mapping[str, ToolFailure], broken: Mapping[str, str]) -> dict[str, str]:
    """The parts in which files fail -> the first error. Raises the ToolFailure of a file that is in no part, or whose part is gone."""
    found: dict[str, str] = {}
    for path, output in sorted(said.items()):
        part = part_of(path)
        if not part or part in broken:
            failure = failed[path]
            failure.next_step = failure.next_step or _NEEDS_MORE
            raise failure
        first = _SAID.search(output)
        found.setdefault(part, f"{first['where']}: {first['what']}" if first else f"{path} does not compile")
    return found


def part_of(path: str) -> str:
    """The part that a file of the backend belongs to, "" for none."""
    return PARTS.get(path.rpartition("/")[0], ("",))[0]


def _steps(build: PluginBuild, d: Description) -> Steps:
    installation = build.installation
    names = [name.strip('"') for name in build.headers if name.startswith('"')]
    found = {name: path for name in names if (path := _header(installation, name))}
    llvm = Interface(installation.include_dirs)

    def read(name: str) -> bytes:
        path = found.get(name)
        return path.read_bytes() if path else b""

    bases = Bases(Interfaces(interfaces(found)), read, build.tables, d.name, "")
    return Steps(d, bases, header=lambda name: llvm.header(name) if llvm.defines(name) else "")


def _header(installation: Installation, name: str) -> Path | None:
    return next((path for folder in installation.include_dirs if (path := folder / name).is_file()), None)
