"""The TableGen that a target's .td files lack for the user's LLVM.

Some of LLVM's own instructions have operands that hold a pointer. Since LLVM 22, llvm-tblgen makes no instruction table for a target whose
.td files do not say of which register class they are; until then the target's C++ says it, and a .td file that said it was refused
(llvm/Target/Target.td, ``PointerLikeRegClass``).
"""

from __future__ import annotations

import re

from vega_gen.facts import find_facts
from vega_gen.records import Description

_MULTICLASS = "RemapAllTargetPseudoPointerOperands"
_SAID = re.compile(rf"\b(?:{_MULTICLASS}|RemapPointerOperands|TargetSpecializedStandardPseudoInstruction)\b")


def completion(d: Description, own: str, target_td: str) -> str:
    """Returns the lines to put behind a target's main .td file, "" where nothing is lacking.

    ``own``: the text of the target's .td files. ``target_td``: that of LLVM's llvm/Target/Target.td."""
    if not may_lack(own, target_td):
        return ""
    pointers = find_facts(d).gpr
    if not pointers:
        return ""
    return f"\n// The register class of pointers, for LLVM's own instructions that have one.\ndefm : {_MULTICLASS}<{pointers}>;\n"


def may_lack(own: str, target_td: str) -> bool:
    """Whether ``completion`` can be other than "", whatever the .td files describe."""
    return f"multiclass {_MULTICLASS}" in target_td and not _SAID.search(own)
