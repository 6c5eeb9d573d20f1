"""Read from a checkout which architectures it knows: names, pointer widths, byte orders, ELF machines, and the lists that name them.

No file of lib/Target is opened except the TargetInfo of a target that the caller names, so held-out targets stay unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vega_gen.cxx.lists import ListEntry, ListShape, SourceLists
from vega_gen.errors import InputError, NotFoundError
from vega_gen.registration.sites import Key, Says, Site, site_that_says

_REGISTERED = re.compile(r"\bRegisterTarget<\s*(?:llvm\s*::\s*)?Triple\s*::\s*(\w+)")
_RELOCATIONS = re.compile(r"ELFRelocs/([\w.-]+\.def)")
_WIDTH = re.compile(r"return (\d+);")
_CLOSING = re.compile(r"\s*[)\]}]+;?\s*")
_HEAD = re.compile(r"(\d|0x)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arch:
    """An architecture, that is, an enumerator of Triple::ArchType.

    ``folder``: its target's folder in lib/Target, "" if not known. ``bits``: the width of a pointer, 0 if not known. ``little``: whether it
    is little endian. ``elf``: whether ELF is its default object format. ``machines``: its enumerators of ELF machines (EM_...).
    ``relocations``: the name of its .def file in ELFRelocs."""

    name: str
    folder: str
    bits: int
    little: bool
    elf: bool
    machines: tuple[str, ...]
    relocations: str

    def keys(self, key: Key) -> tuple[str, ...]:
        """Return the names that identify this target's entry in a list of that key."""
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
            case Key.LINKER:
                return tuple(f"{verb}{self.folder}TargetInfo" for verb in ("get", "set"))


@dataclass(frozen=True, slots=True)
class Found:
    """The lists of a site in a file; ``path`` is relative to the checkout's root."""

    path: str
    lists: list[list[ListEntry]]


class Tree:
    """A checkout whose files are read and parsed at most once."""

    def __init__(self, root: Path) -> None:
        """``root``: the folder that holds ``llvm/``. Raises ``InputError`` if it holds none."""
        if not (root / "llvm").is_dir():
            raise InputError("no LLVM here: no folder llvm/", str(root), "give the folder that holds llvm/ with --llvm")
        self.root = root
        self._data: dict[str, bytes] = {}
        self._places: dict[str, SourceLists] = {}

    def data(self, path: str) -> bytes:
        """Return a file's bytes; ``path`` is relative to the root."""
        if path not in self._data:
            self._data[path] = (self.root / path).read_bytes()
        return self._data[path]

    def find(self, site: Site) -> Found | None:
        """Return the lists of ``site`` from the first of its files that has them; None if this LLVM has none."""
        return self._find(site, site.holder)

    def find_needed(self, site: Site) -> Found:
        """As ``find``; raises ``InputError`` if there is none."""
        found = self.find(site)
        if found is None:
            raise InputError(
                f"no {site.shape or 'lines'} of {site.holder} in {' or '.join(site.files)}, where LLVM names its targets",
                str(self.root),
                "put the file back; if this LLVM has it elsewhere, say where in targets/settings/registration.toml",
            )
        return found

    def others(self, site: Site) -> list[list[ListEntry]]:
        """Return the alternative lists of ``site``: an entry there does the same job."""
        return [items for holder in site.elsewhere if (found := self._find(site, holder)) for items in found.lists]

    def reach(self, site: Site) -> str:
        """Return the text of the functions that hold a site's lists, and of the functions of that file that they call.

        Returns "" for a list outside of functions."""
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
        """Name -> architecture, for every one that a triple can name. An architecture's folder is the one of its name, ignoring case."""
        bits = {_word(item): int(width[1]) for item in self._items(Says.BITS) if (width := _WIDTH.search(item.body))}
        little = {_word(item) for item in self._items(Says.ENDIAN)}
        elf = {_word(item) for item in self._items(Says.FORMAT) if "Triple::ELF" in item.body}
        folders = {path.name.lower(): path.name for path in sorted((self.root / "llvm/lib/Target").iterdir()) if path.is_dir()}
        made: dict[str, Arch] = {}
        for item in self._items(Says.ARCHS):
            if item.body or not bits.get(item.head):
                continue  # an alias such as LastArchType, or UnknownArch
            folder = folders.get(item.head.lower(), "")
            machines = self._machines(item.head, folder or item.head)
            relocations = self._relocations(machines) or f"{folder or item.head}.def"
            made[item.head] = Arch(item.head, folder, bits[item.head], item.head in little, item.head in elf, machines, relocations)
        return made

    @cached_property
    def numbers(self) -> dict[str, int]:
        """ELF machine's enumerator -> its number."""
        return {item.head: int(item.body, 0) for item in self._items(Says.NUMBERS) if _HEAD.match(item.body)}

    def _machines(self, arch: str, folder: str) -> tuple[str, ...]:
        """The ELF machines that LLVM's object file reader maps to ``arch``; if it maps none, those with the target's name."""
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
        """Return the architectures that a target's TargetInfo registers. Raises ``NotFoundError`` if it registers none."""
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
    """The name in a ``case`` label, without its scopes."""
    return item.head.rpartition("::")[2]


def _lines(data: bytes, holder: str) -> list[list[ListEntry]]:
    """The entries of a list in a text: the lines after the one with ``holder`` in it, up to a closing bracket; all lines if it is ""."""
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
