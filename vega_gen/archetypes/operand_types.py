"""What the operand types of instructions hold, for the machine code layer."""

from __future__ import annotations

from collections.abc import Mapping

from vega_gen.records import OperandClass


def register_class(types: Mapping[str, OperandClass], name: str) -> str:
    """Returns the register class of an operand type that holds registers."""
    known = types.get(name)
    if known and len(known.sub_operands) == 1:
        return register_class(types, known.sub_operands[0])
    return known.register_class if known and known.register_class else name


def decoder(types: Mapping[str, OperandClass], name: str) -> str:
    """Returns the function that decodes an operand of this type, "" where TableGen's tables do it."""
    known = types.get(name)
    if known is None:
        return ""
    return known.decoder_method or (f"Decode{known.register_class}RegisterClass" if known.register_class else "")
