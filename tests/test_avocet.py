"""A description as before LLVM 3 (tests/inputs/Avocet.td): what it leaves to C++ is found, completed or left out, and its programs run."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from commands import Command
from commands import command as command
from commands import kept_cache as kept_cache

from vega_gen.archetypes.completion import completion
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.records import Description, Evidence, GivenFact
from vega_gen.tablegen import describe

AVOCET = Path(__file__).parent / "inputs/Avocet.td"
TARGET_TD = Path("/usr/lib/llvm-19/include/llvm/Target/Target.td")


@pytest.fixture(scope="module")
def avocet() -> Description:
    return described(AVOCET)


def described(td: Path, **given: str) -> Description:
    include, program = TARGET_TD.parents[2], TARGET_TD.parents[3] / "bin/llvm-tblgen"
    d = describe(td, folder="Avocet", llvm_include=include, tblgen=program, include_dirs=(td.parent,))
    lines = {key.replace("__", "."): value for key, value in given.items()}
    d.given.update({key: GivenFact(key, value, f"{td}:1") for key, value in lines.items()})
    return d


def test_calls_say_which_registers_they_keep(avocet: Description) -> None:
    m = find_facts(avocet)
    assert set(m.saved) == {"R8", "R9", "R10", "R11"}
    assert m.records["registers.callee_saved"].evidence is Evidence.IMPLICIT
    assert {"R12", "R13", "R14", "R15"} <= set(m.reserved), "what a call reads, the return address, the stack pointer, zero"


def test_a_call_reads_its_callee_from_the_register_that_its_assembly_names(avocet: Description) -> None:
    calls = find_facts(avocet).calls
    assert calls.direct and calls.indirect and calls.prepared
    assert (calls.direct.record, calls.indirect.record, calls.callee) == ("BSR", "JSR", "R12")
    assert calls.prepared.text == "BIS R12 src R15"


def test_an_upper_part_is_added_to_zero(avocet: Description) -> None:
    upper = find_facts(avocet).upper
    assert upper and upper.text == "LDAH dst imm R15"


def test_a_branch_is_known_by_its_mnemonic_where_patterns_have_pseudo_instructions(avocet: Description) -> None:
    assert next(i for i in avocet.instructions if i.name == "COND").flags >= {"isPseudo"}
    nonzero = find_facts(avocet).branch_nonzero
    assert nonzero and nonzero.text == "BNE none src target"
    text = completion(avocet, AVOCET.read_text(), TARGET_TD.read_text()).text
    assert "let AddedComplexity = 1000 in\ndef : Pat<(brcond (i32 GPR:$a), bb:$target), (BNE 0, GPR:$a, bb:$target)>;\n" in text


def test_a_field_without_bits_holds_the_place_of_an_operand(avocet: Description) -> None:
    bits = next(i for i in avocet.instructions if i.name == "BNE").encoding
    assert [bit.partition("{")[0] for bit in bits[8:]] == ["R"] * 4 + ["dst"] * 20


def test_a_return_keeps_the_registers_of_results_alive(avocet: Description) -> None:
    mendings = completion(avocet, AVOCET.read_text(), TARGET_TD.read_text()).mendings
    assert mendings["retflag"] == "let Properties = [SDNPHasChain, SDNPOptInGlue, SDNPVariadic];"


def test_what_is_left_out_never_matches() -> None:
    """Low and High are transforms, which "wide" feeds; ordered_load has C++ of its own."""
    d = described(AVOCET, fragments__left_out="High ordered_load")
    mendings = completion(d, AVOCET.read_text(), TARGET_TD.read_text()).mendings
    assert mendings["wide"] == mendings["ordered_load"] == "let PredicateCode = [{ return false; }];"
    assert mendings["High"].startswith("let XFormFunction = [{ llvm_unreachable(") and "Low" not in mendings


def test_a_fragment_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InputError) as caught:
        find_facts(described(AVOCET, fragments__left_out="Hihg"))
    assert caught.value.what == "the .td has no fragment or transform Hihg" and caught.value.next_step == "it may be High"


def test_a_register_without_a_namespace_has_that_of_the_others(tmp_path: Path) -> None:
    text = AVOCET.read_text()
    apart = '  foreach n = 0-15 in\n    def R#n : Register<"r"#n>, DwarfRegNum<[n]> { let HWEncoding = n; }\n'
    assert apart in text
    own = text.replace(apart, apart.replace("0-15", "1-15")).replace("// r12 has", 'def R0 : Register<"r0">, DwarfRegNum<[0]>;\n// r12 has')
    (tmp_path / "Avocet.td").write_text(own)
    assert next(r for r in described(tmp_path / "Avocet.td").registers if r.name == "R0").namespace == "Avocet"


def test_a_class_of_what_is_no_register_is_an_error(tmp_path: Path) -> None:
    text = AVOCET.read_text()
    assert '(sequence "R%u", 0, 15)' in text
    (tmp_path / "Avocet.td").write_text(text.replace('(sequence "R%u", 0, 15)', '(sequence "R%u", 0, 16)'))
    with pytest.raises(InputError) as caught:
        described(tmp_path / "Avocet.td")
    assert caught.value.what == "the register class GPR has R16, which is no register"


def test_instructions_without_a_namespace_are_an_error(tmp_path: Path) -> None:
    text = AVOCET.read_text()
    apart = '  field bits<32> Inst;\n  let Namespace = "Avocet";\n'
    assert apart in text
    (tmp_path / "Avocet.td").write_text(text.replace(apart, "  field bits<32> Inst;\n"))
    with pytest.raises(InputError) as caught:
        described(tmp_path / "Avocet.td")
    assert (caught.value.what, caught.value.next_step) == (
        "no instruction has a Namespace", 'write let Namespace = "Avocet"; in their class',
    )  # fmt: skip


def test_the_ladder(command: Command, tmp_path: Path) -> None:
    """C++ that does not compile is left out, so that every program compiles, and runs in the simulator."""
    command("try", "--td", AVOCET, "--llvm-version", "19", "--ladder", "--json", tmp_path / "avocet.json")
    said = orjson.loads((tmp_path / "avocet.json").read_bytes())
    climbed = {step["rung"]: (step["passed"], step["total"]) for step in said["ladder"]["steps"]}
    assert climbed["round-trip"][0] == climbed["round-trip"][1] == 28
    assert {climbed[rung] for rung in ("smoke-compiles", "machine-verified", "objects", "runs")} == {(60, 60)}
    assert said["limits"]["fragments.left_out"].startswith("High Low ordered_load: ")
