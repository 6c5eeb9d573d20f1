"""``new-target``: a .td and a checkout -> a backend written, flagged and built.

Enters: ``Prepared``. Leaves: ``Backend``: the plan, where it lies, what was built of it. It prints nothing and
judges nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration import checkout
from llvm_integration.crash import data_layout
from llvm_integration.edits import target_folder
from llvm_integration.process import Progress
from vega_gen import review, store, tablegen
from vega_gen.archetypes.parts import Parts
from vega_gen.archetypes.values import data_layout as layout_of
from vega_gen.emit import copies, emit, stamp_of, tests
from vega_gen.emit.clang import clang_edits, has_clang
from vega_gen.errors import InputError, NotFoundError
from vega_gen.facts import find_facts
from vega_gen.pipeline.building import Built, build_backend, named
from vega_gen.pipeline.climbing import climb_built, tests_of
from vega_gen.pipeline.generation import generate
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.offers import archetypes_of
from vega_gen.pipeline.registering import Registered, registered
from vega_gen.pipeline.request import Prepared, Request, prepare
from vega_gen.plan.steps import Archetype
from vega_gen.records import Decision, Ladder, Plan, PlannedFunction, Step

_REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that was written. ``plan``: with the review's decisions applied; ``stale``: decisions that no longer apply.

    ``folder``: its ``lib/Target/<New>``. ``arch``: the first part of its triple. ``built``: None where there is no LLVM to build with.
    ``ladder``: how far it gets, None with ``built``."""

    plan: Plan
    written: checkout.Written
    folder: Path
    arch: str
    built: Built | None
    ladder: Ladder | None
    stale: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A backend that nobody has written yet. ``generated``: its plan before decisions and the build; ``plan``: after them."""

    generated: Plan
    plan: Plan
    known: Registered
    definitions: dict[str, bytes]
    built: Built | None
    stale: tuple[Decision, ...]


def make_backend(request: Request, prepared: Prepared, progress: Progress) -> Made:
    """Stages 1 to 8, the review's decisions, and the build. Raises what the stages raise."""
    known = registered(request, prepared)
    prepared = known.prepared
    inputs = prepared.inputs
    jobs = os.cpu_count() or 1
    plan = generate(
        inputs, work=prepared.work, installation=prepared.installation, held_out=prepared.held_out, jobs=jobs, progress=progress
    )
    asked = plan.flag_below if request.threshold is None else request.threshold
    plan = replace(plan, held_out=tuple(f for f in plan.held_out if f not in prepared.generated), flag_below=asked)
    place = checkout.destination(inputs.source.root, inputs.folder, request.out) or inputs.source.root
    decisions = review.load_decisions(place / target_folder(inputs.folder), inputs.folder)
    decided, definitions = review.apply(plan, decisions), own_definitions(inputs)
    built = None
    if prepared.installation is not None:
        archetype, layer = archetypes_for(inputs)
        built = build_backend(prepared, decided, definitions, progress, archetype, layer, known.overlay, _layout(request, inputs))
        decided = built.plan
    return Made(plan, decided, known, definitions, built, review.stale(plan, decisions))


def write_backend(request: Request, prepared: Prepared, progress: Progress) -> Backend:
    """The backend made and written, all of its edits or none. Raises what the stages raise; the checkout is then as it was."""
    made = make_backend(request, prepared, progress)
    known, inputs = made.known, made.known.prepared.inputs
    texts = emit(made.plan, named(inputs), inputs.headers, threshold=made.plan.flag_below)
    edits = [*known.edits, *copies(made.plan, made.definitions), *texts, *_for_clang(request, made)]
    climbed = climb_built(inputs, made.built.tools, None, progress) if made.built else None
    if made.built and climbed and known.overlay:
        edits += tests(made.plan, tests_of(inputs, made.built.tools, climbed))
    kept = store.manifest(taken(with_findings(made.generated, made.plan)))
    manifest = checkout.Edit(f"{target_folder(inputs.folder)}/{review.PLAN_FILE}", kept, _REGISTRATION)
    written = checkout.write(inputs.source.root, inputs.folder, [*edits, manifest], out=request.out)
    folder = written.root / target_folder(inputs.folder)
    return Backend(made.plan, written, folder, known.arch, made.built, climbed, made.stale)


def _for_clang(request: Request, made: Made) -> tuple[checkout.Edit, ...]:
    """What a clang in the checkout must know of a triple that LLVM did not know: its data layout as llc says it, or from the .td files."""
    inputs = made.known.prepared.inputs
    if made.known.prepared.official or not has_clang(inputs.source.root):
        return ()
    said = data_layout(made.built.tools / "llc", made.known.arch) if made.built else ""
    layout = said or _layout(request, inputs)
    return clang_edits(inputs.description, inputs.source.root, arch=made.known.arch, layout=layout, stamp=stamp_of(made.plan))


def _layout(request: Request, inputs: Inputs) -> str:
    """The data layout that follows from the .td files."""
    return ("E" if request.big_endian else "e") + layout_of(find_facts(inputs.description))


def archetypes_for(inputs: Inputs) -> tuple[Archetype, Parts | None]:
    """What the loop puts in the place of functions of which nothing mined compiles: the archetype of the name, with as many parameters;
    and what it puts in the place of a machine code layer that lacks some. None where LLVM's headers do not have the interface that
    archetypes know."""
    try:
        _, parts = archetypes_of(inputs)
    except NotFoundError:
        return (lambda f: None), None
    named = {(f.qualified_name, len(f.candidate.signature.params)): f.candidate for f in parts[2]}
    return (lambda f: named.get((f.qualified_name, len(f.candidate.signature.params)))), parts


def climb_made(request: Request, work: Path | None, progress: Progress, *, cpu: str = "", attrs: str = "") -> tuple[Plan, Ladder]:
    """Make and build a backend, and climb with the tools that came of it. ``work`` keeps the programs; a folder in the cache if None.

    Raises InputError where there is no LLVM to build it with, and what ``make_backend`` raises."""
    prepared = prepare(request, progress, writing=False)
    if prepared.installation is None:
        raise InputError(f"nothing can be built: {prepared.why}", str(request.llvm), "vega-gen doctor says what to install")
    made = make_backend(request, prepared, progress)
    assert made.built is not None
    return made.plan, climb_built(made.known.prepared.inputs, made.built.tools, work, progress, cpu=cpu, attrs=attrs)


def with_findings(plan: Plan, built: Plan) -> Plan:
    """``plan`` with what building the same functions, with decisions applied, has shown of them: for the review queue. What was made for
    the build comes after them."""
    count = len(plan.functions)
    functions = tuple(map(_found, plan.functions, built.functions[:count]))
    return replace(plan, functions=(*functions, *built.functions[count:]))


def _found(f: PlannedFunction, built: PlannedFunction) -> PlannedFunction:
    heads = [[c.signature for c in g.candidates] for g in (f, built)]  # others: an archetype came, or a head that a contract demands
    if built.step is Step.FILLED and heads[0] == heads[1]:
        return f
    candidates = f.candidates if heads[0] == heads[1] else built.candidates
    return replace(
        f, candidates=candidates, chosen=built.chosen, compiles=built.compiles, message=built.message, step=built.step,
        instead=built.instead, declared=built.declared, file=built.file, in_class=built.in_class,
    )  # fmt: skip


def taken(plan: Plan) -> Plan:
    """The plan with the candidate taken for each function alone: what a review needs, in a tenth of the bytes."""
    return replace(
        plan,
        functions=tuple(
            replace(f, candidates=(f.candidate,), chosen=0) if f.chosen >= 0 else replace(f, candidates=()) for f in plan.functions
        ),
    )


def own_definitions(inputs: Inputs) -> dict[str, bytes]:
    """The .td files to copy into the new target's folder, and its list of relocations: path relative to it -> content.

    Not those of LLVM, nor what lies there already. Raises InputError for an include that leads out of the .td's folder."""
    base, *others = inputs.include_dirs
    files = [p for p in tablegen.reachable(inputs.td, inputs.include_dirs) if not any(p.is_relative_to(folder) for folder in others)]
    for path in files:
        if not path.is_relative_to(base):
            raise InputError("this included file lies outside the folder of the .td", str(path), f"move it below {base}")
    found = {p.relative_to(base).as_posix(): p.read_bytes() for p in files}
    if inputs.relocs is not None and files:
        found[f"{inputs.folder}.def"] = inputs.relocs.read_bytes()
    return found
