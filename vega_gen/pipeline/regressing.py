"""Stages 1 to 10 for a target that a checkout has: its functions, generated held out or read off another tree, and every one judged.

Enters: a checkout and a target. Leaves: ``regress.Regression``. It does not count or print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llvm_integration import discover
from llvm_integration.process import Progress
from vega_gen import regress, store
from vega_gen.corpus import held_out_folders
from vega_gen.corpus.modules import module_of
from vega_gen.cxx.masker import Masker
from vega_gen.groups import Groups
from vega_gen.pipeline.generation import generate, generation_seconds
from vega_gen.pipeline.inputs import Inputs, default_filler, target_inputs
from vega_gen.pipeline.mining import Mined, masker_of, mine, silent
from vega_gen.records import BUDGET, FillerName, Mode, PlannedFunction


def usual_filler(target: str, checkpoint: Path | None) -> FillerName:
    """What fills the templates for a target or suite where nothing is asked for but, perhaps, a checkpoint."""
    return default_filler(held_out_folders((regress.named_suite(target).target,)), checkpoint)


def regression(
    llvm: Path, target: str, *, mode: Mode, filler: FillerName, tree: Path | None = None, functions_glob: str = "*", jobs: int = 2,
    work: Path | None = None, build_dir: Path | None = None, timeout: int = 60, keep_going: bool = False, scheduler: str = "",
    checkpoint: Path | None = None, budget: int = BUDGET, uncalibrated: bool = False, progress: Progress = silent,
) -> regress.Regression:
    """The regression of a held-out target (or of a suite that judges it by some of its tests), the official backend read by the judge
    alone: of functions generated anew, or of those of the backend in ``tree``."""
    inputs, installation, held = target_inputs(llvm, regress.named_suite(target).target, mode, filler, build_dir, checkpoint, budget)
    inputs = replace(inputs, uncalibrated=uncalibrated)
    folder = work or store.cache_dir() / "regress" / f"{target}-{store.digest(str(inputs.source.root), installation.version)[:8]}"
    mined = mine((inputs.source.root,), held, mode, inputs.tblgen, progress)
    masker = masker_of(inputs.folder, inputs.description)
    reference = regress.read_reference(inputs.source.llvm, inputs.folder)
    roles = mined.groups.with_target(inputs.folder, reference.classes, masker, inputs.description.contracts)
    seconds: dict[str, float] = {}
    if tree is None:
        functions = _generated(inputs, mined, installation, held, folder, jobs, progress)
        seconds = generation_seconds(inputs, mined, installation)
        asked = ["--mode", str(mode), "--filler", str(filler), *(["--checkpoint", str(checkpoint)] if checkpoint else [])]
        asked += ["--budget", str(budget)] if budget != BUDGET else []
    else:
        functions = _of_tree(regress.target_folder(tree, inputs.folder), inputs.folder, roles, masker)
        asked = ["--tree", str(tree)]
    return regress.judge(
        functions, reference, roles, lambda file: module_of(file, masker), inputs.source, installation, folder,
        suite_name=target, asked=asked, functions_glob=functions_glob, jobs=jobs, timeout=timeout, keep_going=keep_going,
        scheduler=scheduler,
        generation_seconds=seconds, progress=progress,
    )


def _generated(
    inputs: Inputs, mined: Mined, installation: discover.Installation, held: Sequence[str], folder: Path, jobs: int, progress: Progress
) -> tuple[PlannedFunction, ...]:
    generated = folder / "generate" / f"{inputs.mode}-{inputs.filler}"
    plan = generate(inputs, work=generated, installation=installation, held_out=held, jobs=jobs, progress=progress, mined=mined)
    store.dump(plan, generated / "plan.json")
    return plan.functions


def _of_tree(folder: Path, target: str, roles: Groups, masker: Masker) -> tuple[PlannedFunction, ...]:
    return tuple(
        regress.as_planned(f, roles.name_of(f), module_of(f.file, masker)) for f in regress.functions_of(folder, target)
    )
