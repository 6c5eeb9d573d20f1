"""The command ``vega-gen regress``.

Enters: arguments. Leaves: the Pass@1 tables on standard output, the run as JSON in a file, exit status 2 where a function is unresolved.
It does no work of its own: ``pipeline`` makes the plan, ``regress`` judges, ``report`` counts.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from vega_gen import render
from vega_gen.records import FillerName, Mode, Verdict

TEST_SECONDS = 60
"""Time limit of a test; the slowest of LLVM 19's targets take a few seconds."""


def regress(
    target: Annotated[str, typer.Option("--target", metavar="T", help="Target to hold out: a folder of llvm/lib/Target.")],
    llvm: Annotated[Path, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: the llvm-project root or its llvm/ folder.")],
    mode: Annotated[Mode, typer.Option("--mode", help="What generation may read of the target: td, or desc (headers too).")] = Mode.DESC,
    filler: Annotated[FillerName, typer.Option("--filler", help="What fills the function templates.")] = FillerName.CONSENSUS,
    functions: Annotated[str, typer.Option("--functions", metavar="GLOB", help="Only functions whose qualified name matches.")] = "*",
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Functions at a time.")] = 2,
    work: Annotated[
        Path | None, typer.Option("--work", metavar="DIR", help="Builds and journal; the same folder goes on.  [default: the user's cache]")
    ] = None,
    build_dir: Annotated[
        Path | None, typer.Option("--build-dir", metavar="DIR", help="CMake build directory of that LLVM; without it, an installed LLVM.")
    ] = None,
    timeout: Annotated[int, typer.Option("--timeout", metavar="S", min=1, help="Seconds a test may take.")] = TEST_SECONDS,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Run the whole suite, also after a test has failed.")] = False,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the run, a function an entry, as JSON.")] = None,
) -> None:
    """Judge each generated function of a held-out target in the official backend, with LLVM's own tests: true Pass@1."""
    import orjson

    from vega_gen import pipeline, store
    from vega_gen.report import passrate

    start = time.monotonic()
    with render.progress(f"regress {target}") as advance:
        regression = pipeline.regression(
            llvm,
            target,
            mode=mode,
            filler=filler,
            functions_glob=functions,
            jobs=jobs,
            work=work,
            build_dir=build_dir,
            timeout=timeout,
            keep_going=keep_going,
            progress=advance,
        )
        judgements = sorted(regression.judgements(), key=lambda j: (j.file, j.line))
    run = passrate.Run(target, regression.plan.llvm_version, mode, filler, time.monotonic() - start, tuple(judgements))
    if json:
        store.write_atomic(json, orjson.dumps(passrate.run_json(run), option=orjson.OPT_INDENT_2))
    for line in passrate.failure_lines(run):
        render.OUT.print(line)
    if functions != "*":
        # Who asks for some functions wants to read what their tests or the compiler said.
        for j in judgements:
            if j.output:
                render.OUT.out(f"\n{j.file}:{j.line}: {j.function}\n{j.output}")
    for interface in (True, False):
        if not interface or any(j.interface for j in judgements):
            render.OUT.print(passrate.verdict_table([run], interface))
            render.OUT.print(passrate.module_table([run], interface))
    left_out = regression.baseline.left_out
    if left_out:
        render.notice(f"{len(left_out)} tests are not green on the unmodified backend and were left out: {', '.join(left_out)}")
    unresolved = [j for j in judgements if j.verdict is Verdict.UNRESOLVED]
    for j in unresolved:
        render.error(f"{j.file}:{j.line}", f"{j.function} is unresolved: {j.output}", f"run it again: {j.command}")
    if unresolved:
        raise typer.Exit(2)
