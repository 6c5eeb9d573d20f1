"""Which relocation stands for each fixup and for data of each width: those that the target's list has, else names of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from vega_gen.archetypes.doubtful import Doubtful
from vega_gen.cxx.interface import Interface
from vega_gen.facts.doubts import BY_NAME, Doubt
from vega_gen.facts.fixups import Fixup
from vega_gen.records import Description

_RELOCATION_NAMES = {"branch": r"BRANCH|^BR|^B\d|PC", "jump": r"JAL|CALL|JUMP|^J\d|PLT", "store": r"_S$|STORE"}


def relocation_names(kinds: Sequence[Fixup]) -> dict[str, str]:
    """Returns the relocations for a target whose ABI defines none: kind of data or fixup -> name after R_<ARCH>_."""
    return {name: name for name in ("NONE", "8", "16", "32", "64", "PCREL32")} | {
        k.name: k.name.upper().removeprefix("FIXUP_") for k in kinds
    }


def relocation_prefix(names: Sequence[str]) -> str:
    """Returns the common prefix of an ABI's relocations ("R_X86_64_"): what stands before NONE.

    Where none is called so, it is the common prefix of all names up to an underscore; the architecture's name may have underscores too."""
    none = next((n for n in names if n.endswith("_NONE")), "")
    if none:
        return none.removesuffix("NONE")
    first, last = min(names), max(names)
    common = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return common[: common.rfind("_") + 1]


def relocation_values(d: Description, kinds: Sequence[Fixup], llvm: Interface) -> dict[str, Any]:
    """Returns the relocations: the description's, matched to fixups by part of the address, use and width, else new ones.

    ``reloc`` maps the width of data or the name of a fixup to a relocation, "" if the description has none for it.
    ``relocation_numbers``: those of the description's list, empty where it says none."""
    prefix = relocation_prefix(d.relocations) if d.relocations else f"R_{d.name.upper()}_"
    own = {name: f"{prefix}{said}" for name, said in relocation_names(kinds).items()}
    if not d.relocations:
        return {"relocations": list(own.values()), "relocations_known": False, "relocation_numbers": {}, "reloc": own.__getitem__}
    known = llvm.mentions("llvm/BinaryFormat/ELF.h", f"ELFRelocs/{d.folder}.def")
    short = {r: r.upper().removeprefix(prefix) for r in d.relocations}
    chosen = {name: next((r for r, s in short.items() if s in (name, f"ABS{name}", f"DIR{name}")), "") for name in own}
    for k in kinds:
        likely = {r: s for r, s in short.items() if (k.part.upper() in s if k.part else not re.search(r"HI|LO|NONE|^\d+$", s))}
        preferred = [re.compile(_RELOCATION_NAMES[k.use])] if k.use else []
        best = max(likely, key=lambda r: ([bool(p.search(short[r])) for p in preferred], str(k.bits) in short[r], -len(r)), default="")
        told = best and (k.part or str(k.bits) in short[best] or any(p.search(short[best]) for p in preferred))
        chosen[k.name] = own[k.name] if own[k.name] in short else best if told else ""
    chosen["NONE"] = chosen["NONE"] or d.relocations[0]
    scope = "ELF::" if known else ""
    full = {name: f"{scope}{r}" if r else "" for name, r in chosen.items()}
    for k in kinds:  # a relocation that is not named like its fixup is only a likely match
        if chosen[k.name] not in ("", own[k.name]):
            full[k.name] = Doubtful(full[k.name], Doubt(BY_NAME, f"{chosen[k.name]} is matched to this fixup by its name alone"))
    numbers = dict(zip(d.relocations, d.data.get("Relocation.numbers", "").split(), strict=False))
    return {"relocations": list(d.relocations), "relocations_known": known, "relocation_numbers": numbers, "reloc": full.__getitem__}
