"""Demands: names that TableGen's tables use without a contract, and names that a file does not declare, are supplied during the build."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from emitted import description, emitted, field, function
from test_steps import OWN, PRINTER, contract, plan, steps, two

from llvm_integration.check import Mistake
from vega_gen import cxx
from vega_gen.groups import Interfaces
from vega_gen.plan import demands
from vega_gen.plan.blame import Blame
from vega_gen.plan.steps import Steps
from vega_gen.plan.stubs import Bases, stub
from vega_gen.records import (
    ContractRole,
    Fragment,
    Member,
    MemberKind,
    OperandClass,
    PlannedClass,
    PlannedFile,
    Register,
    Step,
    SubtargetFeature,
)

OPERAND_CLASS = OperandClass("", "i32", "printOperand", "", "", "", "", "", "", "", ())


def test_the_subtarget_gets_the_field_of_a_feature_and_its_values() -> None:
    given = (("Mode", "Half"), ("Mode", "Whole"), ("HasB", "true"), ("Width", "64"), ("Kept[Toy::R0]", "true"), ("Kept[Toy::R1]", "true"))
    features = [SubtargetFeature(f"F{n}", f"f{n}", name, value, "", ()) for n, (name, value) in enumerate(given)]
    start = plan()
    own = PlannedClass("ToySubtarget", ("public ToyGenSubtargetInfo",), "ToyInstrInfo.h", (), (), (), ())
    way = replace(steps(), description=replace(description(), features=tuple(features)))
    made = replace(start, classes=(*start.classes, own))
    every = "enum { Half = 1, Whole = 2 }; unsigned Mode = 0; bool HasB = false; unsigned Width = 0; "
    every += "bool Kept[Toy::NUM_TARGET_REGS] = {}; }"
    for name in ("Half", "HasB", "Kept"):
        alone = way.demanded(way.demanded(made, name, "ToyInstrInfo.cpp"), name, "ToyInstrInfo.cpp")
        assert every in " ".join(emitted(alone)["ToyInstrInfo.h"].split())
    listed = Member(MemberKind.OTHER, "public", 0, None, ("#define GET_SUBTARGETINFO_MACRO",))
    alone = way.demanded(replace(made, classes=(replace(own, members=(listed,)),)), "HasB", "ToyInstrInfo.cpp")
    assert [m.name for m in alone.classes[0].members] == ["", "HasB"]


def subtarget() -> PlannedClass:
    return PlannedClass("ToySubtarget", ("public ToyGenSubtargetInfo",), "ToyInstrInfo.h", ("llvm",), (), (), ())


def test_table_gen_s_classes_are_called_by_the_target_record_not_by_the_folder() -> None:
    features = (SubtargetFeature("F", "f", "HasF", "true", "", ()),)
    way = replace(steps(), description=replace(description(), features=features))
    renamed = replace(plan(), target="Folder", classes=(*plan().classes, subtarget()))
    made = way.demanded(renamed, "HasF", "ToyInstrInfo.cpp")
    assert [m.name for m in made.classes[-1].members] == ["HasF"]


def test_a_method_that_predicates_call_answers_from_their_features() -> None:
    told = {
        "HasWide": ("Subtarget->hasWide()", "(any_of FeatureWide, (all_of FeatureMul, (not FeatureSmall)))"),
        "NotLate": ("!Subtarget->isLate()", "(all_of (not FeatureLate))"),
        "Odd": ("Subtarget->isOdd() && Subtarget->isEven() || Subtarget->hasSmall()", ""),
    }
    features = tuple(SubtargetFeature(f"Feature{name}", name.lower(), f"Has{name}", value, "", ()) for name, value in
                     (("Wide", "true"), ("Mul", "Fast"), ("Small", "true"), ("Late", "true")))  # fmt: skip
    said = replace(
        description(), features=features, predicates={r: code for r, (code, _) in told.items()},
        assembler_predicates={r: dag for r, (_, dag) in told.items() if dag},
    )  # fmt: skip
    way = replace(steps(), description=said)
    made = replace(plan(), classes=(*plan().classes, subtarget()))
    for name in ("hasWide", "isLate", "isOdd", "getInfo", "hasWide"):
        made = way.demanded(made, name, "ToyInstrInfo.cpp")
    assert [(f.qualified_name, f.step) for f in made.functions] == [
        ("ToySubtarget::hasSmall", Step.ARCHETYPE), ("ToySubtarget::hasWide", Step.ARCHETYPE),
        ("ToySubtarget::isEven", Step.STUB), ("ToySubtarget::isLate", Step.ARCHETYPE),
        ("ToySubtarget::isOdd", Step.STUB),
    ]  # fmt: skip
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "bool hasWide() const { return HasWide || ((HasMul >= Fast) && !HasSmall); }" in text
    assert "bool isLate() const { return HasLate; }" in text
    assert "bool hasSmall() const { return HasSmall; }" in text, "as TableGen calls what gives a field"
    assert "enum { Fast = 1 }; unsigned HasMul = 0;" in text, "the fields that it asks for are there"


OPERAND = """class MCTargetAsmParser {};
class MCParsedAsmOperand {};
class ParseStatus {};
"""


def test_a_table_s_names_without_a_contract_are_made_of_the_table() -> None:
    table = (
        "#ifdef GET_OPERAND_DIAGNOSTIC_TYPES\n#undef GET_OPERAND_DIAGNOSTIC_TYPES\n\n  Match_A,\n  Match_B,\n"
        "#endif // GET_OPERAND_DIAGNOSTIC_TYPES\nreturn Match_B;\n    defaultMask()->printMem(Inst, 1);\n"
        "    return parsePair<true>(Operands);\n    Operand.addPairOperands(Inst, 1);\n"
    )
    fusions = "  if (F[0]) Fusions.push_back(llvm::isPair);\n  if (F[1]) Fusions.push_back(llvm::isLoad);\n"
    warned = "&getLoadDeprecationInfo,\nnullptr,\n&getStoreDeprecationInfo,\n"
    operands = "{ ToyOp::UIMM5 },\n{ ToyOp::SIMM3 },\n{ ToyOp::UIMM5 },\n"
    made = replace(
        plan(),
        files=(PlannedFile("ToyDesc.h", (), ("#define GET_INSTRINFO_ENUM",)), PlannedFile("ToyParser.cpp", ('"ToyDesc.h"',), ())),
        classes=(
            PlannedClass("ToyParser", ("public MCTargetAsmParser",), "ToyParser.cpp", (), (), (), ()),
            PlannedClass("ToyOperand", ("public MCParsedAsmOperand",), "ToyParser.cpp", (), (), (), ()),
        ),
    )
    kinds = [replace(OPERAND_CLASS, name=name, operand_type=name) for name in ("UIMM5", "SIMM3")]
    interfaces = Interfaces(cxx.parse_file(OPERAND.encode(), "", "llvm/P.h").classes)
    bases = Bases(interfaces, lambda file: b"", Path("no-tables"), "Toy", "")
    asked = contract("void printMem(MCInst &Inst, unsigned N) const", owner="MCParsedAsmOperand")
    way = Steps(replace(description(asked), operand_classes=tuple(kinds)), bases)
    tables = {"ToyGenAsmMatcher.inc": table, "ToyGenInstrInfo.inc": operands, "ToyGenSubtargetInfo.inc": fusions}
    tables["ToyGenWarned.inc"] = warned
    blame = Blame(made, emitted(made), way, tables)
    said = [
        Mistake("t/ToyGenAsmMatcher.inc", 7, "no member named 'Match_B' in '(anonymous namespace)::ToyParser'"),
        Mistake("t/ToyGenAsmMatcher.inc", 8, "use of undeclared identifier 'defaultMask'"),
        Mistake("t/ToyGenAsmMatcher.inc", 9, "use of undeclared identifier 'parsePair'"),
        Mistake("t/ToyGenAsmMatcher.inc", 10, "no member named 'addPairOperands' in 'ToyOperand'"),
        Mistake("t/ToyGenSubtargetInfo.inc", 2, "no member named 'isLoad' in namespace 'llvm'"),
        Mistake("t/ToyGenSubtargetInfo.inc", 1, "no member named 'isPair' in namespace 'llvm'"),
        Mistake("t/ToyGenInstrInfo.inc", 1, "use of undeclared identifier 'ToyOp'"),
        Mistake("t/ToyGenWarned.inc", 3, "use of undeclared identifier 'getStoreDeprecationInfo'"),
    ]
    assert not blame.mistakes({"ToyParser.cpp": said})
    only = Blame(made, emitted(made), way, tables)
    only.supplied({"ToyParser.cpp": said})
    assert emitted(only.plan) == emitted(blame.plan)
    texts = {path: " ".join(text.split()) for path, text in emitted(blame.plan).items()}
    assert "enum { Match_A = FIRST_TARGET_MATCH_RESULT_TY, Match_B };" in texts["ToyParser.cpp"]
    assert "std::unique_ptr<ToyOperand> ToyParser::defaultMask() const {" in texts["ToyParser.cpp"]
    assert texts["ToyParser.cpp"].count("const MachineInstr &) { return false; }") == 2 and "isPair() const" not in texts["ToyParser.cpp"]
    assert texts["ToyParser.cpp"].count("(MCInst &, const MCSubtargetInfo &, std::string &) { return false; }") == 2
    assert "ParseStatus ToyParser::parsePair(OperandVector &Operands) {" in texts["ToyParser.cpp"]
    assert "void addPairOperands(MCInst &Inst, unsigned N) const {" in texts["ToyParser.cpp"]
    assert "namespace ToyOp { enum OperandType : unsigned { UIMM5 = MCOI::OPERAND_FIRST_TARGET, SIMM3 }; }" in texts["ToyDesc.h"]


def test_a_condition_that_nobody_explains_is_false_where_that_is_asked_for() -> None:
    told = {"Odd": ("Subtarget->isOdd()", ""), "Swap": ("Subtarget->getHasSwap()", "")}
    features = (SubtargetFeature("FeatureSwap", "swap", "HasSwap", "true", "", ()),)
    said = replace(description(), features=features, predicates={r: code for r, (code, _) in told.items()})
    way = replace(steps(), description=said)
    operand = PlannedClass("ToyOperand", ("public MCParsedAsmOperand",), "ToyInstrInfo.cpp", (), (), (), ())
    made = way.demanded(replace(plan(), classes=(*plan().classes, subtarget(), operand)), "isOdd", "ToyInstrInfo.cpp")
    assert way.demanded(made, "isOdd", "ToyOther.cpp") is made, "operands are not asked for what the subtarget answers"
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "bool getHasSwap() const { return HasSwap; }" in text and "isOdd is not written yet" in text
    false = demands.assumed(made, "ToySubtarget")
    assert "return false;" in " ".join(emitted(false)["ToyInstrInfo.h"].split())
    assert demands.assumed(false, "ToySubtarget") is false and demands.assumed(made, "Other") is made


def test_who_only_supplies_lowers_and_removes_nothing() -> None:
    start = plan(function("int other() { return bad; }", "A.cpp"))
    said = {"A.cpp": [Mistake("A.cpp", 2, "use of undeclared identifier 'bad'"), Mistake("t/ToyGen.inc", 1, "expected expression")]}
    texts = {**emitted(start), "A.cpp": 'int other() {\n  return bad;\n}\n#include "ToyGen.inc"\n'}
    blame = Blame(start, texts, steps(), {"ToyGen.inc": "oops"})
    blame.supplied(said)
    assert blame.plan is start
    blame.mistakes(said)
    assert blame.plan is not start


def test_an_error_in_a_header_does_not_wait_for_those_who_do_not_include_it() -> None:
    start = plan(two(OWN), function("int other() { return bad; }", "A.cpp"))
    texts = {**emitted(start), "A.cpp": "int other() {\n  return bad;\n}\n"}
    line = next(n for n, text in enumerate(texts["ToyInstrInfo.h"].split("\n"), 1) if "undone" in text)
    blame = Blame(start, texts, steps(), {})
    assert not blame.mistakes({"ToyInstrInfo.cpp": [Mistake("ToyInstrInfo.h", line, "no")], "A.cpp": [Mistake("A.cpp", 2, "bad")]})
    assert "undone" not in emitted(blame.plan)["ToyInstrInfo.h"]
    assert blame.plan.functions[1].step is Step.STUB


def test_a_type_that_a_file_does_not_see_is_included_or_declared() -> None:
    start = replace(plan(two(OWN)), classes=(*plan().classes, replace(subtarget(), file="ToySubtarget.h")))
    way = replace(steps(), header={"Function": "llvm/IR/Function.h", "ToySubtarget": ""}.__getitem__)
    blame = Blame(start, emitted(start), way, {"ToyGen.inc": ""})
    said = [Mistake("ToyInstrInfo.h", 20, f"unknown type name '{name}'") for name in ("Function", "ToySubtarget")]
    said.append(Mistake("/w/tables/ToyGen.inc", 1, "unknown type name 'Function'"))
    assert not blame.mistakes({"ToyInstPrinter.cpp": [said[0], said[1]], "ToyInstrInfo.cpp": [said[2]]})
    text = emitted(blame.plan)["ToyInstrInfo.h"]
    assert '#include "llvm/IR/Function.h"' in text and "class ToySubtarget;" in text
    assert '#include "llvm/IR/Function.h"' in emitted(blame.plan)["ToyInstrInfo.cpp"], "a table is seen by who includes it"
    again = Blame(blame.plan, emitted(blame.plan), way, {})
    line = next(n for n, text in enumerate(text.split("\n"), 1) if "int undone" in text)
    again.mistakes({"A.cpp": [Mistake("ToyInstrInfo.h", line, "unknown type name 'Function'")]})
    assert "undone" not in emitted(again.plan)["ToyInstrInfo.h"], "where that does not help, what names it goes"


def test_a_template_that_the_tables_ask_for_takes_the_place_of_a_method_of_its_name() -> None:
    head = "template <int P0> " + PRINTER
    mined = function(f"{PRINTER.replace('printMem', 'ToyInstPrinter::printMem')} {{ O << 1; }}", "ToyInstPrinter.cpp")
    start = plan(mined)
    blame = Blame(start, emitted(start), steps(contract(head)), {"ToyGenAsmWriter.inc": "  printMem<4>(MI, 0, O);\n"})
    said = Mistake("t/ToyGenAsmWriter.inc", 1, "reference to non-static member function must be called")
    assert not blame.mistakes({"ToyInstPrinter.cpp": [said]})
    assert [f.step for f in blame.plan.functions] == [Step.LEFT_OUT, Step.STUB]
    assert "template <int P0> void printMem(" in " ".join(emitted(blame.plan)["ToyInstPrinter.cpp"].split())


@pytest.mark.parametrize(
    "line", ["return N < Subtarget->getWidth();", "const auto &S = MF.getSubtarget<ToySubtarget>(); return S.getWidth() < 2;"]
)
def test_what_tables_ask_of_the_subtarget_is_a_stub_of_it(line: str) -> None:
    start = replace(plan(), classes=(*plan().classes, subtarget()))
    blame = Blame(start, emitted(start), steps(), {"ToyGenDAGISel.inc": f"{line}\n"})
    said = Mistake("t/ToyGenDAGISel.inc", 1, "no member named 'getWidth' in 'llvm::ToySubtarget'")
    assert not blame.mistakes({"ToyInstPrinter.cpp": [said]})
    assert "unsigned getWidth(const Ts &...) const {" in emitted(blame.plan)["ToyInstrInfo.h"]


def test_the_matcher_s_converter_of_an_instruction_is_a_method_of_the_parser() -> None:
    parser = PlannedClass("ToyAsmParser", ("public MCTargetAsmParser",), "ToyInstPrinter.cpp", (), (), (), ())
    base = "class MCTargetAsmParser { virtual void f(); };"
    way = replace(steps(), bases=replace(steps().bases, interfaces=Interfaces(cxx.parse_file(base.encode(), "", "llvm/P.h").classes)))
    start = replace(plan(), classes=(*plan().classes, parser))
    blame = Blame(start, emitted(start), way, {"ToyGenAsmMatcher.inc": "      convertPair(Inst, Operands);\n"})
    said = Mistake("t/ToyGenAsmMatcher.inc", 1, "use of undeclared identifier 'convertPair'")
    assert not blame.mistakes({"ToyInstPrinter.cpp": [said]})
    assert "void convertPair(MCInst &Inst, const OperandVector &Operands)" in " ".join(emitted(blame.plan)["ToyInstPrinter.cpp"].split())


def test_a_class_of_state_that_conventions_cast_to_has_the_methods_that_they_call() -> None:
    cast = "static_cast<ToyCCState *>(&State)"
    calls = f"if ({cast}->isOdd(ValNo)) {{", f"if ({cast}->isEven(0) == ToyCCState::Two) {{"
    blame = Blame(plan(), emitted(plan()), steps(), {"ToyGenCallingConv.inc": "\n".join(calls)})
    unknown, lacking = "unknown type name 'ToyCCState'", "no member named 'isEven' in 'llvm::CCState'"
    said = [Mistake("t/ToyGenCallingConv.inc", 1, unknown), Mistake("t/ToyGenCallingConv.inc", 2, lacking)]
    assert not blame.mistakes({"ToyInstrInfo.cpp": said})
    text = " ".join(emitted(blame.plan)["ToyInstrInfo.cpp"].split())
    assert "class ToyCCState : public CCState {" in text and text.count("class ToyCCState") == 1
    assert "enum { Two = 1 };" in text  # unlike false
    assert "bool isOdd(const Ts &...) const { return false; }" in text and "bool isEven(const Ts &...) const { return false; }" in text


def test_the_state_of_older_conventions_is_a_reference_and_knows_its_function() -> None:
    calls = "if (!static_cast<ToyCCState&>(State).isOdd()) {", "if (State.getTarget().getSubtarget<ToySubtarget>().isEven()) {"
    blame = Blame(plan(), emitted(plan()), steps(), {"ToyGenCallingConv.inc": "\n".join(calls)})
    unknown, lacking = "unknown type name 'ToyCCState'", "no member named 'getTarget' in 'llvm::CCState'"
    said = [Mistake("t/ToyGenCallingConv.inc", 1, unknown), Mistake("t/ToyGenCallingConv.inc", 2, lacking)]
    assert not blame.mistakes({"ToyInstrInfo.cpp": said})
    text = emitted(blame.plan)["ToyInstrInfo.cpp"]
    assert "class ToyCCState : public CCState {" in text and "bool isOdd(" in text
    assert "#define getTarget getMachineFunction" in text


def test_a_helper_of_fragments_returns_what_their_code_takes() -> None:
    helpers = [
        contract(f"{name}(...)", name, "SelectionDAGISel", ContractRole.FRAGMENT_HELPER) for name in ("codeFor", "isOdd", "node")
    ]  # fmt: skip
    codes = ("return isOdd(N);", "[(i32 imm)]"), ("ToyCC::CondCode CC = codeFor(N->get());", ""), ("return node(N);", "imm")
    fragments = tuple(Fragment("F", code, (), dag) for code, dag in codes)
    way = replace(steps(*helpers), description=replace(description(*helpers), fragments=fragments))
    made = plan()
    for name in ("codeFor", "isOdd", "node"):
        made = way.demanded(made, name, "ToyInstrInfo.cpp")
    text = " ".join(emitted(made)["ToyInstrInfo.cpp"].split())
    assert "static ToyCC::CondCode codeFor(const Ts &...)" in text
    assert "static bool isOdd(const Ts &...)" in text
    assert "static SDValue node(const Ts &...)" in text, "what transforms a node returns one"


MACHINE = """\
class TargetMachine { virtual bool isIntegrated() const; };
class LLVMTargetMachine : public TargetMachine {
protected:
  LLVMTargetMachine(const Target &T, StringRef DataLayoutString, const Triple &TT, StringRef CPU, Reloc::Model RM, CodeModel::Model CM);
  virtual void initAsm();
};
"""


def test_the_target_machine_is_made_of_its_parameters_and_the_data_layout() -> None:
    head = "ToyTargetMachine::ToyTargetMachine(const Target &T, const Triple &TT, StringRef CPU, std::optional<Reloc::Model> RM, "
    mined = function(f"{head}std::optional<CodeModel::Model> CM) {{ gone; }}", "ToyInstrInfo.cpp")
    members = (field("std::unique_ptr<TargetLoweringObjectFile> TLOF;", "TLOF"), field("ToySubtarget Subtarget;", "Subtarget"))
    machine = PlannedClass("ToyTargetMachine", ("public LLVMTargetMachine",), "ToyInstrInfo.h", ("llvm",), members, (), ())
    constructor = cxx.parse_function("ToySubtarget::ToySubtarget(const Triple &TT, std::string CPU, const TargetMachine &TM) {}").signature
    made = replace(subtarget(), members=(Member(MemberKind.METHOD, "public", 0, constructor, (), "ToySubtarget"),))
    interfaces = Interfaces(cxx.parse_file(MACHINE.encode(), "", "llvm/M.h").classes)
    way = Steps(description(), Bases(interfaces, lambda file: b"", Path("no-tables"), "Toy", "e-p:32:32"))
    start = replace(plan(mined), classes=(*plan().classes, made, machine))
    lowered = way.lower(start, 0, "no gone")
    assert lowered.functions[0].step is Step.ARCHETYPE
    text = " ".join(emitted(lowered)["ToyInstrInfo.cpp"].split())
    assert 'LLVMTargetMachine(T, "e-p:32:32", TT, CPU, RM.value_or(Reloc::Static), CM.value_or(CodeModel::Small))' in text
    assert "Subtarget(TT, CPU.str(), *this)" in text and "TLOF(std::make_unique<TargetLoweringObjectFileELF>())" in text
    assert way.lower(lowered, 0, "no").functions[0].step is Step.STUB


def test_a_pass_that_nobody_wrote_changes_nothing() -> None:
    made = stub("Toy", cxx.parse_function("FunctionPass *llvm::createToyPass(int Level) {}").signature)
    text = " ".join(token for s in made.statements for token in s.head)
    assert "return new Nothing ( ) ;" in text and "return false ; } } ;" in text and "report_fatal_error" not in text
    other = stub("Toy", cxx.parse_function("Thing *createToyPass() {}").signature)
    assert "report_fatal_error" in other.statements[0].head


def test_what_tables_name_in_a_scope_that_no_td_defines_is_the_weakest_that_compiles() -> None:
    table = "ns::\nif (Kinds::isOdd(X) && Y == Kinds::Last) return Kinds::First;\nbool known(int X) {\n}\n Kinds::known(1);"
    named = demands.scoped({"T.inc": table}, "Kinds::")
    assert named == ["isOdd(", "Last", "First"]
    made = demands.enumerated(plan(), "ToyInstrInfo.h", "Kinds", named, description())
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "namespace Kinds {" in text
    assert "enum : unsigned { Last, First };" in text
    assert "template <typename... Ts> bool isOdd(const Ts &...) { return false; }" in text
    own = demands.enumerated(plan(), "ToyInstrInfo.h", description().namespace, ["ADD", "OPERAND_ODD"], description())
    assert "{ OPERAND_ODD = MCOI::OPERAND_FIRST_TARGET }" in " ".join(emitted(own)["ToyInstrInfo.h"].split())


def test_numbers_of_the_target_s_namespace_that_only_fragments_name_are_told_apart() -> None:
    d = description()
    code = f"Mask |= {d.namespace}::MaskOfNaN; Mask |= {d.namespace}::MaskOfZero; return {d.namespace}::ADD;"
    d = replace(d, fragments=(Fragment("mask", code, (), ""),), registers=(Register("ADD", "add", "Toy", 0, (), (), ()),))
    named = demands.scoped({"T.inc": code}, f"{d.namespace}::")
    made = demands.enumerated(plan(), "ToyInstrInfo.h", d.namespace, [*named, "OPERAND_ODD"], d, "MaskOfZero")
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "enum : unsigned { MaskOfNaN, MaskOfZero };" in text
    used = ["COND_A", "COND_BE", "SUB", "ADD"]
    made = demands.enumerated(plan(), "ToyInstrInfo.h", d.namespace, used, d, "COND_BE")
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "enum : unsigned { COND_A, COND_BE };" in text, "what a scheduling predicate compares with, and what is called alike"
    assert "OPERAND_ODD" not in text


def test_a_function_that_looks_something_up_gives_a_pointer() -> None:
    d = replace(description(), fragments=(Fragment("known", "return Names::find(Imm) != nullptr && Names::isOdd(Imm);", (), ""),))
    made = demands.enumerated(plan(), "ToyInstrInfo.h", "Names", ["find(", "isOdd("], d)
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert re.search(r"const void \* ?find\(const Ts &\.\.\.\) \{ return nullptr; \}", text)
    assert "bool isOdd(const Ts &...) { return false; }" in text


@pytest.mark.parametrize(
    ("base", "owner", "line", "lacking", "made"),
    [
        ("MCParsedAsmOperand", "ToyOperand", "addList<ToyOperand::Narrow, 2>(ToyOperand::Wide, ToyOperand::isOdd());", "Narrow",
         "enum { Narrow, Wide };"),
        ("TargetInstrInfo", "ToyInstrInfo", "if (ToyInstrInfo::isQuick(*MI))", "isQuick",
         "static bool isQuick(const Ts &...) { return false; }"),
    ],
)  # fmt: skip
def test_what_tables_name_in_a_class_is_of_that_class(base: str, owner: str, line: str, lacking: str, made: str) -> None:
    known = PlannedClass(owner, (f"public {base}",), "ToyInstPrinter.cpp", ("llvm",), (), (), ())
    start = replace(plan(), classes=(*(c for c in plan().classes if c.name != owner), known))
    interfaces = Interfaces(cxx.parse_file(f"class {base} {{}};".encode(), "", "llvm/P.h").classes)
    way = Steps(description(), Bases(interfaces, lambda file: b"", Path("no-tables"), "Toy", ""))
    blame = Blame(start, emitted(start), way, {"ToyGen.inc": line})
    said = Mistake("t/ToyGen.inc", 1, f"no member named '{lacking}' in '(anonymous namespace)::{owner}'")
    assert not blame.mistakes({"ToyInstPrinter.cpp": [said]})
    assert made in " ".join(emitted(blame.plan)["ToyInstPrinter.cpp"].split())
    assert f"namespace {owner}" not in "".join(emitted(blame.plan).values())


@pytest.mark.parametrize("paths", [("ToyRegisterInfo.cpp", "ToyISelLowering.cpp"), ("ToyISelLowering.cpp", "ToyRegisterInfo.cpp")])
def test_a_method_of_the_subtarget_that_two_tables_call_is_there_once(paths: tuple[str, str]) -> None:
    made = replace(plan(two(OWN)), classes=(*plan().classes, subtarget()))
    for path in paths:
        owner = next(c for c in made.classes if c.name == "ToySubtarget")
        made = demands.of_subtarget(made, owner, "isOld", path)
    members = sum("isOld" in m.tokens for c in made.classes for m in c.members)
    assert members + sum(f.qualified_name == "ToySubtarget::isOld" for f in made.functions) == 1
