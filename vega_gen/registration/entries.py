"""Find a target's entry in one list of LLVM's source, or derive a new target's entry from those of similar targets.

An existing entry is turned into a pattern: the target's own names become placeholders (``{arch}``, ``{machine}``, ...). The new entry is
the most frequent pattern with the new target's names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vega_gen.cxx.lists import ListEntry, ListShape
from vega_gen.registration.sites import Property, Site
from vega_gen.registration.tree import Arch

_SEPARATED = (ListShape.ENUMERATORS, ListShape.ELEMENTS)
_COLUMNS = re.compile(r"(\s{2,})")
_PLACEHOLDER = re.compile(r"\{(?:arch|machine|relocations|folder|upper|stem|lower)\}")


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the bytes from ``start`` to ``end`` with ``text``; an insertion where the two are equal."""

    start: int
    end: int
    text: str


def names(arch: Arch) -> dict[str, str]:
    """Map each of a target's names to its placeholder. A name with several meanings gets the first placeholder in the order below."""
    stems = [machine.removeprefix("EM_") for machine in arch.machines]
    pairs = [*((machine, "{machine}") for machine in arch.machines), (arch.relocations, "{relocations}"), (arch.name, "{arch}")]
    pairs += [(arch.folder, "{folder}"), (arch.folder.upper(), "{upper}")]
    pairs += [*((stem, "{stem}") for stem in stems), *((stem.lower(), "{lower}") for stem in stems)]
    made: dict[str, str] = {}
    for word, placeholder in pairs:
        if word:
            made.setdefault(word, placeholder)
    return made


def masked(text: str, arch: Arch) -> str:
    """Replace the target's names in ``text`` with placeholders."""
    known = names(arch)
    words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    # A name ends at a non-alphanumeric character, or where the next word of a CamelCase identifier begins.
    return re.sub(rf"(?<![A-Za-z0-9])(?:{words})(?:(?![A-Za-z0-9])|(?=[A-Z][a-z]))", lambda m: known[m[0]], text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders in ``text`` with ``values`` (placeholder's name -> text)."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def values_of(arch: Arch) -> dict[str, str]:
    """Return a new target's names by placeholder name, for ``filled``."""
    stem = arch.machines[0].removeprefix("EM_")
    of = {"arch": arch.name, "machine": arch.machines[0], "relocations": arch.relocations}
    return of | {"folder": arch.folder, "upper": arch.folder.upper(), "stem": stem, "lower": stem.lower()}


def entry_of(arch: Arch, items: Sequence[ListEntry], site: Site) -> ListEntry | None:
    """Return a target's entry in a list, None if it has none. Of several, the one that contains the most of its names is returned."""
    boundary = "A-Za-z0-9" if site.shape is None else r"\w"
    words = "|".join(map(re.escape, filter(None, arch.keys(site.key))))
    if not words:
        return None
    known = re.compile(rf"(?<![{boundary}])(?:{words})(?![{boundary}])")
    return max((item for item in items if known.search(item.head)), key=lambda item: _own(masked(item.head, arch)), default=None)


def alike(site: Site, arch: Arch, archs: Sequence[Arch]) -> list[Arch]:
    """Return the ELF targets to imitate for ``arch``, which agree with it in the properties that ``site`` requires.

    Architectures that are variants of another (aarch64_be of aarch64), or whose name is not their folder's, are left out unless nothing
    else remains."""
    same = [a for a in archs if a.name != arch.name and a.elf and _same(site, a, arch)]
    variants = {a.name for a in archs for other in archs if other.name != a.name and other.name.startswith(a.name)}
    return [a for a in same if a.folder and a.name not in variants] or same


def wanted(site: Site, items: Sequence[ListEntry], like: Sequence[Arch]) -> bool:
    """Whether at least half of the similar targets have an entry in the list."""
    return bool(like) and 2 * sum(1 for arch in like if entry_of(arch, items, site)) >= len(like)


def addition(
    site: Site, items: Sequence[ListEntry], new: Arch, like: Sequence[Arch], data: bytes, values: Mapping[str, str]
) -> list[Splice]:
    """Return the splices that add an entry for ``new`` to a list.

    ``like``: the targets to imitate, at least one of which has an entry. Where the site prescribes the entry's text, ``like`` only decides
    the position: after the last of their entries. ``data``: the file's bytes. ``values``: placeholder's name -> text.
    """
    has = [(arch, item) for arch in like if (item := entry_of(arch, items, site))]
    if site.entry:
        last = max((item for _, item in has), key=lambda item: item.start, default=items[-1])
        return [*_alias(items, last, new), _after(data, last, filled(site.entry, values), site)]
    forms = [(arch, item, masked(item.body if site.shape is ListShape.CASES else item.head, arch)) for arch, item in has]
    count = {form: sum(1 for _, _, other in forms if other == form) for _, _, form in forms}
    best = max(count, key=lambda form: (count[form], _own(form), -len(form)))  # the most frequent; then the most names, the shortest text
    groups = Counter(item.group for item in items)
    chosen = [(arch, item) for arch, item, form in forms if form == best]
    arch, item = max(chosen, key=lambda pair: (groups[pair[1].group] == 1, pair[1].start))
    indent = _indent(data, item)
    if site.shape is not ListShape.CASES:
        last = max((item for _, item in has), key=lambda item: item.start)
        text = _renamed(item.head, arch, values)
        return [_after(data, _before(items, best, text) or last, indent + text, site)]
    if not _own(best):
        start = _line_start(data, item.start)
        return [Splice(start, start, f"{indent}case {filled(masked(item.head, arch), values)}:\n")]
    text = data[item.start : item.end].decode("latin-1") if groups[item.group] == 1 else f"case {item.head}:\n{indent}  {item.body}"
    last = max((item for _, item in has if groups[item.group] == 1), key=lambda item: item.start, default=item)
    return [_after(data, last, indent + _renamed(text, arch, values), site)]


def _before(items: Sequence[ListEntry], form: str, text: str) -> ListEntry | None:
    """The entry after which ``text`` belongs in a sorted list; None if the list is not sorted, or if the pattern has no fixed prefix."""
    start = _PLACEHOLDER.split(form)[0]
    peers = [item for item in items if start and item.head.startswith(start)]
    heads = [item.head for item in peers]
    before = [item for item in peers if item.head < text]
    return before[-1] if before and heads == sorted(heads) else None


def _renamed(text: str, arch: Arch, values: Mapping[str, str]) -> str:
    """An entry of ``arch`` with the new names; columns that are aligned by spaces stay aligned."""
    if "\n" in text:
        return filled(masked(text, arch), values)
    made, column = "", 0
    for part in _COLUMNS.split(text):
        column += len(part)
        made += " " * max(1, column - len(made)) if part.isspace() else filled(masked(part, arch), values)
    return made


def _own(text: str) -> int:
    return len(_PLACEHOLDER.findall(text))


def _same(site: Site, one: Arch, other: Arch) -> bool:
    bits = Property.BITS not in site.by or not other.bits or one.bits == other.bits
    return bits and (Property.ENDIAN not in site.by or one.little == other.little)


def _alias(items: Sequence[ListEntry], last: ListEntry, new: Arch) -> list[Splice]:
    """Redirect an enumerator that aliases the last entry, such as ``LastArchType = last``, to the new one."""
    return [Splice(item.end - len(item.body), item.end, new.name) for item in items if item.body == last.head]


def _after(data: bytes, item: ListEntry, text: str, site: Site) -> Splice:
    """Insert ``text`` as separate lines after ``item``, or before it if ``item`` has no trailing comma."""
    lead = "" if text[:1].isspace() else _indent(data, item)
    comma = data[item.end :].lstrip()[:1] == b","
    if site.shape in _SEPARATED:
        text = text if "," in text.partition("//")[0][-2:] else f"{text},"
        if not comma:
            start = _line_start(data, item.start)
            return Splice(start, start, f"{lead}{text}\n")
    end = data.find(b"\n", item.end)
    end = len(data) if end < 0 else end + 1
    return Splice(end, end, f"{lead}{text}\n")


def _line_start(data: bytes, offset: int) -> int:
    return data.rfind(b"\n", 0, offset) + 1


def _indent(data: bytes, item: ListEntry) -> str:
    """The indentation of an entry's line."""
    line = data[_line_start(data, item.start) : item.end].decode("latin-1")
    return line[: len(line) - len(line.lstrip())]
