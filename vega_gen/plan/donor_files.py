"""What layout knows of donors: their files by role, the texts between functions by kind, and votes weighted by nearness.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from vega_gen.cxx import parse_file, tokenize
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import NewTarget
from vega_gen.fill.weights import SHARPNESS
from vega_gen.records import Class, HoleKind, PlannedFunction, SourceFile

_T = TypeVar("_T")

IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_NAMESPACE = re.compile(r"namespace(?: (\w+))? \{\n(.*)\n\}\Z", re.DOTALL)
_GUARD = re.compile(r"#define \w+_H_?\Z")
_GUARDED = re.compile(r"#ifndef (\w+)\n#define \1\n(.*)#endif[^\n]*\Z", re.DOTALL)
_OPTION = re.compile(r"#define (\w+)\Z")
_MACRO = re.compile(r"#define (\w+)")
_GENERATED = re.compile(r'#include "([^"]+\.(?:inc|def))"')
_FORWARD = re.compile(r"(?:class|struct)\s+(\w+)\s*;?\Z")
_PASS = re.compile(r"INITIALIZE_\w+\(\s*(\w+)")
_MEMBER = re.compile(r"(?:[\w:<>,*&]+\s+)*\**(\w+)::(\w+)\s*(?:=[^;]*|\{[^;]*\})?;\Z", re.DOTALL)
_QUALIFIED = re.compile(r"\b([A-Za-z_]\w*)::([A-Za-z_]\w*)")
_TABLEGEN_KINDS = (HoleKind.REGISTER, HoleKind.REGISTER_CLASS, HoleKind.SUBREGISTER, HoleKind.OPCODE, HoleKind.FEATURE, HoleKind.FIXUP)


PASS_BASE = "MachineFunctionPass"
"""The base class of passes. It stands for their role in function groups, since pass names are mostly unique to a target."""


class ItemKind(StrEnum):
    """What a text at file scope is."""

    GENERATED = "generated"    # #include of a .inc, with the macros defined for it
    USING = "using"            # using namespace
    FORWARD = "forward"        # class X;
    FUNCTION = "function"      # a function's declaration
    MEMBER = "member"          # a static data member's definition
    PASS = "pass"              # INITIALIZE_PASS and its like
    NAMED = "named"            # defines a name: macro, variable, type, STATISTIC
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FileItem:
    """A text at file scope.

    ``text``: as written, without the ``namespaces`` around it.
    ``name``: what it defines, masked; the class for MEMBER and PASS, the file for GENERATED.
    ``options``: the macros defined before a generated file is included.
    """

    kind: ItemKind
    text: str
    name: str
    namespaces: tuple[str, ...]
    target: str
    file: str
    options: tuple[str, ...] = ()


def in_namespaces(text: str, namespaces: Sequence[str]) -> str:
    """``text`` within namespaces; "" is the unnamed one."""
    for space in reversed(namespaces):
        text = f"namespace {space} {{\n{text}\n}}" if space else f"namespace {{\n{text}\n}}"
    return text


def _defined_name(tokens: Sequence[str]) -> str:
    """The name that a declaration at file scope defines, "" if none."""
    if not tokens or tokens[0] in ("static_assert", "template", "enum", "class", "struct", "union", "asm"):
        return ""
    if tokens[0] in ("STATISTIC", "ALWAYS_ENABLED_STATISTIC", "DEBUG_COUNTER") and len(tokens) > 2:
        return tokens[2]
    if tokens[0] == "using":
        return tokens[1] if "=" in tokens else next((t for t in reversed(tokens) if IDENTIFIER.match(t)), "")
    if tokens[0] == "typedef":
        return next((t for t in reversed(tokens) if IDENTIFIER.match(t)), "")
    depth, last = 0, ""
    for token in tokens:
        depth += {"<": 1, ">": -1, ">>": -2}.get(token, 0)
        if depth == 0 and token in ("=", "(", "[", "{", ";"):
            break
        if depth == 0 and IDENTIFIER.match(token):
            last = token
    return last


def _is_function(tokens: Sequence[str]) -> bool:
    """Whether a declaration at file scope declares a function (``name ( type ...``) rather than a variable or a macro call."""
    if "(" not in tokens or tokens[0] in ("using", "typedef", "static_assert") or tokens[0].isupper():
        return False
    place = tokens.index("(")
    first = tokens[place + 1] if place + 1 < len(tokens) else ""
    if "cl" in tokens[:place] or "=" in tokens[:place] or first[:1] in '"-{' or first[:1].isdigit():
        return False
    return place > 1 and IDENTIFIER.match(tokens[place - 1]) is not None


def items_of(source: SourceFile, masker: Masker) -> tuple[FileItem, ...]:
    """The texts of a file between its functions, in order, without include guards and conditionals."""
    out: list[FileItem] = []
    options: list[str] = []
    texts: list[str] = []
    for text in (*source.prologue, *source.epilogue):
        guarded = _GUARDED.match(text)  # a header with declarations alone is parsed as one conditional
        texts += parse_file(guarded[2].encode(), source.target, source.file).prologue if guarded else (text,)
    for text in texts:
        spaces: list[str] = []
        while found := _NAMESPACE.match(text):
            spaces.append(found[1] or "")
            text = found[2]
        if _GUARD.match(text):
            continue
        if option := _OPTION.match(text):
            options.append(option[1])
            continue
        kind, name = _classify(text, masker)
        taken = tuple(options) if kind is ItemKind.GENERATED else ()
        if not text.startswith("#define"):
            options = []
        if text.startswith("#") and kind is ItemKind.OTHER:
            continue
        out.append(FileItem(kind, text, name, tuple(spaces), source.target, source.file, taken))
    return tuple(out)


def _classify(text: str, masker: Masker) -> tuple[ItemKind, str]:
    if text.startswith("#"):
        if generated := _GENERATED.match(text):
            return ItemKind.GENERATED, masker.mask(generated[1])
        macro = _MACRO.match(text)
        return (ItemKind.NAMED, masker.mask(macro[1])) if macro else (ItemKind.OTHER, "")
    if text.startswith("using namespace"):
        return ItemKind.USING, masker.mask(text)
    if forward := _FORWARD.match(text):
        return ItemKind.FORWARD, masker.mask(forward[1])
    if initialised := _PASS.match(text):
        return ItemKind.PASS, masker.mask(initialised[1])
    if member := _MEMBER.match(text):
        return ItemKind.MEMBER, masker.mask(f"{member[1]}::{member[2]}")
    tokens = tokenize(text)
    if _is_function(tokens):
        return ItemKind.FUNCTION, masker.mask(tokens[tokens.index("(") - 1])
    name = _defined_name(tokens)
    return (ItemKind.NAMED, masker.mask(name)) if name else (ItemKind.OTHER, "")


class DonorFiles:
    """The donors' files by role (masked path), their classes by masked name, and the weight of each donor's vote."""

    def __init__(self, sources: Mapping[str, Sequence[SourceFile]], maskers: Mapping[str, Masker], new: NewTarget) -> None:
        self.maskers = maskers
        self.new = new
        self.weights = {t: math.exp(SHARPNESS * (new.nearness.get(t, 0.0) - 1.0)) for t in sorted(sources)}
        self.roles: dict[str, list[SourceFile]] = defaultdict(list)
        self.classes: dict[str, list[Class]] = defaultdict(list)
        self.files: dict[tuple[str, str], SourceFile] = {}
        self._items: dict[tuple[str, str], tuple[FileItem, ...]] = {}
        for target in sorted(sources):
            masker = maskers[target]
            for source in sorted(sources[target], key=lambda s: s.file):
                self.files[target, source.file] = source
                self.roles[masker.mask(source.file)].append(source)
                for c in source.classes:
                    self.classes[masker.mask(c.name)].append(c)
        passes = [c for cs in list(self.classes.values()) for c in cs if PASS_BASE in c.bases and c.file.endswith(".cpp")]
        for name in new.passes:
            self.classes.setdefault(new.masker.mask(name), passes)

    def items(self, source: SourceFile) -> tuple[FileItem, ...]:
        """The items of a donor's file."""
        key = source.target, source.file
        if key not in self._items:
            self._items[key] = items_of(source, self.maskers[source.target])
        return self._items[key]

    def shares(self, pairs: Iterable[tuple[str, _T]], among: Iterable[str]) -> dict[_T, float]:
        """Map each value of (target, value) pairs to its share of the weight of the targets ``among``. A target counts once per value."""
        total = sum(self.weights[t] for t in sorted(set(among))) or 1.0
        voters: dict[_T, set[str]] = defaultdict(set)
        for target, value in pairs:
            voters[value].add(target)
        return {value: sum(self.weights[t] for t in sorted(ts)) / total for value, ts in voters.items()}

    def vote(self, pairs: Iterable[tuple[str, _T]], accept: Callable[[_T], bool] = lambda _: True) -> _T | None:
        """The accepted value with the greatest weight, None if there is none. Of equal ones the lexically first wins."""
        votes: dict[_T, float] = defaultdict(float)
        for target, value in pairs:
            votes[value] += self.weights[target]
        ranked = sorted(votes, key=lambda v: (-votes[v], str(v)))
        return next((v for v in ranked if accept(v)), None)

    def translated(self, item: FileItem) -> str | None:
        """The text of an item in the new target's names; None if it names a record without a counterpart in the new target."""
        masker = self.maskers[item.target]
        known = {name for names in self.new.symbols.values() for name in names}
        missing = False

        def replaced(found: re.Match[str]) -> str:
            nonlocal missing
            scope = masker.mask_scope(found[1])
            if "<" not in scope:
                return found[0]
            own = f"{self.new.masker.unmask_scope(scope)}::{self.new.masker.unmask(masker.mask(found[2]))}"
            if scope != "<T>":
                return f"\0{own}\0"
            for kind in _TABLEGEN_KINDS:
                for name, score in self.new.match(kind, found[0], item.target):
                    if score > 0.0:
                        return "\0" + name + "\0"
            missing = missing or own not in known
            return f"\0{own}\0"

        text = _QUALIFIED.sub(replaced, item.text)
        parts = [p if i % 2 else self.new.masker.unmask(masker.mask(p)) for i, p in enumerate(text.split("\0"))]
        return None if missing else in_namespaces("".join(parts), [self.new.masker.unmask(masker.mask(n)) for n in item.namespaces])


def masked(masker: Masker, tokens: Sequence[str]) -> list[str]:
    """Tokens with the target's names masked; before "::" as a scope."""
    return [
        masker.mask_scope(t) if i + 1 < len(tokens) and tokens[i + 1] == "::" else masker.mask(t) for i, t in enumerate(tokens)
    ]


def tokens_of(function: PlannedFunction) -> list[str]:
    """All tokens of a planned function's chosen candidate: signature and statements."""
    s = function.candidate.signature
    out = [*s.prefix, *s.result, *([s.class_name] if s.class_name else []), s.name, *s.qualifiers]
    for p in s.params:
        out += [*p.type, *p.suffix, *p.default, ";"]
    for initialiser in s.initialisers:
        out += initialiser
    for statement in function.candidate.statements:
        out += [*statement.head, *statement.tail]
    return out


def resolve(including: str, written: str, existing: frozenset[str] | set[str]) -> str | None:
    """The path in ``existing`` that ``#include "written"`` in the file ``including`` refers to, None if there is none.

    Looks beside the including file, then in the target's folder.
    """
    for path in (posixpath.normpath(posixpath.join(posixpath.dirname(including), written)), posixpath.normpath(written)):
        if path in existing:
            return path
    return None
