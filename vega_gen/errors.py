"""One exception tree: what went wrong, where, and what to do next.

Enters: nothing. Leaves: exception types. It does not print; ``cli`` renders them and chooses the exit status.
"""

from __future__ import annotations


class VegaError(Exception):
    """Something could not be asked (exit 2).

    ``what``: what went wrong. ``where``: file, file:line or file:line:column, "" if nowhere.
    ``next_step``: what the user can do now.
    """

    exit_status = 2

    def __init__(self, what: str, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  next: {self.next_step}" if self.next_step else ""
        return f"{place}{self.what}{advice}"


class InputError(VegaError):
    """A file or name that the user gave is not usable."""


class TableGenError(InputError):
    """llvm-tblgen refused a .td; ``what`` is its message."""


class CheckoutError(VegaError):
    """The LLVM checkout is not what it must be: no LLVM, uncommitted changes, read-only."""


class ToolError(VegaError):
    """An outside tool is missing, failed or timed out."""


class HoldOutError(VegaError):
    """A stage before the judge asked for a file of the held-out target."""


class NotFoundError(VegaError):
    """Nothing found is an error, not a success: no group, no donor, no function, no test."""


class BaselineError(VegaError):
    """The unmodified backend does not build, or no test of its suite is green."""


class ReviewError(VegaError):
    """A review decision that cannot be taken: unknown id, text that is no statement."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that no memory is left: Python's own, torch's of a GPU, or torch's of the processor, which is a RuntimeError
    like others but for its text."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)
