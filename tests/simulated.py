"""Machines under test: machine.c of a description, compiled with the host in tests/inputs/machine_host.c and driven from Python."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.process import run
from vega_gen.facts import Facts, find_facts
from vega_gen.records import Description
from vega_gen.resources import folder
from vega_gen.simulate.c_text import machine_text
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent
STACK = 0x8000
CODE = 0x100


def described(td: Path, llvm_source: Path) -> Description:
    """The description of a .td file."""
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(td, folder=td.stem, llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


@dataclass(frozen=True)
class Ended:
    """How a program under test ended. ``result``: of the first result register, None if it was stopped, for the reason in ``message``."""

    result: int | None
    message: str
    steps: int


class Machine:
    """The simulator of one target. Programs are lists of (instruction, operands); an operand is a register's name or a number."""

    def __init__(self, d: Description, place: Path, facts: Facts | None = None) -> None:
        self.d = d
        self.facts = facts or find_facts(d)
        self.opcodes = {i.name: n for n, i in enumerate(d.instructions)}
        self.registers = {r.name: n for n, r in enumerate(d.registers)}
        place.mkdir(parents=True, exist_ok=True)
        (place / "machine.c").write_text(machine_text(d, self.facts))
        clang = shutil.which("clang-19") or shutil.which("clang")
        assert clang, "no clang; vega-gen doctor says how to get it"
        warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
        sources = (str(place / "machine.c"), str(TESTS / "inputs/machine_host.c"))
        include = f"-I{folder('templates/simulator')}"
        run([clang, "-std=gnu11", "-O1", "-fPIC", "-shared", *warnings, include, *sources, "-o", str(place / "m.so")], timeout=120).check()
        self.c = ctypes.CDLL(str(place / "m.so"))
        self.c.load.restype = ctypes.c_uint64
        self.c.read_register.restype = ctypes.c_uint64
        self.c.load.argtypes = [ctypes.c_uint64, ctypes.c_uint]
        self.c.store.argtypes = [ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint64]
        self.c.write_register.argtypes = [ctypes.c_uint, ctypes.c_uint64]
        self.c.byte_at.argtypes = [ctypes.c_uint64]

    def put(self, name: str, value: int) -> None:
        """Sets a register."""
        self.c.write_register(self.registers[name], value & (1 << 64) - 1)

    def get(self, name: str) -> int:
        """The value of a register."""
        return int(self.c.read_register(self.registers[name]))

    def load(self, address: int, size: int) -> int:
        """A number in memory."""
        return int(self.c.load(address, size))

    def store(self, address: int, size: int, value: int) -> None:
        """Writes a number to memory."""
        self.c.store(address, size, value)

    def reset(self, program: Sequence[tuple[str, Sequence[str | int]]], *, big: bool = False) -> None:
        """Clears memory and puts a program at CODE."""
        self.c.reset(int(big))
        address = CODE
        sizes = {i.name: i.size for i in self.d.instructions}
        for name, operands in program:
            values = [self.registers[o] if isinstance(o, str) else o for o in operands]
            array = (ctypes.c_int64 * max(len(values), 1))(*values)
            self.c.add(self.opcodes[name], sizes[name], ctypes.c_uint64(address), array, len(values))
            address += sizes[name]

    def go(self, steps: int = 10000, entry: int = CODE) -> Ended:
        """Runs what ``reset`` put there."""
        result = ctypes.c_uint64()
        ended = self.c.go(ctypes.c_uint64(entry), ctypes.c_uint64(STACK), ctypes.c_uint64(steps), ctypes.byref(result))
        message = ctypes.create_string_buffer(512)
        ctypes.memmove(message, ctypes.addressof(ctypes.c_char.in_dll(self.c, "message")), 512)
        executed = ctypes.c_uint64.in_dll(self.c, "executed").value
        return Ended(result.value if ended else None, message.value.decode(), executed)

    def one(
        self, name: str, operands: Sequence[str | int], registers: Mapping[str, int], returns: Sequence[tuple[str, Sequence[str | int]]]
    ) -> None:
        """Executes one instruction with these registers, and then ``returns``."""
        self.reset([(name, operands), *returns])
        for register, value in registers.items():
            self.put(register, value)
        ended = self.go()
        assert ended.result is not None, ended.message
