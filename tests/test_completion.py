"""What is written into ``<T>Completion.td``: only what a .td lacks, and accepted by llvm-tblgen."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from llvm_integration.process import run
from vega_gen.archetypes.completion import completion
from vega_gen.facts import find_facts
from vega_gen.pipeline.completing import completed
from vega_gen.records import Description, Evidence, GivenFact
from vega_gen.tablegen import describe

PREFIX = Path("/usr/lib/llvm-19")
TERN = Path(__file__).parents[1] / "targets/Tern"


def described(td: Path, *folders: Path) -> Description:
    return describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen", include_dirs=folders)


@pytest.fixture
def without_frames(tmp_path: Path) -> Path:
    """Tern without the pseudo instructions that bracket a call."""
    folder = tmp_path / "Tern"
    shutil.copytree(TERN, folder)
    file = folder / "TernInstrInfo.td"
    text, count = re.subn(
        r"let Defs = \[SP\], Uses = \[SP\] in \{\n  def ADJCALL.*?^\}\n", "", file.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    text, nodes = re.subn(r"^def callseq_\w+ : [^;]*;\n", "", text, flags=re.MULTILINE)
    assert (count, nodes) == (1, 2)
    file.write_text(text)
    return folder / "Tern.td"


def test_a_td_that_has_everything_is_not_completed() -> None:
    made = completion(described(TERN / "Tern.td"), "", "")
    assert (made.text, made.described) == ("", False)


def test_the_pseudo_instructions_that_bracket_a_call_are_written_where_they_lack(without_frames: Path, tmp_path: Path) -> None:
    own = described(without_frames)
    made = completion(own, "", "")
    assert made.described
    td = completed(without_frames, own.name, made.text, tmp_path / "made")
    again = described(td, without_frames.parent)
    added = {i.name: i for i in again.instructions if i.name not in {o.name for o in own.instructions}}
    assert {name: i.nodes[0] for name, i in added.items()} == {
        "ADJCALLSTACKDOWN": "ISD::CALLSEQ_START",
        "ADJCALLSTACKUP": "ISD::CALLSEQ_END",
    }
    assert all((i.defs, i.uses, i.size) == (("SP",), ("SP",), 0) for i in added.values())
    assert not completion(again, "", "").text, "a completed .td lacks nothing"
    argv = [f"-I{folder}" for folder in (td.parent, without_frames.parent, PREFIX / "include")]
    run([str(PREFIX / "bin/llvm-tblgen"), "-gen-instr-info", *argv, str(td), "-o", "/dev/null"], timeout=60).check()


def test_a_name_that_is_taken_is_not_given_twice(without_frames: Path) -> None:
    """A pseudo instruction that C++ selects has no pattern, but it has the usual name."""
    file = without_frames.with_name("TernInstrInfo.td")
    file.write_text(file.read_text() + '\ndef ADJCALLSTACKUP : Pseudo<(outs), (ins), "", []>;\n')
    assert "def ADJCALLSTACKUP_Tern : Instruction {" in completion(described(without_frames), "", "").text


def test_an_instruction_that_a_complete_scheduling_model_lacks_gets_a_cost(tmp_path: Path) -> None:
    folder = tmp_path / "Tern"
    shutil.copytree(TERN, folder)
    code = folder / "TernInstrInfo.td"
    added = "".join(
        f'def {name} : FormatRR<0x00, {number}, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2), "{name}\\t$rd, $rs1, $rs2", []>;\n'
        for name, number in (("ADDX", 0x33), ("SUBX", 0x34), ("NEGX", 0x35))
    )
    costed = 'let SchedModel = TernModel in def : InstRW<[WriteALU], (instregex "NEG")>;'
    code.write_text(f"{code.read_text()}\nlet SchedRW = ? in {{\n{added}}}\n{costed}\n")
    own = described(folder / "Tern.td")
    assert own.data["Scheduling.TernModel"] == "ADDX SUBX"
    td = completed(folder / "Tern.td", own.name, completion(own, "", "").text, tmp_path / "made")
    folders = [f"-I{one}" for one in (folder, td.parent, PREFIX / "include")]
    argv = [str(PREFIX / "bin/llvm-tblgen"), "-gen-instr-info", *folders, "-o", "/dev/null"]
    assert "No schedule information for instruction 'ADDX'" in run([*argv, str(folder / "Tern.td")], timeout=60).stderr
    run([*argv, str(td)], timeout=60).check()


def test_a_convention_that_is_lacking_is_made_of_the_registers_that_facts_give(tmp_path: Path) -> None:
    folder = tmp_path / "Tern"
    shutil.copytree(TERN, folder)
    (folder / "TernCallingConv.td").write_text("")
    own = described(folder / "Tern.td")
    guessed = find_facts(own)
    assert guessed.arguments and set(guessed.arguments).isdisjoint({*guessed.saved, guessed.sp, guessed.ra, guessed.zero})
    given = {**own.given, "registers.arguments": GivenFact("registers.arguments", "R6 R5", "Tern.facts.toml:1")}
    made = completion(replace(own, given=given), "", "")
    td = completed(folder / "Tern.td", own.name, made.text, tmp_path / "made")
    again = made.mark(described(td, folder))
    m = find_facts(again)
    assert (m.cc, m.arguments) == ("CC_Tern", ("R6", "R5"))
    assert (m.ret_cc, m.results, m.csr, m.saved) == ("RetCC_Tern", guessed.results, "CSR_Tern", guessed.saved)
    assert m.records["registers.results"].evidence is Evidence.DEFAULT, "a completion proves nothing"


def test_a_convention_whose_places_on_the_stack_hold_no_register_is_made_anew(tmp_path: Path) -> None:
    """It counts words as a machine does that addresses words: in bytes, its arguments would lie one over the other."""
    shutil.copytree(TERN, tmp_path / "Tern")
    file = tmp_path / "Tern/TernCallingConv.td"
    text = file.read_text()
    assert "CCAssignToStack<4, 4>" in text
    file.write_text(re.sub(r"(CCAssignToStack|CCPassByVal)<4, 4>", r"\1<1, 1>", text))
    own = described(tmp_path / "Tern/Tern.td")
    made = completion(own, "", "")
    (convention,) = re.findall(r"def (CC_\w+) : CallingConv<\[(.*)\]>;", made.text)
    assert convention[1].endswith("CCIfType<[i32], CCAssignToStack<4, 4>>") and "CCDelegateTo" not in convention[1]
    again = described(completed(tmp_path / "Tern/Tern.td", own.name, made.text, tmp_path / "made"), tmp_path / "Tern")
    assert find_facts(again).cc == convention[0] and find_facts(again).arguments == find_facts(own).arguments


def test_names_of_an_abi_say_which_registers_are_for_arguments(tmp_path: Path) -> None:
    own = described(TERN / "Tern.td")
    plain = [r for r in own.registers if r.name in find_facts(replace(own, calling_conventions=())).arguments]
    names = dict(zip((r.name for r in plain), ("t0", "a1", "a0", "s0"), strict=False))
    registers = tuple(replace(r, alternative=(names[r.name],)) if r.name in names else r for r in own.registers)
    m = find_facts(replace(own, registers=registers, calling_conventions=()))
    assert m.arguments == (plain[2].name, plain[1].name) == m.results and m.records["registers.arguments"].evidence is Evidence.NAME


def test_conditions_that_no_instruction_computes_are_made_of_less_than(tmp_path: Path) -> None:
    folder = tmp_path / "Tern"
    shutil.copytree(TERN, folder)
    file = folder / "TernInstrInfo.td"
    lines = file.read_text().splitlines()
    own = [line for line in lines if re.match(r"def : Pat<\(i32 \(set", line)]
    assert len(own) == 10, "all but what SLT, SLTU and their immediate forms compute"
    file.write_text("\n".join(line for line in lines if line not in own))
    without = described(folder / "Tern.td")
    assert find_facts(without).sets == {"lt", "ult"}
    text = completion(without, "", "").text
    patterns = re.sub(r"\(i32 (GPR:\$\w|R0|\([^()]*\))\)(?=[),])", r"\1", text)
    assert {line for line in patterns.splitlines() if line.startswith("def : Pat")} == set(own)
    again = described(completed(folder / "Tern.td", without.name, text, tmp_path / "made"), folder)
    assert find_facts(again).sets == find_facts(described(TERN / "Tern.td")).sets
    assert not completion(again, "", "").text
