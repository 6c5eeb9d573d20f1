"""Facts are found for one of the machines that a description holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from simulated import TESTS, described

from vega_gen.archetypes.files import archetypes
from vega_gen.archetypes.fragment_names import named_types
from vega_gen.archetypes.legality import legality_actions
from vega_gen.archetypes.values import values
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.records import Description, Fragment, SubtargetFeature
from vega_gen.tablegen.subtargets import MODE, basic, on_subtarget

COMMON = ("SHL", "ADDX", "ADDD", "ROL", "SEQZ", "SXB")
"""What every machine has."""


@pytest.fixture(scope="module")
def egret(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/Egret.td", llvm_source)


def names(d: Description) -> set[str]:
    return {i.name for i in d.instructions}


def test_the_default_processor_has_no_more_than_it_says(egret: Description) -> None:
    m = find_facts(egret)
    assert (m.native, m.type, egret.data[MODE]) == (16, "i16", "DefaultMode")
    assert names(basic(egret)) == {"ADDH", "ADD", "XOR", "OR", *COMMON}
    assert m.add is not None and m.add.record == "ADD"


def test_a_feature_chooses_the_mode_and_its_types(egret: Description) -> None:
    wide = on_subtarget(egret, attrs="+wide")
    m, held = find_facts(wide), next(c for c in wide.register_classes if c.name == "GPR")
    assert (m.native, wide.data[MODE]) == (32, "Wide")
    assert (held.value_types, held.size, held.alignment) == (("i32", "f32", "i16"), 32, 32)
    assert m.add is not None and m.add.record == "ADD"  # the addition of 16 bits is of another type
    assert on_subtarget(wide) == egret


def test_a_processor_has_what_its_features_imply(egret: Description) -> None:
    large = on_subtarget(egret, "large")
    assert names(basic(large)) == {"ADDH", "ADD", "XOR", "MUL", *COMMON}
    assert names(basic(on_subtarget(egret, "large", "-mul"))) == {"ADDH", "ADD", "XOR", *COMMON}  # and what implies it goes with it


@pytest.mark.parametrize(("cpu", "attrs", "said"), [("huge", "", "huge"), ("", "+wode", "wide"), ("", "wide", "feature")])
def test_an_unknown_name_is_an_error(egret: Description, cpu: str, attrs: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        on_subtarget(egret, cpu, attrs)
    assert said in str(caught.value)


def test_an_operation_is_expanded_where_the_subtarget_lacks_its_feature(egret: Description) -> None:
    actions = legality_actions(egret, find_facts(egret), {"hasMul", "isWide"})
    assert "if (!STI.hasMul()) {\n    setOperationAction(ISD::MUL, MVT::i16, LibCall);\n    }" in actions
    assert "setOperationAction(ISD::SDIV, MVT::i16, Expand);" in actions
    narrower = replace(
        egret, patterns=(*egret.patterns, ("(mul GPR:$a, GPR:$b)", "[(MUL GPR:$a, GPR:$b)]")),
        pattern_predicates=(*egret.pattern_predicates, ("IsWide",)),
    )  # fmt: skip
    assert legality_actions(narrower, find_facts(egret), {"hasMul", "isWide"}) == actions, "a || (a && b) is a"
    unknown = legality_actions(egret, find_facts(egret), set())
    assert "setOperationAction(ISD::MUL, MVT::i16, LibCall);" in unknown


def test_a_method_that_asks_for_the_width_of_a_register_answers_with_it(egret: Description, llvm_source: Path) -> None:
    """As getXLen of a node transform; getLeft is no width."""
    code = "return CurDAG->getTargetConstant(Subtarget->getXLen() - Subtarget->getLeft(), SDLoc(N), MVT::i16);"
    asked = replace(egret, fragments=(*egret.fragments, Fragment("Rest", code, (), "")))
    made = values(asked, find_facts(asked), Interface([llvm_source / "llvm/include"]), "egret")
    assert made["register_width_methods"] == ["getXLen"]


def test_a_selector_takes_any_node_only_where_no_pattern_takes_a_plain_register(egret: Description, llvm_source: Path) -> None:
    m = find_facts(egret)
    made = values(egret, m, Interface([llvm_source / "llvm/include"]), "egret")["complex_patterns"]
    taken = {"selectAmount": True, "selectRotation": True, "selectExtended": False, "selectEqual": False, "selectDoubled": False}
    assert {p["name"]: any(case["register"] for case in p["cases"]) for p in made} == taken


ADDRESSES = """
class Offset<int scale, int count> : Operand<i16>, ImmLeaf<i16, "return isShiftedUInt<" # count # ", " # scale # ">(Imm);">;
def half : ComplexPattern<i16, 2, "selectScaled<2>">;
def word : ComplexPattern<i16, 2, "selectScaled<4>">;
def sum : ComplexPattern<i16, 2, "selectSum">;
def Half : Offset<1, 4>;
def Word : Offset<2, 4>;
let InOperandList = (ins GPR:$a, Half:$o), mayLoad = 1 in def LDH : I<"ldh", 20, [(set GPR:$d, (load (half GPR:$a, Half:$o)))]>;
let InOperandList = (ins GPR:$a, Word:$o), mayLoad = 1 in def LDW : I<"ldw", 21, [(set GPR:$d, (load (word GPR:$a, Word:$o)))]>;
let Predicates = [OnSunday], mayLoad = 1 in def LDX : I<"ldx", 22, [(set GPR:$d, (load (sum GPR:$a, GPR:$b)))]>;
"""


def test_a_selector_that_is_a_template_splits_addresses_as_its_arguments_ask(tmp_path: Path, llvm_source: Path) -> None:
    td = tmp_path / "Egret.td"
    td.write_text((TESTS / "inputs/Egret.td").read_text().replace("def EgretInstrInfo", f"{ADDRESSES}def EgretInstrInfo"))
    d = described(td, llvm_source)
    made = values(d, find_facts(d), Interface([llvm_source / "llvm/include"]), "egret")["complex_patterns"]
    named = {p["name"]: p for p in made}
    assert named["selectScaled"]["template"] == "template <int P0>"
    split = [(case["when"], case["low"], case["high"], case["unit"]) for case in named["selectScaled"]["cases"]]
    assert split == [("P0 == 2", 0, 30, 2), ("P0 == 4", 0, 60, 4)]
    assert not named["selectSum"]["cases"], "a sum of two registers is no base with an offset, even where no processor has the instruction"


def test_the_sign_is_extended_in_a_register_for_the_widths_of_patterns_alone(egret: Description, llvm_source: Path) -> None:
    """SXB extends a byte, and nothing a word, where registers have 32 bits."""
    wide = on_subtarget(egret, attrs="+wide")
    actions = "".join(values(wide, find_facts(wide), Interface([llvm_source / "llvm/include"]), "egret")["actions"])
    assert "ISD::SIGN_EXTEND_INREG, MVT::i16, Expand" in actions and "ISD::SIGN_EXTEND_INREG, MVT::i8" not in actions


def test_a_type_of_the_target_s_own_that_a_fragment_names_is_declared(egret: Description) -> None:
    code = "EgretCC::Code Of = codeOf(N); Egret::Kind K = kind(); ISD::CondCode CC = get(); return number(Of);"
    asked = replace(egret, fragments=(*egret.fragments, Fragment("Code", code, (), "")))
    assert named_types(asked) == [("Egret", "Kind"), ("EgretCC", "Code")]


def test_a_condition_may_call_the_field_of_a_feature(llvm_source: Path) -> None:
    """As AVR's HasSmallStack: one name cannot be a member and a method, so the member can be called."""
    tern = described(ROOT / "targets/Tern/Tern.td", llvm_source)
    feature = SubtargetFeature("FeatureSmall", "small", "HasSmall", "true", "", ())
    changed = replace(tern, features=(*tern.features, feature), predicates=tern.predicates | {"Small": "Subtarget->HasSmall()"})
    interface = Interface([Path("/usr/lib/llvm-19/include")])
    own, plain = (archetypes(d, interface, "tern").printed["TernSubtarget.h"] for d in (changed, tern))
    assert "CalledFeature HasSmall = false;" in own and "bool hasSmall() const { return HasSmall; }" in own
    assert "bool HasSmall" not in own and "CalledFeature" not in plain
