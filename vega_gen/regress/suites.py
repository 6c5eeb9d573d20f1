"""Suites with a name of their own (``targets/settings/suites.toml``).

Enters: a name. Leaves: ``NamedSuite``: the target it judges and which tests it is made of. It does not discover or run tests.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

from llvm_integration.lit import run_lines
from vega_gen import resources


@dataclass(frozen=True, slots=True)
class NamedSuite:
    """``target``: a folder of lib/Target. A test belongs to the suite by one of ``names`` (glob patterns of its name) or of
    ``run_lines`` (regular expressions for a RUN line); without either, every test of the target does."""

    target: str
    names: tuple[str, ...] = ()
    run_lines: tuple[str, ...] = ()

    def has(self, test: str, text: str) -> bool:
        """Whether a test, by its name and its file's text, belongs to the suite."""
        if not (self.names or self.run_lines) or any(fnmatch.fnmatchcase(test, pattern) for pattern in self.names):
            return True
        return any(re.search(pattern, line) for line in run_lines(text) for pattern in self.run_lines)


def named_suite(name: str) -> NamedSuite:
    """The suite of that name; the target's whole one, where the name is a target's."""
    found = resources.settings("suites").get(name)
    if found is None:
        return NamedSuite(name)
    return NamedSuite(found["target"], tuple(found.get("names", ())), tuple(found.get("run_lines", ())))
