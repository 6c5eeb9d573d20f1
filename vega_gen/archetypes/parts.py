"""Stage 8: archetypes' files, read back, as planned functions, classes and files.

Enters: the text of each file, the new target's name. Leaves: the parts of a ``Plan``; each function has one candidate. It renders
nothing (``emit.archetypes`` does) and asks no donor.
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
"""What stands for provenance where no donor has a part in a statement."""
CONFIDENCE = 0.99
"""Of a statement that rests on no doubtful fact. It is the share of GCC's torture runs that LLVM's own RISC-V backend passes and one of
archetypes passes too (RV32IM: 2,966 of 2,996, see the lab log): what is wrong with archetypes, once the facts are right. No donor gave
such a statement, so no calibration applies to it."""

Parts = tuple[tuple[PlannedFile, ...], tuple[PlannedClass, ...], tuple[PlannedFunction, ...]]


def planned(files: Mapping[str, str], target: str, masker: Masker) -> Parts:
    """Files, classes and functions of the texts, in order of path. ``files``: path relative to the target's folder -> C++ text, with the
    doubts of the facts in it (``Archetypes.printed``)."""
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
    """What is taken for the functions, by name with its class."""
    found: dict[str, list[Candidate]] = {}
    for f in functions:
        found.setdefault(f.qualified_name, []).append(f.candidate)
    return found


def the_overload(named: Mapping[str, Sequence[Candidate]], wanted: Signature) -> Candidate | None:
    """The one of the candidates by name (``by_name``) that is the same function, None if there is no telling."""
    same = named.get(f"{wanted.class_name}::{wanted.name}" if wanted.class_name else wanted.name, ())
    index = overload(wanted, [c.signature for c in same])
    return None if index is None else same[index]


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


def _function(f: Function, group: str, number: int, text: bytes, lines: Sequence[str], masker: Masker) -> PlannedFunction:
    """``number``: of the functions in a group, which have different statements (overloads), from 1."""
    written, end = pieces(text[f.body_start + 1 : f.body_end - 1].decode(), f.body)
    bare = _statements(f.body, group if number == 1 else f"{group}#{number}", "", 0)
    statements = tuple(_doubted(s, head, tail) for s, (head, tail) in zip(bare, written, strict=True))
    comment = comment_above(lines, f.line)
    candidate = Candidate(f.signature, statements, CONFIDENCE, ORIGIN, comment=comment, end=without_notes(end))
    return PlannedFunction(group, module_of(f.file, masker), f.file, f.namespaces, f.in_class, (candidate,))


def _doubted(s: FilledStatement, head: str, tail: str) -> FilledStatement:
    """A statement with its text, as sure as the least sure fact that it names."""
    found = doubts_in(head) + doubts_in(tail)
    reasons = "; ".join(dict.fromkeys(doubt.reason for doubt in found))
    confidence = min((doubt.confidence for doubt in found), default=s.confidence)
    return replace(s, text=without_notes(head), end=without_notes(tail), confidence=confidence, doubt=reasons)


def _statements(body: Sequence[Statement], group: str, prefix: str, depth: int) -> Iterator[FilledStatement]:
    for i, s in enumerate(body):
        slot = f"{prefix}{i}"
        yield FilledStatement(statement_id(group, slot), depth, s.kind, s.head, s.braced, s.tail, CONFIDENCE, ())
        yield from _statements(s.children, group, f"{slot}.", depth + 1)
