"""Stage 8: archetypes' files, read back, as planned functions, classes and files.

Enters: the text of each file, the new target's name. Leaves: the parts of a ``Plan``; each function has one candidate. It renders
nothing (``emit.archetypes`` does) and asks no donor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vega_gen.cxx import overload, overloads, parse_file
from vega_gen.fill.context import Request
from vega_gen.fill.weights import statement_id
from vega_gen.function_template import OWN_RECORD
from vega_gen.groups import GroupKind, Groups, Masker, module_of
from vega_gen.records import (
    FLAG_BELOW,
    Candidate,
    Class,
    Contract,
    ContractRole,
    Enum,
    FilledStatement,
    Function,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Signature,
    Statement,
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
        own = {c.name for c in parsed.classes}
        enums = tuple(_enum_text(e) for e in parsed.enums if not own & set(e.scope))
        found_files.append(PlannedFile(path, parsed.includes, (*parsed.prologue, *enums), parsed.epilogue))
        classes += (_class(c) for c in parsed.classes)
        functions += (_function(f, masker) for f in parsed.functions)
    return tuple(found_files), tuple(classes), tuple(functions)


class ArchetypeFiller:
    """The archetype of a function that mined templates have too: the same class and name, else the same function group."""

    def __init__(self, functions: Sequence[PlannedFunction]) -> None:
        self._named = by_name(functions)
        self._grouped = {f.group: f.candidate for f in functions}

    def fill(self, request: Request) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        found = the_overload(self._named, request.signature) or self._grouped.get(request.template.group.name)
        return (found,) if found else ()


def offered(
    planned: Sequence[PlannedFunction], archetypes: Sequence[PlannedFunction], contracts: Sequence[Contract], budget: int, groups: Groups
) -> list[PlannedFunction]:
    """What is planned, each function with the archetype of its name and parameters, within the budget; after it the archetypes of contracts
    that nothing is planned for.

    It is the first of the last resorts; the first of all where donors do not know (``_known``)."""
    pairs = _overloads(planned, archetypes)
    obliged = {c.name for c in contracts}
    there = {f.candidate.signature.name for f in planned}
    found: list[PlannedFunction] = []
    for i, f in enumerate(planned):
        made, known = archetypes[pairs[i]] if i in pairs else None, _known(f, groups)
        if made is None or (budget == 1 and known):
            found.append(f)
            continue
        mined = [c for c in f.candidates if not c.resort][: budget - 1]
        own = [c for c in f.candidates if c.resort]
        ranked = (*mined, replace(made.candidate, resort=True), *own) if known else (made.candidate, *mined, *own)
        found.append(replace(f, candidates=ranked[:budget]))
    return found + [f for f in archetypes if f.candidate.signature.name in obliged - there]


def _known(f: PlannedFunction, groups: Groups) -> bool:
    """Whether donors can know what a function does here. Of a contract they can if one has it, called so: in a group that is only of the
    same role they do it for other operands. How a register class is decoded the .td says whole, and what donors have is mostly a table
    that their file calls by a name of its own."""
    group = groups.by_name.get(f.group)
    if group is None or group.kind is not GroupKind.CONTRACT:
        return True
    if group.name.startswith(f"{ContractRole.REGISTER_CLASS_DECODER}:"):
        return False
    return OWN_RECORD in group.name or any(m.signature.name == f.candidate.signature.name for m in group.members)


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


def _overloads(planned: Sequence[PlannedFunction], archetypes: Sequence[PlannedFunction]) -> dict[int, int]:
    """Index of a planned function -> index of the archetype that is the same function."""
    mine: dict[str, list[int]] = {}
    theirs: dict[str, list[int]] = {}
    for functions, found in ((planned, mine), (archetypes, theirs)):
        for i, f in enumerate(functions):
            found.setdefault(f.qualified_name, []).append(i)
    pairs: dict[int, int] = {}
    for name in mine.keys() & theirs.keys():
        wanted = [planned[i].candidate.signature for i in mine[name]]
        offered = [archetypes[j].candidate.signature for j in theirs[name]]
        pairs |= {mine[name][i]: theirs[name][j] for i, j in overloads(wanted, offered).items()}
    return pairs


def _enum_text(e: Enum) -> str:
    """An enumeration whole, with the namespaces that it stands in: a plan holds it as text."""
    values = e.values or ("",) * len(e.enumerators)
    listed = ", ".join(f"{name} = {value}" if value else name for name, value in zip(e.enumerators, values, strict=True))
    scope = [name for name in e.scope if name != "llvm"]
    text = f"enum {e.name} {{ {listed} }};"
    for name in reversed(["llvm", *scope] if "" not in scope else [""]):
        text = f"namespace {name + ' ' if name else ''}{{\n{text}\n}}"
    return text


def _class(c: Class) -> PlannedClass:
    bases = tuple(f"public {b}" for b in c.bases)
    return PlannedClass(c.name, bases, c.file, c.namespaces, c.members, (), (), c.struct)


def _function(f: Function, masker: Masker) -> PlannedFunction:
    group = masker.mask(f.qualified_name).replace("<T>", "")
    statements = tuple(_statements(f.body, group, "", 0))
    candidate = Candidate(f.signature, statements, CONFIDENCE, ORIGIN)
    return PlannedFunction(group, module_of(f.file, masker), f.file, f.namespaces, f.in_class, (candidate,))


def _statements(body: Sequence[Statement], group: str, prefix: str, depth: int) -> Iterator[FilledStatement]:
    for i, s in enumerate(body):
        slot = f"{prefix}{i}"
        yield FilledStatement(statement_id(group, slot), depth, s.kind, s.head, s.braced, s.tail, CONFIDENCE, ())
        yield from _statements(s.children, group, f"{slot}.", depth + 1)
