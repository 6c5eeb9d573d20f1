"""Language models that write statements as text, at a tiny size: prompts, masks, losses, training, filling, rejected inputs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
import torch.nn.functional as F
from invented import copies, new_target
from test_examples import labels
from test_fill import request, words
from torch import Tensor

from vega_gen.errors import InputError
from vega_gen.fill.prompting import TextFiller
from vega_gen.model import loop
from vega_gen.model.language import prompts, tuning
from vega_gen.model.language.base import TextModel
from vega_gen.model.language.hugging_face import HuggingFace
from vega_gen.model.language.recipe import TextRecipe
from vega_gen.model.language.unixcoder import UniXcoder
from vega_gen.model.loop import Progress
from vega_gen.records import OTHER, FillerName

torch.set_num_threads(1)  # the tests run beside each other

COPY = "BuildMI ( $p0 , get ( $l0 ) , $p1 ) . addReg ( $p2 , 8 ) ;"
KINDS = {"roberta": FillerName.UNIXCODER, "t5": FillerName.HF, "gpt2": FillerName.HF, "qwen2": FillerName.HF}
every_shape = pytest.mark.parametrize("shape", KINDS)


def silent(done: int, total: int, text: str) -> None:
    del done, total, text


def recipe(folder: Path, shape: str, epochs: int = 3) -> TextRecipe:
    return TextRecipe(
        KINDS[shape], folder, epochs=epochs, beam_size=3, train_batch_size=2, gradient_accumulation_steps=2, learning_rate=1e-2, warmup=1,
        patience=epochs,
    )  # fmt: skip


def trained(
    folder: Path, shape: str, work: Path, epochs: int = 3, progress: Progress = silent
) -> tuple[TextModel, tuple[tuning.TextPoint, ...]]:
    how = recipe(folder, shape, epochs)
    model = tuning.opened(how)
    return model, tuning.train_text(model, [labels()], [labels()], how, work, progress)


# ---------------------------------------------------------------------- prompts


def test_what_should_be_answered_of_each_slot_that_is_asked_for() -> None:
    lessons = list(prompts.lessons(labels()))
    # No kill flag: what stands under the if is not asked for.
    assert [slot.id for _, _, slot in lessons] == ["0", "1", "2", "3"]
    assert [right for _, right, _ in lessons] == ["unsigned $l0 = Ddd::MOVrr ;", None, COPY, None]


def test_a_source_has_the_most_telling_first() -> None:
    lines = [source.split("\n") for source, _, _ in prompts.lessons(labels())][3]
    assert lines[0].startswith("simple statement in void AaaInstrInfo copyPhysReg")
    assert lines[1] == f"after {COPY}"
    # One of three donors of equal weight has it.
    assert lines[2:4] == ["there 0.33", "0.33 emit<T>Note ( ‹string› ) ; of Ccc 0.50"]
    assert lines[4] == '‹string› "Ddd copy" 1.00 where donors have "<T> copy"'
    assert lines[5:] == ["before that unsigned $l0 = Ddd::MOVrr ;"]


def test_a_slot_in_another_is_asked_with_what_stands_around_it() -> None:
    function, slots = labels()
    asked = prompts.source(function, slots, 2, {"0": "a ;", "1": "if ( $p3 )"}).split("\n")
    assert asked[1:3] == ["inside if ( $p3 )", "after a ;"]
    assert asked[3] == "there 1.00"  # both donors that have the if have it


def test_a_source_is_bounded() -> None:
    function, slots = labels()
    long = replace(slots[3], variants=(replace(slots[3].variants[0], text=("word",) * 5000),) * 3)
    assert len(prompts.source(function, (*slots[:3], long), 3, {})) == prompts.LONGEST


@pytest.mark.parametrize(
    ("text", "option"),
    [
        (COPY, (0, (1,))), (COPY.replace("8", "4"), (0, (0,))), ("BuildMI($p0, get($l0), $p1).addReg($p2, 8);\n", (0, (1,))),
        (COPY.replace("8", "16"), None), (COPY.replace("8", "‹integer›"), None), (COPY + " x", None), ("", None), ("absent", None),
    ],
)  # fmt: skip
def test_an_answer_is_read_token_by_token(text: str, option: prompts.Option | None) -> None:
    assert prompts.read(text, labels()[1][3]) == option


def test_a_hole_whose_right_name_is_not_offered_stays() -> None:
    variant = labels()[1][3].variants[0]
    assert prompts.spelled(variant, (OTHER,)) == COPY.replace("8", "‹integer›")


def test_a_variant_without_a_name_for_its_hole_is_no_option() -> None:
    slot = labels()[1][3]
    bare = replace(slot.variants[0], holes=(replace(slot.variants[0].holes[0], names=(), votes=(), words=()),))
    assert prompts.options(slot) == [(0, (0,))]
    assert prompts.options(replace(slot, variants=(bare,))) == []
    assert prompts.read(COPY, replace(slot, variants=(bare,))) is None


# -------------------------------------------------------------- choosing an answer


class Canned(TextModel):
    """Says what it is told: a confidence, beams; ``likely`` is the answer that it finds likeliest, e^-1, others e^-5."""

    kind = "hf"

    def __init__(self, absent: str, sure: float, said: list[str], likely: str = "") -> None:
        self.absent, self.sure, self.said, self.likely = absent, sure, said, likely
        self.network = torch.nn.Linear(1, 1)

    def loss(self, pairs: Sequence[object]) -> Tensor:
        raise AssertionError("nothing is learnt here")

    def likelihood(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        return torch.tensor([-1.0 if text == self.likely else -5.0 for _, text in pairs]), torch.ones(len(pairs))

    def presence(self, sources: Sequence[str]) -> list[float]:
        return [self.sure] * len(sources)

    def beams(self, sources: Sequence[str], size: int) -> list[list[str]]:
        return [self.said] * len(sources)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (Canned("", 0.9, ["nonsense", COPY]), (1,)),  # the next beam that is an option
        (Canned("", 0.4, [COPY]), None),  # not there by its confidence
        (Canned("", 0.9, ["", "absent"], COPY.replace("8", "4")), (0,)),  # none is: the likeliest option
        (Canned("absent", 1.0, ["absent", COPY]), None),
        (Canned("absent", 1.0, [COPY, "absent"]), (1,)),
        (Canned("absent", 1.0, ["nonsense"], "absent"), None),
    ],
)
def test_which_answer_is_taken(model: Canned, names: tuple[int, ...] | None) -> None:
    (told,) = model.decide([("source", labels()[1][3])], 2)
    assert (None if told is None else told.names) == names


def test_what_is_taken_is_as_sure_as_it_is_there_and_reads_so() -> None:
    (told,) = Canned("", 0.9, [COPY], COPY).decide([("source", labels()[1][3])], 1)
    assert told is not None
    assert told.probability == pytest.approx(0.9 * 0.36787944)  # e^-1


# -------------------------------------------------------------------- unixcoder


@pytest.fixture(scope="module")
def coder(tmp_path_factory: pytest.TempPathFactory) -> UniXcoder:
    made = UniXcoder(tiny_models.put(tmp_path_factory.mktemp("models") / "roberta"))
    torch.manual_seed(3)
    for value in made.network.parameters():  # farther apart than fresh weights, so that an unseen token would show
        torch.nn.init.normal_(value, std=0.3)
    made.network.eval()
    return made


def test_a_target_token_sees_the_source_and_what_is_before_it(coder: UniXcoder) -> None:
    source, target = torch.tensor([[0, 6, 2, 40, 41, 2]]), torch.tensor([[5, 50, 51, 52, 2]])
    with torch.no_grad():
        logits, sure = coder.network(source, target)
        later = target.clone()
        later[0, 3] = 60
        after, sure_after = coder.network(source, later)
        other = source.clone()
        other[0, 3] = 60
        elsewhere, sure_elsewhere = coder.network(other, target)
    assert torch.allclose(logits[:, :3], after[:, :3], atol=1e-5)
    assert not torch.allclose(logits[:, 3:], after[:, 3:], atol=1e-2)
    assert torch.allclose(sure, sure_after, atol=1e-6)
    assert all(not torch.allclose(logits[:, i], elsewhere[:, i], atol=1e-3) for i in range(5))
    assert not torch.allclose(sure, sure_elsewhere, atol=1e-3)


def test_the_first_source_token_sees_the_last(coder: UniXcoder) -> None:
    none = torch.empty(1, 0, dtype=torch.long)
    with torch.no_grad():
        one, other = (coder.network(torch.tensor([[0, 6, 2, 40, last, 2]]), none)[1] for last in (41, 42))
    assert not torch.allclose(one, other, atol=1e-3)


def test_padding_changes_nothing(coder: UniXcoder) -> None:
    pairs = [("a b", "unsigned $l0 ;"), ("a longer source , with more in it", "b")]
    with torch.no_grad():
        together = coder.likelihood(pairs)[0]
        alone = torch.cat([coder.likelihood([pair])[0] for pair in pairs])
    assert torch.allclose(together, alone, atol=1e-4)


def test_a_beam_of_one_is_the_likeliest_token_each_time(coder: UniXcoder) -> None:
    source = torch.tensor([[0, 6, 2, 40, 41, 2]])
    target = [5]
    with torch.no_grad():
        for _ in range(6):
            last = coder.network(source, torch.tensor([target]))[0][0, -1]
            last[[1, 5]] = -torch.inf
            target.append(int(last.argmax()))
    ended = target.index(2) if 2 in target else len(target)
    assert coder.network.beams(source, 5, 2, 1, 6) == [[target[1:ended]]]


def test_a_wide_beam_finds_the_likeliest_of_all(coder: UniXcoder) -> None:
    source = torch.tensor([[0, 6, 2, 40, 41, 2], [0, 6, 2, 42, 2, 1]])
    found = coder.network.beams(source, 5, 2, coder.network.config.vocab_size, 2)  # so wide that nothing is cut off
    for row, of_source in zip(source, found, strict=True):
        with torch.no_grad():
            first = torch.log_softmax(coder.network(row[None], torch.tensor([[5]]))[0][0, -1], -1)
            ids = [i for i in range(len(first)) if i not in (1, 5)]
            pairs = torch.tensor([[5, i] for i in ids])
            second = torch.log_softmax(coder.network(row.repeat(len(ids), 1), pairs)[0][:, -1], -1)
        whole = {(i,): float(first[i] + second[k, 2]) for k, i in enumerate(ids)} | {(): float(first[2])}
        cut = {(i, j): float(first[i] + second[k, j]) for k, i in enumerate(ids) if i != 2 for j in ids if j != 2}
        best = max((whole | cut).items(), key=lambda item: item[1])[0]
        assert tuple(of_source[0]) == best


def test_the_loss_is_nine_parts_confidence_and_one_part_code(coder: UniXcoder) -> None:
    pairs = [("a b", "unsigned $l0 ;"), ("c", None)]
    source, target = coder._sources(["a b", "c"]), coder._targets(["unsigned $l0 ;", ""])
    with torch.no_grad():
        logits, sure = coder.network(source, target)
        mse = F.mse_loss(torch.sigmoid(sure), torch.tensor([1.0, 0.0]))
        code = F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), target[:, 1:].reshape(-1), ignore_index=1)
        assert float(coder.loss(pairs)) == pytest.approx(0.9 * float(mse) + 0.1 * float(code), rel=1e-4)
        coder.weights = (0.25, 2.0)
        assert float(coder.loss(pairs)) == pytest.approx(0.25 * float(mse) + 2.0 * float(code), rel=1e-4)
        coder.weights = (0.9, 0.1)


def test_a_source_longer_than_the_positions_is_cut(coder: UniXcoder) -> None:
    with torch.no_grad():
        said, tokens = coder.likelihood([("MOVrr ; " * 900, "x ; " * 300)])
    assert torch.isfinite(said).all()
    assert int(tokens[0]) == 127


# --------------------------------------------------------------------------- hf


@pytest.mark.parametrize("shape", ["t5", "gpt2"])
def test_the_likelihood_of_an_answer_is_the_model_s_own(shape: str, tmp_path: Path) -> None:
    model = HuggingFace(tiny_models.put(tmp_path / shape, shape))
    model.network.eval()
    source, answer = model.tokenizer("a b")["input_ids"], [*model.tokenizer("x ;")["input_ids"], 2]
    if shape == "t5":
        assert model.seq2seq
        right = {"input_ids": torch.tensor([source]), "labels": torch.tensor([answer])}
    else:
        source = [*source, *model.tokenizer("\nstatement:")["input_ids"]]
        right = {"input_ids": torch.tensor([source + answer]), "labels": torch.tensor([[-100] * len(source) + answer])}
    with torch.no_grad():
        mean = float(model.network(**right).loss)
        said, tokens = model.likelihood([("a b", "x ;"), ("a much longer source", "y")])
    assert int(tokens[0]) == len(answer)
    assert -float(said[0]) / len(answer) == pytest.approx(mean, rel=1e-4)


def test_lora_without_peft_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match="peft") as caught:
        HuggingFace(tiny_models.put(tmp_path / "m", "qwen2"), lora_rank=2)
    assert caught.value.next_step == "pip install peft"


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("shape", ["t5", "qwen2"])
def test_lora_trains_its_matrices_alone_and_leaves_a_plain_folder(shape: str, tmp_path: Path) -> None:
    how = replace(recipe(tiny_models.put(tmp_path / "m", shape), shape), lora_rank=2)
    model = tuning.opened(how)
    assert loop.trained(model.network)
    assert all("lora_" in name for name in loop.trained(model.network))
    curve = tuning.train_text(model, [labels()], [labels()], how, tmp_path / "work", silent)
    assert curve[-1].loss < curve[0].loss
    source, right, _ = next(iter(prompts.lessons(labels())))
    with torch.no_grad():
        before = model.likelihood([(source, str(right))])[0]
        tuning.save(tmp_path / "kept", model, {"targets": [], "held_out": [], "calibration": [], "beam_size": 2})
        after = tuning.load(tmp_path / "kept", FillerName.HF).model.likelihood([(source, str(right))])[0]
    assert torch.allclose(before, after, rtol=1e-3)


# --------------------------------------------------------------------- training


@every_shape
def test_training_lowers_the_loss_and_goes_on_as_if_it_had_not_stopped(shape: str, tmp_path: Path) -> None:
    folder = tiny_models.put(tmp_path / "m", shape)
    whole, curve = trained(folder, shape, tmp_path / "whole")
    assert curve[-1].loss < curve[0].loss

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int, text: str) -> None:
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(folder, shape, tmp_path / "stopped", progress=stop)
    resumed, again = trained(folder, shape, tmp_path / "stopped")
    assert [replace(p, seconds=0) for p in again] == [replace(p, seconds=0) for p in curve]
    pairs = zip(whole.network.state_dict().values(), resumed.network.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@every_shape
def test_a_checkpoint_comes_back_the_same_and_fills(shape: str, tmp_path: Path) -> None:
    folder = tiny_models.put(tmp_path / "m", shape)
    model, _ = trained(folder, shape, tmp_path / "work")
    tuning.save(tmp_path / "kept", model, {"targets": ["Eee"], "held_out": ["Ddd"], "calibration": [], "beam_size": 3})
    back = tuning.load(tmp_path / "kept", KINDS[shape], {"Ddd"}).model
    source, right, _ = next(iter(prompts.lessons(labels())))
    with torch.no_grad():
        assert torch.allclose(*(m.likelihood([(source, str(right))])[0] for m in (model, back)), rtol=1e-4)
    offered = TextFiller(tmp_path / "kept", {"Ddd"}, KINDS[shape]).fill(request(copies(), new_target()))
    assert len({tuple(words(c)) for c in offered}) == len(offered) > 1
    assert all(0 <= s.confidence <= 1 and s.donors for c in offered for s in c.statements)


def test_what_it_has_learnt_by_heart_it_writes(tmp_path: Path) -> None:
    folder = tiny_models.put(tmp_path / "m", "roberta")
    model, _ = trained(folder, "roberta", tmp_path / "work", epochs=150)
    assert [right for _, right in tuning.outcomes(model, [labels()], recipe(folder, "roberta"), silent)] == [True, True]
    tuning.save(tmp_path / "kept", model, {"targets": ["Eee"], "held_out": ["Ddd"], "calibration": [[0, 0.25]], "beam_size": 3})
    first = TextFiller(tmp_path / "kept", {"Ddd"}, FillerName.UNIXCODER).fill(request(copies(), new_target()))[0]
    assert first.origin == "model"
    assert words(first) == ["unsigned Opc = Ddd :: MOVrr ;", "BuildMI ( MBB , get ( Opc ) , Dest ) . addReg ( Src , 8 ) ;"]
    assert [s.confidence for s in first.statements] == [0.25, 0.25]  # by the curve, whatever it said
