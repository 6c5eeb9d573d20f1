"""What climbs, and with which tools.

Enters: a Description, paths of tools, ``targets/settings/qemu.toml``. Leaves: ``Tools``, ``Subject``, ``Emulator``. It runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vega_gen import resources
from vega_gen.errors import NotFoundError
from vega_gen.records import Description

_INTEGER = re.compile(r"i(8|16|32|64)")


@dataclass(frozen=True, slots=True)
class Emulator:
    """An ISA that QEMU's user mode runs.

    ``qemu``: its program. ``emulation``: ld.lld's -m. ``start``: assembly that calls main and exits with what it returns, for
    ``triple`` and ``attrs`` of an official LLVM. ``targets``: names of Target records that describe this ISA, with ``bits`` a word.
    """

    name: str
    bits: int
    qemu: str
    emulation: str
    triple: str
    attrs: str
    start: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs with the backend in them, None where it has none; and ``lld`` and ``assembler`` (an llvm-mc) of an official LLVM that
    knows the ISA, for running programs."""

    llc: Path | None
    llvm_mc: Path | None
    llvm_objdump: Path | None
    llvm_readobj: Path | None
    lld: Path | None = None
    assembler: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """``name``: as the C++ has it, part of its functions' names. ``widths``: legal integers, in bits; the largest is the word.
    ``cpu`` and ``attrs``: for -mcpu and -mattr, "" for none. ``machine``: what runs its programs."""

    name: str
    triple: str
    description: Description
    widths: tuple[int, ...]
    pointer_bits: int
    cpu: str = ""
    attrs: str = ""
    machine: Emulator | None = None

    def options(self, triple: str = "--mtriple") -> tuple[str, ...]:
        """The options of a tool: the triple (which llvm-mc and llvm-objdump call --triple), --mcpu, --mattr."""
        cpu = (f"--mcpu={self.cpu}",) if self.cpu else ()
        attrs = (f"--mattr={self.attrs}",) if self.attrs else ()
        return (f"{triple}={self.triple}", *cpu, *attrs)


def subject(
    description: Description,
    triple: str,
    *,
    name: str = "",
    cpu: str = "",
    attrs: str = "",
    widths: Sequence[int] = (),
    machine: str = "",
) -> Subject:
    """A Subject of which the rest is told by the description: the legal integers by its register classes (the word is the largest of
    them, and a pointer is as wide), the machine by the Target record's name. Raises ``NotFoundError`` for a machine that is not there."""
    if machine and machine not in machines():
        raise NotFoundError(f"no machine is called {machine}", "targets/settings/qemu.toml", f"name one of: {', '.join(machines())}")
    legal = tuple(sorted(widths)) or legal_widths(description)
    fitting = (m for m in machines().values() if description.name in m.targets and m.bits == max(legal))
    found = machines()[machine] if machine else next(fitting, None)
    return Subject(name or description.name, triple, description, legal, max(legal), cpu, attrs, found)


def legal_widths(description: Description) -> tuple[int, ...]:
    """The integers that an allocatable register class holds, in bits; 32 where there is none."""
    types = (t for c in description.register_classes if c.allocatable for t in c.value_types)
    return tuple(sorted({int(found[1]) for t in types if (found := _INTEGER.fullmatch(t))})) or (32,)


@cache
def machines() -> dict[str, Emulator]:
    """The machines of ``targets/settings/qemu.toml`` by name."""
    data = resources.settings("qemu")["machine"]
    return {name: Emulator(name, targets=tuple(entry.pop("targets")), **entry) for name, entry in data.items()}
