"""Tiny models of random weights in Hugging Face folders, one of each shape, with a tokenizer that knows the words of one example.

``put`` writes config.json, model.safetensors and the tokenizer's files to a folder and returns its path. Nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import torch
from test_examples import labels
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5ForConditionalGeneration,
)

from vega_gen.model.language import prompts

MARKS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ENDS = {"pad_token_id": 1, "eos_token_id": 2}
POSITIONS = 514


def put(folder: Path, shape: str = "roberta", marks: tuple[str, ...] = ("<mask0>", "<encoder-decoder>"), wide: int = 32) -> Path:
    """A folder with a model of ``shape``: roberta, t5, gpt2 or qwen2. ``marks``: UniXcoder's own tokens."""
    words = ByteLevelBPETokenizer()
    texts = [f"{source} {right or ''}" for source, right, _ in prompts.lessons(labels())]
    words.train_from_iterator(texts, vocab_size=400, min_frequency=1, special_tokens=[*MARKS, *marks], show_progress=False)
    size = words.get_vocab_size()
    torch.manual_seed(7)
    made: PreTrainedModel
    if shape == "roberta":
        made = RobertaModel(
            RobertaConfig(
                vocab_size=size, hidden_size=wide, num_hidden_layers=1, num_attention_heads=2, intermediate_size=2 * wide,
                max_position_embeddings=POSITIONS, type_vocab_size=1, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            )
        )  # fmt: skip
    elif shape == "t5":
        config = T5Config(
            vocab_size=size, d_model=wide, d_kv=8, d_ff=2 * wide, num_layers=1, num_heads=2, decoder_start_token_id=1, dropout_rate=0.0,
            **ENDS,
        )  # fmt: skip
        made = T5ForConditionalGeneration(config)
    elif shape == "gpt2":
        made = GPT2LMHeadModel(GPT2Config(vocab_size=size, n_embd=wide, n_layer=1, n_head=2, n_positions=POSITIONS, **ENDS))
    else:
        made = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=size, hidden_size=wide, intermediate_size=2 * wide, num_hidden_layers=1, num_attention_heads=2,
                num_key_value_heads=1, max_position_embeddings=POSITIONS, **ENDS,
            )
        )  # fmt: skip
    folder.mkdir(parents=True)
    made.save_pretrained(folder)
    if shape == "roberta":
        words.save_model(str(folder))
    else:
        marks_named = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
        PreTrainedTokenizerFast(tokenizer_object=words._tokenizer, **marks_named).save_pretrained(folder)
    return folder
