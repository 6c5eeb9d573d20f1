"""The free tokens of the edit model: a statement that no donor has, spelled a token at a time.

Enters: the decoder's state at a slot, a ``Spelling``. Leaves: the log-probability of each token after a prefix. It does not search.

What donors have after the last tokens of a prefix, in the slot and in the whole template, is told beside what the network makes of the
prefix: untrained it goes on as most donors go on, and so composes statements of their parts.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and numpy say of their types is not whole.
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vega_gen.model.spelling import CLUES, END, Array, Ids, Spelling

if TYPE_CHECKING:
    from vega_gen.model.network import EditConfig

MOST = 16
"""Statements of a function that are learnt a step."""


class Speller(nn.Module):
    """See the module."""

    def __init__(self, config: EditConfig) -> None:
        super().__init__()
        w, pieces = config.width, config.text_width
        self.pieces = nn.EmbeddingBag(config.vocabulary, pieces, mode="mean", padding_idx=0)
        self.token = nn.Linear(pieces, w)
        self.begin = nn.Linear(w, w)
        self.cell = nn.GRU(2 * w, w, batch_first=True)
        self.near = nn.Conv1d(w, w, 5, padding=2)
        self.seek = nn.Linear(w, w)
        self.query = nn.Linear(3 * w, w)
        self.trust = nn.Linear(3 * w, CLUES)
        self.clue = nn.Linear(CLUES, 1, bias=False)
        self.drop = nn.Dropout(config.dropout)

    def start(self) -> None:
        """The weights from which it learns: the donors of the slot decide."""
        with torch.no_grad():
            self.clue.weight.zero_()
            self.clue.weight[0, : CLUES // 2] = 0.5
            self.trust.weight.mul_(0.1)
            self.trust.bias.zero_()

    def vectors(self, s: Spelling) -> Tensor:
        """Each token [tokens, width]."""
        device = self.token.weight.device
        longest = max(map(len, s.bags))
        padded = torch.tensor([bag + (0,) * (longest - len(bag)) for bag in s.bags], device=device)
        return self.token(self.pieces(padded))

    def forward(self, vectors: Tensor, state: Tensor, variants: Tensor, prefixes: Tensor, clues: Tensor) -> Tensor:
        """Log-probabilities [B, L, tokens] after each part of ``prefixes`` [B, L], which begin with END. ``state`` [B, width]: that of the
        decoder at the slots; ``variants`` [B, V]: tokens of the slots' own, -1 for none; ``clues`` [B, L, tokens, CLUES]."""
        around = state.unsqueeze(1).expand(-1, prefixes.shape[1], -1)
        return self._said(vectors, self._prefixed(vectors, around, prefixes), around, self.read(vectors, variants), clues)

    def read(self, vectors: Tensor, variants: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens of slots' own ``variants`` [B, V], each with those around it [B, V, width], and which are there [B, 1, V]."""
        there = variants >= 0
        read = vectors[variants.clamp(min=0)] * there.unsqueeze(-1)
        return read + F.gelu(self.near(read.transpose(1, 2)).transpose(1, 2)), there.unsqueeze(1)

    def _prefixed(self, vectors: Tensor, around: Tensor, prefixes: Tensor) -> Tensor:
        """What each part of ``prefixes`` [B, L] comes to [B, L, width]. ``around`` [B, L, width]: the decoder's state, the same at each."""
        x, _ = self.cell(torch.cat([self.drop(vectors[prefixes]), around], -1), torch.tanh(self.begin(around[:, 0])).unsqueeze(0))
        return x

    def _said(self, vectors: Tensor, x: Tensor, around: Tensor, own: tuple[Tensor, Tensor], clues: Tensor) -> Tensor:
        """Of what the prefixes come to, ``x`` [B, L, width], and what ``read`` says, log-probabilities as ``forward``."""
        read, there = own
        scale = vectors.shape[-1] ** -0.5
        looked = (self.seek(x) @ read.transpose(1, 2) * scale).masked_fill(~there, -1e4).softmax(-1)
        x = torch.cat([self.drop(x), around, looked @ read], -1)
        told = ((self.clue.weight[0] + self.trust(x)).unsqueeze(-2) * clues).sum(-1)
        return F.log_softmax((self.query(x) @ vectors.T * scale + told).float(), -1)

    def loss(self, s: Spelling, states: Tensor) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each statement that is to be spelled, at most MOST, at least one, and whether each of its tokens is
        the likeliest. ``states`` [S, width]."""
        right = s.right[:MOST]
        longest = max(len(ids) for _, ids in right) + 1
        clues = np.zeros((len(right), longest, len(s.tokens), CLUES), np.float32)
        for b, (slot, ids) in enumerate(right):
            follows = s.follows(slot)
            for i in range(len(ids) + 1):
                clues[b, i] = s.clues(follows, ids[:i], s.before[slot])
        device = states.device
        prefixes = _padded([(END, *ids) for _, ids in right]).clamp(min=END).to(device)
        wanted = _padded([(*ids, END) for _, ids in right]).to(device)
        state = states[torch.tensor([slot for slot, _ in right], device=device)]
        own = _padded([s.variants(slot) for slot, _ in right]).to(device)
        said = self(self.vectors(s), state, own, prefixes, torch.from_numpy(clues).to(device))
        each = -said.gather(-1, wanted.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        return (each * (wanted >= 0)).sum(-1), ((said.argmax(-1) == wanted) | (wanted < 0)).all(-1)

    def after(self, vectors: Tensor, own: tuple[Tensor, Tensor], state: Tensor, prefixes: Sequence[Ids], clues: Sequence[Array]) -> Tensor:
        """Log-probabilities of what follows each of some prefixes of one length in a slot [B, tokens]. ``own``: its variants, as ``read``;
        ``clues``: after each prefix."""
        ids = torch.tensor([(END, *prefix) for prefix in prefixes], device=state.device)
        around = state.expand(*ids.shape, -1)
        last = self._prefixed(vectors, around, ids)[:, -1:]
        told = torch.from_numpy(np.stack(clues)).to(state.device)
        return self._said(vectors, last, around[:, :1], own, told.unsqueeze(1))[:, 0]


def _padded(rows: Sequence[Ids]) -> Tensor:
    """Rows of numbers as one tensor, -1 behind the shorter ones."""
    longest = max(map(len, rows))
    return torch.tensor([(*row, *(-1,) * (longest - len(row))) for row in rows])
