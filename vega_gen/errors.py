"""The generator's exception classes, all subclasses of ``llvm_integration.failure.Failure``.

Only failures that some caller handles separately have a class of their own; every other one is a plain ``Failure``.
"""

from __future__ import annotations

from llvm_integration.failure import Failure


class InputError(Failure):
    """A file, folder, name or value that the user gave cannot be used."""


class HoldOutError(Failure):
    """A stage other than the judge tried to read a file of a held-out target that it must not see."""


class NotFoundError(Failure):
    """A search found nothing: no target, group, donor, function or test. An empty result is an error, not a success."""


class ReviewError(Failure):
    """A review decision cannot be applied: its id is unknown, or its text is not a C++ statement."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception means out of memory: Python's MemoryError, torch's OutOfMemoryError (GPU), or the RuntimeError that torch's
    CPU allocator raises, which only its text tells from other RuntimeErrors."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)
