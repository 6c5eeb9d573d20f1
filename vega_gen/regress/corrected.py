"""Read the functions of a backend in another tree, one corrected by hand for example, so that they can be judged like generated ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vega_gen.cxx import namespaces_in, parse_file
from vega_gen.errors import NotFoundError
from vega_gen.records import Candidate, FilledStatement, Function, Module, PlannedFunction, Statement

_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b[ \t]*([^\n]*)", re.MULTILINE)


def target_folder(tree: Path, target: str) -> Path:
    """The target's folder in ``tree``, which is an LLVM tree, its ``llvm/`` folder, or the target's folder itself.

    Raises NotFoundError if the target is not there."""
    for folder in (tree / "llvm" / "lib" / "Target" / target, tree / "lib" / "Target" / target, tree):
        if any(folder.glob(f"{target}*.cpp")):
            return folder
    raise NotFoundError(
        f"there is no backend of {target} here", str(tree), f"name a tree with llvm/lib/Target/{target}, or that folder itself"
    )


def functions_of(folder: Path, target: str) -> tuple[Function, ...]:
    """The functions of a target's folder, except those inside ``#if 0``. Raises InputError for a file that is not UTF-8."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".h"))
    files = {p.relative_to(folder).as_posix(): without_dead(p.read_bytes()) for p in paths}
    spaces = frozenset(s for text in files.values() for s in namespaces_in(text.decode("utf-8", "replace")))
    return tuple(f for name, text in files.items() for f in parse_file(text, target, name, spaces).functions)


def without_dead(text: bytes) -> bytes:
    """``text`` with everything from ``#if 0`` to its ``#else`` or ``#endif`` replaced by spaces, so that lines and offsets stay."""
    out = bytearray(text)
    depth = 0  # nested conditionals inside the ``#if 0``
    start: int | None = None
    for m in _DIRECTIVE.finditer(text):
        word = m[1]
        if start is None:
            if word == b"if" and m[2].strip() == b"0":
                start, depth = m.end(), 0
        elif word.startswith(b"if"):
            depth += 1
        elif depth:
            depth -= word == b"endif"
        else:
            out[start : m.start()] = re.sub(rb"[^\n]", b" ", text[start : m.start()])
            start = None
    return bytes(out)


def as_planned(function: Function, group: str, module: Module) -> PlannedFunction:
    """A function of C++ source as a PlannedFunction with one candidate of confidence 1."""
    statements: list[FilledStatement] = []

    def flatten(body: Sequence[Statement], depth: int) -> None:
        for s in body:
            statements.append(FilledStatement(str(len(statements)), depth, s.kind, s.head, s.braced, s.tail, 1.0, ()))
            flatten(s.children, depth + 1)

    flatten(function.body, 0)
    candidate = Candidate(function.signature, tuple(statements), 1.0, "tree")
    return PlannedFunction(group, module, function.file, function.namespaces, function.in_class, (candidate,))
