"""The training loop: epochs, steps, early stopping, a resumable state after each epoch, and the best weights at the end."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch are incomplete.
from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from llvm_integration.process import Progress
from vega_gen.store import write_atomic


class Schedule(Protocol):
    """Parameters of a training run.

    ``batch``: examples per step. ``warmup``: steps. ``patience``: epochs without improvement before stopping. ``bf16``: multiply matrices
    in bfloat16, with weights in float32.
    """

    @property
    def epochs(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup(self) -> int: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def patience(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def bf16(self) -> bool: ...


class Epoch(Protocol):
    """A point of the training curve, a dataclass. ``loss``: validation loss. ``seconds``: time since the start."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def loss(self) -> float: ...
    @property
    def seconds(self) -> float: ...


E = TypeVar("E", bound=Epoch)


@cache
def team() -> Any:
    """Return the ``accelerate.Accelerator`` of a run with several processes, a GPU each; None in a single process.

    ``accelerate launch`` starts such a run.
    Raises ImportError where accelerate is missing, which then cannot have launched this process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return None
    from accelerate import Accelerator  # pyright: ignore[reportMissingTypeStubs]

    return Accelerator()


def first_alone() -> AbstractContextManager[Any]:
    """Return a context that the first process of a ``team`` goes through before the others enter it."""
    together = team()
    return together.main_process_first() if together else nullcontext()


def precision(schedule: Schedule, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context for computing a loss: bfloat16 autocast if the schedule asks for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=schedule.bf16)


def fit(
    network: nn.Module, count: int, schedule: Schedule, learn: Callable[[Sequence[int], int], float],
    judge: Callable[[int, float, float], E], point: Callable[..., E], work: Path, progress: Progress,
) -> tuple[E, ...]:
    """Train ``network`` on ``count`` examples, leave it with the weights of the best validation loss, and return the curve.

    ``learn``: (examples' indices, size of the whole step) -> their summed loss; it adds their gradients. In a ``team`` each process gets
    its part of a step. ``judge``: (epoch, mean training loss, seconds) -> the epoch's point. ``point``: makes a point from its fields.
    ``work``: the folder for the state after each epoch; a later run with the same inputs resumes there, even after ``kill -9``.
    """
    together = team()
    rank, processes = (together.process_index, together.num_processes) if together else (0, 1)
    optimiser = torch.optim.AdamW(trained(network).values(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    a_pass = math.ceil(count / schedule.batch)
    steps = schedule.epochs * a_pass
    curve = _resume(work, network, optimiser, point)
    seconds = curve[-1].seconds if curve else 0.0
    for epoch in range(len(curve), schedule.epochs):
        if _since_best(curve) >= schedule.patience:
            break
        start = time.monotonic()
        order = random.Random(schedule.seed * 1000 + epoch).sample(range(count), count)
        torch.manual_seed(schedule.seed * 1000 + epoch)  # so that a resumed run draws the same numbers
        network.train()
        total = 0.0
        for step, first in enumerate(range(0, count, schedule.batch)):
            done = epoch * a_pass + step
            for group in optimiser.param_groups:
                group["lr"] = schedule.learning_rate * rate(done, steps, schedule.warmup)
            optimiser.zero_grad()
            chosen = order[first : first + schedule.batch]
            total += learn(chosen[rank::processes], len(chosen))
            if together:
                for value in trained(network).values():
                    value.grad = together.reduce(torch.zeros_like(value) if value.grad is None else value.grad, "sum")
            torch.nn.utils.clip_grad_norm_(trained(network).values(), 1.0)
            optimiser.step()
            progress(done, steps, f"epoch {epoch + 1}")
        seconds += time.monotonic() - start
        network.eval()
        total = float(together.reduce(torch.tensor(total, device=together.device), "sum")) if together else total
        curve.append(judge(epoch, total / count, seconds))
        if rank == 0:
            _keep(work, network, optimiser, curve)
        if together:
            together.wait_for_everyone()
    _put(network, load_file(work / "best.safetensors"))
    network.eval()
    return tuple(curve)


def rate(step: int, steps: int, warmup: int) -> float:
    """Return the factor on the learning rate at a step: linear warmup, then a cosine down to 0."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))


def trained(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that training changes, by name; shared ones once."""
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def _put(network: nn.Module, state: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in trained(network).items():
            value.copy_(state[name])


def _since_best(curve: Sequence[Epoch]) -> int:
    best = min(range(len(curve)), key=lambda i: curve[i].loss, default=0)
    return len(curve) - 1 - best if curve else 0


def _keep(work: Path, network: nn.Module, optimiser: torch.optim.Optimizer, curve: Sequence[Epoch]) -> None:
    """Save the state after an epoch, and the best weights so far. The curve is written last: without it the state does not count."""
    work.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().contiguous() for name, value in trained(network).items()}
    state = {f"model.{name}": value for name, value in weights.items()}
    for i, moments in optimiser.state_dict()["state"].items():
        state |= {f"optimiser.{i}.{name}": torch.as_tensor(value).contiguous() for name, value in moments.items()}
    save_file(state, work / f"epoch-{len(curve)}.safetensors")
    if _since_best(curve) == 0:
        save_file(weights, work / "best.safetensors")
    write_atomic(work / "curve.json", json.dumps([asdict(point) for point in curve]).encode())
    for old in work.glob("epoch-*.safetensors"):
        if old.name != f"epoch-{len(curve)}.safetensors":
            old.unlink()


def _resume(work: Path, network: nn.Module, optimiser: torch.optim.Optimizer, point: Callable[..., E]) -> list[E]:
    if not (work / "curve.json").is_file():
        return []
    curve = [point(**plain) for plain in json.loads((work / "curve.json").read_text())]
    state = load_file(work / f"epoch-{len(curve)}.safetensors")
    _put(network, {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")})
    moments: dict[int, dict[str, Any]] = {}
    for name, value in state.items():
        if name.startswith("optimiser."):
            _, number, what = name.split(".")
            moments.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return curve
