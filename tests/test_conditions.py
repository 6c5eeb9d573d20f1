"""Conditions: how a comparison and a branch on its flags are found, what the numbers of conditions mean, and what is made of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from vega_gen.archetypes.compared_values import compared_values
from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.conditions import OPPOSITE
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import CONDITIONS, OperandRole
from vega_gen.records import Description, Evidence, GivenFact
from vega_gen.tablegen import describe

FINCH = Path(__file__).parent / "inputs/Finch.td"
MORE = "def FinchInstrInfo"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


class Read:
    """Describes Finch.td with some of its text replaced."""

    def __init__(self, folder: Path, llvm_source: Path) -> None:
        self.folder, self.include = folder, llvm_source / "llvm/include"

    def __call__(self, *changes: tuple[str, str], more: str = "") -> Description:
        text = FINCH.read_text()
        for old, new in (*changes, (MORE, more + MORE)):
            assert old in text
            text = text.replace(old, new, 1)
        td = self.folder / "Finch.td"
        td.write_text(text)
        found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
        assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
        return describe(td, folder="Finch", llvm_include=self.include, tblgen=Path(found))


@pytest.fixture
def read(tmp_path: Path, llvm_source: Path) -> Read:
    return Read(tmp_path, llvm_source)


def codes(m: Facts) -> dict[str, str]:
    return {c: one.branch.value(1) for c, one in m.comparisons[32].items()}


def test_a_known_numbering_fits_the_jump(read: Read) -> None:
    m = find_facts(read())
    assert {one.compare.record for one in m.comparisons[32].values()} == {"CMP"}
    assert {one.branch.record for one in m.comparisons[32].values()} == {"JCC"}
    assert (codes(m)["eq"], codes(m)["lt"], codes(m)["uge"]) == ("0", "11", "2")  # 14 is always, as with ARM
    assert m.records["condition.eq"].evidence is Evidence.DEFAULT


def test_another_jump_has_another_numbering(read: Read) -> None:
    m = find_facts(read(("{ let Inst{23-20} = 14; }", "{ let Inst{23-20} = 8; }")))
    assert (codes(m)["eq"], codes(m)["ne"]) == ("1", "9")  # 8 is always, as with SPARC


def test_aliases_say_the_numbers(read: Read) -> None:
    said = {"e": 3, "ne": 12, "l": 4, "ge": 11, "b": 5, "ae": 10}
    aliases = "".join(f'def : InstAlias<"j{word} $to", (JCC place:$to, {number})>;\n' for word, number in said.items())
    m = find_facts(read(more=aliases))
    assert codes(m) == {"eq": "3", "ne": "12", "lt": "4", "ge": "11", "ult": "5", "uge": "10"}
    assert m.records["condition.eq"].confidence > 0.9


def test_a_branch_that_is_always_taken_is_not_above(read: Read) -> None:
    said = {"a": 8, "e": 1, "ne": 9, "l": 3, "ge": 11, "gu": 12}
    aliases = "".join(f'def : InstAlias<"j{word} $to", (JCC place:$to, {number})>;\n' for word, number in said.items())
    assert codes(find_facts(read(more=aliases)))["ugt"] == "12"


def test_encodings_say_the_numbers(read: Read) -> None:
    said = {"eq": 9, "ne": 6, "lt": 1, "ge": 14, "ult": 2, "uge": 13}
    forms = "".join(f'def J_{c} : Branch<(ins place:$to), "j{c} $to", 0> {{ let Inst{{23-20}} = {n}; }}\n' for c, n in said.items())
    assert codes(find_facts(read(more=forms))) == {c: str(n) for c, n in said.items()}


def test_a_person_says_a_number(read: Read) -> None:
    m = find_facts(read(), given={"condition.eq": GivenFact("condition.eq", "7", "f.toml:1")})
    assert codes(m)["eq"] == "7"
    assert codes(m)["ne"] == "1"


def test_a_branch_for_each_condition(read: Read) -> None:
    words = {"eq": "beq", "ne": "bne", "lt": "blt", "ge": "bge", "ult": "bcs", "uge": "bcc"}
    forms = "".join(f'def {w.upper()} : Branch<(ins place:$to), "{w} $to", 0> {{ let Uses = [FLAGS]; }}\n' for w in words.values())
    d = read(("let Uses = [FLAGS];\n}\n", "}\n"), more=forms)
    assert {c: one.branch.record for c, one in find_facts(d).comparisons[32].items()} == {c: w.upper() for c, w in words.items()}


def test_a_word_for_signed_and_unsigned_numbers_alike_says_no_condition(read: Read) -> None:
    """One of s390: jh follows a comparison of either, and no other word is for unsigned numbers."""
    words = ("je", "jne", "jl", "jnl", "jle", "jh")
    forms = "".join(f'def {w.upper()} : Branch<(ins place:$to), "{w} $to", 0> {{ let Uses = [FLAGS]; }}\n' for w in words)
    assert {one.branch.record for one in find_facts(read(more=forms)).comparisons[32].values()} == {"JCC"}


def test_flags_in_a_register_that_is_an_operand(read: Read) -> None:
    held = 'def CR0 : Register<"cr0"> { let Namespace = "Finch"; }\ndef CR : RegisterClass<"Finch", [i32], 32, (add CR0)>;\n'
    d = read(
        ("class I<", held + "class I<"), ("(outs), (ins GR:$a", "(outs CR:$c), (ins GR:$a"), ("let Defs = [FLAGS];", ""),
        ("i32imm:$cond)", "i32imm:$cond, CR:$c)"), ("let Uses = [FLAGS];", ""), ("SP, LR)>;", "SP, LR)>;"),
    )  # fmt: skip
    one = find_facts(d).comparisons[32]["lt"]
    assert one.compare.value(0) == "CR0"
    assert one.branch.roles == (OperandRole.TARGET, OperandRole.FIXED, OperandRole.FIXED)
    assert dict(one.branch.fixed) == {1: "11", 2: "CR0"}


def test_a_comparison_for_each_condition(read: Read) -> None:
    tested = "".join(
        f'def CMP{c} : I<1, (outs), (ins GR:$a, GR:$b), "cmp{c.lower()}16 $a, $b"> {{ let Defs = [FLAGS]; }}\n' for c in ("NE", "HS", "LT")
    )
    forms = "".join(f'def {w} : Branch<(ins place:$to), "{w.lower()}16 $to", 0> {{ let Uses = [FLAGS]; }}\n' for w in ("BT", "BF"))
    m = find_facts(read(("let Uses = [FLAGS];\n}\n", "}\n"), ('"cmp $a', '"frob $a'), more=tested + forms))
    made = {c: (one.compare.record, one.branch.record) for c, one in m.comparisons[32].items()}
    assert made == {
        "ne": ("CMPNE", "BT"), "eq": ("CMPNE", "BF"), "uge": ("CMPHS", "BT"), "ult": ("CMPHS", "BF"),
        "lt": ("CMPLT", "BT"), "ge": ("CMPLT", "BF"),
    }  # fmt: skip


def test_a_mnemonic_says_what_compares_and_branches(read: Read) -> None:
    forms = "".join(f'def {w} : Branch<(ins place:$to, GR:$a, GR:$b), "{w.lower()} $to, $a, $b", 0>;\n' for w in ("BEQ", "BLES", "BLTU"))
    m = find_facts(read(more=forms))
    assert {c: op.record for c, op in m.branches.items()} == {"eq": "BEQ", "le": "BLES", "ult": "BLTU"}
    assert m.branches["le"].roles == (OperandRole.TARGET, OperandRole.SRC, OperandRole.SRC2)


def test_without_a_comparison_there_is_none(read: Read) -> None:
    assert not find_facts(read(("cmp $a, $b", "frob $a, $b"))).comparisons


def test_the_completion_compares_and_branches_in_one(read: Read) -> None:
    d = read()
    text = completion(d, FINCH.read_text(), "").text
    assert "def BR_CC_i32 : Instruction {" in text
    assert "(ins GR:$lhs, GR:$rhs, i32imm:$condition, place:$target)" in text
    assert "let Defs = [FLAGS];" in text
    assert "def SELECT_CC_i32_i32 : Instruction {" in text
    whole = read(more=text)
    m = find_facts(whole)
    assert m.compare_branches == {32: "BR_CC_i32"}
    assert m.selects == {(32, 32): "SELECT_CC_i32_i32"}
    assert not m.by_table
    made = compared_values(whole, m)
    assert dict(made["coded_branches"][0]["opposites"])["0"] == "1"
    assert made["swapped_conditions"] == []


def test_opposites_are_each_other_s() -> None:
    assert {c: OPPOSITE[OPPOSITE[c]] for c in CONDITIONS} == {c: c for c in CONDITIONS}


def test_the_code_of_a_target_with_flags(tmp_path: Path, llvm_source: Path) -> None:
    # The backend that these files make is run by hand: vega-gen try --td MSP430.td --ladder.
    own = llvm_source / "llvm/lib/Target/MSP430/MSP430.td"
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found
    include = llvm_source / "llvm/include"
    first = describe(own, folder="MSP430", llvm_include=include, tblgen=Path(found))
    td = tmp_path / "MSP430.td"
    td.write_text(f'include "{own}"\n{completion(first, own.read_text(), "").text}')
    d = describe(td, folder="MSP430", llvm_include=include, tblgen=Path(found), include_dirs=(own.parent,))
    made = archetypes(d, Interface([include]))
    assert not made.missing
    files = {path: " ".join(text.split()) for path, text in made.files.items()}
    info = files["MSP430InstrInfo.cpp"]
    # A comparison of bytes and one of words, each split into the comparison and a branch with the number of the condition.
    for bits in (8, 16):
        assert f"case MSP430::BR_CC_i{bits}: {{" in info
        compare = f"get(MSP430::CMP{bits}rr)).addReg(LHS.getReg(), getRegState(LHS)).addReg(RHS.getReg(), getRegState(RHS));"
        branch = "case ISD::SETULT: BuildMI(MBB, MI, DL, get(MSP430::JCC)).addMBB(Target).addImm(2); break;"
        assert f"{compare} switch (CC) {{" in info
        assert branch in info
    assert "case MSP430::JCC: // The conditions by their numbers. switch (Cond[1].getImm()) { case 1: Cond[1].setImm(0);" in info
    # The conditions that no number tests are tested with the operands swapped.
    assert "case ISD::SETLE: case ISD::SETGT: case ISD::SETULE: case ISD::SETUGT: // A branch" in files["MSP430ISelDAGToDAG.cpp"]
    lowering = files["MSP430ISelLowering.cpp"]
    assert "setOperationAction(ISD::SELECT_CC, MVT::i16, Legal);" in lowering
    assert "case MSP430::SELECT_CC_i8_i16: Branch = MSP430::BR_CC_i16; break;" in lowering
    assert "lowerSelect(" not in lowering
    assert "JumpTable" not in files["MSP430ISelDAGToDAG.cpp"].partition("PreprocessISelDAG")[2]
