"""The inputs of one generation, and where they come from for a target that the checkout already has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import orjson

from llvm_integration import discover, tblgen
from llvm_integration.edits import is_stamped
from llvm_integration.process import Progress
from vega_gen import store, tablegen
from vega_gen.archetypes.completion import Completion, completion
from vega_gen.corpus import held_out_folders, open_corpus
from vega_gen.facts.facts_file import with_given
from vega_gen.pipeline.completing import completed
from vega_gen.records import BUDGET, Description, FillerName, GivenFact, Mode
from vega_gen.tablegen.subtargets import on_subtarget

WEIGHTS = Path(__file__).resolve().parents[1] / "model" / "weights"
"""The checkpoint that vega-gen ships with."""


@dataclass(frozen=True)
class Inputs:
    """What one generation starts from.

    ``td``: its main .td file. ``relocs``: its list of relocations, if it has one.
    ``folder``: the new target's folder below lib/Target.
    ``headers``: its own headers (desc mode), path relative to its folder -> text without bodies.
    ``corpora``: further checkouts to mine.
    ``checkpoint``: the model's, None for the one that vega-gen ships with.
    ``budget``: the largest number of candidates of a function.
    ``uncalibrated``: keep the filler's own confidence.
    ``arch``: the architecture part of its triple, "" for the folder's name.
    ``big_endian``: the byte order of a target whose triple LLVM does not know, else None.
    ``facts``: a facts file; ``decided``: facts by decisions of a review, which go before it.
    ``cpu``, ``attrs``: the processor and the features that the backend is made for, "" for the default ones.
    ``overlay``: include folders that come before LLVM's own, with headers that know that triple.
    ``as_it_is``: nothing is added to the .td: the functions are for a backend whose tables come from the .td alone.
    """

    source: discover.SourceTree
    td: Path
    folder: str
    mode: Mode
    filler: FillerName
    tblgen: Path
    headers: Mapping[str, bytes]
    corpora: tuple[Path, ...] = ()
    relocs: Path | None = None
    checkpoint: Path | None = None
    budget: int = BUDGET
    uncalibrated: bool = False
    arch: str = ""
    big_endian: bool | None = None
    overlay: tuple[Path, ...] = ()
    as_it_is: bool = False
    facts: Path | None = None
    decided: Mapping[str, GivenFact] = field(default_factory=dict[str, GivenFact])
    cpu: str = ""
    attrs: str = ""

    @property
    def model(self) -> Path:
        """The folder of the checkpoint in use."""
        return self.checkpoint or WEIGHTS

    @property
    def include_dirs(self) -> tuple[Path, ...]:
        """Where the .td's includes are looked for: beside it, in the target's folder of the checkout, in LLVM's include folder."""
        return self.td.parent, self.source.llvm / "lib/Target" / self.folder, self.source.llvm / "include"

    def _described(self, td: Path) -> Description:
        official = self.source.llvm / "include/llvm/BinaryFormat/ELFRelocs" / f"{self.folder}.def"
        relocs = self.relocs or (official if official.is_file() and not is_stamped(official.read_bytes()) else None)
        described = tablegen.describe(
            td, folder=self.folder, llvm_include=self.include_dirs[-1], tblgen=self.tblgen, relocs=relocs,
            include_dirs=self.include_dirs[:2],
        )
        given = with_given(described, self.facts)
        return on_subtarget(replace(given, given=given.given | dict(self.decided)), self.cpu, self.attrs)

    @cached_property
    def own_description(self) -> Description:
        """What the .td says, without what completes it. Relocations that a registration generated are ignored. Raises InputError."""
        return self._described(self.td)

    @cached_property
    def description(self) -> Description:
        """The completed .td through typed views. Raises InputError."""
        return self.completion.mark(self._described(self.completed_td)) if self.completion.described else self.own_description

    @cached_property
    def completed_td(self) -> Path:
        """The main .td file, or one in the cache that includes it and what it lacks."""
        return self._completed(self.completion) if self.completion.text else self.td

    def _completed(self, lacking: Completion) -> Path:
        key = store.digest(str(self.td.absolute()), self.folder, lacking.text)[:12]
        return completed(self.td, self.own_description.name, lacking.text, store.cache_folder("completed", key), lacking.mendings)

    @property
    def definitions(self) -> tuple[Path, ...]:
        """The .td files that a copy of the target needs: neither LLVM's own nor those of the target's folder in the checkout."""
        _, *others = self.include_dirs
        files = tablegen.reachable(self.td, self.include_dirs)
        return tuple(p for p in files if not any(p.is_relative_to(folder) for folder in others))

    @cached_property
    def completion(self) -> Completion:
        """The TableGen that the .td lacks."""
        if self.as_it_is:
            return Completion("", False)
        wanted = self.include_dirs[-1] / "llvm/Target/Target.td"
        own = "".join(p.read_text(encoding="utf-8", errors="replace") for p in tablegen.reachable(self.td, self.include_dirs[:-1]))
        target_td = wanted.read_text(encoding="utf-8", errors="replace") if wanted.is_file() else ""
        first = completion(self.own_description, own, target_td)
        return first.extended(first.mark(self._described(self._completed(first)))) if first.selected else first


def default_filler(held: Collection[str], checkpoint: Path | None = None) -> FillerName:
    """The filler where none is asked for: the edit model, unless the one that vega-gen ships with has learnt a target in ``held``; then the
    consensus."""
    if checkpoint is not None:
        return FillerName.EDIT
    learnt: list[str] = orjson.loads((WEIGHTS / "manifest.json").read_bytes())["targets"]
    return FillerName.CONSENSUS if set(learnt) & set(held) else FillerName.EDIT


def target_inputs(
    llvm: Path, target: str, mode: Mode, filler: FillerName, build_dir: Path | None = None, checkpoint: Path | None = None,
    budget: int = BUDGET,
) -> tuple[Inputs, discover.Installation, tuple[str, ...]]:
    """Inputs for a target that the checkout has: held out, its description files read through the hold-out gate.

    Returns also the installation to compile with and the folders held out.
    """
    source = discover.open_source(llvm)
    installation = discover.find_installation(source.version, build_dir)
    held = tuple(sorted(held_out_folders((target,))))
    return inputs_of(source, installation.llvm_tblgen, target, held, mode, filler, checkpoint, budget), installation, held


def inputs_of(
    source: discover.SourceTree, program: Path, target: str, held: Sequence[str], mode: Mode, filler: FillerName,
    checkpoint: Path | None = None, budget: int = BUDGET,
) -> Inputs:
    """Inputs for a target of the checkout that is among those ``held`` out. ``program``: path of llvm-tblgen."""
    corpus = open_corpus((source.root,), held, mode, program)
    own = corpus.target(target)
    headers = {file: corpus.read(own.path / file) for file in own_headers(own.path)} if mode is Mode.DESC else {}
    return Inputs(
        source, own.path / own.td, own.folder, mode, filler, program, headers, checkpoint=checkpoint, budget=budget, as_it_is=True
    )


def find_tblgen(
    source: discover.SourceTree, progress: Progress, installation: discover.Installation | None = None, build_dir: Path | None = None
) -> Path:
    """The llvm-tblgen of the checkout's version, built from source where the machine has none. Raises ToolFailure."""
    found = tblgen.find_tblgen(source, installation, build_dir)
    return found or tblgen.build_tblgen(source, store.cache_folder("llvm-tblgen", source.version), progress)


def own_headers(folder: Path) -> Iterable[str]:
    """The .h and .def files of a target's folder, relative to it."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in (".h", ".def"))
