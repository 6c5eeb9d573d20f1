"""Explain what generators reject: patterns whose types cannot be inferred, and everything else in llvm-tblgen's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from vega_gen.records import FindingKind, Severity, TdFinding
from vega_gen.tablegen.raw import Raw

_ERROR = re.compile(r"^([^\n]+?):(\d+):(\d+): error: (.*)$", re.M)
_RECORD = re.compile(r"In (\w+): ")
_UNTYPED = re.compile(r"Could not infer all types in pattern")


def rejection_findings(raws: Mapping[str, Raw], messages: str, lost: str) -> Iterator[TdFinding]:
    """Yield a finding for each error in ``messages``, what a generator printed as it failed; nothing for "".

    ``lost``: what it does not write: "instruction selector".
    """
    at = 0
    said: set[tuple[str, str]] = set()
    for error in _ERROR.finditer(messages):
        before, at = messages[at : error.start()], error.end()
        file, line, column, text = error[1], int(error[2]), int(error[3]), error[4]
        named = _RECORD.match(text)
        record = named[1] if named else ""
        if (record, file + error[2]) in said and _UNTYPED.search(text):
            continue  # the pattern's result, after the pattern itself
        said.add((record, file + error[2]))
        shared = _two_types(raws, before) if _UNTYPED.search(text) else ()
        if shared:
            name, types = shared
            yield TdFinding(
                FindingKind.UNTYPED,
                Severity.ERROR,
                (record, name),
                f"the types in the pattern of {record} cannot be inferred: register class {name} has the value types {', '.join(types)}",
                f"llvm-tblgen rejects the pattern, and every other one that uses {name} without a type, older ones too",
                f"write the type in the pattern, ({types[0]} {name}:$x) for an operand and (set ({types[0]} {name}:$x), ...) or "
                f"({types[0]} (node ...)) for a result; or give {types[1]} a register class of its own",
                file,
                line,
                column,
            )
        else:
            yield TdFinding(
                FindingKind.REJECTED,
                Severity.ERROR,
                (record,) if record else (),
                text,
                f"llvm-tblgen writes no {lost}",
                f"correct {record or 'the record'}",
                file,
                line,
                column,
            )
    if not said and messages.strip():
        first = messages.strip().splitlines()[0]
        yield TdFinding(FindingKind.REJECTED, Severity.ERROR, (), first, f"llvm-tblgen writes no {lost}", "correct the file")


def _two_types(raws: Mapping[str, Raw], printed: str) -> tuple[str, tuple[str, ...]] | tuple[()]:
    """Return the register class with several value types that a pattern's printed types come from, and the types."""
    for types in re.findall(r"\*:\[(\w+(?: \w+)+)\]", printed):
        wanted = set(types.split())
        classes = [r for r in raws.values() if "RegisterClass" in r.classes and wanted <= set(r.items("RegTypes"))]
        if classes:
            # The class that the record uses, else the one with the fewest types.
            best = min(classes, key=lambda r: (r.name not in _classes_of(raws, printed), len(r.items("RegTypes"))))
            return best.name, best.items("RegTypes")
    return ()


def _classes_of(raws: Mapping[str, Raw], printed: str) -> set[str]:
    record = raws.get(printed.strip().partition(":")[0])
    if record is None:
        return set()
    operands = [dag for field in ("OutOperandList", "InOperandList") if (dag := record.dag(field)) is not None]
    return {value for dag in operands for value, _ in dag.leaves()}
