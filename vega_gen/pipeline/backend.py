"""``new-target``: a .td and a checkout -> a backend written, flagged and compiled.

Enters: ``Prepared``. Leaves: ``Backend``: the plan, where it lies, what the compiler says of each file. It prints nothing and
judges nothing.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration import checkout
from llvm_integration.check import Mistake, check_files
from llvm_integration.edits import target_folder
from llvm_integration.toolchain import compile_flags
from vega_gen import review, store, tablegen
from vega_gen.emit import copies, emit
from vega_gen.errors import InputError
from vega_gen.fill.mend import blamed, macros_named, marked, without
from vega_gen.pipeline.compiling import generate_tables
from vega_gen.pipeline.generation import generate
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import Progress
from vega_gen.pipeline.request import Prepared, Request
from vega_gen.records import Decision, Description, Plan

ROUNDS = 5
"""How often the files are compiled: an error may hide others, and what is left out may be missed elsewhere."""

_REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that was written. ``plan``: with the review's decisions applied; ``stale``: decisions that no longer apply.

    ``folder``: its ``lib/Target/<New>``. ``files``: each .cpp, relative to it -> the first error of the whole file, "" if it compiles;
    empty where nothing was compiled."""

    plan: Plan
    written: checkout.Written
    folder: Path
    files: dict[str, str]
    stale: tuple[Decision, ...]


def write_backend(request: Request, prepared: Prepared, progress: Progress) -> Backend:
    """Stages 1 to 9, the review's decisions, and the edits made, all of them or none.

    Raises what the stages raise; the checkout is then as it was."""
    inputs = prepared.inputs
    jobs = os.cpu_count() or 1
    plan = generate(
        inputs, work=prepared.work, installation=prepared.installation, held_out=prepared.held_out, jobs=jobs, progress=progress
    )
    plan = replace(plan, held_out=tuple(f for f in plan.held_out if f not in prepared.generated))
    place = checkout.destination(inputs.source.root, inputs.folder, request.out) or inputs.source.root
    decisions = review.load_decisions(place / target_folder(inputs.folder), inputs.folder)
    decided, files = compiled_whole(prepared, review.apply(plan, decisions), request.threshold, progress)
    edits = [*copies(decided, own_definitions(inputs)), *emit(decided, named(inputs), inputs.headers, threshold=request.threshold)]
    kept = store.manifest(taken(with_findings(plan, decided)))
    manifest = checkout.Edit(f"{target_folder(inputs.folder)}/{review.PLAN_FILE}", kept, _REGISTRATION)
    written = checkout.write(inputs.source.root, inputs.folder, [*edits, manifest], out=request.out)
    return Backend(decided, written, written.root / target_folder(inputs.folder), files, review.stale(plan, decisions))


def with_findings(plan: Plan, compiled: Plan) -> Plan:
    """``plan`` with what compiling the same functions, with decisions applied, has shown of them: for the review queue."""
    pairs = zip(plan.functions, compiled.functions, strict=True)
    return replace(plan, functions=tuple(replace(f, compiles=False, message=g.message) if g.compiles is False else f for f, g in pairs))


def taken(plan: Plan) -> Plan:
    """The plan with the candidate taken for each function alone: what a review needs, in a tenth of the bytes."""
    return replace(
        plan,
        functions=tuple(
            replace(f, candidates=(f.candidate,), chosen=0) if f.chosen >= 0 else replace(f, candidates=()) for f in plan.functions
        ),
    )


def named(inputs: Inputs) -> Description:
    """The description, told the main .td's file name where that is not the target's."""
    description = inputs.description
    if inputs.td.name == f"{description.name}.td":
        return description
    return replace(description, data={**description.data, "td": inputs.td.name})


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


def compiled_whole(prepared: Prepared, plan: Plan, threshold: float, progress: Progress) -> tuple[Plan, dict[str, str]]:
    """Compiles each .cpp whole. What the compiler names is left out, and the files that it is in compiled again, ``ROUNDS`` times at most.

    Returns the plan without that, and each .cpp -> the first error left, "" if it compiles; {} without a compiler."""
    inputs, installation = prepared.inputs, prepared.installation
    if installation is None:
        return plan, {}
    folder, tables = prepared.work / "whole", prepared.work / "tables"
    dirs = (folder, tables, *installation.include_dirs)
    said: dict[str, tuple[Mistake, ...]] = {}
    before: dict[str, str] = {}
    shutil.rmtree(folder, ignore_errors=True)  # a file of another generation must not be found
    for left in reversed(range(ROUNDS)):
        edits = emit(plan, named(inputs), inputs.headers, threshold=threshold)
        prefix = target_folder(inputs.folder) + "/"
        texts = {edit.path.removeprefix(prefix): edit.content for edit in edits if isinstance(edit.content, str)}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            store.write_atomic(folder / path, text.encode())
        generate_tables(texts, inputs, tables, progress)
        changed = {path for path, text in texts.items() if before.get(path) != text}
        everything = any(not path.endswith(".cpp") for path in changed)
        paths = [path for path in sorted(texts) if path.endswith(".cpp") and (everything or path in changed)]
        files = [folder / path for path in paths]
        found = check_files(installation, files, dirs, compile_flags(installation), os.cpu_count() or 1, progress)
        said |= {
            path: tuple(replace(m, file=m.file.removeprefix(f"{folder}/")) for m in found[file])
            for path, file in zip(paths, files, strict=True)
        }
        mistakes = [m for of_file in said.values() for m in of_file]
        macros = frozenset(unit for path, of_path in said.items() for unit in macros_named(plan, path, of_path))
        mended = without(marked(plan, texts, mistakes), blamed(plan, texts, mistakes) | macros)
        if mended == plan or not left:
            break
        plan, before = mended, texts
    return plan, {path: str(mistakes[0]) if mistakes else "" for path, mistakes in said.items()}
