"""Expand TableGen's register set expressions into registers in allocation order, and synthesise register tuples."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vega_gen.tablegen.raw import Dag, Raw, parse_dag


class RegisterSets:
    """Expands set expressions as llvm/lib/TableGen/SetTheory.cpp and CodeGenRegisters.cpp do."""

    def __init__(self, raws: Mapping[str, Raw]) -> None:
        self._raws = raws
        self._done: dict[str, tuple[str, ...]] = {}

    def named(self, name: str) -> tuple[str, ...]:
        """Return the registers a record stands for: a register itself, or the members of a class, tuple or callee-saved list."""
        if name in self._done:
            return self._done[name]
        self._done[name] = ()  # a set that contains itself expands to nothing here; SetTheory rejects it
        raw = self._raws.get(name)
        members: tuple[str, ...] = (name,)
        if raw is not None and "RegisterTuples" in raw.classes:
            members = tuple(register for register, _ in self.tuples(raw))
        elif raw is not None and "Register" not in raw.classes:
            printed = raw.field("MemberList") or raw.field("SaveList")
            members = self.expand(parse_dag(printed)) if printed else ()
        self._done[name] = members
        return members

    def tuples(self, raw: Raw) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the synthesised registers of a RegisterTuples record as (name, parts); the name joins its parts with "_"."""
        columns = [self.expand(dag) for dag in raw.dags("SubRegs")]
        return tuple(("_".join(parts), parts) for parts in zip(*columns, strict=False)) if columns else ()

    def expand(self, dag: Dag | str) -> tuple[str, ...]:
        """Return the registers of a set expression in order, without duplicates."""
        if isinstance(dag, str):
            return self.named(dag)
        args = [arg for arg, _ in dag.args]
        if dag.op == "sequence":
            return self._sequence([str(arg) for arg in args])
        sets = [self.expand(arg) for arg in args if isinstance(arg, Dag) or not arg.lstrip("-").isdigit()]
        number = next((int(arg) for arg in args if isinstance(arg, str) and arg.lstrip("-").isdigit()), 0)
        first = sets[0] if sets else ()
        match dag.op:
            case "sub":
                gone = {item for rest in sets[1:] for item in rest}
                return tuple(item for item in first if item not in gone)
            case "and":
                kept = set(sets[1]) if len(sets) > 1 else set[str]()
                return tuple(item for item in first if item in kept)
            case "shl":
                return first[number:]
            case "trunc":
                return first[:number]
            case "rotl" if first:
                turn = number % len(first)
                return first[turn:] + first[:turn]
            case "rotr" if first:
                turn = -number % len(first)
                return first[turn:] + first[:turn]
            case "decimate":
                return first[:: number or 1]
            case "interleave":
                longest = max((len(s) for s in sets), default=0)
                return tuple(dict.fromkeys(s[i] for i in range(longest) for s in sets if i < len(s)))
            case _:
                return tuple(dict.fromkeys(item for s in sets for item in s))

    def _sequence(self, args: list[str]) -> tuple[str, ...]:
        pattern, first, last = args[0].strip('"'), int(args[1]), int(args[2])
        stride = int(args[3]) if len(args) > 3 else 1
        step = stride if first <= last else -stride
        names: list[str] = []
        for number in range(first, last + (1 if step > 0 else -1), step):
            found = re.sub(r"%[uid]", str(number), pattern)
            names.extend(self.named(found))
        return tuple(dict.fromkeys(names))
