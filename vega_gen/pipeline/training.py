"""Stage 7: a model trained on what the other stages make of a checkout.

Enters: a checkout, targets to learn, what stays held out. Leaves: a checkpoint and its curve. It judges no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llvm_integration.process import Progress
from vega_gen import resources, store
from vega_gen.corpus import held_out_folders, open_corpus
from vega_gen.errors import HoldOutError, NotFoundError
from vega_gen.model.recipe import leads
from vega_gen.pipeline.example_files import example_shards
from vega_gen.pipeline.mining import silent
from vega_gen.records import Mode

if TYPE_CHECKING:
    from vega_gen.model.data import Example
    from vega_gen.model.recipe import TextRecipe
    from vega_gen.model.text import TextModel
    from vega_gen.model.text_train import TextPoint
    from vega_gen.model.train import Point


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to train on. ``learn``: targets to learn; ``validate``: those by which the model is chosen and calibrated, held out from
    learning; ``held_out``: those that are not read at all. ``corpora``: further checkouts, whose targets are learnt too."""

    learn: tuple[str, ...]
    validate: tuple[str, ...]
    held_out: tuple[str, ...]
    mode: Mode = Mode.DESC
    corpora: tuple[Path, ...] = ()


def lesson(
    llvm: Path, learn: Sequence[str], validate: Sequence[str], held_out: Sequence[str], mode: Mode = Mode.DESC,
    corpora: Sequence[Path] = (),
) -> Lesson:
    """What to train on; for what is left empty, what ``targets/settings/training.toml`` says, and every other target of the checkouts."""
    usual = resources.settings("training")
    held, by = tuple(held_out or usual["held-out"]), tuple(validate or usual["validate"])
    every = dict.fromkeys(t.folder for t in open_corpus((llvm, *corpora), held, mode).targets)
    return Lesson(tuple(learn) or tuple(folder for folder in every if folder not in by), by, held, mode, tuple(corpora))


def train_model(
    llvm: Path, lesson: Lesson, out: Path, work: Path, *, epochs: int, seed: int, bf16: bool = False, text: TextRecipe | None = None,
    jobs: int = 2, progress: Progress = silent,
) -> tuple[Point | TextPoint, ...]:
    """Writes examples, trains a model and writes it to ``out``; the curve. ``work`` keeps examples and the state after each epoch.
    ``text``: how to train a language model, None for the edit model.

    Of several processes that ``accelerate launch`` began, the first makes the examples and writes the checkpoint.
    Raises HoldOutError if a target is both to be learnt and held out, NotFoundError if nothing is left to learn, InputError for a
    pretrained model that cannot be used."""
    from vega_gen.model import data, loop

    both = sorted(set(lesson.learn) & {*lesson.validate, *held_out_folders(lesson.held_out)})
    if both:
        raise HoldOutError(f"{', '.join(both)} cannot be learnt and held out", "", "leave it out of one of them")
    speller = _opened(text) if text else None  # before the examples: they take minutes
    roots = llvm, *lesson.corpora
    made = work / "examples"
    with loop.first_alone():
        shards = {
            "learn": example_shards(
                roots, lesson.learn, (*lesson.held_out, *lesson.validate), lesson.mode, made, jobs=jobs, progress=progress
            ),
            "validate": example_shards(roots, lesson.validate, lesson.held_out, lesson.mode, made, jobs=jobs, progress=progress),
        }
    read = {part: [e for s in found for e in data.read_shards(s.functions, s.slots) if e[1]] for part, found in shards.items()}
    if not all(read.values()):
        raise NotFoundError("no example to learn from, or none to validate on", str(llvm), "name targets that share functions with others")
    digest = store.digest(*(path.read_bytes() for found in shards.values() for s in found for path in (s.functions, s.slots)))
    manifest = {
        "targets": lesson.learn, "validated_on": lesson.validate, "held_out": sorted(held_out_folders(lesson.held_out)),
        "mode": str(lesson.mode), "data": digest, "seed": seed,
    }
    if text and speller:
        return _train_text(speller, text, read["learn"], read["validate"], manifest, out, work, progress)
    return _train_edit(epochs, seed, bf16, read["learn"], read["validate"], manifest, out, work, progress)


def _train_edit(
    epochs: int, seed: int, bf16: bool, learn: Sequence[Example], validate: Sequence[Example], manifest: dict[str, Any], out: Path,
    work: Path, progress: Progress,
) -> tuple[Point, ...]:
    from vega_gen.model import calibrate, checkpoint, data, spelling, train, vocabulary
    from vega_gen.model.decode import Search
    from vega_gen.model.network import EditConfig

    tokens = spelling.common_tokens(variant.text for _, slots in learn for slot in slots for variant in slot.variants)
    words = vocabulary.build((text for e in learn for text in data.texts_of(e)), EditConfig().vocabulary, tokens)
    learnt, asked = ([data.arrays(e, words) for e in found] for found in (learn, validate))
    recipe = train.Recipe(epochs=epochs, seed=seed, bf16=bf16)
    state = work / "state" / store.digest(manifest["data"], repr(recipe), store.code_version("model"))[:16]
    model, curve = train.train(EditConfig(vocabulary=len(words)), learnt, asked, recipe, state, progress)
    spelling_recipe = replace(train.SPELLING, seed=seed, bf16=bf16)
    spelled = train.train_speller(
        model, learnt, asked, spelling_recipe, state / "spelling", lambda done, total, text: progress(done, total, f"free tokens, {text}")
    )
    if not leads():
        return curve
    pairs: list[tuple[float, bool]] = []
    for done, a in enumerate(asked):
        progress(done, len(asked), "calibrating")
        pairs += [pair for way in Search(model, a).ways(1) for pair in way.statements(a)]
    curves = {"curve": [asdict(point) for point in curve], "spelling": [asdict(point) for point in spelled]}
    curved = {**curves, "calibration": calibrate.isotonic(pairs)}
    checkpoint.save(out, model, words, {**manifest, **curved})
    return curve


def _opened(recipe: TextRecipe) -> TextModel:
    from vega_gen.model import text_train

    return text_train.opened(recipe)


def _train_text(
    model: TextModel, recipe: TextRecipe, learn: Sequence[Example], validate: Sequence[Example], manifest: dict[str, Any], out: Path,
    work: Path, progress: Progress,
) -> tuple[TextPoint, ...]:
    from vega_gen.model import calibrate, text_train

    weights = (path.read_bytes() for path in sorted(recipe.pretrained.glob("*.safetensors")))
    state = work / "state" / store.digest(manifest["data"], repr(recipe), store.code_version("model"), *weights)[:16]
    curve = text_train.train_text(model, learn, validate, recipe, state, progress)
    if not leads():
        return curve
    calibration = calibrate.isotonic(text_train.outcomes(model, validate, recipe, progress))
    told = {"curve": [asdict(point) for point in curve], "calibration": calibration, "beam_size": recipe.beam_size}
    text_train.save(out, model, {**manifest, **told, "recipe": {**asdict(recipe), "pretrained": str(recipe.pretrained)}})
    return curve
