"""The command ``vega-gen regress``.

Enters: arguments. Leaves: the Pass@1 tables on standard output, the run as JSON in a file, exit status 2 where a function is unresolved.
It does no work of its own: ``pipeline`` makes the plan, ``regress`` judges, ``report`` counts.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import BuildDirOption, CheckpointOption, LlvmOption
from vega_gen.errors import InputError
from vega_gen.records import BUDGET, FillerName, Mode, Verdict

TEST_SECONDS = 60
"""Time limit of a test; the slowest of LLVM 19's targets take a few seconds."""


def regress(
    target: Annotated[str, typer.Option("--target", metavar="T", help="Target to hold out: a folder of llvm/lib/Target, or a suite.")],
    llvm: LlvmOption,
    mode: Annotated[
        list[Mode] | None,
        typer.Option("--mode", help="What generation may read of the target: td, or desc (headers too). Repeatable.  [default: desc]"),
    ] = None,
    filler: Annotated[
        list[FillerName] | None,
        typer.Option("--filler", help="What fills the templates. Repeatable.  [default: edit, where its model has not learnt the target]"),
    ] = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", metavar="DIR", help="Judge the backend that lies there, one corrected by hand, say.")
    ] = None,
    checkpoint: CheckpointOption = None,
    budget: Annotated[int, typer.Option("--budget", metavar="N", min=1, help="Candidates of a function, at most.")] = BUDGET,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Leave confidence as the filler gives it: what `vega-gen calibrate` learns from.")
    ] = False,
    functions: Annotated[str, typer.Option("--functions", metavar="GLOB", help="Only functions whose qualified name matches.")] = "*",
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Functions at a time.")] = 2,
    work: Annotated[
        Path | None, typer.Option("--work", metavar="DIR", help="Builds and journal; the same folder goes on.  [default: the user's cache]")
    ] = None,
    build_dir: BuildDirOption = None,
    timeout: Annotated[int, typer.Option("--timeout", metavar="S", min=1, help="Seconds a test may take.")] = TEST_SECONDS,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Run all tests that enter the function, also after one failed.")] = False,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers try the functions: tcp://HOST:8786.")
    ] = "",
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the run as JSON, several runs as a list; as .jsonl a function a line."),
    ] = None,
    artefact: Annotated[
        Path | None, typer.Option("--artefact", metavar="FILE", help="Write the statements as VEGA's artefact does, a JSON line each.")
    ] = None,
) -> None:
    """Judge each generated function of a held-out target in the official backend, with LLVM's own tests: true Pass@1.

    Several modes or fillers are judged one after the other, and shown side by side."""
    import orjson

    from vega_gen import pipeline, store
    from vega_gen.report import passrate

    runs: list[passrate.Run] = []
    left_out: dict[str, None] = {}
    flaky: dict[str, None] = {}
    if tree and (mode or filler):
        raise InputError("--tree judges what is written there", str(tree), "leave out --mode and --filler")
    for each_mode, each_filler in itertools.product(mode or [Mode.DESC], filler or [pipeline.usual_filler(target, checkpoint)]):
        start = time.monotonic()
        with render.progress(f"regress {target} {tree or f'{each_mode} {each_filler}'}") as advance:
            regression = pipeline.regression(
                llvm,
                target,
                mode=each_mode,
                filler=each_filler,
                tree=tree,
                functions_glob=functions,
                jobs=jobs,
                work=work,
                build_dir=build_dir,
                timeout=timeout,
                keep_going=keep_going,
                scheduler=scheduler,
                checkpoint=checkpoint,
                budget=budget,
                uncalibrated=uncalibrated,
                progress=advance,
            )
            generated = time.monotonic()
            judgements = tuple(sorted(regression.judgements(), key=lambda j: (j.file, j.line)))
        what = (None, None) if tree else (each_mode, each_filler)
        end = time.monotonic()
        times = end - generated, regression.generation_seconds
        runs.append(passrate.Run(target, regression.llvm_version, *what, end - start, judgements, str(tree or ""), *times))
        left_out.update(dict.fromkeys(regression.baseline.left_out))
        flaky.update(dict.fromkeys(regression.baseline.flaky))
    if json:
        if json.suffix == ".jsonl":
            text = b"".join(line for run in runs for line in passrate.judgement_lines(run))
        else:
            made = [passrate.run_json(run) for run in runs]
            text = orjson.dumps(made[0] if len(made) == 1 else made, option=orjson.OPT_INDENT_2)
        store.write_atomic(json, text)
    if artefact:
        from vega_gen.report.artefact import lines

        store.write_atomic(artefact, b"".join(line for run in runs for line in lines(run)))
    if len(runs) == 1:
        for line in passrate.failure_lines(runs[0]):
            render.OUT.print(line)
    for interface in (True, False):
        if not interface or any(j.interface for j in runs[0].judgements):
            render.OUT.print(passrate.verdict_table(runs, interface))
            render.OUT.print(passrate.module_table(runs, interface))
    if left_out:
        render.notice(f"{len(left_out)} tests are not green on the unmodified backend and were left out: {', '.join(left_out)}")
    if flaky:
        render.notice(f"{len(flaky)} of them have different results from run to run: {', '.join(flaky)}")
    alone = Counter(j.alone for run in runs for j in run.judgements if j.alone)
    if alone:
        why = ", ".join(f"{number} {reason}" for reason, number in alone.most_common())
        render.notice(f"{alone.total()} functions could not share a build and had one each: {why}")
    unresolved = [j for run in runs for j in run.judgements if j.verdict is Verdict.UNRESOLVED]
    for j in unresolved:
        render.error(f"{j.file}:{j.line}", f"{j.function} is unresolved: {j.output}", f"run it again: {j.command}")
    if unresolved:
        raise typer.Exit(2)
