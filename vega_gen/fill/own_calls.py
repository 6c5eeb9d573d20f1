"""Where a template calls methods that only the new target's own class declares: the new target has such a statement there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from vega_gen.fill.context import FillRequest
from vega_gen.function_template import Line, Shape, Slot
from vega_gen.records import MemberKind

_USUAL = 0.5
"""Part of the best slot's donors from which another slot calls a method as usually. Not swept."""


class OwnCalls:
    """``names``: the methods that the function's class declares and LLVM's headers do not know; none where the class is not declared."""

    def __init__(self, request: FillRequest, weights: Mapping[int, float]) -> None:
        self._new = request.new
        self.names = _methods(request) - {request.signature.name}
        self._slots: set[str] = set()
        self._named: dict[Shape, frozenset[str]] = {}
        if not self.names:
            return
        calling: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for slot in request.template.walk():
            for m, line in slot.lines.items():
                for name in self.calls(line):
                    calling[name][slot.id].add(m)
        for by_slot in calling.values():
            shares = {slot: sum(weights[m] for m in members) for slot, members in by_slot.items()}
            for slot, weight in shares.items():
                if weight >= _USUAL * max(shares.values()):
                    self._slots.update(slot[:i] for i, c in enumerate(slot) if c == ".")
                    self._slots.add(slot)

    def calls(self, line: Line) -> frozenset[str]:
        """The methods that a line names."""
        if not self.names:
            return frozenset()
        if line.head not in self._named:
            self._named[line.head] = self.names & {self._new.name(t) for t in line.head if isinstance(t, str)}
        return self._named[line.head]

    def usual(self, slot: Slot) -> bool:
        """Whether donors usually call one of them in the slot or below it, if anywhere."""
        return slot.id in self._slots


def _methods(request: FillRequest) -> frozenset[str]:
    name = request.signature.class_name
    own = next((c for c in request.new.classes if c.name == name), None)
    if own is None:
        return frozenset()
    return frozenset(m.name for m in own.members if m.kind is MemberKind.METHOD) - request.new.llvm_identifiers - {name, f"~{name}"}
