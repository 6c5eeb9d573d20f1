"""Tells which pattern fragments are just other names of an operator."""

from __future__ import annotations

from collections.abc import Collection

from vega_gen.facts.dags import plain
from vega_gen.records import PatternOperator
from vega_gen.tablegen.raw import Dag, parse_dag


def renamed_operator(o: PatternOperator, generic: Collection[str]) -> str:
    """Returns the operator that a fragment only gives another name, (shl node:$a, node:$b), so that some patterns can be told from others
    by it; "" if it does more. ``generic``: LLVM's own operators.

    Of several expansions, as with and without a result of flags, the one that LLVM's own operator is counts. A fragment of any number,
    (i32 imm), is another name for that."""
    if o.opcode or o.code or o.memory or any(name.startswith("Is") for name in o.properties):
        return ""
    if not o.parameters:
        inner = plain(parse_dag(o.dag)) if o.dag.startswith("(") else o.dag
        return "imm" if inner in ("imm", Dag("imm", ())) else ""
    given = [plain(parse_dag(text)) for text in (o.dag, *o.others) if text.startswith("(")]
    named = [one.op for one in given if isinstance(one, Dag) and _passes_on(one, o.parameters)]
    if any(name.startswith("strict_") for name in named):
        return ""
    known = [name for name in named if name in generic]
    return named[0] if len(given) == len(named) == 1 else known[0] if known and o.others else ""


def _passes_on(dag: Dag, parameters: tuple[str, ...]) -> bool:
    return tuple(name if plain(arg) == "node" else "" for arg, name in _uncast(dag)) == parameters


def _uncast(dag: Dag) -> list[tuple[Dag | str, str]]:
    """Returns the arguments of a dag without their type casts: (i32 node:$src) is node:$src."""
    found: list[tuple[Dag | str, str]] = []
    for arg, name in dag.args:
        while isinstance(arg, Dag) and len(arg.args) == 1 and not name and plain(arg) != arg:
            arg, name = arg.args[0]
        found.append((arg, name))
    return found
