"""``regress``: judge the functions of a target that the checkout has, generated with the target held out or read from another tree."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration import discover
from llvm_integration.process import Progress
from vega_gen import regress, store
from vega_gen.corpus import held_out_folders
from vega_gen.corpus.modules import module_of
from vega_gen.cxx.masker import Masker
from vega_gen.errors import InputError
from vega_gen.groups import Groups
from vega_gen.pipeline.generation import generate, generation_seconds
from vega_gen.pipeline.inputs import Inputs, default_filler, target_inputs
from vega_gen.pipeline.mining import Mined, masker_of, mine, silent
from vega_gen.pipeline.offers import fitted_functions
from vega_gen.records import BUDGET, FillerName, Function, Mode, PlannedFunction
from vega_gen.report.passrate import Run

Bar = AbstractContextManager[Progress]


def usual_filler(target: str, checkpoint: Path | None) -> FillerName:
    """The filler for a target or suite where none is asked for; see ``default_filler``."""
    return default_filler(held_out_folders((regress.named_suite(target).target,)), checkpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionRequest:
    """What is judged and how: the options of ``vega-gen regress``.

    ``target``: a folder of lib/Target, or a suite.
    ``tree``: judge the backend in this tree instead of generating one.
    ``draw``: judge this many functions of the interface population, drawn with ``seed``; 0 for all.
    ``work``: folder for builds and the journal, None for one in the cache.
    ``timeout``: seconds that a test may take.
    ``budget``: the largest number of candidates of a function. ``uncalibrated``: keep the filler's own confidence.
    """

    llvm: Path
    target: str
    tree: Path | None = None
    functions_glob: str = "*"
    draw: int = 0
    seed: int = 0
    jobs: int = 2
    work: Path | None = None
    build_dir: Path | None = None
    timeout: int = 60
    keep_going: bool = False
    scheduler: str = ""
    checkpoint: Path | None = None
    budget: int = BUDGET
    uncalibrated: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Runs of the judge over one target.

    ``left_out``: tests that are not green on the unmodified backend; ``flaky``: those of them whose results differ from run to run.
    """

    runs: tuple[Run, ...]
    left_out: tuple[str, ...]
    flaky: tuple[str, ...]


def judge_all(
    request: RegressionRequest, modes: Sequence[Mode], fillers: Sequence[FillerName], progress: Callable[[str], Bar]
) -> Judged:
    """Judge once for each mode and filler (none: the usual ones), or once for a tree. ``progress`` begins the bar of a run.

    Raises InputError for a tree together with modes or fillers, and what the judge raises.
    """
    if request.tree and (modes or fillers):
        raise InputError("--tree judges a backend as it is: it has no mode or filler", str(request.tree), "leave out --mode and --filler")
    runs: list[Run] = []
    left_out: dict[str, None] = {}
    flaky: dict[str, None] = {}
    asked = itertools.product(modes or [Mode.DESC], fillers or [usual_filler(request.target, request.checkpoint)])
    for mode, filler in asked:
        start = time.monotonic()
        with progress(f"regress {request.target} {request.tree or f'{mode} {filler}'}") as advance:
            found = regression(request, mode, filler, advance)
            generated = time.monotonic()
            judgements = tuple(sorted(found.judgements(), key=lambda j: (j.file, j.line)))
        end = time.monotonic()
        what = (None, None) if request.tree else (mode, filler)
        times = end - generated, found.generation_seconds
        tree = str(request.tree or "")
        runs.append(Run(request.target, found.llvm_version, *what, end - start, judgements, tree, *times, found.sample))
        left_out.update(dict.fromkeys(found.baseline.left_out))
        flaky.update(dict.fromkeys(found.baseline.flaky))
    return Judged(tuple(runs), tuple(left_out), tuple(flaky))


def regression(request: RegressionRequest, mode: Mode, filler: FillerName, progress: Progress = silent) -> regress.Regression:
    """Judge a held-out target, or a suite of some of its tests. Only the judge reads the official backend.

    The functions are generated anew, or read from the backend in ``request.tree``.
    """
    target, budget, checkpoint = request.target, request.budget, request.checkpoint
    folder_name = regress.named_suite(target).target
    inputs, installation, held = target_inputs(request.llvm, folder_name, mode, filler, request.build_dir, checkpoint, budget)
    inputs = replace(inputs, uncalibrated=request.uncalibrated)
    name = f"{target}-{store.digest(str(inputs.source.root), installation.version)[:8]}"
    folder = request.work or store.cache_folder("regress", name)
    mined = mine((inputs.source.root,), held, mode, inputs.tblgen, progress)
    masker = masker_of(inputs.folder, inputs.description)
    progress(0, 0, "grouping functions")
    reference = regress.read_reference(inputs.source.llvm, inputs.folder)
    roles = mined.groups.with_target(inputs.folder, reference.classes, masker, inputs.description.contracts)
    seconds: dict[str, float] = {}
    if request.tree is None:
        population, _ = regress.population(reference, roles, request.functions_glob, request.draw, request.seed)
        answers = _may_answer([reference.functions[i] for i in population], roles) if request.draw else None
        functions = _generated(inputs, mined, installation, held, folder, request.jobs, progress, answers)
        seconds = generation_seconds(inputs, mined, installation)
        asked = ["--mode", str(mode), "--filler", str(filler), *(["--checkpoint", str(checkpoint)] if checkpoint else [])]
        asked += ["--budget", str(budget)] if budget != BUDGET else []
    else:
        functions = _of_tree(regress.target_folder(request.tree, inputs.folder), inputs.folder, roles, masker)
        asked = ["--tree", str(request.tree)]
    return regress.judge(
        functions, reference, roles, lambda file: module_of(file, masker), inputs.source, installation, folder,
        suite_name=target, asked=asked, functions_glob=request.functions_glob, draw=request.draw, seed=request.seed, jobs=request.jobs,
        timeout=request.timeout, keep_going=request.keep_going, scheduler=request.scheduler, generation_seconds=seconds, progress=progress,
    )


def _may_answer(drawn: Sequence[Function], roles: Groups) -> Callable[[PlannedFunction], bool]:
    """Whether a planned function may correspond to one of those drawn: it has the same name or group.

    This choice is all that generation learns of the reference, and a function comes out the same whether or not others are asked for.
    """
    names = {(f.signature.class_name, f.signature.name) for f in drawn}
    groups = {roles.name_of(f) for f in drawn}
    return lambda f: f.group in groups or (f.candidate.signature.class_name, f.candidate.signature.name) in names


def _generated(
    inputs: Inputs, mined: Mined, installation: discover.Installation, held: Sequence[str], folder: Path, jobs: int, progress: Progress,
    asked: Callable[[PlannedFunction], bool] | None,
) -> tuple[PlannedFunction, ...]:
    if inputs.filler is FillerName.ARCHETYPE:
        return tuple(fitted_functions(inputs, mined.groups))
    generated = folder / "generate" / f"{inputs.mode}-{inputs.filler}"
    plan = generate(
        inputs, work=generated, installation=installation, held_out=held, asked=asked, jobs=jobs, progress=progress, mined=mined
    )
    store.dump(plan, generated / "plan.json")
    return plan.functions


def _of_tree(folder: Path, target: str, roles: Groups, masker: Masker) -> tuple[PlannedFunction, ...]:
    return tuple(
        regress.as_planned(f, roles.name_of(f), module_of(f.file, masker)) for f in regress.functions_of(folder, target)
    )
