"""Facts: chosen among candidates, recorded with evidence and alternatives, overridden by what a person gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given as given_
from hypothesis import strategies as st
from simulated import described
from typer.testing import CliRunner

from vega_gen.archetypes.doubtful import without_notes
from vega_gen.archetypes.files import archetypes
from vega_gen.cli.main import app
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.facts_file import facts_text, is_untouched, read_facts, with_given
from vega_gen.facts.keys import KEYS, PART, FactKind, key_of, nearest_key
from vega_gen.facts.measured import confidence
from vega_gen.records import CallingConvention, Description, Evidence, Fact, GivenFact, RegisterClass

TESTS = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/rook/Rook.td", llvm_source)


def given(key: str, value: str) -> dict[str, GivenFact]:
    return {key: GivenFact(key, value, "Rook.facts.toml:3:1")}


def test_a_fact_has_its_evidence_and_alternatives(rook: Description) -> None:
    records = find_facts(rook).records
    pointer = records["register.stack_pointer"]
    assert (pointer.value, pointer.evidence) == ("R2", Evidence.IMPLICIT)
    frame = records["register.frame_pointer"]
    measured = confidence("register.frame_pointer", Evidence.DEFAULT)
    assert (frame.value, frame.evidence, frame.confidence) == ("R31", Evidence.DEFAULT, measured) and measured < 0.9
    assert {a.value for a in frame.alternatives} >= {"R30"} and frame.value not in {a.value for a in frame.alternatives}
    assert records["instruction.add_immediate"].value == "ADDI dst src imm"


def test_what_a_person_gives_wins(rook: Description) -> None:
    found = find_facts(rook, given=given("register.frame_pointer", "R20"))
    fact = found.records["register.frame_pointer"]
    assert found.fp == "R20" and "fp" not in found.doubts
    assert (fact.evidence, fact.reason, fact.confidence) == (Evidence.PERSON, "given in Rook.facts.toml:3:1", 1.0)
    assert fact.alternatives[0].value == "R31"
    assert find_facts(rook, given=given("instruction.subtract", "")).subtract is None
    moved = find_facts(rook, given=given("register.stack_pointer", "R9"))
    assert moved.sp == "R9" and {"R9", "R2"} <= {*moved.reserved}, "the pseudos of call frames still read R2"
    assert [a.value for a in moved.records["register.stack_pointer"].alternatives] == ["R2"]
    swapped = find_facts(rook, given=given("instruction.add", "ADD dst src2 src")).add
    assert swapped is not None and swapped.roles == ("dst", "src2", "src")


@pytest.mark.parametrize(
    ("key", "value", "what", "advice"),
    [
        ("register.stack_ponter", "R2", "no fact is called register.stack_ponter", "register.stack_pointer"),
        ("register.stack_pointer", "R99", "the .td has no register R99", "R9"),
        ("instruction.add", "ADDX dst src src2", "the .td has no instruction ADDX", "ADD"),
        ("instruction.add", "ADD dst src", "ADD has 3 operands, and instruction.add gives 2", "in this order"),
        ("instruction.add", "ADD dst src scr2", "'scr2' is neither a role nor a value", "src2"),
        ("instruction.add", "ADD dst src imm", "is a register, and imm is none", "another role"),
        ("instruction.add_immediate", "ADDI src dst imm", "is defined, which src is not", "another role"),
        ("instruction.add", "ADD dst src src", "two operands of ADD are src", "one operand"),
        ("class.pointer", "GRP", "the .td has no register class GRP", "GPR"),
        ("registers.arguments", "R3 R4 Q5", "the .td has no register Q5", ""),
        ("instruction.copy.GRP", "ADD dst src R0", "the .td has no register class GRP", "GPR"),
        ("instruction.load.64", "LW dst base imm", "nothing asks for instruction.load.64 of this target", "delete"),
        ("delay_slots", "one", "delay_slots is a number", ""),
        ("delay_slots", "2", "delay_slots is 0 or 1, not '2'", "delay_slots = 1"),
        ("stack.alignment", "12", "stack.alignment is a power of two, not '12'", "16"),
        ("byte_order", "middle", "byte_order is little or big", 'byte_order = "big"'),
    ],
)
def test_a_line_that_contradicts_the_td_is_an_error_at_its_place(rook: Description, key: str, value: str, what: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        find_facts(rook, given=given(key, value))
    assert what in caught.value.what and advice in caught.value.next_step and caught.value.where == "Rook.facts.toml:3:1"


def test_a_person_says_the_byte_order(rook: Description) -> None:
    assert not find_facts(rook).big_endian and find_facts(rook).records["byte_order"].evidence is Evidence.DEFAULT
    assert find_facts(rook, given=given("byte_order", "big")).big_endian
    printed = archetypes(replace(rook, given=given("byte_order", "big")), Interface([Path("/usr/lib/llvm-19/include")]), "rook").printed
    assert "IsLittleEndian = false;" in printed["MCTargetDesc/RookMCAsmInfo.cpp"]


def test_a_person_says_how_the_stack_is_aligned(rook: Description) -> None:
    assert find_facts(rook).stack_alignment == 8 and find_facts(rook).records["stack.alignment"].evidence is Evidence.DEFAULT
    vectors = CallingConvention("CC_V", (), ((16, 16), (64, 64)), (), callee_saved=False)
    by_vectors = replace(rook, calling_conventions=(*rook.calling_conventions, vectors))
    wider = find_facts(by_vectors)
    assert wider.stack_alignment == 16 and wider.records["stack.alignment"].evidence is Evidence.CONVENTION
    llvm = Interface([Path("/usr/lib/llvm-19/include")])
    printed = archetypes(replace(rook, given=given("stack.alignment", "32")), llvm, "rook").printed
    assert "Align(32)" in without_notes(printed["RookFrameLowering.cpp"]) and "-S256" in printed["RookTargetMachine.cpp"]


def test_a_place_of_two_words_on_the_stack_says_how_such_numbers_are_aligned(rook: Description) -> None:
    plain = find_facts(rook)
    assert plain.wide_alignment == 4 and plain.records["alignment.wide"].evidence is Evidence.DEFAULT
    placed = tuple(replace(c, stack=(*c.stack, (8, 8))) if c.name == plain.cc else c for c in rook.calling_conventions)
    told = find_facts(replace(rook, calling_conventions=placed))
    assert told.wide_alignment == 8 and told.records["alignment.wide"].evidence is Evidence.CONVENTION
    llvm = Interface([Path("/usr/lib/llvm-19/include")])
    printed = archetypes(replace(rook, given=given("alignment.wide", "8")), llvm, "rook").printed
    assert "i64:64" in printed["RookTargetMachine.cpp"] and "alignVariableArgument" in printed["RookISelLowering.cpp"]
    assert "alignVariableArgument" not in archetypes(rook, llvm, "rook").printed["RookISelLowering.cpp"]


@pytest.mark.parametrize(("bits", "expected"), [((64,), 8), ((64, 32), 4), ((32,), 4), ((), 4)])
def test_registers_for_doubles_say_how_numbers_of_two_words_are_aligned(rook: Description, bits: tuple[int, ...], expected: int) -> None:
    classes = [RegisterClass(f"FPR{n}", "Rook", ("f64",), 64, n, (), allocatable=True) for n in bits]
    assert find_facts(replace(rook, register_classes=(*rook.register_classes, *classes))).wide_alignment == expected


def test_a_person_says_whether_there_is_a_delay_slot(rook: Description) -> None:
    plain = find_facts(rook)
    assert not plain.delayed and plain.records["delay_slots"].value == "0"
    flags = [i.flags | {"hasDelaySlot"} if i.name == "BEQ" else i.flags for i in rook.instructions]
    flagged = replace(rook, instructions=tuple(replace(i, flags=f) for i, f in zip(rook.instructions, flags, strict=True)))
    assert find_facts(flagged).delayed == {"BEQ"} and not find_facts(flagged, given=given("delay_slots", "0")).delayed
    delayed = find_facts(rook, given=given("delay_slots", "1")).delayed
    assert {"BEQ", "BNE"} < delayed and "ADD" not in delayed, "where no instruction is flagged, all that leave have one"
    printed = archetypes(replace(rook, given=given("delay_slots", "1")), Interface([Path("/usr/lib/llvm-19/include")]), "rook").printed
    assert "if (MI->isBranch() || MI->isCall() || MI->isReturn())" in printed["RookAsmPrinter.cpp"]


def test_a_person_says_which_registers_are_reserved(rook: Description) -> None:
    found = find_facts(rook, given=given("registers.reserved", "R7 R8"))
    assert found.reserved[:2] == ("R7", "R8") and {found.sp, found.zero} <= {*found.reserved}, "no program runs without these"
    assert find_facts(rook).records["registers.reserved"].evidence is Evidence.DERIVED


def test_an_operand_may_be_fixed(rook: Description) -> None:
    made = find_facts(rook, given=given("instruction.subtract", "SUB dst R0 src2")).subtract
    assert made is not None and made.fixed == ((1, "R0"),) and made.text == "SUB dst R0 src2"


def test_keys_with_parts_are_asked_about_just_those() -> None:
    load = key_of("instruction.load.8.zext")
    assert load is not None and load.question == "how to load 8 bits with zext"
    copy = key_of("instruction.copy.GPR")
    assert copy is not None and copy.question == "how to copy a register of GPR"
    assert key_of("instruction.load.x") is None and key_of("instruction.load.24") is not None
    assert nearest_key("instruction.load.16.sxt") == "instruction.load.16.sext"
    assert len({k.name for k in KEYS}) == len(KEYS)


# -------------------------------------------------------------------- the file


def named(words: st.SearchStrategy[str]) -> st.SearchStrategy[Fact]:
    """Facts with any key, and a value of its kind."""
    keys = st.sampled_from([PART.sub(lambda m: m[1].split("|")[0], key.name) for key in KEYS])
    reasons = st.text(max_size=20)

    def fact(key: str, value: str, number: int, reason: str, confidence: float) -> Fact:
        known = key_of(key)
        assert known is not None
        return Fact(key, str(number) if known.kind is FactKind.NUMBER else value, Evidence.NAME, reason, confidence)

    return st.builds(fact, keys, words, st.integers(0, 64), reasons, st.floats(0, 1))


@given_(st.lists(named(st.text("ABRabr_019", min_size=1)), min_size=1))
def test_what_is_written_is_read_back(facts: list[Fact]) -> None:
    records = {f.key: f for f in facts}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "T.facts.toml"
        path.write_text(facts_text(records, "T"), encoding="utf-8")
        found = read_facts(path)
        assert {key: line.value for key, line in found.items()} == {key: f.value for key, f in records.items()}
        lines = path.read_text(encoding="utf-8").split("\n")
        for key, line in found.items():
            number, column = (int(part) for part in line.place.removeprefix(f"{path}:").split(":"))
            assert key.endswith(lines[number - 1][column - 1 :].partition(" =")[0].strip(chr(34)))


def test_a_file_read_back_changes_nothing(rook: Description, tmp_path: Path) -> None:
    found = find_facts(rook)
    path = tmp_path / "Rook.facts.toml"
    path.write_text(facts_text(found.records, "Rook"), encoding="utf-8")
    again = find_facts(with_given(rook, path))
    assert {key: f.value for key, f in again.records.items()} == {key: f.value for key, f in found.records.items()}
    assert replace(again, records={}, doubts={}) == replace(found, records={}, doubts={})
    assert not again.doubts and all(f.evidence is Evidence.PERSON for f in again.records.values() if f.value)


def test_doubtful_facts_come_first_in_their_group(rook: Description) -> None:
    text = facts_text(find_facts(rook).records, "Rook")
    lines = [line for line in text.partition("[register]\n")[2].partition("\n[")[0].splitlines() if not line.startswith("#")]
    (frame,) = [line for line in lines if line.startswith("frame_pointer")]
    assert re.match(r'frame_pointer = "R31"  # default, 0\.\d+: no record names a frame pointer', frame)
    sure = [float(line.partition(", ")[2].partition(":")[0]) for line in lines]
    assert sure == sorted(sure) and len(sure) > 3


def test_a_changed_file_is_known(rook: Description) -> None:
    text = facts_text(find_facts(rook).records, "Rook")
    assert is_untouched(text) and not is_untouched(text.replace('"R31"', '"R30"', 1)) and not is_untouched("")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("[register]\nstack_pointer = R2\n", ":2:17", "not TOML"),
        ("[register]\nstack_pointer = true\n", ":2:1", "register.stack_pointer has a value that no fact has"),
        ('[register]\n\n  "stack_pointer" = 1.5\n', ":3:3", "register.stack_pointer has a value that no fact has"),
    ],
)
def test_a_file_that_is_wrong_is_an_error_at_its_place(tmp_path: Path, text: str, place: str, what: str) -> None:
    path = tmp_path / "T.facts.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_facts(path)
    assert caught.value.where == f"{path}{place}" and what in caught.value.what


def test_the_command_writes_the_file_and_keeps_a_changed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    td = TESTS / "inputs/rook/Rook.td"
    args = ["facts", "--td", str(td), "--llvm-version", "19"]
    first = CliRunner().invoke(app, [*args, "--json", "facts.json"])
    assert first.exit_code == 0 and "written: Rook.facts.toml" in first.stdout
    facts = orjson.loads(Path("facts.json").read_bytes())
    assert {f["key"]: f["value"] for f in facts}["register.frame_pointer"] == "R31"
    assert first.stdout.startswith(facts[0]["key"]) and facts[0]["confidence"] == min(f["confidence"] for f in facts if f["value"])
    assert CliRunner().invoke(app, args).exit_code == 0
    path = Path("Rook.facts.toml")
    path.write_text(path.read_text().replace('frame_pointer = "R31"', 'frame_pointer = "R20"'))
    kept = CliRunner().invoke(app, args)
    assert isinstance(kept.exception, InputError) and "changed by hand" in kept.exception.what
    taken = CliRunner().invoke(app, [*args, "--facts", "Rook.facts.toml", "--out", "Other.toml"])
    assert taken.exit_code == 0 and 'frame_pointer = "R20"  # person, 1.00' in Path("Other.toml").read_text()
