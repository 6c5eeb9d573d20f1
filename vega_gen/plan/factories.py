"""Stage 8, input: what the functions that the new target's headers declare make, by what donors' functions of the same name make.

Enters: prototypes, groups, templates. Leaves: ``Factory``s, and what they say of classes that no header shows. It fills nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vega_gen.cxx import tokens
from vega_gen.cxx.masker import Masker
from vega_gen.fill.weights import SHARPNESS
from vega_gen.function_template import FunctionTemplate
from vega_gen.groups import FunctionGroup, Groups
from vega_gen.plan.donor_files import PASS_BASE
from vega_gen.records import Function, Signature


@dataclass(frozen=True, slots=True)
class Factory:
    """A declared function that donors have too. ``made``: donor -> the masked class of which it makes an object; ``alike``: the donors
    whose function has the parameters of the declared one."""

    name: str
    made: Mapping[str, str]
    alike: frozenset[str]


def factories(
    prototypes: Iterable[Signature], groups: Groups, templates: Callable[[FunctionGroup], FunctionTemplate], masker: Masker,
    maskers: Mapping[str, Masker],
) -> tuple[Factory, ...]:
    """Those of the new target's free functions that make an object in some donor."""
    found: list[Factory] = []
    for s in prototypes:
        group = groups.by_name.get(masker.mask(s.name))
        members = templates(group).members if group is not None and not group.role else ()
        made = {f.target: maskers[f.target].mask(name) for f in members for name in _made(f)}
        if made:
            types = _types(s, masker)
            alike = frozenset(f.target for f in members if f.target in made and _types(f.signature, maskers[f.target]) == types)
            found.append(Factory(s.name, made, alike))
    return tuple(found)


def made_passes(found: Iterable[Factory], groups: Groups, nearness: Mapping[str, float], masker: Masker) -> dict[str, str]:
    """Function -> the pass that it makes, called as most donors call theirs, near ones first."""
    passes: dict[str, str] = {}
    for factory in found:
        votes: dict[str, float] = defaultdict(float)
        for target, name in factory.made.items():
            if groups.llvm_base(target, groups.maskers[target].unmask(name)) == PASS_BASE:
                votes[name] += math.exp(SHARPNESS * nearness.get(target, 0.0))
        if votes:
            passes[factory.name] = masker.unmask(max(sorted(votes), key=lambda n, of=votes: of[n]))
    return passes


def constructed_alike(
    found: Iterable[Factory], groups: Groups, templates: Callable[[FunctionGroup], FunctionTemplate], maskers: Mapping[str, Masker]
) -> dict[str, frozenset[str]]:
    """Masked class -> the donors whose constructor is given what the new target's is given: what a factory makes, of those whose factory
    has the parameters of its own, and what is made in the constructors of that."""
    alike: dict[str, frozenset[str]] = {}
    for factory in found:
        pending = {factory.made[t] for t in factory.alike} if factory.alike else set[str]()
        while pending:
            name = pending.pop()
            bare = name.replace("<T>", "")
            group = groups.by_name.get(f"{bare}::{bare}")
            if name in alike or group is None:
                continue
            alike[name] = factory.alike
            for f in templates(group).members:
                if f.target in factory.alike:
                    pending |= {maskers[f.target].mask(made) for made in _made(f)}
    return alike


def _made(function: Function) -> Iterator[str]:
    """Classes of which a function makes an object: ``new X``, ``std::make_unique<X>``."""
    for words in (*function.signature.initialisers, *(tuple(tokens(s)) for s in function.body)):
        for i, word in enumerate(words[:-2]):
            if word == "new" or (word == "make_unique" and words[i + 1] == "<"):
                yield words[i + 1 if word == "new" else i + 2]


def _types(s: Signature, masker: Masker) -> Sequence[tuple[str, ...]]:
    return [masker.mask_all(p.type) for p in s.params]
