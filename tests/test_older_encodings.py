"""A description from before LLVM 3.9: fields of operands by position, no Size, bits from the left, a prefix, comparisons in a register."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import Command
from conftest import ROOT

from llvm_integration.process import run
from vega_gen import tablegen
from vega_gen.archetypes.completion import completion
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.selections import Selections
from vega_gen.records import Description
from vega_gen.tablegen.older_encodings import SPACE

PREFIX = Path("/usr/lib/llvm-19")
PLOVER = Path(__file__).parent / "inputs/Plover.td"
FACTS = """
byte_order = "big"
[registers]
arguments = ["R5", "R6"]
reserved = ["R0", "R1", "R7", "R15"]
"""
PROGRAM = """\
@place = global i32 0
declare i32 @callee(i32, i32, i32)
define i32 @main(i32 %a, i32 %b) {
  %less = icmp ult i32 %a, %b
  br i1 %less, label %then, label %else
then:
  %big = add i32 %a, 305419896
  %read = load i32, ptr @place
  %called = call i32 @callee(i32 %big, i32 %read, i32 3)
  ret i32 %called
else:
  ret i32 %b
}
"""


def described(td: Path) -> Description:
    return tablegen.describe(td, folder=td.stem, llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")


@pytest.fixture(scope="module")
def plover() -> Description:
    return described(PLOVER)


def bits(d: Description, record: str) -> str:
    """The fixed bits of an instruction, with the first letter of its operands' names."""
    found = next(i for i in d.instructions if i.name == record)
    return "".join(bit[0] for bit in found.encoding)


def test_fields_stand_for_operands_by_position(plover: Description) -> None:
    assert bits(plover, "ADD") == "000001" + "d" * 5 + "b" * 5 + "c" * 5 + "0" * 11
    assert bits(plover, "RSUB") == "000101" + "d" * 5 + "c" * 5 + "b" * 5 + "0" * 11
    add = next(i for i in plover.instructions if i.name == "ADD")
    assert add.encoding[6] == "dst{4}", "the most significant bit first"
    assert (add.size, add.decoder_namespace) == (4, SPACE)
    s = Selections(plover)
    assert [s.places("LW", "addr"), s.field("LW", "addr")[0]] == [((16, 5), (0, 16)), (20, 20)], "the base above the offset"


def test_what_c_plus_plus_expands_has_no_encoding(plover: Description) -> None:
    pseudos = {i.name for i in plover.instructions if "isPseudo" in i.flags and not i.encoding}
    assert pseudos == {"DOWN", "UP", "Select_CC"}


def test_an_operand_without_bits_stands_where_others_of_its_type_do(plover: Description) -> None:
    assert bits(plover, "IMM") == "001000" + "?" * 10 + "i" * 16


def test_what_llvm_understands_is_left_alone() -> None:
    tern = described(ROOT / "targets/Tern/Tern.td")
    assert {i.decoder_namespace for i in tern.instructions} == {""}


def test_the_decoder_has_one_instruction_for_equal_bits(plover: Description) -> None:
    text = completion(plover, "", "").text
    assert "def : AdditionalEncoding<ADDI> { bits<32> Inst = {0, 0, 0, 1, 1, 1, ?, " in text
    assert "AdditionalEncoding<ADDF>" not in text


def test_calls_returns_and_comparisons_are_found_in_patterns(plover: Description) -> None:
    m = find_facts(plover)
    assert (m.ra, m.calls.node, m.calls.through) == ("R15", "PloverISD::CALL", "PloverISD::CALL")
    assert m.returns and m.returns.text == "RTS R15 4", "not the return from an exception"
    shown = {c: (pair.compare.text, pair.branch.text) for c, pair in m.comparisons[32].items()}
    assert shown["lt"] == ("CMP dst src2 src", "BLT flags target")
    assert shown["uge"] == ("CMPU dst src2 src", "BGE flags target")
    assert len(shown) == 10
    assert not m.sets, "only C++ of the target's own computes a truth value"


def test_a_prefix_has_the_upper_part_of_an_address(plover: Description) -> None:
    m = find_facts(plover)
    assert m.prefix and m.prefix.text == "IMM imm"
    kinds, users = fixups(plover, m)
    parts = {record: kinds[u.fixup].part for u in users for record in u.records}
    assert (parts["IMM"], parts["ADDI"]) == ("hi", "lo")


def test_the_plug_in_assembles_and_compiles(tmp_path: Path, command: Command) -> None:
    facts, program, assembly, out = (tmp_path / name for name in ("Plover.toml", "program.ll", "code.s", "out"))
    facts.write_text(FACTS)
    program.write_text(PROGRAM)
    assembly.write_text("add r3, r4, r5\nrsub r3, r4, r5\nlw r3, 8(r4)\nimm 18\nbge r3, 8\n")
    command("try", "--td", PLOVER, "--facts", facts, "--llvm-version", "19", "--out", out)
    wanted = [1 << 26 | 3 << 21 | 4 << 16 | 5 << 11, 5 << 26 | 3 << 21 | 4 << 16 | 5 << 11, 16 << 26 | 3 << 21 | 4 << 16 | 8,
              8 << 26 | 18, 34 << 26 | 5 << 21 | 3 << 16 | 8 // 4]  # fmt: skip  # a distance counts in instructions
    mc = str(out / "bin/llvm-mc")
    run([mc, "-triple=plover", "-filetype=obj", str(assembly), "-o", str(tmp_path / "code.o")], timeout=60).check()
    dumped = run([str(out / "bin/llvm-objdump"), "-d", "--triple=plover", str(tmp_path / "code.o")], timeout=60).check().stdout
    lines = re.findall(r"^ *[0-9a-f]+: ((?:[0-9a-f]{2} )+)\s*(.*)$", dumped, re.M)
    assert [int(code.replace(" ", ""), 16) for code, _ in lines] == wanted
    assert [said for _, said in lines] == ["add r3, r4, r5", "rsub r3, r4, r5", "lw r3, 8(r4)", "imm 18", "bge r3, 8"]
    text = run([str(out / "bin/llc"), "-march=plover", "-verify-machineinstrs", str(program), "-o", "-"], timeout=60).check().stdout
    code = [" ".join(line.partition("#")[0].split()) for line in text.splitlines()]
    assert code[code.index("imm %hi(place)") + 1].endswith(", r0, %lo(place)")
    assert code[code.index("imm 4660") + 1].endswith(", r0, 22136")
    assert any(line.startswith("cmpu ") and line.endswith(", r6, r5") for line in code), "the arguments in registers"
    assert "call r15, callee" in code and "rts r15, 4" in code
    assert "r7" not in text
