"""Plan the class declarations that the planned functions need.

Bases, members and access follow the donors' classes of the same role, by weighted vote. Classes that the new target's own headers declare
are not planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vega_gen.cxx import declared_names
from vega_gen.plan.donor_files import IDENTIFIER, DonorFiles, tokens_of
from vega_gen.plan.layout_members import (
    Entry,
    accessed,
    asked,
    bare_base,
    by_value,
    is_type,
    joined,
    mean,
    names_of,
    with_arguments,
)
from vega_gen.records import Class, Donor, Member, MemberKind, Mode, PlannedClass, PlannedFunction, Signature, StatementKind

_INTERFACE = frozenset(("override", "final"))
_MAX_DONORS = 5
# Methods that TableGen's tables define (AsmWriterEmitter, CodeEmitterGen, SubtargetEmitter): they are declared, but not planned.
_PRINTERS = ("printInstruction", "printAliasInstr", "printCustomAliasOperand")
_GENERATED_METHODS = ("getMnemonic", "getRegisterName", "getBinaryCodeForInstr", "ParseSubtargetFeatures")


class ClassPlanner:
    """Plans the classes of the new backend for all planned functions."""

    def __init__(self, donors: DonorFiles, functions: Sequence[PlannedFunction]) -> None:
        self.donors = donors
        self.new = donors.new
        self.masker = donors.new.masker
        self.functions = functions
        self.methods: dict[str, list[PlannedFunction]] = defaultdict(list)
        self.tokens = {id(f): tokens_of(f) for f in functions}
        for f in functions:
            if f.candidate.signature.class_name:
                self.methods[f.candidate.signature.class_name].append(f)
        self._declared = {c.name for c in self.new.classes}
        self._own_names = {n for names in self.new.symbols.values() for n in names}

    def plan(self) -> tuple[PlannedClass, ...]:
        """The classes in the order in which their files can hold them: bases and classes used by value first."""
        wanted = {n for n in self.methods if self._wanted(n)}
        wanted |= {n.partition("::")[0] for n in wanted}
        while True:
            mentioned = {t for n in wanted for f in self.methods[n] for t in self.tokens[id(f)]}
            mentioned.update(t for f in self.functions if not f.candidate.signature.class_name for t in self.tokens[id(f)])
            more = {n for n in mentioned - wanted if self._wanted(n) and "<T>" in self.masker.mask(n) and self._shared(n)}
            more.update(self._bases_missing(wanted))
            if more <= wanted:
                break
            wanted |= more
        files = {name: self._file(name) for name in sorted(wanted)}
        made = [self._class(name, files) for name in sorted(wanted)]
        return tuple(self._ordered(made))

    def _wanted(self, name: str) -> bool:
        """Whether a class must be declared: donors declare one of that role, and no header of the new target does."""
        outer, _, inner = name.rpartition("::")
        if name in self._declared or not IDENTIFIER.match(inner) or (outer and not self._wanted(outer)):
            return False
        donors = self.donors.classes.get(self.masker.mask(name), ())
        return bool(donors) and (self.new.mode is Mode.TD or self._file_role(name).endswith(".cpp"))

    def _shared(self, name: str) -> bool:
        """Whether more than one donor has a class of that role. A class of one donor alone is no convention."""
        return len({c.target for c in self.donors.classes[self.masker.mask(name)]}) > 1

    def _bases_missing(self, wanted: Iterable[str]) -> set[str]:
        bases = {b.rsplit("::", 1)[-1] for n in sorted(wanted) for b in self._bases(n)}
        return {b for b in bases if self._wanted(b)}

    def _file_role(self, name: str) -> str:
        masked = self.masker.mask(name.partition("::")[0])
        return self.donors.vote((c.target, self.donors.maskers[c.target].mask(c.file)) for c in self.donors.classes[masked]) or ""

    def _bases(self, name: str) -> tuple[str, ...]:
        """The bases that donors vote for, without those in the target's name that neither TableGen nor the plan defines."""
        donors = self.donors.classes[self.masker.mask(name)]
        voted = self.donors.vote((c.target, self.donors.maskers[c.target].mask_all(c.bases)) for c in donors) or ()
        return tuple(b for b in self.masker.unmask_all(voted) if self._type_exists(b.rsplit("::", 1)[-1]))

    def _type_exists(self, name: str) -> bool:
        """Whether the new backend has a type of that name: one of LLVM's, or generated, declared or planned."""
        masked = self.masker.mask(name)
        if "<T>" not in masked or masked in ("<T>", "<T>ISD", "<T>II") or "Gen" in masked or name in self._declared:
            return True
        return name in self.methods or (self.new.mode is Mode.TD and masked in self.donors.classes)

    # ------------------------------------------------------------------ one class

    def _class(self, name: str, files: Mapping[str, str]) -> PlannedClass:
        masked = self.masker.mask(name)
        donors = sorted(self.donors.classes[masked], key=lambda c: (-self.donors.weights[c.target], c.target, c.file, c.line))
        planned = self.methods.get(name, [])
        file = files[name]
        homes = [c for c in donors if self.donors.maskers[c.target].mask(c.file).endswith(file[-4:])]
        namespaces = self.donors.vote((c.target, self._unmasked(c.target, c.namespaces)) for c in homes) or ()
        deepest = max((f.namespaces for f in planned if not f.in_class and "" not in f.namespaces), key=len, default=())
        if namespaces[: len(deepest)] != deepest:
            namespaces = (*deepest, "") if "" in namespaces else deepest
        struct = self.donors.vote((c.target, c.struct) for c in donors) or False
        members = self._members(name, donors, planned, files)
        return PlannedClass(
            name=name,
            bases=tuple(f"public {with_arguments(b, members)}" for b in self._bases(name)),
            file=file,
            namespaces=namespaces,
            members=tuple(members),
            includes=(),
            donors=tuple(Donor(c.target, c.file, c.line) for c in donors[:_MAX_DONORS]),
            struct=struct,
        )

    def _file(self, name: str) -> str:
        """The file that declares the class: the one most donors use; for a class local to a .cpp, the .cpp of most of its methods."""
        if name in self.new.passes:
            return self.methods[name][0].file
        file = self.masker.unmask(self._file_role(name))
        outside = [f.file for f in self.methods.get(name.partition("::")[0], ()) if not f.in_class]
        if file.endswith(".cpp") and outside and file not in outside:
            file = max(sorted(set(outside)), key=outside.count)
        return file

    def _unmasked(self, target: str, words: Iterable[str]) -> tuple[str, ...]:
        return self.masker.unmask_all(self.donors.maskers[target].mask_all(words))

    def _members(
        self, name: str, donors: Sequence[Class], planned: Sequence[PlannedFunction], files: Mapping[str, str]
    ) -> list[Member]:
        file = files[name]
        methods = [self._method(f, donors) for f in planned]
        needed = {t for f in planned for t in self._values(f)}
        initialised = {s.head[0] for f in planned for s in f.candidate.statements if s.kind is StatementKind.INITIALISER}
        initialised |= {i[0] for f in planned for i in f.candidate.signature.initialisers if i}
        needed |= initialised
        types = {t for f in planned for t in set(self.tokens[id(f)]) - _local_names(f)}
        users = self.functions if file.endswith(".h") else [f for f in self.functions if f.file == file]
        needed |= accessed(self.tokens[id(f)] for f in users)
        entries = self._entries(donors)
        chosen: dict[int, Entry] = {}
        while True:
            more = {
                i: e for i, e in enumerate(entries)
                if i not in chosen and asked(e, needed, types, initialised)
                and self._usable(e, name, file, files)
            }
            if not more:
                break
            chosen.update(more)
            for e in more.values():
                types.update(e.member.tokens)
        taken: set[str] = set()
        kept: list[tuple[float, Member]] = []
        for e in sorted(chosen.values(), key=lambda e: -e.share):
            named = frozenset(e.names) if e.names else frozenset((" ".join(e.member.tokens) or e.member.name,))
            if not named & taken:
                taken |= named
                kept.append((e.rank, e.member))
        present = {(m.name, len(m.signature.params)) for _, m in methods if m.signature}
        kept = [(r, m) for r, m in kept if m.signature is None or (m.name, len(m.signature.params)) not in present]
        kept += methods
        kept.sort(key=lambda k: (not is_type(k[1]), k[0], k[1].name))
        return [replace(m, line=0) for _, m in kept]

    def _values(self, f: PlannedFunction) -> set[str]:
        """Names used as values (not followed by what follows a type) that are neither parameters nor locals."""
        tokens = self.tokens[id(f)]
        local = _local_names(f)
        found: set[str] = set()
        for before, token, after in zip(("", *tokens), tokens, (*tokens[1:], ";"), strict=False):
            if token in local and before not in (".", "->"):
                continue
            if after not in ("&", "*", "::", "<", ">") and not IDENTIFIER.match(after):
                found.add(token)
        return found

    def _method(self, f: PlannedFunction, donors: Sequence[Class]) -> tuple[float, Member]:
        """The declaration of a planned method, with its rank in the class. Access, virtual, static, override and default arguments follow
        the donors."""
        s = f.candidate.signature
        wanted = self.masker.mask(s.name)
        found = [
            (c.target, m, m.signature, i / len(c.members))
            for c in donors for i, m in enumerate(c.members)
            if m.signature is not None and self._same_name(c, m.signature.name, s, wanted)
        ]
        types = tuple(p.type for p in s.params)
        exact = [x for x in found if tuple(self._unmasked(x[0], p.type) for p in x[2].params) == types]
        same = exact or [x for x in found if len(x[2].params) == len(s.params)] or found
        access = self.donors.vote((t, m.access) for t, m, _, _ in same) or "public"
        words = self.donors.vote((t, tuple(w for w in d.prefix if w in ("static", "explicit"))) for t, _, d, _ in same) or ()
        overrides = self.donors.vote((t, bool(_INTERFACE & set(d.qualifiers))) for t, _, d, _ in same) or False
        if not exact and any(g is not f and self.masker.mask(g.candidate.signature.name) == wanted for g in self.methods[s.class_name]):
            overrides = False  # an overload: another planned method overrides the base's
        virtual = not overrides and (self.donors.vote((t, "virtual" in d.prefix) for t, _, d, _ in same) or False)
        defaults = self.donors.vote(
            (t, tuple(self._unmasked(t, p.default) for p in d.params)) for t, _, d, _ in same if len(d.params) == len(s.params)
        )
        params = tuple(
            replace(p, default=p.default or (defaults[k] if defaults else ())) for k, p in enumerate(s.params)
        )
        template = tuple(w for w in s.prefix if w not in ("static", "explicit", "virtual", "inline"))
        qualifiers = tuple(q for q in s.qualifiers if q not in _INTERFACE)
        declared = replace(
            s,
            prefix=(*template, *words, *(("virtual",) if virtual else ())),
            params=params,
            qualifiers=(*qualifiers, "override") if overrides else qualifiers,
            initialisers=s.initialisers if f.in_class else (),
        )
        rank = mean([r for *_, r in same], 0.9)
        return rank, Member(MemberKind.METHOD, access, 0, declared, (), s.name, has_body=f.in_class)

    def _same_name(self, c: Class, name: str, s: Signature, wanted: str) -> bool:
        if s.name.lstrip("~") == s.class_name.rpartition("::")[2]:
            return name == ("~" if s.name.startswith("~") else "") + c.name.rpartition("::")[2]
        return self.donors.maskers[c.target].mask(name) == wanted

    # --------------------------------------------------- members that are no methods

    def _entries(self, donors: Sequence[Class]) -> list[Entry]:
        """The members of donors' classes other than methods with a definition, one entry per variant, in a fixed order."""
        everyone = [c.target for c in donors]
        found: dict[tuple[object, ...], list[tuple[str, Member, float]]] = defaultdict(list)
        for c in donors:
            masker = self.donors.maskers[c.target]
            for i, m in enumerate(joined(c.members)):
                s = m.signature
                if s is not None and not m.deleted and not self._generated(s):
                    continue
                own = masker.mask_all(m.tokens) if s is None else ()
                text = self._unmasked(c.target, m.tokens)
                new = replace(m, tokens=text, name=self.masker.unmask(masker.mask(m.name)), line=0)
                if s is not None:
                    new = replace(new, signature=self._renamed(c.target, s))
                key = (m.kind, own, m.access, str(new.signature))
                found[key].append((c.target, new, i / len(c.members)))
        out: list[Entry] = []
        for _, same in sorted(found.items(), key=lambda kv: str(kv[0])):
            member = same[0][1]
            names = names_of(member)
            share = sum(self.donors.shares(((t, 0) for t, _, _ in same), everyone).values())
            out.append(Entry(member, mean([r for *_, r in same], 0.5), share, names))
        return self._pooled(out)

    def _generated(self, s: Signature) -> bool:
        """Whether TableGen defines the method, with these parameters, for the new target too."""
        subtarget = any("MCSubtargetInfo" in p.type for p in s.params)
        if s.name in _PRINTERS:
            return subtarget == (self.new.description.data.get("AsmWriter.PassSubtarget", "0") == "1")
        return s.name in _GENERATED_METHODS

    def _pooled(self, entries: Sequence[Entry]) -> list[Entry]:
        """Let variants that define the same names share their votes: the strongest comes first, with the sum as its share."""
        total: dict[frozenset[str], float] = defaultdict(float)
        for e in entries:
            total[e.names] += e.share
        return [
            replace(e, share=min(1.0, total[e.names]) - (1.0 - e.share) * 1e-6) if e.names else e
            for e in sorted(entries, key=lambda e: -e.share)
        ]

    def _renamed(self, target: str, s: Signature) -> Signature:
        params = tuple(
            replace(p, type=self._unmasked(target, p.type), default=self._unmasked(target, p.default)) for p in s.params
        )
        return replace(
            s, name=self.masker.unmask(self.donors.maskers[target].mask(s.name)), result=self._unmasked(target, s.result),
            class_name=self.masker.unmask(self.donors.maskers[target].mask(s.class_name)), params=params,
        )

    def _usable(self, e: Entry, name: str, file: str, wanted: Mapping[str, str]) -> bool:
        """Whether the new backend has every type and record that the member names."""
        m = e.member
        if m.tokens and m.tokens[0].startswith(("#if", "#e")):
            return False
        tokens = m.tokens
        for i, token in enumerate(tokens):
            if token.startswith("#") or not IDENTIFIER.match(token):
                continue
            qualified = i + 2 < len(tokens) and tokens[i + 1] == "::"
            if qualified and self.masker.mask_scope(token) == "<T>" and f"{token}::{tokens[i + 2]}" not in self._own_names:
                return False
            masked = self.masker.mask(token)
            if wanted.get(token, file) != file and wanted[token].endswith(".cpp"):
                return False
            if "<T>" in masked and masked in self.donors.classes and token not in wanted and token not in self._declared and token != name:
                return False
            if masked != "<T>" and masked.startswith("<T>") and not self._type_exists(token) and token not in e.names:
                return False
        return True

    # ---------------------------------------------------------------------- order

    def _ordered(self, made: Sequence[PlannedClass]) -> list[PlannedClass]:
        """Order by file; within a file, a class follows its bases, and classes that it holds by value or that its inline methods use."""
        by_name = {c.name: c for c in made}
        out: dict[str, PlannedClass] = {}

        def visit(c: PlannedClass, open_: tuple[str, ...]) -> None:
            if c.name in out or c.name in open_:
                return
            for other in self._before(c, by_name):
                visit(by_name[other], (*open_, c.name))
            out[c.name] = c

        for c in sorted(made, key=lambda c: (c.file, c.donors[0].line if c.donors else 0, c.name)):
            visit(c, ())
        return sorted(out.values(), key=lambda c: c.file)

    def _before(self, c: PlannedClass, by_name: Mapping[str, PlannedClass]) -> list[str]:
        found = {bare_base(b) for b in c.bases} | set(by_value(c))
        for f in self.methods.get(c.name, ()):
            if f.in_class:
                found.update(self.tokens[id(f)])
        return sorted(n for n in found if n in by_name and n != c.name and by_name[n].file == c.file)


def _local_names(f: PlannedFunction) -> set[str]:
    """The names of a function's parameters and locals."""
    names = {p.name for p in f.candidate.signature.params}
    for statement in f.candidate.statements:
        names.update(declared_names(statement.head))
    return names
