"""Writes flagged statements, and findings in .td files, as a SARIF 2.1.0 log, which editors and code hosts can show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vega_gen import __version__
from vega_gen.records import Band, FindingKind, ReviewItem, TdFinding

BASE_ID = "BACKEND"
TD_BASE_ID = "TD"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Band.LOW: "warning", Band.MEDIUM: "note", Band.HIGH: "note"}
_RULES = {
    "low-confidence": ("warning", "The statement is among those most likely to be wrong: check it first."),
    "medium-confidence": ("note", "The statement's confidence is below the review threshold."),
    "does-not-compile": ("error", "The statement is in a function that does not compile."),
}


def sarif(items: Sequence[ReviewItem], backend: Path) -> dict[str, Any]:
    """Returns a SARIF 2.1.0 log with one result per item. Locations are relative to ``backend``, which is the base ``BACKEND``.

    The level is error where the function does not compile, else warning for band low and note for the others.
    ``partialFingerprints`` holds the statement's id, so that editors recognise a result after the backend is generated again.
    Source: OASIS SARIF 2.1.0, sections 3.14 (run) and 3.27 (result).
    """
    rules = list(_RULES)
    return _log(BASE_ID, backend, [_rule(r) for r in rules], [_result(item, rules) for item in items])


def findings_sarif(found: Sequence[TdFinding], folder: Path) -> dict[str, Any]:
    """Returns a SARIF 2.1.0 log with one result per finding. Locations in ``folder`` are relative to it, which is the base ``TD``; others,
    in LLVM's own .td files, are absolute.

    ``partialFingerprints`` names the kind and the record, so that editors recognise a finding after lines have moved."""
    kinds = list(FindingKind)
    rules = [{"id": str(kind), "shortDescription": {"text": str(kind).replace("-", " ")}} for kind in kinds]
    return _log(TD_BASE_ID, folder, rules, [_td_result(finding, kinds, folder.absolute()) for finding in found])


def _log(base: str, folder: Path, rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "vega-gen", "version": __version__, "rules": rules}},
                "originalUriBaseIds": {base: {"uri": folder.absolute().as_uri().rstrip("/") + "/"}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _td_result(finding: TdFinding, kinds: list[FindingKind], folder: Path) -> dict[str, Any]:
    names = [{"name": name, "kind": "object"} for name in finding.records]
    location: dict[str, Any] = {"logicalLocations": names} if names else {}
    if finding.file:
        path = Path(finding.file).absolute()
        artifact = (
            {"uri": quote(path.relative_to(folder).as_posix()), "uriBaseId": TD_BASE_ID}
            if path.is_relative_to(folder)
            else {"uri": path.as_uri()}
        )
        region = {"startLine": finding.line} | ({"startColumn": finding.column} if finding.column else {})
        location["physicalLocation"] = {"artifactLocation": artifact} | ({"region": region} if finding.line else {})
    return {
        "ruleId": str(finding.kind),
        "ruleIndex": kinds.index(finding.kind),
        "level": str(finding.severity),
        "message": {"text": _escaped("\n".join([finding.what, f"later: {finding.cost}", f"do: {finding.advice}", *finding.related]))},
        "locations": [location] if location else [],
        "partialFingerprints": {"vegaRecord/v1": f"{finding.kind} {' '.join(finding.records)}"},
    }


def _rule(rule: str) -> dict[str, Any]:
    level, text = _RULES[rule]
    return {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}


def _result(item: ReviewItem, rules: list[str]) -> dict[str, Any]:
    broken = item.compiles is False
    rule = "does-not-compile" if broken else "low-confidence" if item.band is Band.LOW else "medium-confidence"
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(item.file), "uriBaseId": BASE_ID}}
    if item.line:
        physical["region"] = {"startLine": item.line}
    return {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": "error" if broken else _LEVELS[item.band],
        "message": {"text": _message(item)},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": item.function, "kind": "function"}],
            }
        ],
        "partialFingerprints": {"vegaStatementId/v1": item.id},
        "properties": {
            "confidence": item.confidence,
            "module": str(item.module),
            "donors": [str(d) for d in item.donors],
            "alternatives": list(item.alternatives),
        },
    }


def _message(item: ReviewItem) -> str:
    """Returns the message of a result. SARIF reads "[text](link)" and braces as markup, so they are escaped (sections 3.11.5, 3.11.6)."""
    donors = ", ".join(str(d) for d in item.donors) or "none"
    text = f"confidence {item.confidence:.2f}: {item.text}\n{item.doubt or f'donors: {donors}'}"
    if item.compiles is False:
        text += f"\nthe function does not compile: {item.message.strip()}"
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("{", "{{").replace("}", "}}")
