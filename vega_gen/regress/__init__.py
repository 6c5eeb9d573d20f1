"""Stage 13, the judge: put one generated function at a time into the official backend, and run LLVM's tests on it.

The functions come from a plan or from another tree; the result is a ``Judgement`` for each function of the official backend.
"""

from __future__ import annotations

from vega_gen.regress.corrected import as_planned, functions_of, target_folder
from vega_gen.regress.judge import Regression, Roles, judge, population
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
    "population",
    "read_reference",
    "target_folder",
]
