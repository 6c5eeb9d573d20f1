// A 16-bit machine: numbers in an upper part of 6 bits and a signed rest of 10, calls of a symbol that reach 1 KiB, a load whose offset
// counts in bytes where its field leaves out the lowest bit, a product of bytes, and a constant that is shifted while more is added.
include "llvm/Target/Target.td"

class Reg<bits<16> n, string name> : Register<name> { let Namespace = "Dipper"; let HWEncoding = n; }
foreach n = 0-6 in def R # n : Reg<n, "r" # n>;
def RA : Reg<7, "ra">;
def SP : Reg<8, "sp">;
foreach n = 0-3 in def B # n : Reg<n, "b" # n>;
def GPR : RegisterClass<"Dipper", [i16], 16, (add (sequence "R%u", 0, 6), RA, SP)>;
def Byte : RegisterClass<"Dipper", [i8], 8, (sequence "B%u", 0, 3)>;

class I<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  field bits<24> Inst = 0;
  let Inst{5-0} = op;
  let Size = 3;
  let Namespace = "Dipper";
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
}
class Three<bits<6> op, string name, SDPatternOperator node> : I<op, (outs GPR:$d), (ins GPR:$a, GPR:$b), name # " $d, $a, $b", [(set GPR:$d, (node GPR:$a, GPR:$b))]> {
  bits<4> d; bits<4> a; bits<4> b;
  let Inst{19-8} = {b, a, d};
}
class Ten<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern = []> : I<op, outs, ins, asm, pattern> {
  bits<4> d; bits<4> a; bits<10> n;
  let Inst{23-16} = n{7-0}; let Inst{15-8} = {a, d}; let Inst{7-6} = n{9-8};
}
def simm10 : Operand<i16>, ImmLeaf<i16, [{ return isInt<10>(Imm); }]>;
def simm16 : ImmLeaf<i16, [{ return isInt<16>(Imm); }]>;
def six : Operand<i16>;
def even : Operand<i16> { let DecoderMethod = "decodeEven"; let EncoderMethod = "encodeEven"; }
def target : Operand<OtherVT>;
def callee : Operand<i16>;
def HI6 : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(((N->getZExtValue() + 0x200) >> 10) & 0x3f, SDLoc(N), MVT::i16); }]>;
def LO10 : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(SignExtend64<10>(N->getZExtValue()), SDLoc(N), MVT::i16); }]>;
def INS10 : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(N->getZExtValue() & 0x3ff, SDLoc(N), MVT::i16); }]>;
def ret : SDNode<"DipperISD::RET", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def call : SDNode<"DipperISD::CALL", SDTypeProfile<0, -1, [SDTCisVT<0, i16>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;

def ADD : Three<1, "add", add>;
def OR : Three<2, "or", or>;
def MULB : I<3, (outs Byte:$d), (ins Byte:$a, Byte:$b), "mulb $d, $a, $b", [(set Byte:$d, (mul Byte:$a, Byte:$b))]> {
  bits<4> d; bits<4> a; bits<4> b;
  let Inst{19-8} = {b, a, d};
}
def ADDI : Ten<4, (outs GPR:$d), (ins GPR:$a, simm10:$n), "addi $d, $a, $n", [(set GPR:$d, (add GPR:$a, simm10:$n))]>;
def LI : Ten<5, (outs GPR:$d), (ins simm10:$n), "li $d, $n", [(set GPR:$d, simm10:$n)]> { let a = 0; }
def LUI : I<6, (outs GPR:$d), (ins six:$n), "lui $d, $n"> {
  bits<4> d; bits<6> n;
  let Inst{13-8} = n; let Inst{19-16} = d;
}
def INS : Ten<7, (outs GPR:$d), (ins GPR:$a, simm10:$n), "ins $d, $a, $n", [(set GPR:$d, (or (shl GPR:$a, (i16 10)), simm10:$n))]>;
def LW : Ten<8, (outs GPR:$d), (ins GPR:$a, simm10:$n), "lw $d, $n($a)", [(set GPR:$d, (load (add GPR:$a, simm10:$n)))]> { let mayLoad = 1; }
def SW : Ten<9, (outs), (ins GPR:$d, GPR:$a, simm10:$n), "sw $d, $n($a)", [(store GPR:$d, (add GPR:$a, simm10:$n))]> { let mayStore = 1; }
def LWS : I<10, (outs GPR:$d), (ins GPR:$a, even:$n), "lws $d, $n($a)"> {
  bits<4> d; bits<4> a; bits<7> n;
  let Inst{13-8} = n{6-1}; let Inst{21-14} = {a, d};
  let mayLoad = 1;
}
let isBranch = 1, isTerminator = 1, isBarrier = 1 in {
  def J : I<11, (outs), (ins target:$t), "j $t", [(br bb:$t)]> { bits<11> t; let Inst{16-6} = t; }
  let isIndirectBranch = 1 in def JR : I<12, (outs), (ins GPR:$a), "jr $a"> { bits<4> a; let Inst{9-6} = a; }
}
let isCall = 1, Defs = [RA] in {
  def JAL : I<13, (outs), (ins callee:$t), "jal $t", [(call tglobaladdr:$t)]> { bits<11> t; let Inst{16-6} = t; }
  def JALR : I<14, (outs), (ins GPR:$a), "jalr $a", [(call GPR:$a)]> { bits<4> a; let Inst{9-6} = a; }
}
def RET : I<15, (outs), (ins), "ret", [(ret)]> { let isReturn = 1; let isTerminator = 1; let isBarrier = 1; let Uses = [RA]; }
def : Pat<(simm16:$n), (ADDI (LUI (HI6 imm:$n)), (LO10 imm:$n))>;

def CC_Dipper : CallingConv<[CCIfType<[i16], CCAssignToReg<[R0, R1, R2]>>, CCAssignToStack<2, 2>]>;
def RetCC_Dipper : CallingConv<[CCIfType<[i16], CCAssignToReg<[R0, R1]>>]>;
def CSR : CalleeSavedRegs<(add RA, R4, R5, R6)>;
def DipperInstrInfo : InstrInfo;
def Dipper : Target { let InstructionSet = DipperInstrInfo; }
