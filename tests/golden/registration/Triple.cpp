StringRef Triple::getArchTypeName(ArchType Kind) {
  switch (Kind) {
  case UnknownArch: return "unknown";
  case alpha:       return "alpha";
  case beta:        return "beta";
  case gamma:       return "gamma";
  case toy:         return "toy";
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
  case toy:
    return "toy";
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
    .Case("toy", toy)
    .StartsWith("gam", parseGamma(Name))
    .Default(UnknownArch);
}

static Triple::ArchType parseArch(StringRef Name) {
  auto AT = StringSwitch<Triple::ArchType>(Name)
    .Cases("alpha", "alfa", Triple::alpha)
    .Case("beta", Triple::beta)
    .Case("toy", Triple::toy)
    .StartsWith("shade", Triple::shade)
    .Default(Triple::UnknownArch);
  return AT == Triple::UnknownArch ? parseGamma(Name) : AT;
}

static Triple::ObjectFormatType getDefaultFormat(const Triple &T) {
  switch (T.getArch()) {
  case Triple::UnknownArch:
  case Triple::alpha:
  case Triple::beta:
  case Triple::toy:
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
  case llvm::Triple::toy:
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
  case Triple::toy:
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
  case Triple::toy:
  case Triple::gamma:
  case Triple::shade:
    return true;
  default:
    return false;
  }
}
