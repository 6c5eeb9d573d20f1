"""Makes the image of a program from its objects: lays sections out, resolves symbols and relocations, decodes the code, writes the file.

A file is a head of 64-bit little-endian words, then the memory's first bytes, registers of the convention, names, instructions and symbols:
``head`` in templates/simulator/host.c lists them in the same order.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from vega_gen.errors import InputError
from vega_gen.facts.code_units import code_unit
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import OperandRole
from vega_gen.records import Description
from vega_gen.simulate.decoding import MAX_OPERANDS, Decoded, Decoder
from vega_gen.simulate.elf import ElfObject, ElfSection, ElfSymbol, SectionKind
from vega_gen.simulate.relocating import Relocating, RelocationSite

_MAGIC = 0x314D495347455601
_NONE = (1 << 64) - 1
_STUB = 16
"""Bytes of address space of a host function."""
_PAGE = 4096
"""Bytes of a page of memory on the host."""
_LARGEST_STACK = 8 << 20
_NOT_RUN = (".eh_frame", ".note")
"""Sections with memory that no program reads as it runs: what the unwinder and the loader know of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take: ``steps`` instructions, ``memory`` bytes, all of it counted, ``seconds`` of time."""

    steps: int
    memory: int
    seconds: float


@dataclass(slots=True)
class _Put:
    """A section and where it is. ``data``: its bytes, which relocations change."""

    owner: ElfObject
    section: ElfSection
    address: int
    data: bytearray


@dataclass(frozen=True, slots=True)
class Convention:
    """Where arguments and results are, as the archetypes lower calls. Registers are indices in Description.registers.

    ``variadic``: how many of ``arguments`` a function of variable arguments uses. ``slot``: bytes of an argument on the stack.
    ``pushed``: bytes that a call puts on the stack below them. ``pointer``: the stack pointer, None if none is known."""

    arguments: tuple[int, ...]
    variadic: int
    results: tuple[int, ...]
    slot: int
    pushed: int
    pointer: int | None


def convention(d: Description, m: Facts) -> Convention:
    """Returns the convention by which host functions are called."""
    index = {r.name: n for n, r in enumerate(d.registers)}
    known = next((c for c in d.calling_conventions if c.name == m.cc), None)
    word = m.native // 8
    slots = [size for size, _ in known.stack if size >= word] if known else []
    pushes = m.calls.direct is not None and OperandRole.LINK not in m.calls.direct.roles and not m.returning
    fixed, marked = (frozenset(known.fixed), frozenset(known.marked)) if known else (frozenset[str](), frozenset[str]())
    arguments = [r for r in m.arguments if r not in marked]
    return Convention(
        tuple(index[r] for r in arguments), sum(r not in fixed for r in arguments), tuple(index[r] for r in m.results),
        min(slots, default=word), word if pushes else 0, index.get(m.sp),
    )  # fmt: skip


@dataclass(slots=True)
class LinkedProgram:
    """A program whose sections have addresses.

    ``known``: names of host functions; ``functions``: those that it calls, at ``first_function`` and behind. ``symbols``: name -> address
    of the global ones. ``end``: the address behind its last byte; ``fixed``: behind those that nothing may write."""

    objects: Sequence[ElfObject]
    m: Facts
    known: Collection[str]
    limits: Limits
    functions: list[str] = field(default_factory=list[str])
    symbols: dict[str, int] = field(default_factory=dict[str, int])
    little: bool = True
    end: int = 0
    fixed: int = 0
    first_function: int = 0
    sections: dict[tuple[int, int], _Put] = field(default_factory=dict[tuple[int, int], _Put])

    def __post_init__(self) -> None:
        if not self.objects:
            raise InputError("a program has no objects", "", "name one object at least")
        first = self.objects[0]
        for o in self.objects[1:]:
            if (o.little, o.bits) != (first.little, first.bits):
                raise InputError(f"its byte order or class is not that of {first.path}", str(o.path), "compile all objects for one target")
        self.little = first.little
        definitions = self._definitions()
        self.functions = self._functions(definitions)
        self._lay_out(definitions)

    @property
    def base(self) -> int:
        """The lowest address: low, so that short fields reach what is there; but above what 16 bits hold, so that a program does not end
        well whose backend keeps half of an address."""
        return 0x100 if self.m.native <= 16 else 0x10000

    @property
    def top(self) -> int:
        """The address behind the last byte of memory."""
        return min(self.base + self.limits.memory, 1 << self.m.native)

    def _definitions(self) -> dict[str, tuple[int, ElfSymbol]]:
        """Returns name -> the object and the symbol that define it. Raises InputError where two do, neither of them weak."""
        found: dict[str, tuple[int, ElfSymbol]] = {}
        for n, o in enumerate(self.objects):
            for s in o.symbols:
                if s.binding == "local" or s.undefined or not s.name:
                    continue
                other = found.get(s.name)
                if other is None or self._stronger(s, other[1]):
                    found[s.name] = (n, s)
                elif not self._stronger(other[1], s) and not (s.common and other[1].common) and "weak" not in (s.binding, other[1].binding):
                    what = f"{s.name} is defined here and in {self.objects[other[0]].path}"
                    raise InputError(what, str(o.path), "leave one of the objects out, or make one definition weak or static")
        return found

    def _stronger(self, a: ElfSymbol, b: ElfSymbol) -> bool:
        """Whether definition ``a`` takes the place of ``b``: weak ones give way to all, common ones to others and to larger common ones."""
        rank = {(False, False): 2, (True, False): 1}
        mine, other = (rank.get((s.common, s.binding == "weak"), 0) for s in (a, b))
        return mine > other or (a.common and b.common and a.size > b.size)

    def _functions(self, definitions: Mapping[str, tuple[int, ElfSymbol]]) -> list[str]:
        """Returns the host functions that the program calls. Raises InputError where it uses what nobody defines."""
        wanted: dict[str, tuple[ElfObject, ElfSymbol]] = {}
        for o in self.objects:
            for r in o.relocations:
                s = o.symbols[r.symbol]
                if s.undefined and s.name and s.name not in definitions:
                    wanted.setdefault(s.name, (o, s))
        lost = {name: o for name, (o, s) in wanted.items() if name not in self.known and s.binding != "weak"}
        if lost:
            names = ", ".join(sorted(lost))
            instead = f"define it in an object; the simulator has these: {', '.join(sorted(self.known))}"
            raise InputError(f"no object defines {names}", str(next(iter(lost.values())).path), instead)
        return sorted(name for name in wanted if name in self.known)

    def _lay_out(self, definitions: Mapping[str, tuple[int, ElfSymbol]]) -> None:
        at = self.base
        for kind in SectionKind:
            for n, o in enumerate(self.objects):
                for s in o.sections:
                    if s.kind is kind and not s.name.startswith(_NOT_RUN):
                        at = -(-at // s.alignment) * s.alignment
                        self.sections[n, s.index] = _Put(o, s, at, bytearray(s.data))
                        at += s.size
            if kind is SectionKind.TEXT:
                at = self.first_function = -(-at // _STUB) * _STUB
                at += _STUB * (len(self.functions) + 1)  # and where the program's caller would be
            elif kind is SectionKind.CONSTANTS:
                # A page of its own for what is written: QEMU translates the code of a page again after each store to it.
                unit = _STUB if self.m.native <= 16 else _PAGE
                at = self.fixed = -(-at // unit) * unit
        self.symbols = {name: self.first_function + _STUB * n for n, name in enumerate(self.functions)}
        for name, (n, s) in definitions.items():
            if s.common:
                at = -(-at // max(s.value, 1)) * max(s.value, 1)
                self.symbols[name] = at
                at += s.size
            elif s.absolute:
                self.symbols[name] = s.value
            elif (n, s.section or 0) in self.sections:
                self.symbols[name] = self.sections[n, s.section or 0].address + s.value
        self.end = -(-at // _STUB) * _STUB
        if self.end + self.room() > self.top:
            need, have = self.end + self.room() - self.base, self.top - self.base
            raise InputError(f"the program needs {need} bytes of memory and has {have}", str(self.objects[0].path), "allow more memory")

    def room(self) -> int:
        """Returns the least number of bytes for heap and stack."""
        return 512 if self.m.native <= 16 else 16384

    def address(self, owner: int, s: ElfSymbol) -> int | None:
        """Returns a symbol's address; 0 for a weak one that nobody defines, None for one of a section that has no memory."""
        if s.binding != "local" and s.name in self.symbols:
            return self.symbols[s.name]
        if s.absolute:
            return s.value
        put = self.sections.get((owner, s.section if s.section is not None else -1))
        return put.address + s.value if put else 0 if s.undefined else None

    def relocate(self, relocating: Relocating) -> None:
        """Applies all relocations. Raises InputError for one that cannot be applied."""
        for n, o in enumerate(self.objects):
            for r in o.relocations:
                put = self.sections.get((n, r.section))
                if put is None:
                    continue
                s = o.symbols[r.symbol]
                name = s.name or next((x.name for x in o.sections if x.index == s.section), "")
                site = RelocationSite(
                    f"{o.path}: {put.section.name}+{r.offset:#x}{_function(o, r.section, r.offset)}",
                    f"{name}{r.addend:+#x}" if r.addend else name,
                    put.section.kind is SectionKind.TEXT,
                )
                target = self.address(n, s) if r.symbol else 0
                if target is None:
                    raise site.refuse("a relocation names a symbol of a section without memory", "compile without debug information")
                relocating.apply(put.data, r.offset, r.number, target, r.addend, put.address + r.offset, site)

    def labels(self) -> list[tuple[int, str]]:
        """Returns (address, name) of the functions and of the host's, in order of addresses."""
        found = {self.first_function + _STUB * n: name for n, name in enumerate(self.functions)}
        for n, o in enumerate(self.objects):
            for s in o.symbols:
                put = self.sections.get((n, s.section if s.section is not None else -1))
                if put and s.name and put.section.kind is SectionKind.TEXT and (s.kind == "function" or s.binding != "local"):
                    found[put.address + s.value] = s.name
        return sorted(found.items())

    def code(self) -> list[_Put]:
        """Returns the sections with code."""
        return [p for p in self.sections.values() if p.section.kind is SectionKind.TEXT and p.section.size]


def _function(o: ElfObject, section: int, offset: int) -> str:
    """Returns " (name+distance)" of the function of an object in which an offset of a section lies, "" where there is none."""
    starts = [s for s in o.symbols if s.section == section and s.kind == "function" and s.value <= offset]
    nearest = max(starts, key=lambda s: s.value, default=None)
    return f" ({nearest.name}+{offset - nearest.value:#x})" if nearest else ""


def write_image(path: Path, program: LinkedProgram, d: Description, decoder: Decoder) -> None:
    """Writes the image of a program whose relocations have been applied.

    Raises InputError where it has no function main, and what ``Decoder.decode`` raises."""
    m, limits, rules = program.m, program.limits, convention(d, program.m)
    if "main" not in program.symbols:
        raise InputError("no object defines main", str(program.objects[0].path), "give the object that has it")
    labels = program.labels()
    sections = program.code()
    pieces = [_pieces(p, [at for at, _ in labels]) for p in sections]
    decoded = iter(decoder.decode([piece for own in pieces for piece in own]))
    runs = [[one for _ in own for one in next(decoded)] for own in pieces]
    words: dict[Decoded, int] = {}
    which = [words.setdefault(one, len(words)) for run in runs for one in run]
    names, places = _texts([*program.functions, *(name for _, name in labels)])
    memory = bytearray(program.end - program.base)
    for p in program.sections.values():
        at = p.address - program.base
        memory[at : at + len(p.data)] = p.data
    room = program.top - program.end
    stack_end = program.top - min(room // 2, _LARGEST_STACK) // _STUB * _STUB
    heap_end = stack_end - min(4096, room // 16)
    # Above the stack pointer lie the stack arguments of main's caller, which has none.
    stack = (program.top - min(64, room // 8)) // _STUB * _STUB
    code_end = program.first_function + _STUB * (len(program.functions) + 1)
    unit = code_unit(d)
    head = [
        _MAGIC, m.native, int(not program.little), program.base, program.top - program.base, program.fixed,
        program.end, heap_end, stack_end, stack, program.symbols["main"], limits.steps, int(limits.seconds * 1000),
        _NONE if rules.pointer is None else rules.pointer, rules.pushed, unit, code_end, program.first_function, len(program.functions),
        rules.slot, len(rules.arguments), rules.variadic, len(rules.results), len(memory), len(words), len(runs), len(labels), len(names),
    ]  # fmt: skip
    parts = [
        _numbers(head), _padded(memory), _numbers(rules.arguments), _numbers(rules.results),
        _numbers(places[: len(program.functions)]),
        b"".join(struct.pack(f"<II{MAX_OPERANDS}q", w.opcode, w.size, *w.operands, *[0] * (MAX_OPERANDS - len(w.operands))) for w in words),
        _numbers([n for p, run in zip(sections, runs, strict=True) for n in (p.address, len(run))]),
        _numbers([n for (at, _), place in zip(labels, places[len(program.functions) :], strict=True) for n in (at, place)]),
        _padded(names), struct.pack(f"<{len(which)}I", *which),
    ]  # fmt: skip
    path.write_bytes(b"".join(parts))


def _pieces(p: _Put, starts: Sequence[int]) -> list[bytes]:
    """Cuts a section where functions start, so that what is no code in one does not shift the decoding of the next."""
    first, last = bisect_right(starts, p.address), bisect_right(starts, p.address + len(p.data) - 1)
    cuts = [0, *(at - p.address for at in starts[first:last]), len(p.data)]
    return [bytes(p.data[a:b]) for a, b in pairwise(cuts) if a < b]


def _texts(names: Sequence[str]) -> tuple[bytes, list[int]]:
    """Returns the names, each ended by a zero, and where each begins."""
    places: list[int] = []
    text = bytearray()
    for name in names:
        places.append(len(text))
        text += name.encode() + b"\0"
    return bytes(text), places


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def _padded(data: bytes | bytearray) -> bytes:
    return bytes(data) + b"\0" * (-len(data) % 8)
