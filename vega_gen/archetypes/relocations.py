"""Which relocation stands for each fixup and for data of each width: those that the target's list has, else names of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from vega_gen.archetypes.doubtful import Doubtful
from vega_gen.cxx.interface import Interface
from vega_gen.facts.doubts import BY_DEFAULT, BY_NAME, Doubt
from vega_gen.facts.fixups import FixedOperand, Fixup
from vega_gen.records import Description

_COMPUTED = re.compile(r"ADD|SUB|SET|GOT|TLS|TPREL|DTP|ALIGN|RELAX|COPY")
"""What relocations are called that stand for more than an address or a distance."""
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


def chosen_relocations(d: Description, kinds: Sequence[Fixup], users: Sequence[FixedOperand]) -> dict[str, str]:
    """Returns the width of data or the name of a fixup -> its relocation; of data "" if the description has none.

    Those of the description are matched to fixups by part of the address, use and width. A fixup that none stands for has one of its own,
    and so has one of two operands of an instruction that would share a relocation: nothing would tell them apart. A target whose ABI lists
    none has one of its own for each, in the order of ``relocation_names``."""
    prefix = relocation_prefix(d.relocations) if d.relocations else f"R_{d.name.upper()}_"
    own = {name: f"{prefix}{said}" for name, said in relocation_names(kinds).items()}
    if not d.relocations:
        return own
    short = {r: r.upper().removeprefix(prefix) for r in d.relocations}
    chosen = {name: next((r for r, s in short.items() if s in (name, f"ABS{name}", f"DIR{name}")), "") for name in own}
    records = [frozenset(r for u in users if u.fixup == n for r in u.records) for n in range(len(kinds))]
    for n, k in enumerate(kinds):
        plain = {r: s for r, s in short.items() if not _COMPUTED.search(s)}
        likely = {r: s for r, s in plain.items() if (k.part.upper() in s if k.part else not re.search(r"HI|LO|NONE|^\d+$", s))}
        preferred = [re.compile(_RELOCATION_NAMES[k.use])] if k.use else []
        wide = re.compile(rf"(?<!\d){k.bits}(?!\d)")
        best = max(likely, key=lambda r: ([bool(p.search(short[r])) for p in preferred], bool(wide.search(short[r])), -len(r)), default="")
        told = best and (k.part or wide.search(short[best]) or any(p.search(short[best]) for p in preferred))
        matched = own[k.name] if own[k.name] in short else best if told else ""
        matched = "" if k.extended else matched  # no single relocation of an ABI is for two instructions
        shared = any(chosen[other.name] == matched and records[at] & records[n] for at, other in enumerate(kinds[:n]))
        chosen[k.name] = own[k.name] if shared or not matched else matched
    chosen["NONE"] = chosen["NONE"] or d.relocations[0]
    return chosen


def relocation_numbers(d: Description, chosen: Mapping[str, str]) -> dict[str, int]:
    """Returns relocation -> its number in objects: what the target's list says; those that it does not have follow, in the order of
    ``chosen``, which ``chosen_relocations`` gives."""
    told = [int(number) for number in d.data.get("Relocation.numbers", "").split()]
    found = dict(zip(d.relocations, told if len(told) == len(d.relocations) else range(len(d.relocations)), strict=True))
    for name in filter(None, chosen.values()):
        found.setdefault(name, max(found.values(), default=-1) + 1)
    return found


def relocation_values(d: Description, kinds: Sequence[Fixup], users: Sequence[FixedOperand], llvm: Interface) -> dict[str, Any]:
    """Returns what the object writer's template needs to know of relocations.

    ``relocations``: (name, number) of each that LLVM's headers do not define. ``reloc`` maps the width of data or the name of a fixup to a
    relocation, "" if there is none for it."""
    chosen = chosen_relocations(d, kinds, users)
    numbers = relocation_numbers(d, chosen)
    known = d.relocations if d.relocations and llvm.mentions("llvm/BinaryFormat/ELF.h", f"ELFRelocs/{d.folder}.def") else ()
    full = {name: f"ELF::{r}" if r in known else r for name, r in chosen.items()}
    prefix, said = relocation_prefix(d.relocations) if d.relocations else "", relocation_names(kinds)
    for k in kinds if d.relocations else ():
        r = chosen[k.name]
        if r not in d.relocations:
            full[k.name] = Doubtful(full[k.name], Doubt(BY_DEFAULT, f"no relocation that is listed stands for this fixup: {r} is made up"))
        elif r != f"{prefix}{said[k.name]}":  # one that is not named like its fixup is only a likely match
            full[k.name] = Doubtful(full[k.name], Doubt(BY_NAME, f"{r} is matched to this fixup by its name alone"))
    return {"relocations": [(name, number) for name, number in numbers.items() if name not in known], "reloc": full.__getitem__}
