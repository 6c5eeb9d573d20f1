"""Fields that hold a code of a number: its place in a list, or what is left of a constant."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from vega_gen import tablegen
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.codings import Coding, Codings, read_coding
from vega_gen.facts.selections import Selections
from vega_gen.records import Description, GivenFact

PREFIX = Path("/usr/lib/llvm-19")


@pytest.fixture(scope="module")
def tern() -> Description:
    td = ROOT / "targets/Tern/Tern.td"
    return tablegen.describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")


def listing(d: Description, code: str) -> Description:
    return replace(d, fragments=tuple(replace(f, code=code) if f.name == "uimm5" else f for f in d.fragments))


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("x - 1", Coding(-1)),
        ("x + 3", Coding(3)),
        ("32 - x", Coding(32, negative=True)),
        ("-x", Coding(0, negative=True)),
        ("x", Coding()),
        ("1 + x", None),
        ("32", None),
    ],
)
def test_a_person_writes_a_sum_with_x(text: str, coding: Coding | None) -> None:
    assert read_coding(text) == coding


def test_numbers_stand_in_a_list_in_the_order_of_their_codes_if_there_are_as_many(tern: Description) -> None:
    numbers = [-1, *range(1, 30), 64, 128]
    cases = " ".join(f"case {n}:" for n in numbers)
    listed = listing(tern, f"switch (Imm) {{ {cases} return 1; default: return 0; }}")
    assert Codings(listed).of("uimm5", 5) == Coding(numbers=tuple(numbers))
    assert Codings(listed).of("uimm5", 6) is None
    assert Codings(tern).of("uimm5", 5) is None


def test_the_assembler_and_the_disassembler_know_the_code(tern: Description) -> None:
    given = replace(tern, given={"coding.uimm5": GivenFact("coding.uimm5", "32 - x", "")})
    cases = " ".join(f"case {n}:" for n in range(31, -1, -1))
    listed = listing(tern, f"switch (Imm) {{ {cases} return 1; default: return 0; }}")
    made = [archetypes(d, Interface([PREFIX / "include"]), "tern").files for d in (given, listed)]
    encoder, decoder = ([" ".join(one[path].split()) for one in made] for path in (
        "MCTargetDesc/TernMCCodeEmitter.cpp", "Disassembler/TernDisassembler.cpp",
    ))  # fmt: skip
    assert "return 32 - encode(MI, OpNo, Fixups);" in encoder[0]
    assert "createImm(32 - static_cast<int64_t>(Val))" in decoder[0]
    assert "return codeOf(MI, OpNo, {31, 30, 29," in encoder[1] and "static uint64_t codeOf(" in encoder[1]
    assert re.search(r"Numbers\[\] = ?\{ ?31, 30, 29,.*Numbers\[Val & 31\]", decoder[1])


def test_what_is_no_coding_is_an_error(tern: Description) -> None:
    with pytest.raises(InputError, match=r"coding\.uimm5 is no sum with x"):
        find_facts(tern, given={"coding.uimm5": GivenFact("coding.uimm5", "x * 2", "Tern.facts.toml:1:1")})


def test_a_frame_address_needs_no_immediate_of_0(tern: Description) -> None:
    changed = replace(tern, fragments=tuple(replace(f, code="isUInt<16>(Imm - 1)") if f.name == "simm16" else f for f in tern.fragments))
    printed = [archetypes(d, Interface([PREFIX / "include"]), "tern").printed["TernRegisterInfo.cpp"] for d in (changed, tern)]
    assert ["// 0 is no immediate of ADDI: the sum takes its place." in text for text in printed] == [True, False]


def test_a_name_says_in_how_many_bytes_a_distance_counts(tern: Description) -> None:
    named = tuple(replace(o, encoder_method="getTarget_scale2") if o.name == "brtarget" else o for o in tern.operand_classes)
    s = Selections(replace(tern, operand_classes=named))
    assert [s.scale(name, s.operands(name)[-1]) for name in ("BEQ", "CALL")] == [1, 2]
