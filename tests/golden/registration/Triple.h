class Triple {
public:
  enum ArchType {
    UnknownArch,

    alpha, // Alpha: alpha
    beta,  // Beta: beta
    gamma, // Gamma: gamma
    shade, // an architecture without a target
    toy, // Toy
    LastArchType = toy
  };
  bool isLittleEndian() const;
};
