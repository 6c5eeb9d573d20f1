"""The register class of pointers, for those of LLVM's own instructions that have operands that hold a pointer.

Since LLVM 22, llvm-tblgen makes no instruction table for a target whose .td files do not say of which register class they are; until then
the target's C++ says it, and a .td file that said it was refused (llvm/Target/Target.td, ``PointerLikeRegClass``).
"""

from __future__ import annotations

import re

from vega_gen.archetypes.completion.lacking import Lacking

_MULTICLASS = "RemapAllTargetPseudoPointerOperands"
_SAID = re.compile(rf"\b(?:{_MULTICLASS}|RemapPointerOperands|TargetSpecializedStandardPseudoInstruction)\b")


def part(lacking: Lacking, target_td: str) -> str:
    """Returns the lines for the pointers' class, "" where they are not lacking. ``target_td``: the text of llvm/Target/Target.td."""
    if not may_lack(lacking.own, target_td) or not lacking.m.gpr:
        return ""
    return f"// The register class of pointers, for LLVM's own instructions that have one.\ndefm : {_MULTICLASS}<{lacking.m.gpr}>;\n"


def may_lack(own: str, target_td: str) -> bool:
    """Whether ``part`` can be other than "", whatever the .td files describe."""
    return f"multiclass {_MULTICLASS}" in target_td and not _SAID.search(own)
