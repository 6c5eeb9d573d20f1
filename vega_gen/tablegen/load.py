"""From a .td file to a target's Description.

Enters: the .td with the ``Target`` record, LLVM's include folder, llvm-tblgen. Leaves: ``Description``, kept in the cache by content.
It reads no C++ of any target; ``llvm_names`` reads LLVM's own headers.
"""

from __future__ import annotations

import gc
import re
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import psutil

from llvm_integration.process import ToolFailure, run, threads
from vega_gen import store
from vega_gen.errors import InputError, TableGenError, ToolError, VegaError
from vega_gen.records import Contract, Description
from vega_gen.tablegen import contracts as contract_rules
from vega_gen.tablegen import views
from vega_gen.tablegen.raw import Raw, read_records
from vega_gen.tablegen.registers import RegisterSets

# A cached Description is made anew when the code that makes it changes.
_REDUCTION = ("tablegen/contracts", "tablegen/load", "tablegen/raw", "tablegen/registers", "tablegen/views")
_INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"', re.M)
_DEFINED = re.compile(r"^\s*(?:def|defm)\s+(\w+)", re.M)
_MESSAGE = re.compile(r"^(?P<where>[^\n:]+:\d+:\d+): error: (?P<what>.*)$", re.M)
_RELOCATION = re.compile(r"^\s*ELF_RELOC\s*\(\s*(\w+)", re.M)
_TIMEOUT = 600.0
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class TableGenInput:
    """What ``describe`` is asked for one target: its .td, folder name, and ELFRelocs .def if it has one."""

    td: Path
    folder: str
    relocs: Path | None = None
    include_dirs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetContracts:
    """What grouping needs of a Description, see there."""

    name: str
    namespace: str
    contracts: tuple[Contract, ...]


def describe(
    td: Path, *, folder: str, llvm_include: Path, tblgen: Path, relocs: Path | None = None, include_dirs: Sequence[Path] = ()
) -> Description:
    """Everything that the .td files say of a target.

    ``td`` may lie anywhere: its includes are looked for beside it, in ``include_dirs`` and in ``llvm_include`` (``llvm/include`` of the
    checkout). ``relocs``: llvm/BinaryFormat/ELFRelocs/<T>.def. Raises InputError for a file that cannot be read or holds no Target
    record, TableGenError with llvm-tblgen's message and place where it refuses the file, ToolError where llvm-tblgen cannot be run.
    """
    folders = (td.parent, *include_dirs, llvm_include)
    sources = reachable(td, folders)
    relocations = tuple(_RELOCATION.findall(_text(relocs))) if relocs is not None else ()
    cached = _cached(sources, folder, tblgen, relocations, "json")
    if cached.is_file():
        with suppress(InputError), _collector_paused():  # damaged: made again
            return store.load(Description, cached)
    raws = _records(td, folders, tblgen, sum(p.stat().st_size for p in sources))
    shared = {name for p in sources if p.is_relative_to(llvm_include) for name in _DEFINED.findall(_text(p))}
    with _collector_paused():
        description = reduce(raws, td=td, folder=folder, relocations=relocations, llvm_include=llvm_include, shared=shared)
    with suppress(VegaError):  # a cache that cannot be written is none
        store.dump(description, cached)
    return description


def facts(source: TableGenInput, *, llvm_include: Path, tblgen: Path) -> TargetContracts:
    """The part of ``describe`` that grouping needs, in a hundredth of the time where it is kept. Raises what ``describe`` raises."""
    sources = reachable(source.td, (source.td.parent, *source.include_dirs, llvm_include))
    cached = _cached(sources, source.folder, tblgen, (), "facts.json")
    if cached.is_file():
        with suppress(InputError):  # damaged: made again
            return store.load(TargetContracts, cached)
    d = describe(
        source.td, folder=source.folder, llvm_include=llvm_include, tblgen=tblgen, relocs=source.relocs, include_dirs=source.include_dirs
    )
    found = TargetContracts(d.name, d.namespace, d.contracts)
    with suppress(VegaError):  # a cache that cannot be written is none
        store.dump(found, cached)
    return found


def contracts_all(
    targets: Sequence[TableGenInput],
    *,
    llvm_include: Path,
    tblgen: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[TargetContracts, ...]:
    """``facts`` of several targets, in their order; else as ``describe_all``."""
    return _each(targets, lambda source: facts(source, llvm_include=llvm_include, tblgen=tblgen), jobs, progress)


def describe_all(
    targets: Sequence[TableGenInput],
    *,
    llvm_include: Path,
    tblgen: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Description, ...]:
    """The Descriptions of several targets, in their order; ``progress(folder, done, total)`` after each.

    ``jobs`` targets at a time, as memory allows. Raises what ``describe`` raises for the first that fails.
    """

    def one(source: TableGenInput) -> Description:
        return describe(
            source.td,
            folder=source.folder,
            llvm_include=llvm_include,
            tblgen=tblgen,
            relocs=source.relocs,
            include_dirs=source.include_dirs,
        )

    return _each(targets, one, jobs, progress)


def _each(
    targets: Sequence[TableGenInput], one: Callable[[TableGenInput], _Made], jobs: int, progress: Callable[[str, int, int], None] | None
) -> tuple[_Made, ...]:
    """``one`` of each target, ``jobs`` at a time."""
    done = 0
    lock = threading.Lock()

    def counted(source: TableGenInput) -> _Made:
        nonlocal done
        made = one(source)
        with lock:
            done += 1
            if progress is not None:
                progress(source.folder, done, len(targets))
        return made

    with threads(max(1, jobs)) as pool:
        return tuple(pool.map(counted, targets))


def _cached(sources: Sequence[Path], folder: str, tblgen: Path, relocations: Sequence[str], kind: str) -> Path:
    """Where the cache keeps what is made of ``sources`` by this code and this llvm-tblgen."""
    code = (store.code_version(*_REDUCTION), store.shape(Description), _version(tblgen))
    parts = [*code, folder, *(f"{p.name}\n{_text(p)}" for p in sources)]
    return store.cache_dir() / "tablegen" / f"{folder}-{store.digest(*parts, *relocations)}.{kind}"


def reachable(td: Path, folders: Sequence[Path]) -> tuple[Path, ...]:
    """The .td file and all it includes, followed textually, each once. An include that is not found is left to llvm-tblgen to report."""
    seen: dict[Path, None] = {}
    queue = [td]
    while queue:
        path = queue.pop(0)
        if path in seen:
            continue
        seen[path] = None
        for name in _INCLUDE.findall(_text(path)):
            found = next((folder / name for folder in (path.parent, *folders) if (folder / name).is_file()), None)
            if found is not None:
                queue.append(found)
    return tuple(seen)


def reduce(
    raws: dict[str, Raw], *, td: Path, folder: str, relocations: tuple[str, ...], llvm_include: Path, shared: set[str]
) -> Description:
    """The Description that raw records hold. ``shared``: names that LLVM's own .td files define, defm's
    prefixes among them: their fragments are not the target's. Raises InputError without a Target record."""
    target = next(views.of_class(raws, "Target"), None)
    if target is None:
        raise InputError("no record of class Target", str(td), "name the .td file that defines the target: def X : Target { ... }")
    sets = RegisterSets(raws)
    operand_classes = views.operand_classes(raws)
    instructions = views.instructions(raws)
    prefixes = tuple(f"{name}_" for name in shared)
    fragments = tuple(f for f in views.fragments(raws) if f.name not in shared and not f.name.startswith(prefixes))
    nodes, patterns, conventions = views.nodes(raws), views.complex_patterns(raws), views.calling_conventions(raws, sets)
    data = views.target_data(raws, target)
    parser_classes = frozenset(r.string("Name") for r in views.of_class(raws, "AsmOperandClass") if r.name not in ("ImmAsmOperand",))
    input_ = contract_rules.Views(
        name=target.name,
        instructions=instructions,
        operand_classes={o.name: o for o in operand_classes},
        nodes=nodes,
        fragments=fragments,
        complex_patterns=patterns,
        calling_conventions=conventions,
        own_parser_classes=parser_classes,
        pass_subtarget=data.get("AsmWriter.PassSubtarget", "0") != "0",
        llvm=contract_rules.llvm_names(llvm_include),
    )
    data["Register.constant"] = " ".join(r.name for r in views.of_class(raws, "Register") if r.number("isConstant"))
    data["Register.encoded"] = str(int(any(r.number("HWEncoding") for r in views.of_class(raws, "Register"))))
    data["AsmParser.present"] = str(int(contract_rules.has_asm_parser(operand_classes, parser_classes)))
    data["Disassembler.present"] = str(int(any(contract_rules.has_encoding(i) for i in instructions)))
    return Description(
        folder=folder,
        name=target.name,
        namespace=views.namespace(raws, target.name),
        registers=views.registers(raws, sets),
        register_classes=views.register_classes(raws, sets),
        subregister_indices=tuple(raw.name for raw in views.of_class(raws, "SubRegIndex")),
        operand_classes=operand_classes,
        instructions=instructions,
        nodes=nodes,
        fragments=fragments,
        complex_patterns=patterns,
        features=views.features(raws),
        calling_conventions=conventions,
        processors=views.processors(raws),
        contracts=contract_rules.contracts(input_),
        relocations=relocations,
        data=data,
        assembler_predicates=views.assembler_predicates(raws),
        patterns=views.patterns(raws),
        predicates={r.name: code for r in views.of_class(raws, "Predicate") if (code := r.string("CondString"))},
        alternative_names=" ".join(r.name for r in views.of_class(raws, "RegAltNameIndex") if r.name != "NoRegAltName"),
    )


def _records(td: Path, folders: Sequence[Path], tblgen: Path, size: int) -> dict[str, Raw]:
    """Run llvm-tblgen -print-records, which says what --dump-json says in a tenth of the time and memory, and read what is wanted."""
    with tempfile.TemporaryDirectory(prefix="vega-gen-") as place:
        printed = Path(place) / "records"
        argv = [str(tblgen), "-print-records", *(f"-I{folder}" for folder in folders), str(td), "-o", str(printed)]
        with _memory(size):
            done = _run(argv)
        if done:
            found = _MESSAGE.search(done)
            where, what = (found["where"], found["what"]) if found else (str(td), done.strip() or "llvm-tblgen failed")
            raise TableGenError(what, where, f"correct the file; this repeats the check: {' '.join(argv[:-2])} > /dev/null")
        return read_records(printed, views.WANTED)


@contextmanager
def _collector_paused() -> Generator[None]:
    """Without the garbage collector, which doubles the time that a hundred thousand new records take."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _run(argv: list[str]) -> str:
    """What llvm-tblgen complains of, "" on success."""
    try:
        done = run(argv, timeout=_TIMEOUT)
    except ToolFailure as failure:
        raise ToolError(f"llvm-tblgen cannot be run: {failure.what}", argv[0], "vega-gen doctor says what is missing") from failure
    if done.timed_out:
        raise ToolError(f"llvm-tblgen did not end in {_TIMEOUT:.0f} s", argv[0], f"run it by hand: {done.command}")
    return done.stderr or f"exit status {done.returncode}" if done.returncode else ""


class _Gate:
    """Admits runs while the memory that they will need is there; one is always admitted."""

    def __init__(self) -> None:
        self.free = threading.Condition()
        self.promised = 0

    def fits(self, need: int) -> bool:
        return not self.promised or self.promised + need < psutil.virtual_memory().available


_GATE = _Gate()


@contextmanager
def _memory(size: int) -> Generator[None]:
    """Hold back until memory for a run on ``size`` bytes of .td is there. Measured on LLVM 19: 390 bytes a byte (AMDGPU) at most."""
    need = 450 * size
    with _GATE.free:
        _GATE.free.wait_for(lambda: _GATE.fits(need))
        _GATE.promised += need
    try:
        yield
    finally:
        with _GATE.free:
            _GATE.promised -= need
            _GATE.free.notify_all()


@lru_cache(maxsize=8)
def _version(tblgen: Path) -> str:
    try:
        done = run([str(tblgen), "--version"], timeout=30)
    except ToolFailure as failure:
        raise ToolError(f"llvm-tblgen cannot be run: {failure.what}", str(tblgen), "vega-gen doctor says what is missing") from failure
    return done.stdout


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8", f"{path}:{line}", "convert the file to UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), "check the path and its permissions") from error
