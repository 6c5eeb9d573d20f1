"""Stage 10: the judge. Functions of a plan or a tree against the official backend and its tests, one function at a time.

Enters: ``PlannedFunction``s, the official backend, LLVM's tests. Leaves: ``Judgement``s. It does not generate or make tables.
"""

from __future__ import annotations

from vega_gen.regress.corrected import as_planned, functions_of, target_folder
from vega_gen.regress.judge import Regression, Roles, judge
from vega_gen.regress.reference import Reference, read_reference
from vega_gen.regress.suites import NamedSuite, named_suite

__all__ = [
    "NamedSuite",

    "Reference",
    "Regression",
    "Roles",
    "as_planned",
    "functions_of",
    "judge",
    "named_suite",
    "read_reference",
    "target_folder",
]
