"""Small plans of a backend called Toy, and the texts that the emitter writes for them."""

from __future__ import annotations

from dataclasses import replace

from llvm_integration.edits import Edit
from vega_gen import cxx
from vega_gen.emit import emit
from vega_gen.records import (
    Candidate,
    Contract,
    Description,
    Donor,
    FilledStatement,
    FillerName,
    Member,
    MemberKind,
    Mode,
    Module,
    Plan,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Statement,
)

FOLDER = "llvm/lib/Target/Toy/"
DONORS = (Donor("Lanai", "LanaiInstrInfo.cpp", 42), Donor("ARC", "ARCInstrInfo.cpp", 7))


def description(*contracts: Contract) -> Description:
    return replace(Description("Toy", "Toy", "Toy", *[()] * 13), contracts=contracts)  # type: ignore[arg-type]


def function(text: str, file: str, *, in_class: str = "", confidence: float = 0.9, **fields: object) -> PlannedFunction:
    """A planned function from its definition; ``in_class``: the class in which it is defined."""
    parsed = cxx.parse_function(text, in_class)
    statements: list[FilledStatement] = []

    def flatten(nodes: tuple[Statement, ...], depth: int) -> None:
        for node in nodes:
            name = f"s{len(statements)}"
            statements.append(FilledStatement(name, depth, node.kind, node.head, node.braced, node.tail, confidence, DONORS))
            flatten(node.children, depth + 1)

    flatten(parsed.body, 0)
    candidate = Candidate(parsed.signature, tuple(statements), confidence, "template")
    made = PlannedFunction("g", Module.SEL, file, parsed.namespaces, bool(in_class), (candidate,), 0, True)
    return replace(made, **fields)  # type: ignore[arg-type]


def member(text: str, access: str = "public", *, pure: bool = False) -> Member:
    """A method's declaration, given with an empty body."""
    signature = cxx.parse_function(text, "ToyInstrInfo").signature
    return Member(MemberKind.METHOD, access, 1, signature, (), signature.name, pure)


def field(text: str, name: str, access: str = "private") -> Member:
    return Member(MemberKind.FIELD, access, 1, None, cxx.tokenize(text), name)


def plan(*functions: PlannedFunction, files: tuple[PlannedFile, ...] = (), classes: tuple[PlannedClass, ...] = ()) -> Plan:
    return Plan("Toy", Mode.TD, FillerName.CONSENSUS, "19.1.7", (), files, classes, functions)


def texts(edits: tuple[Edit, ...]) -> dict[str, str]:
    return {edit.path.removeprefix(FOLDER): str(edit.content) for edit in edits}


def emitted(
    made: Plan, headers: dict[str, bytes] | None = None, threshold: float = 0.5, about: Description | None = None
) -> dict[str, str]:
    return texts(emit(made, about or description(), headers or {}, threshold=threshold))


def body_after_banner(text: str) -> str:
    return text.split("===//\n\n", 1)[1]


def order_in(text: str, *wanted: str) -> None:
    places = [text.index(one) for one in wanted]
    assert places == sorted(places), list(zip(wanted, places, strict=True))
