"""Language model checkpoints: which folders are rejected, the options of each kind of model, and a run from checkout to filled function."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import tiny_llvm
import tiny_models
import torch
from commands import Command
from test_text_models import KINDS, every_shape, recipe

from vega_gen.errors import HoldOutError, InputError
from vega_gen.fill.prompting import TextFiller
from vega_gen.model.language import tuning
from vega_gen.model.language.recipe import text_recipe
from vega_gen.model.language.unixcoder import UniXcoder
from vega_gen.records import FillerName
from vega_gen.store import digest

# --------------------------------------------------------------------- refusals


def spoil(folder: Path, what: str) -> None:
    config, weights = folder / "config.json", folder / "model.safetensors"
    match what:
        case "no config":
            config.unlink()
        case "no JSON":
            config.write_bytes(b"{")
        case "unknown shape":
            config.write_bytes(orjson.dumps({**orjson.loads(config.read_bytes()), "model_type": "nonesuch"}))
        case "other sizes":
            config.write_bytes(orjson.dumps({**orjson.loads(config.read_bytes()), "vocab_size": 5000}))
        case "more layers":
            config.write_bytes(orjson.dumps({**orjson.loads(config.read_bytes()), "num_hidden_layers": 2, "n_layer": 2}))
        case "no weights":
            weights.unlink()
        case "pickle":
            torch.save({"a": torch.zeros(1)}, folder / "pytorch_model.bin")
            weights.unlink()
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-10])
        case "foreign tokenizer":
            config.write_bytes(orjson.dumps({**orjson.loads(config.read_bytes()), "vocab_size": 20}))
        case _:
            for path in folder.iterdir():
                if path not in (config, weights):
                    path.unlink()


@pytest.mark.parametrize("shape", ["roberta", "gpt2"])
@pytest.mark.parametrize(
    "what",
    [
        "no config", "no JSON", "unknown shape", "other sizes", "more layers", "no weights", "pickle", "cut", "no tokenizer",
        "foreign tokenizer",
    ],
)  # fmt: skip
def test_a_folder_that_is_no_model_is_refused(shape: str, what: str, tmp_path: Path) -> None:
    folder = tiny_models.put(tmp_path / "m", shape)
    spoil(folder, what)
    with pytest.raises(InputError) as caught:
        tuning.opened(recipe(folder, shape))
    assert str(folder) in caught.value.where
    assert caught.value.next_step
    assert ("pickle" in str(caught.value)) == (what == "pickle")


@every_shape
def test_no_folder_is_refused(shape: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder") as caught:
        tuning.opened(recipe(tmp_path / "none", shape))
    assert caught.value.next_step


def test_what_is_not_unixcoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the model is a gpt2, not a roberta") as caught:
        UniXcoder(tiny_models.put(tmp_path / "gpt2", "gpt2"))
    assert "--kind hf" in caught.value.next_step
    with pytest.raises(InputError, match="tokenizer has no <encoder-decoder>"):
        UniXcoder(tiny_models.put(tmp_path / "plain", marks=()))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A checkpoint of kind unixcoder that has learnt Eee."""
    model = UniXcoder(tiny_models.put(tmp_path / "roberta"))
    tuning.save(tmp_path / "kept", model, {"targets": ["Eee"], "held_out": ["Ddd"], "calibration": [], "beam_size": 2})
    return tmp_path / "kept"


def test_a_model_that_has_learnt_the_held_out_target_is_refused(kept: Path) -> None:
    with pytest.raises(HoldOutError, match="Eee"):
        TextFiller(kept, {"Eee", "Fff"}, FillerName.UNIXCODER)


def test_a_checkpoint_of_another_kind_is_refused(kept: Path) -> None:
    with pytest.raises(InputError, match="another kind") as caught:
        TextFiller(kept, (), FillerName.HF)
    assert caught.value.next_step == "use --filler unixcoder"


def test_a_pretrained_model_is_no_checkpoint(kept: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        TextFiller(kept.parent / "roberta", (), FillerName.UNIXCODER)


@pytest.mark.parametrize("what", ["cut", "no weights", "foreign weights", "no confidence", "no beam size"])
def test_what_is_no_whole_checkpoint_is_refused(kept: Path, what: str) -> None:
    weights, manifest = kept / "model.safetensors", kept / "manifest.json"
    plain = orjson.loads(manifest.read_bytes())
    match what:
        case "foreign weights":
            weights.write_bytes((tiny_models.put(kept.parent / "other", "gpt2") / "model.safetensors").read_bytes())
        case "no confidence":
            weights.write_bytes((kept.parent / "roberta" / "model.safetensors").read_bytes())
            manifest.write_bytes(orjson.dumps({**plain, "weights": digest(weights.read_bytes())}))
        case "no beam size":
            manifest.write_bytes(orjson.dumps({key: value for key, value in plain.items() if key != "beam_size"}))
        case _:
            spoil(kept, what)
    with pytest.raises(InputError) as caught:
        tuning.load(kept, FillerName.UNIXCODER)
    assert str(kept) in caught.value.where
    assert caught.value.next_step


# ----------------------------------------------------------------- command line


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("edit", {"beam_size": 3}, "--beam-size does not belong to --kind edit"),
        ("unixcoder", {"pretrained": Path("m"), "lora_rank": 2}, "--lora-rank does not belong to --kind unixcoder"),
        ("hf", {"pretrained": Path("m"), "ce_loss_weight": 0.1}, "--ce-loss-weight does not belong to --kind hf"),
        ("hf", {}, "pretrained"), ("consensus", {}, "consensus learns nothing"),
    ],
)  # fmt: skip
def test_options_of_another_kind_are_refused(kind: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        text_recipe(FillerName(kind), 1, 1, False, given)
    assert caught.value.next_step


def test_options_of_a_kind_are_taken() -> None:
    assert text_recipe(FillerName.EDIT, 1, 1, False, {"beam_size": None}) is None
    given = {"pretrained": Path("m"), "train_batch_size": 4, "gradient_accumulation_steps": 8}
    found = text_recipe(FillerName.UNIXCODER, 2, 3, True, given)
    assert found is not None
    assert (found.epochs, found.seed, found.batch, found.mse_loss_weight, found.ce_loss_weight) == (2, 3, 32, 0.9, 0.1)
    assert found.bf16


@pytest.mark.parametrize("shape", ["roberta", "qwen2"])
def test_a_language_model_is_trained_from_a_checkout_and_fills_a_function(
    shape: str, tiny: Path, command: Command, tmp_path: Path
) -> None:
    kind, pretrained = KINDS[shape], tiny_models.put(tmp_path / "pretrained", shape, wide=16)
    base = ("train", "--llvm", tiny, "--out", tmp_path / "model", "--work", tmp_path / "work", "--hold-out", "Neu", "--validate", "Ccc")
    options = ("--kind", kind, "--model-name-or-path", pretrained, "--beam-size", 2, "--epochs", 1, "--jobs", 1)
    said = command(*base, *options)
    assert said.status == 0, said.err
    assert "Loss per slot, trained on 2 targets, validated on Ccc" in said.out
    manifest = orjson.loads((tmp_path / "model/manifest.json").read_bytes())
    assert (manifest["kind"], manifest["targets"], manifest["held_out"], manifest["beam_size"]) == (kind, ["Aaa", "Bbb"], ["Neu"], 2)

    new = tiny_llvm.put(tmp_path / "isa/Neu.td", tiny_llvm.toy_td("Neu"))
    fill = ("fill", "--td", new, "--llvm", tiny, "--function", "InstrInfo::copyPhysReg", "--filler")
    filled = command(*fill, kind, "--checkpoint", tmp_path / "model")
    assert filled.status == 0, filled.err
    assert "NeuInstrInfo::copyPhysReg" in filled.out
    refused = command(*fill, "edit", "--checkpoint", tmp_path / "model")
    assert (refused.status, f"use --filler {kind}" in refused.err) == (2, True)
    without = command(*fill, kind)
    assert (without.status, f"--filler {kind} needs a model" in without.err) == (2, True)
