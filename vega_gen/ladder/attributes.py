"""Which Predicate records of the .td hold for a subject, given its -mcpu and -mattr."""

from __future__ import annotations

from vega_gen.ladder.subject import Subject
from vega_gen.records import Description
from vega_gen.tablegen.raw import Dag, parse_dag


def met(subject: Subject) -> frozenset[str]:
    """Names of the Predicate records under which the assembler accepts an instruction.

    These are the predicates that only instruction selection checks, and the assembler predicates whose condition holds with the features
    that -mcpu and -mattr enable.
    """
    description = subject.description
    on = enabled(description, subject.cpu, subject.attrs)
    conditions = description.assembler_predicates
    named = {name for i in description.instructions for name in i.predicates}
    return frozenset(name for name in named if name not in conditions or _holds(parse_dag(conditions[name]), on))


def enabled(description: Description, cpu: str, attrs: str) -> frozenset[str]:
    """The SubtargetFeature records that ``cpu`` and ``attrs`` enable, implied ones included; later + and - win, as in LLVM."""
    implied = {f.record: f.implies for f in description.features}
    records = {f.name: f.record for f in description.features}
    processor = next((p for p in description.processors if p.name == (cpu or "generic")), None)
    on = closed(processor.features if processor else (), implied)
    for word in filter(None, attrs.split(",")):
        record = records.get(word.lstrip("+-"), "")
        if word.startswith("-"):
            on -= {r for r in on if record in closed((r,), implied)}
        else:
            on |= closed((record,), implied)
    return frozenset(on)


def closed(features: tuple[str, ...], implied: dict[str, tuple[str, ...]]) -> set[str]:
    """``features`` and all that they imply, directly or not."""
    found: set[str] = set()
    waiting = list(features)
    while waiting:
        record = waiting.pop()
        if record not in found:
            found.add(record)
            waiting += implied.get(record, ())
    return found


def _holds(condition: Dag | str, on: frozenset[str]) -> bool:
    if isinstance(condition, str):
        return condition in on
    parts = [_holds(part, on) for part, _ in condition.args]
    if condition.op == "not":
        return not any(parts)
    return any(parts) if condition.op == "any_of" else all(parts)
