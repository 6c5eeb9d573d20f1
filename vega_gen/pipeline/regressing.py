"""Stages 1 to 10 for a target that a checkout has: generate it held out, and judge every function.

Enters: a checkout and a target. Leaves: ``regress.Regression``. It does not count or print.
"""

from __future__ import annotations

from pathlib import Path

from vega_gen import regress, store
from vega_gen.groups import module_of
from vega_gen.pipeline.generation import generate
from vega_gen.pipeline.inputs import target_inputs
from vega_gen.pipeline.mining import Progress, masker_of, mine, silent
from vega_gen.records import FillerName, Mode


def regression(
    llvm: Path, target: str, *, mode: Mode, filler: FillerName, functions_glob: str = "*", jobs: int = 2, work: Path | None = None,
    build_dir: Path | None = None, timeout: int = 60, keep_going: bool = False, progress: Progress = silent,
) -> regress.Regression:
    """The regression of a held-out target: its plan made anew, the official backend read by the judge alone."""
    inputs, installation, held = target_inputs(llvm, target, mode, filler, build_dir)
    folder = work or store.cache_dir() / "regress" / f"{inputs.folder}-{store.digest(str(inputs.source.root), installation.version)[:8]}"
    mined = mine((inputs.source.root,), held, mode, inputs.tblgen, progress)
    generated = folder / "generate" / f"{mode}-{filler}"
    plan = generate(inputs, work=generated, installation=installation, held_out=held, jobs=jobs, progress=progress, mined=mined)
    store.dump(plan, generated / "plan.json")
    reference = regress.read_reference(inputs.source.llvm, inputs.folder)
    masker = masker_of(inputs.folder, inputs.description)
    roles = mined.groups.with_target(inputs.folder, reference.classes, masker, inputs.description.contracts)
    return regress.judge(
        plan, reference, roles, lambda file: module_of(file, masker), inputs.source, installation, folder,
        functions_glob=functions_glob, jobs=jobs, timeout=timeout, keep_going=keep_going, progress=progress,
    )
