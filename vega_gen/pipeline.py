"""The stages in their order; the only module that knows more than one stage.

Enters: what the command line was given. Leaves: plans, written backends, regressions. It does not print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from llvm_integration import discover
from llvm_integration.check import Checker, Preamble
from llvm_integration.process import run
from llvm_integration.toolchain import compile_flags
from vega_gen import features, regress, store, tablegen
from vega_gen.corpus import Corpus, Target, held_out_folders, open_corpus
from vega_gen.cxx import parse_file
from vega_gen.emit import emit, templates
from vega_gen.errors import InputError, NotFoundError
from vega_gen.fill.choose import choose, with_declarations
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import Filler, NewTarget
from vega_gen.fill.forkflow import ForkFlowFiller
from vega_gen.fill.layout import layout
from vega_gen.fill.planner import Planner
from vega_gen.function_template import FunctionTemplate, build_template
from vega_gen.groups import FunctionGroup, Groups, Interfaces, Masker, module_of
from vega_gen.records import (
    Description, FillerName, Function, HoleKind, Mode, Plan, PlannedClass, PlannedFile, PlannedFunction, SourceFile,
)

Progress = Callable[[int, int, str], None]
FILLERS: Mapping[FillerName, Callable[[], Filler]] = {
    FillerName.FORKFLOW: ForkFlowFiller,
    FillerName.CONSENSUS: ConsensusFiller,
}
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_INCLUDE = re.compile(r'^#include ("[^"]+"|<[^>]+>)', re.MULTILINE)
_TABLEGEN_SECONDS = 600.0


def _silent(done: int, total: int, text: str) -> None:
    del done, total, text


class Mined:
    """Stages 1 to 5 for one checkout and one hold-out: corpus, descriptions, groups; templates when they are asked for."""

    def __init__(self, corpus: Corpus, tblgen: Path, progress: Progress = _silent) -> None:
        self.corpus = corpus
        self.tblgen = tblgen
        corpus.mine(lambda done, total: progress(done, total, "parsing C++"))
        sources = [tablegen_source(t) for t in corpus.targets]
        found = tablegen.describe_all(
            sources, llvm_include=corpus.root / "include", tblgen=tblgen,
            progress=lambda folder, done, total: progress(done, total, f"TableGen {folder}"),
        )
        self.descriptions: dict[str, Description] = {t.label: d for t, d in zip(corpus.targets, found, strict=True)}
        self.maskers = {t.label: masker_of(t.folder, self.descriptions[t.label]) for t in corpus.targets}
        self.kinds = {label: tablegen.symbols(d).kind_of for label, d in self.descriptions.items()}
        self.interfaces = Interfaces(corpus.interfaces())
        self.files: dict[str, tuple[SourceFile, ...]] = {t.label: corpus.files(t.label) for t in corpus.targets}
        self.groups = Groups(
            corpus.headers(),
            (c for files in self.files.values() for f in files for c in f.classes),
            self.interfaces,
            self.maskers,
            {label: d.contracts for label, d in self.descriptions.items()},
        )
        self._templates: dict[str, FunctionTemplate] = {}

    def template(self, group: FunctionGroup) -> FunctionTemplate:
        """The function template of a group, built once."""
        if group.name not in self._templates:
            members = [self.corpus.function(m) for m in group.members]
            self._templates[group.name] = build_template(group, members, self.maskers, self.kinds)
        return self._templates[group.name]


def tablegen_source(target: Target) -> tablegen.Source:
    """What stage 3 is asked for a target of a checkout."""
    relocs = target.root / "include/llvm/BinaryFormat/ELFRelocs" / f"{target.folder}.def"
    return tablegen.Source(target.path / target.td, target.folder, relocs if relocs.is_file() else None)


def masker_of(folder: str, description: Description) -> Masker:
    """The masker of a target: its ``Target`` record's name first, then its folder's."""
    return Masker(tuple(dict.fromkeys((description.name, folder))), description.namespace)


@dataclass(frozen=True)
class Inputs:
    """What one generation is asked for. ``folder``: of the new target below lib/Target; ``headers``: its own headers (desc mode),
    path relative to its folder -> text with the bodies taken out."""

    source: discover.Source
    td: Path
    folder: str
    mode: Mode
    filler: FillerName
    tblgen: Path
    headers: Mapping[str, bytes]
    corpora: tuple[Path, ...] = ()

    @cached_property
    def description(self) -> Description:
        """The .td through typed views. Raises InputError and TableGenError."""
        relocs = self.source.llvm / "include/llvm/BinaryFormat/ELFRelocs" / f"{self.folder}.def"
        return tablegen.describe(
            self.td, folder=self.folder, llvm_include=self.source.llvm / "include", tblgen=self.tblgen,
            relocs=relocs if relocs.is_file() else None,
            include_dirs=(self.source.llvm / "lib/Target" / self.folder,),
        )


def mine(roots: Sequence[Path], held_out: Sequence[str], mode: Mode, tblgen: Path, progress: Progress = _silent) -> Mined:
    """Stages 1 to 4 over one or more checkouts, ``held_out`` left out."""
    return Mined(open_corpus(roots, held_out, mode, tblgen), tblgen, progress)


def new_target(mined: Mined, inputs: Inputs) -> NewTarget:
    """What a filler may know of the target being generated (stage 6 included)."""
    description = inputs.description
    masker = masker_of(inputs.folder, description)
    parsed = [parse_file(text, inputs.folder, path) for path, text in sorted(inputs.headers.items()) if path.endswith(".h")]
    classes = tuple(c for f in parsed for c in f.classes)
    enums = tuple(e for f in parsed for e in f.enums)
    own = features.target_features(description)
    declared = features.declaration_features(classes, enums, masker)
    nearness: dict[str, float] = {}
    for label, donor in mined.descriptions.items():
        headers = [f for f in mined.files[label] if f.file.endswith(".h")]
        theirs = features.declaration_features(
            (c for f in headers for c in f.classes), (e for f in headers for e in f.enums), mined.maskers[label]
        )
        nearness[label] = features.nearness(own, features.target_features(donor), declared, theirs)

    def match(kind: HoleKind, name: str, donor: str) -> Sequence[tuple[str, float]]:
        return tablegen.match(kind, name, mined.descriptions[donor], description)

    table = tablegen.symbols(description)
    symbols = {kind: table.of(kind) for kind in HoleKind}
    words = frozenset(w.decode() for text in inputs.headers.values() for w in _IDENTIFIER.findall(text))
    return NewTarget(
        inputs.folder, masker, inputs.mode, description, nearness, match, symbols, classes, enums, tuple(sorted(inputs.headers)), words,
        llvm_identifiers(mined.corpus.root / "include"),
    )


def llvm_identifiers(include: Path) -> frozenset[str]:
    """Every identifier in LLVM's own headers; cached by the headers' paths, sizes and times."""
    files = sorted(p for p in (include / "llvm").rglob("*") if p.suffix in (".h", ".def"))
    key = store.digest("identifiers", *(f"{p}:{s.st_size}:{s.st_mtime_ns}" for p in files for s in [p.stat()]))
    kept = store.cache_get("identifiers", key)
    if kept is None:
        words: set[bytes] = set()
        for p in files:
            words.update(_IDENTIFIER.findall(p.read_bytes()))
        kept = b"\n".join(sorted(words))
        store.cache_put("identifiers", key, kept)
    return frozenset(kept.decode().split("\n"))


def generate(
    inputs: Inputs, *, work: Path, installation: discover.Installation | None, held_out: Sequence[str],
    only: Callable[[FunctionGroup], bool] | None = None, jobs: int = 2, progress: Progress = _silent, mined: Mined | None = None,
) -> Plan:
    """Stages 1 to 8: the plan of a backend. ``installation`` None: nothing is compiled, the best candidates are taken."""
    mined = mined or mine((inputs.source.root, *inputs.corpora), held_out, inputs.mode, inputs.tblgen, progress)
    new = new_target(mined, inputs)
    planner = Planner(mined.groups, mined.template, new, FILLERS[inputs.filler](), mined.maskers)
    planned = planner.plan(progress) if only is None else planner.plan(progress, only)
    if not planned:
        raise NotFoundError(f"no function could be planned for {inputs.folder}", str(inputs.td), "check the corpus with `vega-gen mine`")
    headers = llvm_header_paths(inputs.source.llvm / "include")
    files, classes = layout(mined.files, mined.maskers, new, planned, headers)
    plan = Plan(
        inputs.folder, inputs.mode, inputs.filler, inputs.source.version,
        tuple(sorted(t.folder for t in mined.corpus.held)), files, classes, tuple(planned),
        {"td": store.digest(inputs.td.read_bytes()), "corpus": mined.corpus.digest},
    )
    if installation is None:
        return plan
    compiler = CandidateCompiler(plan, inputs, installation, work, progress)
    chosen = choose(plan.functions, compiler, jobs, progress)
    compiler.close()
    files, classes = layout(mined.files, mined.maskers, new, chosen, headers)
    return replace(plan, files=files, classes=classes, functions=chosen)


def llvm_header_paths(include: Path) -> frozenset[str]:
    """Paths of LLVM's headers as they are included, the .td files that some are made from too."""
    return frozenset(p.relative_to(include).as_posix() for p in (include / "llvm").rglob("*") if p.suffix in (".h", ".def", ".td", ".inc"))


class CandidateCompiler:
    """Compiles candidates against what the mode gives a user: LLVM's headers, the generated tables, and of the target its own
    headers with the bodies out (desc) or the generated headers (td)."""

    def __init__(
        self, plan: Plan, inputs: Inputs, installation: discover.Installation, work: Path, progress: Progress = _silent
    ) -> None:
        tree = work / "tree"
        bare = replace(plan, functions=())
        edits = emit(bare, inputs.description, inputs.headers, threshold=0.0)
        texts = {e.path.split("/", 4)[-1]: e.content for e in edits if isinstance(e.content, str)}
        for path, text in texts.items():
            if path.endswith((".h", ".def")):
                place = tree / path
                place.parent.mkdir(parents=True, exist_ok=True)
                store.write_atomic(place, text.encode())
        tables = work / "tables"
        generate_tables(texts, inputs, tables, progress)
        self._texts = {path: resolvable(text, path, (tree, tables, inputs.source.llvm / "include")) for path, text in texts.items()}
        self._declarations = with_declarations(plan.functions)
        folders = (tree, *sorted(p for p in tree.rglob("*") if p.is_dir()), tables, *installation.include_dirs)
        self._checker = Checker(installation, folders, compile_flags(installation), work / "checks")
        self._preambles: dict[str, Preamble] = {}
        files = sorted({f.file for f in plan.functions})
        includes = sorted({x for text in self._texts.values() for x in _INCLUDE.findall(text) if x.startswith(('"llvm/', "<"))})
        own = sorted(path for path in self._texts if path.endswith(".h"))
        progress(0, len(files), "precompiling LLVM's headers")
        common = "".join(f"#include {x}\n" for x in [*includes, *(f'"{path}"' for path in own)])
        base = self._checker.preamble("common", common)
        with ThreadPoolExecutor(2) as pool:
            made = pool.map(lambda file: self._checker.preamble(re.sub(r"\W", "_", file), self._preamble(file), base), files)
            for i, (file, preamble) in enumerate(zip(files, made, strict=True)):
                self._preambles[file] = preamble
                progress(i + 1, len(files), f"precompiling {file}")

    def _preamble(self, file: str) -> str:
        text = self._texts.get(file if file.endswith(".cpp") else file.rsplit(".", 1)[0] + ".cpp", "")
        if not file.endswith(".cpp"):
            text = f'#include "{file}"\n'
        return f"{text}\nusing namespace llvm;\n{self._declarations.get(file, '')}"

    def __call__(self, file: str, text: str) -> tuple[bool, str, int]:
        """See ``choose.Compiler``."""
        result = self._checker.check(self._preambles[file], text)
        return result.ok, result.message, result.line

    @property
    def broken(self) -> Mapping[str, str]:
        """Files whose preamble alone does not compile, with the first message."""
        return {file: p.message for file, p in self._preambles.items() if not p.ok}

    def close(self) -> None:
        """Closes the file of results."""
        self._checker.close()


def resolvable(text: str, path: str, folders: Sequence[Path]) -> str:
    """A file's text without the includes that none of ``folders`` (the first: that of the target's own files) has."""

    def keep(line: str) -> bool:
        found = _INCLUDE.match(line)
        if found is None or found[1].startswith("<"):
            return True
        name = found[1].strip('"')
        beside = folders[0] / Path(path).parent
        return any((folder / name).is_file() for folder in (beside, *folders)) or name.startswith("llvm/")

    return "\n".join(line for line in text.split("\n") if keep(line))


def generate_tables(texts: Mapping[str, object], inputs: Inputs, out: Path, progress: Progress) -> None:
    """Runs llvm-tblgen for every ``<T>Gen*.inc`` that the texts include; a table that it refuses is left empty."""
    wanted = sorted({m for text in texts.values() for m in re.findall(r'#include "([^"]+\.inc)"', str(text)) if templates.table_of(m)})
    out.mkdir(parents=True, exist_ok=True)

    def one(inc: str) -> None:
        found = templates.table_of(inc)
        assert found is not None
        td_digest = store.digest(inc, found[0].options, inputs.td.read_bytes(), str(inputs.description))
        stamp = out / f"{inc}.key"
        if stamp.is_file() and stamp.read_text() == td_digest and (out / inc).is_file():
            return
        include = inputs.source.llvm / "include"
        argv = [str(inputs.tblgen), *found[0].options.split(), "-I", str(inputs.td.parent), "-I", str(include), str(inputs.td), "-o", str(out / inc)]
        done = run(argv, timeout=_TABLEGEN_SECONDS)
        if not done.ok:
            (out / inc).write_text("")
        stamp.write_text(td_digest)

    with ThreadPoolExecutor(2) as pool:
        for i, _ in enumerate(pool.map(one, wanted)):
            progress(i + 1, len(wanted), f"TableGen {wanted[i]}")


def target_inputs(
    llvm: Path, target: str, mode: Mode, filler: FillerName, build_dir: Path | None = None
) -> tuple[Inputs, discover.Installation, tuple[str, ...]]:
    """Inputs for a target that the checkout has already: held out, its description files read through the gate."""
    source = discover.open_source(llvm)
    installation = discover.find_installation(source.version, build_dir)
    held = tuple(sorted(held_out_folders((target,))))
    corpus = open_corpus((source.root,), held, mode, installation.llvm_tblgen)
    own = corpus.target(target)
    headers = {file: corpus.read(own.path / file) for file in own_headers(own.path)} if mode is Mode.DESC else {}
    return Inputs(source, own.path / own.td, own.folder, mode, filler, installation.llvm_tblgen, headers), installation, held


def regression(
    llvm: Path, target: str, *, mode: Mode, filler: FillerName, functions_glob: str = "*", jobs: int = 2, work: Path | None = None,
    build_dir: Path | None = None, timeout: int = 60, keep_going: bool = False, progress: Progress = _silent,
) -> regress.Regression:
    """The regression of a held-out target: its plan made anew, the official backend read by the judge alone."""
    inputs, installation, held = target_inputs(llvm, target, mode, filler, build_dir)
    folder = work or store.cache_dir() / "regress" / f"{inputs.folder}-{store.digest(str(inputs.source.root), installation.version)[:8]}"
    mined = mine((inputs.source.root,), held, mode, inputs.tblgen, progress)
    generated = folder / "generate" / f"{mode}-{filler}"
    plan = generate(inputs, work=generated, installation=installation, held_out=held, jobs=jobs, progress=progress, mined=mined)
    store.dump(plan, generated / "plan.json")
    reference = regress.read_reference(inputs.source.llvm, inputs.folder)
    masker = masker_of(inputs.folder, inputs.description)
    roles = mined.groups.with_target(inputs.folder, reference.classes, masker, inputs.description.contracts)
    return regress.judge(
        plan, reference, roles, lambda file: module_of(file, masker), inputs.source, installation, folder,
        functions_glob=functions_glob, jobs=jobs, timeout=timeout, keep_going=keep_going, progress=progress,
    )


def own_headers(folder: Path) -> Iterable[str]:
    """The .h and .def files of a target's folder, relative to it."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in (".h", ".def"))
