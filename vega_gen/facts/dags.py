"""Takes printed patterns apart: their dags without type casts, and what stands at the ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.tablegen.raw import Dag

_OTHER_NAME = re.compile(r"\((\w+) (?:node:\$\w+(?:, )?)+\)")
_TYPE = re.compile(r"[ifv]\d+|[xX][lL]en\w*|\w*VT|iPTR\w*|Other")


def plain(value: Dag | str) -> Dag | str:
    """Returns a dag without the type casts around it: (load x) for (i32 (load x)), imm for (i32 imm:$i)."""
    while isinstance(value, Dag) and len(value.args) == 1 and _TYPE.fullmatch(value.op):
        value = value.args[0][0]
    return value


def leaves(value: Dag | str, path: tuple[int, ...] = ()) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yields (what stands there, its name, its path of argument indices) for each named argument of a pattern."""
    if isinstance(value, Dag):
        for index, (arg, name) in enumerate(value.args):
            inner = plain(arg)
            name = name or (_inner_name(arg) if isinstance(arg, Dag) and not isinstance(inner, Dag) else "")
            if name:
                yield (inner.op if isinstance(inner, Dag) else inner), name, (*path, index)
            if isinstance(inner, Dag):
                yield from leaves(inner, (*path, index))


def _inner_name(value: Dag) -> str:
    while len(value.args) == 1:
        arg, name = value.args[0]
        if not isinstance(arg, Dag):
            return name
        value = arg
    return ""


def is_special_shift(dag: Dag) -> bool:
    """Whether a pattern shifts or rotates the result of some operation, (srl (bswap $a), 16): that says nothing of shifts of registers."""
    return dag.op in ("shl", "srl", "sra", "rotl", "rotr") and isinstance(plain(dag.args[0][0]), Dag)


def listed(dag: Dag) -> tuple[tuple[Dag | str, str], ...]:
    """Returns the arguments of a result, with the parts of an operand that are listed as ``(ops 14, zero_reg)`` in place of the whole."""
    return tuple(one for arg, name in dag.args for one in (arg.args if isinstance(arg, Dag) and arg.op == "ops" else ((arg, name),)))
