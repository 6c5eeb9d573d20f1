"""Says which missing or doubtful facts keep programs from being compiled: llc's errors name what it cannot select."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from vega_gen.facts import Facts
from vega_gen.facts.keys import COPY, key_of
from vega_gen.records import Climbed, Fact, Obstacle, WantedFact

_GIVEN = re.compile(r"a facts file gives it as ([\w.]+)")
"""In the errors of archetypes' C++ (``keys.lack``)."""
_SELECT = re.compile(r"Cannot select: (?:(?:t\d+|0x[0-9a-f]+): )?(?:[\w,]+ = )?(.*)")
_LOAD = re.compile(r"load<\(.*?load \(s(\d+)\)[^)]*\)(?:, (sext|zext|anyext))?")
_STORE = re.compile(r"store<\(.*?store \(s(\d+)\)")
_CONDITION = re.compile(r"br_?cc\b.*?\bset(\w+)", re.I)
_KEYS = {
    "add": "instruction.add", "sub": "instruction.subtract", "or": "instruction.or", "shl": "instruction.shift_left_immediate",
    "Constant": "instruction.constant", "TargetConstant": "instruction.constant", "GlobalAddress": "instruction.symbol",
    "ExternalSymbol": "instruction.symbol", "JumpTable": "instruction.symbol", "BlockAddress": "instruction.symbol",
    "ConstantPool": "instruction.symbol", "br": "instruction.jump", "brind": "instruction.jump_register",
    "brcond": "instruction.branch.nonzero", "and": "instruction.and", "xor": "instruction.xor", "srl": "instruction.shift_right",
    "sra": "instruction.shift_right_signed",
}  # fmt: skip
"""Operator of SelectionDAG, as llc prints it -> the fact that says how to select it."""
_SHOWN = 3


def wanted(step: Climbed, m: Facts) -> tuple[WantedFact, ...]:
    """Returns the facts that the obstacles of a rung of programs want, with their candidates, those that most programs want first."""
    counts = Counter(key for key in (_key(obstacle, m) for obstacle in step.obstacles) if key)
    return tuple(
        WantedFact(key, found.question, programs, step.total, _candidates(key, m.records))
        for key, programs in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        if (found := key_of(key))
    )


def _key(obstacle: Obstacle, m: Facts) -> str:
    """Returns the key of the fact that an obstacle's message wants, "" if it is about something else."""
    if given := _GIVEN.search(obstacle.message):
        return given[1]
    if "cannot be copied" in obstacle.message:
        return f"{COPY}{m.gpr}"
    found = _SELECT.search(obstacle.message)
    if not found:
        return ""
    node = found[1]
    if load := _LOAD.match(node):
        extension = {"sext": ".sext", "zext": ".zext", "anyext": ".zext"}.get(load[2] or "", "")
        return f"instruction.load.{load[1]}{extension}"
    if store := _STORE.match(node):
        return f"instruction.store.{store[1]}"
    if condition := _CONDITION.match(node):
        return f"instruction.branch.{condition[1].lower()}"
    return _KEYS.get(re.split(r"[<\s]", node, maxsplit=1)[0], "")


def _candidates(key: str, records: Mapping[str, Fact]) -> tuple[tuple[str, float], ...]:
    fact = records.get(key)
    if fact is None:
        return ()
    chosen = [(fact.value, fact.confidence)] if fact.value else []
    return tuple([*chosen, *((a.value, a.confidence) for a in fact.alternatives)][:_SHOWN])
