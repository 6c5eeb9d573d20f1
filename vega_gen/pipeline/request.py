"""From what ``new-target`` and ``fill`` were asked to the inputs of a generation, everything that can be refused refused first.

Enters: ``Request``. Leaves: ``Prepared``. It writes nothing but the cache, and reads no C++ of a target that the checkout has already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration import checkout, discover
from llvm_integration.errors import ToolFailure
from vega_gen import store, tablegen
from vega_gen.corpus import Corpus, held_out_folders, open_corpus
from vega_gen.cxx import strip_bodies
from vega_gen.errors import InputError, NotFoundError
from vega_gen.pipeline.archetypes import archetypes_offered
from vega_gen.pipeline.inputs import Inputs, default_filler, find_tblgen
from vega_gen.pipeline.mining import Progress
from vega_gen.records import FillerName, Mode

_RELOCATION = re.compile(rb"^\s*ELF_RELOC\s*\(", re.MULTILINE)
_HEADERS = (".h", ".def")


@dataclass(frozen=True, slots=True)
class Request:
    """What ``new-target`` was asked for. ``llvm``: a checkout. ``desc``: headers and .def files, or folders of them: desc mode.
    ``filler``: None for archetypes where the checkout has no such target and its .td says enough for them, else for ``default_filler``.
    ``out``: where the result goes in place of the checkout. ``corpora``: further checkouts. ``threshold``: flag below it (0 to 1),
    None for the filler's own.
    ``checkpoint``: a model in place of the one that comes along. ``arch``, ``machine``, ``big_endian``: of a new triple, "" and 0 to have
    them chosen."""

    td: Path
    llvm: Path
    name: str = ""
    desc: tuple[Path, ...] = ()
    out: Path | None = None
    filler: FillerName | None = None
    threshold: float | None = None
    corpora: tuple[Path, ...] = ()
    build_dir: Path | None = None
    checkpoint: Path | None = None
    arch: str = ""
    machine: int = 0
    big_endian: bool = False

    @property
    def mode(self) -> Mode:
        """The input mode that the description files make."""
        return Mode.DESC if self.desc else Mode.TD


@dataclass(frozen=True, slots=True)
class Prepared:
    """A generation that may begin. ``installation``: None where nothing can be compiled, ``why`` says why.

    ``official``: the checkout has this target already. ``held_out``: names that stay out of the corpus; ``generated``: those of them
    that an earlier run wrote."""

    inputs: Inputs
    installation: discover.Installation | None
    why: str
    official: bool
    held_out: tuple[str, ...]
    generated: tuple[str, ...]

    @property
    def work(self) -> Path:
        """Where tables and compiled headers of this target are kept between runs."""
        inputs = self.inputs
        key = store.digest(str(inputs.source.root), str(inputs.td.absolute()), inputs.mode, inputs.filler)[:12]
        return store.cache_folder("new-target", f"{inputs.folder}-{key}")


def prepare(request: Request, progress: Progress, *, writing: bool = True) -> Prepared:
    """Checks everything that does not need the work to be done, and names the target.

    Its folder is ``request.name``, else that of lib/Target in which the .td lies, else the one that has its ``Target`` record, else
    named as that record. ``writing``: False where nothing will be written into the checkout, which may then have changes.
    Raises InputError, ToolFailure.
    """
    if request.name:
        require_name(request.name, "--name")
    source = discover.open_source(request.llvm)
    if writing:
        checkout.recover(source.root, request.out)
    installation, why = _installation(source, request.build_dir)
    program = find_tblgen(source, progress, installation, request.build_dir)
    td = request.td.absolute()
    progress(0, 0, f"reading {td.name}")
    targets = source.llvm / "lib/Target"
    inside = td.resolve().relative_to(targets.resolve()).parts[0] if td.resolve().is_relative_to(targets.resolve()) else ""
    guess = request.name or inside or td.stem
    record = tablegen.describe(
        td, folder=guess, llvm_include=source.llvm / "include", tblgen=program, include_dirs=(targets / guess,)
    ).name
    known = open_corpus((source.root,), (), Mode.TD, program)
    same = next((t.folder for t in known.targets if t.name == record), "")
    folder = request.name or inside or same or record
    require_name(folder, str(td))
    if writing:
        checkout.recover(source.root, checkout.destination(source.root, folder, request.out))
        checkout.probe(source.root, folder, out=request.out)
    official = checkout.target_state(source.root, folder) is checkout.TargetState.OFFICIAL
    states = {t.folder: checkout.target_state(source.root, t.folder) for t in known.targets}
    generated = tuple(sorted(f for f, state in states.items() if state is checkout.TargetState.GENERATED))
    held = tuple(sorted(held_out_folders(tuple(dict.fromkeys(n for n in (folder, same, record) if n))) | set(generated)))
    corpus = open_corpus((source.root,), held, request.mode, program)
    headers, relocs = description_files(request.desc, corpus, td, targets / folder)
    beside = td.parent / f"{folder}.def"
    if relocs is None and beside.is_file() and _RELOCATION.search(beside.read_bytes()):
        relocs = beside
    filler = request.filler or default_filler(held, request.checkpoint)
    inputs = Inputs(source, td, folder, request.mode, filler, program, headers, request.corpora, relocs, request.checkpoint)
    if request.filler is None and not official and not request.desc and archetypes_offered(inputs):
        inputs = replace(inputs, filler=FillerName.ARCHETYPE)
    return Prepared(inputs, installation, why, official, held, generated)


def require_name(name: str, where: str) -> None:
    """Raises InputError for what cannot name a target."""
    if not checkout.valid_target_name(name):
        raise InputError(
            f"{name!r} cannot name a target", where, "give --name an identifier: letters, digits and underscores, a letter first, no path"
        )


def description_files(given: Sequence[Path], corpus: Corpus, td: Path, own: Path) -> tuple[dict[str, bytes], Path | None]:
    """The headers and .def files that ``--desc`` names, bodies out: path relative to the target's folder ``own`` -> text; and a list
    of relocations if there is one among them. A folder stands for all that lie in it. Raises InputError and NotFoundError."""
    headers: dict[str, bytes] = {}
    relocs: Path | None = None
    for path in given:
        if not path.exists():
            raise InputError("no such file", str(path), "--desc takes headers, .def files, and folders of them")
        if path.is_file() and path.suffix not in _HEADERS:
            raise InputError("not a description file", str(path), f"--desc takes {' and '.join(_HEADERS)} files, and folders of them")
        files = sorted(p for p in path.rglob("*") if p.suffix in _HEADERS and p.is_file()) if path.is_dir() else [path]
        if not files:
            what = f"no {' or '.join(_HEADERS)} file in this folder"
            raise NotFoundError(what, str(path), "leave out --desc to generate from the .td alone")
        for file in files:
            real = file.resolve()
            if real.suffix == ".def" and _RELOCATION.search(real.read_bytes()):
                relocs = real
                continue
            headers[_relative(real, path, td, own)] = _text(real, corpus)
    return headers, relocs


def _relative(file: Path, given: Path, td: Path, own: Path) -> str:
    base = given.resolve() if given.is_dir() else file.parent
    for folder in (own.resolve(), td.resolve().parent, base):
        if file.is_relative_to(folder):
            return file.relative_to(folder).as_posix()
    raise InputError("a link leads out of the folder", str(file), "name the file itself with --desc")


def _text(file: Path, corpus: Corpus) -> bytes:
    """A header without bodies: through the hold-out gate where it lies in the checkout."""
    data = corpus.read(file)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"not UTF-8: byte 0x{data[error.start]:02x}", f"{file}:{line}", "save it as UTF-8") from None
    return strip_bodies(data, str(file))


def _installation(source: discover.Source, build_dir: Path | None) -> tuple[discover.Installation | None, str]:
    """What to compile with; a build directory that was asked for must serve. Raises ToolFailure."""
    try:
        found = discover.find_installation(source.version, build_dir)
        assert found.clangxx
    except ToolFailure as failure:
        if build_dir is not None:
            raise
        return None, failure.what
    return found, ""

