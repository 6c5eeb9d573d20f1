"""Archetypes fitted into a backend that has its own classes."""

from __future__ import annotations

from collections.abc import Collection

from vega_gen.archetypes.parts import planned
from vega_gen.cxx import parse_file, render_function, tokenize
from vega_gen.cxx.masker import Masker
from vega_gen.plan.choose import statement_tree
from vega_gen.plan.declarations import Declarations
from vega_gen.plan.fitting import fitted

ARCHETYPES = {
    "ToyInstrInfo.h": """
class ToyInstrInfo : public ToyGenInstrInfo {
  const ToyRegisterInfo RI;
public:
  ToyInstrInfo(const ToySubtarget &STI);
  bool expandPostRAPseudo(MachineInstr &MI) const override;
  void addImmediate(MachineBasicBlock &MBB, int64_t Value, unsigned Flag = 0) const;
};
""",
    "ToyInstrInfo.cpp": """
ToyInstrInfo::ToyInstrInfo(const ToySubtarget &STI) : ToyGenInstrInfo(Toy::DOWN, Toy::UP), RI() {}
void ToyInstrInfo::addImmediate(MachineBasicBlock &MBB, int64_t Value, unsigned Flag) const { BuildMI(MBB, get(Toy::ADDI)).addImm(Value); }
""",
    "ToyFrameLowering.h": """
class ToyFrameLowering : public TargetFrameLowering {
  const ToySubtarget &STI;
public:
  ToyFrameLowering(const ToySubtarget &STI);
  void emitPrologue(MachineFunction &MF, MachineBasicBlock &MBB) const override;
};
""",
    "ToyFrameLowering.cpp": """
namespace {
struct Range { int64_t Low; bool has(int64_t Value) const { return Value >= Low; } };
}
static Range reach(unsigned Opcode) { return Range{-8}; }
static bool fits(int64_t Value) {
  Range Offsets = reach(Toy::ADDI);
  return Offsets.has(Value);
}
static Align stackAlignment() { return Align(8); }
ToyFrameLowering::ToyFrameLowering(const ToySubtarget &STI) : TargetFrameLowering(StackGrowsDown, stackAlignment()), STI(STI) {}
void ToyFrameLowering::emitPrologue(MachineFunction &MF, MachineBasicBlock &MBB) const {
  const ToyInstrInfo &TII = *STI.getInstrInfo();
  if (fits(-16))
    TII.addImmediate(MBB, -16);
}
""",
}


def fit(headers: str, usual: Collection[str] = (), expected: Collection[str] = ()) -> dict[str, str]:
    """Qualified name -> the fitted function's text, tokens apart by one space."""
    parts = planned(ARCHETYPES, "Toy", Masker(["Toy"]))
    classes = parse_file(headers.encode(), "Toy", "Toy.h").classes
    there = Declarations({c.name: c for c in classes}, usual, expected, "ToySubtarget")
    made = fitted(parts, there, {"ToyInstrInfo": {"get"}})
    texts = {f.qualified_name: render_function(f.candidate.signature, statement_tree(f.candidate.statements), in_class=False) for f in made}
    return {name: " ".join(tokenize(text)) for name, text in texts.items()}


HEADERS = """
class ToyInstrInfo : public ToyGenInstrInfo { const ToyRegisterInfo RI; public: ToyInstrInfo(const ToySubtarget &); };
class ToyRegisterInfo : public ToyGenRegisterInfo { public: ToyRegisterInfo(const ToySubtarget &ST); };
class ToyFrameLowering : public TargetFrameLowering {
  const ToySubtarget &ST;
  bool Realigned;
public:
  ToyFrameLowering(const ToySubtarget &st);
  void emitPrologue(MachineFunction &MF, MachineBasicBlock &MBB) const override;
};
"""


def test_fields_are_those_of_the_class_that_is_there() -> None:
    made = fit(HEADERS)
    assert "* ST . getInstrInfo ( )" in made["ToyFrameLowering::emitPrologue"]
    assert made["ToyFrameLowering::ToyFrameLowering"].endswith(", ST ( STI ) , Realigned ( ) { }")


def test_without_a_header_the_subtarget_comes_from_the_function() -> None:
    assert "const ToySubtarget & STI = MF . getSubtarget < ToySubtarget > ( ) ;" in fit("")["ToyFrameLowering::emitPrologue"]


def test_a_field_s_constructor_gets_what_it_takes() -> None:
    constructor = fit(HEADERS)["ToyInstrInfo::ToyInstrInfo"]
    assert constructor.startswith("ToyInstrInfo :: ToyInstrInfo ( const ToySubtarget & STI )") and "RI ( STI )" in constructor


def test_helpers_and_their_classes_come_along() -> None:
    prologue = fit(HEADERS)["ToyFrameLowering::emitPrologue"]
    assert prologue.count("struct Range {") == 1 and prologue.index("struct Range") < prologue.index("auto fits = [ ]")
    assert "auto has" not in prologue and "Offsets . has ( Value )" in prologue
    assert "auto reach = [ ] ( unsigned Opcode ) -> Range {" in prologue
    assert "[ ] ( ) -> Align { return Align ( 8 ) ; } ( )" in fit(HEADERS)["ToyFrameLowering::ToyFrameLowering"]


def test_a_method_of_another_object_works_on_that_object() -> None:
    prologue = fit(HEADERS)["ToyFrameLowering::emitPrologue"]
    head = "auto addImmediate = [ & ] ( MachineBasicBlock & MBB , int64_t Value , unsigned Flag = 0 ) -> void"
    brought = f"{head} {{ BuildMI ( MBB , TII . get ("
    assert prologue.index("& TII = ") < prologue.index(brought)
    assert "TII . addImmediate" not in prologue and "addImmediate ( MBB , - 16 ) ;" in prologue


def test_what_backends_usually_have_stays_a_call() -> None:
    assert "auto fits" not in fit(HEADERS, expected=["fits"])["ToyFrameLowering::emitPrologue"]
    assert "TII . addImmediate (" in fit("", usual=["addImmediate"])["ToyFrameLowering::emitPrologue"]


def test_a_method_may_be_abbreviated_there() -> None:
    lower = """
class ToyTargetLowering : public TargetLowering {
public:
  SDValue LowerFRAMEADDR(SDValue Op, SelectionDAG &DAG) const;
  SDValue LowerSELECT_CC(SDValue Op, SelectionDAG &DAG) const;
};
"""
    there = Declarations({c.name: c for c in parse_file(lower.encode(), "Toy", "Toy.h").classes})
    written = "SDValue ToyTargetLowering::{}(SDValue Op, SelectionDAG &DAG) const {{ return Op; }}"
    named = [parse_file(written.format(n).encode(), "Toy", "Toy.cpp").functions[0].signature for n in ("lowerFrameAddress", "lowerSelect")]
    assert [found.name if (found := there.declaration(s)) else "" for s in named] == ["LowerFRAMEADDR", ""]


def test_enumerators_are_spelled_as_headers_do() -> None:
    names = frozenset({"FIXUP_TOY_LO16", "FIXUP_TOY_25", "fixup_toy_hi"})
    texts = {
        "ToyFixupKinds.h": "namespace Toy { enum Fixups { fixup_toy_lo_16 = 128, fixup_toy_14, fixup_toy_hi }; }",
        "ToyELF.cpp": "static unsigned lower() { return Toy::fixup_toy_lo_16 + Toy::fixup_toy_14 + Toy::fixup_toy_hi; }",
    }
    (made,) = fitted(planned(texts, "Toy", Masker(["Toy"])), Declarations({}, names=names), {})
    assert " ".join(made.candidate.statements[0].head) == "return Toy :: FIXUP_TOY_LO16 + Toy :: fixup_toy_14 + Toy :: fixup_toy_hi ;"
