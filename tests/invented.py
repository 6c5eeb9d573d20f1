"""Three invented backends, their interface classes, and the description of a fourth one to generate: input for the tests from groups on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vega_gen.cxx import parse_file, parse_function
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import NewTarget
from vega_gen.function_template import FunctionTemplate, build_template
from vega_gen.groups import FunctionGroup, GroupKind, Groups, Interfaces
from vega_gen.records import Class, Contract, Description, Function, HoleKind, Mode, Module, SourceFile

DONORS = ("Aaa", "Bbb", "Ccc")
NEW = "Ddd"
MASKERS = {t: Masker((t,)) for t in (*DONORS, NEW)}

LLVM = """
namespace llvm {
class TargetInstrInfo {
public:
  virtual ~TargetInstrInfo();
  virtual void copyPhysReg(Block &MBB, unsigned Dest, unsigned Src, bool Kill) const;
  virtual int cost(int A) const;
  virtual int cost(int A, int B) const;
};
class FunctionPass { public: virtual bool runOnFunction(Function &F); };
}
"""
INTERFACES = Interfaces(parse_file(LLVM.encode(), "", "llvm/Interfaces.h").classes)

# "@" is the target's name.
HEADER = """
namespace llvm {
class @InstrInfo : public @GenInstrInfo {
  const @Subtarget &Subtarget;
public:
  explicit @InstrInfo(const @Subtarget &STI);
  void copyPhysReg(Block &MBB, unsigned Dest, unsigned Src, bool Kill) const override;
  int cost(int A) const override;
  int cost(int A, int B) const override;
  bool isSmall(int N) const;
};
}
"""
CODE = """
using namespace llvm;
@InstrInfo::@InstrInfo(const @Subtarget &STI) : @GenInstrInfo(@::UP, @::DOWN), Subtarget(STI) {}
int @InstrInfo::cost(int A) const { return A; }
int @InstrInfo::cost(int A, int B) const { return A + B; }
bool @InstrInfo::isSmall(int N) const { return N < 16; }
InstrInfo *llvm::create@InstrInfo() { return new @InstrInfo(); }
"""
COPIES = {
    "Aaa": """
void AaaInstrInfo::copyPhysReg(Block &MBB, unsigned Dest, unsigned Src, bool Kill) const {
  unsigned Opc = Aaa::MOVrr;
  if (Kill) {
    Opc = Aaa::MOVkill;
  }
  BuildMI(MBB, get(Opc), Dest).addReg(Src, 4);
}
""",
    "Bbb": """
void BbbInstrInfo::copyPhysReg(Block &MBB, unsigned D, unsigned S, bool K) const {
  unsigned Opcode = Bbb::MOVrr;
  BuildMI(MBB, get(Opcode), D).addReg(S, 4);
}
""",
    "Ccc": """
void CccInstrInfo::copyPhysReg(Block &Where, unsigned Dest, unsigned Src, bool Kill) const {
  unsigned Opc = Ccc::MOVrr;
  if (Kill) {
    Opc = Ccc::MOVkill;
  }
  BuildMI(Where, get(Opc), Dest).addReg(Src, 8);
  emitCccNote("Ccc copy");
}
""",
}
WORDS = frozenset(
    [
        *("Block", "BuildMI", "addReg", "get", "note", "bool", "return", "if", "int", "unsigned", "const", "else", "switch", "case"),
        *("default", "break", "new", "InstrInfo", "DddInstrInfo", "DddSubtarget", "DddGenInstrInfo"),
    ]
)


def sources(target: str) -> list[SourceFile]:
    """A donor's three files."""
    texts = {"@InstrInfo.h": HEADER, "@InstrInfo.cpp": CODE, "@Copy.cpp": COPIES[target]}
    return [parse_file(text.replace("@", target).encode(), target, path.replace("@", target)) for path, text in texts.items()]


def groups(extra: Mapping[str, str] | None = None, contracts: Mapping[str, Sequence[Contract]] | None = None) -> Groups:
    """The groups of the donors, with a further file of C++ a target (``extra``: target -> text)."""
    files = [file for target in DONORS for file in sources(target)]
    files += [parse_file(text.encode(), target, f"Disassembler/{target}Extra.cpp") for target, text in (extra or {}).items()]
    functions = [f for file in files for f in file.functions]
    return Groups(functions, [c for file in files for c in file.classes], INTERFACES, {t: MASKERS[t] for t in DONORS}, contracts)


def kind_of(name: str) -> HoleKind | None:
    """The symbol table of every invented target."""
    table = {"MOVrr": HoleKind.OPCODE, "MOVkill": HoleKind.OPCODE, "UP": HoleKind.OPCODE, "DOWN": HoleKind.OPCODE, "R0": HoleKind.REGISTER}
    return table.get(name.rsplit("::", 1)[-1])


KINDS = dict.fromkeys((*DONORS, NEW), kind_of)


def function(target: str, text: str, line: int = 1) -> Function:
    """One function of a donor; ``@`` in ``text`` is its name."""
    made = parse_function(text.replace("@", target))
    return replace(made, target=target, file=f"{target}Some.cpp", line=line)


def template(members: Sequence[Function], name: str = "some") -> FunctionTemplate:
    """The template of a group of ``members``."""
    group = FunctionGroup(name, GroupKind.CONVENTION, "", "", Module.OPT, tuple(members))
    return build_template(group, members, MASKERS, KINDS)


def copies() -> FunctionTemplate:
    """The template of the donors' copyPhysReg."""
    group = groups().find("InstrInfo::copyPhysReg")
    return build_template(group, group.members, MASKERS, KINDS)


def empty_description(folder: str) -> Description:
    """A description without a record."""
    return Description(folder, folder, folder, *((),) * 13)


def new_target(
    nearness: Mapping[str, float] | None = None, *, folder: str = NEW, mode: Mode = Mode.TD, classes: tuple[Class, ...] = (),
    opcodes: Sequence[str] = ("MOVrr", "MOVkill", "UP", "DOWN"), words: frozenset[str] = WORDS, contracts: tuple[Contract, ...] = (),
) -> NewTarget:
    """The target to be generated: its opcodes are those of the donors that it has too, by name."""
    symbols = {HoleKind.OPCODE: tuple(f"{folder}::{name}" for name in opcodes)}

    def match(kind: HoleKind, name: str, donor: str) -> Sequence[tuple[str, float]]:
        own = f"{folder}::{name.rsplit('::', 1)[-1]}"
        return [(own, 1.0)] if own in symbols.get(kind, ()) else []

    return NewTarget(
        folder, MASKERS[folder], mode, replace(empty_description(folder), contracts=contracts), nearness or dict.fromkeys(DONORS, 0.5),
        match, symbols, classes, llvm_identifiers=words, function_names={"emitDddNote": 1.0},
    )  # fmt: skip
