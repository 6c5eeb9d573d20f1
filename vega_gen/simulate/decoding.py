"""Decodes machine code with the backend's own disassembler, as MCInsts.

``llvm-mc --disassemble --show-inst`` prints the MCInst of each instruction as a comment: its record, and its operands. Registers are
numbers up to LLVM 21 and names from then on. It prints no addresses: the records' sizes, and the place of each warning, give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.process import Completed, run
from vega_gen.errors import InputError
from vega_gen.facts.code_units import code_unit
from vega_gen.facts.register_numbers import numbered_registers
from vega_gen.facts.selections import Selections
from vega_gen.records import Description

UNKNOWN = 0xFFFFFFFF
"""The opcode of bytes that do not decode."""
MAX_OPERANDS = 12
"""As in templates/simulator/machine.h."""
_ITEM = re.compile(r"<MCInst #\d+ (\w+)|<MCOperand (\w+):([^>\s]*)")
_INVALID = re.compile(r"^<stdin>:(\d+):\d+: warning: invalid", re.M)
_COMPLETE = "give what the disassembler lacks: it is said where the backend is built"
_BUILD = "build the backend's tools from the same .td again"


@dataclass(frozen=True, slots=True)
class Decoded:
    """An instruction. ``opcode``: index in Description.instructions, or UNKNOWN; ``size``: in bytes; ``operands``: as the MCInst has them,
    a register as its index in Description.registers, -1 for none."""

    opcode: int
    size: int
    operands: tuple[int, ...]


class Decoder:
    """A target's disassembler. What it has decoded once it does not decode again."""

    def __init__(self, d: Description, llvm_mc: Path, options: Sequence[str], *, seconds: float) -> None:
        self._argv = [str(llvm_mc), "--disassemble", "--show-inst", *options]
        self._seconds = seconds
        self._by_number = _by_number(d)
        self._records = {i.name: (n, i.size) for n, i in enumerate(d.instructions)}
        self._registers = {r.name: n for n, r in enumerate(d.registers)} | {"": -1, "NoRegister": -1, "0": -1}
        self._registers |= {str(n): self._registers[name] for n, name in enumerate(numbered(d), 1)}
        sizes = {i.size for i in d.instructions if i.size and "isPseudo" not in i.flags and any(bit in "01" for bit in i.encoding)}
        self._step = code_unit(d)
        self._size = sizes.pop() if len(sizes) == 1 else 0
        self._words: dict[bytes, Decoded] = {}
        self._codes: dict[bytes, tuple[Decoded, ...]] = {}

    def decode(self, codes: Sequence[bytes]) -> list[tuple[Decoded, ...]]:
        """Decodes pieces of code, each from its first byte to its last.

        Bytes that are no instruction become entries of opcode UNKNOWN. Raises ToolFailure where llvm-mc fails, and InputError where what
        it prints is not of this target."""
        if not self._size:
            new = list(dict.fromkeys(code for code in codes if code and code not in self._codes))
            self._codes |= zip(new, self._asked(new), strict=True)
            return [self._codes[code] if code else () for code in codes]
        split = [[code[at : at + self._size] for at in range(0, len(code), self._size)] for code in codes]
        unseen = list(dict.fromkeys(word for words in split for word in words if word not in self._words))
        if unseen:
            # Each instruction is as long as any other: one that does not decode does not move the next. The disassembler goes on behind it
            # where the next may begin, so those that may begin within it are decoded apart.
            if self._step == self._size:
                found = self._asked([b"".join(word.ljust(self._size, b"\0") for word in unseen)])[0]
            else:
                parts = zip(unseen, self._asked(unseen), strict=True)
                found = [one[0] if len(one) == 1 else Decoded(UNKNOWN, len(word), ()) for word, one in parts]
            self._words |= zip(unseen, found, strict=True)
        return [tuple(self._words[word] for word in words) for words in split]

    def _asked(self, codes: Sequence[bytes]) -> list[tuple[Decoded, ...]]:
        if not codes:
            return []
        # A byte a line, so that the line of a warning says where it is; empty brackets keep one piece apart from the next.
        text = "".join(_lines(code) for code in codes)
        done = run(self._argv, stdin=text, timeout=self._seconds)
        if "no disassembler for target" in done.stderr:
            raise InputError("the backend has no disassembler, with which the simulator decodes", self._argv[0], _COMPLETE)
        if done.timed_out or done.returncode < 0 or (done.returncode and "invalid" not in done.stderr):
            done.check(_BUILD)
        bad = {int(line) - 1 for line in _INVALID.findall(done.stderr)}
        given = iter(self._parsed(done))
        found: list[tuple[Decoded, ...]] = []
        start = 0
        for code in codes:
            found.append(self._walk(len(code), bad, start, given, done))
            start += len(code) + 1
        if next(given, None) is not None:
            raise self._odd(done, "it prints more instructions than the code has")
        return found

    def _walk(self, size: int, bad: set[int], start: int, given: Iterator[Decoded], done: Completed) -> tuple[Decoded, ...]:
        """Returns the instructions of a piece of code of ``size`` bytes, whose first byte stands on line ``start`` of the input."""
        found: list[Decoded] = []
        at = 0
        while at < size:
            if start + at in bad:  # the disassembler goes on where the next instruction may begin
                one = Decoded(UNKNOWN, self._step if size - at >= self._step else 1, ())
            else:
                one = next(given, None)
                if one is None:
                    raise self._odd(done, f"it prints nothing for byte {at} of {size}")
            found.append(one)
            at += one.size
        if at != size:
            raise self._odd(done, f"its last instruction of {size} bytes of code ends at byte {at}")
        return tuple(found)

    def _parsed(self, done: Completed) -> list[Decoded]:
        found: list[Decoded] = []
        record, size, operands = -1, 0, list[int]()
        for name, kind, value in _ITEM.findall(done.stdout):
            if name:
                if record >= 0:
                    found.append(self._made(record, size, operands))
                if name not in self._records:
                    raise self._odd(done, f"it prints an instruction {name}, which the .td does not have")
                (record, size), operands = self._records[name], []
            elif kind == "Imm":
                operands.append(int(value))
            elif kind == "Reg" and value in self._registers:
                operands.append(self._registers[value])
            else:
                raise self._odd(done, f"it prints an operand {kind}:{value}, which is neither a number nor a register of the .td")
            if len(operands) > MAX_OPERANDS:
                raise self._odd(done, f"it prints an instruction of more than {MAX_OPERANDS} operands")
        if record >= 0:
            found.append(self._made(record, size, operands))
        return found

    def _made(self, record: int, size: int, operands: list[int]) -> Decoded:
        for at, registers in self._by_number.get(record, {}).items():
            operands[at] = registers.get(operands[at], -1)
        return Decoded(record, size, tuple(operands))

    def _odd(self, done: Completed, what: str) -> InputError:
        return InputError(f"llvm-mc does not decode as the .td says: {what}", self._argv[0], _BUILD)


def _by_number(d: Description) -> dict[int, dict[int, dict[int, int]]]:
    """Returns instruction -> operand that holds the number of a register as an immediate -> that number -> the register, by indices."""
    s = Selections(d)
    members = {c.name: frozenset(c.members) for c in d.register_classes}
    made: dict[int, dict[int, dict[int, int]]] = {}
    for n, i in enumerate(d.instructions):
        for at, name in numbered_registers(s, i.name).items():
            made.setdefault(n, {})[at] = {r.encoding: index for index, r in enumerate(d.registers) if r.name in members[name]}
    return made


def numbered(d: Description) -> list[str]:
    """Returns the registers in the order of their numbers in LLVM, from 1.

    TableGen sorts them by the number of letters-and-digits parts in the name, then by the letters, then by the digits, shorter ones first
    (llvm/TableGen/Record.h, LessRecordRegister); those it makes of tuples follow."""
    made = {r.name for r in d.registers if len(r.subregisters) > 1 and r.name == "_".join(r.subregisters)}
    return [*sorted((r.name for r in d.registers if r.name not in made), key=_rank), *(r.name for r in d.registers if r.name in made)]


def _rank(name: str) -> tuple[int, list[str], list[tuple[int, int]]]:
    parts = re.findall(r"\d+|\D+", name)
    return len(parts), parts[::2], [(len(p), int(p)) for p in parts[1::2]]


def _lines(code: bytes) -> str:
    return "".join(f"{byte:#04x}\n" for byte in code) + "[]\n"
