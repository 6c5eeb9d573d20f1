"""The commands ``new-target``, ``export``, ``undo`` and ``fill``: write a backend, make patches of it, remove it, or show one function."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vega_gen.cli import render
from vega_gen.cli.options import (
    ArchOption,
    AttrsOption,
    BigEndianOption,
    BuildDirOption,
    CheckpointOption,
    CorpusOption,
    CpuOption,
    DescOption,
    FactsOption,
    FillerOption,
    GraftSecondsOption,
    JsonFlag,
    LinkOption,
    LlvmOption,
    MachineOption,
    MadeByOption,
    NameOption,
    NoArchetypesFlag,
    SearchOption,
    TdOption,
    ThresholdOption,
)

if TYPE_CHECKING:
    from vega_gen.pipeline import Backend, Prepared, Request


def new_target(
    td: TdOption,
    llvm: LlvmOption,
    name: NameOption = "",
    desc: DescOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the result there and leave the checkout unchanged.")
    ] = None,
    filler: MadeByOption = None,
    checkpoint: CheckpointOption = None,
    threshold: ThresholdOption = None,
    corpus: CorpusOption = None,
    build_dir: BuildDirOption = None,
    arch: ArchOption = "",
    machine: MachineOption = 0,
    big_endian: BigEndianOption = False,
    cpu: CpuOption = "",
    attrs: AttrsOption = "",
    link: LinkOption = False,
    facts: FactsOption = None,
    no_archetypes: NoArchetypesFlag = False,
    graft_seconds: GraftSecondsOption = 120.0,
    search: SearchOption = 0.0,
    as_json: JsonFlag = False,
) -> None:
    """Generate the backend of a target from its TableGen description, and flag the statements that a person should check."""
    from vega_gen import pipeline
    from vega_gen.report import tables

    request = pipeline.Request(
        td, llvm, name, tuple(desc or ()), out, filler, threshold, tuple(corpus or ()), build_dir, checkpoint, arch, machine, big_endian,
        link, facts, not no_archetypes, cpu, attrs, graft_seconds, search,
    )
    render.remind_of_facts(td, facts)
    with render.progress("new-target") as advance:
        prepared = pipeline.prepare(request, advance)
        if prepared.official:
            render.notice(
                f"this checkout already has {prepared.inputs.folder}: it is held out, so none of its C++ is read, "
                "and the result is written beside the checkout"
            )
        backend = pipeline.write_backend(request, prepared, advance)
    figures = tables.summary(backend.plan, backend.plan.flag_below)
    following = _next_steps(backend, prepared, request)
    if as_json:
        render.json_text(tables.summary_json(figures) | _written_json(backend, prepared, following))
        return
    render.OUT.print(tables.summary_table(figures))
    _notices(backend, prepared)
    render.OUT.out(f"{backend.plan.target}: {len(backend.written.written)} files in {backend.folder}{_branch(backend)}")
    for command in following:
        render.OUT.out(f"next: {command}")


def export(
    llvm: LlvmOption,
    target: Annotated[str, typer.Option("--target", metavar="N", help="A backend that new-target wrote to a branch.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the patches; created if absent.")],
) -> None:
    """Export a backend as a series of small patches, each of which builds: triple, target name, MC layer, code generator, tests."""
    from vega_gen import pipeline

    patches = pipeline.export(llvm, target, out)
    for patch in patches:
        render.OUT.out(str(patch))
    render.OUT.out(f"next: git am --keep-non-patch {out}/*.patch")


def undo(
    llvm: LlvmOption,
    target: Annotated[str, typer.Option("--target", metavar="N", help="A backend that new-target wrote into this checkout.")],
) -> None:
    """Remove a generated backend: its branch in a git checkout, or what the last run wrote into a plain tree. The checkout is then as
    before."""
    from llvm_integration import checkout, discover

    root = discover.open_source(llvm).root
    paths = checkout.undo(root, target)
    render.OUT.out(f"{target}: restored {len(paths)} files in {root}")


def fill(
    td: TdOption,
    llvm: LlvmOption,
    function: Annotated[
        str, typer.Option("--function", metavar="NAME", help='"InstrInfo::copyPhysReg", with or without the target\'s name in it.')
    ],
    name: NameOption = "",
    desc: DescOption = None,
    filler: FillerOption = None,
    checkpoint: CheckpointOption = None,
    corpus: CorpusOption = None,
    candidates: Annotated[int, typer.Option("--candidates", metavar="N", min=0, help="Show the N likeliest candidates, 0 for all.")] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Generate one function and show the confidence and the donors of each statement. Nothing is compiled or written."""
    from vega_gen import pipeline
    from vega_gen.report import pages

    request = pipeline.Request(
        td, llvm, name, tuple(desc or ()), None, filler, corpora=tuple(corpus or ()), checkpoint=checkpoint, archetypes=False
    )
    with render.progress("fill") as advance:
        planned = pipeline.fill_one(pipeline.prepare(request, advance, writing=False), function, advance)
    if as_json:
        render.json_text([pages.filled_json(f) for f in planned])
        return
    for f in planned:
        render.OUT.out("\n".join(pages.filled_lines(f, candidates or len(f.candidates))))


def _branch(backend: Backend) -> str:
    made = backend.written
    return f", {len(made.commits)} commits on branch {made.branch}" if made.branch else ""


def _notices(backend: Backend, prepared: Prepared) -> None:
    from vega_gen.report import rungs, tables

    if prepared.installation is None:
        render.notice(f"nothing was compiled: {prepared.why}")
    for fact, why in backend.missing.items():
        render.notice(f"no code generator: {fact}: {why}")
    for fact, why in backend.limits.items():
        render.notice(f"limit: {fact}: {why}")
    render.trials(backend.trials)
    built = backend.built
    if built is not None:
        render.OUT.print(tables.steps_table(backend.plan))
        listed = f"llc --version lists {', '.join(built.listed)}" if built.listed else "llc --version does NOT list it"
        rounds = f"{built.rounds} round{'s' * (built.rounds != 1)}, {built.seconds:.0f} s"
        against = f"LLVM {prepared.installation.version}" if prepared.installation else ""
        made = f"{built.library}, a plug-in for {against}; tools that load it" if built.library else f"tools linked with {against}"
        render.OUT.out(f"built in {rounds}: {made} in {built.tools}; {listed}")
        render.OUT.out(f"llc fails on an empty function: {built.says}" if built.says else "llc compiles an empty function")
        for name, why in built.grafted.items():
            render.OUT.out(f"grafted: {name}: {why}")
        for name, why in built.suggested.items():
            render.OUT.out(f"suggested, not written: {name}: {why}")
    if backend.ladder:
        render.OUT.print(rungs.table(backend.ladder))
    for decision in backend.stale:
        render.notice(
            f"decision not applied, because its statement has changed: {decision.id} in {decision.function}: {decision.decided_on}"
        )


def _next_steps(backend: Backend, prepared: Prepared, request: Request) -> list[str]:
    """Shell commands that the user is likely to run next."""
    plan, source = backend.plan, prepared.inputs.source
    steps: list[str] = []
    if prepared.installation is None:
        build = f"{source.root}-build"
        configure = ["cmake", "-S", str(source.llvm), "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DLLVM_TARGETS_TO_BUILD="]
        steps.append(f"{shlex.join(configure)} && {shlex.join(['cmake', '--build', build])}")
        steps.append(shlex.join([*_again(request), "--build-dir", build]))
    steps.append(shlex.join(["vega-gen", "review", "--tree", str(backend.folder)]))
    if prepared.official and prepared.installation is not None:
        regress = ["vega-gen", "regress", "--target", plan.target, "--llvm", str(source.root), "--mode", plan.mode, "--filler", plan.filler]
        steps.append(shlex.join(regress))
    if not prepared.official and backend.written.branch:
        patches = ["--target", plan.target, "--out", f"{plan.target}-patches"]
        steps.append(shlex.join(["vega-gen", "export", "--llvm", str(source.root), *patches]))
    return steps


def _again(request: Request) -> list[str]:
    """The arguments that repeat ``request``."""
    words = ["vega-gen", "new-target", "--td", str(request.td), "--llvm", str(request.llvm)]
    words += ["--name", request.name] if request.name else []
    words += ["--out", str(request.out)] if request.out else []
    words += [word for path in request.desc for word in ("--desc", str(path))]
    words += [word for path in request.corpora for word in ("--corpus", str(path))]
    words += ["--filler", request.filler] if request.filler else []
    words += ["--checkpoint", str(request.checkpoint)] if request.checkpoint else []
    words += ["--triple", request.arch] if request.arch else []
    words += ["--elf-machine", str(request.machine)] if request.machine else []
    words += ["--big-endian"] if request.big_endian else []
    words += ["--mcpu", request.cpu] if request.cpu else []
    words += ["--mattr", request.attrs] if request.attrs else []
    words += ["--link"] if request.link else []
    words += ["--facts", str(request.facts)] if request.facts else []
    words += [] if request.archetypes else ["--no-archetypes"]
    return words + (["--threshold", str(request.threshold)] if request.threshold is not None else [])


def _written_json(backend: Backend, prepared: Prepared, following: list[str]) -> dict[str, Any]:
    from vega_gen.report import rungs, tables

    made = backend.written
    return {
        "folder": str(backend.folder),
        "way": made.way,
        "branch": made.branch,
        "commits": list(made.commits),
        "written": list(made.written),
        "deleted": list(made.deleted),
        "mode": backend.plan.mode,
        "filler": backend.plan.filler,
        "held_out": list(backend.plan.held_out),
        "compiled": prepared.installation is not None,
        "why_not_compiled": prepared.why,
        "built": backend.built is not None,
        "tools": str(backend.built.tools) if backend.built else "",
        "library": str(backend.built.library or "") if backend.built else "",
        "llvm": prepared.installation.version if prepared.installation else "",
        "rounds": backend.built.rounds if backend.built else 0,
        "listed": list(backend.built.listed) if backend.built else [],
        "says": backend.built.says if backend.built else "",
        **tables.steps_json(backend.plan),
        "triple": backend.arch,
        "grafted": dict(backend.built.grafted) if backend.built else {},
        "suggested": dict(backend.built.suggested) if backend.built else {},
        "trials": [asdict(trial) for trial in backend.trials],
        "missing": dict(backend.missing),
        "limits": dict(backend.limits),
        "ladder": rungs.as_json([backend.ladder])[0] if backend.ladder else None,
        "stale": [d.id for d in backend.stale],
        "next": following,
    }
