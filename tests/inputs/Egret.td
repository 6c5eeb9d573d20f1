// Two machines in one description: registers of 16 bits, and of 32 with the feature "wide". Multiplication is a feature, and what is
// only there for a condition that no record explains is not there.
include "llvm/Target/Target.td"

def FeatureWide : SubtargetFeature<"wide", "IsWide", "true", "Registers of 32 bits">;
def FeatureMul : SubtargetFeature<"mul", "HasMul", "true", "Multiplication", []>;
def FeatureFast : SubtargetFeature<"fast", "IsFast", "true", "Fast multiplication", [FeatureMul]>;
def IsWide : Predicate<"Subtarget->isWide()">, AssemblerPredicate<(all_of FeatureWide)>;
def IsNarrow : Predicate<"!Subtarget->isWide()">, AssemblerPredicate<(all_of (not FeatureWide))>;
def HasMul : Predicate<"Subtarget->hasMul()">, AssemblerPredicate<(all_of FeatureMul)>;
def OnSunday : Predicate<"MF->isSunday()">;
def NotOnSunday : Predicate<"!(MF->isSunday()) && true">;
def Wide : HwMode<"+wide", [IsWide]>;

foreach n = 0-7 in
  def R # n : Register<"r" # n> { let Namespace = "Egret"; let HWEncoding = n; }
def SP : Register<"sp"> { let Namespace = "Egret"; let HWEncoding = 8; }
def WordVT : ValueTypeByHwMode<[DefaultMode, Wide], [i16, i32]>;
def OnlyWideVT : ValueTypeByHwMode<[Wide], [f32]>;
def WordInfo : RegInfoByHwMode<[DefaultMode, Wide], [RegInfo<16, 16, 16>, RegInfo<32, 32, 32>]>;
def GPR : RegisterClass<"Egret", [WordVT, OnlyWideVT, i16], 16, (add (sequence "R%u", 0, 7), SP)> { let RegInfos = WordInfo; }

class I<string asm, bits<8> op, list<dag> pattern = []> : Instruction {
  let Namespace = "Egret";
  let Size = 2;
  let OutOperandList = (outs GPR:$d);
  let InOperandList = (ins GPR:$a, GPR:$b);
  let AsmString = asm # " $d, $a, $b";
  let Pattern = pattern;
  bits<3> d;
  bits<3> a;
  field bits<16> Inst;
  let Inst{7-0} = op;
  let Inst{10-8} = d;
  let Inst{13-11} = a;
}
def ADDH : I<"addh", 1>;
def ADD : I<"add", 2>;
let Predicates = [IsWide] in def : Pat<(i16 (add (i16 GPR:$a), GPR:$b)), (ADDH GPR:$a, GPR:$b)>;
def : Pat<(WordVT (add (WordVT GPR:$a), GPR:$b)), (ADD GPR:$a, GPR:$b)>;
let Predicates = [HasMul] in def MUL : I<"mul", 3, [(set GPR:$d, (mul GPR:$a, GPR:$b))]>;
let Predicates = [OnSunday] in def SUB : I<"sub", 4, [(set GPR:$d, (sub GPR:$a, GPR:$b))]>;
let Predicates = [NotOnSunday] in def XOR : I<"xor", 5, [(set GPR:$d, (xor GPR:$a, GPR:$b))]>;
let Predicates = [IsNarrow] in def OR : I<"or", 6, [(set GPR:$d, (or GPR:$a, GPR:$b))]>;


// A ComplexPattern that takes any amount of a shift, and one for nodes of some property.
def amount : ComplexPattern<i16, 1, "selectAmount">;
def extended : ComplexPattern<i16, 1, "selectExtended">;
// The amount of a shift that a fragment holds, and a node for comparisons that C++ tells apart.
def rotation : ComplexPattern<i16, 1, "selectRotation">;
def rotated : PatFrag<(ops node:$a, node:$b), (rotl node:$a, (rotation node:$b))>;
def equal : ComplexPattern<i16, 1, "selectEqual", [setcc]>;
def ROL : I<"rol", 9, [(set GPR:$d, (rotated GPR:$a, GPR:$b))]>;
let InOperandList = (ins GPR:$a) in def SEQZ : I<"seqz", 10, [(set GPR:$d, (equal GPR:$a))]> { let AsmString = "seqz $d, $a"; }
let InOperandList = (ins GPR:$a) in def SXB : I<"sxb", 11, [(set GPR:$d, (sext_inreg GPR:$a, i8))]> { let AsmString = "sxb $d, $a"; }
def SHL : I<"shl", 7, [(set GPR:$d, (shl GPR:$a, amount:$b))]>;
def ADDX : I<"addx", 8, [(set GPR:$d, (add GPR:$a, extended:$b))]>;
// One for some nodes, in an operator that is a fragment of one that takes plain registers.
def doubled : ComplexPattern<i16, 1, "selectDoubled">;
def added : PatFrag<(ops node:$a, node:$b), (add node:$a, node:$b)>;
def ADDD : I<"addd", 12, [(set GPR:$d, (added GPR:$a, doubled:$b))]>;

def : ProcessorModel<"generic", NoSchedModel, []>;
def : ProcessorModel<"large", NoSchedModel, [FeatureWide, FeatureFast]>;
def EgretInstrInfo : InstrInfo;
def Egret : Target { let InstructionSet = EgretInstrInfo; }
