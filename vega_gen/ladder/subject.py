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
class OfficialLinking:
    """How an official lld links objects that have the ISA's official relocations.

    ``emulation``: ld.lld's -m. ``start``: assembly of ``_start``, which calls main and exits with its result; an official LLVM assembles it
    for ``triple`` and ``attrs``.
    """

    emulation: str
    triple: str
    attrs: str
    start: str


@dataclass(frozen=True, slots=True)
class Emulator:
    """An ISA that QEMU's user mode runs; an entry of ``targets/settings/qemu.toml``.

    ``bits``: word width. ``little``: byte order. ``qemu``: name of the QEMU program. ``options``: of its command. ``number``, ``flags``:
    e_machine and e_flags of its ELF files. ``exit_code``: code for ``executable.BASE`` that exits with the status at
    ``executable.STATUS``. ``targets``: names of the Target records that describe this ISA. ``official``: None where no lld links for it.
    """

    name: str
    bits: int
    little: bool
    qemu: str
    options: tuple[str, ...]
    number: int
    flags: int
    exit_code: bytes
    targets: tuple[str, ...]
    official: OfficialLinking | None


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
    values of -mcpu and -mattr, "" for none. ``emulators``: what may run its programs: one for each byte order of the ISA.
    """

    name: str
    triple: str
    description: Description
    widths: tuple[int, ...]
    pointer_bits: int
    cpu: str = ""
    attrs: str = ""
    emulators: tuple[Emulator, ...] = ()

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

    Legal integer widths come from the register classes; the largest is the word, and a pointer is as wide. The machines are those that
    list the Target record's name and have this word width. Raises ``NotFoundError`` if there is no machine of the given name.
    """
    if machine and machine not in machines():
        raise NotFoundError(f"no machine is called {machine}", "targets/settings/qemu.toml", f"name one of: {', '.join(machines())}")
    legal = tuple(sorted(widths)) or legal_widths(description)
    fitting = tuple(m for m in machines().values() if description.name in m.targets and m.bits == max(legal))
    found = (machines()[machine],) if machine else fitting
    return Subject(name or description.name, triple, description, legal, max(legal), cpu, attrs, found)


def legal_widths(description: Description, word: int = 64) -> tuple[int, ...]:
    """Widths in bits, up to ``word``, of the integers that allocatable register classes hold; (32,) if there are none."""
    types = (t for c in description.register_classes if c.allocatable for t in c.value_types)
    held = {int(found[1]) for t in types if (found := _INTEGER.fullmatch(t))}
    return tuple(sorted(width for width in held if width <= word)) or (32,)


@cache
def machines() -> dict[str, Emulator]:
    """The machines of ``targets/settings/qemu.toml`` by name."""
    found: dict[str, Emulator] = {}
    for name, entry in resources.settings("qemu")["machine"].items():
        code = bytes.fromhex("".join(line.split(maxsplit=1)[0] for line in entry["exit"].splitlines() if line.strip()))
        options = ("-cpu", entry["cpu"]) if "cpu" in entry else ()
        official = OfficialLinking(**entry["official"]) if "official" in entry else None
        elf = entry["elf"]
        found[name] = Emulator(
            name, entry["bits"], entry["order"] == "little", entry["qemu"], options, elf["machine"], elf.get("flags", 0), code,
            tuple(entry["targets"]), official,
        )  # fmt: skip
    return found
