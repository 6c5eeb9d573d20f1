"""Says what stands in the assembly strings of a target's instructions, which its parser has to tell apart."""

from __future__ import annotations

import re

from vega_gen.records import Description

_FORMS = {
    "literal_base": r".*[\s,]\(\$",
    "signed_names": r"[\w.]+[-+](\s|$)",
    "hash_prefix": r".*#\$",
    "suffixed": r".*\$\{?\w+\}?\.\w",
    "dotted": r"\w+\.\$",
    "begins_with_equation": r"\$\{?\w+\}?\s*=",
    "begins_with_star": r"\*",
}
"""Name in the templates -> how an assembly string begins that has it: a base in parentheses; a mnemonic that ends in a sign; a number sign
before an operand; a point and a word behind a register, or an operand behind a mnemonic and a point; an equation; a star."""


def string_values(d: Description) -> dict[str, bool]:
    """Returns for each of these forms whether an instruction has it."""
    return {name: any(re.match(form, i.asm, re.DOTALL) for i in d.instructions) for name, form in _FORMS.items()}
