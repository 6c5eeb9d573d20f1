"""What a filler may know of the new target and of the donors: ``NewTarget`` and ``FillRequest``, and what a ``Filler`` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from rapidfuzz import fuzz, process

from vega_gen.cxx.masker import Masker
from vega_gen.function_template import FunctionTemplate, field_types
from vega_gen.records import BUDGET, Candidate, Class, Description, Enum, HoleKind, Member, MemberKind, Mode, Signature

_NEAR = 90
"""How similar (per cent) two spellings of the same name are at least: "CondCodes" and "CondCode"."""

Match = Callable[[HoleKind, str, str], Sequence[tuple[str, float]]]
"""(kind, a donor's qualified name, the donor) -> the new target's qualified names with scores 0 to 1, best first."""


@dataclass(frozen=True)
class NewTarget:
    """The new target, as far as the input mode shows it.

    ``nearness``: donor -> how similar it is, 0 to 1.
    ``symbols``: kind -> the qualified names that the target's C++ may use.
    ``classes``, ``enums``: declarations from its headers (desc mode), without bodies; empty in td mode.
    ``own_headers``: paths of its headers; ``identifiers``: every identifier in them.
    ``llvm_identifiers``: every identifier in LLVM's headers.
    ``function_names``: functions that the corpus could supply -> weighted share of the donors that have them.
    ``aliases``: masked class -> this target's name for it.
    ``passes``: pass classes that its headers name and do not declare.
    ``prototypes``: free functions that its headers declare.
    """

    folder: str
    masker: Masker
    mode: Mode
    description: Description
    nearness: Mapping[str, float]
    match: Match
    symbols: Mapping[HoleKind, Sequence[str]]
    classes: tuple[Class, ...] = ()
    enums: tuple[Enum, ...] = ()
    own_headers: tuple[str, ...] = ()
    identifiers: frozenset[str] = frozenset()
    llvm_identifiers: frozenset[str] = frozenset()
    function_names: Mapping[str, float] = field(default_factory=dict[str, float])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    passes: tuple[str, ...] = ()
    prototypes: tuple[Signature, ...] = ()

    @cached_property
    def methods(self) -> dict[str, list[tuple[Class, Member]]]:
        """Declared methods by masked "Class::name"."""
        found: dict[str, list[tuple[Class, Member]]] = {}
        for c in self.classes:
            for m in c.members:
                if m.kind is MemberKind.METHOD and m.signature and not m.deleted and not m.pure:
                    key = self.masker.mask(f"{c.name}::{m.signature.name}")
                    found.setdefault(key, []).append((c, m))
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """Every identifier that this target's C++ may use: LLVM's, its own headers', TableGen's, those of functions from the corpus."""
        return self.certain | self.function_names.keys()

    @cached_property
    def certain(self) -> frozenset[str]:
        """Every identifier with a known definition: LLVM's, its own headers', TableGen's."""
        return self.declared | {part for names in self.symbols.values() for name in names for part in name.split("::")}

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every identifier in LLVM's headers and the target's own."""
        return self.llvm_identifiers | self.identifiers

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Lower case -> identifier of its own headers, except identifiers that differ only in case."""
        found: dict[str, list[str]] = {}
        for name in self.identifiers - self.llvm_identifiers:
            found.setdefault(name.lower(), []).append(name)
        return {lower: names[0] for lower, names in found.items() if len(names) == 1}

    @cached_property
    def scopes(self) -> Mapping[str, str]:
        """The name of an enumeration or enumerator -> its scope, where only one has that name."""
        found: dict[str, set[str]] = {}
        for e in self.enums:
            for name in (e.name, *e.enumerators):
                found.setdefault(name, set()).update(e.scope[-1:])
        return {name: next(iter(scopes)) for name, scopes in found.items() if len(scopes) == 1}

    def scope(self, token: str, member: str) -> str:
        """A masked token before "::" in this target's words. If nothing has that name, its own scope that declares ``member``."""
        plain = self.name(token, scope=True)
        return plain if plain in self.known else self.scopes.get(member, plain)

    def name(self, token: str, scope: bool = False) -> str:
        """A masked token in this target's words: its own name for a class of that role, else the spelling that is known."""
        if "<" not in token:
            return token
        alias = self.aliases.get(token)
        if alias is not None:
            return alias
        plain = self.masker.unmask_scope(token) if scope else self.masker.unmask(token)
        if plain in self.certain or not plain.isidentifier():
            return plain
        upper = token.replace("<T>", self.masker.name.upper()).replace("<t>", self.masker.name.upper())
        upper = self.masker.unmask(upper)
        if upper in self.certain:
            return upper
        return self.spellings.get(plain.lower(), upper if upper in self.known and plain not in self.known else plain)

    def member(self, scope: str, name: str) -> str:
        """A name after one of the target's scopes, as that scope spells it: a declared name that is at least 90% similar, else the name
        itself."""
        declared = self._scoped.get(scope, ())
        near = process.extractOne(name, declared, scorer=fuzz.ratio, score_cutoff=_NEAR) if name not in declared else None
        return near[0] if near else name

    @cached_property
    def _scoped(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for e in self.enums:
            for scope in e.scope[-1:]:
                found.setdefault(scope, []).extend((e.name, *e.enumerators))
        return found

    def fields(self, class_name: str) -> dict[str, str] | None:
        """The fields of a declared class, keyed as in templates ("$f:" and the masked type); None if the class is not declared."""
        own = next((c for c in self.classes if c.name == class_name), None)
        if own is None:
            return None
        reverse = {v: k for k, v in self.aliases.items()}
        typed = field_types(own, self.masker)
        return {f"$f:{t}": n for n, t in typed.items()} | {
            f"$f:{reverse[raw]}": n for n, t in typed.items() for raw in [self.masker.unmask(t)] if raw in reverse
        }

    def operators(self, class_name: str) -> dict[str, str]:
        """How code accesses members of a declared class's fields, keyed as in ``fields``: "->" for pointers, "." for objects of the
        target's own classes and references to them. Other fields are left out, because their class may overload "->"."""
        before = {
            m.name: m.tokens[m.tokens.index(m.name) - 1]
            for c in self.classes if c.name == class_name for m in c.members if m.kind is MemberKind.FIELD and m.name in m.tokens
        }  # fmt: skip
        found: dict[str, str] = {}
        for identity, name in (self.fields(class_name) or {}).items():
            if before[name] == "*":
                found[identity] = "->"
            elif "<" in identity:
                found[identity] = "."
        return found

    @cached_property
    def enumerators(self) -> Mapping[str, Sequence[str]]:
        """Enumerators by scope: by every enclosing name that may precede "::"."""
        found: dict[str, list[str]] = {}
        for e in self.enums:
            for scope in dict.fromkeys(("::".join(e.scope), e.name, *e.scope[-1:])):
                if scope:
                    found.setdefault(scope, []).extend(e.enumerators)
        return found


@dataclass(frozen=True, slots=True)
class FillRequest:
    """One function to fill.

    ``template``: its function template. ``signature``: its signature as far as known.
    ``maskers``: of the donors, by target. ``budget``: the largest number of candidates.
    """

    template: FunctionTemplate
    signature: Signature
    new: NewTarget
    maskers: Mapping[str, Masker]
    budget: int = BUDGET


class Filler(Protocol):
    """Makes ranked candidates for a function, with confidence and donors for each statement."""

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """The candidates, best first; empty if the filler has nothing to offer."""
        ...
