"""Puts what llvm-tblgen needs into the text of .td files whose records cannot be changed from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEFORE_BODY = r'(?:"(?:[^"\\]|\\.)*"|//[^\n]*|\[\{.*?\}\]|[^{;"/\[]|/(?!/)|\[(?!\{))*?'
"""What may stand between a record's name and its body: texts, comments and C++ are skipped as wholes."""
_MODE = re.compile(r'(\bHwMode<\s*"([^"]+)"\s*,\s*)\[\s*\]')


def without_condition(text: str) -> bool:
    """Whether a .td file has a hardware mode without a condition (``HwMode<"+64bit", []>``), which llvm-tblgen takes, and for which it
    writes C++ that does not compile."""
    return _MODE.search(text) is not None


def mended(text: str, lines: Mapping[str, str]) -> str:
    """The text of a .td file in which each hardware mode has a condition, its features, and each record that it defines the line for it.

    ``lines``: record -> what its body has to say besides."""
    made = _MODE.sub(lambda found: f'{found[1]}[Predicate<"Subtarget->checkFeatures(\\"{found[2]}\\")">]', text)
    for name, line in lines.items():
        body = re.compile(rf"(\bdef\s+{name}\b{_BEFORE_BODY})\s*(\{{|;)", re.S)
        made = body.sub(lambda found, line=line: _with_line(found, line), made)
    return made


def _with_line(found: re.Match[str], line: str) -> str:
    return f"{found[1]} {{\n  {line}" + ("" if found[2] == "{" else "\n}")
