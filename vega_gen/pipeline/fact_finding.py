"""``facts``: find what a target's records are for, without making a backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llvm_integration import tblgen
from llvm_integration.process import Progress
from vega_gen import store, tablegen
from vega_gen.errors import InputError
from vega_gen.facts import Facts, find_facts
from vega_gen.facts.facts_file import facts_text, is_untouched, with_given


@dataclass(frozen=True, slots=True)
class FoundFacts:
    """The facts of a target. ``text``: as a facts file."""

    target: str
    facts: Facts
    text: str


def find(
    td: Path, progress: Progress, *, llvm: Path | None = None, version: str = "", prefix: Path | None = None, facts: Path | None = None,
    include: Sequence[Path] = (),
) -> FoundFacts:
    """Find the facts of a target. ``llvm``: a checkout, else an installed LLVM of ``version`` or in ``prefix``; ``facts``: a facts file.

    Raises InputError for a .td or a facts file that is wrong, ToolFailure where llvm-tblgen is missing."""
    include_dir, program = tblgen.tools_of(llvm, version, prefix)
    progress(0, 0, f"reading {td.name}")
    d = tablegen.describe(td, folder=td.stem, llvm_include=include_dir, tblgen=program, include_dirs=include)
    found = find_facts(with_given(d, facts))
    return FoundFacts(d.name, found, facts_text(found.records, d.name))


def write_facts(found: FoundFacts, out: Path) -> None:
    """Write a facts file. Raises InputError where a file is there that a person has changed or written."""
    if out.is_file() and not is_untouched(out.read_text(encoding="utf-8", errors="replace")):
        raise InputError("this file was changed by hand: it is kept", str(out), "give it with --facts, or write elsewhere with --out")
    store.write_atomic(out, found.text.encode())
