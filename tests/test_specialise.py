"""Stage 8, input: conditions of which a part is known, and donors as the new target sees them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import MASKERS, WORDS, function, new_target

from vega_gen import cxx
from vega_gen.fill.specialise import specialised

QUESTIONS = "abcd"
FALSE = frozenset("cd")
FORMS = ("{} ? {} : {}", "( {} ? {} : {} )")


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(["||", "&&"]), parts).map(" ".join),
        parts.map("( {} )".format),
        parts.map("! ( {} )".format),
        st.sampled_from(QUESTIONS).map("! {}".format),
    )


CONDITIONS = st.recursive(st.sampled_from(QUESTIONS), combined, max_leaves=12)
CHOICES = st.recursive(
    st.sampled_from("123456"),
    lambda parts: st.tuples(st.sampled_from(FORMS), CONDITIONS, parts, parts).map(lambda p: p[0].format(*p[1:])),
    max_leaves=6,
)


def is_false(question: tuple[str, ...]) -> bool:
    return question[0] in FALSE


def value(condition: str, answers: dict[str, bool]) -> bool:
    words = {"||": "or", "&&": "and", "!": "not"} | {q: str(a) for q, a in answers.items()}
    return eval(" ".join(words.get(t, t) for t in condition.split()))


def chosen(expression: str, answers: dict[str, bool]) -> str:
    """What a nest of ?: comes to, read from the left."""
    tokens = expression.split()
    outside = [i for i in range(len(tokens)) if not tokens[:i].count("(") - tokens[:i].count(")")]
    if tokens[0] == "(" and outside == [0]:
        return chosen(" ".join(tokens[1:-1]), answers)
    marks = [i for i in outside if tokens[i] in ("?", ":")]
    if not marks:
        return expression
    colon = next(i for k, i in enumerate(marks) if k and sum(1 if tokens[m] == "?" else -1 for m in marks[: k + 1]) == 0)
    holds = value(" ".join(tokens[: marks[0]]), answers)
    return chosen(" ".join(tokens[marks[0] + 1 : colon] if holds else tokens[colon + 1 :]), answers)


ANSWERS = st.fixed_dictionaries({q: st.just(False) if q in FALSE else st.booleans() for q in QUESTIONS})


@given(CONDITIONS, ANSWERS)
def test_a_simplified_condition_means_the_same_and_asks_nothing_that_is_false(condition: str, answers: dict[str, bool]) -> None:
    simple = cxx.simplified(tuple(condition.split()), is_false)
    if isinstance(simple, bool):
        assert simple == value(condition, answers)
    else:
        assert value(" ".join(simple), answers) == value(condition, answers)
        assert not FALSE & set(simple)


@given(CHOICES, ANSWERS)
def test_what_a_decided_choice_leaves_comes_to_the_same(expression: str, answers: dict[str, bool]) -> None:
    statement = ("x", "=", *expression.split(), ";")
    left = cxx.without_decided(statement, is_false)
    assert left[:2] == ("x", "=") and left[-1] == ";" and not FALSE & set(left)
    assert chosen(" ".join(left[2:-1]), answers) == chosen(expression, answers)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f ( c ? 1 : 2 , a ? 3 : 4 ) ;", "f ( 2 , a ? 3 : 4 ) ;"),
        ("x = f < int , c > ( ) ? 1 : 2 ;", "x = f < int , c > ( ) ? 1 : 2 ;"),  # no condition that begins in a template's arguments
        ("O << ( c && a ? 1 : 2 ) ;", "O << ( 2 ) ;"),
        ("case A : x = y ;", "case A : x = y ;"),
    ],
)
def test_choices_in_their_surroundings(before: str, after: str) -> None:
    assert " ".join(cxx.without_decided(tuple(before.split()), is_false)) == after


def seen(body: str, result: str = "void", *, words: str = "") -> str:
    """A donor's body as the new target sees it, its lines each a statement."""
    donor = function("Bbb", f"{result} BbbInstrInfo::f(int Kill) {{ {body} }}")
    new = new_target(words=WORDS | frozenset((*words.split(), "g", "h", "x", "y", "get", "isTiny")))
    kept = specialised(donor, MASKERS["Bbb"], new)
    text = cxx.render_function(kept.signature, kept.body, in_class=False)
    return re.sub(r"\s+", " ", text.partition("{")[2].rpartition("}")[0]).strip()


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("if (ST.hasWide()) g(); else h();", "h();"),
        ("if (!ST.hasWide()) { g(); } else h();", "g();"),
        ("if (ST.isTiny()) g(); else h();", "if (ST.isTiny()) g(); else h();"),  # a method that somebody declares
        ("if (ST.hasWide() && x) g(); h();", "h();"),
        ("if (ST->hasWide() || x) g();", "if (x) g();"),
        ("if (x) g(); else if (ST.hasWide()) y(); else h();", "if (x) g(); else h();"),
        ("if (ST.hasWide()) g(); else if (x) y(); else h();", "if (x) y(); else h();"),
        ("if (x) g(); else if (!ST.hasWide()) y(); else h();", "if (x) g(); else y();"),
        ("if (!ST.hasWide()) return; g(); h();", "return;"),
        ("if (!ST.hasWide()) return; g(); out: h();", "return; out: h();"),
        ("if (MF.get<BbbSubtarget>().hasWide()) g();", ""),
        ("if (ST.width() != 3) g();", "if (ST.width() != 3) g();"),  # as likely as not
        ("if (g(ST.hasWide())) h();", "if (g(ST.hasWide())) h();"),  # g is asked, and may answer
        ("if (unknown(x)) g();", "if (unknown(x)) g();"),  # a helper of the donor's is no question to the target
        ("if (auto *P = ST.find()) g();", "if (auto *P = ST.find()) g();"),
        ("if (STI.hasFeature(Bbb::FeatureWide)) g(); else h();", "h();"),
        ("if (STI.getFeatureBits()[Bbb::FeatureWide]) g(); else h();", "h();"),
        ("while (x) { if (ST.hasWide()) g(); y = ST.hasWide() ? 1 : 2; }", "while (x) { y = 2; }"),
        ("return ST.hasWide();", "return ST.hasWide();"),
    ],
)
def test_what_the_new_target_cannot_be_asked_is_false(body: str, left: str) -> None:
    assert seen(body, words="hasFeature getFeatureBits") == left


def test_an_answer_is_false_where_a_truth_value_is_returned() -> None:
    assert seen("return ST.hasWide();", "bool") == "return false;"
    assert seen("return x || ST.hasWide();", "bool") == "return x;"


def test_a_feature_that_the_new_target_has_is_asked_for() -> None:
    body = "if (STI.hasFeature(Bbb::FeatureWide)) g();"
    assert seen(body, words="hasFeature FeatureWide") == "if (STI.hasFeature(Bbb::FeatureWide)) g();"
