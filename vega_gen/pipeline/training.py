"""Train a model on the examples of a checkout, with some targets held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llvm_integration.process import Progress
from vega_gen import resources, store
from vega_gen.corpus import held_out_folders, open_corpus
from vega_gen.errors import HoldOutError, NotFoundError
from vega_gen.model import leads
from vega_gen.pipeline.example_files import example_shards
from vega_gen.pipeline.mining import silent
from vega_gen.records import Mode

if TYPE_CHECKING:
    from vega_gen.model.data import Example
    from vega_gen.model.language.base import TextModel
    from vega_gen.model.language.recipe import TextRecipe
    from vega_gen.model.language.tuning import TextPoint
    from vega_gen.model.train import Point


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to train on.

    ``learn``: targets to learn. ``validate``: targets not learnt, which choose and calibrate the model. ``held_out``: targets never read.
    ``corpora``: further checkouts whose targets are learnt too.
    """

    learn: tuple[str, ...]
    validate: tuple[str, ...]
    held_out: tuple[str, ...]
    mode: Mode = Mode.DESC
    corpora: tuple[Path, ...] = ()


def lesson(
    llvm: Path, learn: Sequence[str], validate: Sequence[str], held_out: Sequence[str], mode: Mode = Mode.DESC,
    corpora: Sequence[Path] = (),
) -> Lesson:
    """What to train on. Empty arguments default to ``targets/settings/training.toml`` and, for ``learn``, to every other target of the
    checkouts."""
    usual = resources.settings("training")
    held, by = tuple(held_out or usual["held-out"]), tuple(validate or usual["validate"])
    every = dict.fromkeys(t.folder for t in open_corpus((llvm, *corpora), held, mode).targets)
    return Lesson(tuple(learn) or tuple(folder for folder in every if folder not in by), by, held, mode, tuple(corpora))


def train_model(
    llvm: Path, lesson: Lesson, out: Path, work: Path, *, epochs: int, seed: int, bf16: bool = False, text: TextRecipe | None = None,
    jobs: int = 2, progress: Progress = silent,
) -> tuple[Point | TextPoint, ...]:
    """Write examples, train a model, write it to ``out``, and return its learning curve.

    ``work``: keeps examples and the state after each epoch. ``text``: how to train a language model, None for the edit model.
    Of several processes started by ``accelerate launch``, the first one writes the examples and the checkpoint.
    Raises HoldOutError if a target is both learnt and held out, NotFoundError if nothing is left to learn, InputError for an unusable
    pretrained model.
    """
    from vega_gen.model import data, loop

    both = sorted(set(lesson.learn) & {*lesson.validate, *held_out_folders(lesson.held_out)})
    if both:
        raise HoldOutError(f"{', '.join(both)} cannot be both learnt and held out", "", "name each target in one of the two lists only")
    speller = _opened(text) if text else None  # fails early: the examples take minutes
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
        what = "there are no examples to learn from, or none to validate on"
        raise NotFoundError(what, str(llvm), "name targets whose functions other backends have too")
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
    from vega_gen.model import calibrate, checkpoint, data, train, vocabulary
    from vega_gen.model.decode import Search
    from vega_gen.model.network import EditConfig

    words = vocabulary.build((text for e in learn for text in data.texts_of(e)), EditConfig().vocabulary)
    learnt, asked = ([data.arrays(e, words) for e in found] for found in (learn, validate))
    recipe = train.Recipe(epochs=epochs, seed=seed, bf16=bf16)
    state = work / "state" / store.digest(manifest["data"], repr(recipe), store.code_version("vega_gen.model.train"))[:16]
    model, curve = train.train(EditConfig(vocabulary=len(words)), learnt, asked, recipe, state, progress)
    if not leads():
        return curve
    pairs: list[tuple[float, bool]] = []
    for done, a in enumerate(asked):
        progress(done, len(asked), "calibrating")
        pairs += [pair for way in Search(model, a).ways(1) for pair in way.statements(a)]
    told = {"curve": [asdict(point) for point in curve], "calibration": calibrate.isotonic(pairs)}
    checkpoint.save(out, model, words, {**manifest, **told})
    return curve


def _opened(recipe: TextRecipe) -> TextModel:
    from vega_gen.model.language import tuning

    return tuning.opened(recipe)


def _train_text(
    model: TextModel, recipe: TextRecipe, learn: Sequence[Example], validate: Sequence[Example], manifest: dict[str, Any], out: Path,
    work: Path, progress: Progress,
) -> tuple[TextPoint, ...]:
    from vega_gen.model import calibrate
    from vega_gen.model.language import tuning

    weights = (path.read_bytes() for path in sorted(recipe.pretrained.glob("*.safetensors")))
    code = store.code_version("vega_gen.model.language.tuning")
    state = work / "state" / store.digest(manifest["data"], repr(recipe), code, *weights)[:16]
    curve = tuning.train_text(model, learn, validate, recipe, state, progress)
    if not leads():
        return curve
    calibration = calibrate.isotonic(tuning.outcomes(model, validate, recipe, progress))
    told = {"curve": [asdict(point) for point in curve], "calibration": calibration, "beam_size": recipe.beam_size}
    tuning.save(out, model, {**manifest, **told, "recipe": {**asdict(recipe), "pretrained": str(recipe.pretrained)}})
    return curve
