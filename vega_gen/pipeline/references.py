"""Reads LLVM's own targets as references for facts: what each describes, and what its C++ uses its records for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

from llvm_integration.process import Progress
from vega_gen import resources, tablegen
from vega_gen.corpus import open_corpus
from vega_gen.facts.used import Used, records_used
from vega_gen.pipeline.mining import silent, tablegen_source
from vega_gen.records import Description


def references(
    llvm: Path, tblgen: Path, held_out: Collection[str] = (), only: Collection[str] = (), progress: Progress = silent
) -> Iterator[tuple[Description, Used]]:
    """Yields the CPU targets of a checkout, in order of their folders, each with what its C++ uses.

    ``held_out``: targets that are left out and whose C++ is not read. ``only``: folders to yield, all by default. Targets that are no CPUs
    (targets/settings/descriptions.toml) are left out. Raises what reading the checkout and its .td files raises."""
    corpus = open_corpus((llvm,), tuple(held_out), tblgen=tblgen)
    skipped = set(cast(list[str], resources.settings("descriptions")["leave_out"]))
    wanted = [t for t in corpus.targets if t.folder not in skipped and (not only or t.folder in only)]
    for done, target in enumerate(wanted):
        progress(done, len(wanted), target.folder)
        source = tablegen_source(target)
        described = tablegen.describe(
            source.td, folder=source.folder, llvm_include=target.root / "include", tblgen=tblgen, relocs=source.relocs
        )
        yield described, records_used(described, corpus.sources(target.label))
