"""Training of a language model on slots, and what it leaves on disk.

Enters: examples to learn and to validate on, a folder with a pretrained model. Leaves: a checkpoint: a Hugging Face folder with a manifest.
It makes no examples and picks no targets.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and transformers say of their types is not whole.
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from llvm_integration.process import Progress
from vega_gen.errors import InputError
from vega_gen.model import checkpoint, prompts
from vega_gen.model.data import Example
from vega_gen.model.hf import HuggingFace
from vega_gen.model.loop import fit, precision, team
from vega_gen.model.recipe import TextRecipe
from vega_gen.model.text import PromptPair, TextModel
from vega_gen.model.unixcoder import UniXcoder
from vega_gen.records import FillerName


@dataclass(frozen=True, slots=True)
class TextPoint:
    """An epoch: mean loss of a slot in training, and in validation; seconds so far."""

    epoch: int
    train: float
    loss: float
    seconds: float


@dataclass(frozen=True)
class TextCheckpoint:
    """``manifest``: as of ``checkpoint.Checkpoint``, with ``beam_size`` in place of ``config`` and ``vocabulary``."""

    model: TextModel
    manifest: dict[str, Any]


def opened(recipe: TextRecipe) -> TextModel:
    """The pretrained model that a recipe names, to be trained. Raises InputError."""
    team()  # it says which GPU is this process's
    torch.manual_seed(recipe.seed)
    if recipe.kind is FillerName.UNIXCODER:
        return UniXcoder(recipe.pretrained, (recipe.mse_loss_weight, recipe.ce_loss_weight))
    return HuggingFace(recipe.pretrained, recipe.lora_rank)


def train_text(
    model: TextModel, learn: Sequence[Example], validate: Sequence[Example], recipe: TextRecipe, work: Path, progress: Progress
) -> tuple[TextPoint, ...]:
    """Leaves ``model`` with the weights of the best validation loss; the curve. ``work``: as of ``loop.fit``."""
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
    """Probability of each statement that the model puts in a slot, with whether it is right; each after the right ones before it."""
    asked = [(source, slot) for example in examples for source, _, slot in prompts.lessons(example)]
    for first in range(0, len(asked), recipe.eval_batch_size):
        progress(first, len(asked), "calibrating")
        part = asked[first : first + recipe.eval_batch_size]
        for told, (_, slot) in zip(model.decide(part, recipe.beam_size), part, strict=True):
            if told is not None:
                right = slot.variants[told.variant].holes
                yield told.probability, slot.answer == told.variant and told.names == tuple(hole.answer for hole in right)


def save(folder: Path, model: TextModel, manifest: dict[str, Any]) -> None:
    """Writes a checkpoint: a folder that transformers opens too, matrices of LoRA added to the weights they stand for."""
    network: Any = model.network
    if hasattr(network, "merge_and_unload"):
        model.network = network = network.merge_and_unload()
    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder, max_shard_size="1000GB")
    model.tokenizer.save_pretrained(folder)
    checkpoint.write_manifest(folder, model.kind, manifest)


def load(folder: Path, kind: FillerName, held_out: Collection[str] = ()) -> TextCheckpoint:
    """The checkpoint of ``kind`` in a folder. Raises InputError if it is none, or not whole; HoldOutError as ``checkpoint.load``."""
    manifest = checkpoint.read_manifest(folder, kind, held_out)
    if not {"beam_size", "calibration"} <= manifest.keys():
        raise InputError("not a checkpoint's manifest: no beam_size or calibration", str(folder / checkpoint.MANIFEST), "train it again")
    model = UniXcoder(folder, learnt=True) if kind is FillerName.UNIXCODER else HuggingFace(folder)
    model.network.eval()
    return TextCheckpoint(model, manifest)
