"""Feature vectors of targets and slots, and the similarity of two targets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import DONORS, MASKERS, copies, empty_description, function, sources, template

from vega_gen.features import Feature, declaration_features, nearness, slot_features, target_features
from vega_gen.records import Description, Instruction, Processor, RegisterClass, SubtargetFeature


def instruction(name: str, size: int, flags: frozenset[str], nodes: tuple[str, ...] = ()) -> Instruction:
    return Instruction(name, "Aaa", "", (), (), "", nodes, flags, size, (), (), (), "", (), "", ())


def description(folder: str = "Aaa") -> Description:
    classes = tuple(RegisterClass(f"R{n}", folder, types, size, 32, (), True) for n, (types, size) in
                    enumerate([(("i32",), 32), (("i32", "f32"), 32), (("i64",), 64)]))  # fmt: skip
    return replace(
        empty_description(folder),
        register_classes=classes,
        instructions=(
            instruction("ADD", 4, frozenset({"isCommutable"}), ("ISD::ADD",)),
            instruction("BR", 4, frozenset({"isBranch", "hasDelaySlot"}), ("ISD::BR",)),
            instruction("NOP", 2, frozenset()),
        ),
        features=(SubtargetFeature("FeatureX", "x", "HasX", "true", "", ()),),
        processors=(Processor("generic", "", "AaaItineraries", ()),),
        data={"Target.AllowRegisterRenaming": "0"},
    )


def test_the_features_of_a_target_say_what_its_records_say() -> None:
    found = {f.name: f.value for f in target_features(description())}
    expected = {
        "register-classes": 3.0,
        "register-width": 32.0,
        "value-types": frozenset({"i32", "f32", "i64"}),
        "instructions": 3.0,
        "instruction-size": 4.0,
        "instruction-sizes": frozenset({"2", "4"}),
        "delay-slots": 1.0,
        "predicated": 0.0,
        "patterns": frozenset({"ISD::ADD", "ISD::BR"}),
        "features": 1.0,
        "schedule": "itineraries",
    }
    assert {name: found[name] for name in expected} == expected


def test_every_feature_says_where_it_came_from() -> None:
    assert all(f.source and f.specific for f in target_features(description()))
    assert {f.source for f in target_features(description("Bbb")) if f.name == "instructions"} == {"Bbb.td: Instruction"}


def test_a_target_without_a_record_has_a_vector_too() -> None:
    found = {f.name: f.value for f in target_features(empty_description("Aaa"))}
    assert (found["instruction-size"], found["register-width"], found["schedule"]) == (0.0, 0.0, "none")


def declared(target: str) -> frozenset[str]:
    return declaration_features(sources(target)[0].classes, (), MASKERS[target])


def test_declarations_are_compared_without_the_target_s_name() -> None:
    assert declared("Aaa") == declared("Bbb")
    assert {"<T>InstrInfo", "<T>InstrInfo::copyPhysReg", "<T>InstrInfo.Subtarget"} <= declared("Aaa")


def test_a_target_is_nearest_to_itself() -> None:
    own = target_features(description())
    other = target_features(replace(description(), instructions=(), register_classes=(), features=()))
    names = declared("Aaa")
    assert nearness(own, own, frozenset(), frozenset()) == pytest.approx(1.0)
    assert nearness(own, own, names, names) == pytest.approx(1.0)
    assert nearness(own, other, frozenset(), frozenset()) < 0.9
    assert nearness(own, own, names, frozenset({"Unlike"})) < nearness(own, own, names, names)


VALUES = st.one_of(st.floats(0, 1e6), st.text(max_size=3), st.frozensets(st.text(max_size=2), max_size=3))
VECTORS = st.lists(st.tuples(st.sampled_from("abcd"), VALUES), max_size=4, unique_by=lambda p: p[0]).map(
    lambda pairs: [Feature(n, v, "here") for n, v in pairs]
)


@given(VECTORS, VECTORS, st.frozensets(st.sampled_from("xyz")), st.frozensets(st.sampled_from("xyz")))
def test_nearness_lies_between_0_and_1(a: list[Feature], b: list[Feature], x: frozenset[str], y: frozenset[str]) -> None:
    assert 0.0 <= nearness(a, b, x, y) <= 1.0 + 1e-9


def test_the_features_of_slots() -> None:
    made = copies()
    vectors = [{f.name: f.value for f in slot_features(made, slot)} for slot in made.walk()]
    assert [v["presence"] for v in vectors] == pytest.approx([1, 2 / 3, 2 / 3, 1, 1 / 3])
    assert [v["depth"] for v in vectors] == [0, 0, 1, 0, 0]
    assert [v["holes"] for v in vectors[:2]] == [frozenset({"opcode"}), frozenset()]
    assert {"BuildMI", "addReg"} <= vectors[3]["words"]
    assert {v["module"] for v in vectors} == {"OPT"}
    specific = {f.name for f in slot_features(made, made.slots[0]) if f.specific}
    assert specific == {"holes"}


def test_a_word_is_common_where_most_members_have_it_however_often_one_does() -> None:
    made = template([function(t, f"void f() {{ run({'A, A, A, A' if t == 'Aaa' else 'B'}); }}") for t in DONORS])
    (slot,) = made.slots
    assert next(f.value for f in slot_features(made, slot) if f.name == "words") == frozenset({"run", "B"})
