"""The command ``vega-gen train``.

Enters: arguments. Leaves: a checkpoint in a folder, its curve beside it and on standard output.
It does no work of its own: ``pipeline`` does it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen import render
from vega_gen.errors import InputError


def train(
    llvm: Annotated[Path, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: the llvm-project root or its llvm/ folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the checkpoint goes.")],
    learn: Annotated[
        list[str] | None, typer.Option("--learn", metavar="T", help="Target to learn; repeatable.  [default: all that are left]")
    ] = None,
    validate: Annotated[
        list[str] | None, typer.Option("--validate", metavar="T", help="Target to choose by; repeatable.  [default: targets/training.toml]")
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option("--hold-out", metavar="T", help="Target not to read; repeatable.  [default: targets/training.toml]")
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", min=1, help="Passes over the examples, at most.")] = 10,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed, the same model.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Targets at a time while examples are made.")] = 2,
    work: Annotated[
        Path | None, typer.Option("--work", metavar="DIR", help="Examples and state; the same folder goes on.  [default: the user's cache]")
    ] = None,
) -> None:
    """Train the edit model: examples from each target held out in turn, then as many epochs as help. Goes on where it was stopped."""
    from rich.table import Table

    from vega_gen import pipeline, store
    from vega_gen.report import pictures

    lesson = pipeline.lesson(llvm, learn or (), validate or (), hold_out or ())
    folder = work or store.cache_dir() / "train"
    with render.progress("train") as advance:
        curve = pipeline.train_model(llvm, lesson, out, folder, epochs=epochs, seed=seed, jobs=jobs, progress=advance)
    title = f"Loss a function, learning {len(lesson.learn)} targets, validated on {', '.join(lesson.validate)}"
    table = Table("Epoch", "learning", "slots", "holes", "slots right", "functions right", "seconds", title=title, title_justify="left")
    for p in curve:
        shares = f"{100 * p.slots_right:.1f} %", f"{100 * p.functions_right:.1f} %"
        table.add_row(str(p.epoch + 1), f"{p.train:.2f}", f"{p.slots:.2f}", f"{p.holes:.2f}", *shares, f"{p.seconds:.0f}")
    render.OUT.print(table)
    series = {"learning": [p.train for p in curve], "validation": [p.slots + p.holes for p in curve]}
    try:
        store.write_atomic(out / "curve.svg", pictures.lines(title, [p.epoch + 1 for p in curve], "epoch", series, "loss a function"))
    except InputError as error:
        render.notice(f"no picture of the curve: {error.what}; {error.next_step}")
    render.OUT.out(f"the checkpoint is in {out}")
