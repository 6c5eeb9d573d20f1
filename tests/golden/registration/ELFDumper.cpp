const EnumEntry<unsigned> ElfMachineType[] = {
  ENUM_ENT(EM_NONE,  "None"),
  ENUM_ENT(EM_ALPHA, "EM_ALPHA"),
  ENUM_ENT(EM_BETA,  "The second one"),
  ENUM_ENT(EM_TOY, "EM_TOY"),
  ENUM_ENT(EM_GAMMA, "EM_GAMMA")
};
