"""The smoke suite: small programs in LLVM IR, each with the exit status that it must return.

They are rendered from ``templates/programs`` for the target's pointer width and legal integer widths.
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
    """One smoke program.

    ``text``: LLVM IR with opaque pointers, without triple and data layout. ``expected``: what ``main`` returns, 0 to 255.
    """

    name: str
    text: str
    expected: int


def programs(widths: Sequence[int], pointer_bits: int) -> tuple[Program, ...]:
    """All programs, sorted by name. ``widths``: the legal integer widths in bits; ``main`` returns the largest.

    Raises ``NotFoundError`` if a template has no ``; EXPECT: <number>`` line.
    """
    made: list[Program] = []
    for path in sorted(resources.folder(_FOLDER).glob(f"*{_END}")):
        name = path.name.removesuffix(_END)
        text = _rendered(path.name, widths, pointer_bits)
        expected = _EXPECT.search(text)
        if expected is None:
            raise NotFoundError("the program has no line '; EXPECT: <number>'", str(path), "add it, with the number that main returns")
        made.append(Program(name, text, int(expected[1])))
    return tuple(made)


def start(widths: Sequence[int], pointer_bits: int) -> str:
    """LLVM IR of ``_start``, which stores main's result to ``__exit_status`` and calls ``__exit``."""
    return _rendered(f"start/start{_END}", widths, pointer_bits)


def helpers(widths: Sequence[int], pointer_bits: int) -> dict[str, str]:
    """Runtime function that the compiler may call by itself (``__divdi3``, ``memcpy``) -> LLVM IR that defines it."""
    paths = sorted((resources.folder(_FOLDER) / "runtime").glob(f"*{_END}"))
    return {path.name.removesuffix(_END): _rendered(f"runtime/{path.name}", widths, pointer_bits) for path in paths}


def _rendered(template: str, widths: Sequence[int], pointer_bits: int) -> str:
    word_bits = max(widths)
    text: str = (
        resources.environment(_FOLDER)
        .get_template(template)
        .render(
            widths=sorted(widths),
            word_bits=word_bits,
            word=f"i{word_bits}",
            int_bits=max(16, min(32, word_bits)),
            pointer_bits=pointer_bits,
        )
    )
    return text
