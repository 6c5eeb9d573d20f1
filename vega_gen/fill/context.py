"""Stage 8, input: what a filler knows of the new target and of the donors.

Enters: descriptions, maskers, declarations of the new target. Leaves: ``NewTarget`` and ``Request``. It does not fill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from rapidfuzz import fuzz, process

from vega_gen.function_template import FunctionTemplate, field_types
from vega_gen.groups import Masker
from vega_gen.records import BUDGET, Candidate, Class, Description, Enum, HoleKind, Member, MemberKind, Mode, Signature

_NEAR = 90
"""How alike (per cent) two spellings of one name are at least: "CondCodes" and "CondCode"."""

Match = Callable[[HoleKind, str, str], Sequence[tuple[str, float]]]
"""(kind, a donor's qualified name, the donor's folder) -> the new target's qualified names with scores 0 to 1, best first."""


@dataclass(frozen=True)
class NewTarget:
    """The target being generated, as the input mode lets one see it.

    ``classes`` and ``enums``: declarations from its headers (desc mode), bodies out; empty in td mode.
    ``own_headers``: their paths; ``identifiers``: every identifier in them; ``llvm_identifiers``: in LLVM's;
    ``function_names``: of functions that the corpus could supply, with the weighted share of
    the donors that have them. ``aliases``: masked class -> what this target calls it.
    ``passes``: classes of passes that its headers name and do not declare. ``prototypes``: free functions that they declare.
    ``nearness``: of each donor target, 0 to 1. ``symbols``: the qualified names its C++ may use, by kind."""

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
        """Every identifier that may stand in this target's C++: LLVM's, its own headers', TableGen's, the corpus's functions."""
        return self.certain | self.function_names.keys()

    @cached_property
    def certain(self) -> frozenset[str]:
        """Every identifier that something defines: LLVM's, its own headers', TableGen's."""
        return self.declared | {part for names in self.symbols.values() for name in names for part in name.split("::")}

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every identifier in LLVM's headers and its own."""
        return self.llvm_identifiers | self.identifiers

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """The identifiers of its own headers by their lower case, those that differ in case alone left out."""
        found: dict[str, list[str]] = {}
        for name in self.identifiers - self.llvm_identifiers:
            found.setdefault(name.lower(), []).append(name)
        return {lower: names[0] for lower, names in found.items() if len(names) == 1}

    @cached_property
    def scopes(self) -> Mapping[str, str]:
        """The scope of each of its enumerations, and of each enumerator, whose name no other has, by that name."""
        found: dict[str, set[str]] = {}
        for e in self.enums:
            for name in (e.name, *e.enumerators):
                found.setdefault(name, set()).update(e.scope[-1:])
        return {name: next(iter(scopes)) for name, scopes in found.items() if len(scopes) == 1}

    def scope(self, token: str, member: str) -> str:
        """A masked token before "::" in this target's words: where nothing is called so, its own scope that declares ``member``."""
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
        """A name after one of its own scopes as that scope spells it: the one it declares that differs in a letter of ten or less."""
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
        """The fields of one of its declared classes, by "$f:" and masked type as templates name them; None if it is not declared."""
        own = next((c for c in self.classes if c.name == class_name), None)
        if own is None:
            return None
        reverse = {v: k for k, v in self.aliases.items()}
        typed = field_types(own, self.masker)
        return {f"$f:{t}": n for n, t in typed.items()} | {
            f"$f:{reverse[raw]}": n for n, t in typed.items() for raw in [self.masker.unmask(t)] if raw in reverse
        }

    def operators(self, class_name: str) -> dict[str, str]:
        """How the members of a declared class's fields are reached, by the field as ``fields`` has it: "->" for pointers, "." for what is
        of the target's own classes or a reference to one. Of others nothing is known: their class may have an "->" of its own."""
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
        """Enumerators by scope: every enclosing name that can stand before "::"."""
        found: dict[str, list[str]] = {}
        for e in self.enums:
            for scope in dict.fromkeys(("::".join(e.scope), e.name, *e.scope[-1:])):
                if scope:
                    found.setdefault(scope, []).extend(e.enumerators)
        return found


@dataclass(frozen=True, slots=True)
class Request:
    """One function to fill: its template, its signature as far as known, and how many candidates are wanted."""

    template: FunctionTemplate
    signature: Signature
    new: NewTarget
    maskers: Mapping[str, Masker]
    budget: int = BUDGET


class Filler(Protocol):
    """A filler: ranked candidates for a function, with confidence and provenance a statement."""

    def fill(self, request: Request) -> tuple[Candidate, ...]:
        """Candidates, best first; empty if the filler has nothing to offer."""
        ...
