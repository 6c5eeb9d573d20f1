"""Stage 8: what donors say of two of their records is said once where both are one record of the new target.

Enters: lines of donors with what is written for them. Leaves: whether it was said before, a condition without repetitions. It chooses
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vega_gen.fill.holes import LITERAL
from vega_gen.function_template import Hole, Line
from vega_gen.records import StatementKind

_CONDITIONS = (StatementKind.IF, StatementKind.ELSE)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_JOINING, _PARTING = ("&&", "||"), (",", "?", ";")


class Once:
    """What was said in one block. ``whole``: of one donor taken whole; where its labels fall together it does not fit, and is better
    refused by the compiler than mended."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._conditions: dict[tuple[int, tuple[str, ...]], tuple[str, ...]] = {}
        self._labels: set[tuple[str, ...]] = set()
        self._statements: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}

    def again(self, line: Line, head: tuple[str, ...]) -> bool:
        """Whether what is written for a line stands before it: a label; a condition of the same donor, that asks something else there
        (what the second decides is decided); a statement that names records, unless its donor says it twice."""
        if line.kind is StatementKind.CASE:
            known = not self._whole and head in self._labels
            self._labels.add(head)
            return known
        if not line.fills:
            return False
        if line.kind in _CONDITIONS:
            condition = head[head.index("(") :] if "(" in head else head
            return self._conditions.setdefault((line.member, condition), line.fills) != line.fills
        if line.kind is StatementKind.SIMPLE and any(isinstance(t, Hole) and t.kind not in LITERAL for t in line.head):
            return self._statements.setdefault(head, (line.member, line.fills)) != (line.member, line.fills)
        return False


def without_repeats(tokens: Sequence[str]) -> tuple[str, ...]:
    """Tokens without those operands of ``&&`` and ``||`` in brackets that stand before in the same chain: ``(a != X && a != X)`` is
    ``(a != X)``."""
    return tuple(_chain(iter(tokens))) if any(token in _JOINING for token in tokens) else tuple(tokens)


def _chain(rest: Iterator[str]) -> list[str]:
    """What stands before the next bracket that closes, and this."""
    operands: list[list[str]] = [[]]
    joints: list[str] = []
    alone, end = True, list[str]()
    for token in rest:
        if token in _CLOSING:
            end = [token]
            break
        if token in _JOINING:
            joints.append(token)
            operands.append([])
            continue
        alone = alone and token not in _PARTING
        operands[-1].append(token)
        if token in _OPENING:
            operands[-1] += _chain(rest)
    if alone and len(set(joints)) == 1:
        operands = [o for k, o in enumerate(operands) if o not in operands[:k]]
    return [token for k, o in enumerate(operands) for token in (*joints[k - 1 : k], *o)] + end
