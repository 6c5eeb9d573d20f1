"""How far a backend gets: from tools that list it to programs that run, each rung measured.

Enters: tools with the backend in them, its Description. Leaves: ``Ladder``; smoke tests for LLVM's own suite.
It builds no tool, and judges no single function (``regress`` does).
"""

from __future__ import annotations

from vega_gen.ladder.climb import climb
from vega_gen.ladder.lit_tests import lit_tests
from vega_gen.ladder.subject import Emulator, Subject, Tools, legal_widths, machines, subject

__all__ = ["Emulator", "Subject", "Tools", "climb", "legal_widths", "lit_tests", "machines", "subject"]
