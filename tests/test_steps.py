"""Demoting a function while the backend is built: the order of steps, the texts of stubs, and which function an error is traced to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from emitted import description, emitted, field, function, member

from llvm_integration.check import Mistake
from llvm_integration.linking import LinkError, SymbolPlace
from vega_gen import cxx
from vega_gen.archetypes.parts import Parts
from vega_gen.groups import Interfaces
from vega_gen.plan.blame import Blame
from vega_gen.plan.steps import Archetype, Steps
from vega_gen.plan.stubs import Bases, stub
from vega_gen.records import (
    Contract,
    ContractRole,
    FillerName,
    Mode,
    Plan,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Signature,
    Step,
)

BASE = """\
class TargetInstrInfo {
public:
  explicit TargetInstrInfo(int Down, const Config &C);
  virtual ~TargetInstrInfo();
  virtual int size(int A) const { return 4; }
  virtual int mean(int A) const { llvm_unreachable("not implemented"); }
  virtual bool needed(const Config &C, unsigned N = 2) = 0;
  virtual void elsewhere();
};
class MCInstPrinter {
public:
  virtual void printRegName(int Reg) const;
};
"""
INTERFACES = Interfaces(cxx.parse_file(BASE.encode(), "", "llvm/Base.h").classes)
SIZE = "int ToyInstrInfo::size(int A) const { return gone; }"
MEAN = "int ToyInstrInfo::mean(int A) const { return gone; }"
OWN = "int ToyInstrInfo::own(int A) { return gone; }"
PRINTER = "void printMem(const MCInst *MI, unsigned OpNo, raw_ostream &O)"
OTHER = "void printMem(const MCInst *MI, uint64_t Address, unsigned OpNo, raw_ostream &O)"


def contract(signature: str, name: str = "printMem", owner: str = "MCInstPrinter", role: ContractRole = ContractRole.PRINTER) -> Contract:
    return Contract(name, role, signature, owner, ("LDW",), ("mem",))


def steps(*contracts: Contract, archetype: Archetype | None = None) -> Steps:
    return Steps(description(*contracts), Bases(INTERFACES, lambda file: BASE.encode(), Path("no-tables"), "Toy", "e-p:32:32"), archetype)


def plan(*functions: PlannedFunction) -> Plan:
    info = (member("int size(int A) const {}"), member("int mean(int A) const {}"), member("int own(int A) {}"), member("int undone() {}"))
    return Plan(
        "Toy", Mode.TD, FillerName.CONSENSUS, "19.1.7", (),
        (
            PlannedFile("Toy.h", (), ("namespace llvm {\nFunctionPass *createToyPass(int Level);\n}",)),
            PlannedFile("ToyInstrInfo.h", (), ()), PlannedFile("ToyInstrInfo.cpp", ('"ToyInstrInfo.h"',), ()),
            PlannedFile("ToyInstPrinter.cpp", (), ('#include "ToyGenAsmWriter.inc"',)),
        ),
        (
            PlannedClass("ToyInstrInfo", ("public TargetInstrInfo",), "ToyInstrInfo.h", ("llvm",), info, (), ()),
            PlannedClass("ToyInstPrinter", ("public MCInstPrinter",), "ToyInstPrinter.cpp", (), (field("int N;", "N"),), (), ()),
        ),
        functions,
    )  # fmt: skip


def two(text: str) -> PlannedFunction:
    """A function of two candidates in ToyInstrInfo.cpp."""
    f = function(text, "ToyInstrInfo.cpp")
    return replace(f, candidates=(f.candidate, replace(f.candidate, confidence=0.1)))


def down(start: Plan, way: Steps, index: int = 0) -> list[Step]:
    """The steps that a function takes to the bottom."""
    taken: list[Step] = []
    while (lowered := way.lower(start, index, "no")) is not start:
        start = lowered
        taken.append(start.functions[index].step)
    return taken


def test_the_steps_are_taken_in_order() -> None:
    way = steps(archetype=lambda f: replace(f.candidate, origin="archetype"))
    first = [Step.NEXT_CANDIDATE, Step.ARCHETYPE]
    assert down(plan(two(SIZE)), way) == [*first, Step.DEFAULT, Step.LEFT_OUT]
    assert down(plan(two(MEAN)), way) == [*first, Step.STUB, Step.LEFT_OUT], "the base's own ends the program without a name"
    assert down(plan(two(OWN)), way) == [*first, Step.STUB, Step.LEFT_OUT], "the base has none"
    assert down(plan(two(OWN)), steps()) == [Step.NEXT_CANDIDATE, Step.STUB, Step.LEFT_OUT]


def test_what_nobody_mined_is_an_archetype_before_it_is_a_stub() -> None:
    body = function(f"{PRINTER.replace('printMem', 'ToyInstPrinter::printMem')} {{ O << 1; }}", "x.cpp").candidate
    way = steps(contract(PRINTER), archetype=lambda f: body if f.qualified_name == "ToyInstPrinter::printMem" else None)
    made = way.demanded(plan(), "printMem", "ToyInstPrinter.cpp")
    assert made.functions[0].step is Step.ARCHETYPE
    assert "raw_ostream &O) { O << 1; }" in " ".join(emitted(made)["ToyInstPrinter.cpp"].split())
    lowered = way.lower(made, 0, "no")
    assert lowered.functions[0].step is Step.STUB
    assert "printMem is not written yet" in emitted(lowered)["ToyInstPrinter.cpp"]


def test_what_choice_found_no_candidate_for_has_no_next_one() -> None:
    start = plan(replace(two(OWN), compiles=False, message="gone is not there"))
    (f,) = steps().started(start).functions
    assert (f.step, f.message) == (Step.STUB, "gone is not there")


def test_the_declaration_follows_its_function() -> None:
    start = plan(function(SIZE, "ToyInstrInfo.cpp"), function(OWN, "ToyInstrInfo.cpp"))
    assert "int size(int A) const;" in emitted(start)["ToyInstrInfo.h"]
    without_override = steps().lower(start, 0, "no gone")
    assert without_override.functions[0].step is Step.DEFAULT
    after = emitted(without_override)
    assert "size" not in after["ToyInstrInfo.h"] and "int own(int A);" in after["ToyInstrInfo.h"]
    draft = " ".join(line for line in after["ToyInstrInfo.cpp"].split("\n") if "VEGA-REVIEW" not in line)
    assert "#if 0 int ToyInstrInfo::size(int A) const { return gone; } #endif" in " ".join(draft.split())


def test_a_stub_stands_after_the_draft_and_names_the_function() -> None:
    text = emitted(steps().lower(plan(function(OWN, "ToyInstrInfo.cpp")), 0, "no gone"))["ToyInstrInfo.cpp"]
    draft, _, stands = text.partition("#endif")
    assert "// VEGA-REVIEW: left out, it does not compile: no gone\n#if 0" in draft
    assert "int ToyInstrInfo::own(int A) {" in stands
    assert 'report_fatal_error("Toy: ToyInstrInfo::own is not written yet");' in stands
    assert '#include "llvm/Support/ErrorHandling.h"' in draft


HEADS = ["void f(int A)", "bool f() const", "const Thing &f(Thing &T)", "std::pair<int, Thing> f()", "Thing *f(int)"]


@pytest.mark.parametrize("head", HEADS)
def test_a_stub_needs_no_return_whatever_it_returns(head: str) -> None:
    made = stub("Toy", cxx.parse_function(f"{head} {{}}").signature)
    assert [cxx.render(s.head) for s in made.statements] == ['report_fatal_error("Toy: f is not written yet");']
    assert cxx.render_signature(made.signature, in_class=True) == head


@pytest.mark.parametrize("head", ["template <int P0> bool selectBits(SDValue N, SDValue &Op0)", "bool hasAllUsers(SDNode *N)"])
def test_a_condition_of_selection_that_nobody_wrote_does_not_hold(head: str) -> None:
    """Else the first node that a pattern of it is tried on would end the program."""
    signature = cxx.parse_function(f"{head} {{}}", "ToyDAGToDAGISel").signature
    assert [cxx.render(s.head) for s in stub("Toy", signature).statements] == ["return false;"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("LLVMInitializeToyTarget", []),
        ("LLVMInitializeToyAsmPrinter", []),
        ("initializeToyFooPass", []),
        ("LLVMInitializeToyTargetInfo", ["TargetRegistry::RegisterTarget"]),
    ],
)
def test_what_runs_before_a_command_line_is_read_ends_no_program(name: str, body: list[str]) -> None:
    made = stub("Toy", Signature(name, result=("void",)))
    assert [cxx.render(s.head).partition("(")[0] for s in made.statements] == body


def test_a_constructor_that_only_makes_its_parts_makes_them() -> None:
    text = "ToyInstrInfo::ToyInstrInfo(const Config &Cfg) : TargetInstrInfo(wrong) {}"
    (f,) = steps().lower(plan(function(text, "ToyInstrInfo.cpp")), 0, "no").functions
    assert f.instead is not None and not f.instead.statements
    (made,) = f.instead.signature.initialisers
    missing = '[]() -> int { report_fatal_error("Toy: ToyInstrInfo::ToyInstrInfo is not written yet"); }()'
    assert cxx.tokenize(cxx.render(made)) == cxx.tokenize(f"TargetInstrInfo({missing}, Cfg)")


def test_a_function_that_donors_have_in_another_class_gets_the_head_that_is_demanded() -> None:
    text = "void ToyAsmPrinter::printMem(const MachineInstr *I, int N, raw_ostream &S) { S << N; }"
    f = replace(function(text, "ToyInstPrinter.cpp", compiles=False), group="operand-printer:printMem")
    (met,) = steps(contract(PRINTER)).started(plan(f)).functions
    assert (met.qualified_name, met.step, met.compiles) == ("ToyInstPrinter::printMem", Step.FILLED, None)
    assert "printMem(const MCInst *I, unsigned N, raw_ostream &S);" in emitted(plan(met))["ToyInstPrinter.cpp"]


def test_what_creates_an_object_of_a_planned_class_does_so() -> None:
    own = function("ToyInstrInfo::ToyInstrInfo(const Config &Cfg, int N) : TargetInstrInfo(N, Cfg) {}", "ToyInstrInfo.cpp")
    text = "TargetInstrInfo *createToyInstrInfo(const Config &C) { return gone; }"
    start = plan(own, function(text, "ToyInstrInfo.cpp"))
    lowered = steps().lower(start, 1, "no")
    creates = lowered.functions[1].instead
    missing = '[]() -> int { report_fatal_error("Toy: createToyInstrInfo is not written yet"); }()'
    assert creates is not None
    assert creates.statements[0].head == cxx.tokenize(f"return new ToyInstrInfo(C, {missing});")
    plain = steps().lower(lowered, 1, "no").functions[1].instead
    assert plain is not None and plain.statements[0].head[0] == "report_fatal_error"


def test_a_contract_no_donor_had_ends_in_a_stub_and_two_of_a_name_in_two() -> None:
    way = steps(contract(PRINTER), contract(OTHER))
    start = plan(function("void ToyInstPrinter::printMem(int A) { gone; }", "ToyInstPrinter.cpp"))
    said = Mistake("tables/ToyGenAsmWriter.inc", 9, "use of undeclared identifier 'printMem'")
    blame = Blame(start, emitted(start), way, {"ToyGenAsmWriter.inc": "printMem(MI, 1, O);"})
    assert blame.mistakes({"ToyInstPrinter.cpp": [said]}) == frozenset()
    old, *made = blame.plan.functions
    assert old.step is Step.LEFT_OUT
    assert [(f.step, f.message, len(f.candidate.signature.params)) for f in made] == [
        (Step.STUB, "no mined function defines it", 3), (Step.STUB, "no mined function defines it", 4),
    ]  # fmt: skip
    text = emitted(blame.plan)["ToyInstPrinter.cpp"]
    assert text.count('report_fatal_error("Toy: ToyInstPrinter::printMem is not written yet")') == 2
    kept = function("void ToyInstPrinter::printMem(const MCInst *A, unsigned B, raw_ostream &C) {}", "ToyInstPrinter.cpp")
    beside = Blame(plan(kept), emitted(plan(kept)), way, {"ToyGenAsmWriter.inc": "{\n  printMem(MI, Address, 1, O);"})
    few = Mistake("tables/ToyGenAsmWriter.inc", 2, "too many arguments to function call, expected 3, have 4")
    assert not beside.mistakes({"ToyInstPrinter.cpp": [few]})
    assert [(f.step, len(f.candidate.signature.params)) for f in beside.plan.functions] == [(Step.FILLED, 3), (Step.STUB, 4)]
    again = Blame(blame.plan, emitted(blame.plan), way, {})
    assert again.mistakes({"ToyInstPrinter.cpp": [said]}) == {"ToyInstPrinter.cpp"}, "a stub is not made twice: the file is to be forced"


def test_a_method_that_a_table_defines_is_declared_as_it_is_there() -> None:
    table = "// made\nbool ToyInstPrinter::\nprintAlias(const MCInst *MI,\n           raw_ostream &OS) {\n  return false;\n}\n"
    wrong = function("bool ToyInstPrinter::printAlias(int A) { return true; }", "ToyInstPrinter.cpp")
    start = plan(wrong)
    message = "out-of-line definition of 'printAlias' does not match any declaration in 'llvm::ToyInstPrinter'"
    blame = Blame(start, emitted(start), steps(), {"ToyGenAsmWriter.inc": table})
    assert not blame.mistakes({"ToyInstPrinter.cpp": [Mistake("/w/tables/ToyGenAsmWriter.inc", 3, message)]})
    text = emitted(blame.plan)["ToyInstPrinter.cpp"]
    assert "bool printAlias(const MCInst *MI, raw_ostream &OS);" in text
    assert blame.plan.functions[0].step is Step.LEFT_OUT


def test_a_free_contract_gets_a_stub_in_the_file_of_its_table() -> None:
    head = "static DecodeStatus DecodeMem(MCInst &Inst, unsigned Val, uint64_t Address, const MCDisassembler *Decoder)"
    made = steps(contract(head, "DecodeMem", "", ContractRole.DECODER)).demanded(plan(), "DecodeMem", "ToyInstPrinter.cpp")
    assert "static MCDisassembler::DecodeStatus DecodeMem(" in " ".join(emitted(made)["ToyInstPrinter.cpp"].split())


def test_a_pure_virtual_method_gets_a_stub_in_the_class() -> None:
    line = next(n for n, text in enumerate(BASE.split("\n"), 1) if "needed" in text)
    note = Mistake("/include/llvm/Base.h", line, "unimplemented pure virtual method 'needed' in 'ToyInstrInfo'")
    said = Mistake("ToyInstrInfo.cpp", 3, "allocating an object of abstract class type 'llvm::ToyInstrInfo'", (note,))
    start = plan(function(OWN, "ToyInstrInfo.cpp"))
    blame = Blame(start, emitted(start), steps(), {})
    assert not blame.mistakes({"ToyInstrInfo.cpp": [said]})
    assert "bool needed(const Config &C, unsigned N) override {" in emitted(blame.plan)["ToyInstrInfo.h"]
    assert blame.plan.functions[0].step is Step.FILLED, "who made the object is not to blame"


def undefined(symbol: str, inside: str = "", file: str = "ToyInstrInfo") -> LinkError:
    return LinkError(symbol, False, (SymbolPlace(f"/w/obj/{file}.o", inside),))


@pytest.mark.parametrize(
    ("error", "file", "text"),
    [
        (undefined("llvm::ToyInstrInfo::undone()"), "ToyInstrInfo.cpp", "int ToyInstrInfo::undone() {"),
        (undefined("vtable for llvm::ToyInstrInfo"), "ToyInstrInfo.cpp", "int ToyInstrInfo::undone() {"),
        (undefined("llvm::createToyPass(int)"), "ToyInstrInfo.cpp", "FunctionPass *createToyPass(int Level) {"),
        (undefined("LLVMInitializeToyAsmParser", file="llc"), "AsmParser/ToyAsmParser.cpp", "void LLVMInitializeToyAsmParser() {"),
    ],
)
def test_an_undefined_symbol_gets_a_stub_with_the_head_of_its_declaration(error: LinkError, file: str, text: str) -> None:
    start = plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp"))
    blame = Blame(start, emitted(start), steps(), {})
    assert blame.links([error])
    assert text in emitted(blame.plan)[file]
    assert blame.plan.functions[0].step is Step.FILLED


def test_in_desc_mode_what_the_given_headers_declare_gets_its_stub() -> None:
    text = "class ToyGiven : public TargetInstrInfo {\npublic:\n  int size(int A) const override;\n};\n"
    given = cxx.parse_file(text.encode(), "Toy", "ToyGiven.h").classes
    way = replace(steps(), bases=replace(steps().bases, given=given))
    start = replace(plan(), classes=())
    blame = Blame(start, {**emitted(start), "ToyGiven.h": text}, way, {})
    assert blame.links([undefined("llvm::ToyGiven::size(int) const")])
    (f,) = blame.plan.functions
    assert (f.qualified_name, f.step) == ("ToyGiven::size", Step.STUB)
    override = plan(function("int ToyGiven::size(int A) const { return gone; }", "ToyGiven.cpp"))
    assert way.lower(override, 0, "no").functions[0].step is Step.STUB, "the header that declares it was given"


def test_an_undefined_symbol_that_nobody_declares_lowers_the_functions_that_use_it() -> None:
    start = plan(function(OWN, "ToyInstrInfo.cpp"), function("int other() { return 1; }", "ToyInstrInfo.cpp"))
    blame = Blame(start, emitted(start), steps(), {})
    assert blame.links([undefined("llvm::gone", "llvm::ToyInstrInfo::own(int)")])
    assert [f.step for f in blame.plan.functions] == [Step.STUB, Step.FILLED]


def test_a_part_of_a_table_that_defines_a_symbol_is_included() -> None:
    start = plan()
    table = "#ifdef GET_WRITER\nconst char *ToyInstPrinter::\nname(int R) { return 0; }\n#endif // GET_WRITER\n"
    blame = Blame(start, emitted(start), steps(), {"ToyGenAsmWriter.inc": table})
    assert blame.links([undefined("llvm::ToyInstPrinter::name(int)")])
    assert '#define GET_WRITER\n#include "ToyGenAsmWriter.inc"' in emitted(blame.plan)["ToyInstPrinter.cpp"]


def test_of_two_definitions_the_second_goes_and_the_declaration_stays() -> None:
    one, two_ = (function(f"int ToyInstrInfo::own(int A) {{ return {n}; }}", f"{n}.cpp") for n in ("A", "B"))
    start = plan(one, two_)
    blame = Blame(start, emitted(start), steps(), {})
    assert blame.links([LinkError("llvm::ToyInstrInfo::own(int)", True, (SymbolPlace("/w/obj/A.o", ""), SymbolPlace("/w/obj/B.o", "")))])
    assert [f.step for f in blame.plan.functions] == [Step.FILLED, Step.LEFT_OUT]
    assert "int own(int A);" in emitted(blame.plan)["ToyInstrInfo.h"]


def layer_of(*functions: PlannedFunction) -> Parts:
    """The archetypes' machine code layer: a printer, and a code generator that is none of it."""
    classes = (PlannedClass("ToyPrinter", ("public MCInstPrinter",), "MCTargetDesc/ToyPrinter.h", ("llvm",), (), (), ()),)
    paths = ("MCTargetDesc/ToyPrinter.h", "MCTargetDesc/ToyPrinter.cpp", "A.cpp")
    return tuple(PlannedFile(path, (), ()) for path in paths), classes, functions


def test_a_machine_code_layer_that_lacks_something_is_the_archetypes_whole() -> None:
    printed = function("void ToyPrinter::print(int A) { A; }", "MCTargetDesc/ToyPrinter.cpp")
    named = function("void ToyPrinter::name() { return; }", "MCTargetDesc/ToyPrinter.cpp")
    selected = function("void select() {}", "A.cpp")
    twice = [function("static int own() { return 1; }", f"MCTargetDesc/{name}.cpp") for name in ("ToyPrinter", "ToyWriter")]
    way = replace(steps(), layer=layer_of(printed, named, selected, *twice))
    mined = function("void ToyPrinter::print(int B) { B + 1; }", "MCTargetDesc/ToyPrint.cpp")
    helper = function("int helper() { return 1; }", "MCTargetDesc/ToyPrint.cpp")
    start = replace(plan(two(OWN), mined, helper), files=(*plan().files, PlannedFile("MCTargetDesc/ToyPrint.cpp", (), ())))
    assert not way.lacking(start) and not steps().lacking(start)
    stubbed = replace(start, functions=(start.functions[0], mined, replace(helper, step=Step.STUB, message="no")))
    assert way.lacking(stubbed)
    assert way.lacking(plan(two(OWN))), "there is none"
    made = way.layered(stubbed)
    assert [(f.step, f.chosen) for f in made.functions] == [
        (Step.FILLED, 0), (Step.ARCHETYPE, 0), (Step.LEFT_OUT, -1), *[(Step.ARCHETYPE, 0)] * 3,
    ]  # fmt: skip
    assert made.functions[1].candidates == (printed.candidate, mined.candidate) and made.functions[2].message == "no"
    texts = emitted(made)
    assert "MCTargetDesc/ToyPrint.cpp" not in texts and "select" not in "".join(texts.values())
    assert "void ToyPrinter::print(int A)" in texts["MCTargetDesc/ToyPrinter.cpp"] and "ToyInstrInfo::own" in texts["ToyInstrInfo.cpp"]
