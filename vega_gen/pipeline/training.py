"""Stage 7: a model trained on what the other stages make of a checkout.

Enters: a checkout, targets to learn, what stays held out. Leaves: a checkpoint and its curve. It judges no model.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vega_gen import store
from vega_gen.corpus import held_out_folders, open_corpus
from vega_gen.errors import HoldOutError, NotFoundError
from vega_gen.pipeline.examples import example_shards
from vega_gen.pipeline.mining import Progress, silent
from vega_gen.records import Mode

if TYPE_CHECKING:
    from vega_gen.model.train import Point

_TRAINING = Path(__file__).resolve().parents[2] / "targets" / "training.toml"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to train on. ``learn``: targets to learn; ``validate``: those by which the model is chosen and calibrated, held out from
    learning; ``held_out``: those that are not read at all."""

    learn: tuple[str, ...]
    validate: tuple[str, ...]
    held_out: tuple[str, ...]
    mode: Mode = Mode.DESC


def lesson(llvm: Path, learn: Sequence[str], validate: Sequence[str], held_out: Sequence[str], mode: Mode = Mode.DESC) -> Lesson:
    """What to train on; for what is left empty, what ``targets/training.toml`` says, and every other target of the checkout."""
    usual = tomllib.loads(_TRAINING.read_text(encoding="utf-8"))
    held, by = tuple(held_out or usual["held-out"]), tuple(validate or usual["validate"])
    every = open_corpus((llvm,), held, mode).targets
    return Lesson(tuple(learn) or tuple(t.folder for t in every if t.folder not in by), by, held, mode)


def train_model(
    llvm: Path, lesson: Lesson, out: Path, work: Path, *, epochs: int, seed: int, jobs: int = 2, progress: Progress = silent
) -> tuple[Point, ...]:
    """Writes examples, trains the edit model and writes it to ``out``; the curve. ``work`` keeps examples and the state after each epoch.

    Raises HoldOutError if a target is both to be learnt and held out, NotFoundError if nothing is left to learn."""
    from vega_gen.model import calibrate, checkpoint, data, train, vocabulary
    from vega_gen.model.decode import Search
    from vega_gen.model.network import EditConfig

    both = sorted(set(lesson.learn) & {*lesson.validate, *held_out_folders(lesson.held_out)})
    if both:
        raise HoldOutError(f"{', '.join(both)} cannot be learnt and held out", "", "leave it out of one of them")
    shards = {
        "learn": example_shards(
            llvm, lesson.learn, (*lesson.held_out, *lesson.validate), lesson.mode, work / "examples", jobs=jobs, progress=progress
        ),
        "validate": example_shards(llvm, lesson.validate, lesson.held_out, lesson.mode, work / "examples", jobs=jobs, progress=progress),
    }
    examples_read = {part: [e for s in found for e in data.read_shards(s.functions, s.slots) if e[1]] for part, found in shards.items()}
    if not all(examples_read.values()):
        raise NotFoundError("no example to learn from, or none to validate on", str(llvm), "name targets that share functions with others")
    words = vocabulary.build((text for e in examples_read["learn"] for text in data.texts_of(e)), EditConfig().vocabulary)
    ready = {part: [data.arrays(e, words) for e in found] for part, found in examples_read.items()}
    read = store.digest(*(path.read_bytes() for found in shards.values() for s in found for path in (s.functions, s.slots)))
    recipe = train.Recipe(epochs=epochs, seed=seed)
    state = work / "state" / store.digest(read, repr(recipe), store.code_version("model"))[:16]
    model, curve = train.train(EditConfig(vocabulary=len(words)), ready["learn"], ready["validate"], recipe, state, progress)
    pairs: list[tuple[float, bool]] = []
    for done, a in enumerate(ready["validate"]):
        progress(done, len(ready["validate"]), "calibrating")
        pairs += [pair for way in Search(model, a).ways(1) for pair in way.statements(a)]
    manifest = {
        "targets": lesson.learn, "validated_on": lesson.validate, "held_out": sorted(held_out_folders(lesson.held_out)),
        "mode": str(lesson.mode), "data": read, "seed": seed, "curve": [asdict(point) for point in curve],
        "calibration": calibrate.isotonic(pairs),
    }
    checkpoint.save(out, model, words, manifest)
    return curve
