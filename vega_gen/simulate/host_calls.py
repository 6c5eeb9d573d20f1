"""Compares a program's declarations of host functions with what these take, before it runs.

A function that is declared with other arguments reads what happens to lie in the registers of its own; nothing at run time tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from vega_gen.errors import InputError

_DECLARED = re.compile(r'^declare ([^@\n]*)@"?([\w.$]+)"?\((.*)\)', re.MULTILINE)
_INTEGER = re.compile(r"i(\d+)")
_FIXED = {"h": 16, "s": 32, "d": 64, "t": 128}
_SAID = {"v": "void", "i": "int", "l": "long", "p": "a pointer", "z": "size_t", "f": "float", "e": "double", ".": "variable arguments"}
_VOID, _POINTER, _FLOAT, _DOUBLE, _MORE = "void", "ptr", "float", "double", "..."


def check_declarations(ir: Path, signatures: Mapping[str, str], bits: int) -> None:
    """Raises InputError for the first declaration in ``ir``, a file of LLVM IR, of a host function that takes other arguments.

    ``signatures``: name -> letters, as templates/simulator/library.c lists them; ``bits``: of a word of the target. What is compared is
    what the calling convention sees: how many arguments there are, whether each is an integer, an address or a floating-point number, and
    how many words it takes. A result that the declaration leaves out is not read, so ``void`` serves for all."""
    text = ir.read_text(encoding="utf-8")
    for found in _DECLARED.finditer(text):
        known = signatures.get(found[2])
        if known is None:
            continue
        result, given = found[1].split()[-1], [part.split()[0] for part in _parts(found[3])]
        wanted = known[1:]
        if (
            len(given) == len(wanted)
            and all(_same(a, b, bits) for a, b in zip(given, wanted, strict=True))
            and (result == _VOID or _same(result, known[0], bits))
        ):
            continue
        line = text.count("\n", 0, found.start()) + 1
        takes = ", ".join(_name(letter) for letter in wanted) or "nothing"
        declared = ", ".join(given) or "nothing"
        what = f"{found[2]} is declared to take {declared} and to give {result}; the host's takes {takes} and gives {_name(known[0])}"
        raise InputError(what, f"{ir}:{line}", "declare it as the C library does, or define a function of another name")


def _parts(text: str) -> Iterator[str]:
    """Yields what commas outside brackets separate."""
    depth = start = 0
    for at, c in enumerate(text + ","):
        depth += (c in "([{<") - (c in ")]}>")
        if c == "," and not depth:
            if text[start:at].strip():
                yield text[start:at]
            start = at + 1


def _same(given: str, letter: str, bits: int) -> bool:
    """Whether a type of LLVM's is passed as the host's type is."""
    if letter in "vfe.":
        return given == {"v": _VOID, "f": _FLOAT, "e": _DOUBLE, ".": _MORE}[letter]
    width = bits if given == _POINTER else int(whole[1]) if (whole := _INTEGER.fullmatch(given)) else 0
    return width > 0 and -(-width // bits) == -(-_width(letter, bits) // bits)


def _width(letter: str, bits: int) -> int:
    """Returns the bits of a host function's integer or address."""
    least = {"i": min(bits, 32), "l": max(bits, 32), "p": bits, "z": bits}
    return least[letter] if letter in least else _FIXED[letter.lower()]


def _name(letter: str) -> str:
    return _SAID.get(letter) or f"{_FIXED[letter.lower()]} bits"
