"""The layout of a backend: two tiny donors in C++ text, a planned backend, and its expected files, written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vega_gen.cxx import parse_file, parse_function
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import NewTarget
from vega_gen.plan.layout import layout
from vega_gen.records import (
    Candidate,
    Class,
    Description,
    Donor,
    FilledStatement,
    HoleKind,
    MemberKind,
    Mode,
    Module,
    PlannedClass,
    PlannedFile,
    PlannedFunction,
    Register,
    RegisterClass,
    SDNode,
    SourceFile,
)

LLVM = frozenset({"llvm/MC/MCAsmBackend.h", "llvm/MC/MCFixup.h", "llvm/CodeGen/TargetLowering.h", "llvm/MC/MCDisassembler.h"})

BACKEND = """
#include "MCTargetDesc/@FixupKinds.h"
#include "@Only.h"
#include "llvm/MC/MCAsmBackend.h"
#include "llvm/MC/Gone.h"
#include <cassert>
using namespace llvm;
#define DEBUG_TYPE "@-asm"
STATISTIC(NumApplied, "fixups applied");
STATISTIC(NumUnused, "never mentioned");
namespace {
class @AsmBackend : public MCAsmBackend {
  bool IsLittle;
  bool Extra;
public:
  @AsmBackend(bool IsLittle) : IsLittle(IsLittle) {}
  unsigned getNumFixupKinds() const override { return @::NumTargetFixupKinds; }
  void applyFixup(unsigned Kind, bool Last = false) const override;
};
}
void @AsmBackend::applyFixup(unsigned Kind, bool Last) const { }
MCAsmBackend *llvm::create@AsmBackend(bool L) { return new @AsmBackend(L); }
"""

FIXUPS = """
#ifndef LLVM_@_FIXUPKINDS_H
#define LLVM_@_FIXUPKINDS_H
#include "llvm/MC/MCFixup.h"
namespace llvm {
namespace @ {
enum Fixups {
  fixup_branch = FirstTargetFixupKind,
  fixup_%,
  fixup_hi,
  LastTargetFixupKind,
  NumTargetFixupKinds = LastTargetFixupKind - FirstTargetFixupKind
};
}
}
#endif
"""

DESC_HEADER = """
#ifndef LLVM_@_MCTARGETDESC_H
#define LLVM_@_MCTARGETDESC_H
namespace llvm {
class MCAsmBackend;
MCAsmBackend *create@AsmBackend(bool L);
}
#define GET_REGINFO_ENUM
#include "@GenRegisterInfo.inc"
#endif
"""

LOWERING_HEADER = """
#include "llvm/CodeGen/TargetLowering.h"
namespace llvm {
namespace @ISD { enum NodeType { FIRST_NUMBER = ISD::BUILTIN_OP_END, CALL, % }; }
class @TargetLowering : public TargetLowering {
public:
  explicit @TargetLowering(int Kind);
  const char *getTargetNodeName(unsigned Opcode) const override;
};
}
"""

DISASSEMBLER = """
#include "llvm/MC/MCDisassembler.h"
using namespace llvm;
typedef MCDisassembler::DecodeStatus DecodeStatus;
static const unsigned GPRTable[] = { @::R0, @::R1 };
static DecodeStatus DecodeGPRRegisterClass(unsigned RegNo) { return GPRTable[RegNo]; }
#include "@GenDisassemblerTables.inc"
"""


def donor(name: str, own: str) -> tuple[SourceFile, ...]:
    texts = {
        f"MCTargetDesc/{name}AsmBackend.cpp": BACKEND,
        f"MCTargetDesc/{name}FixupKinds.h": FIXUPS,
        f"MCTargetDesc/{name}MCTargetDesc.h": DESC_HEADER,
        f"{name}ISelLowering.h": LOWERING_HEADER,
        f"Disassembler/{name}Disassembler.cpp": DISASSEMBLER,
    }
    return tuple(
        parse_file(t.replace("@", name).replace("%", own).encode(), name, f, frozenset({"llvm", name, f"{name}ISD"}))
        for f, t in texts.items()
    )


def planned(text: str, file: str, class_name: str = "", namespaces: tuple[str, ...] = (), in_class: bool = False) -> PlannedFunction:
    f = parse_function(text, class_name if in_class else "")
    signature = replace(f.signature, class_name=class_name)
    statements = tuple(
        FilledStatement(f"{i}", 0, s.kind, s.head, s.braced, s.tail, 1.0, (Donor("Aaa", file.replace("New", "Aaa"), 1),))
        for i, s in enumerate(f.body)
    )
    return PlannedFunction("g", Module.EMI, file, namespaces, in_class, (Candidate(signature, statements, 1.0, "t"),))


ASM = "MCTargetDesc/NewAsmBackend.cpp"
DIS = "Disassembler/NewDisassembler.cpp"
FUNCTIONS = (
    planned("NewAsmBackend(bool IsLittle) : IsLittle(IsLittle) {}", ASM, "NewAsmBackend", in_class=True),
    planned("void NewAsmBackend::applyFixup(unsigned Kind, bool Last) const { use(New::fixup_hi); ++NumApplied; }", ASM, "NewAsmBackend"),
    planned("MCAsmBackend *createNewAsmBackend(bool L) { return new NewAsmBackend(L); }", ASM, namespaces=("llvm",)),
    planned(
        "const char *NewTargetLowering::getTargetNodeName(unsigned Opcode) const { return name(NewISD::RET); }",
        "NewISelLowering.cpp", "NewTargetLowering",
    ),
    planned("static DecodeStatus DecodeWideRegisterClass(unsigned RegNo) { return GPRTable[RegNo]; }", DIS),
)


def new_target(mode: Mode = Mode.TD, classes: tuple[Class, ...] = (), own_headers: tuple[str, ...] = ()) -> NewTarget:
    registers = tuple(Register(f"W{i}", f"w{i}", "New", 9 - i, (), (), ()) for i in range(3))
    description = Description(
        folder="New", name="New", namespace="New", registers=registers,
        register_classes=(RegisterClass("Wide", "New", ("i32",), 32, 32, ("W0", "W1", "W2"), True),),
        subregister_indices=(), operand_classes=(), instructions=(),
        nodes=(SDNode("call", "NewISD::CALL", 0, 1, (), ()), SDNode("ret", "NewISD::RET", 0, 0, (), ())),
        fragments=(), complex_patterns=(), features=(), calling_conventions=(), processors=(), contracts=(), relocations=(),
    )
    symbols = {HoleKind.REGISTER: tuple(f"New::{r.name}" for r in registers)}
    return NewTarget(
        "New", Masker(["New"]), mode, description, {"Aaa": 0.5, "Bbb": 0.5}, lambda kind, name, target: (), symbols, classes,
        own_headers=own_headers,
    )


SOURCES = {"Aaa": donor("Aaa", "RET"), "Bbb": donor("Bbb", "OWN")}
MASKERS = {"Aaa": Masker(["Aaa"]), "Bbb": Masker(["Bbb"])}


@pytest.fixture(scope="module")
def td() -> tuple[dict[str, PlannedFile], dict[str, PlannedClass]]:
    files, classes = layout(SOURCES, MASKERS, new_target(), FUNCTIONS, LLVM)
    return {f.path: f for f in files}, {c.name: c for c in classes}


def test_files_of_td_mode(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    assert list(td[0]) == [
        DIS, ASM, "MCTargetDesc/NewFixupKinds.h", "MCTargetDesc/NewMCTargetDesc.h", "NewISelLowering.cpp", "NewISelLowering.h",
    ]


def test_source_file_includes_and_starts(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    file = td[0][ASM]
    # no @Only.h, which the new backend has not, and no header that LLVM has not
    assert file.includes == ('"NewFixupKinds.h"', '"NewMCTargetDesc.h"', '"llvm/MC/MCAsmBackend.h"', "<cassert>")
    assert file.prologue == ("using namespace llvm;", '#define DEBUG_TYPE "New-asm"', 'STATISTIC(NumApplied, "fixups applied");')


def test_local_class(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    made = td[1]["NewAsmBackend"]
    assert (made.bases, made.file, made.namespaces) == (("public MCAsmBackend",), ASM, ("",))
    assert [str(d) for d in made.donors] == ["Aaa/MCTargetDesc/AaaAsmBackend.cpp:12", "Bbb/MCTargetDesc/BbbAsmBackend.cpp:12"]
    fields = [(m.name, m.access) for m in made.members if m.kind is MemberKind.FIELD]
    assert fields == [("IsLittle", "private")]
    constructor, apply = (m for m in made.members if m.kind is MemberKind.METHOD)
    assert constructor.has_body and constructor.access == "public"
    assert apply.signature is not None and apply.signature.qualifiers == ("const", "override")
    assert [p.default for p in apply.signature.params] == [(), ("false",)]


def test_fixups_are_those_that_functions_mention(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    assert td[0]["MCTargetDesc/NewFixupKinds.h"].prologue == (
        "namespace llvm {\nnamespace New {\nenum Fixups {\n"
        "  fixup_branch = FirstTargetFixupKind,\n"
        "  fixup_hi,\n"
        "  LastTargetFixupKind,\n"
        "  NumTargetFixupKinds = LastTargetFixupKind - FirstTargetFixupKind,\n"
        "};\n}\n}",
    )


def test_function_declared_where_donors_declare_it(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    assert td[0]["MCTargetDesc/NewMCTargetDesc.h"].prologue == (
        "namespace llvm {\nclass MCAsmBackend;\n}",
        '#define GET_REGINFO_ENUM\n#include "NewGenRegisterInfo.inc"',
        "namespace llvm {\nMCAsmBackend *createNewAsmBackend(bool L);\n}",
    )


def test_nodes_come_from_the_description(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    (text,) = (t for t in td[0]["NewISelLowering.h"].prologue if "enum" in t)
    names = [line.strip(" ,") for line in text.splitlines() if line.startswith("  ")]
    assert names == ["FIRST_NUMBER = ISD::BUILTIN_OP_END", "CALL", "RET"]
    made = td[1]["NewTargetLowering"]
    assert (made.file, made.bases, made.namespaces) == ("NewISelLowering.h", ("public TargetLowering",), ("llvm",))
    assert '"NewISelLowering.h"' in td[0]["NewISelLowering.cpp"].includes


def test_register_table_is_the_class_by_encoding(td: tuple[dict[str, PlannedFile], dict[str, PlannedClass]]) -> None:
    prologue = td[0][DIS].prologue
    assert prologue == (
        "using namespace llvm;",
        "typedef MCDisassembler::DecodeStatus DecodeStatus;",
        "static const unsigned GPRTable[] = {New::W2, New::W1, New::W0};",
        '#include "NewGenDisassemblerTables.inc"',
    )


def test_headers_given_in_desc_mode_are_not_planned() -> None:
    header = "MCTargetDesc/NewFixupKinds.h"
    shown = Class("New", "NewISelLowering.h", 1, "NewTargetLowering", ("TargetLowering",), ())
    new = new_target(Mode.DESC, (shown,), (header, "NewISelLowering.h"))
    files, classes = layout(SOURCES, MASKERS, new, FUNCTIONS, LLVM)
    assert [f.path for f in files] == [DIS, ASM, "NewISelLowering.cpp"]
    assert [c.name for c in classes] == ["NewAsmBackend"]
    assert '"NewFixupKinds.h"' in files[1].includes
    assert files[2].includes == ('"NewISelLowering.h"',)


def test_order_of_sources_does_not_matter() -> None:
    turned = {name: tuple(reversed(SOURCES[name])) for name in reversed(SOURCES)}
    assert layout(turned, MASKERS, new_target(), tuple(reversed(FUNCTIONS)), LLVM) == layout(
        SOURCES, MASKERS, new_target(), FUNCTIONS, LLVM
    )
