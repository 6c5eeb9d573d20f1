"""A tree of a few files that names three targets as LLVM names its own: input of the tests of registration.

Written for these tests; ``Alpha`` is 32-bit little endian, ``Beta`` 32-bit big endian, ``Gamma`` 64-bit little endian.
"""

from __future__ import annotations

import re
from pathlib import Path

TRIPLE_H = """\
class Triple {
public:
  enum ArchType {
    UnknownArch,

    alpha, // Alpha: alpha
    beta,  // Beta: beta
    gamma, // Gamma: gamma
    shade, // an architecture without a target
    LastArchType = shade
  };
  bool isLittleEndian() const;
};
"""
TRIPLE_CPP = """\
StringRef Triple::getArchTypeName(ArchType Kind) {
  switch (Kind) {
  case UnknownArch: return "unknown";
  case alpha:       return "alpha";
  case beta:        return "beta";
  case gamma:       return "gamma";
  case shade:       return "shade";
  }
}

StringRef Triple::getArchTypePrefix(ArchType Kind) {
  switch (Kind) {
  default:
    return StringRef();
  case alpha: return "alpha";
  case beta:
    return "beta";
  case gamma: return "gam";
  }
}

static Triple::ArchType parseGamma(StringRef Name) {
  if (Name == "gamma")
    return Triple::gamma;
  return Triple::UnknownArch;
}

Triple::ArchType Triple::getArchTypeForLLVMName(StringRef Name) {
  return StringSwitch<Triple::ArchType>(Name)
    .Case("alpha", alpha)
    .Case("beta", beta) // the second
    .StartsWith("gam", parseGamma(Name))
    .Default(UnknownArch);
}

static Triple::ArchType parseArch(StringRef Name) {
  auto AT = StringSwitch<Triple::ArchType>(Name)
    .Cases("alpha", "alfa", Triple::alpha)
    .Case("beta", Triple::beta)
    .StartsWith("shade", Triple::shade)
    .Default(Triple::UnknownArch);
  return AT == Triple::UnknownArch ? parseGamma(Name) : AT;
}

static Triple::ObjectFormatType getDefaultFormat(const Triple &T) {
  switch (T.getArch()) {
  case Triple::UnknownArch:
  case Triple::alpha:
  case Triple::beta:
  case Triple::gamma:
    return Triple::ELF;
  case Triple::shade:
    return Triple::Wasm;
  }
}

static unsigned getArchPointerBitWidth(llvm::Triple::ArchType Arch) {
  switch (Arch) {
  case llvm::Triple::UnknownArch:
    return 0;
  case llvm::Triple::alpha:
  case llvm::Triple::beta:
  case llvm::Triple::shade:
    return 32;
  case llvm::Triple::gamma:
    return 64;
  }
}

Triple Triple::get32BitArchVariant() const {
  Triple T(*this);
  switch (getArch()) {
  case Triple::UnknownArch:
  case Triple::gamma:
    T.setArch(UnknownArch);
    break;
  case Triple::alpha:
  case Triple::beta:
  case Triple::shade:
    // Already 32-bit.
    break;
  }
  return T;
}

bool Triple::isLittleEndian() const {
  switch (getArch()) {
  case Triple::alpha:
  case Triple::gamma:
  case Triple::shade:
    return true;
  default:
    return false;
  }
}
"""
ELF_H = """\
namespace llvm {
namespace ELF {

enum {
  EM_NONE = 0,
  EM_ALPHA = 40, // Alpha
  EM_BETA = 0x29, // Beta
  EM_GAMMA = 300 // Gamma
};

// ELF relocation types of Alpha
enum {
#include "ELFRelocs/Alpha.def"
};

enum { SHN_UNDEF = 0 };
} // namespace ELF
} // namespace llvm
"""
OBJECT_H = """\
template <class ELFT>
StringRef ELFObjectFile<ELFT>::getFileFormatName() const {
  switch (EF.getHeader().e_ident[ELF::EI_CLASS]) {
  case ELF::ELFCLASS32:
    switch (EF.getHeader().e_machine) {
    case ELF::EM_ALPHA:
      return "elf32-alpha";
    case ELF::EM_BETA:
      return "elf32-beta";
    default:
      return "elf32-unknown";
    }
  case ELF::ELFCLASS64:
    switch (EF.getHeader().e_machine) {
    case ELF::EM_GAMMA:
      return "elf64-gamma";
    default:
      return "elf64-unknown";
    }
  }
}

template <class ELFT> Triple::ArchType ELFObjectFile<ELFT>::getArch() const {
  switch (EF.getHeader().e_machine) {
  case ELF::EM_ALPHA:
    return Triple::alpha;
  case ELF::EM_BETA:
    return Triple::beta;
  case ELF::EM_GAMMA:
    return Triple::gamma;
  default:
    return Triple::UnknownArch;
  }
}
"""
OBJECT_CPP = """\
StringRef llvm::object::getELFRelocationTypeName(uint32_t Machine, uint32_t Type) {
  switch (Machine) {
  case ELF::EM_ALPHA:
    switch (Type) {
#include "llvm/BinaryFormat/ELFRelocs/Alpha.def"
    default:
      break;
    }
    break;
  case ELF::EM_BETA:
  case ELF::EM_GAMMA:
    switch (Type) {
#include "llvm/BinaryFormat/ELFRelocs/Alpha.def"
    default:
      break;
    }
    break;
  default:
    break;
  }
  return "Unknown";
}
"""
READER_CPP = """\
const EnumEntry<unsigned> ElfMachineType[] = {
  ENUM_ENT(EM_NONE,  "None"),
  ENUM_ENT(EM_ALPHA, "EM_ALPHA"),
  ENUM_ENT(EM_BETA,  "The second one"),
  ENUM_ENT(EM_GAMMA, "EM_GAMMA")
};
"""
MODULES = """\
module LLVM_BinaryFormat {
    textual header "llvm/BinaryFormat/ELFRelocs/Alpha.def"
    textual header "llvm/BinaryFormat/Dwarf.def"
}

module Other {
    textual header "llvm/Other/Alpha.def"
}
"""
CMAKE = """\
set(LLVM_ALL_TARGETS
  Alpha
  Beta
  )

set(LLVM_ALL_EXPERIMENTAL_TARGETS
  Gamma
)
"""
CLANG_TARGETS = """\
#include "Targets.h"

#include "Targets/Alpha.h"
#include "Targets/Beta.h"
#include "Targets/Wasm.h"
#include "clang/Basic/Diagnostic.h"

std::unique_ptr<TargetInfo> AllocateTarget(const llvm::Triple &Triple, const TargetOptions &Opts) {
  llvm::Triple::OSType os = Triple.getOS();
  switch (Triple.getArch()) {
  default:
    return nullptr;

  case llvm::Triple::alpha:
    return std::make_unique<AlphaTargetInfo>(Triple, Opts);

  case llvm::Triple::beta:
    switch (os) {
    case llvm::Triple::Linux:
      return std::make_unique<LinuxTargetInfo<BetaTargetInfo>>(Triple, Opts);
    default:
      return std::make_unique<BetaTargetInfo>(Triple, Opts);
    }
  case llvm::Triple::gamma:
    return std::make_unique<GammaTargetInfo>(Triple, Opts);
  }
}
"""
CLANG_CMAKE = """\
add_clang_library(clangBasic
  Attributes.cpp
  Targets/Alpha.cpp
  Targets/Beta.cpp
  Targets/Wasm.cpp
  Version.cpp
  )
"""
# The names are clang's own; what they take and give is made up as far as it may differ from one clang to another.
CLANG_TARGET_INFO = """\
namespace clang {
class TargetInfo {
public:
  enum BuiltinVaListKind { CharPtrBuiltinVaList, VoidPtrBuiltinVaList };
  struct ConstraintInfo {};
  struct GCCRegAlias { const char *Aliases[5]; const char *Register; };
  virtual void getTargetDefines(const LangOptions &Opts, MacroBuilder &Builder) const = 0;
  virtual ArrayRef<Builtin::Info> getTargetBuiltins() const = 0;
  virtual BuiltinVaListKind getBuiltinVaListKind() const = 0;
  virtual bool validateAsmConstraint(const char *&Name, TargetInfo::ConstraintInfo &info) const = 0;
  virtual std::string_view getClobbers() const = 0;
  virtual ArrayRef<const char *> getGCCRegNames() const = 0;
  virtual ArrayRef<GCCRegAlias> getGCCRegAliases() const = 0;
  virtual bool hasFeature(StringRef Feature) const { return false; }
  virtual bool isValidCPUName(StringRef Name) const { return true; }
  virtual void fillValidCPUList(SmallVectorImpl<StringRef> &Values) const {}
  virtual bool setCPU(const std::string &Name) { return false; }
};
}
"""
CLANG_FILES = {
    "clang/lib/Basic/Targets.cpp": CLANG_TARGETS,
    "clang/lib/Basic/CMakeLists.txt": CLANG_CMAKE,
    "clang/include/clang/Basic/TargetInfo.h": CLANG_TARGET_INFO,
}
LLD_TARGET_H = """\
class TargetInfo {
  uint64_t defaultImageBase = 0x10000;
};

TargetInfo *getAArch64TargetInfo();
TargetInfo *getAlphaTargetInfo();
TargetInfo *getBetaTargetInfo();

struct ErrorPlace {
};
"""
LLD_TARGET_CPP = """\
TargetInfo *elf::getTarget() {
  switch (config->emachine) {
  case EM_ALPHA:
    return getAlphaTargetInfo();
  case EM_BETA:
    switch (config->ekind) {
    case ELF32LEKind:
      return getBetaTargetInfo();
    default:
      llvm_unreachable("unsupported target");
    }
  default:
    fatal("unsupported e_machine value");
  }
}
"""
LLD_CMAKE = """\
add_lld_library(lldELF
  Arch/Alpha.cpp
  Arch/Beta.cpp
  Target.cpp
  )
"""
LLD_FILES = {"lld/ELF/Target.h": LLD_TARGET_H, "lld/ELF/Target.cpp": LLD_TARGET_CPP, "lld/ELF/CMakeLists.txt": LLD_CMAKE}
RELOCATIONS = "ELF_RELOC(R_ALPHA_NONE, 0)\n"
INFO = """\
extern "C" void LLVMInitialize{folder}TargetInfo() {{
  RegisterTarget<Triple::{arch}> X(getThe{folder}Target(), "{arch}", "{folder}", "{folder}");
}}
"""
FILES = {
    "llvm/include/llvm/TargetParser/Triple.h": TRIPLE_H,
    "llvm/lib/TargetParser/Triple.cpp": TRIPLE_CPP,
    "llvm/include/llvm/BinaryFormat/ELF.h": ELF_H,
    "llvm/include/llvm/BinaryFormat/ELFRelocs/Alpha.def": RELOCATIONS,
    "llvm/include/llvm/Object/ELFObjectFile.h": OBJECT_H,
    "llvm/lib/Object/ELF.cpp": OBJECT_CPP,
    "llvm/lib/Object/ELFObjectFile.cpp": "",
    "llvm/tools/llvm-readobj/ELFDumper.cpp": READER_CPP,
    "llvm/include/module.modulemap": MODULES,
    "llvm/CMakeLists.txt": CMAKE,
} | {
    f"llvm/lib/Target/{folder}/TargetInfo/{folder}TargetInfo.cpp": INFO.format(folder=folder, arch=folder.lower())
    for folder in ("Alpha", "Beta", "Gamma")
}


def named_files(first: str, second: str, third: str) -> dict[str, str]:
    """The files that name the targets, with other names for them."""
    words = {"Alpha": first, "Beta": second, "Gamma": third}
    words |= {word.lower(): name.lower() for word, name in words.items()} | {word.upper(): name.upper() for word, name in words.items()}
    known = re.compile("|".join(words))
    renamed = {path: known.sub(lambda m: words[m[0]], text) for path, text in FILES.items() if "lib/Target/" not in path}
    return {known.sub(lambda m: words[m[0]], path): text for path, text in renamed.items()}


def write_registry(root: Path, *, clang: bool = False, lld: bool = False) -> Path:
    """Put the tree into ``root``, with clang's and lld's files or without, and return that."""
    for path, text in (FILES | (CLANG_FILES if clang else {}) | (LLD_FILES if lld else {})).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root
