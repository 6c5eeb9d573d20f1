"""Computes the assembly syntax of instructions for the template of the text parser.

That parser is for targets whose .td files have no AsmParser record, so that TableGen generates no matcher.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.records import PART_OF_OTHERS, Description, Instruction

_VARIANTS = re.compile(r"\{([^|{}]*)(?:\|[^{}]*)?\}")
_OPERAND = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_LEFT_OUT = frozenset({"isPseudo", "isCodeGenOnly", PART_OF_OTHERS})


def texts(d: Description, worded: Collection[str]) -> list[dict[str, Any]]:
    """Returns the syntax of each instruction that can be parsed.

    ``worded``: operand types that are part of the mnemonic. In a result, ``text`` has the character n (octal escape, from 1) for operand n
    of the MCInst, and ``parts`` says how each operand is read or made. Shorter encodings and narrower immediates come first, so that the
    first match is the shortest."""
    s = Selections(d)
    found: list[tuple[tuple[int, int], dict[str, Any]]] = []
    for i in d.instructions:
        if any(b in "01" for b in i.encoding) and not i.flags & _LEFT_OUT and i.asm:
            slots = s.operands(i.name)
            parts = [_part(d, s, i, n, slots, worded) for n in range(len(slots))]
            text = _text(i, slots)
            bits = sum(s.immediate(i.name, slot).bits for slot in slots if slot.kind is not OperandKind.REG)
            if text:
                found.append(((i.size, bits), {"record": i.name, "text": text, "parts": parts}))
    return [form for _, form in sorted(found, key=lambda pair: pair[0])]


def _text(i: Instruction, slots: tuple[OperandInfo, ...]) -> str:
    first: dict[str, int] = {}
    for n, slot in enumerate(slots):
        first.setdefault(slot.name, n)
    variants = _VARIANTS.sub(lambda m: m[0] if i.asm[: m.start()].endswith("$") else m[1], i.asm)
    pieces = _OPERAND.sub(lambda m: f"${m[1] or m[2]}$", variants).split("$")
    if len(pieces) % 2 == 0 or any(name not in first for name in pieces[1::2]):
        return ""
    return "".join(_quoted(piece) if n % 2 == 0 else f"\\{first[piece] + 1:03o}" for n, piece in enumerate(pieces))


def _quoted(text: str) -> str:
    """Returns the text escaped for a C++ string literal, with each run of white space as one space."""
    return re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace('"', '\\"')


def _part(d: Description, s: Selections, i: Instruction, n: int, slots: tuple[OperandInfo, ...], worded: Collection[str]) -> dict[str, Any]:
    """Returns how operand ``n`` of the MCInst is read.

    ``kind``: "reg", "number", "word" (a number in the mnemonic), "memory" (a base, written after its offset), "offset" (read together with
    the base before it), "same" (a copy of operand ``other``) or "none" (0)."""
    slot = slots[n]
    types = {o.name: o.type for o in (*i.outs, *i.ins)}
    named = {a or b for a, b in _OPERAND.findall(i.asm)}
    made: dict[str, Any] = {"kind": "none", "other": 0, "register_class": "", "low": 0, "high": 0}
    if slot.name not in named:
        other = next((m for m, o in enumerate(slots) if o.name == slot.tied), -1)
        return made | ({"kind": "same", "other": other} if slot.tied and other >= 0 else {})
    if slot.kind is OperandKind.REG:
        known = s.operand_classes.get(slot.type)
        name = known.register_class if known and known.register_class else slot.type
        memory = slot.part == 0 and sum(o.name == slot.name for o in slots) > 1
        return made | {"kind": "memory" if memory else "reg" if slot.part <= 0 else "none", "register_class": name}
    if slot.part > 0:
        base = slots[n - 1]
        made["kind"] = "offset" if slot.part == 1 and base.kind is OperandKind.REG else "none"
    else:
        made["kind"] = "word" if types[slot.name] in worded else "number"
    r = s.immediate(i.name, slot)
    return made | {"low": r.low, "high": min(max(r.high, Range(r.bits, False, r.shift).high), (1 << 63) - 1)}
