"""The commands ``vega-gen train`` and ``vega-gen calibrate``: train a model into a checkpoint folder, and fit its confidence.

``train`` prints the loss curve and writes it as a picture beside the checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import LlvmOption
from vega_gen.errors import InputError
from vega_gen.records import FillerName, Mode


def train(
    llvm: LlvmOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the checkpoint.")],
    learn: Annotated[
        list[str] | None, typer.Option("--learn", metavar="T", help="Target to train on; repeatable.  [default: all others]")
    ] = None,
    validate: Annotated[
        list[str] | None,
        typer.Option("--validate", metavar="T", help="Target to validate on; repeatable.  [default: settings/training.toml]"),
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option("--hold-out", metavar="T", help="Target to hold out; repeatable.  [default: settings/training.toml]")
    ] = None,
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", metavar="DIR", help="A further checkout whose targets are trained on too; repeatable.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="What the examples show of a target: td (its .td files), or desc (its headers too).")
    ] = Mode.DESC,
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", min=1, help="Passes over the examples, at most.")] = 10,
    kind: Annotated[
        FillerName,
        typer.Option("--kind", metavar="edit|unixcoder|hf", help="The model: edit, or a language model that is prompted with text."),
    ] = FillerName.EDIT,
    pretrained: Annotated[
        Path | None,
        typer.Option("--model-name-or-path", metavar="DIR", help="unixcoder, hf: local folder of the pretrained Hugging Face model."),
    ] = None,
    beam_size: Annotated[
        int | None, typer.Option("--beam-size", metavar="N", min=1, help="unixcoder, hf: width of the beam search.")
    ] = None,
    train_batch_size: Annotated[
        int | None, typer.Option("--train-batch-size", metavar="N", min=1, help="unixcoder, hf: slots in a training batch.")
    ] = None,
    eval_batch_size: Annotated[
        int | None, typer.Option("--eval-batch-size", metavar="N", min=1, help="unixcoder, hf: slots in a validation batch.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", metavar="X", help="unixcoder, hf: peak learning rate.")] = None,
    gradient_accumulation_steps: Annotated[
        int | None,
        typer.Option("--gradient-accumulation-steps", metavar="N", min=1, help="unixcoder, hf: batches for each optimiser step."),
    ] = None,
    mse_loss_weight: Annotated[
        float | None,
        typer.Option("--mse-loss-weight", metavar="X", min=0, help="unixcoder: weight of the confidence's loss.  [default: 0.9]"),
    ] = None,
    ce_loss_weight: Annotated[
        float | None, typer.Option("--ce-loss-weight", metavar="X", min=0, help="unixcoder: weight of the code's loss.  [default: 0.1]")
    ] = None,
    lora_rank: Annotated[
        int | None,
        typer.Option("--lora-rank", metavar="N", min=1, help="hf: train LoRA matrices of this rank instead of all weights (needs peft)."),
    ] = None,
    bf16: Annotated[bool, typer.Option("--bf16", help="Multiply matrices in bfloat16, on a GPU or a CPU that supports it.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the training; the same seed gives the same model.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Targets to make examples of at a time.")] = 2,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="DIR",
            help="Folder for examples and training state; a run with the same folder resumes.  [default: in the cache]",
        ),
    ] = None,
) -> None:
    """Train a model. Examples come from each target held out in turn; training stops when validation no longer improves, and resumes if
    it was interrupted."""
    from dataclasses import asdict

    from rich.table import Table

    from vega_gen import pipeline, store
    from vega_gen.model import leads
    from vega_gen.model.language.recipe import text_recipe
    from vega_gen.report import pictures

    given = {
        "pretrained": pretrained, "beam_size": beam_size, "train_batch_size": train_batch_size, "eval_batch_size": eval_batch_size,
        "learning_rate": learning_rate, "gradient_accumulation_steps": gradient_accumulation_steps, "mse_loss_weight": mse_loss_weight,
        "ce_loss_weight": ce_loss_weight, "lora_rank": lora_rank,
    }
    text = text_recipe(kind, epochs, seed, bf16, given)
    lesson = pipeline.lesson(llvm, learn or (), validate or (), hold_out or (), mode, corpus or ())
    folder = work or store.cache_folder("train", "work")
    with render.progress("train") as advance:
        curve = pipeline.train_model(
            llvm, lesson, out, folder, epochs=epochs, seed=seed, bf16=bf16, text=text, jobs=jobs,
            progress=advance if leads() else pipeline.silent,
        )
    if not leads():
        return
    a = "function" if text is None else "slot"
    title = f"Loss per {a}, trained on {len(lesson.learn)} targets, validated on {', '.join(lesson.validate)}"
    table = Table(*(name.replace("_", " ") for name in asdict(curve[0])), title=title, title_justify="left")
    for p in curve:
        table.add_row(str(p.epoch + 1), *(_shown(name, value) for name, value in asdict(p).items() if name != "epoch"))
    render.OUT.print(table)
    series = {"learning": [p.train for p in curve], "validation": [p.loss for p in curve]}
    try:
        store.write_atomic(out / "curve.svg", pictures.lines(title, [p.epoch + 1 for p in curve], "epoch", series, f"loss per {a}"))
    except InputError as error:
        render.notice(f"the loss curve was not drawn: {error.what}; {error.next_step}")
    render.OUT.out(f"the checkpoint is in {out}")


def calibrate(
    checkpoint: Annotated[Path, typer.Option("--checkpoint", metavar="DIR", help="The model to calibrate.")],
    run: Annotated[
        list[Path],
        typer.Option("--run", metavar="FILE", help="A run of a validation target: regress --uncalibrated --json FILE. Repeatable."),
    ],
) -> None:
    """Fit a model's confidence to judged runs of validation targets, by isotonic regression, for each input mode. Also print for each
    target its calibration error when the fit uses only the other targets."""
    from collections import defaultdict

    from vega_gen.pipeline import confidence
    from vega_gen.report import passrate
    from vega_gen.report.reliability import expected_calibration_error

    found: defaultdict[Mode, dict[str, list[confidence.JudgedFunction]]] = defaultdict(dict)
    for r in (r for file in run for r in passrate.read_runs(file)):
        if r.filler is None or not r.filler.learns or r.mode is None:
            advice = "give runs of this model, made by: vega-gen regress --uncalibrated --checkpoint DIR"
            raise InputError(f"this is a run of {r.label}, not of a model", "", advice)
        judged = ((j.confidences, j.verdict.counts) for j in r.judgements if j.interface and j.confidences)
        found[r.mode].setdefault(r.target, []).extend(judged)
    every = {mode: [f for functions in by_target.values() for f in functions] for mode, by_target in found.items()}
    made = {mode: confidence.fit(functions) for mode, functions in every.items()}
    confidence.keep(made, checkpoint)
    for mode, functions in every.items():
        below = made[mode].flag_below
        pairs = confidence.calibrated_pairs(functions, made[mode])
        wrong = [said < below for said, right in pairs if not right]
        flagged = sum(said < below for said, _ in pairs) / len(pairs), sum(wrong) / max(1, len(wrong))
        render.OUT.out(
            f"{mode}: statements {len(pairs)}, functions {len(functions)}; below {below:.2f} are {flagged[0]:.0%} of the statements, and "
            f"{flagged[1]:.0%} of the wrong ones"
        )
        for target, own in found[mode].items():
            others = [f for other, fs in found[mode].items() if other != target for f in fs]
            if others and own:
                known = confidence.fit(others)
                off = (expected_calibration_error(confidence.calibrated_pairs(own, known, whole)) for whole in (False, True))
                render.OUT.out("{}: fitted without {}, its calibration error is {:.3f} (functions {:.3f})".format(mode, target, *off))


def _shown(name: str, value: float) -> str:
    if name.endswith("right"):
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if name == "seconds" else f"{value:.2f}"
