"""Computes the instruction encodings for the machine code emitter's template, for targets that TableGen's emitter refuses."""

from __future__ import annotations

import re
from typing import Any

from vega_gen.facts.operand_fields import own_fields, runs_of
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.facts.view import encoded
from vega_gen.records import Description, Instruction
from vega_gen.tablegen.older_encodings import METHOD

_LISTED = re.compile(r"\b\w+ *== *-?\d+")


def own_encodings(d: Description) -> list[dict[str, Any]]:
    """Returns the fixed bits and the operands' bits of every encoded instruction; empty where TableGen can generate the emitter.

    TableGen refuses an encoding with a field that is no operand (CodeEmitterGen.cpp, "No operand named"). Here such a field is 0, unless
    the position of the field says which operand it is (``tablegen.older_encodings``)."""
    real = [i for i in d.instructions if any(b in "01" for b in i.encoding) and "isPseudo" not in i.flags]
    named = all(_fields(i) <= {name for o in (*i.outs, *i.ins) for name in (o.name, *o.parts)} for i in real)
    if named and d.data.get("Encoding.older") != "1":
        return []
    s = Selections(d)
    methods = {o.name: o.encoder_method for o in d.operand_classes}
    found: list[dict[str, Any]] = []
    for i in real:
        types = {o.name: o.type for o in (*i.outs, *i.ins)}
        first: dict[str, int] = {}
        parts: list[tuple[str, str, int]] = []  # the fields of memory operands whose parts have their own
        for index, slot in enumerate(s.operands(i.name)):
            if slot.part >= 0 and (own := own_fields(i, slot.name)):
                parts.append((own[slot.part], slot.type, index))
            else:
                first.setdefault(slot.name, index)
        operands = [
            {"index": at, "method": methods.get(type_name, ""), "runs": runs}
            for name, type_name, at in (*((name, types[name], at) for name, at in first.items()), *parts)
            if (runs := runs_of(s.field(i.name, name)))
        ]
        value = int("".join(b if b in "01" else "0" for b in i.encoding), 2)
        found.append({"record": i.name, "value": f"0x{value:x}ULL", "operands": operands})
    return found


def memory_operands(d: Description) -> list[dict[str, Any]]:
    """Returns the memory operands that are one number in the encoding and have no encoder method: not those whose parts have fields of
    their own.

    TableGen's emitter asks only for the first sub-operand of such an operand, so the template must encode all of them there."""
    s = Selections(d)
    known = {o.name: o for o in d.operand_classes}
    found: dict[tuple[object, ...], list[str]] = {}
    for i in d.instructions:
        types = {o.name: known.get(o.type) for o in (*i.outs, *i.ins)}
        for index, slot in enumerate(s.operands(i.name)):
            kind = types.get(slot.name)
            if slot.part == 0 and kind and not kind.encoder_method and len(kind.sub_operands) > 1 and _whole(s, i, slot.name):
                found.setdefault((index, s.places(i.name, slot.name)), []).append(i.name)
    return [{"index": index, "places": places, "records": records} for (index, places), records in found.items()]


def counted_targets(d: Description) -> dict[int, list[tuple[str, int]]]:
    """Returns how many low bits of a distance instructions do not hold -> those that archetypes encode and decode by fields, with the
    operand's index: no encoder method of the .td's shifts what the decoder shifts back."""
    s = Selections(d)
    known = {o.name: o for o in d.operand_classes}
    found: dict[int, list[tuple[str, int]]] = {}
    for i in d.instructions:
        for index, slot in enumerate(s.operands(i.name) if encoded(i) else ()):
            own = i.decoder_method == METHOD and slot.type in known and not known[slot.type].encoder_method
            if slot.kind is OperandKind.TARGET and own and (shift := s.scale(i.name, slot)):
                found.setdefault(shift, []).append((i.name, index))
    return found


def unplaced(d: Description) -> list[str]:
    """Returns the instructions that have no encoding, and those of whose operands it has no bit: those with bits that nothing says, which
    their decoder method alone knows, and jumps, of which none goes nowhere."""
    s = Selections(d)

    def hidden(i: Instruction) -> bool:
        if not any(b in "01" for b in i.encoding):
            return True
        slots = [slot for slot in s.operands(i.name) if not slot.default]
        told = i.decoder_method and "?" in i.encoding
        return bool(slots) and not _fields(i) and (bool(told) or any(slot.kind is OperandKind.TARGET for slot in slots))

    real = (i for i in d.instructions if encoded(i) and i.encoding)
    return [i.name for i in real if "isPseudo" not in i.flags and hidden(i)]


def coded_types(d: Description) -> frozenset[str]:
    """Returns the operand types that allow a list of numbers and have an encoder method.

    Only the backend's C++ says which code stands for which number of the list."""
    listed = {f.name for f in d.fragments if len(_LISTED.findall(f.code)) > 1}
    return frozenset(o.name for o in d.operand_classes if o.encoder_method and o.name in listed)


def plain_siblings(d: Description) -> list[tuple[str, str]]:
    """Returns (instruction with an operand of ``coded_types``, instruction with the same assembly and a plain immediate there)."""
    coded = coded_types(d)
    codes = {o.name: o.register_class for o in d.operand_classes}

    def key(i: Instruction) -> tuple[object, ...]:
        numbers = {o.name for o in d.operand_classes if o.name in coded or o.name.endswith("imm")}
        held = tuple((o.name, codes.get(o.type) or ("" if o.type in numbers else o.type)) for o in (*i.outs, *i.ins))
        return re.sub(r"[{}]", "", i.asm), len(i.outs), held

    plain = {key(i): i.name for i in d.instructions if i.size and not coded & {o.type for o in i.ins} and "isPseudo" not in i.flags}
    having = [i for i in d.instructions if coded & {o.type for o in i.ins}]
    return [(i.name, plain[key(i)]) for i in having if key(i) in plain]


def _whole(s: Selections, i: Instruction, operand: str) -> bool:
    """Whether an operand has one field for all of its parts."""
    return bool(s.field(i.name, operand)) and not own_fields(i, operand)


def _fields(i: Instruction) -> set[str]:
    return {bit.partition("{")[0] for bit in i.encoding} - {"0", "1", "?"}
