"""Ranking of records for a role: what is learnt, where it supplies a fact, and that the shipped weights saw no test target."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest
from conftest import ROOT

from vega_gen import resources
from vega_gen.corpus import held_out_folders
from vega_gen.cxx import parse_file
from vega_gen.facts import find_facts
from vega_gen.facts.measured import confidence, of, shares_right
from vega_gen.facts.ranking import RoleExample, learn, parts, probabilities, ranked
from vega_gen.facts.role_examples import role_examples
from vega_gen.facts.role_shapes import shaped
from vega_gen.facts.used import records_used
from vega_gen.facts.view import TargetView
from vega_gen.facts.words import RecordWords
from vega_gen.records import Description, Evidence, GivenFact
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent
JUMP = "instruction.jump"


@pytest.fixture
def jay(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Description:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    text = (TESTS / "inputs/Jay.td").read_text()
    added = """
    def place : Operand<OtherVT> { let OperandType = "OPERAND_PCREL"; }
    def HOP : I<13, (outs), (ins place:$n), "hop $n">;
    def WATCH : I<14, (outs), (ins place:$n), "watch $n"> { let hasSideEffects = 1; }
    """
    td = tmp_path / "Jay.td"
    td.write_text(text.replace("def JayInstrInfo", added + "def JayInstrInfo"))
    return describe(td, folder="Jay", llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


def example(right: str) -> RoleExample:
    words = (("mn:hop", "nm:hop", "op0:t"), ("mn:watch", "op0:t", "is:hasSideEffects"))
    return RoleExample("Other", JUMP, ("A", "B"), (right == "A", right == "B"), words)


def test_learning_makes_the_right_record_likely_and_is_the_same_twice() -> None:
    weights = learn([example("A")] * 30)
    likely = probabilities(weights, JUMP, example("A").words)
    assert sum(likely) == pytest.approx(1) and likely[0] > 0.9
    assert learn([example("A")] * 30) == weights
    assert probabilities(learn([example("B")] * 30), JUMP, example("B").words)[1] > 0.9


def test_parts_share_what_keys_have_in_common() -> None:
    assert parts("instruction.load.8.zext") == ("instruction.load", "instruction.load.8", "instruction.load.8.zext")
    assert parts("instruction.copy.GR") == ("instruction.copy",)
    assert parts("instruction.add_immediate") == ("instruction.add_immediate", "instruction.immediate")


def test_ranking_supplies_a_fact_only_where_the_rules_find_none(jay: Description) -> None:
    weights = learn([example("A")] * 30)
    assert find_facts(jay, weights={}).jump is None
    fact = find_facts(jay, weights=weights).records[JUMP]
    assert fact.value.split()[0] == "HOP" and fact.evidence is Evidence.DONOR
    assert {a.value.split()[0] for a in fact.alternatives} == {"NOP", "WATCH"}
    given = {JUMP: GivenFact(JUMP, "WATCH target")}
    assert find_facts(jay, given, weights).records[JUMP].evidence is Evidence.PERSON
    assert find_facts(jay, weights=weights).records["instruction.add_immediate"].evidence is Evidence.PATTERN
    assert not list(ranked(TargetView(jay), "instruction.constant", weights)), "of numbers it is wrong too often"


def test_shapes_tell_a_base_from_a_value(jay: Description) -> None:
    stores = {op.record: op.roles for op in shaped(TargetView(jay), "instruction.store.32")}
    assert {name: [str(r) for r in roles] for name, roles in stores.items()} == {n: ["src", "base", "imm"] for n in ("SB", "SW")}
    assert {op.record for op in shaped(TargetView(jay), JUMP)} >= {"HOP", "WATCH"}


def test_an_example_of_a_pattern_hides_patterns(jay: Description) -> None:
    code = "Register JayRegisterInfo::getFrameRegister() const { return Jay::R12; }"
    v = TargetView(jay)
    found = {e.key: e for e in role_examples(v, records_used(jay, [parse_file(code.encode(), "Jay", "Jay.cpp")]))}
    frame = found["register.frame_pointer"]
    assert [r for r, right in zip(frame.records, frame.right, strict=True) if right] == ["R12"]
    adds = found["instruction.add"]
    assert adds.right[adds.records.index("ADD")]
    assert not any(word.startswith(("pat:", "root:")) for words in adds.words for word in words)
    assert any(word.startswith("root:add") for word in RecordWords(v).of("ADD"))


def test_the_shipped_weights_saw_no_test_target() -> None:
    told = orjson.loads((ROOT / "targets/ranking.json").read_bytes())
    tested = held_out_folders(resources.settings("training")["held-out"])
    assert told["learnt"] and not set(told["learnt"]) & tested
    assert set(told["held_out"]) <= tested
    assert {name.split(" ")[0].split(".")[0] for name in told["weights"]} == {"instruction", "register"}


def test_a_few_judged_facts_move_the_expected_share_a_little() -> None:
    shares = shares_right([("register.zero", Evidence.NAME, False)] * 8 + [("instruction.load.8", Evidence.NAME, True)])
    assert of(shares, "register.zero", Evidence.NAME) < of(shares, "register.scratch", Evidence.NAME) < 0.6
    assert of(shares, "register.zero", Evidence.PERSON) == 1.0
    assert confidence("register.stack_pointer", Evidence.IMPLICIT) > confidence("register.frame_pointer", Evidence.DEFAULT)
