"""Open a local Hugging Face folder: config, tokenizer and weights. Nothing is downloaded, no code of the folder runs, no pickle is read."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
# The type annotations of transformers are incomplete.
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
    """Return the config of a folder with safetensors weights. Raises InputError where something is missing or the weights are a pickle."""
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "give a local Hugging Face folder with --model-name-or-path DIR")
    if not (folder / "config.json").is_file():
        raise InputError("not a Hugging Face folder: no config.json", str(folder), _WHOLE)
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(folder.glob("*.bin"))
        what = "the weights are a pickle, which can run code when it is read" if pickles else "no weights: no *.safetensors"
        advice = "if you trust them, convert them to model.safetensors (save_pretrained), or use a folder that has it"
        raise InputError(what, str(pickles[0] if pickles else folder), advice if pickles else _WHOLE)
    try:
        return AutoConfig.from_pretrained(folder, **_HERE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a model config: {_short(error)}", str(folder / "config.json"), _WHOLE) from None


def tokenizer_of(folder: Path, config: PretrainedConfig) -> Any:
    """Return the tokenizer of a folder. Raises InputError where there is none, it has no vocabulary, or it belongs to another model."""
    try:
        found = AutoTokenizer.from_pretrained(folder, **_HERE)
    except Exception as error:  # the Rust library tokenizers raises plain Exception
        raise InputError(f"the tokenizer cannot be read: {_short(error)}", str(folder), _WHOLE) from None
    words = found("return", add_special_tokens=False)["input_ids"]
    if set(words) <= {found.unk_token_id}:  # transformers makes such a tokenizer where there is no vocabulary
        raise InputError("no tokenizer: it has no vocabulary", str(folder), _WHOLE)
    if len(found) > getattr(config, "vocab_size", len(found)):
        raise InputError("the tokenizer has more words than the model, so it is another model's", str(folder), _WHOLE)
    if found.eos_token_id is None:
        raise InputError("the tokenizer has no end token", str(folder), "take a folder whose tokenizer_config.json names eos_token")
    return found


def weights_of(folder: Path, load: Callable[..., Any], config: PretrainedConfig, new: tuple[str, ...] = ()) -> PreTrainedModel:
    """Load the model of a folder in float32, onto the GPU if there is one.

    ``load``: a ``from_pretrained``. ``new``: prefixes of weights that the folder may lack. Raises InputError where it cannot be loaded.
    """
    try:
        model, told = load(folder, config=config, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **_HERE)
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if out_of_memory(error):
            raise
        raise InputError(f"the weights cannot be read: {_short(error)}", str(folder), _WHOLE) from None
    missing = sorted(name for name in told["missing_keys"] if not name.startswith(new))
    if missing:
        raise InputError(f"{len(missing)} weights are missing: {', '.join(missing[:3])}", str(folder), _WHOLE)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
