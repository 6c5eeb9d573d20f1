"""The common part of language models that are prompted for a slot's statement, and how their answers are used.

The first beam that reads as one of the slot's options, or as absence, is the answer. Where none does, the model ranks the options itself:
by the probability it gives to each variant with the most voted names, and to absence.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch are incomplete.
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vega_gen.model.language import prompts
from vega_gen.records import SlotExample

TARGET = 128
"""The maximum length of an answer, in tokens."""

PromptPair = tuple[str, str | None]
"""A source and its right answer; None where the slot is absent."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model puts in a slot: a variant's number, an index of a name for each hole, and the probability of the whole."""

    variant: int
    names: tuple[int, ...]
    probability: float


class TextModel(ABC):
    """A language model with its tokenizer.

    ``absent``: its answer where a slot is absent; "" if it answers that by ``presence`` instead.
    """

    kind: str
    absent: str
    network: Any
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return self.network.device

    @abstractmethod
    def loss(self, pairs: Sequence[PromptPair]) -> Tensor:
        """Return the training loss, a scalar."""

    @abstractmethod
    def likelihood(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        """Return the log-probability of each answer given its source [N], and the answer's length in tokens with its end [N]."""

    @abstractmethod
    def presence(self, sources: Sequence[str]) -> list[float]:
        """Return the probability that a statement is there, for each source; 1 where the answer itself says so."""

    @abstractmethod
    def beams(self, sources: Sequence[str], size: int) -> list[list[str]]:
        """Return the ``size`` likeliest answers for each source by beam search, the likeliest first."""

    def room(self) -> int:
        """Return how many source tokens its positions hold beside an answer and special tokens."""
        return (getattr(self.network.config, "max_position_embeddings", None) or 1 << 20) - TARGET - 8

    def encoded(self, text: str, most: int) -> list[int]:
        """Return the first ``most`` tokens of a text, without special tokens."""
        return self.tokenizer(text, add_special_tokens=False, truncation=True, max_length=most)["input_ids"]

    def written(self, tokens: Sequence[int]) -> str:
        """Return the text of an answer's tokens."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()

    def padded(self, rows: Sequence[Sequence[int]], pad: int, left: bool = False) -> Tensor:
        """Return rows of tokens as a tensor [N, longest], padded on the right, or on the left if ``left``."""
        longest = max(map(len, rows))
        fill = ([pad] * (longest - len(row)) for row in rows)
        made = [[*more, *row] if left else [*row, *more] for row, more in zip(rows, fill, strict=True)]
        return torch.tensor(made, dtype=torch.long, device=self.device)

    @torch.inference_mode()
    def decide(self, asked: Sequence[tuple[str, SlotExample]], size: int) -> list[Told | None]:
        """Decide one batch of slots; None for an absent one. ``asked``: sources with their slots. ``size``: beams."""
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
    """Return the summed log-probability [N] of the tokens ``right`` [N, T] under ``logits`` [N, T, V], and how many tokens there are [N].

    ``counts`` [N, T]: which tokens count.
    """
    each = torch.log_softmax(logits.float(), -1).gather(-1, right.unsqueeze(-1)).squeeze(-1)
    return (each * counts).sum(1), counts.sum(1)
