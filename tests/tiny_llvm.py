"""A tiny LLVM checkout, made up: two donors and a third target, Toy.td under three names, a few functions each.

LLVM's own .td files are links to those of the real source; its version is one that no machine has, so that nothing is compiled and
``llvm-tblgen-99`` is looked for on PATH (``tools`` puts one there, which is LLVM 19's).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tiny_registry import named_files

from llvm_integration.discover import find_installation

ROOT = Path(__file__).resolve().parent.parent
TOY = ROOT / "tests/inputs/toy/Toy.td"
CANARY = "0xCA9A27"

_INCLUDE = {
    "llvm/CodeGen/TargetInstrInfo.h": """
        #ifndef LLVM_CODEGEN_TARGETINSTRINFO_H
        #define LLVM_CODEGEN_TARGETINSTRINFO_H
        namespace llvm {
        class MachineInstr;
        class MCRegister;
        class TargetInstrInfo {
        public:
          virtual ~TargetInstrInfo();
          virtual unsigned isLoadFromStackSlot(const MachineInstr &MI, int &FrameIndex) const { return 0; }
          virtual void copyPhysReg(unsigned Dest, unsigned Source, bool KillSource) const;
          virtual bool isReallyTriviallyReMaterializable(const MachineInstr &MI) const { return false; }
        };
        }
        #endif
        """,
    "llvm/MC/MCInstPrinter.h": """
        #ifndef LLVM_MC_MCINSTPRINTER_H
        #define LLVM_MC_MCINSTPRINTER_H
        namespace llvm {
        class MCInst;
        class raw_ostream;
        class MCInstPrinter {
        public:
          virtual ~MCInstPrinter();
          virtual void printRegName(raw_ostream &OS, unsigned Reg) const;
        };
        }
        #endif
        """,
}
_FILES = {
    "CMakeLists.txt": "add_llvm_target({T}CodeGen {T}InstrInfo.cpp)\n",
    "{T}InstrInfo.h": """
        #ifndef {U}_INSTRINFO_H
        #define {U}_INSTRINFO_H
        #include "llvm/CodeGen/TargetInstrInfo.h"
        #define GET_INSTRINFO_HEADER
        #include "{T}GenInstrInfo.inc"
        namespace llvm {{
        class {T}InstrInfo : public {T}GenInstrInfo {{
        public:
          {T}InstrInfo();
          unsigned isLoadFromStackSlot(const MachineInstr &MI, int &FrameIndex) const override;
          void copyPhysReg(unsigned Dest, unsigned Source, bool KillSource) const override;
          unsigned getWidth() const {{ return {width}; }}
        }};
        }}
        #endif
        """,
    "{T}InstrInfo.cpp": """
        #include "{T}InstrInfo.h"
        #define GET_INSTRINFO_CTOR_DTOR
        #include "{T}GenInstrInfo.inc"
        using namespace llvm;

        {T}InstrInfo::{T}InstrInfo() : {T}GenInstrInfo({T}::ADJCALLSTACKDOWN, {T}::ADJCALLSTACKUP) {{}}

        unsigned {T}InstrInfo::isLoadFromStackSlot(const MachineInstr &MI, int &FrameIndex) const {{
          if (MI.getOpcode() == {T}::LDW) {{
            FrameIndex = MI.getOperand(1).getIndex();
            return {width};
          }}
          return 0;
        }}

        void {T}InstrInfo::copyPhysReg(unsigned Dest, unsigned Source, bool KillSource) const {{
          {extra}
          if ({T}::GPRRegClass.contains(Dest, Source))
            build({T}::ADD, Dest).addReg(Source, getKillRegState(KillSource));
          else
            report({T}::SWAP);
        }}
        """,
    "MCTargetDesc/{T}InstPrinter.h": """
        #ifndef {U}_INSTPRINTER_H
        #define {U}_INSTPRINTER_H
        #include "llvm/MC/MCInstPrinter.h"
        namespace llvm {{
        class {T}InstPrinter : public MCInstPrinter {{
        public:
          void printRegName(raw_ostream &OS, unsigned Reg) const override;
          void printMem(const MCInst *MI, unsigned OpNo, raw_ostream &OS);
        }};
        }}
        #endif
        """,
    "MCTargetDesc/{T}InstPrinter.cpp": """
        #include "{T}InstPrinter.h"
        using namespace llvm;

        void {T}InstPrinter::printRegName(raw_ostream &OS, unsigned Reg) const {{ OS << getRegisterName(Reg); }}

        void {T}InstPrinter::printMem(const MCInst *MI, unsigned OpNo, raw_ostream &OS) {{
          printOperand(MI, OpNo + 1, OS);
          OS << '(';
          printOperand(MI, OpNo, OS);
          OS << ')';
        }}
        """,
    "TargetInfo/{T}TargetInfo.cpp": """
        #include "llvm/MC/TargetRegistry.h"
        using namespace llvm;

        Target &llvm::getThe{T}Target() {{
          static Target The{T}Target;
          return The{T}Target;
        }}

        extern "C" void LLVMInitialize{T}TargetInfo() {{
          RegisterTarget<Triple::{t}, false> X(getThe{T}Target(), "{t}", "{T}", "{T}");
        }}
        """,
}
OFFICIAL = ("Aaa", "Bbb", "Ccc")


def write_target(folder: Path, name: str, width: int, extra: str = "") -> None:
    """A target's folder. ``extra``: a statement of its own."""
    for path, text in _FILES.items():
        words = {"T": name, "U": name.upper(), "t": name.lower(), "width": width, "extra": extra}
        put(folder / path.format(**words), text.format(**words))
    put(folder / f"{name}.td", toy_td(name))


def toy_td(name: str) -> str:
    """Toy.td under another name."""
    return TOY.read_text().replace("Toy", name)


def put(path: Path, text: str) -> Path:
    """Writes a file, its text indented as a whole or not."""
    lines = text.lstrip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(line[indent:] if not line[:indent].strip() else line for line in lines) + "\n")
    return path


def make(root: Path, real: Path, targets: tuple[str, ...] = OFFICIAL) -> Path:
    """The checkout, a plain tree. ``real``: LLVM's source, for its .td files."""
    version = (("MAJOR", 99), ("MINOR", 1), ("PATCH", 0))
    put(root / "cmake/Modules/LLVMVersion.cmake", "".join(f"set(LLVM_VERSION_{p} {n})\n" for p, n in version))
    for path, text in named_files(*OFFICIAL).items():
        if not path.endswith(".def"):  # relocations would make one donor more like a target than the others
            put(root / path, text)
    put(root / "llvm/CMakeLists.txt", "project(LLVM)\n")
    for path, text in _INCLUDE.items():
        put(root / "llvm/include" / path, text)
    for td in (real / "llvm/include/llvm").rglob("*.td"):
        if td.relative_to(real / "llvm/include/llvm").parts[0] in ("CodeGen", "Target", "TableGen", "IR"):
            link = root / "llvm/include/llvm" / td.relative_to(real / "llvm/include/llvm")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(td)
    for number, name in enumerate(targets):
        early = "if (Dest == Source)\n            return;" if name == "Aaa" else ""
        write_target(root / "llvm/lib/Target" / name, name, 4 << number, early)
    return root


def tools(folder: Path) -> str:
    """A PATH that starts with a folder that has the llvm-tblgen of the tiny checkout's version."""
    program = folder / "llvm-tblgen-99"
    folder.mkdir(parents=True, exist_ok=True)
    real = find_installation("19.1").llvm_tblgen
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "LLVM version 99.1.0" && exit\nexec {real} "$@"\n')
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def commit(root: Path) -> Path:
    """Makes a git repository of it."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "."), (*who, "commit", "--quiet", "-m", "start")):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
    return root
