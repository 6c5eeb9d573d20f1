"""Check a target's .td files for what llvm-tblgen lets through; the findings are cached by the content of the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llvm_integration.process import Progress
from vega_gen import store
from vega_gen.facts.machine_lint import machine_findings
from vega_gen.records import FindingKind, Severity, TdFinding, TdFindings
from vega_gen.tablegen import checks, load

_GRAVEST = list(Severity)


def check(
    td: Path,
    *,
    llvm_include: Path,
    program: Path,
    include_dirs: Sequence[Path] = (),
    progress: Progress | None = None,
) -> tuple[TdFinding, ...]:
    """Return what is wrong in a target's .td files, the gravest first, then by place.

    ``td``: the file that defines the target. ``llvm_include``: the folder that holds ``llvm/Target/Target.td``. ``program``: llvm-tblgen.
    ``include_dirs``: where else includes are looked for. A second call for the same files reads the cache.
    Raises InputError where a file cannot be read or llvm-tblgen rejects it before any generator runs, ToolFailure where it cannot be run.
    """
    folders = (td.parent, *include_dirs, llvm_include)
    sources = load.reachable(td, folders)
    key = _key(sources, program, td)
    kept = store.cache_load(TdFindings, "tablegen", key)
    if kept is not None:
        return kept.findings
    with load.collector_paused(), checks.survey(td, folders, program, sources, progress) as s:
        raws = s.records()
        found = list(checks.encoding_findings(raws, s.conflicts()))
        if found:
            s.want_places()
        description = load.describe(td, folder=td.stem, llvm_include=llvm_include, tblgen=program, include_dirs=include_dirs, raws=raws)
        rejected, entries = s.rejected(), s.entries()
        found += checks.rejection_findings(raws, s.undecodable(), "decoder tables")
        found += checks.rejection_findings(raws, rejected, "instruction selector")
        found += checks.pattern_findings(raws, entries)
        costs = {name: raw.number("CopyCost") for name, raw in raws.items() if "RegisterClass" in raw.classes}
        opcodes = {name: raw.string("Opcode") for name, raw in raws.items() if "SDNode" in raw.classes}
        selected = {opcodes[node.op] for entry in entries for node in entry.tree.nodes() if node.op in opcodes}
        # Where the patterns are rejected, nothing is known of what they select.
        found += [f for f in machine_findings(description, selected, costs) if not rejected or f.kind is not FindingKind.NOT_SELECTED]
        located = checks.placed(found, s.places() if found else {}, sources)
    order = sorted(located, key=lambda f: (_GRAVEST.index(f.severity), f.file, f.line, f.records))
    result = TdFindings(description.name, tuple(order))
    if key == _key(load.reachable(td, folders), program, td):  # else a file has changed since the key was made
        store.cache_dump(result, "tablegen", key)
    return result.findings


def _key(sources: Sequence[Path], program: Path, td: Path) -> str:
    return f"{td.stem}-{load.content(store.code_version(__name__), sources, program, str(td))}.findings.json"
