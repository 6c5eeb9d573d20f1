"""Training of the edit model.

Enters: arrays of functions to learn and to validate on. Leaves: a checkpoint and its curve. It makes no examples and picks no targets.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and numpy say of their types is not whole.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from llvm_integration.process import Progress
from vega_gen.model.data import Arrays
from vega_gen.model.loop import fit, precision
from vega_gen.model.network import EditConfig, EditModel


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``batch``: functions a step; ``slots``: what a step's loss is divided by; ``patience``: epochs without a gain."""

    epochs: int = 12
    batch: int = 8
    slots: int = 80
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    patience: int = 4
    seed: int = 1
    bf16: bool = False


SPELLING = Recipe(epochs=10, slots=20, learning_rate=2e-3, warmup=100, patience=3)


@dataclass(frozen=True, slots=True)
class Point:
    """An epoch: mean loss of a function in training, and in validation, of its slots and of its holes; share of slots decided right,
    of functions whose slots all are; seconds so far."""

    epoch: int
    train: float
    slots: float
    holes: float
    slots_right: float
    functions_right: float
    seconds: float

    @property
    def loss(self) -> float:
        """By which the best epoch is chosen."""
        return self.slots + self.holes


def train(
    config: EditConfig, learn: Sequence[Arrays], validate: Sequence[Arrays], recipe: Recipe, work: Path, progress: Progress
) -> tuple[EditModel, tuple[Point, ...]]:
    """The model of the best validation loss (slots and holes), and the curve. ``work``: where the state after each epoch is kept; the
    same inputs go on from there, also after ``kill -9``."""
    torch.manual_seed(recipe.seed)
    model = EditModel(config)
    model.speller.requires_grad_(False)  # learnt after the rest, see ``train_speller``

    def step(chosen: Sequence[int], size: int) -> float:
        del size  # a slot counts the same in every step
        total = 0.0
        for i in chosen:
            with precision(recipe, model.device):
                slots, holes = model.loss(learn[i])
            ((slots + holes) / recipe.slots).backward()
            total += float((slots + holes).detach())
        return total

    def judge(epoch: int, loss: float, seconds: float) -> Point:
        return Point(epoch, loss, *validation(model, validate), seconds)

    curve = fit(model, len(learn), recipe, step, judge, Point, work, progress)
    model.speller.requires_grad_(True)
    return model, curve


@dataclass(frozen=True, slots=True)
class SpellingPoint:
    """An epoch: mean loss of a function's statements in training, of a statement in validation; share of statements of which each token is
    the likeliest after those before it; seconds so far."""

    epoch: int
    train: float
    loss: float
    right: float
    seconds: float


def train_speller(
    model: EditModel, learn: Sequence[Arrays], validate: Sequence[Arrays], recipe: Recipe, work: Path, progress: Progress
) -> tuple[SpellingPoint, ...]:
    """Teaches a trained model to spell the statements that no variant is; nothing else of it changes. ``recipe.slots``: statements that a
    step's loss is divided by; ``work`` as of ``train``. The curve, empty where there is nothing to spell."""
    learnt, asked = ([(a.spelling, _states(model, a)) for a in found if a.spelling.right] for found in (learn, validate))
    if not learnt or not asked:
        return ()
    torch.manual_seed(recipe.seed)

    def step(chosen: Sequence[int], size: int) -> float:
        del size
        total = 0.0
        for i in chosen:
            with precision(recipe, model.device):
                loss = model.speller.loss(*learnt[i])[0].sum()
            (loss / recipe.slots).backward()
            total += float(loss.detach())
        return total

    @torch.inference_mode()
    def judge(epoch: int, loss: float, seconds: float) -> SpellingPoint:
        said = [model.speller.loss(*one) for one in asked]
        losses, right = torch.cat([one for one, _ in said]), torch.cat([one for _, one in said])
        return SpellingPoint(epoch, loss, float(losses.mean()), float(right.float().mean()), seconds)

    return fit(model.speller, len(learnt), recipe, step, judge, SpellingPoint, work, progress)


@torch.no_grad()
def _states(model: EditModel, a: Arrays) -> Tensor:
    """The decoder's states of a function, given what is right [S, width]."""
    model.eval()
    right, asked = model.gold(a)
    return model.scores(model.encode(a), right, asked.float())[1]


@torch.inference_mode()
def validation(model: EditModel, functions: Sequence[Arrays]) -> tuple[float, float, float, float]:
    """Mean loss of slots and of holes a function, share of slots right, share of functions right; each decision given the right ones
    before it."""
    model.eval()
    slots = holes = 0.0
    right = asked_for = whole = 0
    for a in functions:
        e = model.encode(a)
        gold, asked = model.gold(a)
        scored, states = model.scores(e, gold, asked.float())
        slots -= float((scored[gold] * asked).sum())
        holes -= sum(float(model.hole_scores(e, states, i)[h.answer]) for i, h in enumerate(a.holes) if h.answer >= 0)
        best = torch.full((len(a.parent),), -torch.inf).scatter_reduce(0, e.options.slot, scored, "amax")
        good = (scored[gold] >= best) & asked
        right += int(good.sum())
        asked_for += int(asked.sum())
        whole += bool((good | ~asked).all())
    count = max(len(functions), 1)
    return slots / count, holes / count, right / max(asked_for, 1), whole / count
