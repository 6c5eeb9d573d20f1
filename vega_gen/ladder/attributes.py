"""Which Predicate records of the .td hold for a subject, given its -mcpu and -mattr."""

from __future__ import annotations

from vega_gen.ladder.subject import Subject
from vega_gen.tablegen.raw import parse_dag
from vega_gen.tablegen.subtargets import condition_holds, enabled


def met(subject: Subject) -> frozenset[str]:
    """Names of the Predicate records under which the assembler accepts an instruction.

    These are the predicates that only instruction selection checks, and the assembler predicates whose condition holds with the features
    that -mcpu and -mattr enable.
    """
    description = subject.description
    on = enabled(description, subject.cpu, subject.attrs)
    conditions = description.assembler_predicates
    named = {name for i in description.instructions for name in i.predicates}
    return frozenset(name for name in named if name not in conditions or condition_holds(parse_dag(conditions[name]), on))
