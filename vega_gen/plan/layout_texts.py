"""Plan the texts at file scope of a file: includes of TableGen's tables, macros, variables, static data members, pass registrations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vega_gen.cxx import tokenize
from vega_gen.plan.donor_files import IDENTIFIER, DonorFiles, FileItem, ItemKind, in_namespaces
from vega_gen.plan.layout_headers import Mentions
from vega_gen.plan.layout_members import MAJORITY
from vega_gen.records import PlannedClass, PlannedFunction

# A function that the file mentions -> the macro that makes TableGen's table define it (AsmMatcherEmitter.cpp).
_OPTION_OF = {"<T>MnemonicSpellCheck": "GET_MNEMONIC_SPELL_CHECKER", "getSubtargetFeatureName": "GET_SUBTARGET_FEATURE_NAME"}


@dataclass
class FileTexts:
    """The texts of one file, by where they go."""

    path: str
    generated: list[str]
    using: list[str]
    named: list[str]
    forward: list[str]
    after: list[str]

    @classmethod
    def empty(cls, path: str) -> FileTexts:
        return cls(path, [], [], [], [], [])

    @property
    def content(self) -> bool:
        """Whether the file has content other than forward declarations and using directives."""
        return bool(self.generated or self.named or self.after)


class TextPlanner:
    """Plans the texts of files. ``tokens``: ``id`` of a planned function -> its tokens."""

    def __init__(
        self, donors: DonorFiles, functions: Sequence[PlannedFunction], classes: Sequence[PlannedClass], tokens: Mapping[int, Sequence[str]]
    ) -> None:
        self.donors = donors
        self.new = donors.new
        self.masker = donors.new.masker
        self.functions = functions
        self.classes = classes
        self.tokens = tokens

    def texts(self, path: str, mentions: Mentions) -> FileTexts:
        """The texts of one file. ``mentions``: the names that its functions and classes mention; for a header, those of all files."""
        role = self.masker.mask(path)
        sources = self.donors.roles.get(role, [])
        items = [i for s in sources for i in self.donors.items(s)]
        voters = [s.target for s in sources]
        made = FileTexts.empty(path)
        self._generated(made, items, voters, mentions)
        using = self.donors.shares(((i.target, i.name) for i in items if i.kind is ItemKind.USING), voters)
        made.using += [self.masker.unmask(u) for u, share in sorted(using.items()) if share > MAJORITY]
        if path.endswith(".cpp") and "using namespace llvm;" not in made.using:
            made.using.insert(0, "using namespace llvm;")
        self._named(made, items, mentions)
        forward = {i.name: in_namespaces(f"{i.text.rstrip(';')};", i.namespaces) for i in items if i.kind is ItemKind.FORWARD}
        for name, text in sorted(forward.items()):
            if "<T>" not in name and path.endswith(".h"):
                made.forward.append(text)
        self._after(made, items)
        return made

    def _generated(self, made: FileTexts, items: Sequence[FileItem], voters: Sequence[str], mentions: Mentions) -> None:
        """Include the TableGen files that most donors of the role include, each with the macros that most of them define."""
        found = [i for i in items if i.kind is ItemKind.GENERATED and "Gen" in i.name and i.name.endswith(".inc")]
        order = {i.name: k for k, i in reversed(list(enumerate(found)))}
        shares = self.donors.shares(((i.target, i.name) for i in found), voters)
        for name in sorted((n for n, share in shares.items() if share > MAJORITY), key=lambda n: order[n]):
            same = [i for i in found if i.name == name]
            targets = [i.target for i in same]
            options = self.donors.shares(((i.target, o) for i in same for o in i.options), targets)
            asked = {o for m, o in _OPTION_OF.items() if m in mentions.names and any(o in i.options for i in same)}
            kept = [o for i in same for o in i.options if options[o] > MAJORITY or o in asked]
            spaces = self.donors.vote((i.target, i.namespaces) for i in same) or ()
            lines = [f"#define {option}" for option in dict.fromkeys(kept)]
            text = "\n".join((*lines, f'#include "{self.masker.unmask(name)}"'))
            made.generated.append(in_namespaces(text, self.masker.unmask_all(spaces)))

    def _named(self, made: FileTexts, items: Sequence[FileItem], mentions: Mentions) -> None:
        """Add macros, variables and type names that the file's functions mention, and those that these texts mention in turn."""
        by_name: dict[str, list[FileItem]] = defaultdict(list)
        for i in items:
            if i.kind is ItemKind.NAMED:
                by_name[i.name].append(i)
        wanted = set(mentions.names)
        if {"LLVM_DEBUG", "STATISTIC"} & wanted or any(i.kind is ItemKind.PASS for i in items):
            wanted.add("DEBUG_TYPE")
        taken: dict[str, str] = {}
        planned = {f.candidate.signature.name for f in self.functions}
        while True:
            more: dict[str, str] = {}
            for name in sorted(by_name.keys() - taken.keys()):
                if name not in wanted or self.masker.unmask(name) in planned:
                    continue
                pairs = [(i.target, text) for i in by_name[name] if (text := self._text(i, made.path)) is not None]
                text = self.donors.vote(pairs)
                if text is not None:
                    more[name] = text
            if not more:
                break
            taken.update(more)
            for text in more.values():
                wanted.update(self.masker.mask_all(t for t in tokenize(text) if IDENTIFIER.match(t)))
                if text.startswith("STATISTIC"):
                    wanted.add("DEBUG_TYPE")
        order = {name: min(k for k, i in enumerate(items) if i.name == name and i.kind is ItemKind.NAMED) for name in taken}
        made.named += [taken[n] for n in sorted(taken, key=lambda n: (not taken[n].startswith("#"), order[n], n))]

    def _text(self, item: FileItem, path: str) -> str | None:
        """An item's text for the new target. Register tables are written anew; command line options get the target's name as prefix."""
        table = self._register_table(item, path)
        if table is not None:
            return table
        text = self.donors.translated(item)
        if text and "cl::opt" in text and '"' in text and self.masker.name.lower() not in text.split('"')[1].lower():
            text = text.replace('"', f'"{self.masker.name.lower()}-', 1)
        return text

    def _register_table(self, item: FileItem, path: str) -> str | None:
        """The registers of a class by encoding, for a donor's register table that a planned register class decoder uses; None for another
        item."""
        masker = self.donors.maskers[item.target]
        if "{" not in item.text:
            return None
        head, _, body = item.text.partition("{")
        entries = [e.strip() for e in body.rstrip("}; \n").split(",") if e.strip()]
        if not entries or not all(masker.mask(e).startswith("<T>::") for e in entries):
            return None
        description = self.new.description
        names = {c.name: c for c in description.register_classes}
        for f in self.functions:
            name = f.candidate.signature.name
            decoded = names.get(name.removeprefix("Decode").removesuffix("RegisterClass"))
            if f.file != path or decoded is None or masker.unmask(item.name) not in self.tokens[id(f)]:
                continue
            encodings = {r.name: (r.encoding, r.namespace) for r in description.registers}
            members = sorted(decoded.members, key=lambda m: encodings.get(m, (0, ""))[0])
            listed = ", ".join(f"{encodings[m][1] if m in encodings else decoded.namespace}::{m}" for m in members)
            return in_namespaces(f"{self.masker.unmask(masker.mask(head))}{{{listed}}};", item.namespaces)
        return None

    def _after(self, made: FileTexts, items: Sequence[FileItem]) -> None:
        """Add definitions of static data members and pass registrations of the planned classes."""
        owned = {c.name: c for c in self.classes}
        statics = {
            f"{c.name}::{m.name}" for c in self.classes for m in c.members
            if m.tokens[:1] == ("static",) and not {"constexpr", "="} & set(m.tokens)
        }
        members: dict[str, list[tuple[str, str]]] = defaultdict(list)
        passes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for i in items:
            name = self.masker.unmask(i.name)
            text = self.donors.translated(i) if i.kind in (ItemKind.MEMBER, ItemKind.PASS) else None
            if text is None:
                continue
            if i.kind is ItemKind.MEMBER and name in statics:
                members[name].append((i.target, text))
            elif i.kind is ItemKind.PASS and name in owned:
                passes[name][i.target].append(text)
        made.after += [text for name in sorted(members) if (text := self.donors.vote(members[name]))]
        for name in sorted(passes):
            made.forward.append(f"namespace llvm {{\nclass PassRegistry;\nvoid initialize{name}Pass(PassRegistry &);\n}}")
            made.after.append(self.donors.vote((t, "\n".join(texts)) for t, texts in sorted(passes[name].items())) or "")
