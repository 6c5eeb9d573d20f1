template <class ELFT>
StringRef ELFObjectFile<ELFT>::getFileFormatName() const {
  switch (EF.getHeader().e_ident[ELF::EI_CLASS]) {
  case ELF::ELFCLASS32:
    switch (EF.getHeader().e_machine) {
    case ELF::EM_ALPHA:
      return "elf32-alpha";
    case ELF::EM_BETA:
      return "elf32-beta";
    case ELF::EM_TOY:
      return "elf32-toy";
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
  case ELF::EM_TOY:
    return Triple::toy;
  default:
    return Triple::UnknownArch;
  }
}
