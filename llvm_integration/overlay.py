"""Put changed files of LLVM itself in front of a prebuilt installation, so that LLVM need not be rebuilt for a new triple.

The changed files are written to a separate folder: its headers are searched before the installation's, and the objects of its sources are
linked ahead of the installation's libraries. ``llvm_integration.toolchain`` compiles them; the checkout does not change.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.discover import SourceTree
from llvm_integration.failure import ToolFailure

_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
_INCLUDE, _LIB = "llvm/include/", "llvm/lib/"


@dataclass(frozen=True, slots=True)
class Overlay:
    """``folder``: holds the changed files in the layout of a source tree, and their objects. ``files``: the files of llvm/lib to compile,
    relative to the tree's root; an unchanged one among them is compiled from ``source``."""

    source: SourceTree
    folder: Path
    files: tuple[str, ...]

    @property
    def include_dir(self) -> Path:
        """The folder of the changed headers, to be searched before every other include folder of LLVM."""
        return self.folder / "llvm" / "include"

    def file(self, path: Path) -> Path:
        """Return the changed version of ``path``, a file of the source tree; ``path`` itself if it is unchanged."""
        if not path.is_relative_to(self.source.root):
            return path
        changed = self.folder / path.relative_to(self.source.root)
        return changed if changed.is_file() else path

    @property
    def objects(self) -> dict[str, Path]:
        """Source file -> its object, to be linked ahead of the libraries."""
        return {path: (self.folder / "obj" / path).with_suffix(".o") for path in self.files}

    def private_dirs(self, path: str) -> tuple[Path, Path]:
        """Return the folders of the private headers of a file of llvm/lib: its own, in the overlay and in the source tree."""
        return (self.folder / path).parent, (self.source.root / path).parent


def overlay(source: SourceTree, texts: Mapping[str, bytes], folder: Path) -> Overlay:
    """Write the changed files ``texts`` (path relative to the tree's root -> content) below ``folder`` and return the overlay.

    To be compiled are each changed .cpp of llvm/lib and, because a header's inline functions are compiled into it, the .cpp that belongs
    to a changed header (lib/X/Y.cpp for include/llvm/X/Y.h). Files of lib/Target are ignored: they belong to a target's own build.
    Raises ``ToolFailure`` if no other file of LLVM is changed.
    """
    folder = folder.resolve()
    own = {path: data for path, data in texts.items() if path.startswith("llvm/") and not path.startswith("llvm/lib/Target/")}
    if not own:
        raise ToolFailure("no file of LLVM itself is changed", next_step="build the target without an overlay")
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
    """The unchanged headers that changed ones include by relative paths, and so on: the overlay needs copies of them, since a compiler
    looks for a quoted header beside the including file first."""
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
