"""A Hugging Face folder: its config, tokenizer and weights, or why it is refused.

Enters: a path. Leaves: what lies there. It fetches nothing, runs no code of a folder and reads no pickle.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
# What transformers says of its types is not whole.
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel
from transformers.utils import logging

from vega_gen.errors import InputError, out_of_memory

_HERE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_WHOLE = "copy the whole folder again: config.json, model.safetensors and the tokenizer's files"

logging.set_verbosity_error()
logging.disable_progress_bar()


def config_of(folder: Path) -> PretrainedConfig:
    """The config of a folder with weights in safetensors. Raises InputError where there is none, or where there are pickles alone."""
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "give a local Hugging Face folder with --model-name-or-path DIR")
    if not (folder / "config.json").is_file():
        raise InputError("not a Hugging Face folder: no config.json", str(folder), _WHOLE)
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(folder.glob("*.bin"))
        what = "weights that are a pickle: reading them would run code" if pickles else "no weights: no *.safetensors"
        advice = "convert them to model.safetensors (save_pretrained) where you trust them, or take a folder that has them"
        raise InputError(what, str(pickles[0] if pickles else folder), advice if pickles else _WHOLE)
    try:
        return AutoConfig.from_pretrained(folder, **_HERE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a model's config: {_short(error)}", str(folder / "config.json"), _WHOLE) from None


def tokenizer_of(folder: Path, config: PretrainedConfig) -> Any:
    """The tokenizer of a folder. Raises InputError for none, for one that knows no words and for one of another model."""
    try:
        found = AutoTokenizer.from_pretrained(folder, **_HERE)
    except Exception as error:  # tokenizers (Rust) raises plain Exception
        raise InputError(f"no tokenizer that can be read: {_short(error)}", str(folder), _WHOLE) from None
    words = found("return", add_special_tokens=False)["input_ids"]
    if set(words) <= {found.unk_token_id}:  # what transformers makes where there is no vocabulary
        raise InputError("no tokenizer: it knows no words", str(folder), _WHOLE)
    if len(found) > getattr(config, "vocab_size", len(found)):
        raise InputError("a tokenizer with more words than the model: of another one", str(folder), _WHOLE)
    if found.eos_token_id is None:
        raise InputError("the tokenizer has no token for the end", str(folder), "take a folder whose tokenizer_config.json names eos_token")
    return found


def weights_of(folder: Path, load: Callable[..., Any], config: PretrainedConfig, new: tuple[str, ...] = ()) -> PreTrainedModel:
    """The model of a folder in float32 on the machine's device. ``load``: a ``from_pretrained``; ``new``: first letters of the names of
    weights that a folder may lack. Raises InputError."""
    try:
        model, told = load(folder, config=config, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **_HERE)
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if out_of_memory(error):
            raise
        raise InputError(f"weights that cannot be read: {_short(error)}", str(folder), _WHOLE) from None
    missing = sorted(name for name in told["missing_keys"] if not name.startswith(new))
    if missing:
        raise InputError(f"weights and config do not fit: {', '.join(missing[:3])} missing of {len(missing)}", str(folder), _WHOLE)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
