"""``new-target``: generate a backend from a .td and an LLVM checkout, build it, and write it with its registration."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration import checkout
from llvm_integration.crash import data_layout
from llvm_integration.edits import target_folder
from llvm_integration.process import Progress
from vega_gen import fact_review, review, store
from vega_gen.archetypes.parts import Parts, by_name, the_overload
from vega_gen.archetypes.values import data_layout as layout_of
from vega_gen.emit import copies, emit, stamp_of, tests
from vega_gen.emit.clang import clang_edits, has_clang
from vega_gen.emit.lld import has_lld, lld_edits
from vega_gen.errors import InputError, NotFoundError
from vega_gen.facts import find_facts
from vega_gen.facts.facts_file import facts_text
from vega_gen.facts.left_out import leaving_out, left_out_by
from vega_gen.pipeline.building import Built, Workshop, build_backend, named
from vega_gen.pipeline.climbing import climb_built, tests_of
from vega_gen.pipeline.completing import completion_file, included
from vega_gen.pipeline.generation import generate
from vega_gen.pipeline.grafting import Grafting
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.offers import archetypes_of, as_registered
from vega_gen.pipeline.registering import Registered, registered
from vega_gen.pipeline.request import Prepared, Request, prepare
from vega_gen.pipeline.searching import searched
from vega_gen.pipeline.try_request import TriedFact, TryRequest
from vega_gen.pipeline.trying import try_out
from vega_gen.plan.grafts import Grafted
from vega_gen.plan.steps import Archetype
from vega_gen.records import Decision, Evidence, FillerName, GivenFact, Ladder, Plan, PlannedFunction, Step
from vega_gen.tablegen.mending import mended

_REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that was written.

    ``plan``: with the reviewer's decisions applied.
    ``folder``: its ``lib/Target/<New>``.
    ``arch``: the architecture part of its triple.
    ``built``: None where there is no LLVM to build with.
    ``ladder``: how far the backend gets; None with ``built``.
    ``missing``: fact -> why there is no code generator. ``limits``: fact -> what the code generator cannot do.
    ``trials``: what a search tried. ``stale``: decisions that no longer apply.
    """

    plan: Plan
    written: checkout.Written
    folder: Path
    arch: str
    built: Built | None
    ladder: Ladder | None
    missing: Mapping[str, str]
    limits: Mapping[str, str]
    trials: tuple[TriedFact, ...]
    stale: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A backend that is not written yet.

    ``generated``: its plan before decisions and the build; ``plan``: after them.
    ``known``: its registration. ``definitions``: .td files to copy, path -> content. ``missing``, ``limits``: see ``Backend``.
    """

    generated: Plan
    plan: Plan
    known: Registered
    definitions: dict[str, bytes]
    built: Built | None
    missing: Mapping[str, str]
    limits: Mapping[str, str]
    trials: tuple[TriedFact, ...]
    stale: tuple[Decision, ...]

    @property
    def no_code(self) -> str:
        """Why there is no code generator, "" where there is one."""
        return "; ".join(self.missing.values())


def make_backend(request: Request, prepared: Prepared, progress: Progress) -> Made:
    """Generate the plan, apply the reviewer's decisions, and build the backend.

    Raises what these stages raise; see ``registered``, ``generate`` and ``build_backend``.
    """
    asked_for = prepared
    place = checkout.destination(prepared.inputs.source.root, prepared.inputs.folder, request.out) or prepared.inputs.source.root
    beside = place / target_folder(prepared.inputs.folder)
    decisions = review.load_decisions(beside, prepared.inputs.folder)
    facts = tuple(find_facts(prepared.inputs.description).records.values())
    if told := fact_review.given(facts, decisions, str(beside / review.DECISIONS_FILE)):
        prepared = replace(prepared, inputs=replace(prepared.inputs, decided={**prepared.inputs.decided, **told}))
    trials: tuple[TriedFact, ...] = ()
    if request.search:
        trials = _searched(request, prepared, progress)
        kept = {t.key: GivenFact(t.key, t.value, "", Evidence.TESTS) for t in trials if t.kept}
        prepared = replace(prepared, inputs=replace(prepared.inputs, decided={**kept, **prepared.inputs.decided}))
        facts = tuple(find_facts(prepared.inputs.description).records.values())
    known = registered(request, prepared)
    prepared = known.prepared
    inputs = prepared.inputs
    jobs = os.cpu_count() or 1
    plan = generate(
        inputs, work=prepared.work, installation=prepared.installation, held_out=prepared.held_out, jobs=jobs, progress=progress
    )
    asked = plan.flag_below if request.threshold is None else request.threshold
    plan = replace(plan, held_out=tuple(f for f in plan.held_out if f not in prepared.generated), flag_below=asked, facts=facts)
    decided, definitions = review.apply(plan, decisions), own_definitions(inputs)
    missing: Mapping[str, str] = {}
    limits: Mapping[str, str] = {}
    if inputs.filler is FillerName.ARCHETYPE:
        account = archetypes_of(inputs)[0]
        missing, limits = account.missing, account.limits
    built = None
    if prepared.installation is not None:
        archetype, layer = archetypes_for(inputs)
        layout, graft = _layout(inputs), _graft(request, prepared, progress) if not missing else None
        built = build_backend(prepared, decided, definitions, progress, archetype, layer, known.overlay, layout, graft)
        if unfit := _unfit(request, inputs, built.plan, progress):
            again = replace(asked_for.inputs, decided={**asked_for.inputs.decided, unfit.key: unfit})
            return make_backend(request, replace(asked_for, inputs=again), progress)
        decided, plan = built.plan, replace(plan, suggested=dict(built.suggested))
    if prepared.official and not prepared.linked:
        plan, decided = (as_registered(one, inputs, known.arch) for one in (plan, decided))
    return Made(plan, decided, known, definitions, built, missing, limits, trials, review.stale(plan, decisions))


def _unfit(request: Request, inputs: Inputs, plan: Plan, progress: Progress) -> GivenFact | None:
    """What has to be left out of the .td (``plan.unfit``) where archetypes' selector was not built, or asks what nobody says: ``try`` finds
    it."""
    selector = f"{inputs.description.name}ISelDAGToDAG.cpp"
    lost = any(f.file == selector and f.step in (Step.STUB, Step.LEFT_OUT) for f in plan.functions)
    if inputs.filler is not FillerName.ARCHETYPE or not lost:
        return None
    described = try_out(_as_tried(request, inputs), progress).description
    found = left_out_by(described) if described else set[str]()
    return leaving_out(inputs.description, found) if found - left_out_by(inputs.description) else None


def _as_tried(request: Request, inputs: Inputs) -> TryRequest:
    return TryRequest(
        inputs.td, str(inputs.source.version).split(".", 1)[0], name=inputs.folder, big_endian=request.big_endian, facts=request.facts,
        supposed=tuple(inputs.decided.values()), search=request.search, cpu=request.cpu, attrs=request.attrs,
    )  # fmt: skip


def _searched(request: Request, prepared: Prepared, progress: Progress) -> tuple[TriedFact, ...]:
    """The values of doubtful facts that the ladder was asked about. Raises what ``searched`` raises."""
    return searched(_as_tried(request, prepared.inputs), progress).trials


def _graft(request: Request, prepared: Prepared, progress: Progress) -> Callable[[Plan, Workshop], Grafted] | None:
    """What grafts mined functions onto a plan that builds, None where nothing is to be grafted."""
    if request.grafts is None:
        return None
    inputs = replace(prepared.inputs, filler=request.grafts)
    mined = generate(inputs, work=prepared.work / "mined", installation=None, held_out=prepared.held_out, progress=progress)

    def graft(plan: Plan, shop: Workshop) -> Grafted:
        return Grafting(plan, mined, prepared.inputs, shop, progress, request.graft_seconds).run()

    return graft


def write_backend(request: Request, prepared: Prepared, progress: Progress) -> Backend:
    """Make a backend and write it to the checkout or to ``request.out``: all edits or none.

    Raises what ``make_backend`` raises; the checkout is then unchanged.
    """
    made = make_backend(request, prepared, progress)
    known, inputs = made.known, made.known.prepared.inputs
    texts = emit(made.plan, named(inputs), inputs.headers, threshold=made.plan.flag_below)
    edits = [*known.edits, *copies(made.plan, made.definitions), *texts, *_for_clang(request, made), *_for_lld(made)]
    climbed = climb_built(inputs, made.built.tools, None, progress, no_code=made.no_code) if made.built else None
    if made.built and climbed and known.overlay:
        edits += tests(made.plan, tests_of(inputs, made.built.tools, climbed))
    kept = store.manifest(taken(with_findings(made.generated, made.plan)))
    manifest = checkout.Edit(f"{target_folder(inputs.folder)}/{review.PLAN_FILE}", kept, _REGISTRATION)
    told = facts_text({f.key: f for f in made.plan.facts}, inputs.folder)
    facts = checkout.Edit(f"{target_folder(inputs.folder)}/{fact_review.FACTS_FILE}", told, _REGISTRATION)
    written = checkout.write(inputs.source.root, inputs.folder, [*edits, manifest, facts], out=request.out)
    folder = written.root / target_folder(inputs.folder)
    return Backend(made.plan, written, folder, known.arch, made.built, climbed, made.missing, made.limits, made.trials, made.stale)


def _for_clang(request: Request, made: Made) -> tuple[checkout.Edit, ...]:
    """The edits that make a clang in the checkout know a new triple's data layout: as llc reports it, else derived from the .td files."""
    inputs = made.known.prepared.inputs
    if made.known.prepared.official or not has_clang(inputs.source.root):
        return ()
    said = data_layout(made.built.tools / "llc", made.known.arch) if made.built else ""
    layout = said or _layout(inputs)
    return clang_edits(inputs.description, inputs.source.root, arch=made.known.arch, layout=layout, stamp=stamp_of(made.plan))


def _for_lld(made: Made) -> tuple[checkout.Edit, ...]:
    """The edit that makes an lld in the checkout know a new triple's relocations."""
    inputs = made.known.prepared.inputs
    if made.known.prepared.official or not has_lld(inputs.source.root):
        return ()
    return lld_edits(inputs.description, inputs.source.root, big_endian=bool(inputs.big_endian), stamp=stamp_of(made.plan))


def _layout(inputs: Inputs) -> str:
    """The data layout string derived from the .td files."""
    return ("E" if inputs.big_endian else "e") + layout_of(find_facts(inputs.description))


def archetypes_for(inputs: Inputs) -> tuple[Archetype, Parts | None]:
    """What the build loop falls back on: a function that returns the archetype with the same name and parameters, and the parts of the
    machine code layer.

    The latter is None, and no archetype is found, where LLVM's headers lack the interface that archetypes use.
    """
    try:
        _, parts = archetypes_of(inputs)
    except NotFoundError:
        return (lambda f: None), None
    named = by_name(parts[2])
    return (lambda f: the_overload(named, f.candidate.signature)), parts


def climb_made(request: Request, work: Path | None, progress: Progress, *, cpu: str = "", attrs: str = "") -> tuple[Plan, Ladder]:
    """Make and build a backend without writing it, and climb the ladder with its tools.

    ``work``: folder for the programs, None for one in the cache. Raises InputError where there is no LLVM to build with, and what
        ``make_backend`` raises.
    """
    prepared = prepare(request, progress, writing=False)
    if prepared.installation is None:
        raise InputError(f"nothing can be built: {prepared.why}", str(request.llvm), "vega-gen doctor says what to install")
    made = make_backend(request, prepared, progress)
    assert made.built is not None
    return made.plan, climb_built(made.known.prepared.inputs, made.built.tools, work, progress, cpu=cpu, attrs=attrs, no_code=made.no_code)


def with_findings(plan: Plan, built: Plan) -> Plan:
    """``plan``, for the review queue, with what the build found out about each function. Functions that the build added follow.

    ``built``: the plan after decisions and the build. Its first functions are those of ``plan``.
    """
    count = len(plan.functions)
    functions = tuple(map(_found, plan.functions, built.functions[:count]))
    return replace(plan, functions=(*functions, *built.functions[count:]))


def _found(f: PlannedFunction, built: PlannedFunction) -> PlannedFunction:
    heads = [[c.signature for c in g.candidates] for g in (f, built)]  # they differ after an archetype or a contract's signature came in
    if built.step is Step.FILLED and heads[0] == heads[1]:
        return f
    candidates = f.candidates if heads[0] == heads[1] else built.candidates
    return replace(
        f, candidates=candidates, chosen=built.chosen, compiles=built.compiles, message=built.message, step=built.step,
        instead=built.instead, declared=built.declared, file=built.file, in_class=built.in_class,
    )  # fmt: skip


def taken(plan: Plan) -> Plan:
    """The plan with only the chosen candidate of each function: enough for a review, in a tenth of the bytes."""
    return replace(
        plan,
        functions=tuple(
            replace(f, candidates=(f.candidate,), chosen=0) if f.chosen >= 0 else replace(f, candidates=()) for f in plan.functions
        ),
    )


def own_definitions(inputs: Inputs) -> dict[str, bytes]:
    """The .td files and the list of relocations to copy into the new target's folder: path relative to it -> content.

    LLVM's own .td files and those of the target's folder in the checkout are not copied. What they lack goes into a file of
    its own, which the copy of the main one includes (``Inputs.completion``).
    Raises InputError for an include outside the folder of the .td.
    """
    base, files = inputs.include_dirs[0], inputs.definitions
    for path in files:
        if not path.is_relative_to(base):
            raise InputError("this included file lies outside the folder of the .td", str(path), f"move it below {base}")
    found = {p.relative_to(base).as_posix(): p.read_bytes() for p in files}
    if inputs.td in files and inputs.completion.text:
        target = inputs.own_description.name
        lacking = inputs.completion.mendings
        found |= {p: mended(held.decode(errors="surrogateescape"), lacking).encode(errors="surrogateescape") for p, held in found.items()}
        found[inputs.td.name] += included(target).encode()
        found[completion_file(target)] = inputs.completion.text.encode()
    if inputs.relocs is not None and files:
        found[f"{inputs.folder}.def"] = inputs.relocs.read_bytes()
    return found
