"""The subject of a climb (a target and how its tools are called), its tools, and the emulator that runs its programs."""

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
    """An ISA that QEMU's user mode runs; an entry of ``targets/settings/qemu.toml``.

    ``bits``: word width. ``qemu``: name of the QEMU program. ``emulation``: ld.lld's -m. ``start``: assembly of ``_start``, which calls
    main and exits with its result; an official LLVM assembles it for ``triple`` and ``attrs``. ``targets``: names of the Target records
    that describe this ISA.
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
    """Paths of the tools, None if absent.

    The first four hold the backend. The others serve to run programs: ``lld`` and ``assembler`` (an llvm-mc) are an official LLVM's that
    knows the ISA; ``clang`` compiles the simulator.
    """

    llc: Path | None
    llvm_mc: Path | None
    llvm_objdump: Path | None
    llvm_readobj: Path | None
    lld: Path | None = None
    assembler: Path | None = None
    clang: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A target that climbs.

    ``name``: the target's prefix in C++ names. ``widths``: legal integer widths in bits; the largest is the word. ``cpu``, ``attrs``:
    values of -mcpu and -mattr, "" for none. ``machine``: the emulator that runs its programs, None if there is none.
    """

    name: str
    triple: str
    description: Description
    widths: tuple[int, ...]
    pointer_bits: int
    cpu: str = ""
    attrs: str = ""
    machine: Emulator | None = None

    def options(self, triple: str = "--mtriple") -> tuple[str, ...]:
        """The options that select the target: triple, --mcpu, --mattr. llvm-mc and llvm-objdump call the first --triple."""
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
    """Make a Subject, with defaults from the description.

    Legal integer widths come from the register classes; the largest is the word, and a pointer is as wide. The machine is the one that
    lists the Target record's name and has this word width. Raises ``NotFoundError`` if there is no machine of the given name.
    """
    if machine and machine not in machines():
        raise NotFoundError(f"no machine is called {machine}", "targets/settings/qemu.toml", f"name one of: {', '.join(machines())}")
    legal = tuple(sorted(widths)) or legal_widths(description)
    fitting = (m for m in machines().values() if description.name in m.targets and m.bits == max(legal))
    found = machines()[machine] if machine else next(fitting, None)
    return Subject(name or description.name, triple, description, legal, max(legal), cpu, attrs, found)


def legal_widths(description: Description) -> tuple[int, ...]:
    """Widths in bits of the integers that allocatable register classes hold; (32,) if there are none."""
    types = (t for c in description.register_classes if c.allocatable for t in c.value_types)
    return tuple(sorted({int(found[1]) for t in types if (found := _INTEGER.fullmatch(t))})) or (32,)


@cache
def machines() -> dict[str, Emulator]:
    """The machines of ``targets/settings/qemu.toml`` by name."""
    data = resources.settings("qemu")["machine"]
    return {name: Emulator(name, targets=tuple(entry.pop("targets")), **entry) for name, entry in data.items()}
