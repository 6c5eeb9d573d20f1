"""Mine one or more checkouts: corpus, descriptions and groups, and templates on demand. The new target plays no part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from llvm_integration.process import Progress
from vega_gen import store, tablegen
from vega_gen.corpus import Corpus, Target, no_gc, open_corpus
from vega_gen.cxx.masker import Masker
from vega_gen.function_template import FunctionTemplate, KindOf, build_template, field_types
from vega_gen.groups import FunctionGroup, Groups, Interfaces
from vega_gen.records import Description, Function, Mode, SourceFile


def silent(done: int, total: int, text: str) -> None:
    """A ``Progress`` that shows nothing."""
    del done, total, text


_Value = TypeVar("_Value")


class OnDemand(Mapping[str, _Value]):
    """A mapping that computes each value when it is first read."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], _Value]) -> None:
        self._keys = tuple(keys)
        self._make = make
        self._made: dict[str, _Value] = {}

    def __getitem__(self, key: str) -> _Value:
        if key not in self._made:
            if key not in self._keys:
                raise KeyError(key)
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Mined:
    """What was mined for one hold-out. Groups, descriptions, symbol tables, files and templates are computed when they are first used."""

    def __init__(self, corpus: Corpus, tblgen: Path, progress: Progress = silent) -> None:
        self.corpus = corpus
        self.tblgen = tblgen
        corpus.mine(lambda done, total: progress(done, total, "parsing C++"))
        self._labelled = {t.label: t for t in corpus.targets}
        self._facts = self._read_facts(progress)
        self.descriptions: Mapping[str, Description] = OnDemand(self._labelled, self._describe)
        self.kinds: Mapping[str, KindOf] = OnDemand(self._labelled, lambda label: tablegen.symbols(self.descriptions[label]).kind_of)
        self.files: Mapping[str, tuple[SourceFile, ...]] = OnDemand(self._labelled, corpus.files)
        self.maskers = {t.label: masker_of(t.folder, self._facts[t.label]) for t in corpus.targets}
        self._templates: dict[tuple[object, ...], FunctionTemplate] = {}

    @property
    def digest(self) -> str:
        """Hash of everything that grouping reads: the targets' C++, their contracts, LLVM's own headers, and the code."""
        include = self.corpus.root / "include/llvm"
        headers = (f"{p}:{s.st_size}:{s.st_mtime_ns}" for p in sorted(include.rglob("*.h")) for s in [p.stat()])
        facts = (f"{label}={fact}" for label, fact in sorted(self._facts.items()))
        held = (f"{t.label}:{len(t.files)}" for t in self.corpus.held)
        return store.digest(self.corpus.digest, *held, *facts, *headers, store.code_version(__name__))

    @cached_property
    def interfaces(self) -> Interfaces:
        """LLVM's classes that backends derive from."""
        return Interfaces(self.corpus.interfaces())

    @cached_property
    def groups(self) -> Groups:
        """The function groups."""
        with no_gc():
            return Groups(
                self.corpus.headers(),
                (c for files in self.files.values() for f in files for c in f.classes),
                self.interfaces,
                self.maskers,
                {label: facts.contracts for label, facts in self._facts.items()},
            )

    def _read_facts(self, progress: Progress) -> dict[str, tablegen.TargetContracts]:
        """The contracts of each target, by label. Each checkout's targets are read with that checkout's own LLVM headers."""
        found: dict[str, tablegen.TargetContracts] = {}
        for root in self.corpus.roots:
            own = [t for t in self.corpus.targets if t.root == root]
            made = tablegen.contracts_all(
                [tablegen_source(t) for t in own],
                llvm_include=root / "include",
                tblgen=self.tblgen,
                progress=lambda folder, done, total: progress(done, total, f"TableGen {folder}"),
            )
            found.update(zip((t.label for t in own), made, strict=True))
        return found

    def _describe(self, label: str) -> Description:
        target = self._labelled[label]
        source = tablegen_source(target)
        return tablegen.describe(
            source.td, folder=source.folder, llvm_include=target.root / "include", tblgen=self.tblgen, relocs=source.relocs
        )

    def template(self, group: FunctionGroup) -> FunctionTemplate:
        """The function template of a group, which may have fewer members than the corpus's, or members lent by other groups. Built once."""
        key = group.name, *((m.target, m.file, m.start) for m in group.members)
        if key not in self._templates:
            members = [self.corpus.function(m) for m in group.members]
            self._templates[key] = build_template(group, members, self.maskers, self.kinds, self._fields_of, self._numbers_of)
        return self._templates[key]

    def _numbers_of(self, function: Function, record: str) -> Mapping[str, str]:
        return tablegen.record_numbers(self.descriptions[function.target], record) if record else {}

    @cached_property
    def _fields(self) -> dict[tuple[str, str], dict[str, str]]:
        return {
            (label, c.name): field_types(c, self.maskers[label]) for label, files in self.files.items() for f in files for c in f.classes
        }

    def _fields_of(self, function: Function) -> Mapping[str, str]:
        return self._fields.get((function.target, function.signature.class_name), {})


def tablegen_source(target: Target) -> tablegen.TableGenInput:
    """What TableGen must read for a target of a checkout."""
    relocs = target.root / "include/llvm/BinaryFormat/ELFRelocs" / f"{target.folder}.def"
    return tablegen.TableGenInput(target.path / target.td, target.folder, relocs if relocs.is_file() else None)


def masker_of(folder: str, description: Description | tablegen.TargetContracts, arch: str = "") -> Masker:
    """The masker of a target, by its ``Target`` record's name and its folder's. ``arch``: the triple's architecture if that differs."""
    return Masker(tuple(dict.fromkeys((description.name, folder))), description.namespace, arch)


def mine(roots: Sequence[Path], held_out: Sequence[str], mode: Mode, tblgen: Path, progress: Progress = silent) -> Mined:
    """Mine one or more checkouts without the ``held_out``."""
    return Mined(open_corpus(roots, held_out, mode, tblgen), tblgen, progress)
