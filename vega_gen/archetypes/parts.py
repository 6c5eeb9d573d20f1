"""Parses the files of archetypes into the functions, classes and files of a ``Plan``, so that archetypes can join mined candidates.

Each function has one candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vega_gen.archetypes.doubtful import doubts_in, without_notes
from vega_gen.corpus.modules import module_of
from vega_gen.cxx import comment_above, overload, parse_file, pieces
from vega_gen.cxx.masker import Masker
from vega_gen.records import (
    Candidate,
    Class,
    Enum,
    FilledStatement,
    Function,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Signature,
    Statement,
    statement_id,
)

ORIGIN = "archetype"
"""Origin of a candidate that no donor contributed to."""
CONFIDENCE = 0.99
"""Confidence of a statement that rests on no doubtful fact. It is measured: of the runs of GCC's torture tests that LLVM's RISC-V backend
passes, the share that a backend from archetypes for RV32IM passes too (2,966 of 2,996, see docs/lab-log.md). The calibration does not
apply, because it is fitted to statements that donors give."""

Parts = tuple[tuple[PlannedFile, ...], tuple[PlannedClass, ...], tuple[PlannedFunction, ...]]


def planned(files: Mapping[str, str], target: str, masker: Masker) -> Parts:
    """Returns the files, classes and functions of the texts, in order of path.

    ``files``: path relative to the target's folder -> C++ text with doubts (``Archetypes.printed``). ``masker``: gives the groups."""
    found_files: list[PlannedFile] = []
    classes: list[PlannedClass] = []
    functions: list[PlannedFunction] = []
    met: dict[str, int] = {}
    for path, text in sorted(files.items()):
        parsed = parse_file(text.encode(), target, path)
        lines = without_notes(text).split("\n")
        own = {c.name for c in parsed.classes}
        enums = tuple(_enum_text(e) for e in parsed.enums if not own & set(e.scope))
        before, after = (tuple(map(without_notes, texts)) for texts in (parsed.prologue, parsed.epilogue))
        found_files.append(PlannedFile(path, parsed.includes, (*before, *enums), after))
        classes += (_class(c, lines) for c in parsed.classes)
        for f in parsed.functions:
            group = masker.mask(f.qualified_name).replace("<T>", "")
            met[group] = met.get(group, 0) + 1
            functions.append(_function(f, group, met[group], text.encode(), lines, masker))
    return tuple(found_files), tuple(classes), tuple(functions)


def by_name(functions: Sequence[PlannedFunction]) -> dict[str, list[Candidate]]:
    """Returns qualified name -> the chosen candidates of the functions with that name."""
    found: dict[str, list[Candidate]] = {}
    for f in functions:
        found.setdefault(f.qualified_name, []).append(f.candidate)
    return found


def the_overload(named: Mapping[str, Sequence[Candidate]], wanted: Signature) -> Candidate | None:
    """Returns the candidate in ``named`` (see ``by_name``) that defines the same overload as ``wanted``, None if that is not clear."""
    same = named.get(f"{wanted.class_name}::{wanted.name}" if wanted.class_name else wanted.name, ())
    index = overload(wanted, [c.signature for c in same])
    return None if index is None else same[index]


def _enum_text(e: Enum) -> str:
    """Returns the text of an enumeration with its namespaces: a plan holds enumerations as text."""
    values = e.values or ("",) * len(e.enumerators)
    listed = ", ".join(f"{name} = {value}" if value else name for name, value in zip(e.enumerators, values, strict=True))
    scope = [name for name in e.scope if name != "llvm"]
    text = f"enum {'class ' if e.scoped else ''}{e.name} {{ {listed} }};"
    for name in reversed(["llvm", *scope] if "" not in scope else [""]):
        text = f"namespace {name + ' ' if name else ''}{{\n{text}\n}}"
    return text


def _class(c: Class, lines: Sequence[str]) -> PlannedClass:
    bases = tuple(f"public {b}" for b in c.bases)
    members = tuple(m if m.has_body else replace(m, comment=comment_above(lines, m.line)) for m in c.members)
    return PlannedClass(c.name, bases, c.file, c.namespaces, members, (), (), c.struct, comment_above(lines, c.line))


def _function(f: Function, group: str, number: int, text: bytes, lines: Sequence[str], masker: Masker) -> PlannedFunction:
    """``number``: which function of its group this is, from 1; overloads share a group but need different statement ids."""
    written, end = pieces(text[f.body_start + 1 : f.body_end - 1].decode(), f.body)
    bare = _statements(f.body, group if number == 1 else f"{group}#{number}", "", 0)
    statements = tuple(_doubted(s, head, tail) for s, (head, tail) in zip(bare, written, strict=True))
    comment = comment_above(lines, f.line)
    candidate = Candidate(f.signature, statements, CONFIDENCE, ORIGIN, comment=comment, end=without_notes(end))
    return PlannedFunction(group, module_of(f.file, masker), f.file, f.namespaces, f.in_class, (candidate,))


def _doubted(s: FilledStatement, head: str, tail: str) -> FilledStatement:
    """Returns the statement with its text and the confidence of the least certain fact that it names."""
    found = doubts_in(head) + doubts_in(tail)
    reasons = "; ".join(dict.fromkeys(doubt.reason for doubt in found))
    confidence = min((doubt.confidence for doubt in found), default=s.confidence)
    return replace(s, text=without_notes(head), end=without_notes(tail), confidence=confidence, doubt=reasons)


def _statements(body: Sequence[Statement], group: str, prefix: str, depth: int) -> Iterator[FilledStatement]:
    for i, s in enumerate(body):
        slot = f"{prefix}{i}"
        yield FilledStatement(statement_id(group, slot), depth, s.kind, s.head, s.braced, s.tail, CONFIDENCE, ())
        yield from _statements(s.children, group, f"{slot}.", depth + 1)
