"""Tern without its backend: programs written as encodings, a disassembler that reads the .td, an interpreter written by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from conftest import ROOT

from vega_gen.facts import find_facts
from vega_gen.ladder.encodings import encode
from vega_gen.records import Description
from vega_gen.simulate.decoding import UNKNOWN, Decoded
from vega_gen.simulate.encoded import Encoded
from vega_gen.simulate.running import Simulator, compiled
from vega_gen.tablegen import describe

TESTS = ROOT / "tests"
CLANG = Path(shutil.which("clang-19") or "/usr/bin/clang")
# Relocations of RISC-V that have the numbers of Tern's: the official llvm-mc writes them under these names.
RELOC = {"32": "R_RISCV_32", "hi": "R_RISCV_64", "lo": "R_RISCV_RELATIVE", "branch": "R_RISCV_COPY", "call": "R_RISCV_JUMP_SLOT"}

DISASSEMBLER = """\
#!{python}
import sys
sys.path[:0] = ["{root}", "{tests}"]
from simulated_tern import tern
from vega_gen.simulate.encoded import Encoded

d, words = tern(), sys.stdin.read().split()
encoded, data, at = Encoded(d), bytes(int(w, 16) for w in words if w != "[]"), 0
while at < len(data):
    found = encoded.decode(data[at : at + 4], True)
    if found:
        print(f"\\tx # <MCInst #1 {{d.instructions[found[0]].name}}")
        slots = encoded._s.operands(d.instructions[found[0]].name)
        for slot, value in zip(slots, found[2]):
            print(f"  # <MCOperand Reg:{{d.registers[value].name}}>" if slot.kind == "reg" else f"  # <MCOperand Imm:{{value}}>")
    else:
        print(f"<stdin>:{{at + 1}}:1: warning: invalid instruction encoding", file=sys.stderr)
    at += 4
"""


@cache
def tern() -> Description:
    """Tern's description."""
    folder = ROOT / "targets/Tern"
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    include = ROOT / ".llvm/19/llvm/include"
    return describe(folder / "Tern.td", folder="Tern", llvm_include=include, tblgen=Path(found), relocs=folder / "Tern.def")


def word(name: str, **fields: int) -> int:
    """The encoding of an instruction of Tern."""
    instruction = next(i for i in tern().instructions if i.name == name)
    return encode(instruction, {field: value & 0xFFFFFFFF for field, value in fields.items()})


def assemble(path: Path, text: str, *options: str, triple: str = "riscv32") -> Path:
    """An object that an official llvm-mc makes of assembly."""
    tool = shutil.which("llvm-mc-19") or "/usr/lib/llvm-19/bin/llvm-mc"
    argv = [tool, f"-triple={triple}", *options, "-filetype=obj", "-o", str(path)]
    subprocess.run(argv, input=text, text=True, check=True)
    return path


def code(name: str, *lines: int | tuple[int, str, str]) -> str:
    """Assembly of a function: words, each with a relocation and a symbol if it has one."""
    found = ["  .text", f"  .globl {name}", f"  .type {name},@function", f"{name}:"]
    for line in lines:
        given, kind, symbol = line if isinstance(line, tuple) else (line, "", "")
        found += [f"  .reloc ., {RELOC[kind]}, {symbol}"] if kind else []
        found += [f"  .word {given:#x}"]
    return "\n".join(found) + "\n"


def llvm_mc(path: Path) -> Path:
    """A disassembler that prints as LLVM 22's llvm-mc does."""
    path.write_text(DISASSEMBLER.format(python=sys.executable, root=ROOT, tests=TESTS))
    path.chmod(0o755)
    return path


def machine_text() -> str:
    """The text of machine.c: the interpreter written by hand, and the names of Tern's instructions and registers."""
    d = tern()
    lists: Mapping[str, list[str]] = {"RECORDS": [i.name for i in d.instructions], "REGISTERS": [r.name for r in d.registers]}
    heads = [f"#define {name} {' '.join(f'X({item})' for item in items)}\n" for name, items in lists.items()]
    text = (TESTS / "inputs/tern_machine.c").read_text()
    return "".join(heads) + text.replace('#include "records.h"\n', "")


class EncodedDecoder:
    """Decodes by the .td in this process: a disassembler is a process for each program."""

    def __init__(self) -> None:
        self.encoded = Encoded(tern())

    def decode(self, codes: Sequence[bytes]) -> list[tuple[Decoded, ...]]:
        """As ``Decoder.decode``."""
        return [tuple(self._one(code[at : at + 4]) for at in range(0, len(code), 4)) for code in codes]

    def _one(self, data: bytes) -> Decoded:
        found = self.encoded.decode(data, True)
        return Decoded(*found) if found else Decoded(UNKNOWN, len(data), ())


def simulated(tool: Path) -> Simulator:
    """The simulator of Tern with that interpreter, which decodes by the .td in place of ``tool``."""
    d = tern()
    made = Simulator(d, find_facts(d), compiled(machine_text(), "Tern", CLANG, lambda done, total, text: None))
    made._decoders[tool, ("--triple=tern",)] = EncodedDecoder()  # type: ignore[assignment]
    return made
