"""VEGA as published: UniXcoder asked for a statement and for a confidence (CGO 2025; UniXcoder: Guo et al., ACL 2022).

Enters: a folder with UniXcoder's weights, sources. Leaves: answers and confidences. It does not choose among a slot's options.

One RobertaModel encodes and decodes: a source's tokens see the source, those of the target see the source and what is before them, as in
UniXcoder's own fine-tuning for code generation. The source is ``<s> <encoder-decoder> </s> ... <mask0> </s>``, the target ``<mask0> ...
</s>``; target tokens are scored with the word embeddings. The confidence is read off the source's first token.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What torch and transformers say of their types is not whole.
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel
from transformers.models.roberta.modeling_roberta import RobertaPreTrainedModel

from vega_gen.errors import InputError
from vega_gen.model import folder
from vega_gen.model.text import TARGET, PromptPair, TextModel, likelihood_of

_SOURCE = 512
_MODE, _START = "<encoder-decoder>", "<mask0>"


class UniXcoderNetwork(RobertaPreTrainedModel):
    """RoBERTa as encoder and decoder, with a confidence. Pads are tokens of number ``pad_token_id``."""

    config: RobertaConfig

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__(config)
        self.pad: int = config.pad_token_id if config.pad_token_id is not None else 1
        self.roberta = RobertaModel(config, add_pooling_layer=False)
        self.confidence = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def forward(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the token after each of ``target`` [N, T, V], and of the presence of a statement [N]. ``source`` [N, S]: as
        ``target`` [N, T], padded on the right."""
        ids = torch.cat([source, target], 1)
        there = ids != self.pad
        place = torch.arange(ids.shape[1], device=ids.device)
        seen = (place < source.shape[1]) | ((place[:, None] >= source.shape[1]) & (place <= place[:, None]))
        hidden = self._hidden(ids, there[:, None, :] & seen, self._positions(there), use_cache=False).last_hidden_state
        return self._logits(hidden[:, source.shape[1] :]), self.confidence(hidden[:, 0]).squeeze(-1)

    def _hidden(self, ids: Tensor, seen: Tensor, positions: Tensor, **cache: Any) -> Any:
        """``seen`` [N, here, all]: what each token sees."""
        barred = torch.zeros(seen.shape, device=ids.device).masked_fill(~seen, torch.finfo(torch.float32).min)
        return self.roberta(ids, attention_mask=barred.unsqueeze(1), position_ids=positions, **cache)

    def _positions(self, there: Tensor) -> Tensor:
        """RoBERTa's: from the one after the pad's, pads not counted, so that padding changes nothing."""
        return there.cumsum(1) * there + self.pad

    def _logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.roberta.embeddings.word_embeddings.weight.T

    @torch.inference_mode()
    def beams(self, source: Tensor, start: int, end: int, size: int, most: int) -> list[list[list[int]]]:
        """The ``size`` likeliest targets of each source [N, S] by beam search, without start and end, of at most ``most`` tokens."""
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
    """``weights``: of the loss: of the confidence's squared error, of the code's cross-entropy."""

    kind = "unixcoder"
    absent = ""
    network: UniXcoderNetwork

    def __init__(self, path: Path, weights: tuple[float, float] = (0.9, 0.1), *, learnt: bool = False) -> None:
        """``learnt``: whether it must have a confidence already. Raises InputError for what is not a folder with UniXcoder's weights."""
        config = folder.config_of(path)
        if not isinstance(config, RobertaConfig) or config.model_type != "roberta":
            what = f"a model of another shape: {config.model_type}, not roberta"
            raise InputError(what, str(path / "config.json"), "give UniXcoder's folder, or train with --kind hf")
        config.is_decoder = True  # it keeps what it has computed of the source
        self.tokenizer = folder.tokenizer_of(path, config)
        marks = self.tokenizer.get_vocab()
        if not {_MODE, _START} <= marks.keys():
            what = f"a RoBERTa, but not UniXcoder's: its tokenizer has no {_MODE} and {_START}"
            raise InputError(what, str(path), "give UniXcoder's folder (unixcoder-base-nine, say)")
        made = folder.weights_of(path, UniXcoderNetwork.from_pretrained, config, () if learnt else ("confidence.",))
        assert isinstance(made, UniXcoderNetwork)
        self.network = made
        self.weights = weights
        self._mode, self._start = marks[_MODE], marks[_START]
        self._opening, self._end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id

    def loss(self, pairs: Sequence[PromptPair]) -> Tensor:
        """See ``TextModel``: the weighted sum of both parts, the code's the mean of all tokens of the answers."""
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
