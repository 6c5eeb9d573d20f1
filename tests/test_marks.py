"""The marks in the written C++ and the review queue name the same statements; archetypes' marks name the facts that are doubtful."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from emitted import emitted, function, member, plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_archetypes import TESTS, described

from vega_gen import review
from vega_gen.archetypes.doubtful import Doubtful, doubts_in, with_doubts, without_notes
from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.parts import CONFIDENCE, planned
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.doubts import BY_DEFAULT, BY_NAME, Doubt
from vega_gen.pipeline import masker_of
from vega_gen.records import FLAG_BELOW, CallingConvention, Description, Plan, PlannedClass, PlannedFunction, Step

HEADER = b"""#ifndef TOY_H
#define TOY_H
namespace llvm {
class ToyInstrInfo : public ToyGenInstrInfo {
public:
  int here(int a) const;
};
} // namespace llvm
#endif
"""
BODIES = (
    "{ return a; }",
    "{ if (a) return 1; else return 2; }",
    "{ for (;;) { a--; } }",
    "{ switch (a) { case 1: return 2; default: return 3; } }",
    "{ do a--; while (a); }",
    "{ if (a) { int b = a; use(b); } else if (a > 1) { use(a); } }",
    "{ }",
)
PLACES = (("Free.cpp", ""), ("ToyInstrInfo.h", "ToyInstrInfo"), ("ToyOther.cpp", "Local"), ("ToyOther.cpp", ""), ("Gone.h", "Gone"))
_LOWERED = [
    {"compiles": False, "step": step, "declared": declared, "instead": instead}
    for step in (Step.STUB, Step.DEFAULT, Step.LEFT_OUT)
    for declared in (True, False)
    for instead in (None, "a stub")
]
STATES: list[Mapping[str, object]] = [{"compiles": True}, {"compiles": None}, {"compiles": True, "chosen": -1}, *_LOWERED]
CLASSES = (
    PlannedClass("ToyInstrInfo", (), "ToyInstrInfo.h", ("llvm",), (member("int here(int a) const {}"),), (), ()),
    PlannedClass("Local", (), "ToyOther.cpp", ("",), (), (), ()),
)


def placed(name: str, body: str, confidences: Sequence[float], place: tuple[str, str], state: Mapping[str, object]) -> PlannedFunction:
    """A function whose statements have these confidences, in turn."""
    file, owner = place
    head = f"int {name}(int a){' const' if owner else ''}"
    made = function(f"{head} {body}", file, in_class=owner, **state)  # type: ignore[arg-type]
    rated = tuple(
        replace(s, id=f"{name}.{i}", confidence=confidences[i % len(confidences)]) for i, s in enumerate(made.candidate.statements)
    )
    stub = function(f"{head} {{ report_fatal_error(0); }}", file, in_class=owner, confidence=0.0).candidate if made.instead else None
    return replace(made, candidates=(replace(made.candidate, statements=rated),), instead=stub)


def agree(made: Plan, threshold: float, headers: dict[str, bytes]) -> None:
    texts = emitted(made, headers, threshold=threshold)
    marked = Counter(id for text in texts.values() for id in re.findall(r"// VEGA-REVIEW (\S+) ", text))
    assert marked == Counter(item.id for item in review.queue(made, threshold, {}))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("desc", [False, True])
def test_wherever_a_function_is_the_queue_and_the_marks_agree(place: tuple[str, str], desc: bool) -> None:
    for state in STATES:
        for name, confidence in (("here", 0.3), ("other", 0.9)):
            made = plan(placed(name, BODIES[1], [confidence], place, state), classes=CLASSES)
            agree(made, 0.5, {"ToyInstrInfo.h": HEADER} if desc else {})


FUNCTIONS = st.tuples(
    st.sampled_from(BODIES),
    st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), min_size=1, max_size=5),
    st.sampled_from(PLACES),
    st.sampled_from(STATES),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FUNCTIONS, min_size=1, max_size=4), st.sampled_from([0.0, 0.4, 0.5, 0.9, 1.0]), st.booleans())
def test_whatever_functions_read_the_queue_and_the_marks_agree(
    drawn: list[tuple[str, list[float], tuple[str, str], Mapping[str, object]]], threshold: float, desc: bool
) -> None:
    made = plan(*(placed(f"f{n}", *one) for n, one in enumerate(drawn)), classes=CLASSES)
    agree(made, threshold, {"ToyInstrInfo.h": HEADER} if desc else {})


# -------------------------------------------------------------------- doubtful facts


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/rook/Rook.td", "Rook", llvm_source)


@pytest.fixture(scope="module")
def made(rook: Description, llvm_source: Path) -> Archetypes:
    return archetypes(rook, Interface([llvm_source / "llvm/include"]))


def test_a_fact_that_a_record_gives_is_certain(rook: Description) -> None:
    found = find_facts(rook).doubts
    assert found == {
        "fp": Doubt(BY_DEFAULT, "no record names a frame pointer: R31, the last callee-saved register, is assumed"),
        "scratch": Doubt(BY_NAME, "R8 is assumed to be free in a prologue: no convention names it"),
        "stack_alignment": Doubt(BY_DEFAULT, "no .td says how the stack is aligned: two words are assumed"),
    }


def test_a_register_that_only_its_name_tells_is_doubtful(rook: Description) -> None:
    without = tuple(
        replace(i, defs=tuple(r for r in i.defs if r != "R2"), uses=tuple(r for r in i.uses if r != "R2")) for i in rook.instructions
    )
    named = tuple(
        replace(r, asm_name="sp") if r.name == "R2" else replace(r, asm_name="fp") if r.name == "R30" else r for r in rook.registers
    )
    found = find_facts(replace(rook, instructions=without, registers=named)).doubts
    assert found["sp"] == Doubt(BY_NAME, "R2 is the stack pointer by its name alone")
    assert found["fp"] == Doubt(BY_NAME, "R30 is the frame pointer by its name alone")
    assert "sp" not in find_facts(replace(rook, registers=named)).doubts, "call frames say it"


def test_of_two_conventions_the_choice_is_doubtful(rook: Description) -> None:
    (usual,) = (c for c in rook.calling_conventions if c.name == find_facts(rook).cc)
    other = replace(usual, name=f"{usual.name}_Other")
    assert isinstance(other, CallingConvention)
    found = find_facts(replace(rook, calling_conventions=(*rook.calling_conventions, other)))
    reason = f"of 2 calling conventions, {usual.name} is taken as the usual one by its name alone"
    assert found.cc == usual.name and found.doubts["cc"].reason == reason


def test_an_instruction_that_only_its_mnemonic_tells_is_doubtful(rook: Description) -> None:
    bare = tuple(replace(i, pattern="", nodes=()) if i.name == "ADDI" else i for i in rook.instructions)
    patterns = tuple(p for p in rook.patterns if "ADDI" not in p[1])
    found = find_facts(replace(rook, instructions=bare, patterns=patterns))
    assert found.add_immediate is not None and found.add_immediate.record == "ADDI"
    assert found.doubts["add_immediate"] == Doubt(BY_NAME, "ADDI is recognised by its mnemonic alone")


def test_a_statement_is_as_sure_as_what_it_rests_on(rook: Description, made: Archetypes) -> None:
    whole = planned(made.printed, "Rook", masker_of("Rook", rook))[2]
    statements = [s for f in whole for s in f.candidate.statements]
    assert {s.confidence for s in statements} == {CONFIDENCE, BY_NAME, BY_DEFAULT} and CONFIDENCE > FLAG_BELOW > BY_NAME
    for s in statements:
        names = {"R31", "R8"} & {*s.head} if "Reserve" in s.head or "addImmediate" in s.head else set[str]()
        assert all(name in s.doubt for name in names), s.text
        assert (s.doubt == "") == (s.confidence == CONFIDENCE)
    assert 5 <= len({s.id for f in whole for s in f.flagged(FLAG_BELOW)}) <= 20
    (prologue,) = (f for f in whole if f.qualified_name == "RookFrameLowering::emitPrologue")
    told = [s.doubt for s in prologue.flagged(FLAG_BELOW)]
    named = "no record names a frame pointer: R31, the last callee-saved register, is assumed"
    assert told[-2:] == [f"{named}; R8 is assumed to be free in a prologue: no convention names it", named], "it is set, then described"


def test_the_mark_names_the_doubt(rook: Description, made: Archetypes) -> None:
    files, classes, functions = planned(made.printed, "Rook", masker_of("Rook", rook))
    texts = emitted(plan(*functions, files=files, classes=classes))
    stack = "no .td says how the stack is aligned: two words\n  // are assumed\n  return Align(8);"
    assert re.search(rf"  // VEGA-REVIEW \w+ 0\.25: {re.escape(stack)}", texts["RookFrameLowering.cpp"])
    queued = review.queue(plan(*functions), FLAG_BELOW, {})
    assert {i.doubt for i in queued} == {s.doubt for f in functions for s in f.candidate.statements} - {""}


def test_nothing_of_a_doubt_is_left_in_what_is_written(rook: Description, made: Archetypes) -> None:
    assert any("/*@" in text for text in made.printed.values()) and not any("/*@" in text for text in made.files.values())
    parts = planned(made.printed, "Rook", masker_of("Rook", rook))
    assert "/*@" not in repr(parts)


def test_overloads_have_ids_of_their_own() -> None:
    text = "void ToyA::f(int a) {\n  g(a);\n}\nvoid ToyA::f(long a) {\n  h(a);\n}\n"
    both = planned({"ToyA.cpp": text}, "Toy", masker_of("Toy", replace(described_toy(), name="Toy")))[2]
    assert len({f.candidate.statements[0].id for f in both}) == 2


def described_toy() -> Description:
    return Description("Toy", "Toy", "Toy", *[()] * 13)  # type: ignore[arg-type]


@given(st.text("abcXYZ_0189", min_size=1), st.text("abc :;'", min_size=1).map(str.strip), st.floats(0, 1))
def test_a_doubtful_name_is_the_name_with_its_doubt(name: str, reason: str, confidence: float) -> None:
    given_doubt = Doubt(round(confidence, 2), reason or "x")
    doubtful = Doubtful(name, given_doubt)
    assert doubtful == name and hash(doubtful) == hash(name) and len(doubtful) == len(name)
    assert without_notes(f"f(NS::{doubtful});") == f"f(NS::{name});" and without_notes(str(doubtful)) == name
    assert doubts_in(f'g("//"); f({doubtful});') == (given_doubt,)
    assert doubts_in(f"// {doubtful} it is\nf();") == ()


def test_certain_facts_stay_as_they_are(rook: Description) -> None:
    m = find_facts(rook)
    assert with_doubts(m) == m and isinstance(with_doubts(m).fp, Doubtful) and not isinstance(with_doubts(m).sp, Doubtful)
