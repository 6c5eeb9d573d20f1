"""The moves to and from the register of the return address, where no instruction of the .td has it as an operand.

People leave that register out of the class of general ones, so that it is not allocated, though the field of an operand holds its number
as well. Such a move is that of general registers, with the number of this one in place of an operand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Selections
from vega_gen.records import Instruction, Register


def part(lacking: Lacking) -> str:
    """Returns the two moves, "" where the register is reached or need not be, or its number is one of a general register's or does not
    fit."""
    m, d = lacking.m, lacking.d
    move = m.copies.get(m.gpr)
    link = next((r for r in d.registers if r.name == m.lost_link), None)
    members = {name for c in d.register_classes if c.name == m.gpr for name in c.members}
    taken = {r.encoding for r in d.registers if r.name in members}
    if link is None or move is None or move.roles != (OperandRole.DST, OperandRole.SRC) or link.encoding in taken:
        return ""
    i = lacking.instruction(move)
    made = [_moved(lacking, i, move, link, *one) for one in (("MOVE_FROM_LINK", OperandRole.SRC), ("MOVE_TO_LINK", OperandRole.DST))]
    note = f"// {i.name} with the number of {link.name} for an operand: a call leaves the return address there."
    return "\n".join([note, *made]) if all(made) else ""


def _moved(lacking: Lacking, i: Instruction, move: Operation, link: Register, name: str, role: OperandRole) -> str:
    """Returns the move ``i`` with the operand of a role replaced by ``link``, "" where the operand's field has too few bits."""
    s = Selections(lacking.d)
    operands = s.operands(i.name)
    gone, kept = (operands[move.index(one)] for one in ((role, OperandRole.DST) if role is OperandRole.SRC else (role, OperandRole.SRC)))
    field, other = (tuple(s.field(i.name, one.name)) for one in (gone, kept))
    asm, count = re.subn(rf"\$(?:\{{{gone.name}(?::\w+)?\}}|{gone.name}\b)", link.asm_name, i.asm)
    if not field or not other or count != 1 or link.encoding >> len(field) or '"' in asm:
        return ""
    dags = {True: "outs", False: "ins"}
    lists = {dags[one.out]: f" {one.type}:${one.name}" for one in (kept,)}
    register = "Uses" if role is OperandRole.SRC else "Defs"
    scope = f', DecoderNamespace = "{i.decoder_namespace}"' if i.decoder_namespace else ""
    plain = f"Size = {i.size}, hasSideEffects = 0, mayLoad = 0, mayStore = 0"
    return "\n".join([
        f'let Namespace = "{i.namespace}"{scope}, {plain}, {register} = [{link.name}] in',
        f"def {lacking.name(name)} : Instruction {{",
        f"  let OutOperandList = (outs{lists.get('outs', '')});",
        f"  let InOperandList = (ins{lists.get('ins', '')});",
        f'  let AsmString = "{asm}";',
        f"  bits<{len(other)}> {kept.name};",
        f"  field bits<{len(i.encoding)}> Inst;",
        *_bits(i, kept.name, {at: link.encoding >> bit & 1 for bit, at in field}),
        "}",
    ])  # fmt: skip


def _bits(i: Instruction, operand: str, given: dict[int, int]) -> Iterator[str]:
    """Yields the assignments of the encoding's bits, most significant first. ``operand``: whose bits the .td assigns; those of fields
    that no operand has stay open. ``given``: bit -> its value in place of that in the .td."""
    top = len(i.encoding) - 1
    told = (value if value in "01" or value.startswith(f"{operand}{{") else "?" for value in i.encoding)
    bits = [str(given.get(top - n, value)) for n, value in enumerate(told)]
    for kind, run in groupby(enumerate(bits), key=lambda one: "fixed" if one[1] in "01" else "open" if one[1] == "?" else one[0]):
        places = list(run)
        first, last = top - places[0][0], top - places[-1][0]
        at = f"{first}-{last}" if first != last else str(first)
        value = "".join(value for _, value in places)
        if kind != "open":
            yield f"  let Inst{{{at}}} = {'0b' if kind == 'fixed' else ''}{value};"
