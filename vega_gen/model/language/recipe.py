"""Parameters for training a language model, and which command-line options belong to which kind of model. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vega_gen.errors import InputError
from vega_gen.records import FillerName

_TEXT = frozenset(
    ["pretrained", "beam_size", "train_batch_size", "eval_batch_size", "learning_rate", "gradient_accumulation_steps"]
)
_OPTIONS = {
    FillerName.EDIT: frozenset[str](),
    FillerName.UNIXCODER: _TEXT | {"mse_loss_weight", "ce_loss_weight"},
    FillerName.HF: _TEXT | {"lora_rank"},
}


@dataclass(frozen=True, slots=True)
class TextRecipe:
    """Parameters for training a language model.

    ``pretrained``: a local Hugging Face folder. ``train_batch_size``, ``eval_batch_size``: in slots. ``beam_size``: beams while calibrating
    and filling. ``mse_loss_weight``, ``ce_loss_weight``: loss weights of the confidence and of the code, kind unixcoder only, as in VEGA
    (CGO 2025). ``lora_rank``: kind hf only, 0 trains all weights. ``warmup``: steps. ``patience``: epochs without improvement before
    stopping. ``bf16``: see ``loop.Schedule``.
    """

    kind: FillerName
    pretrained: Path
    epochs: int = 10
    seed: int = 1
    beam_size: int = 5
    train_batch_size: int = 8
    eval_batch_size: int = 8
    learning_rate: float = 5e-5
    gradient_accumulation_steps: int = 1
    mse_loss_weight: float = 0.9
    ce_loss_weight: float = 0.1
    lora_rank: int = 0
    warmup: int = 200
    weight_decay: float = 0.01
    patience: int = 4
    bf16: bool = False

    @property
    def batch(self) -> int:
        """Slots per step."""
        return self.train_batch_size * self.gradient_accumulation_steps


def text_recipe(kind: FillerName, epochs: int, seed: int, bf16: bool, given: Mapping[str, Any]) -> TextRecipe | None:
    """Make the recipe of a kind from the options ``given`` (field -> value, None for not given); None for the edit model.

    Raises InputError where a kind cannot be trained, an option belongs to another kind, or the pretrained folder is not given.
    """
    if not kind.learns:
        raise InputError(f"{kind} learns nothing, so it cannot be trained", "", f"use --kind {'|'.join(_OPTIONS)}")
    said = {name: value for name, value in given.items() if value is not None}
    foreign = sorted(said.keys() - _OPTIONS[kind])
    if foreign:
        options = ", ".join(map(_flag, foreign))
        kinds = " or ".join(f"--kind {other}" for other, own in _OPTIONS.items() if foreign[0] in own)
        raise InputError(f"{options} does not belong to --kind {kind}", "", f"leave it out, or train with {kinds}")
    if kind is FillerName.EDIT:
        return None
    if "pretrained" not in said:
        raise InputError(f"--kind {kind} starts from a pretrained model", "", "pass its local folder with --model-name-or-path DIR")
    return TextRecipe(kind, epochs=epochs, seed=seed, bf16=bf16, **said)


def _flag(field: str) -> str:
    return "--model-name-or-path" if field == "pretrained" else f"--{field.replace('_', '-')}"
