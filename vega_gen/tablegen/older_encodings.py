"""Reads encodings as descriptions from before LLVM 3.9 mean them, which today's llvm-tblgen makes no emitter and no decoder of.

There, fields that no operand names are those of the operands in their order (CodeEmitterGen.cpp, "positional operands"), instructions need
no Size, an encoding may be numbered from the left without ``isLittleEndianEncoding``, and what C++ expands may have an opcode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from vega_gen.records import Instruction, InstructionOperand, OperandClass
from vega_gen.tablegen.raw import Raw

SPACE = "ByFields"
"""DecoderNamespace of encodings that only this module understands: archetypes encode them, and the completion has them for the decoder."""
METHOD = "decodeFields"
"""The method that decodes them."""
_FIELD = re.compile(r"^  bits<\d+> (\w+) = ", re.M)
_OPEN = re.compile(r"^  bits<\d+> (\w+) = \{ \?", re.M)
_COMMENT = re.compile(r"(?:\{:comment\}|[#;!])\s*\w")
_BIT = re.compile(r"(.+)\{(\d+)\}")  # of a field, imm{3}; where a field is a bit of another there is more
_TIED = re.compile(r"\$([\w.]+)\s*=\s*\$([\w.]+)")

_Operands = Mapping[str, OperandClass]


def amended(found: Sequence[Instruction], raws: Mapping[str, Raw], operand_classes: Iterable[OperandClass]) -> tuple[Instruction, ...]:
    """Returns the instructions with encodings whose fields are named as their operands, most significant bit first, and with sizes.

    Those that llvm-tblgen does not understand have the DecoderNamespace ``SPACE``. A memory operand whose parts have fields of their own
    names these. Instructions of which every encoding is as llvm-tblgen wants it are returned as they are."""
    known = {o.name: o for o in operand_classes}
    made = [_real(i) for i in found]
    real = [n for n, i in enumerate(made) if _encoded(i)]
    backward = sum(_backward(made[n]) for n in real) > 0
    if backward:
        made = [replace(i, encoding=i.encoding[::-1]) for i in made]
    every = backward or not any(made[n].size for n in real)
    own = [_by_position(made[n], raws[made[n].name], known) for n in real]
    given = {n: i for n, i in zip(real, own, strict=True) if every or i != made[n]}
    for n, i in given.items():
        told = "" if every else i.decoder_method
        size = i.size or len(i.encoding) // 8
        made[n] = replace(i, size=size, decoder_namespace=i.decoder_namespace if told else SPACE, decoder_method=told or METHOD)
    places = _places(made, real) if given else {}
    return tuple(_placed(i, places) for i in made)


def _encoded(i: Instruction) -> bool:
    return any(bit in "01" for bit in i.encoding) and "isPseudo" not in i.flags


def _real(i: Instruction) -> Instruction:
    """Returns an instruction whose assembly is a comment as the pseudo instruction that it is."""
    return replace(i, flags=i.flags | {"isPseudo"}, encoding=()) if _encoded(i) and _COMMENT.match(i.asm) else i


def _backward(i: Instruction) -> int:
    """Returns how many more bits of fields stand with their lowest bit first than with their highest."""
    bits = [(found[1], int(found[2])) for bit in i.encoding if (found := _BIT.fullmatch(bit))]
    steps = [b[1] - a[1] for a, b in pairwise(bits) if a[0] == b[0]]
    return steps.count(1) - steps.count(-1)


def _by_position(i: Instruction, raw: Raw, known: _Operands) -> Instruction:
    """Returns the instruction with the fields that no operand names given to the operands in their order.

    Unless there is one for each operand or part of one that has no field: then C++ encodes the instruction, or nothing does."""
    used = {bit.partition("{")[0] for bit in i.encoding if bit not in "01?"}
    operands = [*i.outs, *i.ins]
    named = {o.name for o in operands} | {part for o in operands for part in o.parts}
    fields = [name for name in _FIELD.findall(raw.text) if name in used - named]
    tied = {name.partition(".")[0] for pair in _TIED.findall(i.constraints) for name in pair}
    waiting = [o for o in operands if o.name not in used and not {*o.parts} & used and o.type != "variable_ops"]
    if len(_slots(waiting, known)) != len(fields):
        waiting = [o for o in waiting if o.name not in tied]
    slots = _slots(waiting, known)
    if fields and len(slots) != len(fields):  # a field without bits in the encoding may hold the place of an operand that is not encoded
        fields = [name for name in _OPEN.findall(raw.text) if name not in named]
    if not fields or len(slots) != len(fields):
        return i
    given = iter(fields)
    renamed: dict[str, str] = {}
    parts: dict[str, tuple[str, ...]] = {}
    for o in waiting:
        own = tuple(next(given) for _ in _slots([o], known))
        if len(own) == 1:
            renamed[own[0]] = o.name
        else:
            parts[o.name] = own

    def listed(held: tuple[InstructionOperand, ...]) -> tuple[InstructionOperand, ...]:
        return tuple(replace(o, parts=parts.get(o.name, o.parts)) for o in held)

    def bit(text: str) -> str:
        name, brace, index = text.partition("{")
        return f"{renamed.get(name, name)}{brace}{index}"

    return replace(i, outs=listed(i.outs), ins=listed(i.ins), encoding=tuple(map(bit, i.encoding)))


def _slots(operands: Iterable[InstructionOperand], known: _Operands) -> list[str]:
    """Returns the types of the operands, with those of their parts in place of what has several."""
    return [t for o in operands for t in ((known[o.type].sub_operands if o.type in known else ()) or (o.type,))]


def _places(made: Sequence[Instruction], real: Iterable[int]) -> dict[tuple[str, int], dict[int, str]]:
    """Returns (operand type, bits of the encoding) -> index in the encoding -> bit of the operand, where all that have a field agree."""
    found: dict[tuple[str, int], dict[int, str]] = {}
    for n in real:
        i = made[n]
        for o in (*i.outs, *i.ins):
            own = {at: bit.partition("{")[2] for at, bit in enumerate(i.encoding) if bit.partition("{")[0] == o.name}
            if own and found.setdefault((o.type, len(i.encoding)), own) != own:
                found[o.type, len(i.encoding)] = {}
    return found


def _placed(i: Instruction, places: Mapping[tuple[str, int], Mapping[int, str]]) -> Instruction:
    """Returns an instruction without any field with its only operand where other instructions have one of that type."""
    operands = (*i.outs, *i.ins)
    if i.decoder_namespace != SPACE:
        return i
    own = places.get((operands[0].type, len(i.encoding))) if len(operands) == 1 else None
    if not own or any(bit not in "01?" for bit in i.encoding) or any(i.encoding[at] != "?" for at in own):
        return i
    name = operands[0].name
    return replace(i, encoding=tuple(f"{name}{{{own[at]}" if at in own else bit for at, bit in enumerate(i.encoding)))
