"""Links a target's objects to an ELF executable that QEMU's user mode runs.

The linker of the simulator does it: it knows the relocations of a generated backend, whatever their numbers are, and needs no lld that
knows the ISA. What the ISA itself says is a few bytes: the code that exits, and the numbers in the ELF header.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from vega_gen.facts import find_facts
from vega_gen.ladder.subject import Emulator
from vega_gen.records import Description
from vega_gen.simulate.elf import ElfObject, ElfSection, ElfSymbol, SectionKind, read_kept, read_object, with_needed
from vega_gen.simulate.image import Limits, LinkedProgram
from vega_gen.simulate.relocating import Relocating

BASE = 0x10000
"""The address of the code that exits, the lowest of the program."""
STATUS = BASE + 0x38
"""The address of the exit status: four bytes in the target's order."""
EXPECTED = BASE + 0x3C
"""The address of what a program's output is expected to be: four bytes in the target's order, 0 for anything."""
_SIZE = 0x40
_LIMITS = Limits(0, 32 << 20, 0.0)
_PROGRAM_HEADER, _EXECUTABLE, _LOAD, _ALL = 64, 2, 1, 7


class Linker:
    """Links the objects of one target. Raises what ``LinkedProgram`` and ``Relocating`` raise."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._facts = find_facts(description)
        self._relocating: dict[bool, Relocating] = {}

    def link(self, objects: Sequence[Path], library: Sequence[Path], machine: Emulator, out: Path, expected: int = 0) -> None:
        """Write the executable of ``objects``, one of which defines ``_start``, and of those of ``library`` that they need.

        They find ``__exit``, ``__exit_status`` and ``__expected_output`` (``expected``) defined. Raises InputError for objects that make
        no program."""
        read = [read_object(path) for path in objects]
        ending = exit_object(machine, read[0].bits, expected)
        linked = with_needed([ending, *read], [read_kept(path) for path in library])
        program = LinkedProgram(linked, self._facts, (), _LIMITS)
        if program.little not in self._relocating:
            self._relocating[program.little] = Relocating(self._description, self._facts, little=program.little)
        program.relocate(self._relocating[program.little])
        memory = bytearray(program.end - BASE)
        for put in program.sections.values():
            memory[put.address - BASE : put.address - BASE + len(put.data)] = put.data
        write_executable(out, machine, read[0].bits, program.symbols["_start"], bytes(memory))


def exit_object(machine: Emulator, bits: int, expected: int = 0) -> ElfObject:
    """Make the object that defines ``__exit``, ``__exit_status`` and ``__expected_output``; as the first of a program it lies at
    ``BASE``."""
    code = machine.exit_code.ljust(EXPECTED - BASE, b"\0") + expected.to_bytes(4, "little" if machine.little else "big")
    section = ElfSection(1, ".text.exit", SectionKind.TEXT, code, _SIZE, _SIZE)
    symbols = (
        ElfSymbol("__exit", 1, 0, 0, "global", "function"),
        ElfSymbol("__exit_status", 1, STATUS - BASE, 4, "global"),
        ElfSymbol("__expected_output", 1, EXPECTED - BASE, 4, "global"),
    )
    return ElfObject(Path("exit.o"), machine.little, bits, (section,), symbols, ())


def write_executable(out: Path, machine: Emulator, bits: int, entry: int, memory: bytes) -> None:
    """Write ``memory``, which lies at ``BASE``, as an ELF executable of ``bits`` (32 or 64) whose execution begins at ``entry``.

    Its one segment may be read, written and executed. It lies in the file where it lies in memory, so that pages of any size fit (System V
    ABI, "Program Loading")."""
    order, wide = "<" if machine.little else ">", bits == 64
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if machine.little else 2, 1]) + bytes(9)
    word = "Q" if wide else "I"
    sizes = (64, 56) if wide else (52, 32)
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", _EXECUTABLE, machine.number, 1, entry, _PROGRAM_HEADER, 0, machine.flags, *sizes, 1, 0, 0, 0
    )
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", _LOAD, _ALL, BASE, BASE, BASE, len(memory), len(memory), BASE)
    else:
        segment = struct.pack(f"{order}IIIIIIII", _LOAD, BASE, BASE, BASE, len(memory), len(memory), _ALL, BASE)
    with out.open("wb") as stream:
        stream.write((ident + header).ljust(_PROGRAM_HEADER, b"\0") + segment)
        stream.seek(BASE)
        stream.write(memory)
    out.chmod(0o755)  # QEMU runs no other
