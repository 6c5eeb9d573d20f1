StringRef llvm::object::getELFRelocationTypeName(uint32_t Machine, uint32_t Type) {
  switch (Machine) {
  case ELF::EM_ALPHA:
    switch (Type) {
#include "llvm/BinaryFormat/ELFRelocs/Alpha.def"
    default:
      break;
    }
    break;
  case ELF::EM_TOY:
    switch (Type) {
#include "llvm/BinaryFormat/ELFRelocs/Toy.def"
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
