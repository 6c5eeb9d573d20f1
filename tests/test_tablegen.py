"""Reading .td files: Descriptions, contracts, symbols, and matching of records, on two made-up targets and on LLVM's own."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llvm_integration.failure import ToolFailure
from vega_gen.errors import InputError
from vega_gen.facts import match
from vega_gen.records import ContractRole, Description, HoleKind
from vega_gen.tablegen import TableGenInput, describe, describe_all, symbols
from vega_gen.tablegen.raw import Dag, parse_dag, parse_dags
from vega_gen.tablegen.registers import RegisterSets

INPUTS = Path(__file__).parent / "inputs"


@pytest.fixture(scope="module")
def tblgen() -> Path:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return Path(found)


@pytest.fixture(scope="module")
def include(llvm_source: Path) -> Path:
    return llvm_source / "llvm/include"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(folder))
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def toy(include: Path, tblgen: Path, tmp_path_factory: pytest.TempPathFactory) -> Description:
    relocs = tmp_path_factory.mktemp("relocs") / "Toy.def"
    relocs.write_text("ELF_RELOC(R_TOY_NONE, 0)\nELF_RELOC(R_TOY_32, 1)\nELF_RELOC(R_TOY_PC28, 2)\n")
    return describe(INPUTS / "toy/Toy.td", folder="Toy", llvm_include=include, tblgen=tblgen, relocs=relocs)


@pytest.fixture(scope="module")
def other(include: Path, tblgen: Path) -> Description:
    return describe(INPUTS / "other/Other.td", folder="Other", llvm_include=include, tblgen=tblgen)


def named(records, name):
    return next(r for r in records if r.name == name)


def generated(backend: str, include: Path, tblgen: Path) -> str:
    argv = [str(tblgen), backend, f"-I{include}", str(INPUTS / "toy/Toy.td")]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


# ------------------------------------------------------------------------- reading


def test_dag_with_names_nested_and_typed():
    dag = parse_dag('(set GPR:$d, (add (i32 GPR:$a), imm:$i), "a, b")')
    assert dag.op == "set"
    assert list(dag.operators()) == ["set", "add", "i32"]
    assert list(dag.leaves()) == [("GPR", "d"), ("GPR", "a"), ("imm", "i"), ('"a, b"', "")]


def test_dag_list_and_operator_with_a_name():
    assert [d.op for d in parse_dags("(set A:$x, (f)), (implicit SR)")] == ["set", "implicit"]
    assert parse_dag("(or (leaf:val), B)").args[0][0] == Dag("leaf", ())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('(sequence "R%u", 1, 3)', "R1 R2 R3"),
        ('(sequence "R%u", 3, 1)', "R3 R2 R1"),
        ('(add (sequence "R%u", 0, 2), R1, R9)', "R0 R1 R2 R9"),
        ('(sub (sequence "R%u", 0, 3), R1, R2)', "R0 R3"),
        ('(and (sequence "R%u", 0, 3), (sequence "R%u", 2, 5))', "R2 R3"),
        ('(trunc (sequence "R%u", 0, 9), 2)', "R0 R1"),
        ('(shl (sequence "R%u", 0, 3), 2)', "R2 R3"),
        ('(rotl (sequence "R%u", 0, 3), 1)', "R1 R2 R3 R0"),
        ('(rotr (sequence "R%u", 0, 3), 1)', "R3 R0 R1 R2"),
        ('(decimate (sequence "R%u", 0, 5), 2)', "R0 R2 R4"),
        ('(interleave (sequence "R%u", 0, 1), (sequence "R%u", 4, 5))', "R0 R4 R1 R5"),
    ],
)
def test_register_sets(expression: str, expected: str):
    assert RegisterSets({}).expand(parse_dag(expression)) == tuple(expected.split())


def test_registers_and_classes(toy: Description):
    assert (toy.name, toy.namespace, toy.folder) == ("Toy", "Toy", "Toy")
    assert [r.name for r in toy.registers] == ["FP", "LR", "R0", "R1", "R2", "R3", "R4", "SP", "SR"]
    lr = named(toy.registers, "LR")
    assert (lr.asm_name, lr.encoding, lr.dwarf) == ("lr", 7, (7,))
    gpr = named(toy.register_classes, "GPR")
    assert gpr.members == ("R0", "R1", "R2", "R3", "R4", "LR", "FP", "SP")
    assert (gpr.value_types, gpr.size, gpr.alignment, gpr.allocatable) == (("i32",), 32, 32, True)
    assert named(toy.register_classes, "Low").members == ("R0", "R1", "R2", "R3")
    assert not named(toy.register_classes, "Status").allocatable


def test_instructions(toy: Description):
    add = named(toy.instructions, "ADD")
    assert [(o.name, o.type) for o in (*add.outs, *add.ins)] == [("d", "GPR"), ("a", "GPR"), ("b", "GPR")]
    assert add.nodes == ("set", "ISD::ADD")
    assert add.flags == {"isCommutable", "hasCompleteDecoder"}
    assert len(add.encoding) == 32
    assert add.encoding[:7] == ("0", "0", "0", "1", "d{2}", "d{1}", "d{0}")
    assert named(toy.instructions, "MUL").predicates == ("HasMul",)
    call = named(toy.instructions, "CALL")
    assert call.defs == ("LR",)
    assert "ToyISD::CALL" in call.nodes
    assert "isCall" in call.flags
    assert named(toy.instructions, "LDB").nodes[:2] == ("set", "zextloadi8")
    assert "ISD::LOAD" in named(toy.instructions, "LDB").nodes


def test_an_instruction_without_pattern_takes_the_pat_that_selects_it(toy: Description):
    addi = named(toy.instructions, "ADDI")
    assert addi.pattern == "(add GPR:$a, uimm8:$i)"
    assert addi.nodes == ("ISD::ADD",)
    assert addi.post_encoder_method == "fixAddi"


def test_the_rest_of_the_description(toy: Description):
    assert [(f.record, f.name, f.field, f.value) for f in toy.features] == [
        ("FeatureMul", "mul", "HasMul", "true"),
        ("FeatureWide", "wide", "MaxWidth", "64"),
    ]
    cc = named(toy.calling_conventions, "CC_Toy")
    assert (cc.registers, cc.stack, cc.hooks) == (("R0", "R1", "R2"), ((4, 4),), ("isToyVector", "CC_Toy_Vector"))
    csr = named(toy.calling_conventions, "CSR_Toy")
    assert csr.callee_saved
    assert csr.registers == ("LR", "FP", "R3", "R4")
    lists = [c.name for c in toy.calling_conventions if c.callee_saved]
    assert lists == ["CSR_None", "CSR_Toy"], "what windows preserve is no list of what a function stores"
    assert {p.name: p.features for p in toy.processors} == {"generic": (), "big": ("FeatureMul", "FeatureWide")}
    call = next(n for n in toy.nodes if n.opcode == "ToyISD::CALL")
    assert (call.results, call.operands, call.types) == (0, -1, ("SDTCisVT<0, i32>",))
    assert call.properties == ("SDNPHasChain", "SDNPOutGlue", "SDNPOptInGlue", "SDNPVariadic")
    pattern = named(toy.complex_patterns, "addr")
    assert (pattern.operands, pattern.select_function, pattern.root_nodes) == (2, "selectAddr", ("frameindex",))
    assert [(f.name, f.calls) for f in toy.fragments] == [("uimm8", ("isUInt", "fitsToy"))]  # none of LLVM's own
    assert toy.relocations == ("R_TOY_NONE", "R_TOY_32", "R_TOY_PC28")
    assert toy.data["Relocation.numbers"] == "0 1 2"
    assert toy.data["AsmWriter.PassSubtarget"] == "1"
    assert toy.data["AsmParser.present"] == "1"


def test_an_include_beside_the_td_is_found_and_no_parser_means_none(other: Description):
    assert "STACK" in {r.name for r in other.registers}
    assert other.data["AsmParser.present"] == "0"
    roles = {c.role for c in other.contracts}
    assert ContractRole.OPERAND_PREDICATE not in roles
    assert ContractRole.REGISTER_CLASS_DECODER not in roles


# ----------------------------------------------------------------------- contracts


def of_role(d: Description, role: ContractRole) -> dict[str, str]:
    return {c.name: c.signature for c in d.contracts if c.role is role}


def test_decoders_are_those_that_the_generated_disassembler_calls(toy: Description, include: Path, tblgen: Path):
    text = generated("-gen-disassembler", include, tblgen)
    called = set(re.findall(r"Check\(S, (\w+)", text))
    roles = (ContractRole.DECODER, ContractRole.REGISTER_CLASS_DECODER, ContractRole.INSTRUCTION_DECODER)
    assert {name for role in roles for name in of_role(toy, role)} == called
    assert "DecodeGPRRegisterClass" in called
    assert "DecodeLowRegisterClass" not in called  # only an instruction with a decoder of its own uses it


def test_encoders_are_those_that_the_generated_emitter_calls(toy: Description, include: Path, tblgen: Path):
    text = generated("-gen-emitter", include, tblgen)
    called = set(re.findall(r"op = (\w+)\(", text)) - {"getMachineOpValue"}
    assert set(of_role(toy, ContractRole.ENCODER)) == called
    assert set(of_role(toy, ContractRole.INSTRUCTION_ENCODER)) == set(re.findall(r"Value = (\w+)\(MI, Value, STI", text))


def test_printers_have_the_overloads_that_the_generated_writer_calls(toy: Description, include: Path, tblgen: Path):
    text = generated("-gen-asm-writer", include, tblgen)
    called = {(name, "Address" in args) for name, args in re.findall(r"\b(print(?:Operand|Mem))\((MI, [^)]*)\)", text)}
    found = {(c.name, "Address" in c.signature) for c in toy.contracts if c.role is ContractRole.PRINTER}
    assert found == called
    assert all("const MCSubtargetInfo &STI" in c.signature for c in toy.contracts if c.role is ContractRole.PRINTER)


def test_calling_convention_hooks_and_subtarget_accessors(toy: Description, include: Path, tblgen: Path):
    text = generated("-gen-callingconv", include, tblgen)
    for name in of_role(toy, ContractRole.CALLING_CONVENTION):
        assert f"{name}(" in text
    macros = re.findall(r"GET_SUBTARGETINFO_MACRO\((\w+), \w+, (\w+)\)", generated("-gen-subtarget", include, tblgen))
    assert macros == [("HasMul", "hasMul")]
    table = symbols(toy)
    assert table.kind_of("hasMul") is HoleKind.FEATURE
    assert table.kind_of("maxWidth") is None  # a number has no accessor of its own


def test_signatures(toy: Description):
    assert of_role(toy, ContractRole.COMPLEX_PATTERN) == {"selectAddr": "bool selectAddr(SDValue N, SDValue &Op0, SDValue &Op1)"}
    decoder = of_role(toy, ContractRole.DECODER)["decodeUImm"]
    rest = "(MCInst &Inst, unsigned Val, uint64_t Address, const MCDisassembler *Decoder)"
    assert decoder == f"template <unsigned P0> static DecodeStatus decodeUImm{rest}"
    predicates = of_role(toy, ContractRole.OPERAND_PREDICATE)  # isImm: br and call take immediates of no class of their own
    assert predicates == {name: f"bool {name}() const" for name in ("isUImm8", "isMem", "isImm")}
    assert set(of_role(toy, ContractRole.OPERAND_RENDER)) == {"addRegOperands", "addUImm8Operands", "addMemOperands", "addImmOperands"}
    assert of_role(toy, ContractRole.OPERAND_PARSER) == {"parseMem": "ParseStatus parseMem(OperandVector &Operands)"}
    assert set(of_role(toy, ContractRole.FRAGMENT_HELPER)) == {"fitsToy"}
    inserter = next(c for c in toy.contracts if c.role is ContractRole.CUSTOM_INSERTER)
    assert inserter.records == ("SELECT",)
    assert set(of_role(toy, ContractRole.ISD_NODE)) == {"ToyISD::CALL", "ToyISD::RET_GLUE"}


# ------------------------------------------------------------------ symbols, match


def test_symbols(toy: Description):
    table = symbols(toy)
    expected = {
        "Toy::ADD": HoleKind.OPCODE,
        "Toy::LR": HoleKind.REGISTER,
        "Toy::GPRRegClass": HoleKind.REGISTER_CLASS,
        "Toy::GPRRegClassID": HoleKind.REGISTER_CLASS,
        "ToyISD::CALL": HoleKind.ISD_NODE,
        "ELF::R_TOY_32": HoleKind.RELOCATION,
        "Toy::FeatureMul": HoleKind.FEATURE,
        "RetCC_Toy": HoleKind.METHOD,
        "CSR_Toy_RegMask": HoleKind.METHOD,
        "big": HoleKind.STRING,
    }
    assert {name: table.kind_of(name) for name in expected} == expected
    assert table.kind_of("Toy::DIV") is None
    assert "Toy::ADD" in table.of(HoleKind.OPCODE)


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        *((HoleKind.OPCODE, a, b) for a, b in (("ADD", "PLUS"), ("ADDI", "PLUSK"), ("SUB", "MINUS"), ("MUL", "TIMES"), ("LDW", "FETCH"))),
        *((HoleKind.OPCODE, a, b) for a, b in (("LDB", "FETCHB"), ("STW", "PUT"), ("BR", "GOTO"), ("CALL", "JAL"), ("RET", "BACK"))),
        (HoleKind.OPCODE, "Toy::ADJCALLSTACKDOWN", "Other::CALL_BEGIN"),
        *((HoleKind.REGISTER, a, b) for a, b in (("SP", "STACK"), ("LR", "LINK"), ("FP", "FRAME"), ("SR", "FLAGS"), ("R0", "A2"))),
        (HoleKind.REGISTER_CLASS, "GPRRegClass", "IntsRegClass"),
        (HoleKind.REGISTER_CLASS, "Toy::StatusRegClassID", "Other::FlagsRegClassID"),
        (HoleKind.ISD_NODE, "ToyISD::CALL", "OtherISD::JAL"),
        (HoleKind.ISD_NODE, "RET_GLUE", "RETURN"),
        (HoleKind.FEATURE, "hasMul", "hasMultiply"),
        (HoleKind.METHOD, "selectAddr", "selectWhere"),
    ],
)
def test_match(toy: Description, other: Description, kind: HoleKind, theirs: str, ours: str):
    found = match(kind, theirs, toy, other)
    assert found[0][0] == ours
    assert all(0 < score <= 1 for _, score in found)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_every_name_matches_itself_best(toy: Description):
    for kind, names in (
        (HoleKind.OPCODE, [i.name for i in toy.instructions]),
        (HoleKind.REGISTER, [r.name for r in toy.registers]),
        (HoleKind.RELOCATION, list(toy.relocations)),
    ):
        for name in names:
            assert match(kind, name, toy, toy, 1)[0][0] == name


def test_what_the_donor_does_not_have_matches_nothing(toy: Description, other: Description):
    assert match(HoleKind.OPCODE, "DIVIDE", toy, other) == ()
    assert match(HoleKind.FIXUP, "fixup_toy_pc28", toy, other) == ()


# --------------------------------------------------------------- bad input, caching


def write(folder: Path, text: str) -> Path:
    path = folder / "Bad.td"
    path.write_text(text)
    return path


def test_syntax_error_has_the_tools_message_and_place(tmp_path: Path, include: Path, tblgen: Path):
    td = write(tmp_path, 'include "llvm/Target/Target.td"\n\ndef Bad : Target {\n  let = 3;\n}\n')
    with pytest.raises(InputError) as caught:
        describe(td, folder="Bad", llvm_include=include, tblgen=tblgen)
    assert caught.value.where == f"{td}:4:7"
    assert "expected field identifier" in caught.value.what.lower()
    assert caught.value.next_step


def test_missing_include_is_told(tmp_path: Path, include: Path, tblgen: Path):
    with pytest.raises(InputError) as caught:
        describe(write(tmp_path, 'include "Nowhere.td"\n'), folder="Bad", llvm_include=include, tblgen=tblgen)
    assert "Nowhere.td" in caught.value.what
    assert ":1:" in caught.value.where


def test_no_target_record(tmp_path: Path, include: Path, tblgen: Path):
    with pytest.raises(InputError) as caught:
        describe(write(tmp_path, 'include "llvm/Target/Target.td"\n'), folder="Bad", llvm_include=include, tblgen=tblgen)
    assert "def X : Target" in caught.value.next_step


def test_not_utf8_and_no_such_file(tmp_path: Path, include: Path, tblgen: Path):
    td = tmp_path / "Bad.td"
    td.write_bytes(b"// fine\n// caf\xe9\n")
    with pytest.raises(InputError) as caught:
        describe(td, folder="Bad", llvm_include=include, tblgen=tblgen)
    assert caught.value.where == f"{td}:2"
    with pytest.raises(InputError):
        describe(tmp_path / "None.td", folder="Bad", llvm_include=include, tblgen=tblgen)


def test_no_tblgen(include: Path, tmp_path: Path):
    with pytest.raises(ToolFailure):
        describe(INPUTS / "toy/Toy.td", folder="Toy", llvm_include=include, tblgen=tmp_path / "llvm-tblgen")


def test_cached_by_content(tmp_path: Path, include: Path, tblgen: Path, cache: Path):
    for name in ("Other.td", "OtherRegisters.td"):
        shutil.copy(INPUTS / "other" / name, tmp_path)

    def kept() -> set[Path]:
        return set((cache / "tablegen").glob("Copy-*"))

    first = describe(tmp_path / "Other.td", folder="Copy", llvm_include=include, tblgen=tblgen)
    assert len(kept()) == 1
    assert describe(tmp_path / "Other.td", folder="Copy", llvm_include=include, tblgen=tblgen) == first
    assert len(kept()) == 1
    registers = tmp_path / "OtherRegisters.td"
    registers.write_text(registers.read_text().replace('"stack"', '"pile"'))
    changed = describe(tmp_path / "Other.td", folder="Copy", llvm_include=include, tblgen=tblgen)
    assert named(changed.registers, "STACK").asm_name == "pile"
    assert len(kept()) == 2
    for path in kept():
        path.write_text("{")  # damaged: made again
    assert describe(tmp_path / "Other.td", folder="Copy", llvm_include=include, tblgen=tblgen) == changed


def test_a_real_target_and_several_at_once(llvm_source: Path, include: Path, tblgen: Path, other: Description):
    seen: list[tuple[str, int, int]] = []
    relocs = include / "llvm/BinaryFormat/ELFRelocs/Lanai.def"
    sources = [
        TableGenInput(llvm_source / "llvm/lib/Target/Lanai/Lanai.td", "Lanai", relocs),
        TableGenInput(INPUTS / "other/Other.td", "Other"),
    ]
    lanai, again = describe_all(sources, llvm_include=include, tblgen=tblgen, progress=lambda f, d, n: seen.append((f, d, n)))
    assert again == other
    assert sorted(d for _, d, _ in seen) == [1, 2]
    assert {f for f, _, _ in seen} == {"Lanai", "Other"}
    assert "R_LANAI_HI16" in lanai.relocations
    expected = {"printMemRiOperand", "decodeRiMemoryValue", "DecodeGPRRegisterClass", "adjustPqBitsRmAndRrm"}
    assert expected <= {c.name for c in lanai.contracts}
    assert set(named(lanai.register_classes, "GPR").members) == {r.name for r in lanai.registers} - {"SR"}
