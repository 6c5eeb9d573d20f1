"""Patterns of instructions that only their mnemonics tell apart, and the jumps and modes of a .td without any pattern."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llvm_integration.plugin import host
from llvm_integration.process import run
from vega_gen.archetypes.completion import Completion, completion
from vega_gen.archetypes.legality import SetBranch, set_branches
from vega_gen.facts import find_facts
from vega_gen.facts.operations import OperandRole
from vega_gen.pipeline.completing import completed
from vega_gen.records import Description, Evidence, GivenFact
from vega_gen.tablegen import describe
from vega_gen.tablegen.subtargets import on_subtarget

INSTALLED = host("19")
INCLUDE = next(folder for folder in INSTALLED.include_dirs if (folder / "llvm/Target/Target.td").is_file())
SISKIN = Path(__file__).parent / "inputs/Siskin.td"


def described(td: Path) -> Description:
    d = describe(td, folder="Siskin", llvm_include=INCLUDE, tblgen=INSTALLED.llvm_tblgen, include_dirs=(SISKIN.parent,))
    return on_subtarget(d)


@pytest.fixture(scope="module")
def made() -> Completion:
    return completion(described(SISKIN), "", "")


@pytest.fixture(scope="module")
def td(made: Completion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return completed(SISKIN, "Siskin", made.text, tmp_path_factory.mktemp("siskin"))


def patterns(made: Completion) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for matched, record in re.findall(r"^def : Pat<\((.*)\), \((\w+).*\)>;$", made.text, re.MULTILINE):
        found.setdefault(record, set()).add(matched)
    return found


def test_mnemonics_say_what_patterns_select_arithmetic(made: Completion) -> None:
    found = patterns(made)
    assert found["ADDU"] == {"add GR:$a, GR:$b"}, "of two additions it takes the one that cannot trap"
    assert found["AND"] == {"and GR:$a, GR:$b"}
    assert found["SLTU"] == {"setult GR:$a, GR:$b"}
    assert found["NOT"] == {"not GR:$a"}
    assert found["ADDI"] == {"add GR:$a, simm8:$imm"}
    assert "ADD" not in found and "ADDC" not in found


def test_an_immediate_of_unknown_sign_has_the_numbers_that_are_alike_either_way(made: Completion) -> None:
    assert patterns(made)["ANDI"] == {"and GR:$a, UImm11Number:$imm"}
    assert "def UImm11Number : ImmLeaf<GR.RegTypes[0], [{ return isUInt<11>(Imm); }]>;" in made.text
    assert patterns(made)["SLLI"] == {"shl GR:$a, UImm5Number:$imm"}, "an amount has no sign"


def test_the_first_source_is_the_one_that_the_destination_is_tied_to(made: Completion) -> None:
    assert "def : Pat<(sub GR:$a, GR:$b), (SUB GR:$b, GR:$a)>;" in made.text


def test_what_a_pattern_of_the_td_says_is_not_contradicted(made: Completion) -> None:
    assert not {"OR", "IOR"} & patterns(made).keys()


def test_loads_and_stores_are_selected_by_their_address(made: Completion) -> None:
    found = patterns(made)
    assert found["LW"] == {"load Address_simm8:$address"}
    assert found["SW"] == {"store GR:$a, (Address_simm8 GR:$base, simm8:$offset)"}
    assert found["LB"] == {"extloadi8 Address_simm8:$address"}, "nothing says what lb puts above the byte"


def test_a_fact_from_a_person_goes_before_mnemonics() -> None:
    d = described(SISKIN)
    line = GivenFact("instruction.xor", "AND dst src src2", "Siskin.facts.toml:1")
    d.given[line.key] = line
    try:
        found = patterns(completion(d, "", ""))
    finally:
        del d.given[line.key]
    assert found["AND"] == {"and GR:$a, GR:$b", "xor GR:$a, GR:$b"} and "XOR" not in found


def test_a_completed_td_has_the_facts_and_they_still_rest_on_names(made: Completion, td: Path) -> None:
    d = made.mark(described(td))
    m = find_facts(d)
    assert m.add and m.add.record == "ADDU" and m.records["instruction.add"].evidence is Evidence.ASSEMBLY
    assert m.loads["ext", 8].record == "LB" and not {("sext", 8), ("zext", 8)} & m.loads.keys()
    assert m.records["instruction.load.32"].evidence is Evidence.ASSEMBLY
    assert m.records["instruction.or"].evidence is Evidence.PATTERN
    assert {"add", "and", "shl", "not", "extloadi8", "store"} <= m.legal
    more = made.extended(d)
    assert "(setne (i32 GR:$a), (i32 GR:$b)))" in more.text, "made of the patterns that were added first"
    again = "".join(line for line in completion(d, "", "").text.splitlines(True) if not line.startswith("// In the copy of"))  # of the .td
    assert again.strip() == more.text.removeprefix(made.text).strip(), "nothing else is lacking"


def test_a_jump_that_is_a_call_ends_a_block_as_a_pseudo_instruction(made: Completion, td: Path) -> None:
    d = made.mark(described(td))
    m = find_facts(d)
    flags = {i.name: i.flags for i in d.instructions}
    assert m.jump and m.jump_register and m.returns
    assert {"isTerminator", "isBarrier", "isBranch"} <= flags[m.jump.record] and {"isTerminator"} <= flags[m.jump_register.record]
    assert m.returns.record == "JALR" and m.returns.value(m.jump_register.index(OperandRole.SRC) + 1) == "RA"


def test_a_mode_without_a_condition_gets_its_feature(made: Completion, td: Path) -> None:
    assert 'def FeatureWide : SubtargetFeature<"wide", "HasWide", "true", "Wide">;' in made.text
    argv = [str(INSTALLED.llvm_tblgen), f"-I{td.parent}", f"-I{INCLUDE}", "-gen-dag-isel", str(td)]
    tables = run(argv, timeout=60).check().stdout
    assert 'checkFeatures("+wide")' in tables and "!()" not in tables


def test_a_condition_that_no_branch_tests_is_branched_on_where_it_is_computed(made: Completion, td: Path) -> None:
    m = find_facts(made.mark(described(td)))
    how = {"lt": (False, True), "gt": (True, True), "ge": (False, False), "le": (True, False)}
    assert set(set_branches(m)) == {SetBranch(f"{u}{c}", f"{u}lt", *told) for u in ("", "u") for c, told in how.items()}
