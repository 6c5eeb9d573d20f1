"""LLVM's own files, changed, in front of prebuilt libraries: LLVM need not be built for a triple that it does not know yet.

Enters: an LLVM source tree, changed files of it outside of lib/Target. Leaves: ``Overlay``: an include folder that comes before the
installation's, and the sources whose objects are linked ahead of its libraries. It compiles nothing, and changes no checkout.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.discover import SourceTree
from llvm_integration.process import ToolFailure

_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
_INCLUDE, _LIB = "llvm/include/", "llvm/lib/"


@dataclass(frozen=True, slots=True)
class Overlay:
    """``folder`` holds the changed files as a source tree does, and the objects. ``files``: those of llvm/lib to be compiled, paths
    relative to the tree's root; unchanged ones are compiled from ``source``."""

    source: SourceTree
    folder: Path
    files: tuple[str, ...]

    @property
    def include_dir(self) -> Path:
        """The changed headers; to be searched before any other folder of LLVM's."""
        return self.folder / "llvm" / "include"

    def file(self, path: Path) -> Path:
        """The changed file in the place of ``path``, a file of the source tree; ``path`` itself if it is not changed."""
        if not path.is_relative_to(self.source.root):
            return path
        changed = self.folder / path.relative_to(self.source.root)
        return changed if changed.is_file() else path

    @property
    def objects(self) -> dict[str, Path]:
        """The objects to link ahead of the libraries, by the files that they are made of."""
        return {path: (self.folder / "obj" / path).with_suffix(".o") for path in self.files}

    def private_dirs(self, path: str) -> tuple[Path, Path]:
        """Where the private headers of a file of llvm/lib lie: beside it, changed or not."""
        return (self.folder / path).parent, (self.source.root / path).parent


def overlay(source: SourceTree, texts: Mapping[str, bytes], folder: Path) -> Overlay:
    """Write the changed files of ``texts`` (path relative to the tree's root -> content) below ``folder``, and say what is to be compiled.

    That is each changed .cpp of llvm/lib, and the one that goes with a changed header (include/llvm/X/Y.h, lib/X/Y.cpp), for what the
    header defines inline. Files of lib/Target are a target's own, and left out. Raises ``ToolFailure`` if there is no file of LLVM's.
    """
    folder = folder.resolve()
    own = {path: data for path, data in texts.items() if path.startswith("llvm/") and not path.startswith("llvm/lib/Target/")}
    if not own:
        raise ToolFailure("no changed file of LLVM's", next_step="build the target without an overlay")
    everything = own | _beside(source, own)
    for old in (folder / "llvm").rglob("*"):
        if old.is_file() and old.relative_to(folder).as_posix() not in everything:
            old.unlink()
    for path, data in everything.items():
        changed = folder / path
        if not changed.is_file() or changed.read_bytes() != data:
            changed.parent.mkdir(parents=True, exist_ok=True)
            changed.write_bytes(data)
    found = {path for path in own if path.startswith(_LIB) and path.endswith(".cpp")}
    for path in own:
        if path.startswith(f"{_INCLUDE}llvm/") and path.endswith(".h"):
            implementation = f"{_LIB}{path.removeprefix(f'{_INCLUDE}llvm/').removesuffix('.h')}.cpp"
            if (source.root / implementation).is_file():
                found.add(implementation)
    return Overlay(source, folder, tuple(sorted(found)))


def _beside(source: SourceTree, texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the changed headers include by paths relative to themselves, which a compiler looks up beside them first."""
    found: dict[str, bytes] = {}
    left = [(path, data) for path, data in texts.items() if path.startswith(_INCLUDE)]
    while left:
        path, data = left.pop()
        for name in _QUOTED.findall(data.decode("latin-1")):
            other = posixpath.normpath(f"{posixpath.dirname(path)}/{name}")
            if other.startswith(_INCLUDE) and other not in texts and other not in found and (source.root / other).is_file():
                found[other] = (source.root / other).read_bytes()
                left.append((other, found[other]))
    return found
