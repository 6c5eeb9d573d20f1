"""What stages 4 to 8 decide: candidates, planned functions, classes and files, the plan.

Enters: nothing. Leaves: types. It does not decide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from vega_gen.records.cpp import Member, Signature, StatementKind
from vega_gen.records.enums import FLAG_BELOW, FillerName, Mode, Module, Step


@dataclass(frozen=True, slots=True)
class Donor:
    """Where a statement came from: target, file relative to its folder, line."""

    target: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.target}/{self.file}:{self.line}"


def statement_id(function: str, slot: str) -> str:
    """Stable id of a statement: function group and slot, hashed to eight hex digits."""
    return hashlib.blake2b(f"{function}\0{slot}".encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class FilledStatement:
    """A statement of a candidate. ``statement`` has no children of its own in ``FilledStatement`` terms: the
    candidate's tree is given by ``depth`` (0 = directly in the body), in document order.

    ``id``: stable across generations of the same inputs: hash of function name and slot.
    ``confidence``: probability that this statement is right, 0 to 1.
    ``alternatives``: other texts for the slot, most likely first; "" stands for leaving it out.
    ``doubt``: of an archetype's, why it is not certain: the facts that it rests on and no record gives, "" if there are none.
    ``text`` and ``end``: how an archetype writes it, comments and blank lines included (see ``WrittenStatement``), "" for a statement
    that only its tokens give. The tokens are what holds: a text that no longer reads as they do, because a reviewer or the compiler had
    the statement changed, is printed from them, under its comment; a statement that goes takes its comment along.
    """

    id: str
    depth: int
    kind: StatementKind
    head: tuple[str, ...]
    braced: bool
    tail: tuple[str, ...]
    confidence: float
    donors: tuple[Donor, ...]
    alternatives: tuple[str, ...] = ()
    text: str = ""
    end: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to write a function. ``origin``: where it comes from ("template", "Lanai", ...). ``resort``: it is taken only where none of
    the others compiles, whole or in part. ``comment``: the comment lines before the definition, ``end``: those behind the last statement;
    only archetypes have them.
    """

    signature: Signature
    statements: tuple[FilledStatement, ...]
    confidence: float
    origin: str
    resort: bool = False
    comment: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    """A function to be written, with its ranked candidates.

    ``group``: name of its function group.  ``file``: where it goes, relative to the target's folder.
    ``in_class``: defined in its class.  ``chosen``: index of the candidate taken (-1: none).
    ``compiles``: None if nothing was compiled.  ``message``: the compiler's, if the chosen one does not compile.
    ``helper``: it is here only because another planned function calls it.  ``declared``: False for a method whose declaration
    does not compile: its class is written without it.  ``step``: how far it went down until the whole backend was built.
    ``instead``: what stands in the text in place of a candidate that does not compile (STUB), None where nothing does.
    """

    group: str
    module: Module
    file: str
    namespaces: tuple[str, ...]
    in_class: bool
    candidates: tuple[Candidate, ...]
    chosen: int = 0
    compiles: bool | None = None
    message: str = ""
    helper: bool = False
    declared: bool = True
    step: Step = Step.FILLED
    instead: Candidate | None = None

    @property
    def candidate(self) -> Candidate:
        """The candidate taken."""
        return self.candidates[self.chosen]

    @property
    def qualified_name(self) -> str:
        """``Class::name`` or ``name`` of the chosen candidate."""
        s = self.candidate.signature
        return f"{s.class_name}::{s.name}" if s.class_name else s.name

    def flagged(self, threshold: float) -> tuple[FilledStatement, ...]:
        """The statements of the chosen candidate that a person must look at, in document order: those whose confidence
        is below ``threshold`` (0 to 1); in a function that does not compile and has none, its least confident one
        that is not certain (1, which is what accepting makes it)."""
        statements = self.candidate.statements if self.chosen >= 0 else ()
        low = tuple(s for s in statements if s.confidence < threshold)
        uncertain = [s for s in statements if s.confidence < 1]
        if low or self.compiles is not False or not uncertain:
            return low
        return (min(uncertain, key=lambda s: s.confidence),)


@dataclass(frozen=True, slots=True)
class PlannedClass:
    """A class declaration to be written: in a header, or in the .cpp that alone uses it. ``comment``: the comment lines before it."""

    name: str
    bases: tuple[str, ...]     # as written, with access: "public MCAsmBackend"
    file: str
    namespaces: tuple[str, ...]
    members: tuple[Member, ...]
    includes: tuple[str, ...]
    donors: tuple[Donor, ...]
    struct: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the new backend: what it includes, what stands before its classes and functions (``prologue``)
    and what stands after them (``epilogue``). Each text is whole: with the namespaces that it stands in."""

    path: str                  # relative to lib/Target/<New>
    includes: tuple[str, ...]
    prologue: tuple[str, ...]
    epilogue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What stages 1 to 8 decided: everything that ``emit`` and ``regress`` need, and nothing they must look up.

    ``held_out``: folders whose C++ was not read. ``inputs``: name -> content hash of all that went in. ``flag_below``: statements of
    less confidence (0 to 1) are flagged, unless something else is asked for.
    """

    target: str                # folder name of the new target
    mode: Mode
    filler: FillerName
    llvm_version: str
    held_out: tuple[str, ...]
    files: tuple[PlannedFile, ...]
    classes: tuple[PlannedClass, ...]
    functions: tuple[PlannedFunction, ...]
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    flag_below: float = FLAG_BELOW
