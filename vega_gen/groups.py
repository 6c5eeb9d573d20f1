"""Put functions of several targets that play the same role into function groups (stage 4).

Functions group by the LLVM method they override, the contract they fulfil, or their masked name. Bodies are not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from vega_gen.corpus.modules import module_of
from vega_gen.cxx.masker import Masker
from vega_gen.errors import NotFoundError
from vega_gen.records import Class, Contract, Function, MemberKind, Module, Signature

# Classes that TableGen's emitters (InstrInfoEmitter.cpp, RegisterInfoEmitter.cpp, SubtargetEmitter.cpp) write, and their bases.
_GENERATED_BASES = {
    "GenInstrInfo": "TargetInstrInfo",
    "GenRegisterInfo": "TargetRegisterInfo",
    "GenSubtargetInfo": "TargetSubtargetInfo",
    "GenMCSubtargetInfo": "MCSubtargetInfo",
    "GenRegisterBankInfo": "RegisterBankInfo",
}

class GroupKind(StrEnum):
    """Why the members of a group play the same role (docs/protocol.md, "function group")."""

    OVERRIDE = "override"
    CONVENTION = "convention"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class FunctionGroup:
    """A function group.

    ``name``: such as "InstrInfo::copyPhysReg". ``interface``: the LLVM method its members override, "" if none.
    ``role``: their masked class ("<T>InstrInfo"), "" for free functions. ``members``: functions without bodies, sorted.
    """

    name: str
    kind: GroupKind
    interface: str
    role: str
    module: Module
    members: tuple[Function, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that have a member, sorted."""
        return tuple(sorted({m.target for m in self.members}))


def generated_base(name: str, target: str) -> str:
    """Return the LLVM class that a TableGen-generated class derives from: TargetInstrInfo for <T>GenInstrInfo; "" for other names."""
    return _GENERATED_BASES.get(name.removeprefix(target), "") if name.startswith(target) else ""


class Interfaces:
    """The virtual methods of LLVM's base classes, from the headers in ``llvm/include``."""

    def __init__(self, classes: Iterable[Class]) -> None:
        self.classes: dict[str, Class] = {}
        for c in classes:
            known = self.classes.get(c.name)
            if known is None or len(c.members) > len(known.members):
                self.classes[c.name] = c
        self._virtual: dict[str, dict[str, list[Signature]]] = {}
        for c in self.classes.values():
            methods: dict[str, list[Signature]] = defaultdict(list)
            for m in c.members:
                s = m.signature
                if m.kind is MemberKind.METHOD and s and ("virtual" in s.prefix or "override" in s.qualifiers):
                    methods[s.name].append(s)
            self._virtual[c.name] = methods

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return ``name`` and its base classes in LLVM, nearest first."""
        seen: dict[str, None] = {}
        queue = [name]
        while queue:
            current = queue.pop(0)
            if current in seen or current not in self.classes:
                continue
            seen[current] = None
            queue += [b.rsplit("::", 1)[-1] for b in self.classes[current].bases]
        return tuple(seen)

    def overridden(self, base: str, method: str, arity: int) -> tuple[str, Signature, bool] | None:
        """Find the LLVM method that a target's method overrides.

        ``base``: the nearest LLVM class the target's class derives from. ``arity``: the method's number of parameters.
        Returns the farthest ancestor that declares the method virtual, that declaration, and whether the ancestor overloads it; None if
        nothing is overridden.
        """
        found: tuple[str, Signature, bool] | None = None
        for name in self.ancestors(base):
            declared = self._virtual[name].get(method)
            if declared:
                exact = [s for s in declared if len(s.params) == arity]
                if exact or method.startswith("~"):
                    found = (name, (exact or declared)[0], len(declared) > 1)
        return found


class Groups:
    """All function groups of a corpus, by name.

    ``functions``: functions (bodies not needed) of every target except the held-out one. ``classes``: the targets' classes.
    ``contracts``, ``maskers``: by target folder.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        classes: Iterable[Class],
        interfaces: Interfaces,
        maskers: Mapping[str, Masker],
        contracts: Mapping[str, Sequence[Contract]] | None = None,
    ) -> None:
        self.interfaces = interfaces
        self.maskers = maskers
        self._bases: dict[tuple[str, str], tuple[str, ...]] = {}
        for c in classes:
            self._bases.setdefault((c.target, c.name), c.bases)
        self._contracts = {t: {c.name: c for c in cs} for t, cs in (contracts or {}).items()}
        functions = list(functions)
        self._role_names = self._name_roles(functions)
        self._shared_roles = self._count_roles(functions)
        members: dict[str, list[Function]] = defaultdict(list)
        facts: dict[str, tuple[GroupKind, str, str]] = {}
        for f in functions:
            name, kind, interface, role = self._key(f)
            members[name].append(f)
            facts.setdefault(name, (kind, interface, role))
        self.by_name: dict[str, FunctionGroup] = {}
        for name, fs in members.items():
            kind, interface, role = facts[name]
            modules = Counter(module_of(f.file, maskers[f.target]) for f in fs)
            fs.sort(key=lambda f: (f.target, f.file, f.start))
            self.by_name[name] = FunctionGroup(name, kind, interface, role, modules.most_common(1)[0][0], tuple(fs))
        self._alike: dict[str, list[FunctionGroup]] = defaultdict(list)
        for g in self.by_name.values():
            self._alike[g.name.lower()].append(g)

    def llvm_base(self, target: str, class_name: str) -> str:
        """Return the nearest LLVM class that a target's class derives from, "" if none."""
        seen: set[str] = set()
        queue = [class_name]
        while queue:
            current = queue.pop(0)
            bare = current.rsplit("::", 1)[-1]
            if current in seen:
                continue
            seen.add(current)
            bases = self._bases.get((target, current)) or self._bases.get((target, bare))
            if bases is None:
                masked = self.maskers[target].mask(bare).replace("<T>", "")
                generated = _GENERATED_BASES.get(masked)
                if generated:
                    return generated
                if bare in self.interfaces.classes:
                    return bare
                continue
            queue += bases
        return ""

    def _masked_class(self, f: Function) -> str:
        return self.maskers[f.target].mask(f.signature.class_name)

    def _name_roles(self, functions: Sequence[Function]) -> dict[str, str]:
        """Map an LLVM base class to the masked name that most targets give the class they derive from it."""
        names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for f in functions:
            if f.signature.class_name:
                base = self.llvm_base(f.target, f.signature.class_name)
                if base:
                    names[base][self._masked_class(f)].add(f.target)
        roles: dict[str, str] = {}
        for base, counted in names.items():
            best = max(sorted(counted), key=lambda n: len(counted[n]))
            targets = {t for ts in counted.values() for t in ts}
            # A base that targets derive many differently named classes from (MachineFunctionPass) defines no role.
            if len(counted[best]) * 2 >= len(targets) or len(counted) <= 2:
                roles[base] = best
        return roles

    def _count_roles(self, functions: Sequence[Function]) -> set[str]:
        users: dict[str, set[str]] = defaultdict(set)
        for f in functions:
            users[self._masked_class(f)].add(f.target)
        return {name for name, targets in users.items() if len(targets) > 1}

    def _key(self, f: Function) -> tuple[str, GroupKind, str, str]:
        masker = self.maskers[f.target]
        s = f.signature
        name = masker.mask(s.name)
        arity = len(s.params)
        contract = self._contracts.get(f.target, {}).get(s.name)
        if not s.class_name:
            if contract is not None:
                return self.contract_key(contract, masker), GroupKind.CONTRACT, "", ""
            return name, GroupKind.CONVENTION, "", ""
        masked = self._masked_class(f)
        bare = masked.rsplit("::", 1)[-1]
        special = s.name.lstrip("~") == s.class_name.rsplit("::", 1)[-1]
        base = self.llvm_base(f.target, s.class_name)
        role = self._role_names.get(base, masked if masked in self._shared_roles or not base else base)
        if special:
            own = role if base else masked
            sign = "~" if s.name.startswith("~") else ""
            return f"{_bare(own)}::{sign}{_bare(own).rsplit('::', 1)[-1]}", GroupKind.CONVENTION, "", own
        overridden = self.interfaces.overridden(base, s.name, arity) if base else None
        if overridden:
            interface, _, several = overridden
            suffix = f"/{arity}" if several else ""
            return f"{_bare(role)}::{name}{suffix}", GroupKind.OVERRIDE, f"{interface}::{s.name}", role
        if contract is not None:
            return self.contract_key(contract, masker), GroupKind.CONTRACT, "", role
        own = role if base in self._role_names else masked
        return f"{_bare(own)}::{name}", GroupKind.CONVENTION, "", own if own != bare else masked

    def contract_key(self, contract: Contract, masker: Masker) -> str:
        """Return the name of a contract's group: its role, and its name with records replaced by placeholders."""
        return f"{contract.role.value}:{contract_role_name(contract, masker)}"

    def name_of(self, function: Function) -> str:
        """Return the name of the group a function belongs to, whether or not the corpus has that group."""
        return self._key(function)[0]

    def partners(self, function: Function) -> bool:
        """Whether another target of the corpus has a member in the function's group (the interface population)."""
        group = self.by_name.get(self.name_of(function))
        return group is not None and any(m.target != function.target for m in group.members)

    def with_target(self, target: str, classes: Iterable[Class], masker: Masker, contracts: Sequence[Contract]) -> Groups:
        """Return these groups, able to name functions of one more target (the judge's reference) without having them as members."""
        other = object.__new__(Groups)
        other.__dict__.update(self.__dict__)
        other._bases = dict(self._bases)
        for c in classes:
            other._bases.setdefault((target, c.name), c.bases)
        other.maskers = {**self.maskers, target: masker}
        other._contracts = {**self._contracts, target: {c.name: c for c in contracts}}
        return other

    def widened(self, group: FunctionGroup) -> FunctionGroup:
        """Add the members of groups whose names differ only in case (LowerVASTART, lowerVASTART).

        Applies to convention groups without a target's name in theirs; the other groups must be of the same role.
        """
        if group.kind is not GroupKind.CONVENTION or "<" in group.name:
            return group
        brothers = [g for g in self._alike[group.name.lower()] if g.name != group.name and (g.kind, g.role) == (group.kind, group.role)]
        return replace(group, members=(*group.members, *(f for g in brothers for f in g.members)))

    def find(self, query: str) -> FunctionGroup:
        """Return the group called ``query``, or the only one whose name ends in it.

        Raises NotFoundError, listing the nearest names, where no group or several match.
        """
        if query in self.by_name:
            return self.by_name[query]
        ending = [n for n in self.by_name if n.endswith((f"::{query}", f":{query}")) or _plain(n) == query]
        if len(ending) == 1:
            return self.by_name[ending[0]]
        from rapidfuzz import process

        near = sorted(ending)[:8] or [m[0] for m in process.extract(query, list(self.by_name), limit=6)]
        what = f"{len(ending)} groups are called {query}" if ending else f"no function group is called {query}"
        raise NotFoundError(what, "", "name one of: " + ", ".join(near))


def contract_role_name(contract: Contract, masker: Masker) -> str:
    """Return a contract's masked name with the record in it replaced by <RC>: Decode<RC>RegisterClass."""
    name = masker.mask(contract.name)
    for kind in sorted(contract.types, key=len, reverse=True):
        if kind and kind in contract.name:
            return masker.mask(contract.name.replace(kind, "<RC>"))
    return name


def _bare(masked: str) -> str:
    return masked.replace("<T>", "").replace("<TU>", "").replace("<t>", "") or masked


def _plain(name: str) -> str:
    return name.replace("<T>", "").replace("<TU>", "").replace("<t>", "")


def light(function: Function) -> Function:
    """Return a function without its body, which is enough for grouping."""
    return replace(function, body=())
