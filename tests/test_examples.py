"""Training examples: aligning a function with a template of which it is not a member, slots as examples, and their shards."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import tiny_llvm
from commands import Command
from invented import KINDS, MASKERS, NEW, copies, function, new_target
from test_fill import EQUAL, request

from vega_gen.errors import InputError
from vega_gen.fill.examples import examples, labelled, ranked_variants
from vega_gen.function_template import place
from vega_gen.model.data import read_shards
from vega_gen.records import ABSENT, OTHER, Function, FunctionExample, SlotExample

# The three donors' copyPhysReg, as a fourth target might have it: no kill flag, another flag in addReg, a line of its own.
OWN = """
void @InstrInfo::copyPhysReg(Block &MBB, unsigned To, unsigned From, bool Kill) const {
  unsigned Which = @::MOVrr;
  BuildMI(MBB, get(Which), To).addReg(From, 8);
  note(To, From, Which);
}
"""


def placed_lines(own: Function) -> tuple[dict[str, str], list[str]]:
    found = place(copies(), own, MASKERS[NEW], KINDS[NEW], lambda f: {}, lambda f, record: {})
    return {slot: " ".join(map(str, line.head)) for slot, line in found.lines.items()}, [" ".join(map(str, x.head)) for x in found.unplaced]


def labels() -> tuple[FunctionExample, tuple[SlotExample, ...]]:
    asked = request(copies(), new_target())
    found = place(asked.template, function(NEW, OWN), MASKERS[NEW], KINDS[NEW], lambda f: {}, lambda f, record: {})
    shapes = {s.id: [lines[0].shape for lines in ranked_variants(s, EQUAL)] for s in asked.template.walk()}
    return labelled(*examples(asked), found, shapes)


def test_a_function_is_placed_under_the_template_s_names() -> None:
    lines, unplaced = placed_lines(function(NEW, OWN))
    assert lines == {
        "0": "unsigned $l0 = ‹opcode› ;",
        "2": "BuildMI ( $p0 , get ( $l0 ) , $p1 ) . addReg ( $p2 , ‹integer› ) ;",
    }
    assert unplaced == ["note ( $p1 , $p2 , $l0 ) ;"]


def test_placing_leaves_the_template_as_it_was() -> None:
    made = copies()
    before = [(s.id, sorted(s.lines)) for s in made.walk()]
    place(made, function(NEW, OWN), MASKERS[NEW], KINDS[NEW], lambda f: {}, lambda f, record: {})
    assert [(s.id, sorted(s.lines)) for s in made.walk()] == before


def test_a_member_placed_in_its_own_template_fills_the_slots_it_has() -> None:
    made = copies()
    for i, member in enumerate(made.members):
        found = place(made, member, MASKERS[member.target], KINDS[member.target], lambda f: {}, lambda f, record: {})
        assert found.unplaced == ()
        assert {slot: line.shape for slot, line in found.lines.items()} == {s.id: s.lines[i].shape for s in made.walk() if i in s.lines}


def test_the_answers() -> None:
    asked, slots = labels()
    assert {s.id: s.answer for s in slots} == {"0": 0, "1": ABSENT, "1.0": ABSENT, "2": 0, "3": ABSENT}
    assert [hole.answer for hole in slots[0].variants[0].holes] == [0]
    literal = slots[3].variants[0].holes[0]
    assert (literal.names, literal.answer) == (("4", "8"), 1)
    assert [" ".join(text) for text in asked.unplaced] == ["note ( $p1 , $p2 , $l0 ) ;"]
    assert " ".join(slots[3].text) == "BuildMI ( $p0 , get ( $l0 ) , $p1 ) . addReg ( $p2 , ‹integer› ) ;"


def test_a_statement_that_no_variant_has_is_another() -> None:
    asked = request(copies(), new_target())
    own = function(NEW, OWN.replace("From, 8)", "From, 8, Kill)"))
    found = place(asked.template, own, MASKERS[NEW], KINDS[NEW], lambda f: {}, lambda f, record: {})
    shapes = {s.id: [lines[0].shape for lines in ranked_variants(s, EQUAL)] for s in asked.template.walk()}
    assert {s.id: s.answer for s in labelled(*examples(asked), found, shapes)[1]}["2"] == OTHER


def test_what_a_slot_offers() -> None:
    _, slots = examples(request(copies(), new_target()))
    assert [(s.id, s.parent, s.members) for s in slots] == [
        ("0", "", (0, 1, 2)), ("1", "", (0, 2)), ("1.0", "1", (0, 2)), ("2", "", (0, 1, 2)), ("3", "", (2,)),
    ]  # fmt: skip
    hole = slots[0].variants[0].holes[0]
    assert (hole.kind, hole.names, hole.donors) == ("opcode", ("Ddd::MOVrr",), ("Aaa::MOVrr", "Bbb::MOVrr", "Ccc::MOVrr"))
    assert hole.votes == (pytest.approx(1.0),)


def test_shards_are_read_as_they_were_written(tmp_path: Path) -> None:
    asked, slots = labels()
    (tmp_path / "f.jsonl").write_bytes(orjson.dumps(asked) + b"\n")
    (tmp_path / "s.jsonl").write_bytes(b"".join(orjson.dumps(s) + b"\n" for s in slots))
    assert list(read_shards(tmp_path / "f.jsonl", tmp_path / "s.jsonl")) == [(asked, slots)]


def test_a_line_that_is_no_example_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_bytes(b"")
    (tmp_path / "s.jsonl").write_bytes(orjson.dumps(labels()[1][0]) + b'\n{"function": 0}\n')
    with pytest.raises(InputError) as caught:
        list(read_shards(tmp_path / "f.jsonl", tmp_path / "s.jsonl"))
    assert caught.value.where == f"{tmp_path / 's.jsonl'}:2"


def test_a_model_is_trained_from_a_checkout_and_fills_a_function_of_a_target_it_has_not_seen(
    tiny: Path, command: Command, tmp_path: Path
) -> None:
    words = ("--llvm", tiny, "--out", tmp_path / "model", "--work", tmp_path / "work", "--hold-out", "Neu", "--validate", "Ccc")
    said = command("train", *words, "--epochs", 2, "--jobs", 1)
    assert said.status == 0, said.err
    assert "trained on 2 targets, validated on Ccc" in said.out
    manifest = orjson.loads((tmp_path / "model/manifest.json").read_bytes())
    assert (manifest["targets"], manifest["validated_on"], manifest["held_out"]) == (["Aaa", "Bbb"], ["Ccc"], ["Neu"])
    assert len(manifest["curve"]) == 2
    assert "<svg" in (tmp_path / "model/curve.svg").read_text()
    shards = sorted((tmp_path / "work/examples").glob("*-functions.jsonl"))
    assert [p.name.split("-")[0] for p in shards] == ["Aaa", "Bbb", "Ccc"]
    # Aaa's examples come from a template without Aaa, and without what is validated on.
    first = orjson.loads(shards[0].read_bytes().splitlines()[0])
    assert {target for target, _ in first["members"]} == {"Bbb"}
    assert (first["target"], first["file"][:3], first["mode"]) == ("Aaa", "Aaa", "desc")

    new = tiny_llvm.put(tmp_path / "isa/Neu.td", tiny_llvm.toy_td("Neu"))
    fill = ("fill", "--td", new, "--llvm", tiny, "--function", "InstrInfo::copyPhysReg", "--filler", "edit")
    filled = command(*fill, "--checkpoint", tmp_path / "model")
    assert filled.status == 0, filled.err
    assert "NeuInstrInfo::copyPhysReg" in filled.out
    refused = command("fill", "--td", tiny / "llvm/lib/Target/Aaa/Aaa.td", *fill[3:], "--checkpoint", tmp_path / "model")
    assert (refused.status, "Aaa" in refused.err, "has learnt" in refused.err) == (2, True, True)


def test_targets_of_a_further_checkout_are_donors_and_learnt_too(tiny: Path, llvm_source: Path, command: Command, tmp_path: Path) -> None:
    other = tiny_llvm.make(tmp_path / "other", llvm_source, ("Eee", "Ccc"))
    words = ("--llvm", tiny, "--corpus", other, "--out", tmp_path / "model", "--work", tmp_path / "work")
    said = command("train", *words, "--hold-out", "Neu", "--validate", "Ccc", "--epochs", 1, "--jobs", 1)
    assert said.status == 0, said.err
    manifest = orjson.loads((tmp_path / "model/manifest.json").read_bytes())
    assert manifest["targets"] == ["Aaa", "Bbb", "Eee"]
    shards = {p.name.split("-")[0]: p for p in (tmp_path / "work/examples").glob("*-functions.jsonl")}
    donors = {name: {t for line in p.read_bytes().splitlines() for t, _ in orjson.loads(line)["members"]} for name, p in shards.items()}
    assert donors["Aaa"] == {"Bbb", "Eee"}, "Ccc is validated on, in whichever checkout"
    assert donors["Eee"] == {"Aaa", "Bbb"}
    assert {name for name in donors if name.startswith("Ccc")} == {"Ccc", "Ccc@other"}


def test_what_is_held_out_cannot_be_learnt(tiny: Path, command: Command, tmp_path: Path) -> None:
    said = command("train", "--llvm", tiny, "--out", tmp_path / "m", "--learn", "Aaa", "--validate", "Bbb", "--hold-out", "Aaa")
    assert said.status == 2
    assert "Aaa" in said.err
    assert not (tmp_path / "m").exists()
