"""Pair each function of the reference with the planned function that is meant to implement it; bodies are not compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from rapidfuzz.distance import Indel

from vega_gen.cxx import parameter_types
from vega_gen.records import Function, PlannedFunction, Signature


def pair(reference: Sequence[Function], planned: Sequence[PlannedFunction], group_of: Callable[[Function], str]) -> dict[int, int]:
    """Index in ``reference`` -> index in ``planned``, each used at most once; reference functions without a partner are left out.

    Pairs are made by name with namespaces, then by class and name, then by method name if both are in the same group and each side has
    only one class in that group. Among several candidates (overloads, one name in several files) the most similar pair goes first.
    """
    found: dict[int, int] = {}
    theirs = [f.signature for f in reference]
    mine = [p.candidate.signature if p.candidates and p.chosen >= 0 else None for p in planned]
    full = [_full_name(f.namespaces, f.signature) for f in reference]
    _match(found, reference, planned, full, [s and _full_name(p.namespaces, s) for p, s in zip(planned, mine, strict=True)])
    _match(found, reference, planned, [_full_name((), s) for s in theirs], [s and _full_name((), s) for s in mine])
    _match(found, reference, planned, _roles(list(map(group_of, reference)), theirs), _roles([p.group for p in planned], mine))
    return found


def _match(
    found: dict[int, int],
    reference: Sequence[Function],
    planned: Sequence[PlannedFunction],
    reference_keys: Sequence[Hashable],
    planned_keys: Sequence[Hashable],
) -> None:
    """Add pairs with equal keys to ``found``, most similar first, ties in order. A key of None matches nothing."""
    taken = set(found.values())
    free: dict[Hashable, list[int]] = defaultdict(list)
    for j, key in enumerate(planned_keys):
        if key is not None and j not in taken:
            free[key].append(j)
    pairs = [
        (_difference(reference[i], planned[j]), i, j)
        for i, key in enumerate(reference_keys)
        if key is not None and i not in found
        for j in free.get(key, ())
    ]
    for _, i, j in sorted(pairs):
        if i not in found and j not in taken:
            found[i] = j
            taken.add(j)


def _roles(groups: Sequence[str], signatures: Sequence[Signature | None]) -> list[Hashable]:
    """(group, method name) for each method whose class is the only one in its group, None for other functions."""
    classes: dict[str, set[str]] = defaultdict(set)
    for group, s in zip(groups, signatures, strict=True):
        if s:
            classes[group].add(s.class_name)
    return [
        (group, _role_name(s)) if s and s.class_name and group and len(classes[group]) == 1 else None
        for group, s in zip(groups, signatures, strict=True)
    ]


def _full_name(namespaces: Sequence[str], signature: Signature) -> str:
    """The qualified name without ``llvm`` and anonymous namespaces."""
    scopes = [*namespaces, *signature.class_name.split("::"), signature.name]
    return "::".join(s for s in scopes if s and s != "llvm")


def _role_name(signature: Signature) -> str:
    """The method's name, with a placeholder for the class in names of constructors and destructors."""
    bare = signature.class_name.rpartition("::")[2]
    return signature.name.replace(bare, "<class>") if signature.name.removeprefix("~") == bare else signature.name


def _difference(f: Function, p: PlannedFunction) -> tuple[bool, bool, float, bool, bool]:
    """Sort key, smallest for the most similar: parameter types, number of parameters, distance of the types, const, file."""
    mine, theirs = p.candidate.signature, f.signature
    types, wanted = parameter_types(mine), parameter_types(theirs)
    apart = Indel.normalized_distance([x for t in types for x in (*t, ",")], [x for t in wanted for x in (*t, ",")])
    const = ("const" in mine.qualifiers) != ("const" in theirs.qualifiers)
    return types != wanted, len(types) != len(wanted), apart, const, p.file != f.file
