namespace llvm {
namespace ELF {

enum {
  EM_NONE = 0,
  EM_ALPHA = 40, // Alpha
  EM_BETA = 0x29, // Beta
  EM_TOY = 77, // Toy
  EM_GAMMA = 300 // Gamma
};

// ELF relocation types of Alpha
enum {
#include "ELFRelocs/Alpha.def"
};

// ELF relocation types of Toy
enum {
#include "ELFRelocs/Toy.def"
};

enum { SHN_UNDEF = 0 };
} // namespace ELF
} // namespace llvm
