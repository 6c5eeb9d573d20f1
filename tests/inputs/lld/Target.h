// What lld/ELF/Target.h declares and a target's file uses, as far as a test needs it: values that do not fit are counted, not reported.
#pragma once
#include "llvm/ADT/Twine.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <string>

namespace lld::elf {
using RelType = uint32_t;
enum RelExpr { R_NONE, R_ABS, R_PC };
struct Symbol {};
struct Relocation {
  RelType type;
};
class TargetInfo {
public:
  virtual RelExpr getRelExpr(RelType type, const Symbol &s, const uint8_t *loc) const = 0;
  virtual void relocate(uint8_t *loc, const Relocation &rel, uint64_t val) const = 0;
  virtual ~TargetInfo() = default;
  RelType symbolicRel = 0;
  uint64_t defaultImageBase = 0x10000, defaultMaxPageSize = 4096, defaultCommonPageSize = 4096;
};
extern unsigned refused;
inline void checkInt(uint8_t *, int64_t v, int n, const Relocation &) { refused += v != llvm::SignExtend64(v, n); }
inline void checkUInt(uint8_t *, uint64_t v, int n, const Relocation &) { refused += (v >> n) != 0; }
inline void checkIntUInt(uint8_t *, uint64_t v, int n, const Relocation &) {
  refused += v != static_cast<uint64_t>(llvm::SignExtend64(v, n)) && (v >> n) != 0;
}
inline void checkAlignment(uint8_t *, uint64_t v, int n, const Relocation &) { refused += (v & (n - 1)) != 0; }
#ifdef BIG
constexpr auto Order = llvm::endianness::big;
#else
constexpr auto Order = llvm::endianness::little;
#endif
inline uint16_t read16(const void *p) { return llvm::support::endian::read16<Order>(p); }
inline uint32_t read32(const void *p) { return llvm::support::endian::read32<Order>(p); }
inline uint64_t read64(const void *p) { return llvm::support::endian::read64<Order>(p); }
inline void write16(void *p, uint16_t v) { llvm::support::endian::write16<Order>(p, v); }
inline void write32(void *p, uint32_t v) { llvm::support::endian::write32<Order>(p, v); }
inline void write64(void *p, uint64_t v) { llvm::support::endian::write64<Order>(p, v); }
inline std::string getErrorLocation(const uint8_t *) { return ""; }
inline std::string toString(const Symbol &) { return ""; }
inline void error(const llvm::Twine &) { ++refused; }
TargetInfo *MAKE();
} // namespace lld::elf
namespace lld {}
