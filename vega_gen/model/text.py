"""A language model that is asked for a slot's statement in text: what both kinds have in common, and what is made of their answers.

Enters: source texts, slots. Leaves: the option of each slot that the model names, with its probability. It does not write sources.

An answer counts if it reads as one of the slot's options, or says that nothing is there: the first of the beams that does. Where none does,
the model chooses: by the probability it gives to each variant with the most voted names, and to nothing being there.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch says of its types is not whole.
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vega_gen.model import prompts
from vega_gen.records import SlotExample

TARGET = 128
"""Tokens of an answer, at most."""

PromptPair = tuple[str, str | None]
"""A source, and what should be answered; None: nothing is there."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model puts in a slot: a variant's number, indices of names, probability that this stands there."""

    variant: int
    names: tuple[int, ...]
    probability: float


class TextModel(ABC):
    """``absent``: what the model answers where nothing is there; "": it says that otherwise (``presence``)."""

    kind: str
    absent: str
    network: Any
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.network.device

    @abstractmethod
    def loss(self, pairs: Sequence[PromptPair]) -> Tensor:
        """What training lowers, a number."""

    @abstractmethod
    def likelihood(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        """Log-probability of each answer given its source [N], and of how many tokens it is, its end included [N]."""

    @abstractmethod
    def presence(self, sources: Sequence[str]) -> list[float]:
        """Confidence that something is there, 0 to 1; 1 where the answer says it."""

    @abstractmethod
    def beams(self, sources: Sequence[str], size: int) -> list[list[str]]:
        """The ``size`` likeliest answers that beam search finds for each source, the likeliest first."""

    def room(self) -> int:
        """Tokens of source that its positions hold beside an answer and the marks around it."""
        return (getattr(self.network.config, "max_position_embeddings", None) or 1 << 20) - TARGET - 8

    def encoded(self, text: str, most: int) -> list[int]:
        """The first ``most`` tokens of a text, without marks."""
        return self.tokenizer(text, add_special_tokens=False, truncation=True, max_length=most)["input_ids"]

    def written(self, tokens: Sequence[int]) -> str:
        """The text of an answer's tokens."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()

    def padded(self, rows: Sequence[Sequence[int]], pad: int, left: bool = False) -> Tensor:
        """Rows of tokens as a tensor [N, longest]."""
        longest = max(map(len, rows))
        fill = ([pad] * (longest - len(row)) for row in rows)
        made = [[*more, *row] if left else [*row, *more] for row, more in zip(rows, fill, strict=True)]
        return torch.tensor(made, dtype=torch.long, device=self.device)

    @torch.inference_mode()
    def decide(self, asked: Sequence[tuple[str, SlotExample]], size: int) -> list[Told | None]:
        """What is to stand in each slot by the model, None for nothing. ``asked``: sources with their slots, one batch; ``size``: beams."""
        self.network.eval()
        present = self.presence([source for source, _ in asked])
        there = [i for i, sure in enumerate(present) if sure >= 0.5 and prompts.options(asked[i][1])]
        out: list[Told | None] = [None] * len(asked)
        if not there:
            return out
        for i, texts in zip(there, self.beams([asked[i][0] for i in there], size), strict=True):
            source, slot = asked[i]
            found = self._first(texts, slot) or self._best(source, slot)
            if found[1] is not None:
                sure = float(self.likelihood([(source, found[0])])[0].exp())
                out[i] = Told(*found[1], min(1.0, present[i] * sure))
        return out

    def _first(self, texts: Sequence[str], slot: SlotExample) -> tuple[str, prompts.Option | None] | None:
        for text in texts:
            option = prompts.read(text, slot)
            if option is not None or (self.absent and text == self.absent):
                return text, option
        return None

    def _best(self, source: str, slot: SlotExample) -> tuple[str, prompts.Option | None]:
        offered: list[tuple[str, prompts.Option | None]] = [
            (prompts.spelled(slot.variants[variant], names), (variant, names)) for variant, names in prompts.options(slot)
        ]
        offered += [(self.absent, None)] if self.absent else []
        return offered[int(self.likelihood([(source, text) for text, _ in offered])[0].argmax())]


def likelihood_of(logits: Tensor, right: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Summed log-probability of the tokens ``right`` [N, T] by ``logits`` [N, T, V] where ``counts`` [N, T], and their number [N]."""
    each = torch.log_softmax(logits.float(), -1).gather(-1, right.unsqueeze(-1)).squeeze(-1)
    return (each * counts).sum(1), counts.sum(1)
