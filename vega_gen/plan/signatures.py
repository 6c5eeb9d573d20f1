"""Work out the signature of a function to be written: from the new target's own declaration where a header shows one, else by a vote of the
donors.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import NewTarget
from vega_gen.records import Function, Param, Signature

_ONLY_IN_CLASS = frozenset(("virtual", "override", "final", "explicit", "static"))


def donor_signature(
    members: Sequence[Function], weights: Mapping[int, float], maskers: Mapping[str, Masker], new: NewTarget, class_name: str
) -> Signature:
    """The members' most typical signature in the new target's names. Types are voted on as a whole; each parameter's name by the members
    that have that type there.

    ``class_name``: the new target's class, "" for a free function.
    """
    votes: dict[tuple[object, ...], float] = defaultdict(float)
    masked: list[Signature] = []
    for i, f in enumerate(members):
        s = masked_signature(f.signature, maskers[f.target])
        masked.append(s)
        votes[_types(s)] += weights.get(i, 0.0)
    best = max(votes, key=lambda k: (votes[k], str(k)))
    chosen = next(s for s in masked if _types(s) == best)
    same = [(i, s) for i, s in enumerate(masked) if len(s.params) == len(chosen.params)]
    params: list[Param] = []
    for k, p in enumerate(chosen.params):  # parameter names stay distinct, whatever the votes
        taken = {q.name for q in params}
        of_type = [(i, s) for i, s in same if _plain(s.params[k]) == _plain(p)]  # members may order the parameters differently
        offered = [(s.params[k].name, weights.get(i, 0.0)) for i, s in of_type if s.params[k].name not in taken]
        params.append(replace(p, name=_vote_name(offered) or (p.name if p.name not in taken else "")))
    return _unmasked(replace(chosen, params=tuple(params), class_name=""), new, class_name)


def declared_signature(
    declared: Signature, members: Sequence[Function], weights: Mapping[int, float], class_name: str
) -> Signature:
    """The new target's own declaration, as its definition writes it.

    Unnamed parameters get the name that most members use, and a result type that belongs to the class or one of its bases is qualified.
    """
    params: list[Param] = []
    taken: set[str] = {p.name for p in declared.params if p.name}
    for k, p in enumerate(declared.params):
        name = p.name
        if not name:
            names = [
                (f.signature.params[k].name, weights.get(i, 0.0))
                for i, f in enumerate(members)
                if len(f.signature.params) == len(declared.params) and f.signature.params[k].name not in taken
            ]
            name = _vote_name(names) if names else ""
            taken.add(name)
        params.append(replace(p, name=name))
    result = _from_outside(declared.result, members, class_name)
    return replace(declared, class_name=class_name, result=result, params=tuple(params), initialisers=())


def _from_outside(result: tuple[str, ...], members: Sequence[Function], class_name: str) -> tuple[str, ...]:
    """A declared result type as a definition outside the class writes it.

    Where members qualify the type by a class, several by the same class means a common base, which is used; else the function's own class.
    """
    if not class_name or "::" in result:
        return result
    scopes: Counter[tuple[str, str]] = Counter()
    for f in members:
        theirs = () if f.in_class else f.signature.result
        triples = zip(theirs, theirs[1:], theirs[2:], strict=False)
        scopes.update((name, scope) for scope, mark, name in triples if mark == "::" and scope[:1].isupper() and name in result)
    for (name, scope), count in scopes.most_common(1):
        at = result.index(name)
        return (*result[:at], scope if count > 1 else class_name, "::", *result[at:])
    return result


def masked_signature(s: Signature, masker: Masker) -> Signature:
    """A signature with the target's names masked and without initialisers."""
    params = tuple(
        Param(masker.mask_all(p.type), p.name, masker.mask_all(p.suffix), masker.mask_all(p.default)) for p in s.params
    )
    return Signature(
        masker.mask(s.name), masker.mask(s.class_name), masker.mask_all(s.prefix), masker.mask_all(s.result), params,
        masker.mask_all(s.qualifiers),
    )


def _types(s: Signature) -> tuple[object, ...]:
    prefix = tuple(t for t in s.prefix if t not in _ONLY_IN_CLASS or (not s.class_name and t == "static"))
    qualifiers = tuple(t for t in s.qualifiers if t not in _ONLY_IN_CLASS)
    return prefix, s.result, tuple((p.type, p.suffix) for p in s.params), qualifiers


def _plain(p: Param) -> frozenset[str]:
    """The names in a parameter's type: "const MCInst &" and "MCInst const *" count as the same type."""
    return frozenset(t for t in p.type if t.isidentifier() and t != "const")


def _vote_name(names: Sequence[tuple[str, float]]) -> str:
    votes: dict[str, float] = defaultdict(float)
    for name, weight in names:
        if name:
            votes[name] += weight
    return max(sorted(votes), key=lambda n: votes[n]) if votes else ""


def _unmasked(s: Signature, new: NewTarget, class_name: str) -> Signature:
    m = new.masker
    params = tuple(
        Param(m.unmask_all(p.type), p.name, m.unmask_all(p.suffix), m.unmask_all(p.default)) for p in s.params
    )
    return Signature(
        m.unmask(s.name), class_name, m.unmask_all(s.prefix), m.unmask_all(s.result), params, m.unmask_all(s.qualifiers)
    )
