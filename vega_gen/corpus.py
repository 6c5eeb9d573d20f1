"""LLVM checkouts -> targets, their files, and their C++ as records. The hold-out gate is here and nowhere else.

Enters: checkout folders, held-out names, the input mode. Leaves: ``Corpus``. It does not look inside functions, and writes
nothing but the cache.
"""

from __future__ import annotations

import gc
import marshal
import multiprocessing
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from llvm_integration.process import ToolFailure, run
from vega_gen import store
from vega_gen.cxx import namespaces_in, parse_file, strip_bodies
from vega_gen.errors import CheckoutError, HoldOutError, InputError, NotFoundError, ToolError
from vega_gen.records import Class, Function, Mode, SourceFile, Statement

Progress = Callable[[int, int], None]
_HOLDOUTS = Path(__file__).parent.parent / "targets" / "holdouts.toml"
_DESCRIBED = {Mode.TD: (".td",), Mode.DESC: (".td", ".h", ".def")}
_TARGET_RECORD = re.compile(r"def\s+(\w+)\s*:\s*Target\b")
_NAMESPACE = re.compile(r"Namespace\s*=\s*\"(\w+)\"")  # a literal first: several times faster
_INCLUDE = re.compile(r"^\s*include\s+\"([^\"]+)\"", re.MULTILINE)
_TABLEGEN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a checkout.

    ``folder``: that of ``lib/Target``. ``label``: what names it in records: the folder, with "@<checkout>" in a second checkout
    that has a target of the same name. ``name``: of its (first) ``Target`` record. ``names``: all names to mask: folder, Target
    records, Namespace strings of its .td files; longest first. ``td``: the main .td, ``files``: the C++ files that may be read
    (in td mode none of a held-out target), all relative to the folder with "/". ``root``: the checkout's ``llvm`` folder.
    """

    folder: str
    label: str
    name: str
    names: tuple[str, ...]
    td: str
    files: tuple[str, ...]
    root: Path
    held_out: bool = False

    @property
    def path(self) -> Path:
        """The target's folder."""
        return self.root / "lib" / "Target" / self.folder


@dataclass(frozen=True, slots=True)
class _Part:
    """One file in the index: its functions without bodies, a body each, and the rest; encoded until they are asked for."""

    functions: bytes
    bodies: tuple[bytes, ...]
    rest: bytes


_FUNCTIONS = store.codec(tuple[Function, ...])
_BODY = store.codec(tuple[Statement, ...])
_REST = store.codec(SourceFile)


def held_out_folders(names: Iterable[str]) -> frozenset[str]:
    """The folders of lib/Target that are held out with ``names`` (targets/holdouts.toml)."""
    together = cast(dict[str, list[str]], tomllib.loads(_HOLDOUTS.read_text(encoding="utf-8")))
    return frozenset(folder for name in names for folder in (name, *together.get(name, ())))


@dataclass
class Corpus:
    """The targets of one or more checkouts, behind the hold-out gate.

    ``targets``: those whose C++ may be read. ``held``: the held-out ones. ``root``: the first checkout's ``llvm`` folder.
    """

    roots: tuple[Path, ...]
    mode: Mode
    targets: tuple[Target, ...]
    held: tuple[Target, ...]
    folders: frozenset[str]
    _digests: dict[str, str] = field(default_factory=dict[str, str])
    _index: dict[str, dict[str, _Part]] = field(default_factory=dict[str, dict[str, _Part]])

    @property
    def root(self) -> Path:
        """The first checkout's ``llvm`` folder."""
        return self.roots[0]

    def target(self, name: str) -> Target:
        """The target of that label, folder or record name. Raises NotFoundError if there is none."""
        for each in (*self.targets, *self.held):
            if name in (each.label, each.folder, each.name):
                return each
        raise NotFoundError(
            f"no target {name} in the corpus", str(self.root), "targets: " + ", ".join(t.label for t in self.targets)
        )

    def read(self, path: Path) -> bytes:
        """The bytes of a file of a checkout; ``path``: absolute, or relative to the first checkout's ``llvm`` folder.

        Of a held-out target only description files are given, headers without function bodies (PROTOCOL.md, "The hold-out
        rule"). Raises HoldOutError for any other, InputError if the file cannot be read.
        """
        real = (self.root / path).resolve()
        folder = self._held_folder(real)
        if folder and real.suffix not in _DESCRIBED[self.mode]:
            raise HoldOutError(
                f"{folder} is held out: only its description files ({', '.join(_DESCRIBED[self.mode])}) may be read",
                str(real),
                "this is a fault of the stage that asked for it",
            )
        try:
            data = real.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}", str(real), "check the checkout") from None
        return strip_bodies(_utf8(data, str(real)), str(real)) if folder and real.suffix != ".td" else data

    def _held_folder(self, real: Path) -> str:
        for root in self.roots:
            base = (root / "lib" / "Target").resolve()
            if real.is_relative_to(base):
                parts = real.relative_to(base).parts
                return parts[0] if parts and parts[0] in self.folders else ""
        return ""

    # ------------------------------------------------------------------- C++

    def mine(self, progress: Progress | None = None, jobs: int | None = None) -> None:
        """Parses what is not in the cache yet, in ``jobs`` processes (as many as there are cores).

        ``progress(done, all)`` counts bytes of C++. Raises InputError with file:line:column for text that is not UTF-8.
        """
        missing: list[tuple[Target, str, dict[str, bytes]]] = []
        for target in (*self.targets, *self.held):
            if target.label in self._index:
                continue
            texts = {file: _utf8(self.read(target.path / file), str(target.path / file)) for file in target.files}
            key = _index_key(target, texts)
            self._digests[target.label] = key
            kept = store.cache_get("cxx", key)
            if kept is None:
                missing.append((target, key, texts))
            else:
                self._index[target.label] = _unpack(kept)
        if missing:
            self._parse(missing, progress, jobs or os.cpu_count() or 1)

    def _parse(self, missing: Sequence[tuple[Target, str, dict[str, bytes]]], progress: Progress | None, jobs: int) -> None:
        work: list[tuple[str, frozenset[str], list[tuple[str, bytes]]]] = []
        for target, _, texts in missing:
            names = frozenset[str]().union(*(namespaces_in(text.decode("latin-1")) for text in texts.values()))
            work += [(target.label, names, chunk) for chunk in _chunks(texts)]
        work.sort(key=lambda item: -sum(len(text) for _, text in item[2]))
        whole = sum(len(text) for item in work for _, text in item[2])
        done, parts = 0, {target.label: dict[str, _Part]() for target, _, _ in missing}
        for size, label, made in _parsed(work, jobs):
            parts[label].update(made)
            done += size
            if progress is not None:
                progress(done, whole)
        for target, key, texts in missing:
            ordered = {file: parts[target.label][file] for file in texts}
            self._index[target.label] = ordered
            store.cache_put("cxx", key, marshal.dumps({f: (p.functions, p.bodies, p.rest) for f, p in ordered.items()}))

    @property
    def digest(self) -> str:
        """Hash of all C++ in the corpus and of the code that read it: a key for what later stages make of it."""
        self.mine()
        return store.digest(*(f"{label}={key}" for label, key in sorted(self._digests.items())))

    def headers(self, target: str | None = None) -> tuple[Function, ...]:
        """All functions without their statements (``body`` is ()), of one target or of all that are not held out."""
        self.mine()
        wanted = self.targets if target is None else (self.target(target),)
        out: list[Function] = []
        with _no_gc():
            for each in wanted:
                for part in self._index[each.label].values():
                    out += _FUNCTIONS[1](marshal.loads(part.functions))
        return tuple(out)

    def function(self, header: Function) -> Function:
        """A function of ``headers`` with its statements. Raises NotFoundError if it is not one of them."""
        part = self._index.get(header.target, {}).get(header.file)
        if part is not None:
            for place, made in enumerate(self._starts(header.target, header.file, part)):
                if made == header.start:
                    return replace(header, body=_BODY[1](marshal.loads(part.bodies[place])))
        raise NotFoundError(f"no function {header.qualified_name} in the corpus", f"{header.target}/{header.file}:{header.line}")

    def _starts(self, label: str, file: str, part: _Part) -> tuple[int, ...]:
        known = self._known_starts
        if (label, file) not in known:
            known[label, file] = tuple(
                made.start for made in cast(tuple[Function, ...], _FUNCTIONS[1](marshal.loads(part.functions)))
            )
        return known[label, file]

    @cached_property
    def _known_starts(self) -> dict[tuple[str, str], tuple[int, ...]]:
        return {}

    def sources(self, target: str) -> tuple[SourceFile, ...]:
        """All that was read of a target's C++, a record a file, statements included. Raises NotFoundError for an unknown target."""
        self.mine()
        with _no_gc():
            return tuple(_whole(part) for part in self._index[self.target(target).label].values())

    def files(self, target: str) -> tuple[SourceFile, ...]:
        """As ``sources``, but with ``functions`` () : classes, enumerations, includes, in a tenth of the time."""
        self.mine()
        with _no_gc():
            return tuple(_REST[1](marshal.loads(part.rest)) for part in self._index[self.target(target).label].values())

    def interfaces(self) -> tuple[Class, ...]:
        """The classes with virtual methods in LLVM's own headers (``llvm/include``): what targets override. Cached by content."""
        include = self.root / "include"
        texts: dict[str, bytes] = {}
        for path in sorted((include / "llvm").rglob("*.h")):
            data = self.read(path)
            if b"virtual " in data:
                texts[path.relative_to(include).as_posix()] = _utf8(data, str(path))
        key = store.digest("interfaces", _code(), *(part for file, text in texts.items() for part in (file, text)))
        kept = store.cache_get("cxx", key)
        if kept is None:
            names = frozenset[str]().union(*(namespaces_in(text.decode("latin-1")) for text in texts.values()))
            work = [("", names, chunk) for chunk in _chunks(texts)]
            made = {file: part for _, _, parts in _parsed(work, os.cpu_count() or 1) for file, part in parts.items()}
            kept = marshal.dumps([made[file].rest for file in texts])
            store.cache_put("cxx", key, kept)
        with _no_gc():
            rests = [cast(SourceFile, _REST[1](marshal.loads(rest))) for rest in cast(list[bytes], marshal.loads(kept))]
        return tuple(made for rest in rests for made in rest.classes)


class _no_gc:
    """Holds back the collector while many records are made: there are no cycles among them."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was:
            gc.enable()


def _utf8(data: bytes, where: str) -> bytes:
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            raise InputError(f"not UTF-8: byte 0x{data[error.start]:02x}", f"{where}:{line}:{column}", "save it as UTF-8") from None
    return data


def _code() -> str:
    return store.code_version("cxx", "records", "corpus", "store")


def _index_key(target: Target, texts: dict[str, bytes]) -> str:
    return store.digest(target.label, _code(), *(part for file, text in texts.items() for part in (file, text)))


def _unpack(data: bytes) -> dict[str, _Part]:
    return {file: _Part(*parts) for file, parts in cast(dict[str, Any], marshal.loads(data)).items()}


def _whole(part: _Part) -> SourceFile:
    functions = cast(tuple[Function, ...], _FUNCTIONS[1](marshal.loads(part.functions)))
    full = tuple(replace(made, body=_BODY[1](marshal.loads(body))) for made, body in zip(functions, part.bodies, strict=True))
    return replace(cast(SourceFile, _REST[1](marshal.loads(part.rest))), functions=full)


def _chunks(texts: dict[str, bytes], size: int = 600_000) -> Iterator[list[tuple[str, bytes]]]:
    chunk: list[tuple[str, bytes]] = []
    for item in texts.items():
        chunk.append(item)
        if sum(len(text) for _, text in chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _parse_chunk(
    label: str, namespaces: frozenset[str], chunk: list[tuple[str, bytes]]
) -> dict[str, tuple[bytes, tuple[bytes, ...], bytes]]:
    """Runs in a worker: parses files and encodes what came of them."""
    made: dict[str, tuple[bytes, tuple[bytes, ...], bytes]] = {}
    with _no_gc():
        for file, text in chunk:
            source = parse_file(text, label, file, namespaces)
            bodies = tuple(marshal.dumps(_BODY[0](function.body)) for function in source.functions)
            light = [replace(function, body=()) for function in source.functions]
            made[file] = marshal.dumps(_FUNCTIONS[0](light)), bodies, marshal.dumps(_REST[0](replace(source, functions=())))
    return made


def _parsed(
    work: Sequence[tuple[str, frozenset[str], list[tuple[str, bytes]]]], jobs: int
) -> Iterator[tuple[int, str, dict[str, _Part]]]:
    """(bytes read, label, parts by file) of each chunk, as they come; in this process if the work is small."""
    if jobs == 1 or sum(len(text) for item in work for _, text in item[2]) < 2_000_000:
        for label, names, chunk in work:
            yield sum(len(text) for _, text in chunk), label, _parts(_parse_chunk(label, names, chunk))
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("forkserver")) as pool:
        running: dict[Future[dict[str, tuple[bytes, tuple[bytes, ...], bytes]]], tuple[int, str]] = {
            pool.submit(_parse_chunk, label, names, chunk): (sum(len(text) for _, text in chunk), label)
            for label, names, chunk in work
        }
        for future in as_completed(running):
            size, label = running[future]
            yield size, label, _parts(future.result())


def _parts(made: dict[str, tuple[bytes, tuple[bytes, ...], bytes]]) -> dict[str, _Part]:
    return {file: _Part(*parts) for file, parts in made.items()}


# ------------------------------------------------------------------------- opening


def open_corpus(
    source_roots: Sequence[Path], held_out: Sequence[str] = (), mode: Mode = Mode.DESC, tblgen: Path | None = None
) -> Corpus:
    """The corpus of one or more checkouts; a root is an ``llvm-project`` or its ``llvm`` folder.

    ``held_out``: folders or Target record names; targets/holdouts.toml says what goes with them. ``tblgen``: asked for the Target
    records where a .td's text does not name them. Raises CheckoutError if a root is no LLVM, NotFoundError if it has no target.
    """
    if not source_roots:
        raise CheckoutError("no LLVM checkout given", "", "give one with --llvm DIR")
    roots = tuple(_llvm_folder(root) for root in source_roots)
    held_names = held_out_folders(held_out)
    seen: set[str] = set()
    targets: list[Target] = []
    for root in roots:
        for folder in sorted(path for path in (root / "lib" / "Target").iterdir() if path.is_dir()):
            target = _target(root, folder, held_names, mode, tblgen)
            if target is not None:
                label = target.label if target.label not in seen else f"{target.label}@{_checkout_name(root)}"
                seen.add(label)
                targets.append(replace(target, label=label))
    folders = held_names | {target.folder for target in targets if target.held_out}
    if not targets:
        raise NotFoundError("no target in the checkout", str(roots[0] / "lib" / "Target"), "give a checkout with lib/Target/*/*.td")
    free = tuple(target for target in targets if not target.held_out)
    return Corpus(roots, mode, free, tuple(target for target in targets if target.held_out), folders)


def _llvm_folder(root: Path) -> Path:
    for place in (root / "llvm", root):
        if (place / "lib" / "Target").is_dir() and (place / "include" / "llvm").is_dir():
            return place.resolve()
    raise CheckoutError(
        "not an LLVM checkout: no llvm/lib/Target", str(root), "give the folder of llvm-project; 'vega-gen llvm get' makes one"
    )


def _checkout_name(root: Path) -> str:
    return root.parent.name if root.name == "llvm" else root.name


def _target(root: Path, folder: Path, held_names: frozenset[str], mode: Mode, tblgen: Path | None) -> Target | None:
    """The target in a folder of lib/Target, None if its .td files (the only files read here) define none."""
    texts = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("*.td"))}
    records = {file: found for file, text in texts.items() if (found := _TARGET_RECORD.findall(text))}
    if not records and texts and tblgen is not None:
        records = _ask_tablegen(root, folder, texts, tblgen)
    if not records:
        return None
    main = next((file for file in records if Path(file).stem == folder.name), next(iter(records)))
    name = records[main][0]
    names = {folder.name, *(each for found in records.values() for each in found)}
    for path in sorted(folder.rglob("*.td")):
        text = path.read_bytes().decode("latin-1")
        names.update(found[1] for found in _NAMESPACE.finditer(text) if text[found.start() - 1].isspace())
    held = bool(held_names & {folder.name, name})
    suffixes = {".cpp", ".h"} if not held else {".h"} if mode is Mode.DESC else set[str]()
    files = tuple(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in suffixes and p.is_file()))
    ordered = tuple(sorted(names, key=lambda each: (-len(each), each)))
    return Target(folder.name, folder.name, name, ordered, main, files, root, held)


def _ask_tablegen(root: Path, folder: Path, texts: dict[str, str], tblgen: Path) -> dict[str, list[str]]:
    """Target records by .td file, of those that no other includes. Raises ToolError if llvm-tblgen does not answer."""
    included = {Path(name).name for text in texts.values() for name in _INCLUDE.findall(text)}
    records: dict[str, list[str]] = {}
    for file in sorted(set(texts) - included):
        argv = [str(tblgen), "--print-enums", "-class=Target", "-I", str(root / "include"), "-I", str(folder), str(folder / file)]
        key = store.digest("target-records", file, *(part for item in sorted(texts.items()) for part in item))
        kept = store.cache_get("corpus", key)
        if kept is None:
            try:
                done = run(argv, timeout=_TABLEGEN_SECONDS)
            except ToolFailure as error:
                raise ToolError(error.what, error.where, error.next_step) from None
            if not done.ok:
                continue  # a .td that does not stand alone
            kept = done.stdout.encode()
            store.cache_put("corpus", key, kept)
        found = [name for name in kept.decode().replace(",", " ").split() if name]
        if found:
            records[file] = found
    return records
