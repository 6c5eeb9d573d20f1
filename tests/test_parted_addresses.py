"""Addresses of more parts than a base and an offset, integers that only parts of registers hold, and a target without encodings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from test_archetypes import cache as cache
from test_archetypes import described

from llvm_integration.plugin import host
from llvm_integration.process import run
from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.conditions import condition_said
from vega_gen.facts.named import Computed
from vega_gen.facts.view import encoded
from vega_gen.pipeline.completing import completed
from vega_gen.records import Description, GivenFact

LINNET = Path(__file__).parent / "inputs/Linnet.td"
PARTS = {"parts.mem": "base 1 none offset"}


def told(d: Description, lines: Mapping[str, str]) -> Description:
    return replace(d, given={key: GivenFact(key, value, "Linnet.facts.toml:1:1") for key, value in lines.items()})


@pytest.fixture(scope="module")
def plain(llvm_source: Path) -> Description:
    return described(LINNET, "Linnet", llvm_source)


@pytest.fixture(scope="module")
def linnet(plain: Description) -> Description:
    return told(plain, PARTS)


def test_parts_of_an_address_have_the_values_that_a_person_gives_in_all_operands_like_it(linnet: Description) -> None:
    m = find_facts(linnet)
    assert m.loads["", 32].text == "LD dst base 1 zero_reg imm"
    assert m.stores[32].text == "ST base 1 zero_reg imm src"


def test_without_them_no_load_at_such_an_address_is_known_and_none_that_counts_from_the_code(plain: Description) -> None:
    assert not find_facts(plain).loads


def test_values_that_do_not_fit_the_parts_are_an_error_at_their_place(plain: Description) -> None:
    for wrong in ("base 1", "base 1 none elsewhere"):
        with pytest.raises(InputError, match="does not say what the 4 parts of mem are"):
            find_facts(told(plain, {"parts.mem": wrong}))


def test_the_selector_of_an_address_fills_in_the_values(linnet: Description, llvm_source: Path) -> None:
    files = archetypes(linnet, Interface([llvm_source / "llvm/include"])).files
    selector = files["LinnetISelDAGToDAG.cpp"].partition("::selectAddr(")[2].partition("\n}")[0]
    assert "Op1 = CurDAG->getTargetConstant(1, " in selector and "Op2 = CurDAG->getRegister(0, " in selector
    assert "splitAddress(N, Op0, Op3, " in selector
    assert "return false;" in files["LinnetISelDAGToDAG.cpp"].partition("::selectNearby(")[2].partition("\n}")[0]


def test_parts_of_registers_are_loaded_by_a_pattern_and_stored_by_a_pseudo_instruction(
    linnet: Description, llvm_source: Path, tmp_path: Path
) -> None:
    made = completion(linnet, "", "")
    assert "(i32 (extloadi16 addr:$address)), (INSERT_SUBREG (i32 (IMPLICIT_DEF)), (LDH addr:$address), sub_half)" in made.text
    assert "(ins mem16:$address, Low:$value)" in made.text and "extloadi8" not in made.text
    td = completed(LINNET, "Linnet", made.text, tmp_path)
    include = next(folder for folder in host("19").include_dirs if (folder / "llvm/Target/Target.td").is_file())
    argv = [str(host("19").llvm_tblgen), "-gen-dag-isel", f"-I{include}", f"-I{tmp_path}", f"-I{LINNET.parent}", str(td)]
    assert "STORE_PART_i16" in run(argv).check().stdout
    d = told(made.mark(described(td, "Linnet", llvm_source)), PARTS)
    assert {"extloadi16", "truncstorei16"} <= find_facts(d).legal
    lowering = archetypes(d, Interface([llvm_source / "llvm/include"])).files["LinnetISelLowering.cpp"]
    inserter = lowering.partition("case Linnet::STORE_PART_i16:")[2].partition(";")[0]
    assert " ".join(inserter.split()) == "return storePart(MI, MBB, Linnet::STH, Linnet::sub_half, 4, *STI.getInstrInfo())"
    assert "case MVT::i16:\n    return &Linnet::HRRegClass;" in lowering.partition("::getRegClassFor(")[2]


def test_a_comparison_is_that_which_a_person_gives_with_its_operands_the_other_way(linnet: Description) -> None:
    compared = {c: (t.compare.text, t.branch.record) for c, t in find_facts(linnet).comparisons[32].items()}
    assert compared["lt"] == ("CMP src src2", "Blt") and compared["ule"] == ("CMP src src2", "Bls")
    given = told(linnet, PARTS | {"instruction.compare": "CMP src2 src"})
    assert find_facts(given).comparisons[32]["lt"].compare.text == "CMP src2 src"


def test_the_last_letter_of_a_branch_may_be_of_its_condition_or_a_size() -> None:
    words = {"bls": "ule", "blt": "lt", "bcs": "ult", "jnz": "ne", "beq.s": "eq", "bl.w": "lt", "jles": "le"}
    assert {word: condition_said(word) for word in words} == words


def test_a_return_from_an_exception_is_not_the_usual_return(linnet: Description) -> None:
    m = find_facts(linnet)
    assert m.returns is not None and m.returns.record == "RTS"


def test_an_instruction_on_a_narrower_number_is_none_of_the_whole_register(linnet: Description) -> None:
    assert Computed("mul", immediate=True) not in find_facts(linnet).computed


def test_the_sign_is_extended_only_in_registers_that_hold_an_address(linnet: Description) -> None:
    assert "sext_inregi8" not in find_facts(linnet).legal


def test_what_an_alias_stands_for_is_real_without_encodings(linnet: Description) -> None:
    assert {i.name: encoded(i) for i in linnet.instructions if i.name in ("TRUE", "UNREAL")} == {"TRUE": True, "UNREAL": False}


def test_the_module_is_included_where_a_convention_asks_it(linnet: Description, llvm_source: Path) -> None:
    llvm = Interface([llvm_source / "llvm/include"])
    others = tuple(replace(c, asks_module=False) for c in linnet.calling_conventions)
    for has, d in ((True, linnet), (False, replace(linnet, calling_conventions=others))):
        assert ('#include "llvm/IR/Module.h"' in archetypes(d, llvm).files["LinnetISelLowering.cpp"]) is has


def test_a_part_of_a_register_is_reserved_without_the_whole(linnet: Description, llvm_source: Path) -> None:
    given = told(linnet, PARTS | {"registers.reserved": "SP R4 H2"})
    registers = archetypes(given, Interface([llvm_source / "llvm/include"])).files["LinnetRegisterInfo.cpp"]
    reserved = registers.partition("::getReservedRegs(")[2].partition("\n}")[0]
    assert "Reserve(Linnet::R4);" in reserved and "subregs_inclusive(Linnet::H2)" in reserved and "Reserve(Linnet::H2)" not in reserved
