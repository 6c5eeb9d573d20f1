"""What descriptions of older LLVMs and of machines with little leave out: returns, encodings, decoders, accesses to part of a word.

Each description is Tern with a few lines changed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.archetypes.fragment_names import older_constants
from vega_gen.archetypes.own_encodings import unplaced
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.pipeline.completing import completed
from vega_gen.records import Description
from vega_gen.tablegen import describe
from vega_gen.tablegen.mending import mended

PREFIX = Path("/usr/lib/llvm-19")
TERN = Path(__file__).parents[1] / "targets/Tern"
RET = 'def RET : FormatJR<0x29, (outs), (ins), "ret", [(TernRet)]>,'
JR = 'def JR : FormatJR<0x29, (outs), (ins GPR:$rs1), "jr\\t$rs1",'
Change = Callable[[str], str]


def described(td: Path, *folders: Path) -> Description:
    return describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen", include_dirs=folders)


@pytest.fixture
def tern(tmp_path: Path) -> Path:
    shutil.copytree(TERN, tmp_path / "Tern")
    return tmp_path / "Tern/Tern.td"


def change(td: Path, *changes: tuple[str, str], file: str = "TernInstrInfo.td") -> None:
    path = td.with_name(file)
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


def without(td: Path, pattern: str, *files: str) -> None:
    for path in map(td.with_name, files):
        path.write_text("\n".join(line for line in path.read_text().split("\n") if not re.search(pattern, line)))


def test_a_return_that_names_a_register_is_given_the_return_address(tern: Path) -> None:
    profile = 'def TernReturn : SDNode<"TernISD::RETURN_TO", SDTypeProfile<0, 1, [SDTCisVT<0, i32>]>, [SDNPHasChain]>;\n'
    named = 'def RET : FormatJR<0x29, (outs), (ins GPR:$rs1), "ret\\t$rs1", [(TernReturn GPR:$rs1)]>,'
    change(tern, (RET, named))
    path = tern.with_name("TernInstrInfo.td")
    path.write_text(profile + path.read_text())
    found = find_facts(described(tern)).returns
    assert found is not None and (found.record, found.fixed) == ("RET", ((0, "LR"),))


def test_a_return_without_an_encoding_is_the_last_that_is_taken(tern: Path) -> None:
    """Another assembler knows what it stands for; an instruction that jumps to the return address goes before it."""
    pseudo = 'def RET : Pseudo<(outs), (ins), "ret", [(TernRet)]>,'
    change(tern, (RET, pseudo), ("rs1 = 15 in\ndef RET", "isPseudo = 1 in\ndef RET"))
    known = find_facts(described(tern)).returns
    assert known is not None and known.text == "JR LR"
    without(tern, r"InstAlias<\"ret\"", "TernInstrInfo.td")
    change(tern, (JR, JR.replace("FormatJR<0x29, ", "Pseudo<")), ("[(brind GPR:$rs1)]", "[]"))
    own = described(tern)
    m = find_facts(own)
    assert m.returns is not None and (m.returns.text, m.return_node) == ("RET", "TernISD::RET_GLUE")


def test_without_a_return_there_is_a_code_generator_that_names_the_fact(tern: Path) -> None:
    without(tern, r"InstAlias<\"ret\"", "TernInstrInfo.td")
    change(tern, (RET, 'def RET : Pseudo<(outs), (ins), "#", [(TernRet)]>,'), ("rs1 = 15 in\ndef RET", "isPseudo = 1 in\ndef RET"))
    change(tern, (JR, JR.replace("FormatJR<0x29, ", "Pseudo<")), ("[(brind GPR:$rs1)]", "[]"))
    made = archetypes(described(tern), Interface([PREFIX / "include"]))
    assert not made.missing and "instruction.return" in made.limits
    assert 'report_fatal_error("how to return is not known' in re.sub(r"\s+", " ", made.files["TernISelLowering.cpp"])


def test_where_nothing_has_an_encoding_instructions_are_found_all_the_same(tern: Path) -> None:
    own = find_facts(described(tern))
    without(tern, r"let Inst\{|bits<32> Inst;", "TernInstrFormats.td", "TernInstrInfo.td")
    m = find_facts(described(tern))
    assert (m.loads.keys(), m.stores.keys(), m.branches.keys(), m.copies) == (
        own.loads.keys(),
        own.stores.keys(),
        own.branches.keys(),
        own.copies,
    )
    assert m.calls.direct is not None and own.calls.direct is not None and m.calls.direct.record == own.calls.direct.record


def test_bytes_are_parts_of_words_where_no_instruction_loads_or_stores_them(tern: Path) -> None:
    llvm = Interface([PREFIX / "include"])
    assert "placeInWord" not in archetypes(described(tern), llvm).files["TernISelLowering.cpp"]
    without(tern, r"^def (LBU?|SB) |extloadi8 addr", "TernInstrInfo.td")
    text = archetypes(described(tern), llvm).files["TernISelLowering.cpp"]
    assert "setTruncStoreAction(MVT::i32, MVT::i8, Custom)" in text and "MVT::i16, Custom" not in text.replace("LOAD, MVT::i32, ", "")
    assert text.count("= placeInWord(") == 2


def test_an_operand_of_several_parts_without_a_decoder_gets_one_in_a_copy_of_its_file(tern: Path) -> None:
    change(tern, ('  let DecoderMethod = "decodeMemOperand";\n', ""))
    own = described(tern)
    lacking = completion(own, "", "")
    assert lacking.mendings == {"mem": 'let DecoderMethod = "decodemem";'} and lacking.described
    again = described(completed(tern, own.name, lacking.text, tern.parents[1] / "made", lacking.mendings), tern.parent)
    assert next(o for o in again.operand_classes if o.name == "mem").decoder_method == "decodemem"
    assert not completion(again, "", "").mendings


INSERTED = """
let isReMaterializable = 1 in
def MOVT : FormatRI<0x3c, (outs GPR:$rd), (ins GPR:$rs1, i32imm:$imm), "movt\\t$rd, $imm", []>, Sched<[WriteALU]>;
"""


def test_a_register_that_assembly_does_not_name_is_the_one_that_is_written(tern: Path) -> None:
    path = tern.with_name("TernInstrInfo.td")
    path.write_text(path.read_text() + INSERTED)
    own = described(tern)
    assert completion(own, "", "").mendings == {"MOVT": 'let Constraints = "$rs1 = $rd";'}


def test_a_line_goes_into_the_body_of_the_record_alone() -> None:
    text = "def A : Operand<i32>;\ndef AB : Operand<i32> { int x = 1; }\ndef C : P<[{ return 1; }]> { int y = 2; }\n"
    made = mended(text, {"A": "let L = 1;", "AB": "let M = 2;"})
    assert re.sub(r"\s+", " ", made) == (
        "def A : Operand<i32> { let L = 1; } def AB : Operand<i32> { let M = 2; int x = 1; } def C : P<[{ return 1; }]> { int y = 2; } "
    )
    assert mended(text, {"C": "let N = 3;"}) == text.replace("}]> {", "}]> {\n  let N = 3;"), "C++ among the arguments may hold braces"


def test_one_method_prints_an_operand_with_a_modifier_and_without(tern: Path) -> None:
    call = 'def CALL : FormatJ<0x2a, (outs), (ins calltarget:$target), "call\\t$target"'
    change(
        tern,
        (call, call.replace('$target"', '${target:far}"')),
        ('(outs), (ins jmptarget:$target), "j', '(outs), (ins calltarget:$target), "j'),
    )
    d = described(tern)
    method = next(o.print_method for o in d.operand_classes if o.name == "calltarget")
    signatures = {c.signature for c in d.contracts if c.name == method}
    assert len(signatures) == 1 and "const char *Modifier" in signatures.pop()


def test_a_constant_without_a_place_is_known_by_its_two_arguments(tern: Path) -> None:
    assert not older_constants(described(tern))
    given = "(N->getZExtValue() >> 16) & 0xffff,\n                                   SDLoc(N), MVT::i32);"
    change(tern, (given, "part(N->getZExtValue(), 16) & 0xffff,\n  MVT::i32 );"))
    assert older_constants(described(tern))


def test_encodings_without_operands_are_no_encodings(tern: Path) -> None:
    without(tern, r"let Inst\{[^}]*\} = (rd|rs1|rs2|imm|shamt|offset|target|addr)", "TernInstrFormats.td", "TernInstrInfo.td")
    d = described(tern)
    assert any(bit == "1" for i in d.instructions for bit in i.encoding)
    assert next(i for i in d.instructions if i.name == "LW").assembly_only
    assert not next(i for i in d.instructions if i.name == "RET").assembly_only, "it is isCodeGenOnly"


def test_a_few_encodings_are_no_encodings(tern: Path) -> None:
    """One instruction with an encoding: the others are assembly, and no object is made of them."""
    formats = tern.with_name("TernInstrFormats.td")
    before, jumps = formats.read_text().split("class FormatJR")
    formats.write_text(re.sub(r"let Inst\{[^}]*\} = [^;]*;", "", before) + "class FormatJR" + jumps)
    d = described(tern)
    assert next(i for i in d.instructions if i.name == "LW").assembly_only
    assert {"LW", "ADD"} <= set(unplaced(d)) and "JR" not in unplaced(d)


def test_a_line_does_not_go_into_a_text_or_a_comment() -> None:
    text = 'def A : I<"{a\\"; $x}", 1> { let B = 1; }'
    assert mended(text, {"A": "let C = 1;"}) == text.replace("> { let", "> {\n  let C = 1; let")
    assert mended("def A : // a; {\n  I;", {"A": "let C = 1;"}) == "def A : // a; {\n  I {\n  let C = 1;\n}"


def test_an_instruction_of_registers_is_not_selected_for_a_number(tern: Path) -> None:
    tiny = 'FormatRI<0x3b, (outs GPR:$rd), (ins GPR:$rs1), "tiny\\t$rd, $rs1", [(set GPR:$rd, simm16:$rs1)]> { let imm = 0; }'
    path = tern.with_name("TernInstrInfo.td")
    path.write_text(f"{path.read_text()}def TINY : {tiny}\n")
    assert completion(described(tern), path.read_text(), "").mendings == {"TINY": "let Pattern = [];"}


def test_a_class_is_copied_by_the_move_of_one_that_has_all_its_registers(tern: Path) -> None:
    wide = 'def WideReg : RegisterClass<"Tern", [i32], 32, (add GPR, SR)> { let isAllocatable = 0; }\n'
    status = 'def SR : Register<"sr"> { let Namespace = "Tern"; }\n'
    path = tern.with_name("TernInstrInfo.td")
    move = 'def MOVrr : FormatRI<0x3b, (outs WideReg:$rd), (ins WideReg:$rs1), "set\\t$rd, $rs1", []>, Sched<[WriteALU]> { let imm = 0; }\n'
    path.write_text(status + wide + path.read_text() + move)
    copy = find_facts(described(tern)).copies["GPR"]
    assert copy.text == "MOVrr dst src"


def test_the_upper_part_of_an_address_may_be_made_of_the_zero_register(tern: Path) -> None:
    lui = '(outs GPR:$rd), (ins uimm16:$imm), "lui\\t$rd, $imm", []>'
    change(
        tern,
        (lui, '(outs GPR:$rd), (ins GPR:$rs1, uimm16:$imm), "lui\\t$rd, $rs1, $imm", []>'),
        ("  bits<16> imm;\n  let opcode = 0x0a;\n", "  bits<16> imm;\n  bits<4> rs1;\n  let opcode = 0x0a;\n"),
        ("(LUI (Hi16 $imm))>", "(LUI R0, (Hi16 $imm))>"),
        ("(ORI (LUI (Hi16 $imm)), (Lo16 $imm))>", "(ORI (LUI R0, (Hi16 $imm)), (Lo16 $imm))>"),
        ("(TernHi symbol:$symbol), (LUI symbol:$symbol)>", "(TernHi symbol:$symbol), (LUI R0, symbol:$symbol)>"),
    )
    upper = find_facts(described(tern)).upper
    assert upper is not None and upper.text == "LUI dst R0 imm"
