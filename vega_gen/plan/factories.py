"""Find out which classes the new target's factory functions (``createToyISelDag``, ``createToyMCCodeEmitter``) create.

In desc mode the target's headers declare such functions without their bodies. Donors' functions of the same name tell what they create:
passes whose class no header shows, and classes whose constructor takes the same parameters.
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
    """A function that the new target declares and that creates an object in some donors.

    ``made``: donor -> masked name of the class that the donor's function creates an object of.
    ``alike``: the donors whose function has the same parameter types as the declared one.
    """

    name: str
    made: Mapping[str, str]
    alike: frozenset[str]


def factories(
    prototypes: Iterable[Signature], groups: Groups, templates: Callable[[FunctionGroup], FunctionTemplate], masker: Masker,
    maskers: Mapping[str, Masker],
) -> tuple[Factory, ...]:
    """The free functions of the new target that create an object in at least one donor."""
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
    """Map each function that creates a pass to the name of that pass, by a vote of the donors weighted by nearness."""
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
    """Map each masked class to the donors that construct it with the same arguments as the new target.

    These are the donors whose factory has the same parameters. The constructors of the created classes are followed, so that classes they
    create in turn are found too.
    """
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
    """The classes that a function creates objects of: ``new X``, ``std::make_unique<X>``."""
    for words in (*function.signature.initialisers, *(tuple(tokens(s)) for s in function.body)):
        for i, word in enumerate(words[:-2]):
            if word == "new" or (word == "make_unique" and words[i + 1] == "<"):
                yield words[i + 1 if word == "new" else i + 2]


def _types(s: Signature, masker: Masker) -> Sequence[tuple[str, ...]]:
    return [masker.mask_all(p.type) for p in s.params]
