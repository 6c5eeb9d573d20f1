"""Read LLVM checkouts as targets, their files, and their C++ as records.

``Corpus.read`` is the only place that enforces the hold-out rule, so every stage before the judge reads a checkout through it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from vega_gen import store
from vega_gen.corpus.index import CountProgress, Part, no_gc, pack, parse, unpack
from vega_gen.corpus.targets import Target, held_out_folders, targets_of
from vega_gen.cxx import strip_bodies
from vega_gen.errors import HoldOutError, InputError, NotFoundError
from vega_gen.records import Class, Function, Mode, SourceFile

__all__ = ["Corpus", "CountProgress", "Target", "held_out_folders", "interfaces", "no_gc", "open_corpus"]

_DESCRIBED = {Mode.TD: (".td",), Mode.DESC: (".td", ".h", ".def")}


@dataclass
class Corpus:
    """The targets of one or more checkouts, behind the hold-out gate.

    ``roots``: the checkouts' ``llvm`` folders. ``mode``: which files of a held-out target may be read. ``targets``: those whose C++ may
    be read. ``held``: the held-out ones. ``folders``: the folders of lib/Target that are held out.
    """

    roots: tuple[Path, ...]
    mode: Mode
    targets: tuple[Target, ...]
    held: tuple[Target, ...]
    folders: frozenset[str]
    _digests: dict[str, str] = field(default_factory=dict[str, str])
    _index: dict[str, dict[str, Part]] = field(default_factory=dict[str, dict[str, Part]])

    @property
    def root(self) -> Path:
        """The first checkout's ``llvm`` folder."""
        return self.roots[0]

    def target(self, name: str) -> Target:
        """Return the target whose label, folder or Target record is called ``name``. Raises NotFoundError if there is none."""
        for each in (*self.targets, *self.held):
            if name in (each.label, each.folder, each.name):
                return each
        raise NotFoundError(
            f"no target {name} in the corpus", str(self.root), "targets: " + ", ".join(t.label for t in self.targets)
        )

    def read(self, path: Path) -> bytes:
        """Return the bytes of a file of a checkout; ``path`` is absolute, or relative to the first checkout's ``llvm`` folder.

        Of a held-out target only description files can be read, and headers come without function bodies (docs/protocol.md,
        "The hold-out rule"). Raises HoldOutError for its other files, InputError if the file cannot be read.
        """
        real = (self.root / path).resolve()
        folder = self._held_folder(real)
        if folder and real.suffix not in _DESCRIBED[self.mode]:
            raise HoldOutError(
                f"{folder} is held out: only its description files ({', '.join(_DESCRIBED[self.mode])}) may be read",
                str(real),
                "report this: it is a bug in the stage that asked for the file",
            )
        try:
            data = real.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}", str(real), "check that the checkout is complete") from None
        return strip_bodies(_utf8(data, str(real)), str(real)) if folder and real.suffix != ".td" else data

    def _held_folder(self, real: Path) -> str:
        for root in self.roots:
            base = (root / "lib" / "Target").resolve()
            if real.is_relative_to(base):
                parts = real.relative_to(base).parts
                return parts[0] if parts and parts[0] in self.folders else ""
        return ""

    # ------------------------------------------------------------------- C++

    def mine(self, progress: CountProgress | None = None, jobs: int | None = None) -> None:
        """Load the parsed C++ of all targets from the cache and parse the rest, in ``jobs`` processes (default: one per core).

        ``progress(done, all)`` counts bytes of C++. Raises InputError with file:line:column for text that is not UTF-8.
        """
        missing: dict[str, dict[str, bytes]] = {}
        for target in (*self.targets, *self.held):
            if target.label in self._index:
                continue
            texts = {file: _utf8(self.read(target.path / file), str(target.path / file)) for file in target.files}
            key = _key(target.label, texts)
            self._digests[target.label] = key
            kept = store.cache_get("cxx", key)
            if kept is None:
                missing[target.label] = texts
            else:
                self._index[target.label] = unpack(kept)
        for label, parts in parse(missing, jobs or os.cpu_count() or 1, progress).items():
            self._index[label] = parts
            store.cache_put("cxx", self._digests[label], pack(parts))

    @property
    def digest(self) -> str:
        """Hash of all C++ that is not held out and of the code that parses it: part of the cache keys of later stages."""
        self.mine()
        return store.digest(*(f"{label}={self._digests[label]}" for label in sorted(t.label for t in self.targets)))

    def headers(self, target: str | None = None) -> tuple[Function, ...]:
        """Return all functions without their statements (``body`` is ()), of one target or of all that are not held out."""
        self.mine()
        wanted = self.targets if target is None else (self.target(target),)
        out: list[Function] = []
        with no_gc():
            for each in wanted:
                for part in self._index[each.label].values():
                    out += part.headers()
        return tuple(out)

    def function(self, header: Function) -> Function:
        """Return a function from ``headers`` with its statements. Raises NotFoundError if the corpus does not hold it."""
        part = self._index.get(header.target, {}).get(header.file)
        if part is not None:
            for place, made in enumerate(self._starts(header.target, header.file, part)):
                if made == header.start:
                    return replace(header, body=part.body(place))
        raise NotFoundError(f"no function {header.qualified_name} in the corpus", f"{header.target}/{header.file}:{header.line}")

    def _starts(self, label: str, file: str, part: Part) -> tuple[int, ...]:
        known = self._known_starts
        if (label, file) not in known:
            known[label, file] = tuple(made.start for made in part.headers())
        return known[label, file]

    @cached_property
    def _known_starts(self) -> dict[tuple[str, str], tuple[int, ...]]:
        return {}

    def sources(self, target: str) -> tuple[SourceFile, ...]:
        """Return a target's parsed C++ with statements, one record per file. Raises NotFoundError for an unknown target."""
        self.mine()
        with no_gc():
            return tuple(part.whole() for part in self._index[self.target(target).label].values())

    def files(self, target: str) -> tuple[SourceFile, ...]:
        """As ``sources``, but without functions (``functions`` is ()): classes, enums and includes only, in a tenth of the time."""
        self.mine()
        with no_gc():
            return tuple(part.file() for part in self._index[self.target(target).label].values())

    def interfaces(self) -> tuple[Class, ...]:
        """Return the classes of LLVM's own headers (``llvm/include``) that have virtual methods, which targets override."""
        include = self.root / "include"
        return interfaces({path.relative_to(include).as_posix(): path for path in sorted((include / "llvm").rglob("*.h"))}, self.read)


def interfaces(headers: Mapping[str, Path], read: Callable[[Path], bytes] = Path.read_bytes) -> tuple[Class, ...]:
    """Return the classes of those of LLVM's headers that have virtual methods. ``headers``: name as it is included -> file.

    Raises InputError for a header that is not UTF-8, and what ``read`` raises."""
    data = {name: read(path) for name, path in headers.items()}
    texts = {name: _utf8(text, str(headers[name])) for name, text in data.items() if b"virtual " in text}
    key = _key("interfaces", texts)
    kept = store.cache_get("cxx", key)
    parts = unpack(kept) if kept is not None else parse({"": texts}, os.cpu_count() or 1)[""]
    if kept is None:
        store.cache_put("cxx", key, pack({file: Part(b"", (), part.rest) for file, part in parts.items()}))
    with no_gc():
        return tuple(made for part in parts.values() for made in part.file().classes)


def _utf8(data: bytes, where: str) -> bytes:
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            raise InputError(f"not UTF-8: byte 0x{data[error.start]:02x}", f"{where}:{line}:{column}", "save it as UTF-8") from None
    return data


def _key(label: str, texts: dict[str, bytes]) -> str:
    return store.digest(label, store.code_version(__name__), *(part for file, text in texts.items() for part in (file, text)))


def open_corpus(
    source_roots: Sequence[Path], held_out: Sequence[str] = (), mode: Mode = Mode.DESC, tblgen: Path | None = None
) -> Corpus:
    """Open the corpus of one or more checkouts; a root is an ``llvm-project`` folder or its ``llvm`` folder.

    ``held_out``: folders or Target record names; targets/settings/holdouts.toml lists the targets to hold out together with each.
    ``tblgen``: the llvm-tblgen that lists the Target records of .td files whose text does not show them.
    Raises InputError if a root is not an LLVM checkout, NotFoundError if there is no target.
    """
    if not source_roots:
        raise InputError("no LLVM checkout given", "", "give one with --llvm DIR")
    roots = tuple(_llvm_folder(root) for root in source_roots)
    held_names = held_out_folders(held_out)
    seen: set[str] = set()
    targets: list[Target] = []
    for root in roots:
        for target in targets_of(root, held_names, mode, tblgen):
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
    raise InputError(
        "not an LLVM checkout: no llvm/lib/Target", str(root), "give the folder of llvm-project; 'vega-gen llvm get' makes one"
    )


def _checkout_name(root: Path) -> str:
    return root.parent.name if root.name == "llvm" else root.name
