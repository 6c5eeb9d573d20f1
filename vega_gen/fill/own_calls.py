"""Stage 8, input: where a template calls what only the new target declares: it has such a statement for that.

Enters: a ``FillRequest``, the donors' weights. Leaves: ``OwnCalls``. It fills nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from vega_gen.fill.context import FillRequest, NewTarget
from vega_gen.fill.initialisers import expression
from vega_gen.function_template import Line, Shape, Slot
from vega_gen.records import MemberKind, Signature

_USUAL = 0.5
"""Part of the best slot's donors from which another slot calls a function as usually. Not swept."""

_FEW = 0.5
"""Share of the donors up to which those that call a free function are few. Not swept."""

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class OwnCalls:
    """``names``: the methods that the function's class declares (none where that is not declared) and the free functions of the new
    target's headers, of both those that LLVM's headers do not know; of free functions those that few donors call here: to declare what
    most have says nothing."""

    def __init__(self, request: FillRequest, weights: Mapping[int, float]) -> None:
        self._new: NewTarget = request.new
        self._request = request
        self._prototypes = _prototypes(request.new)
        self._methods = _methods(request)
        self.names = (self._methods | self._prototypes.keys()) - {request.signature.name}
        self._slots: set[str] = set()
        self._named: dict[Shape, frozenset[str]] = {}
        if not self.names:
            return
        calling: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for slot in request.template.walk():
            for m, line in slot.lines.items():
                for name in self.calls(line):
                    calling[name][slot.id].add(m)
        for name, by_slot in calling.items():
            if name not in self._methods and sum(weights[m] for m in set[int]().union(*by_slot.values())) > _FEW:
                self.names -= {name}
                continue
            shares = {slot: sum(weights[m] for m in members) for slot, members in by_slot.items()}
            for slot, weight in shares.items():
                if weight >= _USUAL * max(shares.values()):
                    self._slots.update(slot[:i] for i, c in enumerate(slot) if c == ".")
                    self._slots.add(slot)

    def calls(self, line: Line) -> frozenset[str]:
        """The methods that a line names, and the free functions that it calls."""
        if not self.names:
            return frozenset()
        if line.head not in self._named:
            named = {self._new.name(t) for t in line.head if isinstance(t, str)}
            called = {self._new.name(t) for t, after in zip(line.head, line.head[1:], strict=False) if isinstance(t, str) and after == "("}
            self._named[line.head] = frozenset(called | (named & self._methods))
        return self.names & self._named[line.head]

    def usual(self, slot: Slot) -> bool:
        """Whether donors usually call one of them in the slot or below it, if anywhere."""
        return slot.id in self._slots

    def completed(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """A written statement with the arguments of a declared free function as its prototype has them, where it takes no such number:
        for each parameter what the function has of that type. As it is where types do not say."""
        for start, end, signatures in self._wrong(tokens):
            for s in signatures:
                arguments = [expression(p.type, self._request) for p in s.params]
                if all(arguments):
                    joined = tuple(t for k, a in enumerate(arguments) for t in ((",",) if k else ()) + a)
                    return (*tokens[: start + 1], *joined, *tokens[end:])
        return tuple(tokens)

    def misfits(self, tokens: Sequence[str]) -> int:
        """How many calls of declared free functions in a written statement have a number of arguments that none of them takes."""
        return sum(1 for _ in self._wrong(tokens))

    def _wrong(self, tokens: Sequence[str]) -> Iterator[tuple[int, int, Sequence[Signature]]]:
        """Places of the parentheses around wrong arguments, last call first, and what may be called there."""
        for i in reversed(range(1, len(tokens))):
            if tokens[i] != "(" or tokens[i - 1] not in self._prototypes or tokens[i - 2 : i - 1] in ((".",), ("->",)):
                continue
            end, count = _arguments(tokens, i)
            signatures = self._prototypes[tokens[i - 1]]
            if end and not any(sum(1 for p in s.params if not p.default) <= count <= len(s.params) for s in signatures):
                yield i, end, signatures


def _arguments(tokens: Sequence[str], start: int) -> tuple[int, int]:
    """Where the parenthesis that opens at ``start`` closes (0: nowhere), and the number of arguments between."""
    depth, commas = 0, 0
    for i in range(start, len(tokens)):
        depth += (tokens[i] in _OPENING) - (tokens[i] in _CLOSING)
        commas += depth == 1 and tokens[i] == ","
        if depth == 0:
            return i, commas + 1 if i > start + 1 else 0
    return 0, 0


def _prototypes(new: NewTarget) -> dict[str, list[Signature]]:
    """The free functions of the new target's headers by name."""
    found: dict[str, list[Signature]] = {}
    for s in new.prototypes:
        if s.name not in new.llvm_identifiers:
            found.setdefault(s.name, []).append(s)
    return found


def _methods(request: FillRequest) -> frozenset[str]:
    name = request.signature.class_name
    own = next((c for c in request.new.classes if c.name == name), None)
    if own is None:
        return frozenset()
    return frozenset(m.name for m in own.members if m.kind is MemberKind.METHOD) - request.new.llvm_identifiers - {name, f"~{name}"}
