"""Computes what call frame information needs: the numbers by which debuggers and unwinders know registers."""

from __future__ import annotations

from typing import Any

from vega_gen.facts.find import Facts
from vega_gen.records import Description

_METHODS = ("getInitialCFAOffset", "getInitialCFARegister")


def frame_information(d: Description, m: Facts) -> dict[str, Any]:
    """Returns the values of templates that describe frames.

    ``has_cfi``: whether stack and frame pointer have numbers (DwarfRegNum), without which a frame has no address. ``return_register``:
    that of the return address, "" where a call leaves it on the stack; ``link_number``: its number, -1 for none. ``cfi_methods``: the
    methods of TargetFrameLowering that say where frames begin."""
    numbers = {r.name: r.dwarf[0] for r in d.registers if r.dwarf}
    has_cfi = all(numbers.get(register, -1) >= 0 for register in (m.sp, m.fp or m.sp))
    return {
        "has_cfi": has_cfi,
        "return_register": m.returning,
        "link_number": numbers.get(m.returning, -1),
        "cfi_methods": _METHODS if has_cfi else (),
    }
