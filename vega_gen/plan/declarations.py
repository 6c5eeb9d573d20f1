"""What a backend's own headers declare, asked by an archetype that is to be put into its classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from vega_gen.cxx import same_overload
from vega_gen.fill.initialisers import bare_scalar
from vega_gen.records import Class, Member, MemberKind, Signature

_NOT_OF_THE_TYPE = frozenset(("const", "mutable", "static", "llvm", "::", "*", "&", "&&", "class", "struct"))


@dataclass(frozen=True, slots=True)
class Declarations:
    """``classes``: those that headers show, by name; none in td mode. ``usual``: names that functions or classes of several other backends
    have. ``expected``: names of free functions that are in its .cpp files, since contracts or nearly all backends have them.
    ``subtarget``: the name of its subtarget class. ``names``: other names that its headers declare."""

    classes: Mapping[str, Class]
    usual: Collection[str] = ()
    expected: Collection[str] = ()
    subtarget: str = ""
    names: Collection[str] = field(default_factory=frozenset[str])

    def knows(self, name: str) -> bool:
        """Whether a header declares something of this name."""
        return name in self.classes or name in self.names

    def spelled(self, name: str) -> str:
        """The only name in the headers with the same letters and digits ("FIXUP_LO16" for "fixup_lo_16"), "" for none, or for itself."""
        found = [n for n in self.names if _letters(n) == _letters(name)]
        return found[0] if len(found) == 1 and found[0] != name else ""

    def made_from(self, base: str) -> str:
        """The only class that is made from a class of LLVM's, "" if there is none or several."""
        found = [c.name for c in self.classes.values() if base in {b.partition("<")[0].rpartition("::")[2] for b in c.bases}]
        return found[0] if len(found) == 1 else ""

    def has_method(self, class_name: str, name: str) -> bool:
        """Whether the class has the method; where no header shows the class, whether such classes usually have it."""
        own = self.classes.get(class_name)
        if own is None:
            return name in self.usual
        return any(m.signature and m.signature.name == name for m in own.members)

    def declaration(self, own: Signature) -> Signature | None:
        """The declaration of the function that an archetype defines, None where no header shows one.

        A method may be called otherwise there: a name that differs in case, or is the other's abbreviation ("LowerFRAMEADDR")."""
        there = self.classes.get(own.class_name)
        if there is None:
            return None
        declared = [m.signature for m in there.members if m.signature and not m.deleted and not m.pure]
        same = [s for s in declared if s.name == own.name]
        alike = [s for s in same if same_overload(s, own)] or [s for s in same if len(s.params) == len(own.params)] or same
        if same:
            return alike[0] if len(alike) == 1 else None
        types = [core(p.type) for p in own.params]
        near = [s for s in declared if _abbreviates(s.name, own.name) and [core(p.type) for p in s.params] == types]
        return near[0] if len(near) == 1 else None

    def field(self, class_name: str, own: Member) -> tuple[str, ...]:
        """What the field of an archetype's class is called there: the only field of its type, as an expression of the archetype's type. ()
        where there is none or no header shows the class."""
        there = self.classes.get(class_name)
        if there is None:
            return ()
        wanted = core(_type(own))
        fields = [m for m in there.members if m.kind is MemberKind.FIELD and m.name in m.tokens and core(_type(m)) == wanted]
        exact = [m for m in fields if m.name == own.name]
        if len(exact or fields) != 1:
            return ()
        found = (exact or fields)[0]
        mine, theirs = "*" in _type(own), "*" in _type(found)
        if mine == theirs:
            return (found.name,)
        return ("(", "*", found.name, ")") if theirs else ("(", "&", found.name, ")")

    def initialisable(self, class_name: str, name: str) -> bool:
        """Whether a constructor of the class may initialise a field or base of this name."""
        there = self.classes.get(class_name)
        if there is None or name == class_name:
            return True
        fields = {m.name for m in there.members if m.kind is MemberKind.FIELD}
        return name in fields or any(b.partition("<")[0].rpartition("::")[2] == name for b in there.bases)

    def constructed(self, constructor: Signature, initialiser: tuple[str, ...]) -> tuple[str, ...]:
        """An initialiser of a field of one of the backend's own classes, with the arguments that this class's constructor takes: the
        parameters of these types. As it is where they are not known, or it has that many already."""
        there = self.classes.get(constructor.class_name)
        held = next((m for m in there.members if m.kind is MemberKind.FIELD and m.name == initialiser[0]), None) if there else None
        kind = self.classes.get("".join(core(_type(held))[-1:])) if held else None
        made = [m.signature for m in kind.members if m.signature and m.signature.name == kind.name and not m.deleted] if kind else []
        if len(made) != 1 or initialiser[3:] or not made[0].params:
            return initialiser
        given = [next((q.name for q in constructor.params if q.name and core(q.type) == core(p.type)), "") for p in made[0].params]
        return (initialiser[0], "(", *", ".join(given).replace(",", " ,").split(), ")") if all(given) else initialiser

    def bound(self, constructor: Signature, given: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Initialisers of the fields without one that C++ wants: a reference is bound to the parameter of its type ([class.base.init]), a
        number or bool begins with zero."""
        there = self.classes.get(constructor.class_name)
        if there is None or constructor.name != constructor.class_name.rpartition("::")[2]:
            return ()
        found: list[tuple[str, ...]] = []
        for m in there.members:
            if m.kind is not MemberKind.FIELD or m.name in given or m.name not in m.tokens or "static" in m.tokens:
                continue
            named = [p for p in constructor.params if p.name and core(p.type) == core(_type(m))]
            if len(named) == 1 and "&" in _type(m):
                found.append((m.name, "(", named[0].name, ")"))
            elif bare_scalar(m, _type(m)):
                found.append((m.name, "(", ")"))
        return tuple(found)


def core(tokens: Sequence[str]) -> tuple[str, ...]:
    """The words of a type without const, pointers, references and scopes of LLVM's."""
    return tuple(t for t in tokens if t not in _NOT_OF_THE_TYPE)


def uses(tokens: Sequence[str], names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The tokens with names of fields replaced, unless they are members of something else."""
    out: list[str] = []
    for i, t in enumerate(tokens):
        member = i and tokens[i - 1] in (".", "->", "::") and not (i > 1 and tokens[i - 2] == "this")
        out += names[t] if t in names and not member else (t,)
    return tuple(out)


def _type(m: Member) -> Sequence[str]:
    return m.tokens[: m.tokens.index(m.name)] if m.name in m.tokens else ()


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def _abbreviates(a: str, b: str) -> bool:
    """Whether one name is the other's beginning, cases aside. What follows a "_" makes another node of it: SELECT, SELECT_CC."""
    short, long = sorted((a.lower(), b.lower()), key=len)
    return long.startswith(short) and not long[len(short) :].startswith("_")
