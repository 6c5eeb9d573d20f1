"""Stage 8: archetypes' files, read back, as planned functions, classes and files.

Enters: the text of each file, the new target's name. Leaves: the parts of a ``Plan``; each function has one candidate. It renders
nothing (``emit.archetypes`` does) and asks no donor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vega_gen.corpus.modules import module_of
from vega_gen.cxx import comment_above, parse_file, pieces
from vega_gen.cxx.masker import Masker
from vega_gen.records import (
    FLAG_BELOW,
    Candidate,
    Class,
    Enum,
    FilledStatement,
    Function,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Statement,
    statement_id,
)

ORIGIN = "archetype"
"""What stands for provenance where no donor has a part in a statement."""
CONFIDENCE = FLAG_BELOW
"""Of every statement. Nothing in it was learnt, so nothing calibrates it: an archetype keeps to LLVM's documented interface, while the
facts it was given may be wrong. At the threshold where no model says another it is not flagged, and any statement that donors agree on
ranks above it."""

Parts = tuple[tuple[PlannedFile, ...], tuple[PlannedClass, ...], tuple[PlannedFunction, ...]]


def planned(files: Mapping[str, str], target: str, masker: Masker) -> Parts:
    """Files, classes and functions of the texts, in order of path. ``files``: path relative to the target's folder -> C++ text."""
    found_files: list[PlannedFile] = []
    classes: list[PlannedClass] = []
    functions: list[PlannedFunction] = []
    for path, text in sorted(files.items()):
        parsed = parse_file(text.encode(), target, path)
        lines = text.split("\n")
        own = {c.name for c in parsed.classes}
        enums = tuple(_enum_text(e) for e in parsed.enums if not own & set(e.scope))
        found_files.append(PlannedFile(path, parsed.includes, (*parsed.prologue, *enums), parsed.epilogue))
        classes += (_class(c, lines) for c in parsed.classes)
        functions += (_function(f, text.encode(), masker) for f in parsed.functions)
    return tuple(found_files), tuple(classes), tuple(functions)


def _enum_text(e: Enum) -> str:
    """An enumeration whole, with the namespaces that it stands in: a plan holds it as text."""
    values = e.values or ("",) * len(e.enumerators)
    listed = ", ".join(f"{name} = {value}" if value else name for name, value in zip(e.enumerators, values, strict=True))
    scope = [name for name in e.scope if name != "llvm"]
    text = f"enum {e.name} {{ {listed} }};"
    for name in reversed(["llvm", *scope] if "" not in scope else [""]):
        text = f"namespace {name + ' ' if name else ''}{{\n{text}\n}}"
    return text


def _class(c: Class, lines: Sequence[str]) -> PlannedClass:
    bases = tuple(f"public {b}" for b in c.bases)
    members = tuple(m if m.has_body else replace(m, comment=comment_above(lines, m.line)) for m in c.members)
    return PlannedClass(c.name, bases, c.file, c.namespaces, members, (), (), c.struct, comment_above(lines, c.line))


def _function(f: Function, text: bytes, masker: Masker) -> PlannedFunction:
    group = masker.mask(f.qualified_name).replace("<T>", "")
    written, end = pieces(text[f.body_start + 1 : f.body_end - 1].decode(), f.body)
    statements = tuple(replace(s, text=head, end=tail) for s, (head, tail) in zip(_statements(f.body, group, "", 0), written, strict=True))
    comment = comment_above(text.decode().split("\n"), f.line)
    candidate = Candidate(f.signature, statements, CONFIDENCE, ORIGIN, comment=comment, end=end)
    return PlannedFunction(group, module_of(f.file, masker), f.file, f.namespaces, f.in_class, (candidate,))


def _statements(body: Sequence[Statement], group: str, prefix: str, depth: int) -> Iterator[FilledStatement]:
    for i, s in enumerate(body):
        slot = f"{prefix}{i}"
        yield FilledStatement(statement_id(group, slot), depth, s.kind, s.head, s.braced, s.tail, CONFIDENCE, ())
        yield from _statements(s.children, group, f"{slot}.", depth + 1)
