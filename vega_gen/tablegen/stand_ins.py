"""Finds what pseudo instructions stand for where no PseudoInstExpansion says it.

A pseudo that patterns select and nothing encodes stands for the encoded instruction that has its pattern. That instruction may have
operands more, the parts of an operand that shifts or extends a register; then an alias that gives them numbers says which they are:
``add $d, $a, $b`` is ``(ADDs R:$d, R:$a, R:$b, 0)``. It also stands for what an alias with its own assembly gives:
``$d = zxtb($s)`` is ``(AND R:$d, R:$s, 255)``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vega_gen.records import Description, Instruction
from vega_gen.tablegen.raw import Dag, parse_dag, parse_dags

_Shape = tuple[str, tuple[str, ...]]
"""A pattern with a blank for each operand, and the names of the operands in its order."""


def with_stand_ins(d: Description) -> Description:
    """Returns the description with the expansions of pseudos that have none and stand for an encoded instruction."""
    return _StandIns(d).described()


class _StandIns:
    def __init__(self, d: Description) -> None:
        self._d = d
        self._members = {c.name: frozenset(c.members) for c in d.register_classes}
        self._members |= {o.name: self._members.get(o.register_class, frozenset()) for o in d.operand_classes if o.register_class}
        self._parts = {o.name: o.sub_operands for o in d.operand_classes if len(o.sub_operands) > 1}
        self._aliases: dict[str, list[Dag]] = defaultdict(list)
        for _, given in d.aliases:
            dag = parse_dag(given)
            self._aliases[dag.op].append(dag)
        self._by_text = {_text(asm): given for asm, given in d.aliases}
        self._instructions = {i.name: i for i in d.instructions}
        self._by_shape: dict[str, list[tuple[Instruction, tuple[str, ...]]]] = defaultdict(list)
        for i in d.instructions:
            if _encoded(i) and (shape := _shape(i)):
                self._by_shape[shape[0]].append((i, shape[1]))

    def described(self) -> Description:
        found = tuple(self._told(i) for i in self._d.instructions)
        same = all(a is b for a, b in zip(found, self._d.instructions, strict=True))
        return self._d if same else replace(self._d, instructions=found)

    def _told(self, i: Instruction) -> Instruction:
        """Returns a pseudo with the expansion that is found for it; other instructions as they are."""
        shape = None if _encoded(i) or i.expansion or "usesCustomInserter" in i.flags else _shape(i)
        for real, names in self._by_shape.get(shape[0], ()) if shape else ():
            if shape and (real.defs, real.uses) == (i.defs, i.uses):
                made = self._expansion(i, real, dict(zip(names, shape[1], strict=True)))
                if made:
                    return replace(i, expansion=made)
        made = "" if _encoded(i) or i.expansion or i.flags & {"usesCustomInserter", "isCall"} else self._aliased(i)
        return replace(i, expansion=made) if made else i

    def _aliased(self, pseudo: Instruction) -> str:
        """Returns the dag of the encoded instruction that an alias with the assembly of ``pseudo`` stands for, with just the operands of
        the pseudo and numbers; "" where there is none."""
        given = self._by_text.get(_text(pseudo.asm), "") if pseudo.asm else ""
        dag = parse_dag(given) if given else ""
        real = self._instructions.get(dag.op) if isinstance(dag, Dag) else None
        if not isinstance(dag, Dag) or not real or not _encoded(real) or real.constraints:
            return ""
        types = {o.name: o.type for o in (*pseudo.outs, *pseudo.ins)}

        def told(value: Dag | str, name: str) -> bool:
            return types.get(name) == value if name else isinstance(value, str) and value.lstrip("-").isdigit()

        plain = len(dag.args) == len(real.outs) + len(real.ins) and all(told(*arg) for arg in dag.args)
        return given if plain and {name for _, name in dag.args if name} == types.keys() else ""

    def _expansion(self, pseudo: Instruction, real: Instruction, names: Mapping[str, str]) -> str:
        """Returns the dag of the instruction ``real`` with the operands of ``pseudo``, "" where it does not stand for that.

        ``names``: operand of ``real`` -> that of ``pseudo`` at its place in the pattern."""
        types = {o.name: o.type for o in (*pseudo.outs, *pseudo.ins)}
        operands = (*real.outs, *real.ins)
        if len(operands) != len(names) or types.keys() != {*names.values()}:
            return ""
        wanted: list[tuple[str, str] | None] = []  # type and name of the pseudo's operand, None for a number that an alias gives
        for o in operands:
            given = types.get(names.get(o.name, ""), "")
            parts = self._parts.get(o.type, (o.type,))
            if not given or not (given == parts[0] or self._within(given, parts[0])):
                return ""
            wanted += [(given, names[o.name]), *[None] * (len(parts) - 1)]
        numbers = iter(next(self._left_out(real.name, wanted), ())) if None in wanted else iter(())
        listed = [f"{o[0]}:${o[1]}" if o else next(numbers, "") for o in wanted]
        return f"({real.name} {', '.join(listed)})" if all(listed) else ""

    def _left_out(self, record: str, wanted: Sequence[tuple[str, str] | None]) -> Iterator[tuple[str, ...]]:
        """Yields the numbers that each alias of an instruction gives to the operands that the pseudo does not have."""
        for dag in self._aliases.get(record, ()):
            pairs = list(zip(wanted, dag.args, strict=False))
            if len(dag.args) == len(wanted) and all(self._takes(one, value, name) for one, (value, name) in pairs):
                yield tuple(str(value) for one, (value, _) in pairs if one is None)

    def _takes(self, one: tuple[str, str] | None, value: Dag | str, name: str) -> bool:
        """Whether an alias's argument is a number where the pseudo has no operand, else an operand that holds what the pseudo's does."""
        if isinstance(value, Dag):
            return False
        return bool(name) and (one[0] == value or self._within(one[0], value)) if one else not name and value.lstrip("-").isdigit()

    def _within(self, narrow: str, wide: str) -> bool:
        held = self._members.get(narrow, frozenset())
        return bool(held) and held <= self._members.get(wide, frozenset())


def _text(asm: str) -> str:
    return re.sub(r"\$\{(\w+)\}", r"$\1", asm)


def _encoded(i: Instruction) -> bool:
    return any(bit in "01" for bit in i.encoding) and "isPseudo" not in i.flags


def _shape(i: Instruction) -> _Shape | None:
    """Returns the shape of an instruction's own pattern; None where it has none, or several."""
    dags = parse_dags(i.pattern[1:-1]) if i.pattern.startswith("[") else ()
    if len(dags) != 1 or "null_frag" in i.pattern:
        return None
    names: list[str] = []

    def text(value: Dag | str, name: str) -> str:
        if isinstance(value, Dag):
            return f"({value.op} {' '.join(text(*arg) for arg in value.args)})"
        names.extend([name] if name else [])
        return "_" if name else value

    shape = text(dags[0], "")
    return (shape, tuple(names)) if len(set(names)) == len(names) else None
