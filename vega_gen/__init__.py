"""vega-gen: LLVM backends from TableGen descriptions, judged function by function.

Enters: .td files and an LLVM checkout. Leaves: a backend, a review queue, verdicts. This module holds the version alone.
"""

__version__ = "0.1.0"
