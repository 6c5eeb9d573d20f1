"""The pseudo instruction that sets a register to any number or address by a prefix and an addition, which must stay together."""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.prefixes import PREFIXED


def part(lacking: Lacking) -> str:
    """Returns the pseudo instruction, "" where there is no prefix or nothing to add with."""
    m = lacking.m
    if not m.prefix or not m.add_immediate or not m.zero or m.add_immediate.tied:
        return ""
    size = lacking.instruction(m.prefix).size + lacking.instruction(m.add_immediate).size
    return "\n".join([
        f"// Sets a register to any number: {m.prefix.record} gives {m.add_immediate.record} the upper bits.",
        f"let {lacking.pseudo}, hasSideEffects = 0, mayLoad = 0, mayStore = 0, isReMaterializable = 1 in",
        f"def {PREFIXED} : Instruction {{",
        f"  let OutOperandList = (outs {m.gpr}:$dst);",
        f"  let InOperandList = (ins {m.type}imm:$imm);",
        f"  let Size = {size};",
        "}",
    ])  # fmt: skip
