"""Mined candidates and archetypes of the same functions -> one ranked list of candidates a function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen.function_template import OWN_RECORD
from vega_gen.groups import GroupKind, Groups
from vega_gen.records import Contract, ContractRole, PlannedFunction


def offered(
    planned: Sequence[PlannedFunction], archetypes: Sequence[PlannedFunction], contracts: Sequence[Contract], budget: int, groups: Groups
) -> list[PlannedFunction]:
    """What is planned, each function with the archetype of its name and number of parameters, within the budget; after it the archetypes of
    contracts that nothing is planned for.

    It is the first of the last resorts; the first of all where donors do not know (``_known``)."""
    named = {_called(f): f for f in archetypes}
    obliged = {c.name for c in contracts}
    there = {f.candidate.signature.name for f in planned}
    found: list[PlannedFunction] = []
    for f in planned:
        made, known = named.get(_called(f)), _known(f, groups)
        if made is None or (budget == 1 and known):
            found.append(f)
            continue
        mined = [c for c in f.candidates if not c.resort][: budget - 1]
        own = [c for c in f.candidates if c.resort]
        ranked = (*mined, replace(made.candidate, resort=True), *own) if known else (made.candidate, *mined, *own)
        found.append(replace(f, candidates=ranked[:budget]))
    return found + [f for f in archetypes if f.candidate.signature.name in obliged - there]


def _known(f: PlannedFunction, groups: Groups) -> bool:
    """Whether donors can know what a function does here. Of a contract they can if one has it, called so: in a group that is only of the
    same role they do it for other operands. How a register class is decoded the .td says whole, and what donors have is mostly a table
    that their file calls by a name of its own."""
    group = groups.by_name.get(f.group)
    if group is None or group.kind is not GroupKind.CONTRACT:
        return True
    if group.name.startswith(f"{ContractRole.REGISTER_CLASS_DECODER}:"):
        return False
    return OWN_RECORD in group.name or any(m.signature.name == f.candidate.signature.name for m in group.members)


def _called(f: PlannedFunction) -> tuple[str, int]:
    return f.qualified_name, len(f.candidate.signature.params)
