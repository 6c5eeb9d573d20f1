"""Put a generated definition in the place of the reference's: adapt its signature to that place, and replace the file's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen.cxx import render, render_function, tokenize
from vega_gen.plan.choose import statement_tree
from vega_gen.records import Function, Param, PlannedFunction, Signature

# Specifiers that only the declaration in the class has, not a definition outside of it ([class.mfct], [dcl.fct.spec]).
_DECLARATION_PREFIX = frozenset(("virtual", "static", "explicit", "inline", "friend"))
_DECLARATION_QUALIFIERS = frozenset(("override", "final"))


def written_scope(reference: Function, text: str) -> str:
    """The qualifier before the function's name in its definition ``text``: ``llvm`` for ``void llvm::f() {}``, "" if there is none.

    ``Signature.class_name`` does not have it: it holds the class without namespaces.
    """
    head = tokenize(text.encode()[: reference.body_start - reference.start].decode())
    name = tokenize(reference.signature.name)
    for i in range(len(head) - len(name)):
        if head[i : i + len(name)] == name and head[i + len(name)] == "(":
            start = i
            while start >= 2 and head[start - 1] == "::" and head[start - 2].isidentifier():
                start -= 2
            if start != i or head[max(i - 1, 0)] != "::":
                return "".join(head[start : max(i - 1, start)])
    return reference.signature.class_name


def signature_in_place(reference: Function, scope: str, planned: PlannedFunction) -> Signature:
    """The planned signature, adapted to the place of the reference's definition. Everything not named here stays as generated.

    - The class is the official backend's; ``scope`` is the reference's qualifier (``written_scope``).
    - If only one of the two definitions is inside its class, the specifiers that belong to the declaration (``virtual``, ``override``,
      ``static``, default arguments, ...) are the reference's.
    - Default arguments of a method outside of its class are the reference's, because the official declaration has the others.
    - A result type written inside the scope is qualified as in the reference.
    """
    own = planned.candidate.signature
    theirs = reference.signature
    own = replace(own, name=_name_in_class(own, theirs), class_name=theirs.class_name if reference.in_class else scope)
    inside = planned.in_class or (scope and scope == "::".join(planned.namespaces))
    if inside and not reference.in_class and _from_inside(theirs.result, scope) == own.result:
        own = replace(own, result=theirs.result)
    defaults = [p.default for p in theirs.params] if len(theirs.params) == len(own.params) else []
    if own.class_name and not reference.in_class:
        own = replace(own, params=_with_defaults(own.params, defaults))
    if reference.in_class == planned.in_class:
        return own
    prefix = tuple(t for t in own.prefix if t not in _DECLARATION_PREFIX)
    qualifiers = tuple(t for t in own.qualifiers if t not in _DECLARATION_QUALIFIERS)
    return replace(
        own,
        prefix=prefix + tuple(t for t in theirs.prefix if t in _DECLARATION_PREFIX),
        qualifiers=qualifiers + tuple(t for t in theirs.qualifiers if t in _DECLARATION_QUALIFIERS),
        params=_with_defaults(own.params, defaults),
    )


def _with_defaults(params: Sequence[Param], defaults: Sequence[tuple[str, ...]]) -> tuple[Param, ...]:
    """The parameters with these default arguments; without any if ``defaults`` is empty."""
    return tuple(replace(p, default=d) for p, d in zip(params, defaults or ((),) * len(params), strict=True))


def _from_inside(result: tuple[str, ...], scope: str) -> tuple[str, ...]:
    """A result type as written inside ``scope``: ``llvm::MCCodeEmitter *`` is ``MCCodeEmitter *`` in ``llvm``."""
    inside = (*tokenize(scope), "::")
    found: list[str] = []
    for token in result:
        found.append(token)
        if tuple(found[-len(inside) :]) == inside:
            del found[-len(inside) :]
    return tuple(found)


def _name_in_class(own: Signature, theirs: Signature) -> str:
    """The function's name; a constructor or destructor is renamed after the class it is put into."""
    own_class = own.class_name.rpartition("::")[2]
    if own_class and own.name.removeprefix("~") == own_class:
        return own.name.replace(own_class, theirs.class_name.rpartition("::")[2])
    return own.name


def definition(signature: Signature, planned: PlannedFunction, *, in_class: bool) -> str:
    """The chosen candidate of ``planned`` as C++ text, with ``signature`` from ``signature_in_place``."""
    return render_function(signature, statement_tree(planned.candidate.statements), in_class=in_class, defaults=True)


def body(planned: PlannedFunction) -> str:
    """The statements of the chosen candidate as C++ text, without braces around them."""
    return render(statement_tree(planned.candidate.statements), 1)


def identical(reference_text: str, generated: str) -> bool:
    """Whether two definitions have the same tokens; comments and white space do not count (docs/protocol.md, ``identical``)."""
    return tokenize(reference_text) == tokenize(generated)


def splice(text: bytes, start: int, end: int, new: bytes) -> bytes:
    """``text`` with bytes [start, end) replaced by ``new``. Raises ValueError if the range is not within the text."""
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"bytes {start} to {end} of a text of {len(text)}")
    return text[:start] + new + text[end:]


def swap(text: bytes, reference: Function, generated: str) -> bytes:
    """The file ``text`` with ``generated`` in the place of ``reference``; a #line directive keeps the line numbers that follow."""
    new = f"{generated.rstrip()}\n#line {reference.end_line}\n"
    return splice(text, reference.start, reference.end, new.encode())
