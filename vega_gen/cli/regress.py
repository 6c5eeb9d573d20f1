"""The command ``vega-gen regress``: judge generated functions and print the Pass@1 tables, and write the runs as JSON if asked.

The exit status is 2 if a function is unresolved, that is, if the judge itself failed on it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import BuildDirOption, CheckpointOption, LlvmOption
from vega_gen.records import BUDGET, FillerName, Mode, Verdict

TEST_SECONDS = 60
"""Default time limit of a test. The slowest test of LLVM 19's targets takes a few seconds."""


def regress(
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="T",
            help="Target to hold out and judge: a folder of llvm/lib/Target, or a suite of targets/settings/suites.toml.",
        ),
    ],
    llvm: LlvmOption,
    mode: Annotated[
        list[Mode] | None,
        typer.Option(
            "--mode",
            help="What generation may read of the target: td (its .td files), or desc (its headers too). Repeatable.  [default: desc]",
        ),
    ] = None,
    filler: Annotated[
        list[FillerName] | None,
        typer.Option("--filler", help="What fills the templates. Repeatable.  [default: edit, unless its model was trained on the target]"),
    ] = None,
    tree: Annotated[
        Path | None,
        typer.Option(
            "--tree", metavar="DIR", help="Judge the backend in this tree instead of a generated one; one corrected by hand, for example."
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    budget: Annotated[int, typer.Option("--budget", metavar="N", min=1, help="Candidates to make for each function, at most.")] = BUDGET,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Report the filler's own confidence, which `vega-gen calibrate` needs.")
    ] = False,
    functions: Annotated[str, typer.Option("--functions", metavar="GLOB", help="Judge only functions whose qualified name matches.")] = "*",
    sample: Annotated[
        int,
        typer.Option(
            "--sample",
            metavar="N",
            min=0,
            help="Judge a random sample of N functions of the interface population.  [default: 0, all functions]",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Seed of the sample.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Functions to judge at a time.")] = 2,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work", metavar="DIR", help="Folder for builds and the journal; a run with the same folder resumes.  [default: in the cache]"
        ),
    ] = None,
    build_dir: BuildDirOption = None,
    timeout: Annotated[int, typer.Option("--timeout", metavar="S", min=1, help="Time limit of a test in seconds.")] = TEST_SECONDS,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Run all tests that enter a function, even after one fails.")] = False,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="Judge on the workers of this Dask scheduler: tcp://HOST:8786.")
    ] = "",
    json: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the run as JSON (a list if there are several); if FILE ends in .jsonl, one line for each function.",
        ),
    ] = None,
    artefact: Annotated[
        Path | None,
        typer.Option("--artefact", metavar="FILE", help="Write the statements in the format of VEGA's artefact, one JSON line each."),
    ] = None,
) -> None:
    """Judge each generated function of a held-out target: put it into the official backend, and run LLVM's own tests (Pass@1).

    Several modes or fillers are judged one after the other and shown side by side."""
    import orjson

    from vega_gen import pipeline, store
    from vega_gen.report import passrate

    request = pipeline.RegressionRequest(
        llvm=llvm, target=target, tree=tree, functions_glob=functions, draw=sample, seed=seed, jobs=jobs, work=work, build_dir=build_dir,
        timeout=timeout, keep_going=keep_going, scheduler=scheduler, checkpoint=checkpoint, budget=budget, uncalibrated=uncalibrated,
    )  # fmt: skip
    judged = pipeline.judge_all(request, mode or (), filler or (), render.progress)
    runs = judged.runs
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
    for interface in (True,) if sample else (True, False):
        if not interface or any(j.interface for j in runs[0].judgements):
            render.OUT.print(passrate.verdict_table(runs, interface))
            render.OUT.print(passrate.module_table(runs, interface))
    for run in runs:
        render.OUT.out(f"{run.label}: {run.seconds:.0f} s, {run.judging:.0f} s of it to judge {len(run.judgements)} functions")
    if judged.left_out:
        listed = ", ".join(judged.left_out)
        render.notice(f"{len(judged.left_out)} tests are not green on the unmodified backend and were left out: {listed}")
    if judged.flaky:
        render.notice(f"{len(judged.flaky)} of them are flaky, with different results from run to run: {', '.join(judged.flaky)}")
    alone = Counter(j.alone for run in runs for j in run.judgements if j.alone)
    if alone:
        why = ", ".join(f"{number} {reason}" for reason, number in alone.most_common())
        render.notice(f"{alone.total()} functions could not share a build, and were built one by one: {why}")
    unresolved = [j for run in runs for j in run.judgements if j.verdict is Verdict.UNRESOLVED]
    for j in unresolved:
        render.error(f"{j.file}:{j.line}", f"{j.function} is unresolved: {j.output}", f"run it again: {j.command}")
    if unresolved:
        raise typer.Exit(2)
