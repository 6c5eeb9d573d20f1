"""Stage 8, input: donors' functions as the new target sees them.

Enters: a donor's function, the new target. Leaves: the function without what it does only where its own target has something that the
new target lacks: what the new target cannot be asked is false there. It knows no template.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vega_gen import cxx
from vega_gen.fill.context import NewTarget
from vega_gen.groups import Masker
from vega_gen.records import Function, Statement, StatementKind

_MEMBER = (".", "->")
_OTHERWISE = frozenset(("!=", "<", "<=", "?", "=", "{"))
"""With one of these, what cannot be asked is no more likely false than true."""
_LEAVING = ("return", "break", "continue")


def specialised(function: Function, masker: Masker, new: NewTarget) -> Function:
    """The function, each condition simplified by what is false for the new target: a call of a method that neither LLVM's headers nor
    its own have, and a subtarget feature that its .td does not define. Branches that are never taken are gone, those that always are
    stand in the place of the whole. ``masker``: of the function's target."""

    def is_false(question: tuple[str, ...]) -> bool:
        return any(new.name(masker.mask(name)) not in new.certain for name in _asked(question))

    return replace(function, body=_Specialiser(is_false, function.signature.result == ("bool",)).block(function.body))


def _asked(question: Sequence[str]) -> Iterable[str]:
    """Methods that are called in a question, outside all brackets, and features that it names; none where it may be true without them."""
    outside: list[str] = []
    depth = 0
    for token in question:
        depth -= token in (")", "]", "}")
        outside += [token] * (not depth)
        depth += token in ("(", "[", "{")
    compared = _OTHERWISE.intersection(outside)
    if compared - {"<"} or (compared and ">" not in outside):  # "<" and ">": template arguments
        return
    for here, name, after in zip(outside, outside[1:], outside[2:], strict=False):
        if here in _MEMBER and after == "(":
            yield name
    for here, name in itertools.pairwise(question):
        if here == "::" and name.startswith("Feature"):
            yield name


class _Specialiser:
    def __init__(self, is_false: cxx.IsFalse, truth: bool) -> None:
        """``truth``: whether the function returns bool."""
        self._is_false = is_false
        self._truth = truth

    def block(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """The statements of a block, simplified."""
        out: list[Statement] = []
        rest = list(statements)
        while rest:
            s = rest.pop(0)
            condition = _condition(s)
            answer = cxx.simplified(condition, self._is_false) if condition else ()
            if answer is False:
                if s.kind is StatementKind.IF and rest and rest[0].kind is StatementKind.ELSE:
                    following = rest.pop(0)
                    if _condition(following):
                        rest.insert(0, replace(following, kind=StatementKind.IF, head=following.head[1:]))
                    else:
                        rest = [*following.children, *_reached(following.children, rest)]
            elif answer is True:
                while rest and rest[0].kind is StatementKind.ELSE:
                    rest.pop(0)
                if s.kind is StatementKind.IF:
                    rest = [*s.children, *_reached(s.children, rest)]
                else:
                    out.append(replace(s, head=("else",), children=self.block(s.children)))
            else:
                head = (*s.head[: -len(condition) - 1], *answer, ")") if condition else s.head
                out.append(replace(s, head=self._head(head), children=self.block(s.children)))
        return tuple(out)

    def _head(self, head: tuple[str, ...]) -> tuple[str, ...]:
        head = cxx.without_decided(head, self._is_false)
        if self._truth and head[:1] == ("return",) and len(head) > 2:
            answer = cxx.simplified(head[1:-1], self._is_false)
            return ("return", str(answer).lower(), ";") if isinstance(answer, bool) else ("return", *answer, ";")
        return head


def _condition(s: Statement) -> tuple[str, ...]:
    """What an ``if`` or ``else if`` asks; () for other statements, and where it declares something first."""
    begin = 2 if s.head[:2] == ("if", "(") else 3 if s.head[:3] == ("else", "if", "(") else 0
    inner = s.head[begin:-1] if begin and s.head[-1] == ")" else ()
    return () if ";" in inner or "=" in inner else inner


def _reached(before: Sequence[Statement], rest: list[Statement]) -> list[Statement]:
    """What of the statements after a block that is always entered is reached: nothing up to a label where the block is left."""
    if not before or not before[-1].head or before[-1].head[0] not in _LEAVING:
        return rest
    labels = (i for i, s in enumerate(rest) if s.kind in (StatementKind.LABEL, StatementKind.PREPROCESSOR))
    return rest[next(labels, len(rest)) :]
