"""The rung "round-trip": check that every instruction with an encoding disassembles and assembles to itself.

Each instruction's test encodings (``encodings``) go bytes -> text -> bytes. Instructions whose operands are plain registers and numbers
also go text -> bytes, with text written from the .td (``written``), so that an encoder and a decoder with the same error are caught.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from llvm_integration.process import Progress
from vega_gen.ladder import attributes, failures
from vega_gen.ladder.encodings import Vector, around, asked, bases, encode, fields, fixed, of_no_account
from vega_gen.ladder.mc import Encoding, Mc
from vega_gen.ladder.subject import Subject
from vega_gen.ladder.written import written
from vega_gen.records import Climbed, Instruction, Obstacle, Rung
from vega_gen.tablegen.feature_groups import FeatureNeeds, Features

_SAMPLE = 64
_ALONE = 60
"""Runs at most for instructions that fail with all features on."""


class Order(Enum):
    """The order of an encoding's bytes in memory.

    ``WORDS``: in each 32-bit word the upper half comes first, each half little endian; an odd half stands before the words.
    """

    LITTLE = "little"
    BIG = "big"
    WORDS = "of each word the upper half first, half a word before them"

    def bytes_of(self, bits: int, size: int) -> bytes:
        """The encoding ``bits`` as ``size`` bytes."""
        if self is Order.BIG:
            return bits.to_bytes(size, "big")
        little = bits.to_bytes(size, "little")
        if self is Order.LITTLE or size % 2:
            return little
        return _swapped(little)

    def bits_of(self, data: bytes) -> int:
        """The encoding that the bytes ``data`` hold."""
        if self is Order.BIG:
            return int.from_bytes(data, "big")
        if self is Order.WORDS and len(data) % 2 == 0:
            data = _swapped(data)
        return int.from_bytes(data, "little")


def _swapped(data: bytes) -> bytes:
    lead = len(data) % 4
    return data[:lead] + b"".join(data[at + 2 : at + 4] + data[at : at + 2] for at in range(lead, len(data), 4))


class _Way(Enum):
    """Result of one encoding's way bytes -> text -> bytes."""

    SAME = "same"
    OTHER = "the assembler prefers another encoding of the same text"
    REFUSED = "refused"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class _Tried:
    """An encoding and its result. ``obstacle``: set if it is refused or wrong. ``open_bits``: mask of the bits that a fixup fills."""

    vector: Vector
    way: _Way
    obstacle: Obstacle | None = None
    open_bits: int = 0


def exact(llvm_mc: Mc, subject: Subject, met: frozenset[str]) -> tuple[bytes, ...]:
    """One encoding of each instruction that comes back bit for bit, without fixups or "?" bits, for use in a lit test."""
    candidates = {i.name: bases(subject.description, i) for i in asked(subject.description, met)}
    order = _order(llvm_mc, [found[0] for found in candidates.values()])
    starts, _ = _starts(llvm_mc, order, candidates)
    results = (one for found in _there_and_back(llvm_mc, order, starts).values() for one in found)
    kept = [one.vector for one in results if one.way is _Way.SAME and not one.open_bits and not of_no_account(one.vector.instruction)]
    return tuple(order.bytes_of(v.bits, v.instruction.size) for v in kept)


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """What came of instructions. ``obstacles``: those that do not round-trip, by name. ``said``: harmless oddities -> how many
    instructions have them. ``order``: of the bytes in memory. ``disassembles``: whether any instruction has been disassembled."""

    obstacles: Mapping[str, Obstacle]
    said: Counter[str]
    order: Order
    disassembles: bool


def tried(llvm_mc: Mc, subject: Subject, instructions: Sequence[Instruction], before: RoundTrips | None = None) -> RoundTrips:
    """Check instructions, whose predicates hold for the subject. ``before``: of others with the same llvm-mc, which tell the order of the
    bytes, and whether there is a disassembler: without one, it is enough that an instruction's text assembles.

    Raises ``ToolFailure`` if llvm-mc cannot be started."""
    description = subject.description
    candidates = {i.name: bases(description, i) for i in instructions}
    order = before.order if before else _order(llvm_mc, [found[0] for found in candidates.values()])
    starts, refusals = _starts(llvm_mc, order, candidates)
    disassembles = bool(starts) or (before is not None and before.disassembles)
    results = _there_and_back(llvm_mc, order, [v for base in starts for v in (base, *around(description, base))])
    wrong, covered, said = _from_text(llvm_mc, order, subject, instructions)
    obstacles: dict[str, Obstacle] = {}
    for instruction in instructions:
        name = instruction.name
        found = wrong.get(name)
        if disassembles:
            found = found or (_judged(instruction, results[name], said) if name in results else refusals[name])
        elif name not in covered:
            found = found or refusals[name]
        if found:
            obstacles[name] = found
    return RoundTrips(obstacles, said, order, disassembles)


def round_trip(path: Path, subject: Subject, progress: Progress) -> Climbed:
    """Check every instruction that has an encoding with the llvm-mc at ``path``.

    Where the subject names features, those are tried that they allow. Else all are: with all features on that can be on together, in
    several runs where they exclude each other, and those that fail once more with nothing on but what they need, because extensions may
    give one encoding to several instructions. Raises ``ToolFailure`` if llvm-mc cannot be started."""
    description = subject.description
    everything = asked(description, frozenset(name for i in description.instructions for name in i.predicates))
    features = Features(description, subject.cpu)
    chosen = attributes.met(subject)
    instructions = asked(description, chosen) if subject.attrs else everything
    progress(0, len(instructions), "round trip")
    obstacles: dict[str, Obstacle] = {}
    said: Counter[str] = Counter()
    result: RoundTrips | None = None
    left: dict[str, Instruction] = {i.name: i for i in instructions}
    runs: list[FeatureNeeds] = [FeatureNeeds()] if subject.attrs or not instructions else features.groups(instructions)
    tries: list[tuple[FeatureNeeds, list[Instruction]]] = [(run, []) for run in runs]
    while tries:
        run, own = tries.pop(0)
        one = subject if subject.attrs else replace(subject, attrs=features.attrs(run))
        holds = attributes.met(one)
        allowed: list[Instruction] = [i for i in own or left.values() if set(i.predicates) <= holds]
        if not own:
            left = {name: i for name, i in left.items() if not set(i.predicates) <= holds}
        if allowed:
            result = tried(Mc(path, one), one, allowed, result)
            said += result.said if not own else Counter()
            for i in allowed:
                obstacles.pop(i.name, None)
            obstacles |= result.obstacles
            progress(len(instructions) - len(left), len(instructions), "round trip")
        if not tries and not own and not subject.attrs:
            tries = _alone(features, [i for i in instructions if i.name in obstacles], runs)
    obstacles |= {name: Obstacle(name, "", "its predicates contradict each other") for name in left}
    notes = [f"{count} of the instructions: {what}" for what, count in said.items()]
    notes += [f"{len(runs)} runs: features exclude each other"] if len(runs) > 1 else []
    others = len(description.instructions) - len(instructions)
    why = ", or need features that are off" if subject.attrs else ""
    notes += [f"{others} more have no encoding, or are pseudo, isCodeGenOnly or isAsmParserOnly{why}"] if others else []
    found = tuple(obstacles[i.name] for i in instructions if i.name in obstacles)
    return Climbed(Rung.ROUND_TRIP, len(instructions) - len(found), len(instructions), found, tuple(notes))


def _alone(features: Features, failed: Sequence[Instruction], runs: Sequence[FeatureNeeds]) -> list[tuple[FeatureNeeds, list[Instruction]]]:
    """Failed instructions by the least that they want, most first; not those of which a run had no more on."""
    least: dict[FeatureNeeds, list[Instruction]] = {}
    for i in failed:
        for way in features.wanted(i)[:1]:
            least.setdefault(way, []).append(i)
    found = [(way, own) for way, own in least.items() if way not in runs]
    return sorted(found, key=lambda pair: -len(pair[1]))[:_ALONE]


def mnemonic(instruction: Instruction) -> str:
    """The first word of an instruction's AsmString, "" if it holds an operand or a variant."""
    word = next(iter(instruction.asm.split()), "")
    return "" if any(c in word for c in "${") else word


def _order(llvm_mc: Mc, sample: Sequence[Vector]) -> Order:
    """The byte order in which most encodings of ``sample`` disassemble to their own instruction."""
    some = sample[:: max(1, len(sample) // _SAMPLE)]
    scores: dict[Order, int] = {}
    for order in Order:
        texts = llvm_mc.disassemble([order.bytes_of(v.bits, v.instruction.size) for v in some])
        pairs = [(v, text) for v, text in zip(some, texts, strict=True) if isinstance(text, str)]
        scores[order] = sum(3 if text.startswith(mnemonic(v.instruction) or "?") else 1 for v, text in pairs)
        if scores[order] > 2 * len(some):
            break
    return max(scores, key=lambda order: scores[order])


def _starts(llvm_mc: Mc, order: Order, candidates: dict[str, tuple[Vector, ...]]) -> tuple[list[Vector], dict[str, Obstacle]]:
    """For each instruction the first candidate that disassembles, preferably to its own mnemonic; an obstacle for each that has none."""
    flat = [v for found in candidates.values() for v in found]
    answers = dict(zip(flat, llvm_mc.disassemble([order.bytes_of(v.bits, v.instruction.size) for v in flat]), strict=True))
    starts: list[Vector] = []
    refusals: dict[str, Obstacle] = {}
    for name, found in candidates.items():
        texts = {v: text for v in found if isinstance(text := answers[v], str)}
        own = [v for v, text in texts.items() if text.startswith(mnemonic(v.instruction))]
        if texts:
            starts.append((own or list(texts))[0])
        else:
            first = answers[found[0]]
            refusals[name] = replace(first, name=found[0].name) if isinstance(first, Obstacle) else Obstacle(name, "", "")
    return starts, refusals


def _there_and_back(llvm_mc: Mc, order: Order, asked_of: Sequence[Vector]) -> dict[str, list[_Tried]]:
    """Disassemble each encoding, assemble the text, and if that gives other bytes, disassemble these too. Instruction name -> results."""
    texts = llvm_mc.disassemble([order.bytes_of(v.bits, v.instruction.size) for v in asked_of])
    readable = [(v, text) for v, text in zip(asked_of, texts, strict=True) if isinstance(text, str)]
    encoded = llvm_mc.assemble([text for _, text in readable])
    others = [answer.data for answer in encoded if isinstance(answer, Encoding)]
    again = iter(llvm_mc.disassemble(others))
    found: dict[str, list[_Tried]] = {}
    for vector, text in zip(asked_of, texts, strict=True):
        if isinstance(text, Obstacle):
            found.setdefault(vector.instruction.name, []).append(_Tried(vector, _Way.REFUSED, replace(text, name=vector.name)))
    for (vector, text), answer in zip(readable, encoded, strict=True):
        tried = found.setdefault(vector.instruction.name, [])
        if isinstance(answer, Obstacle):
            obstacle = replace(answer, name=vector.name, message=f'"{text}": {answer.message}')
            tried.append(_Tried(vector, _Way.REFUSED, obstacle))
            continue
        reads = next(again)
        unknown = order.bits_of(answer.open_bits)
        careless = of_no_account(vector.instruction)
        if len(answer.data) == vector.instruction.size and not (order.bits_of(answer.data) ^ vector.bits) & ~unknown & ~careless:
            tried.append(_Tried(vector, _Way.SAME, open_bits=unknown))
        elif reads == text:
            tried.append(_Tried(vector, _Way.OTHER))
        else:
            wrong = f'"{text}" assembles to {answer.data.hex(" ")}'
            tried.append(_Tried(vector, _Way.WRONG, Obstacle(vector.name, llvm_mc.command(text), wrong)))
    return found


def _judged(instruction: Instruction, tried: Sequence[_Tried], said: Counter[str]) -> Obstacle | None:
    """The first obstacle of an instruction, None if it is right; harmless oddities are counted in ``said``.

    An instruction is wrong if bytes come back changed, if llvm-mc crashes, if more than one value of a field is refused (one may be
    reserved), or if no changed value of a field comes back (then the text does not hold the field).
    """
    for one in tried:
        if one.way is _Way.WRONG or (one.obstacle and failures.fatal(one.obstacle)):
            return one.obstacle
    base = dict(tried[0].vector.values) if tried else {}
    refused = [one for one in tried if one.way is _Way.REFUSED]
    for name, width in fields(instruction).items():
        moved = [one for one in tried if dict(one.vector.values)[name] != base[name]]
        at_fault = [one for one in refused if one in moved and sum(v != base[n] for n, v in one.vector.values) == 1]
        if len(at_fault) > 1:
            return at_fault[0].obstacle
        if moved and width > 1 and not any(one.way is _Way.SAME for one in moved):
            silent = "only one value of this field comes back"
            return refused[0].obstacle if refused else Obstacle(f"{instruction.name} {name}", "", silent)
    if not any(one.way is _Way.SAME for one in tried):
        return refused[0].obstacle if refused else None
    if refused:
        said["one value of a field is refused"] += 1
    if any(one.way is _Way.OTHER for one in tried):
        said[_Way.OTHER.value] += 1
    if any(one.open_bits for one in tried):
        said["bits that a fixup fills were not compared"] += 1
    if of_no_account(instruction):
        said['"?" bits were tried as 0 only'] += 1
    return None


def _from_text(
    llvm_mc: Mc, order: Order, subject: Subject, instructions: Sequence[Instruction]
) -> tuple[dict[str, Obstacle], set[str], Counter[str]]:
    """Assemble text written from the .td. Returns instruction -> obstacle, the instructions that their text assembles to, and notes."""
    lines = [line for instruction in instructions for line in written(subject.description, instruction)]
    wrong: dict[str, Obstacle] = {}
    covered: set[str] = set()
    said: Counter[str] = Counter()
    for line, answer in zip(lines, llvm_mc.assemble([line.text for line in lines]), strict=True):
        if isinstance(answer, Obstacle):
            continue
        name = line.instruction.name
        bits, unknown = order.bits_of(answer.data), order.bits_of(answer.open_bits)
        mask, value = fixed(line.instruction)
        own = len(answer.data) == line.instruction.size and bits & mask & ~unknown == value & ~unknown
        if own and (bits ^ encode(line.instruction, dict(line.values))) & ~unknown & line.mask:
            what = f"assembles to {answer.data.hex(' ')}, which is not the .td's encoding"
            wrong.setdefault(name, Obstacle(line.text, llvm_mc.command(line.text), what))
        if own:
            covered.add(name)
    return wrong, covered, said
