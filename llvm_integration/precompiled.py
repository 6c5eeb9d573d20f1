"""Precompile the headers that a source file includes, so that recompiling it with a changed function takes a fifth of the time.

A precompiled header is used only if the unmodified file compiles to an identical object with it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import BuildStep, ContentHashes, alone, run_step

SECONDS = 300.0

_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(?P<name>\w+)[ \t]*(?P<rest>[^\n]*)$", re.MULTILINE)
_HEADER = re.compile(r'^(?:"[^"\n]+\.h"|<[^>\n]+>)')


def included_headers(text: str) -> tuple[str, ...]:
    """Return the headers (`"x.h"`, `<x>`) that a C++ text includes outside of any #if, in order, with their delimiters.

    Generated `.inc` files are left out, because their content depends on the macros defined before them.
    """
    found: list[str] = []
    depth = 0
    for match in _DIRECTIVE.finditer(text):
        if match["name"].startswith("if"):
            depth += 1
        elif match["name"] == "endif":
            depth -= 1
        elif match["name"] == "include" and depth == 0 and (header := _HEADER.match(match["rest"])):
            found.append(header[0])
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class PrecompiledHeaders:
    """Precompiled headers of a target's files in the folder `work` (30 MB per source file), made on first use and kept up to date."""

    work: Path
    hashes: ContentHashes
    _failed: set[Path] = field(default_factory=set[Path])
    _locks: dict[Path, threading.Lock] = field(default_factory=dict[Path, threading.Lock])

    def flags(self, source: Path, compiler: Sequence[str], baseline: Path) -> tuple[str, ...]:
        """Return the flags that make the compiler use the precompiled header of `source`, () if it cannot be used.

        `compiler`: the compiler's command without files. `baseline`: the object of the unmodified file.
        """
        with self._locks.setdefault(source, threading.Lock()):
            return () if source in self._failed else self._make_alone(source, compiler, baseline)

    def _make_alone(self, source: Path, compiler: Sequence[str], baseline: Path) -> tuple[str, ...]:
        """As ``_make``, under a lock against other processes that make the same header."""
        with alone(self.work / source.parent.name / source.stem):
            return self._make(source, compiler, baseline)

    def _make(self, source: Path, compiler: Sequence[str], baseline: Path) -> tuple[str, ...]:
        stem = self.work / source.parent.name / source.stem
        # The suffix keeps the name apart from headers that the source includes: the compiler looks for quoted headers in this folder first.
        header, pch, trial = (stem.with_suffix(suffix) for suffix in (".precompiled.h", ".pch", ".o"))
        text = "".join(f"#include {name}\n" for name in included_headers(source.read_text(encoding="utf-8")))
        if not header.exists() or header.read_text(encoding="utf-8") != text:
            header.write_text(text, encoding="utf-8")
        # Without time stamps, objects do not depend on when the header was written; run_step compares contents.
        make = (*compiler, f"-I{source.parent}", "-Xclang", "-fno-pch-timestamp", "-fpch-instantiate-templates")
        use = ("-fpch-instantiate-templates", "-include-pch", str(pch))
        try:
            run_step(_step((*make, "-x", "c++-header", str(header)), pch), self.hashes)
            run_step(_step((*compiler, *use, "-c", str(source)), trial), self.hashes)
        except ToolFailure:
            self._failed.add(source)  # for example because a header needs macros that the source defines before it
            return ()
        return use if trial.read_bytes() == baseline.read_bytes() else ()


def _step(argv: tuple[str, ...], output: Path) -> BuildStep:
    depfile = output.with_name(output.name + ".d")
    return BuildStep((*argv, "-o", str(output), "-MMD", "-MF", str(depfile)), output, depfile, SECONDS)
