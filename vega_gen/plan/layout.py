"""Decide which files the new backend has, what each includes and starts with, and which classes it declares.

Files, includes and texts at file scope follow the donors' files of the same role, by weighted vote. Classes come from ``layout_classes``,
enumerations and declarations from ``layout_headers``, other texts at file scope from ``layout_texts``.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from vega_gen.cxx import tokenize
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import NewTarget
from vega_gen.plan.donor_files import IDENTIFIER, DonorFiles, ItemKind, in_namespaces, masked, resolve, tokens_of
from vega_gen.plan.layout_classes import ClassPlanner
from vega_gen.plan.layout_headers import HeaderTexts, Mentions, plan_declarations, plan_enums
from vega_gen.plan.layout_members import MAJORITY, bare_base, by_value
from vega_gen.plan.layout_texts import FileTexts, TextPlanner
from vega_gen.records import Mode, PlannedClass, PlannedFile, PlannedFunction, Signature, SourceFile

GENEROUS = 0.15
"""An LLVM header is included if donors with this share of a role's weight include it. Low, because a missing header breaks the build and a
superfluous one only costs time.
"""


def layout(
    sources: Mapping[str, Sequence[SourceFile]],
    maskers: Mapping[str, Masker],
    new: NewTarget,
    functions: Sequence[PlannedFunction],
    llvm_headers: frozenset[str],
) -> tuple[tuple[PlannedFile, ...], tuple[PlannedClass, ...]]:
    """The files and classes of the new backend, in order of path.

    ``sources``: the donors' files by target folder, without the held-out target's. Their functions are not used.
    ``llvm_headers``: paths of LLVM's headers as included ("llvm/MC/MCInst.h"), with the ``.td`` paths that some are generated from.
    In desc mode the headers in ``new.own_headers`` are included but not planned.
    """
    return _Layout(DonorFiles(sources, maskers, new), functions, llvm_headers).plan()


class _Layout:
    def __init__(self, donors: DonorFiles, functions: Sequence[PlannedFunction], llvm_headers: frozenset[str]) -> None:
        self.donors = donors
        self.new = donors.new
        self.masker = donors.new.masker
        self.functions = functions
        self.llvm_headers = llvm_headers
        self.own = frozenset(donors.new.own_headers)
        self.tokens = {id(f): tokens_of(f) for f in functions}
        self.classes = ClassPlanner(donors, functions).plan()
        self.shared = HeaderTexts()
        self.by_path: dict[str, list[PlannedClass]] = defaultdict(list)
        for c in self.classes:
            self.by_path[c.file].append(c)

    def plan(self) -> tuple[tuple[PlannedFile, ...], tuple[PlannedClass, ...]]:
        paths = {f.file for f in self.functions} | set(self.by_path)
        mentions = {path: self._mentions(path) for path in sorted(paths)}
        everything = Mentions()
        for m in mentions.values():
            everything.names |= m.names
            everything.bare |= m.bare
            everything.qualified |= m.qualified
        everything.names |= {self.masker.mask(f"initialize{c}Pass") for c in self._initialised()}
        plan_enums(self.donors, everything, paths - self.own, self.shared)
        if self.new.mode is Mode.TD:
            plan_declarations(self.donors, self.functions, self.tokens, everything, self.shared)
            paths |= set(self.shared.texts)
            paths |= {p for role in self.donors.roles if (p := self.masker.unmask(role)).endswith(".h") and self._typical_header(role)}
        texts = TextPlanner(self.donors, self.functions, self.classes, self.tokens)
        files = {p: texts.texts(p, mentions.get(p, everything) if p.endswith(".cpp") else everything) for p in sorted(paths - self.own)}
        files = {p: f for p, f in files.items() if p.endswith(".cpp") or p in self.by_path or f.content or self.shared.texts.get(p)
                 or any(x.file == p for x in self.functions)}
        includes = self._includes(sorted(files))
        return tuple(self._planned(files[p], includes[p]) for p in sorted(files)), self.classes

    # ------------------------------------------------------------------ mentions

    def _mentions(self, path: str) -> Mentions:
        found = Mentions()
        for f in self.functions:
            if f.file == path:
                found.add(masked(self.masker, self.tokens[id(f)]))
        for c in self.by_path.get(path, ()):
            found.add(masked(self.masker, [bare_base(b) for b in c.bases]))
            for m in c.members:
                found.add(masked(self.masker, m.tokens))
                if m.signature:
                    found.add(masked(self.masker, [t for p in m.signature.params for t in (*p.type, *p.default)]))
        return found

    def _initialised(self) -> list[str]:
        """Names of planned classes for which donors have an INITIALIZE_PASS."""
        known = {c.name for c in self.classes}
        named = {
            self.masker.unmask(i.name) for sources in self.donors.roles.values() for s in sources for i in self.donors.items(s)
            if i.kind is ItemKind.PASS
        }
        return sorted(known & named)

    def _typical_header(self, role: str) -> bool:
        """Whether most donors have the header and include TableGen's enumerations in it ("MCTargetDesc/<T>MCTargetDesc.h")."""
        having = [
            s.target for s in self.donors.roles[role]
            if any(i.kind is ItemKind.GENERATED and any(o.endswith("_ENUM") for o in i.options) for i in self.donors.items(s))
        ]
        return sum(self.donors.shares(((t, 0) for t in having), self.donors.weights).values()) > MAJORITY

    # ------------------------------------------------------------------ includes

    def _includes(self, paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The includes of each file. Headers of the new target include each other without a cycle."""
        headers = {p for p in paths if p.endswith(".h")} | self.own
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(sorted(headers))
        out: dict[str, tuple[str, ...]] = {}
        needed: dict[str, list[str]] = {}
        for hard in (True, False):
            for path in paths:
                needed.setdefault(path, []).extend(h for h in self._needed(path, hard) if h in headers and h != path)
                if path.endswith(".h"):
                    for h in needed[path]:
                        _add_edge(graph, path, h)
        for path in paths:
            voted, llvm = self._voted(path, headers)
            own: dict[str, None] = dict.fromkeys((*needed[path], *(h for h in voted if h != path)))
            if path.endswith(".h"):
                for h in own:
                    _add_edge(graph, path, h)
                own = dict.fromkeys(h for h in own if graph.has_edge(path, h))
            main = posixpath.splitext(path)[0] + ".h"
            ordered = sorted(own, key=lambda h: (h != main, h))
            out[path] = (*(f'"{_written(path, h)}"' for h in ordered), *sorted(llvm, key=lambda x: (x.startswith("<"), x)))
        return out

    def _voted(self, path: str, headers: set[str]) -> tuple[list[str], set[str]]:
        """The headers that donors' files of the role include: the new target's own, best first, and LLVM's and the system's.

        A donor's header that the new target has no counterpart for stands for the LLVM headers that it includes.
        """
        sources = self.donors.roles.get(self.masker.mask(path), [])
        voters = [s.target for s in sources]
        pairs: list[tuple[str, str]] = []
        for s in sources:
            pairs += [(s.target, x) for x in self._expanded(path, s, headers)]
        shares = self.donors.shares(pairs, voters)
        own = sorted((x for x in shares if x.startswith("own:")), key=lambda x: (-shares[x], x))
        llvm = {x for x, share in shares.items() if not x.startswith("own:") and share >= GENEROUS}
        for s in self._statement_donors(path):
            llvm.update(x for x in self._expanded(path, s, headers) if not x.startswith("own:"))
        if path.endswith(".cpp"):
            return [x[4:] for x in own], llvm
        return [x[4:] for x in own if shares[x] >= GENEROUS], llvm

    def _statement_donors(self, path: str) -> list[SourceFile]:
        """The donors' files that the statements planned for ``path`` come from."""
        places = {
            (d.target, d.file) for f in self.functions if f.file == path for s in f.candidate.statements for d in s.donors[:1]
        }
        return [self.donors.files[p] for p in sorted(places) if p in self.donors.files]

    def _expanded(self, path: str, source: SourceFile, headers: set[str], deep: bool = True) -> list[str]:
        """A donor's includes as ``path`` would write them: "own:<path>" for the new target's headers, others as written."""
        masker = self.donors.maskers[source.target]
        theirs = {s.file for sources in self.donors.roles.values() for s in sources if s.target == source.target}
        out: list[str] = []
        for include in source.includes:
            bare = include.strip('"<>')
            if include.startswith("<"):
                out.append(include)
            elif bare.startswith(("llvm/", "llvm-c/")):
                mine = self.masker.unmask(masker.mask(bare))
                if mine in self.llvm_headers or (mine != bare and posixpath.splitext(mine)[0] + ".td" in self.llvm_headers):
                    out.append(f'"{mine}"')
            else:
                donor_path = resolve(source.file, bare, theirs)
                mine = self.masker.unmask(masker.mask(donor_path)) if donor_path else None
                if mine in headers:
                    out.append(f"own:{mine}")
                elif donor_path and deep:
                    inner = self.donors.files[source.target, donor_path]
                    out += self._expanded(path, inner, headers, deep=False)
        return out

    def _needed(self, path: str, hard: bool) -> list[str]:
        """Headers of the new target that declare what the file mentions. ``hard``: only those whose classes must be complete in it."""
        home = dict(self.shared.home)
        for c in self.new.classes:
            home.setdefault(c.name, c.file)
        for e in self.new.enums:
            for word in (*e.scope[-1:], e.name, *e.enumerators):
                if word not in ("", "llvm", self.masker.name):
                    home.setdefault(word, e.file)
        for c in self.classes:
            home[c.name] = c.file
        words: dict[str, None] = {}
        for c in self.by_path.get(path, ()):
            words.update(dict.fromkeys(bare_base(b) for b in c.bases))
            words.update(dict.fromkeys(by_value(c)))
        if hard:
            return sorted({home[w] for w in words if w in home})
        for f in self.functions:
            if f.file == path:
                words.update(dict.fromkeys(self.tokens[id(f)]))
        if path.endswith(".cpp"):
            for c in self.by_path.get(path, ()):
                words.update(dict.fromkeys(t for m in c.members for t in _words(m.tokens)))
        return sorted({home[w] for w in words if w in home})

    # ------------------------------------------------------------------- writing

    def _planned(self, made: FileTexts, includes: tuple[str, ...]) -> PlannedFile:
        path = made.path
        classes = [c for c in self.by_path.get(path, ()) if "::" not in c.name]
        forward = list(made.forward)
        if path.endswith(".h"):
            here = {c.name for c in classes}
            words = {t for c in classes for m in c.members for t in (*m.tokens, *_signature_words(m.signature))}
            words |= {t for text in self.shared.texts.get(path, ()) for t in tokenize(text)}
            forward += [
                in_namespaces(f"{'struct' if c.struct else 'class'} {c.name};", c.namespaces)
                for c in self.classes if c.file.endswith(".h") and c.name in words - here
            ]
        elif len(classes) > 1:
            forward += [in_namespaces(f"{'struct' if c.struct else 'class'} {c.name};", c.namespaces) for c in classes]
        declared = list(self.shared.texts.get(path, ()))
        if path.endswith(".h"):
            prologue = [*dict.fromkeys(forward), *made.generated, *made.named, *declared]
        else:
            macros = [x for x in made.named if x.startswith("#")]
            named = [x for x in made.named if not x.startswith("#")]
            prologue = [*made.using, *macros, *dict.fromkeys(forward), *declared, *named, *made.generated]
        return PlannedFile(path, includes, tuple(prologue), tuple(made.after))


def _add_edge(graph: nx.DiGraph[str], path: str, header: str) -> None:
    """Let ``path`` include ``header`` unless that makes a cycle."""
    if not graph.has_edge(path, header) and not nx.has_path(graph, header, path):
        graph.add_edge(path, header)


def _written(path: str, header: str) -> str:
    """How ``path`` writes the include of ``header``: by name if both are in one folder, else from the target's folder."""
    return posixpath.basename(header) if posixpath.dirname(path) == posixpath.dirname(header) else header


def _words(tokens: Iterable[str]) -> list[str]:
    return [t for t in tokens if IDENTIFIER.match(t)]


def _signature_words(signature: Signature | None) -> list[str]:
    if signature is None:
        return []
    return [*signature.result, *(t for p in signature.params for t in p.type)]
