"""A language model in a local Hugging Face folder, sequence-to-sequence or causal, prompted for a statement or the word for none.

Its config says which of the two it is (``is_encoder_decoder``). A causal model gets the source, a line break and "statement:".
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingImports=false
# The type annotations of torch and transformers are incomplete; peft is optional.
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, GenerationConfig

from vega_gen.errors import InputError
from vega_gen.model.language import folder
from vega_gen.model.language.base import TARGET, PromptPair, TextModel, likelihood_of

_SOURCE = 1024
_ASK = "\nstatement:"


class HuggingFace(TextModel):
    """A causal or sequence-to-sequence model of kind "hf"."""

    kind = "hf"
    absent = "absent"

    def __init__(self, path: Path, lora_rank: int = 0) -> None:
        """Open the model in folder ``path``.

        ``lora_rank``: train LoRA matrices of that rank (with peft) instead of the weights; 0: train the weights.
        Raises InputError where the folder holds no such model, or peft is needed and missing.
        """
        config = folder.config_of(path)
        self.seq2seq = bool(getattr(config, "is_encoder_decoder", False))
        self.tokenizer = folder.tokenizer_of(path, config)
        shape = AutoModelForSeq2SeqLM if self.seq2seq else AutoModelForCausalLM
        self.network = folder.weights_of(path, shape.from_pretrained, config)
        self._end = int(self.tokenizer.eos_token_id)
        self._pad = self._end if self.tokenizer.pad_token_id is None else int(self.tokenizer.pad_token_id)
        # Replaces the folder's own settings for sampling and penalties.
        self.network.generation_config = GenerationConfig(
            eos_token_id=self._end, pad_token_id=self._pad, decoder_start_token_id=getattr(config, "decoder_start_token_id", None),
            max_new_tokens=TARGET, do_sample=False,
        )
        if lora_rank:
            self.network = _with_lora(self.network, lora_rank, self.seq2seq)

    def loss(self, pairs: Sequence[PromptPair]) -> Tensor:
        """Return the mean cross-entropy of the answers' tokens."""
        said, tokens = self.likelihood([(source, self.absent if answer is None else answer) for source, answer in pairs])
        return -said.sum() / tokens.sum()

    def likelihood(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        """See ``TextModel``."""
        sources = [self._source(source) for source, _ in pairs]
        answers = [[*self.encoded(answer, TARGET - 1), self._end] for _, answer in pairs]
        if self.seq2seq:
            right, counts = self.padded(answers, self._pad), self.padded([[1] * len(a) for a in answers], 0)
            ids, mask = self.padded(sources, self._pad), self.padded([[1] * len(s) for s in sources], 0)
            logits = self.network(input_ids=ids, attention_mask=mask, labels=right.masked_fill(counts == 0, -100)).logits
            return likelihood_of(logits, right, counts)
        both = [s + a for s, a in zip(sources, answers, strict=True)]
        ids, mask = self.padded(both, self._pad), self.padded([[1] * len(row) for row in both], 0)
        counts = self.padded([[0] * len(s) + [1] * len(a) for s, a in zip(sources, answers, strict=True)], 0)
        logits = self.network(input_ids=ids, attention_mask=mask).logits
        return likelihood_of(logits[:, :-1], ids[:, 1:], counts[:, 1:])

    def presence(self, sources: Sequence[str]) -> list[float]:
        """Return 1: an answer itself says whether a statement is there."""
        return [1.0] * len(sources)

    @torch.inference_mode()
    def beams(self, sources: Sequence[str], size: int) -> list[list[str]]:
        """See ``TextModel``."""
        rows = [self._source(source) for source in sources]
        ids = self.padded(rows, self._pad, left=not self.seq2seq)
        mask = self.padded([[1] * len(row) for row in rows], 0, left=not self.seq2seq)
        by_sum = {"length_penalty": 0.0} if size > 1 else {}
        made = self.network.generate(input_ids=ids, attention_mask=mask, num_beams=size, num_return_sequences=size, **by_sum)
        new = made if self.seq2seq else made[:, ids.shape[1] :]
        texts = [self.written(row) for row in new.tolist()]
        return [texts[first : first + size] for first in range(0, len(texts), size)]

    def _source(self, text: str) -> list[int]:
        most = min(_SOURCE, self.room())
        if self.seq2seq:
            return self.tokenizer(text, truncation=True, max_length=most)["input_ids"]
        ask = self.encoded(_ASK, most)
        return [*self.encoded(text, most - len(ask)), *ask]


def _with_lora(network: Any, rank: int, seq2seq: bool) -> Any:
    try:
        from peft import LoraConfig, TaskType, get_peft_model  # pyright: ignore[reportUnknownVariableType]
    except ImportError:
        raise InputError("--lora-rank needs peft, which is not installed", "", "pip install peft") from None
    task = TaskType.SEQ_2_SEQ_LM if seq2seq else TaskType.CAUSAL_LM
    return get_peft_model(network, LoraConfig(task_type=task, r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
