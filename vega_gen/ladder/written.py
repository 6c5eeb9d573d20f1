"""Write instructions as assembly text from the .td alone, together with the field values that they must encode to.

Only the AsmString is known here, so instructions with operands that have their own parser (ParserMethod) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vega_gen.ladder.encodings import fields, numbers, place
from vega_gen.records import Description, Instruction

_OPERAND = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_VARIANTS = re.compile(r"(?<!\$)\{([^{}|]*)(?:\|[^{}]*)\}")


@dataclass(frozen=True, slots=True)
class WrittenInstruction:
    """A line of assembly. ``values``: (field, value) that it must encode to; ``mask``: the bits of these fields in the encoding."""

    instruction: Instruction
    text: str
    values: tuple[tuple[str, int], ...]
    mask: int


def written(description: Description, instruction: Instruction) -> tuple[WrittenInstruction, ...]:
    """Two lines of the instruction: one with the first register of each class and 0 for numbers, one with the last register and 1.

    () if an operand has sub-operands or its own parser. Numbers with an EncoderMethod and distances, which may
    count in units, are not in ``values``.
    """
    names = [a or b for a, b in _OPERAND.findall(_VARIANTS.sub(r"\1", instruction.asm))]
    types = {o.name: o.type for o in (*instruction.outs, *instruction.ins)}
    widths = fields(instruction)
    operands = {o.name: o for o in description.operand_classes}
    choices: dict[str, tuple[tuple[str, int], tuple[str, int]]] = {}
    free: set[str] = set()
    for name in names:
        operand = operands.get(types.get(name, ""))
        if name not in widths or operand is None or operand.sub_operands:
            return ()
        if operand.register_class:
            known = numbers(description, instruction, name, widths[name])
            if not known:
                return ()
            choices[name] = (known[min(known)], min(known)), (known[max(known)], max(known))
        elif operand.parser_method:
            return ()
        else:
            choices[name] = ("0", 0), ("1", 1)
            free |= {name} if operand.encoder_method or operand.type == "OtherVT" else set()
    mask = _mask(instruction, choices.keys() - free)
    lines: dict[str, WrittenInstruction] = {}
    for which in (0, 1):
        values = {name: choices[name][which] for name in choices}
        text = _OPERAND.sub(lambda found, v=values: v[found[1] or found[2]][0], _VARIANTS.sub(r"\1", instruction.asm))
        lines[text] = WrittenInstruction(instruction, text, tuple((n, v[1]) for n, v in values.items() if n not in free), mask)
    return tuple(lines.values())


def _mask(instruction: Instruction, names: set[str]) -> int:
    mask = 0
    for bit in instruction.encoding:
        at = place(bit)
        mask = mask << 1 | int(at is not None and at[0] in names)
    return mask
