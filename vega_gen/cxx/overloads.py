"""Match overloads of one function between two sets of signatures by their parameter types."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen.records import Signature


def parameter_types(signature: Signature) -> tuple[tuple[str, ...], ...]:
    """Return the parameter types in the form a declaration and a definition share: without ``llvm::`` and without const on a value."""
    return tuple((*_shared(param.type), *param.suffix) for param in signature.params)


def same_overload(a: Signature, b: Signature) -> bool:
    """Whether two signatures of one scope declare the same function: name, parameter types and const agree."""
    return a.name == b.name and parameter_types(a) == parameter_types(b) and _const(a) == _const(b)


def overload(wanted: Signature, among: Sequence[Signature]) -> int | None:
    """Return the index in ``among`` of the function that ``wanted`` declares; None if none or several do. See ``overloads``."""
    return overloads((wanted,), among).get(0)


def overloads(wanted: Sequence[Signature], among: Sequence[Signature]) -> dict[int, int]:
    """Match signatures of functions of one name: index in ``wanted`` -> index in ``among``, each at most once.

    Equal parameter types match, those of equal const first. A type may be spelled in two ways (``MCRegister`` and ``unsigned``), so
    what is left matches by number of parameters where each side has exactly one function of that number left.
    """
    found: dict[int, int] = {}
    for same_const in (True, False):
        for i, w in enumerate(wanted):
            for j, a in enumerate(among):
                if i in found or j in found.values() or parameter_types(w) != parameter_types(a):
                    continue
                if not same_const or _const(w) == _const(a):
                    found[i] = j
    left = [i for i in range(len(wanted)) if i not in found]
    free = [j for j in range(len(among)) if j not in found.values()]
    for i in left:
        count = len(wanted[i].params)
        rivals = [k for k in left if len(wanted[k].params) == count]
        alike = [j for j in free if len(among[j].params) == count]
        if len(rivals) == len(alike) == 1:
            found[i] = alike[0]
    return found


def _shared(type_tokens: Sequence[str]) -> tuple[str, ...]:
    tokens = tuple(t for t in type_tokens if t not in ("llvm", "::"))
    return tokens if {"*", "&", "&&"} & set(tokens) else tuple(t for t in tokens if t != "const")


def _const(signature: Signature) -> bool:
    return "const" in signature.qualifiers
