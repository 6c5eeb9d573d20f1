"""What a checkout says of the targets that it knows: names, width of a pointer, byte order, ELF machine.

Enters: a checkout's root. Leaves: ``Arch``s, and the lists of ``Site``s as they stand in its files. It changes nothing, and opens no file
of lib/Target but a target's TargetInfo, where that target is asked for by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vega_gen.cxx.lists import ListEntry, ListShape, SourceLists
from vega_gen.errors import CheckoutError, NotFoundError
from vega_gen.registration.sites import Key, Says, Site, site_that_says

_REGISTERED = re.compile(r"\bRegisterTarget<\s*(?:llvm\s*::\s*)?Triple\s*::\s*(\w+)")
_RELOCATIONS = re.compile(r"ELFRelocs/([\w.-]+\.def)")
_WIDTH = re.compile(r"return (\d+);")
_CLOSING = re.compile(r"\s*[)\]}]+;?\s*")
_HEAD = re.compile(r"(\d|0x)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arch:
    """An enumerator of Triple::ArchType. ``folder``: its target's, "" if not known. ``bits``: of a pointer, 0 if not known.

    ``machines``: its ELF machines' enumerators. ``relocations``: its .def in ELFRelocs."""

    name: str
    folder: str
    bits: int
    little: bool
    elf: bool
    machines: tuple[str, ...]
    relocations: str

    def keys(self, key: Key) -> tuple[str, ...]:
        """The words by which an entry of this target is known."""
        match key:
            case Key.ARCH:
                return (self.name,)
            case Key.MACHINE:
                return self.machines
            case Key.RELOCATIONS:
                return (self.relocations,)
            case Key.FOLDER:
                return (self.folder,)
            case Key.UPPER:
                return (self.folder.upper(),)


@dataclass(frozen=True, slots=True)
class Found:
    """The lists of a site in a file of the checkout (``path`` is relative to its root)."""

    path: str
    lists: list[list[ListEntry]]


class Tree:
    """A checkout, each file read and parsed once."""

    def __init__(self, root: Path) -> None:
        """``root``: the folder that holds ``llvm/``. Raises ``CheckoutError`` if it holds none."""
        if not (root / "llvm").is_dir():
            raise CheckoutError("no LLVM here: no folder llvm/", str(root), "give the folder that holds llvm/ with --llvm")
        self.root = root
        self._data: dict[str, bytes] = {}
        self._places: dict[str, SourceLists] = {}

    def data(self, path: str) -> bytes:
        """A file's bytes."""
        if path not in self._data:
            self._data[path] = (self.root / path).read_bytes()
        return self._data[path]

    def find(self, site: Site) -> Found | None:
        """The lists of ``site``, in the first of its files that has them; None if this LLVM has no such place."""
        return self._find(site, site.holder)

    def find_needed(self, site: Site) -> Found:
        """The same; raises ``CheckoutError`` if there is none."""
        found = self.find(site)
        if found is None:
            raise CheckoutError(
                f"no {site.shape or 'lines'} of {site.holder} in {' or '.join(site.files)}, where LLVM names its targets",
                str(self.root),
                "put the file back; if this LLVM has it elsewhere, say where in targets/settings/registration.toml",
            )
        return found

    def others(self, site: Site) -> list[list[ListEntry]]:
        """The lists in which an entry serves as well."""
        return [items for holder in site.elsewhere if (found := self._find(site, holder)) for items in found.lists]

    def reach(self, site: Site) -> str:
        """The text of a site's functions and of those of the file that they call; "" for a list that no function holds."""
        found = self.find(site)
        if found is None or site.shape not in (ListShape.CASES, ListShape.LINKS):
            return ""
        return self._parsed(found.path).reach(site.holder)

    def _find(self, site: Site, holder: str) -> Found | None:
        for pattern in site.files:
            for path in sorted(self.root.glob(pattern)):
                name = path.relative_to(self.root).as_posix()
                lists = self._parsed(name).lists(site.shape, holder) if site.shape else _lines(self.data(name), holder)
                if lists:
                    return Found(name, lists)
        return None

    def _parsed(self, path: str) -> SourceLists:
        if path not in self._places:
            self._places[path] = SourceLists(self.data(path))
        return self._places[path]

    @cached_property
    def archs(self) -> dict[str, Arch]:
        """Name -> every architecture that a triple can name. The target of one is told by its folder's name."""
        bits = {_word(item): int(width[1]) for item in self._items(Says.BITS) if (width := _WIDTH.search(item.body))}
        little = {_word(item) for item in self._items(Says.ENDIAN)}
        elf = {_word(item) for item in self._items(Says.FORMAT) if "Triple::ELF" in item.body}
        folders = {path.name.lower(): path.name for path in sorted((self.root / "llvm/lib/Target").iterdir()) if path.is_dir()}
        made: dict[str, Arch] = {}
        for item in self._items(Says.ARCHS):
            if item.body or not bits.get(item.head):
                continue  # an alias, as LastArchType is, or no architecture
            folder = folders.get(item.head.lower(), "")
            machines = self._machines(item.head, folder or item.head)
            relocations = self._relocations(machines) or f"{folder or item.head}.def"
            made[item.head] = Arch(item.head, folder, bits[item.head], item.head in little, item.head in elf, machines, relocations)
        return made

    @cached_property
    def numbers(self) -> dict[str, int]:
        """ELF machine -> its number."""
        return {item.head: int(item.body, 0) for item in self._items(Says.NUMBERS) if _HEAD.match(item.body)}

    def _machines(self, arch: str, folder: str) -> tuple[str, ...]:
        """As an object file's reader has it; where that has none, the machines called by the target's name."""
        known = re.compile(rf"\bTriple::{arch}\b")
        read = [_word(item) for item in self._items(Says.MACHINE) if known.search(item.body)]
        found = tuple(name for name in read if name in self.numbers)
        named = re.compile(rf"EM_(?:{folder.upper()}|{arch.upper()})(?:_.*)?")
        return found or tuple(name for name in self.numbers if named.fullmatch(name))

    def _relocations(self, machines: tuple[str, ...]) -> str:
        bodies = [item.body for item in self._items(Says.RELOCATIONS) if _word(item) in machines]
        return next((found[1] for body in bodies if (found := _RELOCATIONS.search(body))), "")

    def _items(self, what: Says) -> list[ListEntry]:
        return [item for items in self.find_needed(site_that_says(what)).lists for item in items]

    def archs_of(self, target: str) -> tuple[Arch, ...]:
        """The architectures that a target of lib/Target registers, by its TargetInfo. Raises ``NotFoundError`` if there are none."""
        folder = self.root / "llvm/lib/Target" / target
        if not folder.is_dir():
            raise NotFoundError(f"no target {target}", str(folder.parent), "give the name of a folder of lib/Target")
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("TargetInfo/*.cpp"))]
        names = dict.fromkeys(name for text in texts for name in _REGISTERED.findall(text))
        if not names:
            advice = "call RegisterTarget<Triple::...> in its LLVMInitialize...TargetInfo"
            raise NotFoundError(f"{target} registers no architecture", f"{folder}/TargetInfo", advice)
        return tuple(self._arch_of(name, target) for name in names)

    def _arch_of(self, name: str, target: str) -> Arch:
        known = self.archs.get(name)
        machines = known.machines if known and known.machines else self._machines(name, target)
        relocations = self._relocations(machines) or f"{target}.def"
        if known is None:
            return Arch(name, target, 0, False, True, machines, relocations)
        return Arch(name, target, known.bits, known.little, known.elf, machines, relocations)


def _word(item: ListEntry) -> str:
    """What a ``case`` label names, without the scopes before it."""
    return item.head.rpartition("::")[2]


def _lines(data: bytes, holder: str) -> list[list[ListEntry]]:
    """The lines after the one with ``holder`` in it, to the one that closes a bracket; every line where ``holder`` is ""."""
    items: list[ListEntry] = []
    start, inside = 0, not holder
    for line in data.decode("latin-1").splitlines(keepends=True):
        end = start + len(line.rstrip("\r\n"))
        if inside and holder and _CLOSING.fullmatch(line):
            break
        if inside and line.strip():
            items.append(ListEntry(line.strip(), start + len(line) - len(line.lstrip()), end))
        inside = inside or holder in line
        start += len(line)
    return [items] if items else []
