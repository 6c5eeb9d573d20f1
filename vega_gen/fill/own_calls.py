"""Stage 8, input: where a template calls methods that only the new target declares: it has such a statement for that.

Enters: a ``Request``, the donors' weights. Leaves: ``OwnCalls``. It fills nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from vega_gen.fill.context import NewTarget, Request
from vega_gen.function_template import Line, Slot
from vega_gen.records import MemberKind

_USUAL = 0.5
"""Part of the best slot's donors from which another slot calls a method as usually. Not swept."""


class OwnCalls:
    """``methods``: those that the function's class declares and that LLVM's headers do not know; none where it is not declared."""

    def __init__(self, request: Request, weights: Mapping[int, float]) -> None:
        self._new: NewTarget = request.new
        self.methods = _methods(request)
        self._slots: set[str] = set()
        if not self.methods:
            return
        calling: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for slot in request.template.walk():
            for m, line in slot.lines.items():
                for method in self.calls(line):
                    calling[method][slot.id] += weights[m]
        for by_slot in calling.values():
            most = max(by_slot.values())
            for slot, weight in by_slot.items():
                if weight >= _USUAL * most:
                    self._slots.update(slot[:i] for i, c in enumerate(slot) if c == ".")
                    self._slots.add(slot)

    def calls(self, line: Line) -> frozenset[str]:
        """The methods that a line names."""
        if not self.methods:
            return frozenset()
        return self.methods & {self._new.name(t) for t in line.head if isinstance(t, str)}

    def usual(self, slot: Slot) -> bool:
        """Whether donors usually call one of the methods in the slot or below it, if anywhere."""
        return slot.id in self._slots


def _methods(request: Request) -> frozenset[str]:
    name = request.signature.class_name
    own = next((c for c in request.new.classes if c.name == name), None)
    if own is None:
        return frozenset()
    return frozenset(m.name for m in own.members if m.kind is MemberKind.METHOD) - request.new.llvm_identifiers - {name, f"~{name}"}
