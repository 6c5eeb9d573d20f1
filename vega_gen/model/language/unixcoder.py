"""VEGA's model: UniXcoder prompted for a statement and a confidence (CGO 2025; UniXcoder: Guo et al., ACL 2022).

One RobertaModel encodes and decodes, as in UniXcoder's own fine-tuning for code generation: source tokens see the source, target tokens see
the source and the target tokens before them. The source is ``<s> <encoder-decoder> </s> ... <mask0> </s>``, the target ``<mask0> ...
</s>``; target tokens are scored with the word embeddings. The confidence comes from the state of the source's first token.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and transformers are incomplete.
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel
from transformers.models.roberta.modeling_roberta import RobertaPreTrainedModel

from vega_gen.errors import InputError
from vega_gen.model.language import folder
from vega_gen.model.language.base import TARGET, PromptPair, TextModel, likelihood_of

_SOURCE = 512
_MODE, _START = "<encoder-decoder>", "<mask0>"


class UniXcoderNetwork(RobertaPreTrainedModel):
    """RoBERTa as encoder and decoder, with a confidence. Pads are ``pad_token_id`` tokens."""

    config: RobertaConfig

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__(config)
        self.pad: int = config.pad_token_id if config.pad_token_id is not None else 1
        self.roberta = RobertaModel(config, add_pooling_layer=False)
        self.confidence = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def forward(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the token after each target token [N, T, V], and of the presence of a statement [N].

        ``source`` [N, S] and ``target`` [N, T] are padded on the right.
        """
        ids = torch.cat([source, target], 1)
        there = ids != self.pad
        place = torch.arange(ids.shape[1], device=ids.device)
        seen = (place < source.shape[1]) | ((place[:, None] >= source.shape[1]) & (place <= place[:, None]))
        hidden = self._hidden(ids, there[:, None, :] & seen, self._positions(there), use_cache=False).last_hidden_state
        return self._logits(hidden[:, source.shape[1] :]), self.confidence(hidden[:, 0]).squeeze(-1)

    def _hidden(self, ids: Tensor, seen: Tensor, positions: Tensor, **cache: Any) -> Any:
        """Run the encoder. ``seen`` [N, queries, keys]: which tokens each token sees."""
        barred = torch.zeros(seen.shape, device=ids.device).masked_fill(~seen, torch.finfo(torch.float32).min)
        return self.roberta(ids, attention_mask=barred.unsqueeze(1), position_ids=positions, **cache)

    def _positions(self, there: Tensor) -> Tensor:
        """Return RoBERTa's positions: they start after the pad's and skip pads, so that padding has no effect."""
        return there.cumsum(1) * there + self.pad

    def _logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.roberta.embeddings.word_embeddings.weight.T

    @torch.inference_mode()
    def beams(self, source: Tensor, start: int, end: int, size: int, most: int) -> list[list[list[int]]]:
        """Return the ``size`` likeliest targets for each source [N, S] by beam search.

        Each has at most ``most`` tokens, without start and end.
        """
        there = source != self.pad
        first = self._hidden(source, there[:, None, :].expand(-1, source.shape[1], -1), self._positions(there), use_cache=True)
        cache = first.past_key_values
        cache.batch_repeat_interleave(size)
        count = len(source)
        there = there.repeat_interleave(size, 0)
        tokens = torch.full((count * size, 1), start, device=source.device)
        total = torch.full((count, size), -torch.inf, device=source.device)
        total[:, 0] = 0.0
        for step in range(most):
            there = torch.cat([there, torch.ones_like(there[:, :1])], 1)
            found = self._hidden(tokens[:, -1:], there[:, None, :], self._positions(there)[:, -1:], past_key_values=cache, use_cache=True)
            each = torch.log_softmax(self._logits(found.last_hidden_state[:, -1]), -1)
            each[:, [start, self.pad]] = -torch.inf
            if step:
                over = tokens[:, -1] == end
                each[over] = -torch.inf
                each[over, end] = 0.0
            total, best = (total.unsqueeze(-1) + each.view(count, size, -1)).view(count, -1).topk(size)
            parent = (best // each.shape[1] + torch.arange(count, device=best.device).unsqueeze(-1) * size).flatten()
            tokens = torch.cat([tokens[parent], (best % each.shape[1]).view(-1, 1)], 1)
            there = there[parent]
            cache.reorder_cache(parent)
            if bool((tokens[:, -1] == end).all()):
                break
        rows = [[token for token in row if token != end] for row in tokens[:, 1:].tolist()]
        known = total.isfinite().tolist()
        return [[rows[i * size + k] for k in range(size) if known[i][k]] for i in range(count)]


class UniXcoder(TextModel):
    """UniXcoder. ``weights``: of the confidence's squared error and the code's cross-entropy in the loss."""

    kind = "unixcoder"
    absent = ""
    network: UniXcoderNetwork

    def __init__(self, path: Path, weights: tuple[float, float] = (0.9, 0.1), *, learnt: bool = False) -> None:
        """Open UniXcoder in folder ``path``.

        ``learnt``: the folder must have weights of the confidence already. Raises InputError where the folder is not UniXcoder's.
        """
        config = folder.config_of(path)
        if not isinstance(config, RobertaConfig) or config.model_type != "roberta":
            what = f"the model is a {config.model_type}, not a roberta"
            raise InputError(what, str(path / "config.json"), "pass UniXcoder's folder, or train with --kind hf")
        config.is_decoder = True  # so that it caches its states of the source
        self.tokenizer = folder.tokenizer_of(path, config)
        marks = self.tokenizer.get_vocab()
        if not {_MODE, _START} <= marks.keys():
            what = f"a RoBERTa, but not UniXcoder: its tokenizer has no {_MODE} and {_START}"
            raise InputError(what, str(path), "pass UniXcoder's folder, such as unixcoder-base-nine")
        made = folder.weights_of(path, UniXcoderNetwork.from_pretrained, config, () if learnt else ("confidence.",))
        assert isinstance(made, UniXcoderNetwork)
        self.network = made
        self.weights = weights
        self._mode, self._start = marks[_MODE], marks[_START]
        self._opening, self._end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id

    def loss(self, pairs: Sequence[PromptPair]) -> Tensor:
        """Return the weighted sum of both losses; the code's is a mean over all tokens of the answers."""
        target = self._targets([answer or "" for _, answer in pairs])
        logits, confidence = self.network(self._sources([source for source, _ in pairs]), target)
        said, tokens = likelihood_of(logits[:, :-1], target[:, 1:], target[:, 1:] != self.network.pad)
        there = torch.tensor([float(answer is not None) for _, answer in pairs], device=self.device)
        error = ((torch.sigmoid(confidence) - there) ** 2).mean()
        return self.weights[0] * error - self.weights[1] * said.sum() / tokens.sum()

    def likelihood(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        """See ``TextModel``."""
        target = self._targets([answer for _, answer in pairs])
        logits, _ = self.network(self._sources([source for source, _ in pairs]), target)
        return likelihood_of(logits[:, :-1], target[:, 1:], target[:, 1:] != self.network.pad)

    def presence(self, sources: Sequence[str]) -> list[float]:
        """See ``TextModel``."""
        none = torch.empty(len(sources), 0, dtype=torch.long, device=self.device)
        return torch.sigmoid(self.network(self._sources(sources), none)[1]).tolist()

    def beams(self, sources: Sequence[str], size: int) -> list[list[str]]:
        """See ``TextModel``."""
        found = self.network.beams(self._sources(sources), self._start, self._end, size, TARGET - 1)
        return [[self.written(tokens) for tokens in of_source] for of_source in found]

    def _sources(self, texts: Sequence[str]) -> Tensor:
        most = min(_SOURCE - 5, self.room())
        rows = [[self._opening, self._mode, self._end, *self.encoded(text, most), self._start, self._end] for text in texts]
        return self.padded(rows, self.network.pad)

    def _targets(self, texts: Sequence[str]) -> Tensor:
        return self.padded([[self._start, *self.encoded(text, TARGET - 2), self._end] for text in texts], self.network.pad)
