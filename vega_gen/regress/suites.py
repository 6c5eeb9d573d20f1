"""Named test suites (``targets/settings/suites.toml``): the target that a suite judges, and the tests that belong to it."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

from llvm_integration.lit import run_lines
from vega_gen import resources


@dataclass(frozen=True, slots=True)
class NamedSuite:
    """A selection of a target's tests.

    ``target``: a folder of lib/Target. A test belongs to the suite if its name matches one of the globs ``names``, or one of its RUN lines
    matches one of the regular expressions ``run_lines``. If both are empty, every test of the target does.
    """

    target: str
    names: tuple[str, ...] = ()
    run_lines: tuple[str, ...] = ()

    def has(self, test: str, text: str) -> bool:
        """Whether a test, by its name and its file's text, belongs to the suite."""
        if not (self.names or self.run_lines) or any(fnmatch.fnmatchcase(test, pattern) for pattern in self.names):
            return True
        return any(re.search(pattern, line) for line in run_lines(text) for pattern in self.run_lines)


def named_suite(name: str) -> NamedSuite:
    """The suite called ``name``; if there is none, ``name`` is a target, and its suite is all of its tests."""
    found = resources.settings("suites").get(name)
    if found is None:
        return NamedSuite(name)
    return NamedSuite(found["target"], tuple(found.get("names", ())), tuple(found.get("run_lines", ())))
