"""Finds the instructions that add, subtract, combine and shift pointer-sized registers, with a register or an immediate."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.choosing import Choice
from vega_gen.facts.memory import PART_STORE, load_names
from vega_gen.facts.named import Computed, named
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, is_symbol, leaf_name
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Evidence

_BY_NAME = {"add": r"add\.?i\w*", "or": r"or\.?i\w*", "shl": r"s[hl]l\.?i\w*|slli\w*|lsli?|shli"}
"""Operator -> regular expression of the mnemonics of its immediate form, for instructions without a pattern."""
_MEMORY = frozenset({"isPseudo", "mayLoad", "mayStore"})


def binary(v: TargetView, root: str, second: OperandKind) -> Operation | None:
    """Returns the instruction that computes ``(root a b)`` on pointer-sized registers, None if there is none; see ``binaries``."""
    return next((choice.value for choice in binaries(v, root, second)), None)


def binaries(v: TargetView, root: str, second: OperandKind) -> Iterator[Choice[Operation]]:
    """Yields the instructions that compute ``(root a b)`` on pointer-sized registers, best first.

    ``second``: whether b is a register or an immediate. Patterns go before mnemonics. Of several that a
    pattern selects, the one that takes the most registers goes first, then the one that clobbers least, then the one with the widest
    immediate, then the one that needs the fewest predicates, then the one with the shortest mnemonic: that of an addition with carry is
    longer; for "add", one with a signed immediate goes before all of these."""
    found: list[tuple[tuple[int, ...], Operation]] = []
    last = OperandRole.IMM if second is OperandKind.IMM else OperandRole.SRC2
    judged = {c.name for c in v.d.complex_patterns}  # C++ says which nodes they match
    for s in v.selections.of(root):
        i = v.selections.instructions[s.record]
        if len(s.dag.args) != 2 or len(i.outs) != 1 or i.flags & _MEMORY or not v.holds(i.outs[0].type):
            continue

        def name(operand: OperandInfo, _: int, s: Selection = s) -> OperandRole | None:
            if operand.out:
                return OperandRole.DST
            path = s.paths.get(operand.name)
            if path is None:
                return OperandRole.NONE if operand.kind is OperandKind.IMM else None
            if len(path) != 1:
                return None
            if path[0] == 0:
                return OperandRole.SRC if operand.kind is OperandKind.REG and v.holds(operand.type) else None
            if second is OperandKind.REG and operand.part > 0 and operand.kind is OperandKind.IMM:
                return OperandRole.NONE  # how far the register before it is shifted
            if second is OperandKind.IMM and operand.part == 0 and may_be_absent(v.d, operand.type):
                return OperandRole.FIXED  # the amount of a shift is written as an address: here without a base
            if operand.kind is not second:
                return None
            if second is OperandKind.IMM:
                leaf = leaf_name(s.dag, path)
                said = v.selections
                if is_symbol(leaf):
                    return None
                return None if said.is_upper(operand.type) or said.is_upper(leaf) or said.is_changed(leaf) else last
            # A register and how far it is shifted stand for any register: shifted by 0.
            whole = operand.part >= 0 or leaf_name(s.dag, path) not in judged
            return last if v.holds(operand.type) and whole else None

        made = v.operation(s.record, name, s.fixed, v.selections.leaves(s))
        uncoded = second is OperandKind.IMM and bool(made and made.range and not made.range.bits)
        if made and not uncoded and {OperandRole.DST, OperandRole.SRC, last} <= set(made.roles):
            bits = made.range.bits if made.range else 0
            signed = bool(made.range and made.range.signed)
            rank = (int(signed and root == "add"), v.generality(s.record), -len(i.defs), bits, -len(i.predicates), -len(mnemonic(i)))
            found.append((rank, made))
    for _, op in sorted(found, key=lambda pair: pair[0], reverse=True):
        yield Choice(op, Evidence.PATTERN, f"a pattern of {root} selects {op.record}")
    yield from named(v).get(Computed(root, second is OperandKind.IMM), ())
    if second is OperandKind.IMM and root in _BY_NAME:
        for op in _by_mnemonic(v, _BY_NAME[root]):
            yield Choice(op, Evidence.ASSEMBLY, f"{op.record} is recognised by its mnemonic alone")


def _by_mnemonic(v: TargetView, pattern: str) -> Iterator[Operation]:
    """Yields the instructions whose mnemonic matches ``pattern`` and that define a register from a register and an immediate."""

    def name(operand: OperandInfo, _: int) -> OperandRole | None:
        return OperandRole.DST if operand.out else OperandRole.SRC if operand.kind is OperandKind.REG else OperandRole.IMM

    for i in v.d.instructions:
        word = mnemonic(i)
        if word and re.fullmatch(pattern, word) and not i.flags & {*_MEMORY, "isBranch"}:
            made = v.operation(i.name, name)
            if made and sorted(made.free) == sorted((OperandRole.DST, OperandRole.SRC, OperandRole.IMM)):
                yield made


def legal_operators(v: TargetView) -> frozenset[str]:
    """Returns the outermost operators of the patterns that instructions with an encoding implement.

    A sign extension in a register has its width too ("sext_inregi8"). Operators that only pseudo instructions implement are left out:
    their expansion is in the backend's C++, not in the .td."""
    instructions = v.selections.instructions
    real = {i.name for i in v.d.instructions if encoded(i) and not i.flags & {"isPseudo", "usesCustomInserter"}}
    real |= {i.name for i in v.d.instructions if i.name.startswith(PART_STORE)}
    whole = [instructions[name] for name in real if instructions[name].pattern]
    outer = {next((n for n in i.nodes if n not in ("set", "implicit")), "") for i in whole}
    roots = {root for root, sets in v.selections.given.items() if any(names <= real for names in sets)}
    extended = {f"sext_inreg{leaf_name(s.dag, (1,))}" for s in v.selections.of("sext_inreg")
                if s.record in real and any(v.holds(o.type) for o in instructions[s.record].outs)}  # fmt: skip
    loads = {name for root in roots for name in load_names(v, root)}
    return frozenset((outer | roots | extended | loads) - {""})


def carries(v: TargetView) -> frozenset[str]:
    """Returns the carry operators (addc and adde, subc and sube) that instructions implement; a pair counts only as a whole."""
    pairs = (("addc", "adde"), ("subc", "sube"))
    return frozenset(n for pair in pairs if all(binary(v, root, OperandKind.REG) for root in pair) for n in pair)
