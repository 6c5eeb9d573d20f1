"""The encodings that llvm-tblgen's decoder needs of a .td from before LLVM 3.9, as ``tablegen.older_encodings`` reads them."""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.records import Instruction
from vega_gen.tablegen.older_encodings import METHOD, SPACE

_SKIPPED = frozenset({"isPseudo", "isCodeGenOnly", "isAsmParserOnly"})


def part(lacking: Lacking) -> str:
    """Returns the fixed bits of each instruction that can be disassembled; C++ knows where the operands stand."""
    own = [i for i in lacking.d.instructions if i.decoder_namespace == SPACE and not i.flags & _SKIPPED]
    own = _whole(own)
    own.sort(key=lambda i: len(i.predicates))  # of several with the same bits, a decoder can have one
    real = sorted({_bits(i): i for i in reversed(own)}.values(), key=lambda i: i.name)
    made: list[str] = []
    for size in sorted({i.size for i in real}):
        made += [
            f'let Size = {size}, DecoderNamespace = "{SPACE}", DecoderMethod = "{METHOD}" in {{',
            *(_encoding(i) for i in real if i.size == size),
            "}",
        ]
    note = [
        "// What llvm-tblgen has to know of encodings to make a decoder, most significant bit first. The .td says it as it was said",
        "// before LLVM 3.9: fields stand for operands by their position, or no Size is given, or the bits are numbered from the left.",
    ]
    return "\n".join([*note, *made]) if made else ""


def _whole(own: list[Instruction]) -> list[Instruction]:
    """Returns the encodings without those of parts: of two of one assembly and one size, the one that leaves more bits open stands in a
    bundle, beside others that have these bits."""
    least: dict[tuple[str, int], int] = {}
    for i in own:
        least[i.asm, i.size] = min(i.encoding.count("?"), least.get((i.asm, i.size), len(i.encoding)))
    return [i for i in own if i.encoding.count("?") == least[i.asm, i.size]]


def _encoding(i: Instruction) -> str:
    return f"def : AdditionalEncoding<{i.name}> {{ bits<{len(i.encoding)}> Inst = {{{', '.join(_bits(i))}}}; }}"


def _bits(i: Instruction) -> str:
    """Returns the fixed bits of an encoding, and "?" for the others."""
    return "".join(bit if bit in "01" else "?" for bit in i.encoding)
