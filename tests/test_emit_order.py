"""Emitting a plan as the files of a target: the order of definitions, their namespaces, and the places of included tables."""

from __future__ import annotations

import re

from emitted import body_after_banner, description, emitted, field, function, member, order_in, plan

from vega_gen import cxx
from vega_gen.records import (
    Contract,
    ContractRole,
    Member,
    MemberKind,
    PlannedClass,
    PlannedFile,
)


def test_functions_come_after_what_they_call() -> None:
    made = emitted(
        plan(
            function("static int a() { return b() + c(); }", "A.cpp"),
            function("static int b() { return c(); }", "A.cpp"),
            function("static int c() { return 1; }", "A.cpp"),
            function("int Z::z() { return 1; }", "A.cpp"),
        )
    )["A.cpp"]
    order_in(made, "int c() {", "int b() {", "int a() {", "int Z::z() {")


def test_an_instance_of_a_template_comes_between_its_declaration_and_its_callers() -> None:
    head = "DecodeStatus decode(MCInst &I, unsigned R)"
    file = PlannedFile("A.cpp", (), (), (f"template <auto P0, int P1>\nstatic {head};",))
    made = emitted(
        plan(
            function("static DecodeStatus whole(MCInst &I) { return decode<Toy::GR, 1>(I, 0); }", "A.cpp"),
            function(f"template <> {head.replace('decode', 'decode<Toy::GR, 1>')} {{ return MCDisassembler::Success; }}", "A.cpp"),
            files=(file,),
        )
    )["A.cpp"]
    order_in(made, "template <auto P0, int P1>", "decode<Toy::GR, 1>(MCInst &I, unsigned R) {", "whole(MCInst &I) {")


def test_recursion_gets_a_declaration() -> None:
    texts = ("static int a(int n) { return b(n); }", "static int b(int n) { return a(n); }")
    made = emitted(plan(*(function(text, "A.cpp") for text in texts)))
    assert len(re.findall(r"static int [ab]\(int n\);", made["A.cpp"])) == 1
    assert len(re.findall(r"static int [ab]\(int n\) \{", made["A.cpp"])) == 2


def test_a_local_class_comes_first_and_what_its_bodies_call_is_declared() -> None:
    pass_class = PlannedClass("ToyPass", ("public FunctionPass",), "A.cpp", ("",), (), (), ())
    made = emitted(
        plan(
            function("bool ToyPass::runOnFunction(Function &F) { return fits(this); }", "A.cpp", namespaces=("",)),
            function("int size() { return count(this) + one(); }", "A.cpp", in_class="ToyPass"),
            function("static bool fits(ToyPass *P) { return P->size(); }", "A.cpp"),
            function("static int count(ToyPass *P) { return 1; }", "A.cpp"),
            function("static int one() { return 1; }", "A.cpp"),
            classes=(pass_class,),
        )
    )["A.cpp"]
    order_in(
        made, "namespace {\nclass ToyPass;", "static int count(ToyPass *P);", "static int one() {", "class ToyPass : public FunctionPass {",
        "bool runOnFunction(Function &F);", "int size() {", "static bool fits(", "bool ToyPass::runOnFunction(Function &F) {",
    )  # fmt: skip


def test_tables_stand_where_their_callees_are_known_and_before_their_users() -> None:
    file = PlannedFile("Disassembler/ToyDisassembler.cpp", (), (), ('#include "ToyGenDisassemblerTables.inc"',))
    contract = Contract("DecodeGPR", ContractRole.REGISTER_CLASS_DECODER, "", "", (), ())
    made = emitted(
        plan(
            function("DecodeStatus ToyDisassembler::getInstruction() { return decodeInstruction(DecoderTable32); }", file.path),
            function("static DecodeStatus DecodeGPR(MCInst &I) { return helper(I); }", file.path),
            function("static DecodeStatus helper(MCInst &I) { return MCDisassembler::Success; }", file.path),
            files=(file,),
        ),
        about=description(contract),
    )
    order_in(made[file.path], " helper(MCInst &I) {", " DecodeGPR(MCInst &I) {", "DisassemblerTables.inc", "::getInstruction() {")
    assert "tablegen(LLVM ToyGenDisassemblerTables.inc -gen-disassembler)" in made["CMakeLists.txt"]


def test_a_decoder_that_needs_its_table_is_declared_before_it() -> None:
    file = PlannedFile("Disassembler/ToyDisassembler.cpp", (), (), ('#include "ToyGenDisassemblerTables.inc"',))
    text = "template <unsigned B> static int DecodeMem(MCInst &I, uint64_t V) { return fieldFromInstruction(V, 0, B); }"
    decoder = function(text, file.path)
    about = description(Contract("DecodeMem", ContractRole.DECODER, "", "", (), ()))
    made = emitted(plan(decoder, files=(file,)), about=about)[file.path]
    order_in(made, "template <unsigned B> static int DecodeMem(MCInst &I, uint64_t V);", "Tables.inc", "DecodeMem(MCInst &I, uint64_t V) {")


def test_a_table_without_a_user_ends_the_file_with_its_macros() -> None:
    prologue = ("using namespace llvm;", "#define ENABLE_INSTR_PREDICATE_VERIFIER", '#include "ToyGenMCCodeEmitter.inc"')
    made = emitted(plan(function("int X::f() { return 1; }", "A.cpp"), files=(PlannedFile("A.cpp", (), prologue),)))["A.cpp"]
    assert made.endswith('#define ENABLE_INSTR_PREDICATE_VERIFIER\n#include "ToyGenMCCodeEmitter.inc"\n')


def test_a_macro_that_no_table_of_the_file_takes_is_for_its_headers() -> None:
    prologue = ("#define GET_INSTRMAP_INFO", "using namespace llvm;", "#define GET_X", "#define GET_Y", '#include "ToyGenInstrInfo.inc"')
    file = PlannedFile("A.cpp", ('"Toy.h"', '"llvm/A.h"'), prologue)
    made = emitted(plan(function("int f() { return 1; }", "A.cpp"), files=(file,)))["A.cpp"]
    order_in(made, '"llvm/A.h"', "GET_INSTRMAP_INFO", '"Toy.h"', "using namespace", "GET_X\n#define GET_Y\n#include")


def test_data_after_the_first_function_stands_before_its_users() -> None:
    epilogue = ("static const unsigned Regs[] = {Toy::R0};", "INITIALIZE_PASS(X, DEBUG_TYPE, NAME, false, false)")
    file = PlannedFile("A.cpp", (), (), epilogue)
    made = emitted(plan(function("unsigned f(int i) { return Regs[i]; }", "A.cpp"), files=(file,)))["A.cpp"]
    order_in(made, "Regs[] =", "unsigned f(", "INITIALIZE_PASS")


def test_namespaces_of_free_functions() -> None:
    made = emitted(
        plan(
            function("int a() { return 1; }", "A.cpp", namespaces=("llvm", "Toy")),
            function("int b() { return 1; }", "A.cpp", namespaces=("",)),
            function("int ToyX::c() { return 1; }", "A.cpp", namespaces=("llvm",)),
            function("inline int d() { return 1; }", "A.h", namespaces=("llvm",)),
        )
    )
    assert "namespace llvm {\nnamespace Toy {\nint a() {" in made["A.cpp"]
    assert "namespace {\nint b() {" in made["A.cpp"]
    assert made["A.cpp"].endswith("} // namespace\n\nint ToyX::c() { return 1; }\n")
    assert "namespace llvm {\ninline int d() {" in made["A.h"]
    assert "using namespace" not in made["A.h"]


def test_texts_of_one_namespace_stand_together_and_a_guard_is_not_repeated() -> None:
    forward = tuple(f"namespace llvm {{\nclass {name};\n}}" for name in ("Target", "MCContext"))
    guarded = "#ifndef LLVM_TOY_H\n#define LLVM_TOY_H\nvoid f();\n#endif // LLVM_TOY_H"
    files = (PlannedFile("A.h", (), ("#define LLVM_A_H", *forward)), PlannedFile("B.h", (), (guarded,)))
    made = emitted(plan(function("int f() { return 1; }", "A.cpp"), files=files))
    start = "#ifndef LLVM_LIB_TARGET_TOY_{0}_H\n#define LLVM_LIB_TARGET_TOY_{0}_H\n\n"
    end = "\n\n#endif // LLVM_LIB_TARGET_TOY_{0}_H\n"
    inside = "namespace llvm {\nclass Target;\nclass MCContext;\n} // namespace llvm"
    assert body_after_banner(made["A.h"]) == start.format("A") + inside + end.format("A")
    assert body_after_banner(made["B.h"]) == start.format("B") + "void f();" + end.format("B")


def test_a_nested_class_takes_the_place_of_its_declaration() -> None:
    inner = Member(MemberKind.OTHER, "public", 1, None, cxx.tokenize("struct RegOp { unsigned get() { return 9; } };"))
    outer = PlannedClass("ToyOperand", (), "A.cpp", (), (inner, field("RegOp Reg;", "Reg", "public")), (), ())
    nested = PlannedClass("ToyOperand::RegOp", (), "A.cpp", (), (member("unsigned get() {}"),), (), (), struct=True)
    body = function("unsigned get() { return 8; }", "A.cpp", in_class="ToyOperand::RegOp")
    made = emitted(plan(body, classes=(outer, nested)))["A.cpp"]
    order_in(made, "class ToyOperand {", "struct RegOp {", "return 8;", "RegOp Reg;")
    assert "return 9;" not in made and made.count("RegOp {") == 1


def test_an_undeclared_method_is_declared_in_its_planned_class() -> None:
    made = emitted(
        plan(
            function("int ToyInstrInfo::extra(int a) const { return a; }", "ToyInstrInfo.cpp"),
            classes=(PlannedClass("ToyInstrInfo", (), "ToyInstrInfo.h", ("llvm",), (), (), ()),),
        )
    )
    assert "public:\n  int extra(int a) const;\n};" in made["ToyInstrInfo.h"]
