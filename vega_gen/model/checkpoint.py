"""Save and load a trained edit model: weights, config, vocabulary, and a manifest of what it was trained on.

Weights are in safetensors and the manifest in JSON, so that loading runs no code.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and numpy are incomplete.
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vega_gen.errors import HoldOutError, InputError, out_of_memory
from vega_gen.model.network import EditConfig, EditModel
from vega_gen.model.vocabulary import Vocabulary
from vega_gen.store import digest, write_atomic

WEIGHTS, MANIFEST = "model.safetensors", "manifest.json"
FORMAT = 2
_SPELLER = "speller."  # a part of some older checkpoints that is not used
_TRAIN = "train a model with `vega-gen train --llvm DIR --out DIR`, and pass it with --checkpoint DIR"


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with its vocabulary and manifest.

    Keys of ``manifest``: ``format``, ``kind``, ``config``, ``vocabulary`` (its words), ``targets`` (trained on), ``held_out``, ``data``
    (hash of the shards), ``weights`` (hash of the file), ``seed``, ``curve``, ``calibration``.
    """

    model: EditModel
    vocabulary: Vocabulary
    manifest: dict[str, Any]


def save(folder: Path, model: EditModel, vocabulary: Vocabulary, manifest: dict[str, Any]) -> None:
    """Write a checkpoint, with weights in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().to(torch.bfloat16).contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    read_by = {"config": model.config.to_diff_dict(), "vocabulary": vocabulary.words}
    write_manifest(folder, "edit", {**manifest, **read_by})


def load(folder: Path, held_out: Collection[str] = ()) -> Checkpoint:
    """Load a checkpoint onto the GPU if there is one, else onto one CPU thread.

    Raises InputError where the folder holds no complete checkpoint, HoldOutError where the model was trained on a target of ``held_out``.
    """
    manifest = read_manifest(folder, "edit", held_out)
    weights = folder / WEIGHTS
    try:
        model = EditModel(EditConfig(**manifest["config"]))
        stored = {name: value.float() for name, value in load_file(weights).items() if not name.startswith(_SPELLER)}
        model.load_state_dict(stored, strict=True)
        words = Vocabulary(tuple(manifest["vocabulary"]))
    except KeyError as error:
        raise InputError(f"not a checkpoint's manifest: {error}", str(folder / MANIFEST), _TRAIN) from None
    except (SafetensorError, RuntimeError, TypeError) as error:
        if out_of_memory(error):
            raise
        raise InputError(f"the weights do not fit the config: {str(error)[:200]}", str(weights), "copy the whole folder again") from None
    torch.set_num_threads(1)  # matrices are small: a second thread mostly waits, and far longer on a busy machine
    cast(Any, model).to("cuda" if torch.cuda.is_available() else "cpu")
    return Checkpoint(model.eval(), words, manifest)


def read_manifest(folder: Path, kind: str, held_out: Collection[str]) -> dict[str, Any]:
    """Read the manifest of a checkpoint of ``kind`` (a ``FillerName``) and check the weights against it. Raises what ``load`` raises."""
    path = folder / MANIFEST
    try:
        manifest = orjson.loads(path.read_bytes())
        found, learnt = (manifest["format"], manifest["kind"]), manifest["targets"]
    except OSError as error:
        raise InputError(f"no checkpoint: {error.strerror}", str(path), _TRAIN) from None
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"not a checkpoint's manifest: {error}", str(path), _TRAIN) from None
    if found != (FORMAT, kind):
        what = f"a checkpoint of another kind: format {found[0]}, kind {found[1]}, not {FORMAT}, {kind}"
        raise InputError(what, str(path), f"use --filler {found[1]}" if found[0] == FORMAT else "train one with this version")
    leaked = sorted(set(learnt) & set(held_out))
    if leaked:
        what = f"this model has learnt {', '.join(leaked)}, which is held out"
        raise HoldOutError(what, str(path), "use a model that was trained without it")
    weights = folder / WEIGHTS
    if not weights.is_file() or digest(weights.read_bytes()) != manifest.get("weights"):
        what = "the weights do not match the manifest: they are truncated, or another model's"
        raise InputError(what, str(weights), "copy the whole folder again")
    return manifest


def write_manifest(folder: Path, kind: str, manifest: dict[str, Any]) -> None:
    """Write ``manifest`` with the hash of the weights, its format and its kind. The weights must be there already."""
    whole = {**manifest, "format": FORMAT, "kind": kind, "weights": digest((folder / WEIGHTS).read_bytes())}
    write_atomic(folder / MANIFEST, orjson.dumps(whole, option=orjson.OPT_INDENT_2))
