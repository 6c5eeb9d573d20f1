"""Defines the records that stages 4 to 8 produce: candidates, planned functions, classes and files, and the plan."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from vega_gen.records.cpp import Member, Signature, StatementKind
from vega_gen.records.enums import FLAG_BELOW, FillerName, Mode, Module, Step
from vega_gen.records.fact import Fact


@dataclass(frozen=True, slots=True)
class Donor:
    """Where a statement comes from: target, file relative to the target's folder, and line."""

    target: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.target}/{self.file}:{self.line}"


def statement_id(function: str, slot: str) -> str:
    """Returns the stable id of a statement: function group and slot, hashed to eight hex digits."""
    return hashlib.blake2b(f"{function}\0{slot}".encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class FilledStatement:
    """A statement of a candidate. A candidate's statements are in document order; their tree follows from ``depth``.

    ``id``: the same each time the same inputs are generated (see ``statement_id``).
    ``depth``: 0 for a statement directly in the body.
    ``head``, ``braced``, ``tail``: tokens before the body, whether the body has braces, and tokens after it.
    ``confidence``: probability that the statement is right, 0 to 1.
    ``alternatives``: other texts for the slot, most likely first; "" leaves the statement out.
    ``doubt``: for an archetype's statement, the doubts about the facts that it rests on; "" if there are none.
    ``text``, ``end``: an archetype's text before and after the body, with comments and blank lines (see ``WrittenStatement``); "" for
    other statements. The tokens take precedence: where a reviewer or the compiler had them changed, so that the text differs, the
    statement is printed from them under the text's comment. Removing a statement removes its comment.
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
    """One way to write a function.

    ``origin``: where it comes from ("template", "Lanai", ...). ``resort``: whether it is taken only where no other candidate compiles,
    whole or in part. ``comment``: the comment lines before the definition; ``end``: those after the last statement (archetypes only).
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

    ``group``: name of its function group.
    ``file``: its file, relative to the target's folder.
    ``in_class``: whether it is defined inside its class.
    ``chosen``: index of the chosen candidate, -1 for none.
    ``compiles``: whether the chosen candidate compiles, None if it was not compiled.
    ``message``: the compiler's message, if the chosen candidate does not compile.
    ``helper``: whether it is planned only because another planned function calls it.
    ``declared``: False for a method whose declaration does not compile, so that its class is written without it.
    ``step``: the fallback that was needed until the whole backend built.
    ``instead``: the stub that is written in place of a candidate that does not compile, None where there is none.
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
        """The chosen candidate."""
        return self.candidates[self.chosen]

    @property
    def qualified_name(self) -> str:
        """``Class::name`` or ``name`` of the chosen candidate."""
        s = self.candidate.signature
        return f"{s.class_name}::{s.name}" if s.class_name else s.name

    def flagged(self, threshold: float) -> tuple[FilledStatement, ...]:
        """Returns the statements of the chosen candidate that a person must review, in document order.

        They are those whose confidence is below ``threshold`` (0 to 1). A function that does not compile and has none gives its least
        confident statement, unless all have confidence 1, as accepted ones do."""
        statements = self.candidate.statements if self.chosen >= 0 else ()
        low = tuple(s for s in statements if s.confidence < threshold)
        uncertain = [s for s in statements if s.confidence < 1]
        if low or self.compiles is not False or not uncertain:
            return low
        return (min(uncertain, key=lambda s: s.confidence),)


@dataclass(frozen=True, slots=True)
class PlannedClass:
    """A class to be written: in a header, or in the only .cpp that uses it. ``comment``: the comment lines before it."""

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
    """A file of the new backend.

    ``prologue``, ``epilogue``: texts before and after its classes and functions, each complete with its namespaces."""

    path: str                  # relative to lib/Target/<New>
    includes: tuple[str, ...]
    prologue: tuple[str, ...]
    epilogue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The result of stages 1 to 8: everything that ``emit`` and ``regress`` need.

    ``held_out``: folders whose C++ was not read. ``inputs``: name -> content hash of every input. ``flag_below``: the default review
    threshold, 0 to 1: statements with less confidence are flagged. ``facts``: what the .td's records are for, before decisions.
    ``suggested``: function that was mined and is not written -> why.
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
    facts: tuple[Fact, ...] = ()
    suggested: dict[str, str] = field(default_factory=dict[str, str])
