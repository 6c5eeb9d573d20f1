"""Run llvm-tblgen on a target's .td file and make its ``Description``, cached by the content of all .td files it includes.

No C++ of a target is read; LLVM's own headers are, for contracts.
"""

from __future__ import annotations

import gc
import re
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import psutil

from llvm_integration.failure import ToolFailure
from llvm_integration.process import run, threads
from vega_gen import store
from vega_gen.errors import InputError
from vega_gen.records import Contract, Description
from vega_gen.tablegen import contracts as contract_rules
from vega_gen.tablegen import older_encodings, processors, scheduling, views
from vega_gen.tablegen.convention_views import calling_conventions
from vega_gen.tablegen.modes import modes
from vega_gen.tablegen.predicates import subtarget_variable
from vega_gen.tablegen.raw import Raw, read_records
from vega_gen.tablegen.registers import RegisterSets
from vega_gen.tablegen.stand_ins import with_stand_ins
from vega_gen.tablegen.subtargets import on_subtarget

_INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"', re.M)
_DEFINED = re.compile(r"^\s*(def|defm)\s+(\w+)", re.M)
_MESSAGE = re.compile(r"^(?P<where>[^\n:]+:\d+:\d+): error: (?P<what>.*)$", re.M)
_RELOCATION = re.compile(r"^\s*ELF_RELOC\s*\(\s*(\w+)\s*,\s*(0[xX][0-9a-fA-F]+|\d+)", re.M)
_TIMEOUT = 600.0
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class TableGenInput:
    """A target's sources: the .td with its ``Target`` record, its folder's name, its ELFRelocs .def if any, and more include folders."""

    td: Path
    folder: str
    relocs: Path | None = None
    include_dirs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetContracts:
    """The part of a ``Description`` that grouping needs; fields as there. It is cached on its own because it loads much faster."""

    name: str
    namespace: str
    contracts: tuple[Contract, ...]


def describe(
    td: Path,
    *,
    folder: str,
    llvm_include: Path,
    tblgen: Path,
    relocs: Path | None = None,
    include_dirs: Sequence[Path] = (),
    raws: dict[str, Raw] | None = None,
) -> Description:
    """Read everything that a target's .td files say.

    ``td``: may lie anywhere; its includes are looked for beside it, in ``include_dirs``, and in ``llvm_include`` (the checkout's
    ``llvm/include``). ``folder``: the target's name in paths. ``relocs``: llvm/BinaryFormat/ELFRelocs/<T>.def.
    ``raws``: what ``records`` returned, where they have been read already.
    Raises InputError where a file cannot be read, holds no Target record, or llvm-tblgen rejects it (with its message and place).
    Raises ToolFailure where llvm-tblgen cannot be run or does not end in time.
    """
    folders = (td.parent, *include_dirs, llvm_include)
    sources = reachable(td, folders)
    relocations = tuple(" ".join(pair) for pair in _RELOCATION.findall(_text(relocs))) if relocs is not None else ()
    key = _key(sources, folder, tblgen, relocations, "json")
    with collector_paused():
        kept = store.cache_load(Description, "tablegen", key)
    if kept is not None:
        return kept
    raws = records(td, folders, tblgen, sources) if raws is None else raws
    defined = [found for p in sources if p.is_relative_to(llvm_include) for found in _DEFINED.findall(_text(p))]
    shared = {f"{name}_" if keyword == "defm" else name for keyword, name in defined}
    with collector_paused():
        description = reduce(raws, td=td, folder=folder, relocations=relocations, llvm_include=llvm_include, shared=shared)
    if _key(reachable(td, folders), folder, tblgen, relocations, "json") == key:  # else a file has changed since the key was made
        store.cache_dump(description, "tablegen", key)
    return description


def facts(source: TableGenInput, *, llvm_include: Path, tblgen: Path) -> TargetContracts:
    """Return the part of ``describe`` that grouping needs; about 100 times faster when cached. Raises what ``describe`` raises."""
    sources = reachable(source.td, (source.td.parent, *source.include_dirs, llvm_include))
    key = _key(sources, source.folder, tblgen, (), "facts.json")
    kept = store.cache_load(TargetContracts, "tablegen", key)
    if kept is not None:
        return kept
    d = describe(
        source.td, folder=source.folder, llvm_include=llvm_include, tblgen=tblgen, relocs=source.relocs, include_dirs=source.include_dirs
    )
    found = TargetContracts(d.name, d.namespace, d.contracts)
    store.cache_dump(found, "tablegen", key)
    return found


def contracts_all(
    targets: Sequence[TableGenInput],
    *,
    llvm_include: Path,
    tblgen: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[TargetContracts, ...]:
    """Return ``facts`` for several targets, in their order. Arguments as of ``describe_all``."""
    return _each(targets, lambda source: facts(source, llvm_include=llvm_include, tblgen=tblgen), jobs, progress)


def describe_all(
    targets: Sequence[TableGenInput],
    *,
    llvm_include: Path,
    tblgen: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Description, ...]:
    """Describe several targets, ``jobs`` at a time as memory allows. Return the Descriptions in order of ``targets``.

    ``progress(folder, done, total)`` is called after each target. Raises what ``describe`` raises for the first target that fails.
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
    """Apply ``one`` to each target in ``jobs`` threads."""
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


def _key(sources: Sequence[Path], folder: str, tblgen: Path, relocations: Sequence[str], kind: str) -> str:
    """Return the cache key of a result: it covers the sources, this code, and llvm-tblgen's version."""
    return f"{folder}-{content(store.code_version(__name__), sources, tblgen, folder, *relocations)}.{kind}"


def content(code: str, sources: Sequence[Path], tblgen: Path, *parts: str) -> str:
    """Return a digest of all that a result depends on: ``code`` (its version), llvm-tblgen's version, the .td files, and ``parts``."""
    return store.digest(code, _version(tblgen), *(f"{p.name}\n{_text(p)}" for p in sources), *parts)


def reachable(td: Path, folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the .td file and every file it includes, each once. Includes that are not found are skipped: llvm-tblgen reports them."""
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
    """Make a Description from raw records. Raises InputError where none is of class Target.

    ``relocations``: the name and the number of each. ``shared``: names that LLVM's own .td files define, and of what a defm
    makes the beginning, with an underscore at its end; fragments of these names are not the target's.
    """
    target = next(views.of_class(raws, "Target"), None)
    if target is None:
        raise InputError("no record of class Target", str(td), "give the .td file that defines the target: def X : Target { ... }")
    sets = RegisterSets(raws)
    operand_classes = views.operand_classes(raws)
    said = views.instructions(raws)
    if not said and any(not raw.string("Namespace") for raw in views.of_class(raws, "Instruction")):
        raise InputError("no instruction has a Namespace", str(td), f'write let Namespace = "{target.name}"; in their class')
    instructions = older_encodings.amended(said, raws, operand_classes)
    prefixes = tuple(name for name in shared if name.endswith("_"))
    fragments = tuple(f for f in views.fragments(raws) if f.name not in shared and not f.name.startswith(prefixes))
    nodes, patterns, conventions = views.nodes(raws), views.complex_patterns(raws), calling_conventions(raws, sets)
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
    data["Relocation.numbers"] = " ".join(str(int(n, 16 if n[:2] in ("0x", "0X") else 10)) for n in (r.split()[1] for r in relocations))
    data |= {f"Scheduling.{model}": " ".join(lacking) for model, lacking in scheduling.uncosted(raws).items()}
    data["InstrInfo.predicates"] = str(int(next(views.of_class(raws, "TIIPredicate"), None) is not None))
    data["Register.constant"] = " ".join(r.name for r in views.of_class(raws, "Register") if r.number("isConstant"))
    data["Register.encoded"] = str(int(any(r.number("HWEncoding") for r in views.of_class(raws, "Register"))))
    data["CallingConv.conditions"] = "\n".join(r.string("Predicate") for r in views.of_class(raws, "CCAction") if r.field("Predicate"))
    data["RegisterClass.orders"] = "\n".join(r.string("AltOrderSelect") for r in views.of_class(raws, "RegisterClass"))
    data["AsmParser.present"] = str(int(contract_rules.has_asm_parser(operand_classes, parser_classes, instructions)))
    renamed = (older.encoding != i.encoding for older, i in zip(said, instructions, strict=True) if contract_rules.has_encoding(i))
    data["Encoding.older"] = str(int(any(renamed)))
    data["Instruction.sized"] = str(int(any(i.size for i in said if contract_rules.has_encoding(i))))
    data["Disassembler.present"] = str(int(any(contract_rules.has_encoding(i) for i in instructions)))
    guarded = views.patterns(raws)
    conditions = {r.name: code for r in views.of_class(raws, "Predicate") if (code := r.string("CondString"))}
    if variable := subtarget_variable(conditions.values()):  # the description calls it as most .td files do
        data["Subtarget.variable"] = variable
        conditions = {name: re.sub(rf"\b{variable}->", "Subtarget->", code) for name, code in conditions.items()}
    registers, register_classes = views.registers(raws, sets), views.register_classes(raws, sets)
    known = {r.name for r in registers}
    if lost := next(((c.name, name) for c in register_classes for name in c.members if name not in known), None):
        raise InputError(f"the register class {lost[0]} has {lost[1]}, which is no register", str(td), "correct the list of its members")
    made = Description(
        folder=folder,
        name=target.name,
        namespace=views.namespace(raws, target.name),
        registers=registers,
        register_classes=register_classes,
        subregister_indices=tuple(raw.name for raw in views.of_class(raws, "SubRegIndex")),
        operand_classes=operand_classes,
        instructions=instructions,
        nodes=nodes,
        fragments=fragments,
        complex_patterns=patterns,
        features=processors.features(raws),
        calling_conventions=conventions,
        processors=processors.processors(raws),
        contracts=contract_rules.contracts(input_),
        relocations=tuple(r.split()[0] for r in relocations),
        data=data,
        assembler_predicates=views.assembler_predicates(raws),
        patterns=tuple(pattern for pattern, _ in guarded),
        pattern_predicates=tuple(records for _, records in guarded),
        modes=modes(raws, sets),
        aliases=views.aliases(raws),
        predicates=conditions,
        operators=views.operators(raws),
        alternative_names=" ".join(r.name for r in views.of_class(raws, "RegAltNameIndex") if r.name != "NoRegAltName"),
    )
    return on_subtarget(with_stand_ins(made))


def records(td: Path, folders: Sequence[Path], tblgen: Path, sources: Sequence[Path]) -> dict[str, Raw]:
    """Run llvm-tblgen and read the records of wanted classes.

    -print-records has the same content as --dump-json in a tenth of the time and memory. ``folders``: where includes are looked for.
    ``sources``: all .td files, as ``reachable`` finds them. Raises what ``describe`` raises.
    """
    size = sum(p.stat().st_size for p in sources)
    with tempfile.TemporaryDirectory(prefix="vega-gen-") as place:
        printed = Path(place) / "records"
        argv = [str(tblgen), "-print-records", *(f"-I{folder}" for folder in folders), str(td), "-o", str(printed)]
        with memory_for(size):
            done = _run(argv)
        if done:
            found = _MESSAGE.search(done)
            where, what = (found["where"], found["what"]) if found else (str(td), done.strip() or "llvm-tblgen failed")
            raise InputError(what, where, f"correct the file; to check it again, run {' '.join(argv[:-2])} > /dev/null")
        return read_records(printed, views.WANTED)


@contextmanager
def collector_paused() -> Generator[None]:
    """Pause the garbage collector: it doubles the time to build a hundred thousand records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _run(argv: list[str]) -> str:
    """Run llvm-tblgen. Return its error output, "" on success."""
    done = run(argv, timeout=_TIMEOUT)
    if done.timed_out:
        raise ToolFailure(f"llvm-tblgen did not finish within {_TIMEOUT:.0f} s", argv[0], f"run it by hand: {done.command}")
    return done.stderr or f"exit status {done.returncode}" if done.returncode else ""


class _Gate:
    """Admits runs while enough memory is free for them; one run is always admitted."""

    def __init__(self) -> None:
        self.free = threading.Condition()
        self.promised = 0

    def fits(self, need: int) -> bool:
        return not self.promised or self.promised + need < psutil.virtual_memory().available


_GATE = _Gate()


@contextmanager
def memory_for(size: int) -> Generator[None]:
    """Wait until there is memory for a run on ``size`` bytes of .td.

    Measured on LLVM 19, llvm-tblgen needs at most 390 bytes per byte of .td (AMDGPU).
    """
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
    return run([str(tblgen), "--version"], timeout=30).stdout


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8", f"{path}:{line}", "convert the file to UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), "check the path and its permissions") from error
