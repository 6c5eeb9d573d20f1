"""Training in several processes, as ``accelerate launch`` starts them, gives the same weights as in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file, save_file
from test_model import SMALL, lesson, words_known

from vega_gen.model import leads, train
from vega_gen.model.loop import team
from vega_gen.model.network import EditConfig

EPOCHS = 3


def learn(work: Path) -> dict[str, torch.Tensor]:
    """Four examples, two of them a step."""
    recipe = train.Recipe(epochs=EPOCHS, batch=2, slots=1, learning_rate=1e-2, warmup=1, patience=EPOCHS)
    config = EditConfig(vocabulary=len(words_known()), **SMALL)
    model, curve = train.train(config, [lesson()] * 4, [lesson()], recipe, work, lambda done, total, text: None)
    assert len(curve) == EPOCHS
    return {name: value.detach().contiguous() for name, value in model.named_parameters()}


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    alone = learn(tmp_path / "alone")
    beside = {
        **os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(29500 + os.getpid() % 1000),
        "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }
    both = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path / "together"), str(tmp_path / f"{rank}.safetensors")],
            env={**beside, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stderr=subprocess.PIPE, text=True,
        )
        for rank in (0, 1)
    ]
    said = [process.communicate(timeout=240)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    for rank in (0, 1):
        found = load_file(tmp_path / f"{rank}.safetensors")
        assert all(torch.allclose(found[name], value, atol=1e-5) for name, value in alone.items())


def test_one_process_has_no_team_and_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert team() is None
    assert leads()
    monkeypatch.setenv("RANK", "1")
    assert not leads()


if __name__ == "__main__":
    save_file(learn(Path(sys.argv[1])), Path(sys.argv[2]))
