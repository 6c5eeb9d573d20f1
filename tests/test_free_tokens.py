"""Free tokens: a statement that no donor has is spelled of what may stand there, its brackets closed, and learnt like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import copies, new_target
from test_examples import labels
from test_fill import request, words
from test_model import SMALL

from vega_gen.fill.edit import EditFiller
from vega_gen.fill.free import well_formed
from vega_gen.model import checkpoint, train, vocabulary
from vega_gen.model.data import Arrays, Example, arrays, texts_of
from vega_gen.model.decode import Search, Taken
from vega_gen.model.network import EditConfig, EditModel
from vega_gen.model.spelling import CLUES, END, common_tokens
from vega_gen.model.vocabulary import Vocabulary
from vega_gen.pipeline.mining import silent
from vega_gen.records import OTHER, StatementKind

SWAPPED = "BuildMI ( $p0 , get ( $l0 ) , $p2 ) . addReg ( $p1 , ‹integer› ) ;"
"""What the target has in slot 2: of the donors' tokens, in an order that no donor has."""

TAKEN: Taken = {0: (0, (0,))}


def lesson() -> Example:
    function, slots = labels()
    other = tuple(replace(s, answer=OTHER, text=tuple(SWAPPED.split())) if s.id == "2" else s for s in slots)
    return function, other


def known() -> Vocabulary:
    return vocabulary.build(texts_of(lesson()), 200, common_tokens(v.text for s in lesson()[1] for v in s.variants))


def asked() -> Arrays:
    return arrays(lesson(), known())


def model(seed: int = 1) -> EditModel:
    torch.manual_seed(seed)
    return EditModel(EditConfig(vocabulary=len(known()), **SMALL)).eval()


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> EditModel:
    config = EditConfig(vocabulary=len(known()), **SMALL)
    work = tmp_path_factory.mktemp("work")
    recipe = train.Recipe(epochs=30, batch=1, slots=1, learning_rate=1e-2, warmup=1, patience=30)
    made, _ = train.train(config, [asked()], [asked()], recipe, work / "slots", silent)
    decides = {name: value.clone() for name, value in made.state_dict().items() if not name.startswith("speller.")}
    curve = train.train_speller(made, [asked()], [asked()], replace(recipe, epochs=200, patience=200), work / "speller", silent)
    assert curve[-1].loss < 0.2 < curve[0].loss and curve[-1].right == 1.0
    assert all(torch.equal(made.state_dict()[name], value) for name, value in decides.items()), "nothing else changes"
    return made


def test_what_is_spelled_are_statements_that_no_variant_is() -> None:
    s = asked().spelling
    assert [(slot, [s.tokens[i] for i in ids]) for slot, ids in s.right] == [(3, SWAPPED.split())]
    assert {s.tokens[i] for i in s.before[3]} == {"unsigned", "$l0", "=", "‹opcode›", ";"}


def test_a_statement_with_a_token_from_nowhere_is_not_learnt() -> None:
    function, slots = lesson()
    odd = tuple(replace(x, text=(*x.text[:-1], "nowhere", ";")) if x.answer == OTHER else x for x in slots)
    assert not arrays((function, odd), known()).spelling.right


def test_where_nothing_is_to_be_spelled_nothing_is_learnt(tmp_path: Path) -> None:
    function, slots = labels()
    plain = arrays((function, slots), known())
    assert train.train_speller(model(), [plain], [plain], train.SPELLING, tmp_path, silent) == ()


def test_common_tokens_mean_the_same_everywhere() -> None:
    assert common_tokens([["$p0", ".", "size", "$l1"], ["size", "$f:Align"]]) == ("size", ".")


def test_clues_are_what_donors_have_next() -> None:
    s = asked().spelling
    number = {token: i for i, token in enumerate(s.tokens)}
    clues = s.clues(s.follows(3), (number["BuildMI"],), {number["$l0"]})
    assert clues.shape == (len(s.tokens), CLUES)
    assert (clues[:, 0] > 0).nonzero()[0].tolist() == [number["("]]
    assert clues[number["("], 0] == pytest.approx(np.log(1001), rel=1e-3), "all donors of the slot"
    assert clues[number["$l0"], -2] == 1.0 and clues[number["BuildMI"], -1] == 1.0
    assert clues[:, -2:].sum() == 2.0
    # After the beginning of a statement: each of the five slots' donors, by weight.
    begins = s.clues(s.follows(3), (), ())[:, 3]
    assert np.expm1(begins).sum() / 1000 == pytest.approx(1.0, rel=1e-3)


def test_it_learns_to_spell(learnt: EditModel) -> None:
    found = Search(learnt, asked()).spelled(TAKEN, 3, lambda token: True)
    assert " ".join(found[0].text) == SWAPPED
    assert found[0].probability > 0.5
    assert 3 in Search(learnt, asked()).doubted({**TAKEN, 3: (0, (0,))})


@settings(max_examples=8)
@given(st.integers(0, 100), st.sampled_from(["(", "$l0", "BuildMI", "$p2", "‹integer›"]))
def test_what_is_spelled_is_of_allowed_tokens_closed_and_new(seed: int, forbidden: str) -> None:
    def may(token: str) -> bool:
        return token != forbidden

    a = asked()
    found = Search(model(seed), a).spelled(TAKEN, 3, may)
    variants = {v.text for v in lesson()[1][3].variants}
    for statement in found:
        assert forbidden not in statement.text
        assert statement.text not in variants
        assert statement.text[-1] == ";"
        assert statement.text.count("(") == statement.text.count(")")
        assert "" not in statement.text and a.spelling.tokens[END] == ""
    odds = [statement.probability for statement in found]
    assert odds == sorted(odds, reverse=True) and sum(odds) <= 1.0001
    assert found == Search(model(seed), a).spelled(TAKEN, 3, may)
    assert Search(model(seed), a).spelled(TAKEN, 3, may, above=1.0) == []
    if found:
        again = Search(model(seed), a).spelled(TAKEN, 3, may, above=0.9 * found[0].probability)[0]
        assert again.text == found[0].text
        assert again.probability == pytest.approx(found[0].probability, rel=1e-4), "fewer prefixes at a time, other rounding"


@pytest.mark.parametrize(
    ("kind", "text", "well"),
    [
        ("simple", "return $p0 ;", True), ("simple", "return $p0", False), ("if", "if ( $p1 == ‹integer› )", True), ("if", "else", False),
        ("else", "else if ( <T>ISD :: X )", True), ("else", "else", True), ("case", "case ‹fixup› :", True), ("case", "return ;", False),
        ("for", "for ( ) ;", False), ("for", "for ( unsigned $l2 = ‹integer› ; $l2 != $l1 . size ( ) ; ++ $l2 )", True),
        ("initialiser", "$f:<T>MCInstLower ( & OutContext , * this )", True), ("switch", "switch ( $p0 )", True),
        ("while", "while ( $p0 < $p1 )", True), ("simple", "a ; b ;", False),
    ],
)  # fmt: skip
def test_what_a_statement_of_a_kind_is(kind: str, text: str, well: bool) -> None:
    assert well_formed(StatementKind(kind), text.split()) is well


@pytest.fixture
def kept(learnt: EditModel, tmp_path: Path) -> Path:
    checkpoint.save(tmp_path, learnt, known(), {"targets": ["Eee"], "held_out": ["Ddd"], "calibration": []})
    return tmp_path


def test_the_filler_offers_what_no_donor_has(kept: Path) -> None:
    offered = EditFiller(kept, {"Ddd"}).fill(request(copies(), new_target()))
    free = [c for c in offered if c.origin == "template and free tokens"]
    assert [c.resort for c in free] == [True]
    assert words(free[0])[-1] == "BuildMI ( MBB , get ( Opc ) , Src ) . addReg ( Dest , 4 ) ;"
    assert free[0].statements[-1].donors == ()
    assert 0.5 < free[0].statements[-1].confidence <= 1.0
    same = {s.id: s.confidence for s in offered[0].statements}
    assert [s.confidence for s in free[0].statements[:-1]] == [same[s.id] for s in free[0].statements[:-1]] != []


def test_a_name_that_the_target_has_not_is_not_spelled(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Callable[[str], bool]] = []
    spelled = Search.spelled

    def listening(self: Search, taken: Taken, slot: int, may: Callable[[str], bool], above: float) -> object:
        seen.append(may)
        return spelled(self, taken, slot, may, above)

    monkeypatch.setattr(Search, "spelled", listening)
    EditFiller(kept, {"Ddd"}).fill(request(copies(), new_target()))
    may = seen[0]
    assert [may(t) for t in ("BuildMI", "$p0", "$l0", "‹integer›", "(", "return")] == [True] * 6
    assert [may(t) for t in ("nowhereAtAll", "$p7", "$l9", "‹fixup›", "<T>Nowhere")] == [False] * 5
