"""Read the official backend for the judge. Only this module reads the C++ of a held-out target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vega_gen.cxx import namespaces_in, parse_file
from vega_gen.errors import NotFoundError
from vega_gen.records import Class, Function
from vega_gen.store import digest


@dataclass(frozen=True, slots=True)
class Reference:
    """The official backend.

    ``files``: path relative to the target's folder -> content, C++ only. ``functions``: all functions with a body, by file and position;
    they are the whole population. ``digest``: over every file of the folder.
    """

    target: str
    files: Mapping[str, bytes]
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    digest: str

    def text(self, function: Function) -> str:
        """The function's definition as written."""
        return self.files[function.file][function.start : function.end].decode()


def read_reference(llvm: Path, target: str) -> Reference:
    """Read ``lib/Target/<target>`` below ``llvm`` (the source tree's ``llvm/`` folder). Raises NotFoundError if it has no
    function, InputError for a file that is not UTF-8."""
    folder = llvm / "lib" / "Target" / target
    if not folder.is_dir():
        raise NotFoundError(f"there is no target {target}", str(folder), "name a folder of llvm/lib/Target")
    everything = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    files = {name: content for name, content in everything.items() if name.endswith((".cpp", ".h"))}
    spaces = frozenset(s for content in files.values() for s in namespaces_in(content.decode("utf-8", "replace")))
    parsed = [parse_file(content, target, name, spaces) for name, content in files.items()]
    functions = tuple(f for source in parsed for f in sorted(source.functions, key=lambda f: f.start))
    if not functions:
        raise NotFoundError(f"{target} has no C++ function with a body", str(folder), "name a target that has C++")
    classes = tuple(c for source in parsed for c in source.classes)
    parts = (part for name, content in everything.items() for part in (name, content))
    return Reference(target, files, functions, classes, digest(*parts))
