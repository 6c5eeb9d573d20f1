"""Merge mined candidates and archetypes of the same function into one ranked list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen.cxx import overloads
from vega_gen.function_template import OWN_RECORD
from vega_gen.groups import GroupKind, Groups
from vega_gen.records import Contract, ContractRole, PlannedFunction


def offered(
    planned: Sequence[PlannedFunction], archetypes: Sequence[PlannedFunction], contracts: Sequence[Contract], budget: int, groups: Groups
) -> list[PlannedFunction]:
    """The planned functions, each with the archetype of its name and parameters among its candidates, within the budget; then archetypes of
    contracts that no function is planned for.

    An archetype ranks behind the mined candidates as a last resort, but before other last resorts. It ranks first where donors cannot know
    what the function does here (``_known``).
    """
    pairs = _overloads(planned, archetypes)
    obliged = {c.name for c in contracts}
    there = {f.candidate.signature.name for f in planned}
    found: list[PlannedFunction] = []
    for i, f in enumerate(planned):
        made, known = archetypes[pairs[i]] if i in pairs else None, _known(f, groups)
        if made is None or (budget == 1 and known):
            found.append(f)
            continue
        mined = [c for c in f.candidates if not c.resort][: budget - 1]
        own = [c for c in f.candidates if c.resort]
        ranked = (*mined, replace(made.candidate, resort=True), *own) if known else (made.candidate, *mined, *own)
        found.append(replace(f, candidates=ranked[:budget]))
    return found + [f for f in archetypes if f.candidate.signature.name in obliged - there]


def _known(f: PlannedFunction, groups: Groups) -> bool:
    """Whether donors can know what a function does here.

    For a contract they can if a donor has a contract of the same name: a group that shares only the role handles other operands. Decoders
    of register classes never count as known: the .td describes them completely, and a donor's decoder mostly reads a table with a name of
    its own.
    """
    group = groups.by_name.get(f.group)
    if group is None or group.kind is not GroupKind.CONTRACT:
        return True
    if group.name.startswith(f"{ContractRole.REGISTER_CLASS_DECODER}:"):
        return False
    return OWN_RECORD in group.name or any(m.signature.name == f.candidate.signature.name for m in group.members)


def _overloads(planned: Sequence[PlannedFunction], archetypes: Sequence[PlannedFunction]) -> dict[int, int]:
    """Index of a planned function -> index of the archetype of the same function, overloads matched by their parameters."""
    mine: dict[str, list[int]] = {}
    theirs: dict[str, list[int]] = {}
    for functions, found in ((planned, mine), (archetypes, theirs)):
        for i, f in enumerate(functions):
            found.setdefault(f.qualified_name, []).append(i)
    pairs: dict[int, int] = {}
    for name in mine.keys() & theirs.keys():
        wanted = [planned[i].candidate.signature for i in mine[name]]
        offered = [archetypes[j].candidate.signature for j in theirs[name]]
        pairs |= {mine[name][i]: theirs[name][j] for i, j in overloads(wanted, offered).items()}
    return pairs
