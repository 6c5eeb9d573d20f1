"""What a .td may say that makes an archetype select wrong code, and no longer does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from test_archetypes import TESTS, described
from test_archetypes import cache as cache
from test_archetypes import llvm as llvm
from test_archetypes import rook as rook

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.records import Description, PatternOperator, SubtargetFeature


def test_a_copy_is_what_assigns_a_register_to_another_and_never_ties_them(rook: Description, llvm_source: Path, tmp_path: Path) -> None:
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    move = 'def SET : F<0x3a, (outs GPR:$rd), (ins GPR:$rs), "$rd = $rs", []> '
    move += "{ bits<5> rd; bits<5> rs; let Inst{25-21} = rd; let Inst{20-16} = rs; let Inst{15-0} = 0; }\n"
    at = text.index("def : Pat<(RookHi ")
    (tmp_path / "Rook.td").write_text(text[:at] + move + text[at:])
    moved = Operation("SET", (OperandRole.DST, OperandRole.SRC))
    assert find_facts(described(tmp_path / "Rook.td", "Rook", llvm_source)).copies == {"GPR": moved}
    assert find_facts(rook).copies["GPR"].record == "OR"
    tied = tuple(replace(i, constraints="$rs = $rd") if i.outs and any(o.name == "rs" for o in i.ins) else i for i in rook.instructions)
    assert "GPR" not in find_facts(replace(rook, instructions=tied)).copies


def test_an_instruction_that_computes_an_address_takes_only_those_of_the_frame(llvm_source: Path, llvm: Interface, tmp_path: Path) -> None:
    """It would have the sum that it is selected for as its own base."""
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    place = 'def place : ComplexPattern<i32, 2, "selectPlace", [add, or]>;\n'
    lea = 'def LEA : F<0x3b, (outs GPR:$rd), (ins mem:$addr), "lea $rd, $addr", [(set GPR:$rd, place:$addr)]> '
    lea += "{ bits<5> rd; bits<21> addr; let Inst{25-21} = rd; let Inst{20-0} = addr; }\n"
    at = text.index("def : Pat<(RookHi ")
    (tmp_path / "Rook.td").write_text(text[:at] + place + lea + text[at:])
    selector = archetypes(described(tmp_path / "Rook.td", "Rook", llvm_source), llvm).files["RookISelDAGToDAG.cpp"]
    bodies = {name: selector.partition(f"RookDAGToDAGISel::{name}(")[2].partition("\n}")[0] for name in ("selectPlace", "selectAddr")}
    assert "if (!isa<FrameIndexSDNode>(Root))" in bodies["selectPlace"]
    assert "return Op0.getOpcode() == ISD::TargetFrameIndex;" in bodies["selectPlace"]  # not where the offset is too great for it
    assert bodies["selectAddr"] and "isa<FrameIndexSDNode>" not in bodies["selectAddr"]


def test_equality_is_no_comparison_with_zero_that_would_be_combined_into_it_again(rook: Description, llvm: Interface) -> None:
    """Rook sets a register for lt and ult alone, and LLVM turns x < 1 without signs into x == 0."""
    lowered = archetypes(rook, llvm).files["RookISelLowering.cpp"].partition("::lowerSetCC")[2].partition("\n}")[0]
    cases = " ".join(lowered.partition("case ISD::SETEQ:")[2].partition("case ISD::SETLT:")[0].split())
    assert cases == "Result = Not(Differ()); break; case ISD::SETNE: Result = Differ(); break;"


def test_the_alignment_of_an_older_llvm_in_a_fragment_named_after_one_of_llvm(llvm_source: Path, llvm: Interface, tmp_path: Path) -> None:
    """LLVM names its own fragments load, and atomic_load_add_i8 from a defm: of these, only names that go on are LLVM's."""
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    aligned = "def load_whole : PatFrag<(ops node:$p), (load node:$p), [{ return cast<LoadSDNode>(N)->getAlignment() >= 4; }]>;\n"
    at = text.index("def : Pat<(RookHi ")
    (tmp_path / "Rook.td").write_text(text[:at] + aligned + text[at:])
    d = described(tmp_path / "Rook.td", "Rook", llvm_source)
    assert "load_whole" in {f.name for f in d.fragments}
    assert not {f.name for f in d.fragments if f.name.startswith("atomic_")}
    selector = archetypes(d, llvm).files["RookISelDAGToDAG.cpp"]
    around = selector.partition("#define getAlignment() getAlign().value()\n")[2]
    assert around.startswith('#include "RookGenDAGISel.inc"\n#undef getAlignment\n')


def test_a_condition_on_the_alignment_leaves_a_load_what_it_is(rook: Description) -> None:
    """Archetypes access memory only as it is aligned; any other condition means that some loads are not selected."""
    wrapped = PatternOperator("sextloadi16_a", "", ("p",), "(sextloadi16 node:$p)", code="return cast<LoadSDNode>(N)->getAlign() >= 2;")
    patterns = tuple((matched.replace("sextloadi16 ", "sextloadi16_a "), given) for matched, given in rook.patterns)
    loads = tuple(replace(i, pattern="", nodes=()) if "sextloadi16" in i.pattern else i for i in rook.instructions)
    told = replace(rook, instructions=loads, patterns=patterns, operators=(*rook.operators, wrapped))
    assert patterns != rook.patterns and "sextloadi16" in find_facts(told).legal
    other = replace(wrapped, code="return cast<LoadSDNode>(N)->isVolatile();")
    assert "sextloadi16" not in find_facts(replace(told, operators=(*rook.operators, other))).legal


def test_a_reload_takes_the_registers_that_the_load_can_write(rook: Description, llvm: Interface) -> None:
    whole = next(c for c in rook.register_classes if c.name == "GPR")
    few = replace(whole, name="Some", members=whole.members[1:])
    into = tuple(replace(i, outs=tuple(replace(o, type="Some") for o in i.outs)) if i.name == "LW" else i for i in rook.instructions)
    body = archetypes(replace(rook, instructions=into, register_classes=(*rook.register_classes, few)), llvm).files["RookInstrInfo.cpp"]
    reload = body.partition("::loadRegFromStackSlot")[2].partition("\n}")[0]
    assert "MF.getRegInfo().constrainRegClass(Dst, &Rook::SomeRegClass);" in reload
    assert "constrainRegClass" not in archetypes(rook, llvm).files["RookInstrInfo.cpp"]


def test_a_field_of_low_bits_has_a_register_for_each_number_and_none_for_no_register(rook: Description, llvm: Interface) -> None:
    """R16, R17 and R2 to R7 in three bits, as in microMIPS: 0 is R16, though a greater class has R0."""
    whole = next(c for c in rook.register_classes if c.name == "GPR")
    few = replace(whole, name="Some", members=("R16", "R17", *(f"R{n}" for n in range(2, 8))))
    load = next(i for i in rook.instructions if i.name == "LH")
    bits = tuple("0" if b in ("rd{4}", "rd{3}") else b for b in load.encoding)
    short = replace(load, outs=tuple(replace(o, type="Some") for o in load.outs), encoding=bits)
    contract = next(c for c in rook.contracts if c.name == "DecodeGPRRegisterClass")
    own = replace(contract, name="DecodeSomeRegisterClass", signature=contract.signature.replace("GPR", "Some"), types=("Some",))
    instructions = tuple(short if i.name == "LH" else i for i in rook.instructions)
    d = replace(rook, instructions=instructions, register_classes=(*rook.register_classes, few), contracts=(*rook.contracts, own))
    body = archetypes(d, llvm).files["Disassembler/RookDisassembler.cpp"].partition("DecodeSomeRegisterClass(")[2].partition("\n}")[0]
    assert "createReg(0)" not in body and "{Rook::R16, Rook::R17, Rook::R2, " in " ".join(body.split())


def test_neither_a_pseudo_instruction_nor_another_mode_says_how_a_distance_is_decoded(rook: Description, llvm: Interface) -> None:
    jump = next(i for i in rook.instructions if i.name == "J")
    pseudo = replace(jump, name="AAA", encoding=(), size=0, flags=jump.flags | {"isPseudo"})

    def decoder(d: Description) -> str:
        text = archetypes(d, llvm).files["Disassembler/RookDisassembler.cpp"]
        return text.partition(" decodeBranchTarget(")[2].partition("\n}")[0]

    assert decoder(replace(rook, instructions=(pseudo, *rook.instructions))) == decoder(rook) != ""
    dense = replace(jump, name="AAB", size=2, encoding=jump.encoding[:6] + jump.encoding[-10:], predicates=("Dense",))
    own = tuple(replace(i, predicates=("NotDense",)) for i in rook.instructions)
    features = (SubtargetFeature("FD", "dense", "IsDense", "true", "", ()),)
    conditions = {"Dense": "(all_of FD)", "NotDense": "(all_of (not FD))"}
    both = replace(rook, instructions=(dense, *own), features=features, assembler_predicates=conditions)
    assert decoder(both) == decoder(rook)


def test_a_class_with_a_flags_register_is_not_that_of_integers_where_there_is_one_without(rook: Description) -> None:
    whole = next(c for c in rook.register_classes if c.name == "GPR")
    flags = replace(next(r for r in rook.registers if r.name == "R9"), name="SR", asm_name="sr")
    every = replace(whole, name="All", members=(*whole.members, "SR"))
    into = tuple(replace(i, ins=tuple(replace(o, type="All") if o.type == "GPR" else o for o in i.ins)) for i in rook.instructions)
    d = replace(rook, registers=(*rook.registers, flags), register_classes=(*rook.register_classes, every), instructions=into)
    assert find_facts(d).gpr == "GPR"
    assert find_facts(replace(d, register_classes=(replace(every, name="GPR"),))).gpr == "GPR", "where there is no other"


def test_a_feature_that_says_when_floats_are_soft_is_asked_for_it(rook: Description, llvm: Interface) -> None:
    data = {**rook.data, "CallingConv.conditions": "useSoftFloat()"}
    own = SubtargetFeature("FS", "soft-float", "UseSoftFloat", "true", "", ())
    text = archetypes(replace(rook, data=data, features=(*rook.features, own)), llvm).files["RookSubtarget.h"]
    assert " useSoftFloat() const" not in text and "bool GETTER() const { return ATTRIBUTE; }" in text, "llvm-tblgen's macro has it"
    twice = SubtargetFeature("FH", "hard-float", "UseSoftFloat", "false", "", ())
    text = archetypes(replace(rook, data=data, features=(*rook.features, own, twice)), llvm).files["RookSubtarget.h"]
    assert "useSoftFloat() const { return UseSoftFloat; }" in text, "the macro would declare it twice"
    assert "useSoftFloat() const { return true; }" in archetypes(replace(rook, data=data), llvm).files["RookSubtarget.h"]


def test_zero_is_read_from_the_register_that_the_td_calls_constant(rook: Description, llvm: Interface) -> None:
    copied = "getCopyFromReg(CurDAG->getEntryNode(), DL, Rook::R0, VT)"
    for told in ("R0", ""):
        printed = archetypes(replace(rook, data={**rook.data, "Register.constant": told}), llvm, "rook").printed
        assert (copied in printed["RookISelDAGToDAG.cpp"]) is bool(told)


def test_what_lacks_the_bits_of_an_operand_is_not_decoded(rook: Description, llvm: Interface, llvm_source: Path, tmp_path: Path) -> None:
    """TableGen's decoder would make an MCInst that is too short, on which the printer ends with a crash."""
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    bitless = 'def BITLESS : F<0x3a, (outs GPR:$rd), (ins GPR:$rs), "bitless $rd, $rs", []> { let Inst{25-0} = 0; }\n'
    bitless += 'def HIDDEN : F<0x3b, (outs GPR:$rd), (ins GPR:$rs, variable_ops), "hidden $rd", []> '  # nothing asks for its second operand
    bitless += "{ bits<5> rd; let Inst{25-21} = rd; let Inst{20-0} = 0; }\n"
    at = text.index("def : Pat<(RookHi ")
    (tmp_path / "Rook.td").write_text(text[:at] + bitless + text[at:])
    checked = archetypes(described(tmp_path / "Rook.td", "Rook", llvm_source), llvm).files["Disassembler/RookDisassembler.cpp"]
    assert "case Rook::BITLESS:\n    return true;" in checked and "Rook::HIDDEN" not in checked
    assert "if (!lacksOperand(Instr.getOpcode()))" in checked
    assert "lacksOperand" not in archetypes(rook, llvm).files["Disassembler/RookDisassembler.cpp"]


def test_a_pattern_s_frame_index_is_any_address_where_no_pattern_has_a_register_alone(
    llvm_source: Path, llvm: Interface, tmp_path: Path
) -> None:
    """The root nodes of a ComplexPattern below the root of a pattern only rank it."""
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    there = 'def there : ComplexPattern<i32, 1, "selectThere", [frameindex]>;\n'
    load = 'let mayLoad = 1 in def LDT : F<0x3b, (outs GPR:$rd), (ins GPR:$rs), "ldt $rd, $rs", '
    load += "[(set GPR:$rd, (atomic_load_32 there:$rs))]> "
    load += "{ bits<5> rd; bits<5> rs; let Inst{25-21} = rd; let Inst{20-16} = rs; let Inst{15-0} = 0; }\n"
    at = text.index("def : Pat<(RookHi ")
    (tmp_path / "Rook.td").write_text(text[:at] + there + load + text[at:])
    selector = archetypes(described(tmp_path / "Rook.td", "Rook", llvm_source), llvm).files["RookISelDAGToDAG.cpp"]
    body = " ".join(selector.partition("RookDAGToDAGISel::selectThere(")[2].partition("\n}")[0].split())
    assert body.endswith("else Op0 = N; return true;")
