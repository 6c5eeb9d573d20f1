"""Stage 10: the judge. A plan's functions against the official backend and its tests, one function at a time.

Enters: a ``Plan``, the official backend, LLVM's tests. Leaves: ``Judgement``s. It does not generate or make tables.
"""

from __future__ import annotations

from vega_gen.regress.builds import Progress
from vega_gen.regress.judge import Regression, Roles, judge
from vega_gen.regress.reference import Reference, read_reference

__all__ = ["Progress", "Reference", "Regression", "Roles", "judge", "read_reference"]
