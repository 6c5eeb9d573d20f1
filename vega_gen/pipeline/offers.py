"""Make plans, or functions for other plans, of archetypes. No donor is read and nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen import store
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.parts import Parts, planned
from vega_gen.cxx import parse_file
from vega_gen.cxx.interface import Interface
from vega_gen.errors import NotFoundError
from vega_gen.groups import FunctionGroup, Groups
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import masker_of
from vega_gen.plan.declarations import Declarations
from vega_gen.plan.fitting import fitted
from vega_gen.plan.stubs import initialiser
from vega_gen.records import FillerName, Plan, PlannedFunction

_NEARLY_ALL = 0.75
"""Part of the backends that have a free function from which this one is taken to have it too. Not swept."""


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


def fitted_functions(inputs: Inputs, groups: Groups) -> Sequence[PlannedFunction]:
    """The archetypes' functions, fitted into a backend with the headers of ``inputs`` (see ``plan.fitting``);
    none where LLVM's headers lack the interface that they use.

    ``groups``: of the functions of other backends, which tell the names that a backend's classes usually have."""
    try:
        _, parts = archetypes_of(inputs)
    except NotFoundError:
        return ()
    masker = masker_of(inputs.folder, inputs.description)
    parsed = [parse_file(text, inputs.folder, path) for path, text in sorted(inputs.headers.items()) if path.endswith(".h")]
    everyone = len({target for g in groups.by_name.values() for target in g.targets})
    shared = [(g, masker.unmask(g.name.rsplit("::", 1)[-1].split("/")[0])) for g in groups.by_name.values() if len(g.targets) > 1]
    obliged = frozenset(c.name for c in inputs.description.contracts)
    there = Declarations(
        classes={c.name: c for f in parsed for c in f.classes},
        usual=obliged | {n for _, n in shared} | {masker.unmask(g.role) for g, _ in shared if not parsed or _in_a_source_file(g)},
        expected=obliged | {n for g, n in shared if not g.role and len(g.targets) > _NEARLY_ALL * everyone},
        subtarget=f"{inputs.description.name}Subtarget",
        names=frozenset(n for f in parsed for e in f.enums for n in (e.name, *e.enumerators)),
    )
    llvm = Interface([*inputs.overlay, inputs.source.llvm / "include"])
    generated = f"{inputs.description.name}Gen"
    bases = {c.name: [b.split()[-1].replace(generated, "Target") for b in c.bases] for c in parts[1]}
    members = {name: frozenset(m for b in of for m in llvm.methods_of(b)) for name, of in bases.items()}
    return fitted(parts, there, members)


def _in_a_source_file(group: FunctionGroup) -> bool:
    """Whether most backends define the class of a group's functions in a .cpp file, where no header shows it."""
    inside = [f for f in group.members if f.in_class or f.namespaces[-1:] == ("",)]
    return 2 * sum(f.file.endswith(".cpp") for f in inside) > len(group.members)


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
