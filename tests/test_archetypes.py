"""Archetypes: roles of a made-up target's records, the interface that LLVM's headers declare, and the backend made from both."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import invented
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vega_gen.archetypes.files import Archetypes, archetypes
from vega_gen.archetypes.parts import CONFIDENCE, ORIGIN, planned
from vega_gen.archetypes.relocations import relocation_names
from vega_gen.archetypes.values import data_layout
from vega_gen.cxx import parse_file
from vega_gen.cxx.interface import Interface
from vega_gen.cxx.masker import Masker
from vega_gen.emit import emit
from vega_gen.errors import NotFoundError
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import Range, Selections
from vega_gen.groups import GroupKind
from vega_gen.pipeline import masker_of
from vega_gen.plan.merge import offered
from vega_gen.records import (
    FLAG_BELOW,
    Contract,
    ContractRole,
    Description,
    FillerName,
    Fragment,
    Mode,
    Plan,
    PlannedFunction,
    StatementKind,
    SubtargetFeature,
)
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent
SIGNED = Range(16, signed=True)
WRITER = "MCTargetDesc/RookELFObjectWriter.cpp"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def llvm(llvm_source: Path) -> Interface:
    return Interface([llvm_source / "llvm/include"])


def described(td: Path, folder: str, llvm_source: Path) -> Description:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(td, folder=folder, llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/rook/Rook.td", "Rook", llvm_source)


@pytest.fixture(scope="module")
def made(rook: Description, llvm: Interface) -> Archetypes:
    return archetypes(rook, llvm)


@pytest.fixture(scope="module")
def masker(rook: Description) -> Masker:
    return masker_of("Rook", rook)


def test_registers_have_their_roles(rook: Description) -> None:
    m = find_facts(rook)
    assert (m.sp, m.ra, m.zero) == ("R2", "R1", "R0")  # by call frames, by calls, by isConstant
    assert m.fp == "R31"  # no register has the name of a frame pointer: it is the last callee-saved one
    assert m.scratch == "R8"  # the first that is neither argument, nor kept, nor special
    assert m.arguments == ("R4", "R5", "R6", "R7") and m.results == ("R4", "R5")
    assert set(m.reserved) == {"R0", "R1", "R2"}  # R1: the return reads it


@pytest.mark.parametrize(
    ("bits", "wide", "layout"),
    [
        (16, 2, "-m:e-p:16:16-i32:16-i64:16-f32:16-f64:16-n16-S32"), (16, 4, "-m:e-p:16:16-i32:32-i64:32-f32:32-f64:32-n16-S32"),
        (32, 4, "-m:e-p:32:32-i64:32-f64:32-n32-S64"), (32, 8, "-m:e-p:32:32-i64:64-f64:64-n32-S64"),
        (64, 8, "-m:e-p:64:64-i64:64-n64-S128"), (64, 16, "-m:e-p:64:64-i64:64-i128:128-n64-S128"),
    ],
)  # fmt: skip
def test_what_is_wider_than_a_word_is_aligned_as_a_fact_says(rook: Description, bits: int, wide: int, layout: str) -> None:
    assert data_layout(replace(find_facts(rook), native=bits, stack_alignment=bits // 4, wide_alignment=wide)) == layout


def roles(words: str) -> tuple[OperandRole, ...]:
    return tuple(map(OperandRole, words.split()))


def test_instructions_have_their_roles(rook: Description) -> None:
    m = find_facts(rook)
    assert m.add == Operation("ADD", roles("dst src src2"))
    assert m.add_immediate == Operation("ADDI", roles("dst src imm"), SIGNED)
    assert m.or_immediate == Operation("ORI", roles("dst src imm"), Range(16, signed=False))
    assert m.upper == Operation("LUI", roles("dst imm"), Range(16, signed=False)) and (m.low, m.upper_shift) == ("or", 16)
    assert m.copies == {"GPR": Operation("OR", roles("dst src zero"))}
    assert m.loads["", 32] == Operation("LW", roles("dst base imm"), SIGNED)
    assert m.loads["sext", 8].record == "LB" and m.loads["zext", 16].record == "LHU"
    assert m.stores[32] == Operation("SW", roles("src base imm"), SIGNED) and m.stores[8].record == "SB"
    assert {c: op.record for c, op in m.branches.items()} == {
        "eq": "BEQ", "ne": "BNE", "lt": "BLT", "ge": "BGE", "ult": "BLTU", "uge": "BGEU",
    }  # fmt: skip
    assert m.jump == Operation("J", roles("target"), Range(26, signed=True, shift=2))
    assert (m.calls.node, m.return_node) == ("RookISD::CALL", "RookISD::RET_GLUE")
    assert m.calls.direct and m.calls.direct.record == "CALL" and m.calls.indirect and m.calls.indirect.record == "CALLR"
    assert (m.frame_setup, m.frame_destroy, m.nop) == ("ADJCALLSTACKDOWN", "ADJCALLSTACKUP", Operation("NOP", ()))
    assert m.sets == {"lt", "ult"}


def test_fixups_are_where_operands_stand(rook: Description) -> None:
    kinds, operands = fixups(rook, find_facts(rook))
    by_name = {k.name: k for k in kinds}
    branch = by_name["fixup_rook_pcrel_16"]
    assert branch.pc_relative and branch.runs == ((0, 16, 0),) and (branch.shift, branch.use) == (2, "branch")
    assert by_name["fixup_rook_hi_16"].part == "hi"
    used = {kinds[o.fixup].name: o for o in operands}
    assert used["fixup_rook_hi_16"].records == ("LUI",) and used["fixup_rook_hi_16"].index == 1
    assert used["fixup_rook_pcrel_26"].records == ("CALL", "J")


def test_an_architecture_with_an_underscore_has_the_relocations_of_any_other(rook: Description, llvm: Interface) -> None:
    def files(arch: str, *, none: bool) -> dict[str, str]:
        names = relocation_names(fixups(rook, find_facts(rook))[0])
        listed = tuple(f"R_{arch.upper()}_{name}" for kind, name in names.items() if none or kind != "NONE")
        made = archetypes(replace(rook, relocations=listed), llvm, arch)
        return {path: text.replace(arch.upper(), "ARCH").replace(arch, "arch") for path, text in made.files.items()}

    for none in (True, False):
        plain, parted = files("newrook", none=none), files("n_rook", none=none)
        assert "R_ARCH_ROOK_PCREL_16;" in plain["MCTargetDesc/RookELFObjectWriter.cpp"]
        assert parted == plain


def test_a_target_that_llvm_does_not_know_has_a_name_a_number_and_a_byte_order(rook: Description, llvm: Interface) -> None:
    files = archetypes(rook, llvm, machine=0x8123, big_endian=True).files
    assert 'RegisterTarget<Triple::UnknownArch, /*HasJIT=*/false> X(getTheRookTarget(), "rook"' in files["TargetInfo/RookTargetInfo.cpp"]
    assert "MCELFObjectTargetWriter(false, OSABI, 33059, " in files["MCTargetDesc/RookELFObjectWriter.cpp"]
    assert "IsLittleEndian = false;" in files["MCTargetDesc/RookMCAsmInfo.cpp"]
    known = archetypes(rook, llvm, "lanai", machine=0x8123).files
    assert "RegisterTarget<Triple::lanai, " in known["TargetInfo/RookTargetInfo.cpp"]
    assert "MCELFObjectTargetWriter(false, OSABI, ELF::EM_LANAI, " in known["MCTargetDesc/RookELFObjectWriter.cpp"]
    assert "IsLittleEndian = TT.isLittleEndian();" in known["MCTargetDesc/RookMCAsmInfo.cpp"]


def test_an_operand_whose_one_part_is_itself_is_whole(llvm_source: Path, tmp_path: Path) -> None:
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    own = "class Itself<string self> : Operand<OtherVT> { let MIOperandInfo = (ops !cast<Operand>(self)); }"
    changed = text.replace("def brtarget : Operand<OtherVT> {", f'{own}\ndef brtarget : Itself<"brtarget"> {{')
    assert changed != text
    (tmp_path / "Rook.td").write_text(changed)
    rook = described(tmp_path / "Rook.td", "Rook", llvm_source)
    (target,) = Selections(rook).operands("J")
    assert (target.kind, target.part) == ("target", -1)
    assert find_facts(rook).jump == Operation("J", roles("target"), Range(26, signed=True, shift=2))


def test_templates_of_operands_take_as_many_arguments_as_the_td_gives(llvm_source: Path, llvm: Interface, tmp_path: Path) -> None:
    text = (TESTS / "inputs/rook/Rook.td").read_text()
    for name, arguments in (("SImm16", "16"), ("UImm5", "5, -1")):
        given = f'let PredicateMethod = "isBounded<{arguments}>"; let RenderMethod = "addBounded<{arguments}>";'
        text = text.replace(
            f'let ParserMatchClass = Imm<"{name}">;',
            f'let ParserMatchClass = Own{name}; let DecoderMethod = "decodeBounded<{arguments}>"; '
            f'let EncoderMethod = "getBounded{"<1>" if name == "UImm5" else ""}";',
        ).replace("def simm16 ", f'def Own{name} : AsmOperandClass {{ let Name = "{name}"; {given} }}\ndef simm16 ', 1)
    text = text.replace('let EncoderMethod = "getImmOpValue"; let DecoderMethod = "decodeSImm16";', "")
    (tmp_path / "Rook.td").write_text(text)
    made = archetypes(described(tmp_path / "Rook.td", "Rook", llvm_source), llvm)
    parser = " ".join(made.files["AsmParser/RookAsmParser.cpp"].split())
    assert "template <int P0, int P1 = 0> bool isBounded() const { if (P0 == 5 && P1 == -1) { return isInRange(0LL, 31LL, 1); }" in parser
    assert "if (P0 == 16) { return isInRange(-32768LL, 32767LL, 1); } return false; }" in parser
    assert "template <int P0, int P1 = 0> void addBounded(MCInst &Inst, unsigned N) const" in parser
    decoder = " ".join(made.files["Disassembler/RookDisassembler.cpp"].split())
    assert "template <int P0, int P1 = 0> static DecodeStatus decodeBounded(" in decoder
    emitter = " ".join(made.files["MCTargetDesc/RookMCCodeEmitter.cpp"].split())
    assert "template <int P0 = 0> unsigned getBounded(const MCInst &MI" in emitter
    assert "template <int P0> unsigned RookMCCodeEmitter::getBounded(const MCInst &MI" in emitter


def test_features_that_set_an_enumerator_of_the_subtarget_s(rook: Description, llvm: Interface) -> None:
    features = tuple(SubtargetFeature(f"Feature{v}", v.lower(), "Speed", f"RookSubtarget::Kind::{v}", v, ()) for v in ("Slow", "Fast"))
    header = " ".join(archetypes(replace(rook, features=features), llvm).files["RookSubtarget.h"].split())
    assert "enum class Kind { NoSpeed, Slow, Fast };" in header
    assert "Kind Speed = Kind::NoSpeed;" in header and "Kind speed() const { return Speed; }" in header


def test_methods_that_predicates_call_answer_by_features_and_others_are_false(rook: Description, llvm: Interface) -> None:
    features = tuple(SubtargetFeature(f"Arch{n}", f"arch{n}", "Arch", f"Rook{n}", "", ()) for n in (1, 2))
    told = {"New": "Subtarget->isNew()", "Odd": "Subtarget->isOdd()"}
    asked = {"New": "(all_of Arch2)"}

    def made(needed: str) -> Archetypes:
        instructions = tuple(replace(i, predicates=(needed,)) if i.name == "MUL" else i for i in rook.instructions)
        changed = replace(rook, features=features, instructions=instructions, predicates=told, assembler_predicates=asked)
        return archetypes(changed, llvm)

    new, odd = made("New").files, made("Odd").files
    header = " ".join(new["RookSubtarget.h"].split())
    assert "bool isNew() const { return Arch >= Rook2; }" in header and "bool isOdd() const { return false; }" in header
    assert "if (!STI.isNew()) {" in new["RookISelLowering.cpp"]
    assert "if (!STI.isOdd()) {" in odd["RookISelLowering.cpp"]


def test_a_register_class_without_numbers_decodes_nothing(rook: Description, llvm: Interface) -> None:
    classes = tuple(replace(c, members=()) if c.name == "GPR" else c for c in rook.register_classes)
    text = archetypes(replace(rook, register_classes=classes), llvm).files["Disassembler/RookDisassembler.cpp"]
    body = text.partition("DecodeGPRRegisterClass(")[2].partition("\n}")[0]
    assert "return MCDisassembler::Fail;" in body and "Registers" not in body


def test_fixups_that_only_the_td_names_are_enumerators(rook: Description, llvm: Interface) -> None:
    named = tuple(
        replace(o, encoder_method="getTarget<Rook::fixup_rook_far, 2>") if o.name == "brtarget" else o for o in rook.operand_classes
    )
    header = archetypes(replace(rook, operand_classes=named), llvm).files["MCTargetDesc/RookFixupKinds.h"]
    register = rook.registers[0].name
    named = tuple(replace(o, encoder_method=f"getReg<Rook::{register}>") if o.name == "brtarget" else o for o in rook.operand_classes)
    again = archetypes(replace(rook, operand_classes=named), llvm).files["MCTargetDesc/RookFixupKinds.h"]
    assert f"{register} =" not in again, "the register's own enumerator has the name"
    assert "  fixup_rook_far = FK_NONE," in header and "NumTargetFixupKinds" in header.partition("fixup_rook_far")[0]


def test_bits_that_lie_apart_are_apart_in_a_fixup(rook: Description) -> None:
    jump = next(i for i in rook.instructions if i.name == "J")
    swapped = (*jump.encoding[:6], *(f"dst{{{n}}}" for n in (*range(13), *range(25, 12, -1))))
    changed = replace(rook, instructions=tuple(replace(i, encoding=swapped) if i.name == "J" else i for i in rook.instructions))
    found = next(k for k in fixups(changed, find_facts(changed))[0] if (0, 1, 25) in k.runs)
    assert found.runs[:2] == ((0, 1, 25), (1, 1, 24)) and found.runs[-1] == (13, 13, 0)


@given(st.integers(1, 40), st.booleans(), st.integers(0, 4))
def test_a_range_has_as_many_numbers_as_its_bits_allow(bits: int, signed: bool, shift: int) -> None:
    r = Range(bits, signed, shift)
    assert (r.high - r.low) // (1 << shift) + 1 == 1 << bits
    assert r.low <= 0 <= r.high


def test_a_pattern_says_what_each_operand_stands_for(rook: Description) -> None:
    found = next(s for s in Selections(rook).of("add") if s.record == "ADDI")
    assert found.paths == {"rs": (0,), "imm": (1,)}


def test_every_file_reads_as_cpp(made: Archetypes) -> None:
    assert made.missing == {} and len(made.files) > 30
    assert {"RookISelLowering.cpp", "MCTargetDesc/RookAsmBackend.cpp", "AsmParser/RookAsmParser.cpp"} <= made.files.keys()
    for path, text in made.files.items():
        parsed = parse_file(text.encode(), "Rook", path)
        assert parsed.unreadable == (), path
        assert all(f.complete for f in parsed.functions), path
        assert "{{" not in text and "{%" not in text


def test_frame_lowering_is_as_it_was_reviewed(made: Archetypes) -> None:
    golden = TESTS / "golden/archetypes/RookFrameLowering.cpp"
    assert made.files["RookFrameLowering.cpp"] == golden.read_text()


def test_comments_say_what_the_td_says(made: Archetypes, rook: Description, llvm: Interface) -> None:
    frame = made.files["RookFrameLowering.cpp"]
    assert "// R2 is the stack pointer: ADJCALLSTACKDOWN defines and uses it in the .td." in frame
    assert "// A call overwrites the return address: CALL defines R1 in the .td." in frame
    bare = tuple(replace(i, defs=tuple(r for r in i.defs if r != "R1")) for i in rook.instructions)
    named = tuple(replace(r, asm_name="lr") if r.name == "R1" else r for r in rook.registers)
    unsure = replace(rook, instructions=tuple(replace(i, uses=tuple(r for r in i.uses if r != "R1")) for i in bare), registers=named)
    assert "return address: R1 is the return address by its name alone." in archetypes(unsure, llvm).files["RookFrameLowering.cpp"]


def test_a_branch_is_reversed_by_the_one_that_compares_the_same_operands(made: Archetypes) -> None:
    text = made.files["RookInstrInfo.cpp"].partition("::reverseBranchCondition")[2].partition("\n}")[0]
    pairs = dict(re.findall(r"case Rook::(\w+):\s+Cond\[0\].setImm\(Rook::(\w+)\);", text))
    assert pairs == {"BEQ": "BNE", "BNE": "BEQ", "BLT": "BGE", "BGE": "BLT", "BLTU": "BGEU", "BGEU": "BLTU"}


def test_operations_with_one_condition_stand_under_it_together(rook: Description, llvm: Interface) -> None:
    needing = tuple(replace(i, predicates=("HasMul",)) if i.name in ("MUL", "SRL", "SRLI") else i for i in rook.instructions)
    feature = SubtargetFeature("FeatureMul", "mul", "HasMul", "true", "multiplies", ())
    told = replace(rook, instructions=needing, features=(feature,), predicates={"HasMul": "Subtarget->hasMul()"})
    made = archetypes(told, llvm)
    assert "if (!STI.hasMul()) {\n    setOperationAction(ISD::MUL, MVT::i32, LibCall);\n    }" in made.files["RookISelLowering.cpp"]


def test_what_a_pattern_selects_has_no_lowering(made: Archetypes, rook: Description, llvm: Interface) -> None:
    assert "lowerShift" not in made.files["RookISelLowering.cpp"], "every shift has a pattern"
    unknown = "another $rd, $rs1"  # its mnemonic would tell a shift too
    without = tuple(replace(i, pattern="", nodes=(), asm=unknown) if i.name in ("SRL", "SRLI") else i for i in rook.instructions)
    gone = replace(rook, instructions=without, patterns=tuple(p for p in rook.patterns if "srl" not in p[0]))
    text = archetypes(gone, llvm).files["RookISelLowering.cpp"]
    assert "lowerShift(SDValue Op" in text and "case ISD::SRL:" in text


def test_what_lacks_a_pattern_is_expanded(made: Archetypes) -> None:
    text = made.files["RookISelLowering.cpp"]
    assert "setOperationAction(ISD::SDIV, MVT::i32, Expand);" in text
    assert "ISD::MUL," not in text  # MUL has a pattern
    assert "setCondCodeAction(ISD::SETEQ, MVT::i32, Custom);" in text and "ISD::SETULT, MVT::i32, Custom" not in text


def test_without_a_fact_there_is_no_code_generator_and_a_reason(rook: Description, llvm: Interface) -> None:
    without = tuple(replace(c, allocatable=False) for c in rook.register_classes)
    made = archetypes(replace(rook, register_classes=without), llvm)
    assert made.missing["gpr"] == "no allocatable register class holds addresses"
    assert "RookISelLowering.cpp" not in made.files and "MCTargetDesc/RookMCCodeEmitter.cpp" in made.files


def test_what_cannot_be_selected_is_said(rook: Description, llvm: Interface) -> None:
    without = tuple(i for i in rook.instructions if "ISD::BRCOND" not in i.nodes)
    made = archetypes(replace(rook, instructions=without), llvm)
    assert made.missing == {} and made.limits == {"branches": "no conditional branch is known: branches jump through tables"}
    assert "RookISelLowering.cpp" in made.files


def test_without_conventions_there_is_no_code_generator(rook: Description, llvm: Interface) -> None:
    made = archetypes(replace(rook, calling_conventions=()), llvm)
    assert made.missing == {
        "cc": "the .td defines no calling convention", "ret_cc": "the .td defines no convention for return values",
    }  # fmt: skip


def test_what_is_read_back_is_a_plan_that_emits_every_function(rook: Description, made: Archetypes, masker: Masker) -> None:
    files, classes, functions = planned(made.files, "Rook", masker)
    plan = Plan("Rook", Mode.TD, FillerName.ARCHETYPE, "19.1.7", (), files, classes, functions)
    texts = {e.path.split("/", 4)[-1]: e.content for e in emit(plan, rook, {}, threshold=FLAG_BELOW)}
    assert {*made.files, "CMakeLists.txt", "MCTargetDesc/CMakeLists.txt"} <= texts.keys()
    for path in made.files:
        text = texts[path]
        assert isinstance(text, str) and "VEGA-REVIEW" not in text
        again = parse_file(text.encode(), "Rook", path)
        wanted = sorted(f.qualified_name for f in functions if f.file == path)
        assert sorted(f.qualified_name for f in again.functions) == wanted, path
    lowering = texts["RookISelLowering.h"]
    assert isinstance(lowering, str) and "FIRST_NUMBER = ISD::BUILTIN_OP_END" in lowering


def test_statements_say_that_no_donor_gave_them(made: Archetypes, masker: Masker) -> None:
    functions = planned(made.files, "Rook", masker)[2]
    copy = next(f for f in functions if f.qualified_name == "RookInstrInfo::copyPhysReg")
    assert copy.group == "InstrInfo::copyPhysReg" and copy.candidate.origin == ORIGIN
    assert {s.confidence for s in copy.candidate.statements} == {CONFIDENCE}
    assert not any(s.donors for s in copy.candidate.statements) and copy.flagged(FLAG_BELOW) == ()
    assert copy.candidate.statements[0].kind is StatementKind.IF


def test_archetypes_are_a_last_resort_of_what_is_planned(made: Archetypes, rook: Description, masker: Masker) -> None:
    whole = planned(made.files, "Rook", masker)[2]
    known = next(f for f in whole if f.qualified_name == "RookInstrInfo::copyPhysReg")
    mined, own = replace(known.candidate, origin="Lanai"), replace(known.candidate, origin="model", resort=True)
    asked = replace(known, candidates=(*[mined] * 3, own))

    def offer(*functions: PlannedFunction, contracts: Sequence[Contract] = rook.contracts, budget: int = 4) -> list[PlannedFunction]:
        return offered(functions, whole, contracts, budget, invented.groups())

    better, *more = offer(asked)
    assert [c.origin for c in better.candidates] == ["Lanai"] * 3 + [ORIGIN], "within the budget, before the model's own"
    assert [c.resort for c in better.candidates] == [False] * 3 + [True]
    names = {c.name for c in rook.contracts}
    assert more and all(f.candidate.signature.name in names for f in more), "of what the .td obliges it to have"
    other = replace(known, candidates=(replace(mined, signature=replace(mined.signature, params=())),))
    assert offer(other) == [other, *more], "another overload is another function"
    assert [f.qualified_name for f in offer(asked, *more)] == [f.qualified_name for f in (asked, *more)]
    assert offer(asked, contracts=(), budget=1) == [asked], "one candidate is the donors'"


def test_the_archetype_of_a_contract_that_no_donor_has_comes_first(made: Archetypes, masker: Masker) -> None:
    contract = Contract("selectFar", ContractRole.COMPLEX_PATTERN, "bool selectFar(SDValue N)", "SelectionDAGISel", ("far",), ())
    donors = invented.groups({"Aaa": "bool selectFar(SDValue N) { return true; }"}, {"Aaa": [contract]})
    (group,) = (g.name for g in donors.by_name.values() if g.kind is GroupKind.CONTRACT)
    known = next(f for f in planned(made.files, "Rook", masker)[2] if f.qualified_name == "RookInstrInfo::copyPhysReg")
    asked = replace(known, group=group, candidates=(replace(known.candidate, origin="Aaa"),))
    for budget, origins in ((4, [ORIGIN, "Aaa"]), (1, [ORIGIN])):
        (better,) = offered([asked], [known], (), budget, donors)
        assert [c.origin for c in better.candidates] == origins and not better.candidate.resort
    called = replace(known.candidate, signature=replace(known.candidate.signature, name="selectFar"))
    donor, archetype = (replace(known, group=group, candidates=(replace(called, origin=o),)) for o in ("Aaa", ORIGIN))
    (kept,) = offered([donor], [archetype], (), 4, donors)
    assert [c.origin for c in kept.candidates] == ["Aaa", ORIGIN], "Aaa has it"


def test_the_archetype_of_a_register_class_s_decoder_comes_first(made: Archetypes, masker: Masker) -> None:
    name, role = "DecodeGRRegisterClass", ContractRole.REGISTER_CLASS_DECODER
    contract = Contract(name, role, f"DecodeStatus {name}(MCInst &Inst, unsigned N)", "", ("GR",), ())
    donors = invented.groups({"Aaa": f"DecodeStatus {name}(MCInst &Inst, unsigned N) {{ return Success; }}"}, {"Aaa": [contract]})
    (group,) = (g.name for g in donors.by_name.values() if g.kind is GroupKind.CONTRACT)
    known = next(f for f in planned(made.files, "Rook", masker)[2] if f.qualified_name == "RookInstrInfo::copyPhysReg")
    asked = replace(known, group=group, candidates=(replace(known.candidate, origin="Aaa"),))
    (better,) = offered([asked], [known], (), 4, donors)
    assert [c.origin for c in better.candidates] == [ORIGIN, "Aaa"]


def test_an_override_is_declared_as_llvm_declares_it(llvm: Interface) -> None:
    assert llvm.override("TargetInstrInfo::copyPhysReg").endswith("const override;")
    assert llvm.define("X", "MCAsmBackend::writeNopData", "OS Count _") == (
        "bool X::writeNopData(raw_ostream &OS, uint64_t Count, const MCSubtargetInfo *) const"
    )
    assert llvm.pure("MCAsmBackend::writeNopData") and not llvm.pure("TargetInstrInfo::copyPhysReg")
    assert llvm.is_const("MCInstPrinter::printRegName") and not llvm.is_const("MCInstPrinter::printInst")
    assert llvm.declares("TargetFrameLowering::emitPrologue") and not llvm.declares("TargetFrameLowering::emitNothing")
    assert {"copyPhysReg", "get"} <= llvm.methods_of("TargetInstrInfo"), "of its base MCInstrInfo too"
    assert "copyPhysReg" not in llvm.methods_of("MCInstrInfo")
    with pytest.raises(NotFoundError, match="emitNothing"):
        llvm.override("TargetFrameLowering::emitNothing")


def test_an_overlay_is_read_before_the_checkout(tmp_path: Path, llvm_source: Path) -> None:
    header = tmp_path / "llvm/MC/MCCodeEmitter.h"
    header.parent.mkdir(parents=True)
    header.write_text(
        "namespace llvm {\nclass MCCodeEmitter {\npublic:\n"
        "  virtual void encodeInstruction(const MCInst &Inst, raw_ostream &OS, int More = 3) const = 0;\n};\n}\n"
    )
    both = Interface([tmp_path, llvm_source / "llvm/include"])
    assert both.takes("MCCodeEmitter::encodeInstruction", "raw_ostream")
    assert both.override("MCCodeEmitter::encodeInstruction") == (
        "void encodeInstruction(const MCInst &Inst, raw_ostream &OS, int More) const override;"
    )
    assert both.either("MCCodeEmitter::emit", "MCCodeEmitter::encodeInstruction") == "encodeInstruction"


def test_a_leaf_that_names_a_condition_code_is_that_condition(rook: Description) -> None:
    leaf = Fragment("WhereEqual", " return N->getZExtValue() == ISD::SETEQ; ", (), "[(i32 imm)]")
    equal = next(i for i in rook.instructions if i.name == "BEQ")
    changed = replace(equal, pattern="[(br_cc i32:$rs, i32:$rt, WhereEqual, bb:$dst)]", nodes=("ISD::BR_CC",))
    others = tuple(i for i in rook.instructions if "ISD::BRCOND" not in i.nodes)
    found = find_facts(replace(rook, fragments=(*rook.fragments, leaf), instructions=(*others, changed)))
    assert {c: (op.record, op.roles) for c, op in found.branches.items()} == {"eq": ("BEQ", ("src", "src2", "target"))}
