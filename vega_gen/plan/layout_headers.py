"""Plan the enumerations and function declarations that the new backend's headers share."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vega_gen.cxx import render_signature
from vega_gen.plan.donor_files import IDENTIFIER, DonorFiles, ItemKind, in_namespaces
from vega_gen.plan.layout_members import MAJORITY
from vega_gen.records import Enum, Mode, PlannedFunction

_OPEN_SCOPES = ("", "llvm")
_WORDS = re.compile(r"[A-Za-z_][\w:]*")
_INITIALIZE = re.compile(r"initialize\w+Pass\Z")
_FIXUP = re.compile(r"(?i)fixup_")


@dataclass
class Mentions:
    """Masked names that planned text mentions: all of them, those that nothing qualifies, and those written ``scope::name``."""

    names: set[str] = field(default_factory=set[str])
    bare: set[str] = field(default_factory=set[str])
    qualified: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def add(self, tokens: Sequence[str]) -> None:
        """Add the names in masked tokens."""
        for i, token in enumerate(tokens):
            if IDENTIFIER.match(token.replace("<T>", "T").replace("<TU>", "T").replace("<t>", "t")):
                self.names.add(token)
                if i == 0 or tokens[i - 1] not in ("::", ".", "->"):
                    self.bare.add(token)
                if i + 2 < len(tokens) and tokens[i + 1] == "::":
                    self.qualified.add((token, tokens[i + 2]))


@dataclass
class HeaderTexts:
    """The planned texts by file, and the file that declares each (unmasked) name."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    home: dict[str, str] = field(default_factory=dict[str, str])


_Key = tuple[str, tuple[str, ...], str]


def plan_enums(donors: DonorFiles, mentions: Mentions, files: Iterable[str], into: HeaderTexts) -> None:
    """Add to ``into`` the enumerations whose enumerators are mentioned or, for ISD nodes, demanded by the .td files.

    ``files``: files of the new backend other than the target's own headers. In td mode headers may be added to them.
    """
    new, known = donors.new, set(files)
    declared = {(s, e) for s, es in new.enumerators.items() for e in es}
    by_key: dict[_Key, list[Enum]] = defaultdict(list)
    roles: dict[_Key, list[tuple[str, str]]] = defaultdict(list)
    for role, sources in sorted(donors.roles.items()):
        path = new.masker.unmask(role)
        if path not in known and not (new.mode is Mode.TD and path.endswith(".h")):
            continue
        for source in sources:
            masker = donors.maskers[source.target]
            for e in source.enums:
                scope = tuple(map(masker.mask_scope, e.scope))
                if not any(s in donors.classes for s in scope):
                    inner = tuple(s for s in scope if s != "")
                    name = "" if inner[-1:] == ("<T>ISD",) else masker.mask(e.name)
                    key = ("" if name or inner[-1:] == ("<T>ISD",) else role, inner, name)
                    by_key[key].append(e)
                    roles[key].append((source.target, role))
    opcodes = [n.opcode.rpartition("::") for n in new.description.nodes]
    nodes = list(dict.fromkeys(name for scope, _, name in opcodes if new.masker.mask_scope(scope) == "<T>ISD"))
    taken: set[tuple[str, str]] = set()
    weight = {k: sum(donors.weights[e.target] for e in es) for k, es in by_key.items()}
    for key in sorted(by_key, key=lambda k: (-weight[k], k)):
        _, scope, name = key
        tail = scope[-1] if scope and scope[-1] not in _OPEN_SCOPES else ""
        asked = nodes if tail == "<T>ISD" and not any(t == tail for t, _ in taken) and new.mode is Mode.TD else []
        chosen = _enumerators(donors, by_key[key], tail, name, mentions, asked, taken)
        plain = new.masker.unmask_all(chosen)
        if not chosen or all((new.masker.unmask_scope(tail or name), e) in declared for e in plain):
            continue
        taken.update((tail, e) for e in chosen)
        _write_enum(donors, donors.vote(roles[key]) or "", scope, by_key[key], chosen, into)


def _enumerators(
    donors: DonorFiles, enums: Sequence[Enum], tail: str, name: str, mentions: Mentions, asked: Sequence[str], taken: set[tuple[str, str]]
) -> list[str]:
    """The masked enumerators to write, in order; empty if none is mentioned or asked for."""
    seen: dict[str, list[tuple[str, float]]] = defaultdict(list)
    values: dict[str, set[str]] = defaultdict(set)
    for e in enums:
        masker = donors.maskers[e.target]
        for i, enumerator in enumerate(masker.mask_all(e.enumerators)):
            seen[enumerator].append((e.target, i / len(e.enumerators)))
            if i < len(e.values):
                values[enumerator].update(masker.mask_all(_WORDS.findall(e.values[i])))

    targets = {e.target for e in enums}

    def mentioned(e: str) -> bool:
        if (tail, e) in mentions.qualified or (bool(name) and (name, e) in mentions.qualified):
            return True
        # An unscoped enumerator of a single donor may have the same name as some local variable.
        return e in mentions.bare and ("<" in e or (not tail and len(targets) > 1))

    chosen = {e for e in seen if mentioned(e) and (tail, e) not in taken}
    chosen.update(asked)
    if any(_FIXUP.match(e) for e in seen) and not any(_FIXUP.match(e) for _, e in taken):
        chosen.update(e for s, e in mentions.qualified if s == tail and _FIXUP.match(e))
    if not chosen:
        return []
    everyone = [e.target for e in enums]
    shares = donors.shares(((t, e) for e, places in seen.items() for t, _ in places), everyone)
    chosen.update(e for e, share in shares.items() if share > MAJORITY and (tail, e) not in taken)
    while more := {w for e in chosen for w in values.get(e, ()) if w in seen and w not in chosen and (tail, w) not in taken}:
        chosen |= more
    order = {e: sum(p for _, p in seen[e]) / len(seen[e]) if e in seen else 0.5 for e in chosen}
    return sorted(chosen, key=lambda e: (order[e], e))


def _write_enum(
    donors: DonorFiles, role: str, scope: tuple[str, ...], enums: Sequence[Enum], chosen: Sequence[str], into: HeaderTexts
) -> None:
    unmask = donors.new.masker.unmask
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    first: list[tuple[str, str]] = []
    own: set[str] = set()
    for e in enums:
        masker = donors.maskers[e.target]
        for enumerator, value in zip(masker.mask_all(e.enumerators), e.values, strict=False):
            pairs[enumerator].append((e.target, masker.mask(value)))
            own.add(enumerator)
        if e.values:
            first.append((e.target, masker.mask(e.values[0])))
    lines: list[str] = []
    used: set[str] = set()
    for i, enumerator in enumerate(chosen):
        value = donors.vote(pairs[enumerator], lambda v: _known(v, own, lines_names=chosen)) or ""
        if i == 0 and not value:
            value = donors.vote(first, lambda v: _known(v, own, lines_names=chosen)) or ""
        if value in used and not value.isdigit():
            value = ""
        used.add(value)
        lines.append(f"  {unmask(enumerator)}{' = ' + unmask(value) if value else ''},")
    name = donors.vote((e.target, donors.maskers[e.target].mask(e.name)) for e in enums) or ""
    text = f"enum {unmask(name)} {{\n".replace("  {", " {") + "\n".join(lines) + "\n};"
    path = unmask(role)
    into.texts[path].append(in_namespaces(text, [donors.new.masker.unmask_scope(s) for s in scope]))
    tail = scope[-1] if scope and scope[-1] not in _OPEN_SCOPES else ""
    own_scope = donors.new.masker.unmask_scope(tail) if tail not in ("", "<T>") else ""
    for word in (own_scope, unmask(name), *donors.new.masker.unmask_all(chosen)):
        if word:
            into.home.setdefault(word, path)


def _known(value: str, own: set[str], lines_names: Sequence[str]) -> bool:
    """Whether a value uses no enumerator of the donors' enumeration that the new one lacks."""
    return all(w not in own or w in lines_names for w in _WORDS.findall(value.replace("<T>", "T")))


def plan_declarations(
    donors: DonorFiles, functions: Sequence[PlannedFunction], tokens: Mapping[int, Sequence[str]], mentions: Mentions, into: HeaderTexts
) -> None:
    """Add to headers the declarations of free functions that other files use, or that donors declare in a header (td mode)."""
    masker = donors.new.masker
    declared: dict[str, list[tuple[str, str]]] = defaultdict(list)
    passes: dict[str, list[tuple[str, tuple[str, str]]]] = defaultdict(list)
    for role, sources in sorted(donors.roles.items()):
        if not role.endswith(".h"):
            continue
        for source in sources:
            for item in donors.items(source):
                if item.kind is ItemKind.FUNCTION:
                    declared[item.name].append((source.target, role))
                    text = donors.translated(item) if item.name in mentions.names and _INITIALIZE.match(masker.unmask(item.name)) else None
                    if text:
                        passes[item.name].append((source.target, (role, text)))
    users: dict[str, set[str]] = defaultdict(set)
    for f in functions:
        for token in tokens[id(f)]:
            users[token].add(f.file)
    planned: set[str] = set()
    for f in functions:
        s = f.candidate.signature
        local = "static" in s.prefix or "extern" in s.prefix or "" in f.namespaces or not f.file.endswith(".cpp")
        if s.class_name or local or f.compiles is False:  # its declaration would break every file that includes it
            continue
        planned.add(masker.mask(s.name))
        role = donors.vote(declared[masker.mask(s.name)])
        if role is None and users[s.name] <= {f.file}:
            continue
        path = masker.unmask(role) if role else _default_header(f.file, donors)
        text = in_namespaces(render_signature(s, in_class=False) + ";", f.namespaces)
        if text not in into.texts[path]:
            into.texts[path].append(text)
        into.home.setdefault(s.name, path)
    for name in sorted(passes.keys() - planned):
        role, text = donors.vote(passes[name]) or ("", "")
        into.texts[masker.unmask(role)].append(text)
        into.home.setdefault(masker.unmask(name), masker.unmask(role))


def _default_header(file: str, donors: DonorFiles) -> str:
    """The header for a function that no donor declares: <T>MCTargetDesc.h for that folder's functions, else the target's main header."""
    folder = posixpath.dirname(file)
    beside = f"{folder}/<T>{folder}.h"
    return donors.new.masker.unmask(beside if beside in donors.roles else "<T>.h")
