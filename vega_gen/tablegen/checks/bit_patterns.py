"""Check encodings: conflicts, encodings without a size, operands without bits, and encodings that others cover."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vega_gen.records import FindingKind, Severity, TdFinding
from vega_gen.tablegen.raw import Dag, Raw
from vega_gen.tablegen.registers import RegisterSets

_NOT_DECODED = ("isPseudo", "isAsmParserOnly", "isCodeGenOnly")
_CONFLICT = re.compile(r"^Decoding Conflict:\n((?:\t.*\n)+)", re.M)
_PARTY = re.compile(r"^\t([^\t\s:]+)(?::\S+)? [01_?.\-]+$", re.M)
_ONE_VALUE = re.compile(r"\s*return\s+\(*(?:\w+\)\s*)?Imm\)*\s*==\s*-?\w+\s*;\s*")
_TIED = re.compile(r"\$([\w.]+)\s*=\s*\$([\w.]+)")


@dataclass(frozen=True)
class FixedBits:
    """One encoding of an instruction.

    ``bits``: of Inst, most significant first, cut to the size. ``space``: decoder namespace, mode and size, within which bits must tell
    instructions apart. ``predicates``: those that the decoder asks for. ``sure``: whether its decoder, once the fixed bits fit, is final.
    """

    record: str
    bits: tuple[str, ...]
    size: int
    space: tuple[str, str, int]
    predicates: frozenset[str]
    sure: bool

    @cached_property
    def mask(self) -> int:
        """The fixed bits."""
        return int("".join("1" if b in "01" else "0" for b in self.bits) or "0", 2)

    @cached_property
    def value(self) -> int:
        """The fixed bits' values."""
        return int("".join("1" if b == "1" else "0" for b in self.bits) or "0", 2)

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that fill the other bits."""
        return frozenset(b.partition("{")[0] for b in self.bits if b not in ("0", "1", "?"))

    def within(self, other: FixedBits) -> bool:
        """Whether all words of this encoding are words of ``other`` too."""
        return self.mask & other.mask == other.mask and self.value & other.mask == other.value

    def overlaps(self, other: FixedBits) -> bool:
        """Whether some word belongs to both."""
        return not (self.value ^ other.value) & self.mask & other.mask


def encoding_findings(raws: Mapping[str, Raw], decoder: str) -> Iterator[TdFinding]:
    """Yield what is wrong with the encodings. ``decoder``: what -gen-disassembler printed."""
    found = list(encodings(raws))
    yield from _conflicts(found, decoder)
    yield from _without_size(found)
    if any(e.fields for e in found):  # else Inst holds the number of an opcode, and C++ encodes the operands
        yield from _operands(raws, found)
    yield from _covered(found)


def encodings(raws: Mapping[str, Raw]) -> Iterator[FixedBits]:
    """Yield the encodings that decoder tables should hold, those of each hardware mode and additional ones included."""
    for raw in raws.values():
        owner = raw if "Instruction" in raw.classes else None
        if "AdditionalEncoding" in raw.classes:
            owner = raws.get(raw.string("AliasOf"))
        if owner is None or owner.string("Namespace") in ("", "TargetOpcode") or any(owner.number(flag) for flag in _NOT_DECODED):
            continue
        by_mode = raws.get(raw.string("EncodingInfos"))
        if by_mode is not None:
            for mode, name in zip(by_mode.items("Modes"), by_mode.items("Objects"), strict=False):
                if (holder := raws.get(name)) is not None and (made := _encoding(owner, holder, mode, raws)):
                    yield made
        elif made := _encoding(owner, raw, "", raws):
            yield made


def _encoding(owner: Raw, holder: Raw, mode: str, raws: Mapping[str, Raw]) -> FixedBits | None:
    bits = holder.bits("Inst")
    if not any(bit != "?" for bit in bits):
        return None
    size = holder.number("Size")
    if size and len(bits) > 8 * size:
        bits = bits[len(bits) - 8 * size :]
    asked = frozenset(
        name for name in holder.items("Predicates") if (raw := raws.get(name)) is not None and raw.number("AssemblerMatcherPredicate")
    )
    space = (holder.string("DecoderNamespace"), mode, size)
    # C++ that decodes an instruction whole may say no and try another one.
    final = holder.field("hasCompleteDecoder") != "0" and not holder.string("DecoderMethod")
    return FixedBits(owner.name, bits, size, space, asked, final)


def _conflicts(found: Sequence[FixedBits], decoder: str) -> Iterator[TdFinding]:
    by_record: dict[str, list[FixedBits]] = defaultdict(list)
    for e in found:
        by_record[e.record].append(e)
    seen: set[frozenset[str]] = set()
    for block in _CONFLICT.finditer(decoder if decoder.endswith("\n") else f"{decoder}\n"):
        names = list(dict.fromkeys(_PARTY.findall(block[1])))
        if not names or frozenset(names) in seen:
            continue
        seen.add(frozenset(names))
        parties = [e for name in names for e in by_record.get(name, ())]
        pair = next(_clashes(parties), None)
        # Without a pair, one encoding holds too many others: the generator finds no bit that all of them fix.
        first, second = (pair[0].record, pair[1].record) if pair else (min(parties, key=_fixed).record if parties else names[0], "")
        others = [n for n in names if n not in (first, second)]
        if pair:
            what = f"{_word(*pair)} is an encoding of {first} and of {second}, and neither encoding is a special case of the other"
        else:
            what = f"no bits of the encodings tell {first} from {_some(others)}"
        yield TdFinding(
            FindingKind.CONFLICT,
            Severity.ERROR,
            tuple(name for name in (first, second, *others) if name),
            what,
            f"llvm-tblgen ends with exit status 0 and leaves {_some(names)} out of the decoder table",
            "give them different fixed bits; where one is another spelling or another use of the other, make it an InstAlias, or set "
            "isCodeGenOnly = 1 (isPseudo = 1 with an expansion) on it; where features tell them apart, give each its DecoderNamespace",
        )


def _clashes(found: Sequence[FixedBits]) -> Iterator[tuple[FixedBits, FixedBits]]:
    for at, one in enumerate(found):
        for other in found[at + 1 :]:
            same = one.record != other.record and one.space == other.space and one.overlaps(other)
            if same and one.within(other) == other.within(one):
                yield one, other


def _fixed(e: FixedBits) -> int:
    return e.mask.bit_count()


def _word(one: FixedBits, other: FixedBits) -> str:
    return f"0x{one.value | other.value:0{2 * one.size or 1}x}"


def _without_size(found: Sequence[FixedBits]) -> Iterator[TdFinding]:
    bad = [e for e in found if not e.size]
    if not bad:
        return
    # Where Inst holds the number of an opcode and no operand, a decoder is C++ anyway.
    severity = Severity.WARNING if any(e.fields for e in found) else Severity.NOTE
    whole = len(bad) == len(found)
    names = tuple(dict.fromkeys(e.record for e in bad))
    for group in (names,) if whole else tuple((name,) for name in names):
        length = len(next(e for e in bad if e.record == group[0]).bits)
        yield TdFinding(
            FindingKind.NO_SIZE,
            severity,
            group,
            "no instruction with an encoding has a Size" if whole else f"{group[0]} has an encoding and Size = 0",
            "decoder tables leave it out, silently, and code that asks for its size (branch ranges, constant islands) takes it for 0 bytes",
            f"let Size = {max(length // 8, 1)}; in the class that declares Inst",
        )


def _operands(raws: Mapping[str, Raw], found: Sequence[FixedBits]) -> Iterator[TdFinding]:
    fields: dict[str, set[str]] = defaultdict(set)
    for e in found:
        fields[e.record] |= e.fields
    sets = RegisterSets(raws)
    for record, named in fields.items():
        raw = raws[record]
        if raw.string("PostEncoderMethod") or raw.string("DecoderMethod") or raw.number("isAsmParserOnly"):
            continue
        ins, outs = raw.dag("InOperandList"), raw.dag("OutOperandList")
        operands = [*(outs.args if outs else ()), *(ins.args if ins else ())]
        tied = {name.partition(".")[0] for pair in _TIED.findall(raw.string("Constraints")) for name in pair}
        silent = set(re.findall(r"[\w.]+", raw.string("DisableEncoding")))
        known = {name for _, name in operands} | {n for value, _ in operands if isinstance(value, Dag) for _, n in value.args}
        known |= {f.partition(".")[0] for f in named if "." in f}
        if named - known:
            continue  # fields that no operand names: operands are matched by position (LLVM 16 and before) or the encoder is C++
        for value, name in operands:
            kind = value.op if isinstance(value, Dag) else value
            parts = {n for _, n in value.args} if isinstance(value, Dag) else set[str]()
            if not name or name in named | tied | silent or parts & named or any(f.startswith(f"{name}.") for f in named):
                continue
            if not _needs_bits(raws, sets, kind):
                continue
            out = outs is not None and any(n == name for _, n in outs.args)
            read = re.search(rf"\$\{{?{re.escape(name)}\b", raw.string("AsmString")) is not None
            yield TdFinding(
                FindingKind.NO_BITS,
                Severity.WARNING if read else Severity.NOTE,
                (record,),
                f"the {'result' if out else 'operand'} ${name} ({kind}) of {record} has no bits in Inst"
                + ("" if read else ", nor a place in AsmString"),
                "the encoder drops its value, and the decoder makes an MCInst that lacks it"
                + (", so that the printer reads the wrong operand or past the last" if read else "; C++ that counts on it must add it"),
                f"declare bits<n> {name}; and use it in Inst; or tie it to another operand (Constraints), or name it in DisableEncoding "
                f"where it really is not encoded",
            )


def _needs_bits(raws: Mapping[str, Raw], sets: RegisterSets, kind: str) -> bool:
    """Whether values of an operand type differ: not predicates with defaults, ImmLeafs of one number, and classes of one register."""
    raw = raws.get(kind)
    if raw is None or kind in ("variable_ops", "unknown") or "OperandWithDefaultOps" in raw.classes:
        return False
    if _ONE_VALUE.fullmatch(raw.string("ImmediateCode")):
        return False
    if "RegisterOperand" in raw.classes:
        raw = raws.get(raw.string("RegClass"), raw)
    if "RegisterClass" in raw.classes:
        return len(sets.named(raw.name)) > 1
    if "PointerLikeRegClass" in raw.classes:
        return True
    info = raw.dag("MIOperandInfo")
    parts = [value for value, _ in info.leaves()] if info is not None else []
    return not parts or any(part == kind or _needs_bits(raws, sets, part) for part in parts)


def _covered(found: Sequence[FixedBits]) -> Iterator[TdFinding]:
    spaces: dict[tuple[str, str, int], list[FixedBits]] = defaultdict(list)
    for e in found:
        if e.size:
            spaces[e.space].append(e)
    for members in spaces.values():
        by_mask: dict[int, list[FixedBits]] = defaultdict(list)
        for e in members:
            by_mask[e.mask].append(e)
        for mask, general in by_mask.items():
            # The decoder tries the encodings with more fixed bits first.
            special: dict[int, list[FixedBits]] = defaultdict(list)
            for other_mask, others in by_mask.items():
                if other_mask != mask and other_mask & mask == mask:
                    for e in others:
                        special[e.value & mask].append(e)
            for e in general:
                before = [s for s in special.get(e.value, ()) if s.predicates <= e.predicates and s.sure and s.record != e.record]
                if before and covers(tuple((s.mask, s.value) for s in before), mask):
                    names = list(dict.fromkeys(s.record for s in before))
                    yield TdFinding(
                        FindingKind.NEVER_DECODED,
                        Severity.WARNING,
                        (e.record, *names[:8]),
                        f"{e.record} is never decoded: {_some(names)} together cover every word of it",
                        "the disassembler prints the others in its place, silently; what it prints may assemble to something else",
                        f"if {e.record} is meant for the assembler or the code generator alone, set isAsmParserOnly or isCodeGenOnly; "
                        f"else leave it words of its own",
                    )


def covers(cubes: tuple[tuple[int, int], ...], fixed: int) -> bool:
    """Whether cubes (mask, value), all within one whose fixed bits are ``fixed``, cover that one."""
    if any(not mask & ~fixed for mask, _ in cubes):
        return True
    if not cubes:
        return False
    free = 0
    for mask, _ in cubes:
        free |= mask & ~fixed
    # The cubes together are too few to cover it: each covers 2^-n of it.
    if sum(2.0 ** -(mask & ~fixed).bit_count() for mask, _ in cubes) < 1:
        return False
    bit = 1 << (free.bit_length() - 1)
    return all(covers(tuple((m, v) for m, v in cubes if not m & bit or bool(v & bit) == side), fixed | bit) for side in (False, True))


def _some(names: Sequence[str]) -> str:
    """Return the names in words, at most four of them."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
