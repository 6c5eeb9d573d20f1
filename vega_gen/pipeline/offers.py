"""Make plans, or functions for other plans, of archetypes. No donor is read and nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen import store
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.parts import Parts, planned
from vega_gen.cxx.interface import Interface
from vega_gen.errors import NotFoundError
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import masker_of
from vega_gen.plan.stubs import initialiser
from vega_gen.records import FillerName, Plan, PlannedFunction


def archetypes_of(inputs: Inputs) -> tuple[Archetypes, Parts]:
    """The archetypes of a target, and the same as parts of a plan. Raises what describing the .td raises."""
    llvm = Interface([*inputs.overlay, inputs.source.llvm / "include"])
    made = archetypes(inputs.description, llvm, inputs.arch, big_endian=inputs.big_endian)
    return made, planned(made.printed, inputs.folder, masker_of(inputs.folder, inputs.description))


def as_registered(plan: Plan, tried: Inputs, arch: str) -> Plan:
    """A plan of archetypes that was ``tried`` under another architecture's name, with the functions that name ``arch``."""
    before, after = archetypes_of(tried)[1][2], archetypes_of(replace(tried, arch=arch, big_endian=None))[1][2]
    other = {old: new for old, new in zip(before, after, strict=True) if old != new}

    def written(f: PlannedFunction) -> PlannedFunction:
        same = next((new for old, new in other.items() if (old.file, old.candidates) == (f.file, f.candidates)), None)
        return replace(f, candidates=same.candidates) if same else f

    return replace(plan, functions=tuple(map(written, plan.functions)))


def archetype_functions(inputs: Inputs) -> Sequence[PlannedFunction]:
    """The archetypes' functions for a target; none where LLVM's headers lack the interface that they use."""
    try:
        return archetypes_of(inputs)[1][2]
    except NotFoundError:
        return ()


def archetype_plan(inputs: Inputs, held_out: Sequence[str]) -> Plan:
    """The plan of a backend of archetypes alone: a code generator only where the .td says enough for one (``Archetypes.missing``).

    Raises NotFoundError where LLVM's headers lack the interface that archetypes use."""
    made, (files, classes, functions) = archetypes_of(inputs)
    if made.missing:  # LLVM's tools call it of every target
        where = next(f.file for f in functions if f.candidate.signature.name == f"LLVMInitialize{inputs.folder}TargetInfo")
        functions = (*functions, replace(initialiser(inputs.folder, f"LLVMInitialize{inputs.folder}Target"), file=where))
    return Plan(
        inputs.folder, inputs.mode, FillerName.ARCHETYPE, inputs.source.version, tuple(sorted(held_out)), files, classes, functions,
        {"td": store.digest(inputs.td.read_bytes())},
    )  # fmt: skip
