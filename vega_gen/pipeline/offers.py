"""Make plans, or functions for other plans, of archetypes. No donor is read and nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from vega_gen import store
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.parts import Parts, planned
from vega_gen.cxx.interface import Interface
from vega_gen.errors import NotFoundError
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import masker_of
from vega_gen.records import FillerName, Plan, PlannedFunction


def archetypes_of(inputs: Inputs) -> tuple[Archetypes, Parts]:
    """The archetypes of a target, and the same as parts of a plan. Raises what describing the .td raises."""
    llvm = Interface([*inputs.overlay, inputs.source.llvm / "include"])
    made = archetypes(inputs.description, llvm, inputs.arch, big_endian=inputs.big_endian)
    return made, planned(made.printed, inputs.folder, masker_of(inputs.folder, inputs.description))


def archetype_functions(inputs: Inputs) -> Sequence[PlannedFunction]:
    """The archetypes' functions for a target; none where LLVM's headers lack the interface that they use."""
    try:
        return archetypes_of(inputs)[1][2]
    except NotFoundError:
        return ()


def archetypes_offered(inputs: Inputs) -> bool:
    """Whether the .td says enough for a whole backend of archetypes, and LLVM's headers have the interface that they use."""
    try:
        return not archetypes_of(inputs)[0].missing
    except NotFoundError:
        return False


def archetype_plan(inputs: Inputs, held_out: Sequence[str]) -> Plan:
    """The plan of a backend of archetypes alone. Raises NotFoundError if the .td does not say enough for one."""
    made, (files, classes, functions) = archetypes_of(inputs)
    if made.missing:
        why = "; ".join(made.missing.values())
        raise NotFoundError(f"archetypes have no code generator for {inputs.folder}: {why}", str(inputs.td), "try --filler consensus")
    return Plan(
        inputs.folder, inputs.mode, FillerName.ARCHETYPE, inputs.source.version, tuple(sorted(held_out)), files, classes, functions,
        {"td": store.digest(inputs.td.read_bytes())},
    )  # fmt: skip
