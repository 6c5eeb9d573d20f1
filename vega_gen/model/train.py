"""Training of the edit model.

Enters: arrays of functions to learn and to validate on. Leaves: a checkpoint and its curve. It makes no examples and picks no targets.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and numpy say of their types is not whole.
from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vega_gen.model.data import Arrays
from vega_gen.model.network import EditConfig, EditModel
from vega_gen.store import write_atomic

Progress = Callable[[int, int, str], None]


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


def train(
    config: EditConfig, learn: Sequence[Arrays], validate: Sequence[Arrays], recipe: Recipe, work: Path, progress: Progress
) -> tuple[EditModel, tuple[Point, ...]]:
    """The model of the best validation loss (slots and holes), and the curve. ``work``: where the state after each epoch is kept; the
    same inputs go on from there, also after ``kill -9``."""
    torch.manual_seed(recipe.seed)
    model = EditModel(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * math.ceil(len(learn) / recipe.batch)
    curve, before = _resume(work, model, optimiser)
    for epoch in range(len(curve), recipe.epochs):
        if _since_best(curve) >= recipe.patience:
            break
        start = time.monotonic()
        order = random.Random(recipe.seed * 1000 + epoch).sample(range(len(learn)), len(learn))
        torch.manual_seed(recipe.seed * 1000 + epoch)  # a resumed run draws what it would have drawn
        model.train()
        total = 0.0
        for step, first in enumerate(range(0, len(order), recipe.batch)):
            done = epoch * math.ceil(len(learn) / recipe.batch) + step
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * rate(done, steps, recipe.warmup)
            optimiser.zero_grad()
            for i in order[first : first + recipe.batch]:
                slots, holes = model.loss(learn[i])
                ((slots + holes) / recipe.slots).backward()
                total += float((slots + holes).detach())
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            progress(done, steps, f"epoch {epoch + 1}")
        before += time.monotonic() - start
        curve.append(Point(epoch, total / len(order), *validation(model, validate), before))
        _keep(work, model, optimiser, curve)
    best = load_file(work / "best.safetensors")
    model.load_state_dict(best)
    return model.eval(), tuple(curve)


def rate(step: int, steps: int, warmup: int) -> float:
    """Share of the learning rate at a step: linear up, then a cosine down to 0."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))


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


def _loss(point: Point) -> float:
    return point.slots + point.holes


def _since_best(curve: Sequence[Point]) -> int:
    best = min(range(len(curve)), key=lambda i: _loss(curve[i]), default=0)
    return len(curve) - 1 - best if curve else 0


def _keep(work: Path, model: EditModel, optimiser: torch.optim.Optimizer, curve: Sequence[Point]) -> None:
    """The state after an epoch, and the best model so far; the curve is written last, and counts only with the state it names."""
    work.mkdir(parents=True, exist_ok=True)
    state: dict[str, torch.Tensor] = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
    for i, moments in optimiser.state_dict()["state"].items():
        state |= {f"optimiser.{i}.{name}": torch.as_tensor(value).contiguous() for name, value in moments.items()}
    save_file(state, work / f"epoch-{len(curve)}.safetensors")
    if _since_best(curve) == 0:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, work / "best.safetensors")
    write_atomic(work / "curve.json", json.dumps([asdict(point) for point in curve]).encode())
    for old in work.glob("epoch-*.safetensors"):
        if old.name != f"epoch-{len(curve)}.safetensors":
            old.unlink()


def _resume(work: Path, model: EditModel, optimiser: torch.optim.Optimizer) -> tuple[list[Point], float]:
    if not (work / "curve.json").is_file():
        return [], 0.0
    curve = [Point(**point) for point in json.loads((work / "curve.json").read_text())]
    state = load_file(work / f"epoch-{len(curve)}.safetensors")
    model.load_state_dict({name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")})
    moments: dict[int, dict[str, Any]] = {}
    for name, value in state.items():
        if name.startswith("optimiser."):
            _, number, what = name.split(".")
            moments.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return curve, curve[-1].seconds
