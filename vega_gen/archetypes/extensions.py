"""Computes what the machine code emitter does beside the fields of the .td: immediates that reach into the instruction before them, and
bits that the .td leaves open."""

from __future__ import annotations

from typing import Any

from vega_gen.facts.keys import ONES
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.facts.view import encoded
from vega_gen.records import Description


def extension_values(d: Description) -> dict[str, Any]:
    """Returns ``extender``, the record that holds the upper bits of the immediate behind it, "" if there is none, with ``extender_low``,
    how many bits are left to that; ``extended``: the operands that it extends, alike ones together; ``open_ones``: number -> the
    instructions of which these bits are 1 though the .td leaves them open, those of ``usual_ones`` left out."""
    s = Selections(d)
    found: dict[tuple[int, int, int, bool, bool], list[str]] = {}
    for i in d.instructions if s.extenders.record else ():
        for index, slot in enumerate(s.operands(i.name)):
            if encoded(i) and slot.kind is OperandKind.IMM and (e := s.extenders.of(i, slot.name, slot.type)):
                found.setdefault((index, e.bits, e.shift, e.signed, e.always), []).append(i.name)
    keys = ("index", "bits", "shift", "signed", "always")
    extended = [dict(zip(keys, key, strict=True)) | {"records": records} for key, records in found.items()]
    ones = _open_ones(d)
    usual = max(ones, key=lambda bits: len(ones[bits]), default=0)
    return {
        "extender": s.extenders.record, "extender_low": s.extenders.low, "extended": extended,
        "usual_ones": usual, "open_ones": {bits: records for bits, records in ones.items() if bits != usual},
    }  # fmt: skip


def _open_ones(d: Description) -> dict[int, list[str]]:
    given = {key: int(line.value) for key, line in d.given.items() if key.startswith(ONES)}
    found: dict[int, list[str]] = {}
    for i in d.instructions if given else ():
        if encoded(i):
            unset = int("".join("1" if bit == "?" else "0" for bit in i.encoding), 2)
            found.setdefault(given.get(f"{ONES}_of.{i.name}", given.get(ONES, 0)) & unset, []).append(i.name)
    return found
