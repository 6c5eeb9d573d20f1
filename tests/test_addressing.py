"""What optimisations learn of a target's addresses and immediates, from Tern's records and from changed ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated import described
from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def files(td: Path, llvm_source: Path) -> dict[str, str]:
    made = archetypes(described(td, llvm_source), Interface([llvm_source / "llvm/include"]))
    return {path: " ".join(text.split()) for path, text in made.files.items()}


def changed(name: str, folder: Path, *changes: tuple[str, str]) -> Path:
    """Copies a target, with the first match of each pattern replaced in its instructions."""
    shutil.copytree(ROOT / "targets" / name, folder / name)
    file = folder / name / f"{name}InstrInfo.td"
    text = file.read_text()
    for old, new in changes:
        text, count = re.subn(old, new, text, count=1)
        assert count == 1, old
    file.write_text(text)
    return folder / name / f"{name}.td"


def test_offsets_and_immediates_are_those_of_the_instructions(llvm_source: Path) -> None:
    lowering = files(ROOT / "targets/RV32IM/RV32IM.td", llvm_source)["RV32IMISelLowering.cpp"]
    assert "AM.BaseOffs >= -2048 && AM.BaseOffs <= 2047;" in lowering
    assert "return (Imm >= -2048 && Imm <= 2047);" in lowering.partition("::isLegalAddImmediate(")[2]
    assert "return Imm >= -2048 && Imm <= 2047;" in lowering.partition("::isLegalICmpImmediate(")[2]


def test_a_load_that_adds_two_registers_leaves_llvm_s_own_answer(tmp_path: Path, llvm_source: Path) -> None:
    indexed = (
        "let isCommutable = 1 in \\{",
        'def LWX : ALU<0b0000000, 0b010, "lwx", null_frag> { let Inst{6-0} = 0b0001011; let mayLoad = 1;\n'
        "  let Pattern = [(set GPR:$rd, (load (add GPR:$rs1, GPR:$rs2)))]; }\nlet isCommutable = 1 in {",
    )
    lowering = files(changed("RV32IM", tmp_path, indexed), llvm_source)["RV32IMISelLowering.cpp"]
    assert "isLegalAddressingMode" not in lowering


def test_loads_take_the_lower_part_of_an_address_where_they_read_it_as_additions_do(tmp_path: Path, llvm_source: Path) -> None:
    selector = files(ROOT / "targets/RV32IM/RV32IM.td", llvm_source)["RV32IMISelDAGToDAG.cpp"]
    assert "return splitSymbol(N, Op0, Op1) || splitAddress(N, Op0, Op1, -2048, 2047, 1);" in selector
    # Tern's lower part is set by an or, without a sign; the offsets of its loads have one.
    assert "splitSymbol" not in files(ROOT / "targets/Tern/Tern.td", llvm_source)["TernISelDAGToDAG.cpp"]


def test_a_choice_is_a_branch_where_one_instruction_compares_and_branches(tmp_path: Path, llvm_source: Path) -> None:
    td = changed("RV32IM", tmp_path, (r"let usesCustomInserter = 1 in\ndef SELECT_CC_i32_i32[^;]*;", ""))
    own = described(td, llvm_source)
    assert not find_facts(own).selects
    text = completion(own, "", "").text
    assert "def SELECT_CC_i32_i32 : Instruction {" in text
    assert "(ins GPR:$lhs, GPR:$rhs, i32imm:$condition, GPR:$yes, GPR:$no)" in text
    lowering = files(ROOT / "targets/RV32IM/RV32IM.td", llvm_source)["RV32IMISelLowering.cpp"]
    assert "setOperationAction(ISD::SELECT_CC, MVT::i32, Legal);" in lowering
    assert "case ISD::SETUGT: BuildMI(MBB, MI, DL, TII.get(RV32IM::BLTU)).addReg(RHS).addReg(LHS).addMBB(Target);" in lowering
    assert "lowerSelect(" not in lowering


def test_no_condition_without_a_branch_that_tests_it(tmp_path: Path, llvm_source: Path) -> None:
    unsigned = (r'def BLTU : Branch<0b110, "bltu", setult>;', 'def BLTU : Branch<0b110, "frob", seteq>;')
    rest = (r"def : Pat<\(brcond \(i32 \(setugt [^;]*;", "")
    td = changed("RV32IM", tmp_path, unsigned, rest, (r"let usesCustomInserter = 1 in\ndef SELECT_CC_i32_i32[^;]*;", ""))
    assert "SELECT_CC" not in completion(described(td, llvm_source), "", "").text
