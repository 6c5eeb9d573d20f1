"""Train a language model on slots, and save and load it as a Hugging Face folder with a manifest."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and transformers are incomplete.
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from llvm_integration.process import Progress
from vega_gen.errors import InputError
from vega_gen.model import checkpoint
from vega_gen.model.data import Example
from vega_gen.model.language import prompts
from vega_gen.model.language.base import PromptPair, TextModel
from vega_gen.model.language.hugging_face import HuggingFace
from vega_gen.model.language.recipe import TextRecipe
from vega_gen.model.language.unixcoder import UniXcoder
from vega_gen.model.loop import fit, precision, team
from vega_gen.records import FillerName


@dataclass(frozen=True, slots=True)
class TextPoint:
    """An epoch: mean loss per slot in training (``train``) and in validation (``loss``), and seconds since the start."""

    epoch: int
    train: float
    loss: float
    seconds: float


@dataclass(frozen=True)
class TextCheckpoint:
    """A trained language model. ``manifest``: as of ``checkpoint.Checkpoint``, but ``beam_size`` for ``config`` and ``vocabulary``."""

    model: TextModel
    manifest: dict[str, Any]


def opened(recipe: TextRecipe) -> TextModel:
    """Open the pretrained model of a recipe for training. Raises InputError where it cannot be opened."""
    team()  # selects this process's GPU
    torch.manual_seed(recipe.seed)
    if recipe.kind is FillerName.UNIXCODER:
        return UniXcoder(recipe.pretrained, (recipe.mse_loss_weight, recipe.ce_loss_weight))
    return HuggingFace(recipe.pretrained, recipe.lora_rank)


def train_text(
    model: TextModel, learn: Sequence[Example], validate: Sequence[Example], recipe: TextRecipe, work: Path, progress: Progress
) -> tuple[TextPoint, ...]:
    """Train ``model``, leave it with the weights of the best validation loss, and return the curve. ``work``: see ``loop.fit``."""
    lessons = [(source, right) for example in learn for source, right, _ in prompts.lessons(example)]
    exam = [(source, right) for example in validate for source, right, _ in prompts.lessons(example)]

    def step(chosen: Sequence[int], size: int) -> float:
        total = 0.0
        for part in _parts([lessons[i] for i in chosen], recipe.train_batch_size):
            with precision(recipe, model.device):
                loss = model.loss(part)
            (loss * len(part) / size).backward()
            total += float(loss.detach()) * len(part)
        return total

    def judge(epoch: int, loss: float, seconds: float) -> TextPoint:
        with torch.inference_mode(), precision(recipe, model.device):
            told = sum(float(model.loss(part)) * len(part) for part in _parts(exam, recipe.eval_batch_size))
        return TextPoint(epoch, loss, told / max(len(exam), 1), seconds)

    return fit(model.network, len(lessons), recipe, step, judge, TextPoint, work, progress)


def _parts(pairs: Sequence[PromptPair], size: int) -> Iterator[Sequence[PromptPair]]:
    return (pairs[first : first + size] for first in range(0, len(pairs), size))


def outcomes(model: TextModel, examples: Sequence[Example], recipe: TextRecipe, progress: Progress) -> Iterator[tuple[float, bool]]:
    """Yield the probability of each statement the model puts in a slot, and whether it is right, given the right answers before it."""
    asked = [(source, slot) for example in examples for source, _, slot in prompts.lessons(example)]
    for first in range(0, len(asked), recipe.eval_batch_size):
        progress(first, len(asked), "calibrating")
        part = asked[first : first + recipe.eval_batch_size]
        for told, (_, slot) in zip(model.decide(part, recipe.beam_size), part, strict=True):
            if told is not None:
                right = slot.variants[told.variant].holes
                yield told.probability, slot.answer == told.variant and told.names == tuple(hole.answer for hole in right)


def save(folder: Path, model: TextModel, manifest: dict[str, Any]) -> None:
    """Write a checkpoint that transformers can open too. LoRA matrices are merged into the weights."""
    network: Any = model.network
    if hasattr(network, "merge_and_unload"):
        model.network = network = network.merge_and_unload()
    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder, max_shard_size="1000GB")
    model.tokenizer.save_pretrained(folder)
    checkpoint.write_manifest(folder, model.kind, manifest)


def load(folder: Path, kind: FillerName, held_out: Collection[str] = ()) -> TextCheckpoint:
    """Load a checkpoint of ``kind``. Raises InputError where the folder holds no complete one, HoldOutError as ``checkpoint.load`` does."""
    manifest = checkpoint.read_manifest(folder, kind, held_out)
    if not {"beam_size", "calibration"} <= manifest.keys():
        raise InputError("not a checkpoint's manifest: no beam_size or calibration", str(folder / checkpoint.MANIFEST), "train it again")
    model = UniXcoder(folder, learnt=True) if kind is FillerName.UNIXCODER else HuggingFace(folder)
    model.network.eval()
    return TextCheckpoint(model, manifest)
