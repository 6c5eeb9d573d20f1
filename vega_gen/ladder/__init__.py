"""Measure how far a built backend gets, rung by rung: from tools that list it to programs that run.

It takes built tools and the target's Description, and also writes the smoke suite as tests for LLVM's own suite. Single functions are
judged in ``regress``.
"""

from __future__ import annotations

from vega_gen.ladder.climb import climb, probe
from vega_gen.ladder.lit_tests import lit_tests
from vega_gen.ladder.subject import Emulator, Subject, Tools, legal_widths, machines, subject

__all__ = ["Emulator", "Subject", "Tools", "climb", "legal_widths", "lit_tests", "machines", "probe", "subject"]
