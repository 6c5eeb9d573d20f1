"""Find the places where LLVM names a target, and plan the edits for the places that do not name a new one yet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from llvm_integration.edits import Edit
from vega_gen.cxx.lists import ListShape
from vega_gen.emit import clang, lld
from vega_gen.errors import InputError
from vega_gen.registration.entries import Splice, addition, alike, entry_of, values_of, wanted
from vega_gen.registration.sites import Key, Says, Site, site_that_says, sites
from vega_gen.registration.tree import Arch, Found, Tree
from vega_gen.registration.triple import NewTriple, machine_number

LABEL = "triple and ELF"
_RELOCATIONS = "llvm/include/llvm/BinaryFormat/ELFRelocs"
_RELOCATION = re.compile(r"\bELF_RELOC\(\s*(\w+)")
_NAME = re.compile(r'"([^"]*)"')


class State(StrEnum):
    """Whether a place has an entry for a target."""

    PRESENT = "present"
    ADDED = "added"      # the planned edits add it
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class RegistrationPlace:
    """A list in which LLVM names, or should name, the architecture ``arch``.

    ``path``: the file, relative to the checkout's root. ``holder``: the function, enum or table that contains the list.
    ``needed``: whether the backend does not work without an entry. ``without``: what does not work then. ``line``: the entry's line,
    from 1; 0 if there is no entry in the file yet. ``text``: the entry."""

    path: str
    holder: str
    arch: str
    state: State
    needed: bool
    without: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Registration:
    """The plan that registers a target.

    ``edits``: empty if the target is registered already. ``places``: every place, with its state after the edits. ``number``: the ELF
    machine number. ``texts``: path -> content after the edits, for every file that names the target; ``llvm_integration.overlay`` takes
    them."""

    edits: tuple[Edit, ...]
    places: tuple[RegistrationPlace, ...]
    number: int
    texts: dict[str, bytes]


def plan_registration(root: Path, new: NewTriple) -> Registration:
    """Plan the missing edits that register ``new`` in the checkout at ``root`` (the folder that holds ``llvm/``).

    Raises ``InputError`` where a name, an ELF machine or its number is taken already, or where a list that must name every target is not
    found.
    """
    tree = Tree(root)
    number = _check(tree, new)
    arch = Arch(new.arch, new.folder, new.bits, new.little, True, (new.machine,), f"{new.folder}.def")
    archs = [a for a in tree.archs.values() if a.name != arch.name]
    values = values_of(arch) | {"number": str(number)}
    places: list[RegistrationPlace] = []
    changes: dict[str, list[Splice]] = {}
    for site in sites():
        found = _lists(tree, site)
        if found is None or site.listed:
            continue
        present = _present(tree, site, arch)
        if present is not None:
            places.append(present)
            continue
        data, like = tree.data(found.path), alike(site, arch, archs)
        naming = [items for items in found.lists if any(entry_of(a, items, site) for a in archs)]  # not a switch within a case
        for items in naming or found.lists:
            if site.entry:
                made = addition(site, items, arch, [a for a in archs if entry_of(a, items, site)], data, values)
            elif wanted(site, items, like):
                made = addition(site, items, arch, like, data, values)
            else:
                continue
            changes.setdefault(found.path, []).extend(made)
            places.append(_place(site, arch, found.path, State.ADDED, 0, made[-1].text.strip()))
    edits = [_edit(path, tree.data(path), of_path) for path, of_path in changes.items()]
    definitions = _definitions(tree, arch)
    if definitions.state is State.MISSING:
        edits.append(Edit(definitions.path, new.relocations, LABEL))
        definitions = replace(definitions, state=State.ADDED)
    places.append(definitions)
    texts = {edit.path: edit.data for edit in edits if edit.data is not None}
    texts = {place.path: tree.data(place.path) for place in places if place.path not in texts} | texts
    return Registration(tuple(sorted(edits, key=lambda edit: edit.path)), tuple(places), number, texts)


def known_arch(root: Path, names: Sequence[str], bits: int = 0) -> str:
    """Return the first architecture of ``Triple`` that equals one of ``names`` (a target's folder, its Target record) or starts with one.

    ``bits``: the width of an address; of several that start with a name, one that ends in it goes first (riscv64). Returns "" if there is
    none. No file of lib/Target is opened, so the target may be a held-out one."""
    archs = list(Tree(root).archs)
    low = [name.lower() for name in names]
    like = sorted((a for a in archs if a.startswith(tuple(low))), key=lambda a: not a.endswith(str(bits)))
    return next((a for a in archs if a in low), next(iter(like), ""))


def places_of(root: Path, target: str) -> tuple[RegistrationPlace, ...]:
    """Return every place where LLVM names, or should name, the architectures that ``target`` (a folder of lib/Target) registers.

    A place counts as missing where every target needs an entry, where at least half of the similar targets have one, and where a person
    has to write it.
    Raises ``NotFoundError`` if there is no such target, ``InputError`` where a needed list of LLVM is not found."""
    tree = Tree(root)
    places: list[RegistrationPlace] = []
    seen: set[tuple[Site, tuple[str, ...]]] = set()
    for arch in tree.archs_of(target):
        like_any = list(tree.archs.values())
        for site in sites():
            found = _lists(tree, site)
            known = (site, arch.keys(site.key))
            if found is None or known in seen or (not arch.elf and site.key in (Key.MACHINE, Key.RELOCATIONS)):
                continue
            seen.add(known)
            like = alike(site, arch, like_any)
            place = _present(tree, site, arch)
            if place is None and _asked(tree, site, arch):
                place = _place(site, arch, found.path, State.PRESENT, 0, "")
            if place is None and (site.entry or site.listed or any(wanted(site, items, like) for items in found.lists)):
                place = _place(site, arch, found.path, State.MISSING, 0, "")
            if place is not None:
                places.append(place)
            if site.shape is ListShape.ENUMS and place is not None and place.state is State.PRESENT:
                places.append(_definitions(tree, arch))
    return tuple(places)


def _definitions(tree: Tree, arch: Arch) -> RegistrationPlace:
    """The place that is a file of its own: the target's relocations in ELFRelocs."""
    path = f"{_RELOCATIONS}/{arch.relocations}"
    state = State.PRESENT if (tree.root / path).is_file() else State.MISSING
    return RegistrationPlace(path, "", arch.name, state, True, "LLVM does not compile, because it includes this file", 0, "")


def _lists(tree: Tree, site: Site) -> Found | None:
    """The lists of a site in this LLVM; None if it lacks a site that is optional."""
    return tree.find_needed(site) if site.needed or site.says else tree.find(site)


def _present(tree: Tree, site: Site, arch: Arch) -> RegistrationPlace | None:
    found = tree.find(site)
    assert found is not None
    for items in [*found.lists, *tree.others(site)]:
        item = entry_of(arch, items, site)
        if item is not None:
            line = tree.data(found.path).count(b"\n", 0, item.start) + 1
            return _place(site, arch, found.path, State.PRESENT, line, item.head)
    return None


def _asked(tree: Tree, site: Site, arch: Arch) -> bool:
    """Whether the functions of a site name a target outside of their lists, such as in an ``if``."""
    return any(re.search(rf"\b{re.escape(word)}\b", tree.reach(site)) for word in arch.keys(site.key))


def _place(site: Site, arch: Arch, path: str, state: State, line: int, text: str) -> RegistrationPlace:
    return RegistrationPlace(path, site.holder, arch.name, state, site.needed, site.without, line, text)


def _edit(path: str, data: bytes, changes: Iterable[Splice]) -> Edit:
    """The edit that applies ``changes`` to a file; from the last to the first, so that offsets stay valid."""
    text = data
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        text = text[: change.start] + change.text.encode("latin-1") + text[change.end :]
    label = next((of for of in (clang.LABEL, lld.LABEL) if path.startswith(f"{of}/")), LABEL)
    return Edit(path, text, label, base=hashlib.sha256(data).hexdigest())


def _check(tree: Tree, new: NewTriple) -> int:
    """The target's ELF machine number. Raises ``InputError`` where another target has its name, architecture, relocations or number."""
    other = next((a.folder for a in tree.archs.values() if a.folder.lower() == new.folder.lower() and a.folder != new.folder), "")
    if other:
        raise InputError(f"{new.folder} and {other} differ only in case", f"llvm/lib/Target/{other}", "choose another --name")
    archs, machines = site_that_says(Says.ARCHS), site_that_says(Says.NUMBERS)
    named = tree.archs.get(new.arch) or next((a for a in tree.archs.values() if a.name == new.arch), None)
    if _entry_line(tree, archs, new.arch) and not _is_own(tree, archs, new.arch, new):
        raise InputError(
            f"LLVM has an architecture {new.arch} already" + (f", of {named.folder}" if named and named.folder else ""),
            tree.find_needed(archs).path,
            "choose another name for the triple",
        )
    _check_names(tree, new)
    _check_relocations(tree, new)
    known = tree.numbers.get(new.machine)
    if known is not None:
        if new.number not in (0, known):
            raise InputError(f"{new.machine} is {known} in this LLVM, not {new.number}", tree.find_needed(machines).path, "leave it out")
        return known
    taken = {number: name for name, number in tree.numbers.items()}
    if new.number and new.number in taken:
        free = machine_number(new.arch, frozenset(taken))
        raise InputError(
            f"{new.number} is the ELF machine number of {taken[new.number]}",
            tree.find_needed(machines).path,
            f"give another one; {free} is free, and is used if you give none",
        )
    return new.number or machine_number(new.arch, frozenset(taken))


def _check_names(tree: Tree, new: NewTriple) -> None:
    """Raises ``InputError`` if Triple's parser takes the new architecture's name for another architecture."""
    site = site_that_says(Says.NAMES)
    for items in tree.find_needed(site).lists:
        for item in items:
            called = item.head.partition("(")[0].strip(". ")
            for name in _NAME.findall(item.head):
                taken = new.arch.startswith(name) if called.startswith("StartsWith") else name == new.arch
                if taken and not re.search(rf"\b{new.arch}\b", _NAME.sub("", item.head)):
                    raise InputError(
                        f"LLVM parses {new.arch} as another architecture: {item.head}",
                        tree.find_needed(site).path,
                        "choose another name for the triple",
                    )


def _check_relocations(tree: Tree, new: NewTriple) -> None:
    """Raises ``InputError`` if another target defines a relocation of the same name: all are enumerators in ``llvm::ELF``."""
    names = set(_RELOCATION.findall(new.relocations))
    for path in sorted((tree.root / _RELOCATIONS).glob("*.def")):
        taken = names & set(_RELOCATION.findall(path.read_text(encoding="utf-8"))) if path.stem != new.folder else None
        if taken:
            advice = f"call them R_{new.arch.upper()}_..., or leave the relocations out to have them generated"
            raise InputError(f"{len(taken)} relocations are defined by another target already, such as {min(taken)}", str(path), advice)


def _entry_line(tree: Tree, site: Site, name: str) -> str:
    """The source line of an enumerator, "" if there is none."""
    found = tree.find_needed(site)
    item = next((item for items in found.lists for item in items if item.head == name), None)
    return "" if item is None else tree.data(found.path)[item.start :].split(b"\n", 1)[0].decode("latin-1")


def _is_own(tree: Tree, site: Site, name: str, new: NewTriple) -> bool:
    """Whether an enumerator belongs to the target itself: it has the target's name, or its comment names the target, as the comment
    that a registration writes does."""
    return new.folder.lower() == name or re.search(rf"//.*\b{re.escape(new.folder)}\b", _entry_line(tree, site, name)) is not None
