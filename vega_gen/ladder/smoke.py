"""The smoke suite: small programs of LLVM IR in ``templates/programs``, each with the exit status that it must end with.

Enters: a word's and a pointer's width, the legal integer widths. Leaves: programs, and the helper functions that they may call.
It compiles and runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vega_gen import resources
from vega_gen.errors import NotFoundError

_FOLDER = "templates/programs"
_END = ".ll.j2"
_EXPECT = re.compile(r"^; EXPECT: (\d+)$", re.M)


@dataclass(frozen=True, slots=True)
class Program:
    """``name``: the template's. ``text``: LLVM IR without triple and data layout, for every LLVM that knows opaque pointers.
    ``expected``: what ``main`` returns, 0 to 255."""

    name: str
    text: str
    expected: int


def programs(widths: Sequence[int], pointer_bits: int) -> tuple[Program, ...]:
    """The programs, by name. ``widths``: the legal integer widths in bits, of which the largest is the word that ``main`` returns.

    Raises ``NotFoundError`` for a program that does not say what it returns.
    """
    made: list[Program] = []
    for path in sorted(resources.folder(_FOLDER).glob(f"*{_END}")):
        name = path.name.removesuffix(_END)
        text = _rendered(path.name, widths, pointer_bits)
        expected = _EXPECT.search(text)
        if expected is None:
            raise NotFoundError("no line '; EXPECT: <number>'", str(path), "say which number main returns")
        made.append(Program(name, text, int(expected[1])))
    return tuple(made)


def helpers(widths: Sequence[int], pointer_bits: int) -> dict[str, str]:
    """Function that compiled code may call without a declaration (``__divdi3``, ``memcpy``) -> LLVM IR that defines it."""
    paths = sorted((resources.folder(_FOLDER) / "runtime").glob(f"*{_END}"))
    return {path.name.removesuffix(_END): _rendered(f"runtime/{path.name}", widths, pointer_bits) for path in paths}


def _rendered(template: str, widths: Sequence[int], pointer_bits: int) -> str:
    word_bits = max(widths)
    text: str = (
        resources.environment(_FOLDER)
        .get_template(template)
        .render(widths=sorted(widths), word_bits=word_bits, word=f"i{word_bits}", pointer_bits=pointer_bits)
    )
    return text
