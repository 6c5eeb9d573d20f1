"""The root of the exception tree: a ``Failure`` says what went wrong, where, and what to do next.

The generator's own subclasses are in ``vega_gen.errors``. The command line renders a ``Failure`` and exits with its status.
"""

from __future__ import annotations


class Failure(Exception):
    """An operation could not be carried out, so its question has no answer.

    ``what``: what went wrong. ``where``: file, file:line, file:line:column or folder, "" if it has no place. ``next_step``: what the user
    can do now. ``command``: shell text that repeats the process that failed, "" if none ran. ``output``: the end of that process's output.
    """

    exit_status = 2

    def __init__(self, what: str, where: str = "", next_step: str = "", *, command: str = "", output: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step
        self.command = command
        self.output = output

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        lines = [f"{place}{self.what}"]
        if self.output:
            lines.append(self.output)
        if self.command:
            lines.append(f"  command: {self.command}")
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)


class ToolFailure(Failure):
    """An external tool or an LLVM is missing, failed or timed out, or an LLVM tree cannot be written (it is then unchanged)."""
