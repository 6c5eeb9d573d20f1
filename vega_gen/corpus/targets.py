"""List the targets of a checkout from their .td files. No C++ is opened here, so held-out targets can be listed too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from llvm_integration.process import run
from vega_gen import resources, store
from vega_gen.records import Mode

_TARGET_RECORD = re.compile(r"def\s+(\w+)\s*:\s*Target\b")
_NAMESPACE = re.compile(r"Namespace\s*=\s*\"(\w+)\"")  # no leading \b or \s: a pattern that starts with a literal is several times faster
_INCLUDE = re.compile(r"^\s*include\s+\"([^\"]+)\"", re.MULTILINE)
_TABLEGEN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a checkout.

    ``folder``: its folder's name in ``lib/Target``. ``label``: its name in records: the folder, with "@<checkout>" appended if an earlier
    checkout has a target of that name. ``name``: the name of its main .td's first ``Target`` record. ``names``: all names to mask (the
    folder, its Target records, the Namespace strings of its .td files), longest first. ``td``: the main .td. ``files``: the C++ files
    that may be read; of a held-out target these are the headers, and none in td mode. Paths are relative to the folder, with "/".
    ``root``: the checkout's ``llvm`` folder.
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
        """The absolute path of the target's folder."""
        return self.root / "lib" / "Target" / self.folder


def held_out_folders(names: Iterable[str]) -> frozenset[str]:
    """Return ``names`` and the folders of lib/Target that targets/settings/holdouts.toml holds out together with them."""
    together = cast(dict[str, list[str]], resources.settings("holdouts"))
    return frozenset(folder for name in names for folder in (name, *together.get(name, ())))


def targets_of(root: Path, held_out: frozenset[str], mode: Mode, tblgen: Path | None) -> Iterator[Target]:
    """Yield the targets below ``root``, a checkout's ``llvm`` folder, in order of folder names; labels are not made unique.

    ``held_out``: folders and Target record names. ``tblgen``: the llvm-tblgen that lists the Target records of .td files whose text does
    not show them. Raises ToolFailure if it cannot be run.
    """
    for folder in sorted(path for path in (root / "lib" / "Target").iterdir() if path.is_dir()):
        target = _target(root, folder, held_out, mode, tblgen)
        if target is not None:
            yield target


def _target(root: Path, folder: Path, held_names: frozenset[str], mode: Mode, tblgen: Path | None) -> Target | None:
    """The target in a folder of lib/Target, None if its .td files define none."""
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
    """Target records by .td file, for the files that no other .td includes. Raises ToolFailure if llvm-tblgen cannot be run."""
    included = {Path(name).name for text in texts.values() for name in _INCLUDE.findall(text)}
    records: dict[str, list[str]] = {}
    for file in sorted(set(texts) - included):
        argv = [str(tblgen), "--print-enums", "-class=Target", "-I", str(root / "include"), "-I", str(folder), str(folder / file)]
        key = store.digest(store.code_version(__name__), file, *(part for item in sorted(texts.items()) for part in item))
        kept = store.cache_get("corpus", key)
        if kept is None:
            done = run(argv, timeout=_TABLEGEN_SECONDS)
            if not done.ok:
                continue  # this .td cannot be parsed alone, so it is not a main one
            kept = done.stdout.encode()
            store.cache_put("corpus", key, kept)
        found = [name for name in kept.decode().replace(",", " ").split() if name]
        if found:
            records[file] = found
    return records
