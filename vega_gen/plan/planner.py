"""Decide which functions the new backend gets, and ask a filler for the candidates of each.

A function is planned if the target's headers declare it, a contract demands it, most donors have it, or a planned function calls it.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vega_gen.corpus.modules import module_of
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import Filler, FillRequest, NewTarget
from vega_gen.fill.weights import weights_of
from vega_gen.function_template import FunctionTemplate
from vega_gen.groups import FunctionGroup, GroupKind, Groups
from vega_gen.plan.donor_files import PASS_BASE
from vega_gen.plan.factories import constructed_alike, factories
from vega_gen.plan.signatures import declared_signature, donor_signature
from vega_gen.records import BUDGET, Class, Contract, Function, Member, Mode, Module, PlannedFunction, Signature

PRESENCE = 0.5
"""A function that nothing declares is planned if donors with more than this share of the total weight have it: more likely than not."""

PRESENCE_IN_FILE = 0.35
"""The same threshold for a function whose class or file is planned anyway, as a share of the donors that have the class or file."""

_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_T = TypeVar("_T", bound=Hashable)
Templates = Callable[[FunctionGroup], FunctionTemplate]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A function to be written.

    ``declared``: its declaration where a header shows one, and ``header`` that header.
    ``name``: its name where that isn't the group's.
    ``file``: its file where that isn't the one most donors use; for a helper the caller's file.
    ``like``: only methods of this masked class serve as donors, where the group has others too.
    """

    group: FunctionGroup
    class_name: str
    declared: Signature | None = None
    header: str = ""
    name: str = ""
    file: str = ""
    like: str = ""


class Planner:
    """Decide which functions are written, and ask the filler for each."""

    def __init__(
        self, groups: Groups, templates: Templates, new: NewTarget, filler: Filler, maskers: Mapping[str, Masker],
        budget: int = BUDGET,
    ) -> None:
        self.groups = groups
        self.templates = templates
        self.new = new
        self.filler = filler
        self.maskers = maskers
        self.budget = budget
        self._having: dict[str, set[str]] = defaultdict(set)
        self._of_role: dict[str, list[FunctionGroup]] = defaultdict(list)
        for g in groups.by_name.values():
            self._having[g.role].update(g.targets)
            self._of_role[g.role].append(g)
        self._files: dict[str, set[str]] = defaultdict(set)
        for g in groups.by_name.values():
            for f in g.members:
                self._files[maskers[f.target].mask(f.file)].add(f.target)
        self._classes: dict[str, list[tuple[FunctionGroup, str, str]]] = defaultdict(list)
        for g in groups.by_name.values():
            for t, c in sorted({(f.target, f.signature.class_name) for f in g.members if f.signature.class_name}):
                self._classes[maskers[t].mask(c)].append((g, t, c))
        made = factories(new.prototypes, groups, templates, new.masker, maskers)
        self._alike = constructed_alike(made, groups, templates, maskers)
        self._declared_classes = {new.masker.mask(c.name): c for c in new.classes}

    # ------------------------------------------------------------ which functions

    def _weight(self, targets: Iterable[str]) -> float:
        return math.fsum(math.exp(3.0 * self.new.nearness.get(t, 0.0)) for t in set(targets))  # exact in any order

    def wanted(self) -> list[Wanted]:
        """Every function to be written except helpers, in order of group name."""
        found: dict[tuple[str, str, str, tuple[tuple[str, ...], ...]], Wanted] = {}
        for w in (*self._declared(), *self._contracted(), *self._typical(), *self._passes()):
            types = tuple(p.type for p in w.declared.params) if w.declared else ()
            found.setdefault((w.group.name, w.class_name, w.name, types), w)
        classes = {c.name for c in self.new.classes}
        declared = {(w.class_name, w.name) for w in found.values() if w.declared}
        return [
            w for _, w in sorted(found.items())
            if w.declared or ((w.class_name, w.name) not in declared and not (w.name and w.class_name in classes))
        ]

    def _declared(self) -> Iterable[Wanted]:
        grouping = self.groups.with_target(self.new.folder, self.new.classes, self.new.masker, self.new.description.contracts)
        for c, m in (pair for pairs in self.new.methods.values() for pair in pairs):
            light = _light(self.new.folder, c, m)
            group = self.groups.by_name.get(grouping.name_of(light))
            if group is not None and m.signature is not None:
                yield Wanted(group, c.name, m.signature, c.file, m.signature.name)

    def _contracted(self) -> Iterable[Wanted]:
        grouping = self.groups.with_target(self.new.folder, self.new.classes, self.new.masker, self.new.description.contracts)
        for contract in self.new.description.contracts:
            group = self._contract_group(grouping, contract)
            if group is None:
                continue
            class_name = self.new.masker.unmask(group.role) if group.role else ""
            yield Wanted(group, class_name, None, "", contract.name)

    def _contract_group(self, grouping: Groups, contract: Contract) -> FunctionGroup | None:
        exact = [
            self.groups.by_name.get(grouping.contract_key(contract, self.new.masker)),
            *(self.groups.by_name.get(n) for n in (f"InstPrinter::{contract.name}", f"MCCodeEmitter::{contract.name}")),
        ]
        for g in exact:
            if g is not None:
                return g
        brothers = [g for n, g in self.groups.by_name.items() if n.startswith(contract.role.value + ":")]
        return max(brothers, key=lambda g: (len(g.targets), g.name)) if brothers else None

    def _typical(self) -> Iterable[Wanted]:
        everyone = self._weight({t for ts in self._having.values() for t in ts})
        for g in self.groups.by_name.values():
            name = self.new.masker.unmask(g.name)
            declared = not g.role and "<" in g.name and name in self.new.identifiers
            if g.kind is GroupKind.CONTRACT or (len(g.targets) < 2 and not declared):
                continue
            weight = self._weight(g.targets)
            if not g.role:
                conventional = declared or ("<" in g.name and weight > PRESENCE * everyone)
                usual_here = weight > PRESENCE_IN_FILE * self._weight(self._with_file(g)) and self._file_expected(g, everyone)
                prototypes = [s for s in self.new.prototypes if s.name == name.split("/")[0]]
                if prototypes or conventional or usual_here:
                    yield from (Wanted(g, "", s, "", name) for s in prototypes or (None,))
                continue
            if g.role in self._declared_classes or "<T>" not in g.role:
                continue
            having = self._weight(self._having[g.role])
            if self.new.mode is Mode.DESC and not self._local_role(g):
                continue
            if having > PRESENCE * everyone and weight > PRESENCE_IN_FILE * having:
                yield Wanted(g, self.new.masker.unmask(g.role))

    def _passes(self) -> Iterable[Wanted]:
        """Methods of passes that a factory creates but whose class no header declares."""
        for name in self.new.passes:
            masked = self.new.masker.mask(name)
            same = self._classes.get(masked, ())
            groups = {g.name: g for g, _, _ in same} or {g.name: g for g in self._of_role[PASS_BASE]}
            having = {(t, c) for _, t, c in same} or {(f.target, f.signature.class_name) for g in groups.values() for f in g.members}
            for g in groups.values():
                here = {(f.target, f.signature.class_name) for f in g.members} & having
                if g.kind is not GroupKind.CONTRACT and len(here) > PRESENCE_IN_FILE * len(having):
                    yield Wanted(g, name, file="" if same else f"{name}.cpp", like=masked if same else "")

    def _with_file(self, group: FunctionGroup) -> set[str]:
        """The targets that have a file of the kind that most members of the group are in."""
        return {t for role in self._roles_of(group) for t in self._files[role]}

    def _file_expected(self, group: FunctionGroup, everyone: float) -> bool:
        """Whether donors with most of the weight have the file that most members of a group are in."""
        roles = self._roles_of(group)
        return any(self._weight(self._files[r]) > PRESENCE * everyone for r in roles)

    def _roles_of(self, group: FunctionGroup) -> set[str]:
        counted = Counter(self.maskers[f.target].mask(f.file) for f in group.members)
        return {role for role, n in counted.items() if n * 2 >= len(group.members)}

    def _local_role(self, group: FunctionGroup) -> bool:
        """Whether most donors define the class inside a .cpp, where no header could have shown it."""
        local = [f for f in group.members if (f.in_class and f.file.endswith(".cpp")) or f.namespaces[-1:] == ("",)]
        stems = [f for f in group.members if not f.in_class and f.file.endswith(".cpp")]
        return len(local) + len(stems) >= len(group.members) / 2

    # ------------------------------------------------------------------ filling

    def plan(
        self,
        progress: Callable[[int, int, str], None] = lambda done, total, text: None,
        only: Callable[[FunctionGroup], bool] | None = None,
        spent: Callable[[Module, float], None] = lambda module, seconds: None,
    ) -> list[PlannedFunction]:
        """Planned functions with candidates, including helpers that they call. ``progress(done, total, text)`` is called before each.

        ``only``: plan the functions of these groups alone, without helpers. ``spent`` is told the seconds that each function took.
        """
        queue = [w for w in self.wanted() if only is None or only(w.group)]
        planned: dict[tuple[str, str, str, tuple[tuple[str, ...], ...]], PlannedFunction] = {}
        done = 0
        helper = False
        while queue:
            following: list[Wanted] = []
            for w in queue:
                progress(done, done + len(queue), f"filling {w.group.name}")
                done += 1
                start = time.monotonic()
                function = self.function(w)
                if function is None:
                    continue
                spent(function.module, time.monotonic() - start)
                s = function.candidate.signature
                key = (w.group.name, s.class_name, s.name, tuple(p.type for p in s.params))
                if key not in planned:
                    planned[key] = replace(function, helper=helper)
                    following += self._helpers(function) if only is None else ()
            known = {k[0] for k in planned}
            helper = True
            queue = list({w.group.name: w for w in following if w.group.name not in known}.values())
        return sorted(planned.values(), key=lambda f: (f.file, f.qualified_name, len(f.candidate.signature.params)))

    def request(self, wanted: Wanted) -> FillRequest:
        """The request that the filler gets for a function."""
        group = self.groups.widened(wanted.group) if wanted.declared else wanted.group
        if wanted.like:
            members = (f for f in group.members if self.maskers[f.target].mask(f.signature.class_name) == wanted.like)
            group = replace(group, members=tuple(members))
        template = self.templates(group)
        if wanted.declared is None and wanted.group.name.rpartition("::")[2] == _role_name(wanted.group.role):
            alike = self._alike.get(wanted.group.role, frozenset())
            template = template.restricted(lambda f: f.target in alike)
        if wanted.declared is not None:
            template = self._same_parameters(template, wanted.declared)
            signature = declared_signature(wanted.declared, template.members, weights_of(template, self.new), wanted.class_name)
        else:
            signature = donor_signature(template.members, weights_of(template, self.new), self.maskers, self.new, wanted.class_name)
            signature = replace(signature, name=self._own_name(wanted, signature))
        return FillRequest(template, signature, self.new, self.maskers, self.budget)

    def function(self, wanted: Wanted) -> PlannedFunction | None:
        """Plan one function with its candidates; None if the filler has none."""
        request = self.request(wanted)
        candidates = self.filler.fill(request)
        if not candidates:
            return None
        template = request.template
        weights = weights_of(template, self.new)
        in_class = sum(weights[i] for i, f in enumerate(template.members) if f.in_class) > 0.5
        file = self._file(wanted, template, weights, in_class)
        namespaces = _vote([(f.namespaces, weights[i]) for i, f in enumerate(template.members)])
        module = module_of(file, self.new.masker)
        return PlannedFunction(wanted.group.name, module, file, namespaces, in_class, candidates)

    def _same_parameters(self, template: FunctionTemplate, declared: Signature) -> FunctionTemplate:
        """The template restricted to members with as many parameters as the declaration; to those with the same types, if there are any."""
        wanted = [self.new.masker.mask_all(p.type) for p in declared.params]
        same = template.restricted(lambda f: len(f.signature.params) == len(wanted))
        return same.restricted(lambda f: [self.maskers[f.target].mask_all(p.type) for p in f.signature.params] == wanted)

    def _own_name(self, wanted: Wanted, signature: Signature) -> str:
        if wanted.name and wanted.group.kind is GroupKind.CONTRACT:
            return wanted.name
        bare = wanted.class_name.rsplit("::", 1)[-1]
        if wanted.class_name and wanted.group.name.rsplit("::", 1)[-1].lstrip("~") == _role_name(wanted.group.role):
            return ("~" if "::~" in wanted.group.name else "") + bare
        return signature.name

    def _file(self, wanted: Wanted, template: FunctionTemplate, weights: Mapping[int, float], in_class: bool) -> str:
        if wanted.file:
            return wanted.file
        if wanted.header and in_class:
            return wanted.header
        pairs: list[tuple[str, float]] = []
        for i, f in enumerate(template.members):
            if f.in_class == in_class:
                pairs.append((self.maskers[f.target].mask(f.file), weights[i]))
        file = self.new.masker.unmask(_vote(pairs))
        if wanted.header and wanted.header.rsplit("/", 1)[-1].rsplit(".", 1)[0] != file.rsplit("/", 1)[-1].rsplit(".", 1)[0]:
            return wanted.header.rsplit(".", 1)[0] + ".cpp"
        return file

    def _helpers(self, function: PlannedFunction) -> Iterable[Wanted]:
        """Groups of functions that the first candidate calls and nothing declares."""
        class_name = function.candidate.signature.class_name
        role = next((g.role for g in [self.groups.by_name.get(function.group)] if g), "")
        for s in function.candidate.statements:
            tokens = (*s.head, *s.tail)
            for i, token in enumerate(tokens[:-1]):
                if tokens[i + 1] != "(" or not _WORD.match(token) or (i and tokens[i - 1] in (".", "->", "::")):
                    continue
                masked = self.new.masker.mask(token)
                free = self.groups.by_name.get(masked)
                if free is not None and not free.role and free.kind is GroupKind.CONVENTION and token not in self.new.llvm_identifiers:
                    yield Wanted(free, "", file=function.file)
                elif role and class_name not in {c.name for c in self.new.classes}:
                    method = self.groups.by_name.get(f"{_role_name(role)}::{masked}")
                    if method is not None and method.role == role:
                        yield Wanted(method, class_name)


def _role_name(role: str) -> str:
    return re.sub(r"<T>|<TU>|<t>", "", role) or role


def _light(target: str, c: Class, m: Member) -> Function:
    assert m.signature is not None
    return Function(target, c.file, m.line, m.line, 0, 0, 0, 0, c.namespaces, replace(m.signature, class_name=c.name), ())


def _vote(pairs: Sequence[tuple[_T, float]]) -> _T:
    votes: dict[_T, float] = defaultdict(float)
    for value, weight in pairs:
        votes[value] += weight
    return max(votes, key=lambda v: (votes[v], str(v)))
