"""Train the edit model and choose the best epoch by validation loss."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and numpy are incomplete.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from llvm_integration.process import Progress
from vega_gen.model.data import Arrays
from vega_gen.model.loop import fit, precision
from vega_gen.model.network import EditConfig, EditModel


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of training.

    ``batch``: functions per step. ``slots``: divides a step's loss, about the number of its slots. ``warmup``: steps. ``patience``: epochs
    without improvement before stopping. ``bf16``: see ``loop.Schedule``.
    """

    epochs: int = 12
    batch: int = 8
    slots: int = 80
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    patience: int = 4
    seed: int = 1
    bf16: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """An epoch of training.

    ``train``: mean training loss per function. ``slots``, ``holes``: mean validation loss per function of its slots, of its holes.
    ``slots_right``, ``functions_right``: share of slots decided right, and of functions with all slots right. ``seconds``: since the start.
    """

    epoch: int
    train: float
    slots: float
    holes: float
    slots_right: float
    functions_right: float
    seconds: float

    @property
    def loss(self) -> float:
        """The validation loss, by which the best epoch is chosen."""
        return self.slots + self.holes


def train(
    config: EditConfig, learn: Sequence[Arrays], validate: Sequence[Arrays], recipe: Recipe, work: Path, progress: Progress
) -> tuple[EditModel, tuple[Point, ...]]:
    """Train an edit model; return it with the weights of the best validation loss, and the curve. ``work``: see ``loop.fit``."""
    torch.manual_seed(recipe.seed)
    model = EditModel(config)

    def step(chosen: Sequence[int], size: int) -> float:
        del size  # every slot counts the same, whatever the size of its step
        total = 0.0
        for i in chosen:
            with precision(recipe, model.device):
                slots, holes = model.loss(learn[i])
            ((slots + holes) / recipe.slots).backward()
            total += float((slots + holes).detach())
        return total

    def judge(epoch: int, loss: float, seconds: float) -> Point:
        return Point(epoch, loss, *validation(model, validate), seconds)

    return model, fit(model, len(learn), recipe, step, judge, Point, work, progress)


@torch.inference_mode()
def validation(model: EditModel, functions: Sequence[Arrays]) -> tuple[float, float, float, float]:
    """Return mean loss per function of slots and of holes, share of slots right, and share of functions right.

    Each decision is made given the right ones before it.
    """
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
