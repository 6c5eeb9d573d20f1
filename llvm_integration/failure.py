"""The root of the one exception tree: what went wrong, where, and what to do next.

``vega_gen.errors`` has the kinds that the generator tells apart. Nothing here prints; the command line renders a ``Failure`` and ends
with its exit status.
"""

from __future__ import annotations


class Failure(Exception):
    """Something could not be asked.

    ``what``: what went wrong. ``where``: file, file:line or file:line:column, or the folder concerned, "" if nowhere.
    ``next_step``: what the user can do now. ``command``: text that repeats the run, "" if nothing ran. ``output``: the end of what the
    tool said.
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
    """An outside tool, or an LLVM, is missing, failed or timed out, or an LLVM tree cannot be written. It is as it was before."""
