// A complete little target, made up for the tests: 32-bit, eight registers, byte and word loads, one predicate.
include "llvm/Target/Target.td"

def FeatureMul : SubtargetFeature<"mul", "HasMul", "true", "Has a multiplier">;
def FeatureWide : SubtargetFeature<"wide", "MaxWidth", "64", "Wide accesses">;
def HasMul : Predicate<"Subtarget->hasMul()">;

class ToyReg<bits<16> number, string n, list<string> alt = []> : Register<n, alt> {
  let Namespace = "Toy";
  let HWEncoding = number;
}
foreach i = 0-4 in def R#i : ToyReg<i, "r"#i>, DwarfRegNum<[i]>;
def FP : ToyReg<5, "fp">, DwarfRegNum<[5]>;
def SP : ToyReg<6, "sp">, DwarfRegNum<[6]>;
def LR : ToyReg<7, "lr">, DwarfRegNum<[7]>;
def SR : ToyReg<8, "sr">;
def GPR : RegisterClass<"Toy", [i32], 32, (add (sequence "R%u", 0, 4), LR, FP, SP)>;
def Low : RegisterClass<"Toy", [i32], 32, (trunc GPR, 4)>;
def Status : RegisterClass<"Toy", [i32], 32, (add SR)> {
  let isAllocatable = false;
}

class ToyOperandClass<string n> : AsmOperandClass {
  let Name = n;
}
def UImm8Class : ToyOperandClass<"UImm8">;
def MemClass : ToyOperandClass<"Mem"> {
  let ParserMethod = "parseMem";
}
def uimm8 : Operand<i32>, ImmLeaf<i32, "return isUInt<8>(Imm) && fitsToy(Imm);"> {
  let ParserMatchClass = UImm8Class;
  let DecoderMethod = "decodeUImm<8>";
}
def mem : Operand<i32> {
  let MIOperandInfo = (ops GPR:$base, i32imm:$offset);
  let PrintMethod = "printMem";
  let EncoderMethod = "encodeMem";
  let DecoderMethod = "decodeMem";
  let ParserMatchClass = MemClass;
  let OperandType = "OPERAND_MEMORY";
}
def target : Operand<OtherVT> {
  let EncoderMethod = "encodeTarget";
  let DecoderMethod = "decodeTarget";
  let OperandType = "OPERAND_PCREL";
}
def calltarget : Operand<i32> {
  let EncoderMethod = "encodeTarget";
  let DecoderMethod = "decodeTarget";
}
def addr : ComplexPattern<iPTR, 2, "selectAddr", [frameindex]>;

def SDT_ToyCall : SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>;
def ToyCall : SDNode<"ToyISD::CALL", SDT_ToyCall, [SDNPHasChain, SDNPOutGlue, SDNPOptInGlue, SDNPVariadic]>;
def ToyRet : SDNode<"ToyISD::RET_GLUE", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def callseq_start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;

class ToyInst<bits<4> op, dag o, dag i, string asm, list<dag> p = []> : Instruction {
  field bits<32> Inst;
  let Namespace = "Toy";
  let Size = 4;
  let OutOperandList = o;
  let InOperandList = i;
  let AsmString = asm;
  let Pattern = p;
  let Inst{31-28} = op;
}
class RR<bits<4> op, string n, SDNode node>
    : ToyInst<op, (outs GPR:$d), (ins GPR:$a, GPR:$b), n # "\t$d, $a, $b", [(set GPR:$d, (node GPR:$a, GPR:$b))]> {
  bits<3> d;
  bits<3> a;
  bits<3> b;
  let Inst{27-25} = d;
  let Inst{24-22} = a;
  let Inst{21-19} = b;
}
def ADD : RR<1, "add", add> { let isCommutable = true; }
def SUB : RR<2, "sub", sub>;
let Predicates = [HasMul] in def MUL : RR<3, "mul", mul>;
def ADDI : ToyInst<4, (outs GPR:$d), (ins GPR:$a, uimm8:$i), "addi\t$d, $a, $i"> {
  bits<3> d;
  bits<3> a;
  bits<8> i;
  let Inst{27-25} = d;
  let Inst{24-22} = a;
  let Inst{7-0} = i;
  let PostEncoderMethod = "fixAddi";
}
def : Pat<(add GPR:$a, uimm8:$i), (ADDI GPR:$a, uimm8:$i)>;
class Mem<bits<4> op, dag o, dag i, string n, list<dag> p> : ToyInst<op, o, i, n # "\t$r, $m", p> {
  bits<3> r;
  bits<16> m;
  let Inst{27-25} = r;
  let Inst{15-0} = m;
}
let mayLoad = true in {
  def LDW : Mem<5, (outs GPR:$r), (ins mem:$m), "ldw", [(set GPR:$r, (load addr:$m))]>;
  def LDB : Mem<6, (outs GPR:$r), (ins mem:$m), "ldb", [(set GPR:$r, (zextloadi8 addr:$m))]>;
}
let mayStore = true in def STW : Mem<7, (outs), (ins GPR:$r, mem:$m), "stw", [(store GPR:$r, addr:$m)]>;
class Jump<bits<4> op, string n, Operand where, list<dag> p> : ToyInst<op, (outs), (ins where:$t), n # "\t$t", p> {
  bits<28> t;
  let Inst{27-0} = t;
}
let isBranch = true, isTerminator = true, isBarrier = true in def BR : Jump<8, "br", target, [(br bb:$t)]>;
let isCall = true, Defs = [LR] in def CALL : Jump<9, "call", calltarget, [(ToyCall (i32 tglobaladdr:$t))]>;
let isReturn = true, isTerminator = true, isBarrier = true, Uses = [LR] in
  def RET : ToyInst<10, (outs), (ins), "ret", [(ToyRet)]> { let Inst{27-0} = 0; }
def SWAP : ToyInst<11, (outs Low:$d), (ins Low:$a), "swap\t$d, $a"> { let DecoderMethod = "decodeSwap"; }
let isPseudo = true, isCodeGenOnly = true in {
  let Defs = [SP], Uses = [SP] in {
    def ADJCALLSTACKDOWN : ToyInst<0, (outs), (ins i32imm:$x, i32imm:$y), "", [(callseq_start timm:$x, timm:$y)]>;
    def ADJCALLSTACKUP : ToyInst<0, (outs), (ins i32imm:$x, i32imm:$y), "", [(callseq_end timm:$x, timm:$y)]>;
  }
  let usesCustomInserter = true in
    def SELECT : ToyInst<0, (outs GPR:$d), (ins GPR:$c, GPR:$t, GPR:$f), "", [(set GPR:$d, (select GPR:$c, GPR:$t, GPR:$f))]>;
}

def CC_Toy : CallingConv<[
  CCIfType<[i8, i16], CCPromoteToType<i32>>,
  CCIf<"isToyVector(ValVT)", CCCustom<"CC_Toy_Vector">>,
  CCIfType<[i32], CCAssignToReg<[R0, R1, R2]>>,
  CCAssignToStack<4, 4>]>;
def RetCC_Toy : CallingConv<[CCIfType<[i32], CCAssignToReg<[R0]>>]>;
def CSR_Toy : CalleeSavedRegs<(add LR, FP, (sequence "R%u", 3, 4))>;
def CSR_Windows : CalleeSavedRegs<(add)> { let OtherPreserved = (add R3, R4); }
def CSR_None : CalleeSavedRegs<(add)>;

def : ProcessorModel<"generic", NoSchedModel, []>;
def : ProcessorModel<"big", NoSchedModel, [FeatureMul, FeatureWide]>;
def ToyInstrInfo : InstrInfo;
def ToyAsmWriter : AsmWriter { int PassSubtarget = 1; }
def Toy : Target {
  let InstructionSet = ToyInstrInfo;
  let AssemblyWriters = [ToyAsmWriter];
}
