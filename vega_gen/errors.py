"""The kinds of failure that the generator tells apart, all below ``llvm_integration.failure.Failure``.

A failure that nobody handles apart from others is a plain ``Failure``.
"""

from __future__ import annotations

from llvm_integration.failure import Failure


class InputError(Failure):
    """A file, folder or name that the user gave is not usable."""


class HoldOutError(Failure):
    """A stage before the judge asked for a file of the held-out target."""


class NotFoundError(Failure):
    """Nothing found is an error, not a success: no group, no donor, no function, no test."""


class ReviewError(Failure):
    """A review decision that cannot be taken: unknown id, text that is no statement."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that no memory is left: Python's own, torch's of a GPU, or torch's of the processor, which is a RuntimeError
    like others but for its text."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)
