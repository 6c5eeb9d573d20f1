"""The edit model on invented targets: training, rejected inputs, and a search that yields each candidate once, the most probable first."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import copies, new_target
from safetensors.torch import load_file, save_file
from test_examples import labels
from test_fill import request, words

from vega_gen.errors import HoldOutError, InputError
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.edit import EditFiller
from vega_gen.model import checkpoint, train, vocabulary
from vega_gen.model.calibrate import FEWEST, calibrated, isotonic
from vega_gen.model.data import Arrays, arrays, texts_of
from vega_gen.model.decode import Search
from vega_gen.model.network import EditConfig, EditModel
from vega_gen.model.vocabulary import Vocabulary, pieces
from vega_gen.pipeline.inputs import WEIGHTS, default_filler
from vega_gen.records import ABSENT, FillerName
from vega_gen.store import digest

torch.set_num_threads(1)  # the tests run beside each other

SMALL = {"width": 16, "text_width": 8, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "dropout": 0.0}


def words_known() -> Vocabulary:
    return vocabulary.build(texts_of(labels()), 200)


def lesson() -> Arrays:
    """The example of test_examples: no kill flag, 8 in the hole, no note."""
    return arrays(labels(), words_known())


def model(seed: int = 1) -> EditModel:
    torch.manual_seed(seed)
    return EditModel(EditConfig(vocabulary=len(words_known()), **SMALL)).eval()


def trained(
    work: Path, epochs: int = 30, progress: train.Progress = lambda done, total, text: None, bf16: bool = False
) -> tuple[EditModel, tuple[train.Point, ...]]:
    recipe = train.Recipe(epochs=epochs, batch=1, slots=1, learning_rate=1e-2, warmup=1, patience=epochs, bf16=bf16)
    config = EditConfig(vocabulary=len(words_known()), **SMALL)
    return train.train(config, [lesson()], [lesson()], recipe, work, progress)


# ------------------------------------------------------------------- vocabulary


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("getFrameInfo", ["get", "frame", "info"]), ("MCInstLowering", ["mc", "inst", "lowering"]), ("isInt16", ["is", "int", "16"]),
        ("<T>InstrInfo", ["<T>", "instr", "info"]), ("$l31", ["$l"]), ("$p2", ["$p2"]), ("$f:<T>Subtarget", ["$f:", "<T>", "subtarget"]),
        ("‹isd-node›", ["‹isd-node›"]), ("->", ["->"]), ("MVT_i32", ["mvt", "i", "32"]),
    ],
)  # fmt: skip
def test_a_token_s_pieces(token: str, parts: list[str]) -> None:
    assert pieces(token) == tuple(parts)


def test_the_most_frequent_pieces_have_numbers() -> None:
    made = vocabulary.build([["a", "b", "b"], ["c", "b", "a"]], 4)
    assert made.words == ("<pad>", "<unknown>", "b", "a")
    assert made.encode(["a", "c", "b"], 8) == [3, 1, 2]
    assert made.encode([], 8) == [1]


# ---------------------------------------------------------------------- network


def test_untrained_it_is_a_vote_of_the_donors() -> None:
    way = next(iter(Search(model(), lesson()).ways(1)))
    assert {slot: variant for slot, (variant, *_) in way.taken.items()} == {0: 0, 1: 0, 2: 0, 3: 0}


def test_it_learns_an_example_by_heart(tmp_path: Path) -> None:
    made, curve = trained(tmp_path)
    assert curve[-1].functions_right == 1.0
    assert curve[-1].train < curve[0].train / 4
    way = next(iter(Search(made, lesson()).ways(1)))
    assert {slot: (variant, names) for slot, (variant, names, *_) in way.taken.items()} == {0: (0, (0,)), 3: (0, (1,))}
    assert set(way.absent) == {1, 4}
    assert [right for _, right in way.statements(lesson())] == [True, True]


def test_it_learns_in_bfloat16_too(tmp_path: Path) -> None:
    made, curve = trained(tmp_path, bf16=True)
    assert curve[-1].functions_right == 1.0
    assert all(value.dtype is torch.float32 for value in made.parameters())
    assert curve[0].train != trained(tmp_path / "exact", 1)[1][0].train


def test_a_slot_s_options_have_probability_one_together() -> None:
    made, a = model(), lesson()
    e = made.encode(a)
    right, asked = made.gold(a)
    scored, _ = made.scores(e, right, asked.float())
    total = torch.zeros(len(a.parent)).index_add(0, e.options.slot, scored.exp())
    assert torch.allclose(total, torch.ones(len(a.parent)), atol=1e-5)


def test_a_decision_does_not_see_those_after_it() -> None:
    made, a = model(), lesson()
    e = made.encode(a)
    right, asked = made.gold(a)
    other = right.clone()
    other[-1] = len(a.parent) + len(a.slot_of) - 1 if int(right[-1]) == len(a.parent) - 1 else len(a.parent) - 1
    before, after = (made.scores(e, way, asked.float())[0] for way in (right, other))
    assert not torch.equal(right, other)
    earlier = e.options.slot < len(a.parent)
    assert torch.allclose(before[earlier], after[earlier], atol=1e-6)


# ----------------------------------------------------------------------- search


@settings(max_examples=5)
@given(st.integers(0, 50))
def test_every_way_comes_once_and_is_as_likely_as_it_says(seed: int) -> None:
    made, a = model(seed), lesson()
    ways = list(Search(made, a).ways(40))
    seen = [(tuple(sorted((s, v, n) for s, (v, n, *_) in w.taken.items())), tuple(sorted(w.absent))) for w in ways]
    assert len(seen) == len(set(seen)) > 10
    for way in ways:
        # What stands inside something left out is not asked for; the rest is.
        assert set(way.taken) | set(way.absent) == {0, 1, 3, 4} | ({2} if 1 in way.taken else set())
        sure = 1.0
        for slot, (variant, _, probability, names) in way.taken.items():
            present, variants = way.opinions[slot]
            assert probability == pytest.approx(present * variants[variant], abs=1e-5)
            sure *= probability / sum(variants) * names  # what is spelled otherwise counts as one of them
        for probability in way.absent.values():
            sure *= probability
        assert torch.log(torch.tensor(sure)).item() == pytest.approx(way.log_probability, abs=1e-3)


def test_all_ways_together_are_at_most_certain() -> None:
    assert sum(torch.tensor(w.log_probability).exp().item() for w in Search(model(), lesson()).ways(100)) <= 1.0001


def test_the_search_is_the_same_each_time() -> None:
    assert list(Search(model(), lesson()).ways(12)) == list(Search(model(), lesson()).ways(12))


# --------------------------------------------------------------------- training


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    whole, curve = trained(tmp_path / "whole", 6)

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int, text: str) -> None:
        if done == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(tmp_path / "stopped", 6, stop)
    resumed, again = trained(tmp_path / "stopped", 6)
    assert [replace(p, seconds=0) for p in again] == [replace(p, seconds=0) for p in curve]
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True))


# ------------------------------------------------------------------- checkpoint


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A checkpoint that has learnt test_examples' example, of the target Eee."""
    made, _ = trained(tmp_path / "work")
    checkpoint.save(tmp_path / "model", made, words_known(), {"targets": ["Eee"], "held_out": ["Ddd"], "calibration": []})
    return tmp_path / "model"


def test_a_checkpoint_comes_back(kept: Path) -> None:
    found = checkpoint.load(kept, {"Ddd"})
    way = next(iter(Search(found.model, lesson()).ways(1)))
    assert {slot: names for slot, (_, names, *_) in way.taken.items()} == {0: (0,), 3: (1,)}
    assert found.vocabulary == words_known()


def test_a_checkpoint_with_a_speller_is_read_without_it(kept: Path) -> None:
    weights, manifest = kept / checkpoint.WEIGHTS, kept / checkpoint.MANIFEST
    stored = load_file(weights)
    save_file({**stored, "speller.cell.weight": torch.zeros(2)}, weights)
    manifest.write_bytes(orjson.dumps({**orjson.loads(manifest.read_bytes()), "weights": digest(weights.read_bytes())}))
    assert checkpoint.load(kept).model.state_dict().keys() == stored.keys()


def test_a_model_that_has_learnt_the_held_out_target_is_refused(kept: Path) -> None:
    with pytest.raises(HoldOutError, match="Eee"):
        checkpoint.load(kept, {"Eee", "Fff"})


@pytest.mark.parametrize("what", ["no manifest", "no JSON", "no weights", "cut", "other kind", "other sizes", "pickle"])
def test_what_is_no_checkpoint_is_refused(kept: Path, what: str) -> None:
    manifest, weights = kept / "manifest.json", kept / "model.safetensors"
    plain = orjson.loads(manifest.read_bytes())
    match what:
        case "no manifest":
            manifest.unlink()
        case "no JSON":
            manifest.write_bytes(b"{")
        case "no weights":
            weights.unlink()
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-10])
        case "other kind":
            manifest.write_bytes(orjson.dumps({**plain, "kind": "unixcoder"}))
        case "other sizes":
            manifest.write_bytes(orjson.dumps({**plain, "config": {**plain["config"], "width": 32}}))
        case _:
            torch.save({"a": torch.zeros(1)}, weights)
    with pytest.raises(InputError) as caught:
        checkpoint.load(kept)
    assert str(kept) in caught.value.where
    assert caught.value.next_step


# ----------------------------------------------------------------------- filler


def test_the_filler_writes_what_the_model_decided(kept: Path) -> None:
    donors = ConsensusFiller().fill(request(copies(), new_target()))
    offered = EditFiller(kept, {"Ddd"}).fill(request(copies(), new_target()))
    own = [i for i, c in enumerate(offered) if "model" in c.origin]
    assert (offered[0].origin, [offered[i].origin for i in own][:2]) == ("template", ["template and model", "model"])
    assert own == list(range(own[0], len(offered))) == [i for i, c in enumerate(offered) if c.resort], "after the donors"
    # The donors have it, the model has learnt a target that has not.
    assert words(offered[0]) == words(donors[0])
    doubted = words(donors[0]).index("if ( Kill )")
    assert offered[0].statements[doubted].confidence < 0.6 * donors[0].statements[doubted].confidence
    assert max(s.confidence for s in offered[0].statements) > 0.8
    # The 4 is voted.
    assert words(offered[own[0]]) == ["unsigned Opc = Ddd :: MOVrr ;", "BuildMI ( MBB , get ( Opc ) , Dest ) . addReg ( Src , 4 ) ;"]
    assert words(offered[own[1]]) == ["unsigned Opc = Ddd :: MOVrr ;", "BuildMI ( MBB , get ( Opc ) , Dest ) . addReg ( Src , 8 ) ;"]
    assert len({tuple(words(c)) for c in offered}) == len(offered) > 3
    assert all(0 <= s.confidence <= 1 and s.donors for c in offered for s in c.statements)


# ------------------------------------------------------- the model that comes along


def test_the_model_that_comes_along_has_learnt_no_target_that_is_judged() -> None:
    plan = tomllib.loads((WEIGHTS.parents[2] / "targets/settings/training.toml").read_text(encoding="utf-8"))
    judged = [*plan["held-out"], *plan["validate"]]
    known = checkpoint.load(WEIGHTS, judged)
    assert known.manifest["validated_on"] == plan["validate"] and known.manifest["curve"]
    assert (WEIGHTS / "model.safetensors").stat().st_size < 40 << 20
    assert all(default_filler([name]) is FillerName.EDIT for name in judged)


def test_where_it_has_learnt_the_target_the_donors_decide(tmp_path: Path) -> None:
    learnt = checkpoint.load(WEIGHTS).manifest["targets"][0]
    with pytest.raises(HoldOutError, match=learnt):
        checkpoint.load(WEIGHTS, [learnt])
    assert default_filler([learnt]) is FillerName.CONSENSUS
    assert default_filler([learnt], tmp_path) is FillerName.EDIT, "a model of one's own is asked, and refused if it is unsound"
    assert default_filler(["New"]) is FillerName.EDIT


# ------------------------------------------------------------------ calibration


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=400))
def test_the_curve_rises_and_keeps_the_mean(pairs: list[tuple[float, bool]]) -> None:
    curve = isotonic(pairs)
    assert all(a <= b for (_, a), (_, b) in itertools.pairwise(curve))
    assert all(0 <= is_ <= 1 for _, is_ in curve)
    assert all(0 <= calibrated(p, curve) <= 1 for p, _ in pairs)


def test_too_sure_is_put_right() -> None:
    pairs = [(0.9, i % 2 == 0) for i in range(4 * FEWEST)] + [(0.1, False)] * FEWEST
    curve = isotonic(pairs)
    assert calibrated(0.9, curve) == pytest.approx(0.5)
    assert calibrated(0.05, curve) == pytest.approx(0.0)
    assert calibrated(0.3, ()) == 0.3


def test_absent_and_present_answers_are_told_apart() -> None:
    a = lesson()
    assert a.answer.tolist() == [0, ABSENT, ABSENT, 3, ABSENT]
    assert a.asked.tolist() == [True, True, False, True, True]
