// Rook: a small 32-bit RISC made up for tests of archetypes. Loads and stores take a base and an offset as one operand, branches compare
// two registers, a constant of 32 bits takes two instructions.
include "llvm/Target/Target.td"
class RookReg<bits<5> n, string s> : Register<s> { let Namespace = "Rook"; let HWEncoding{4-0} = n; }
foreach i = 0-31 in let isConstant = !eq(i, 0) in def R#i : RookReg<i, "r"#i>, DwarfRegNum<[i]>;
def GPR : RegisterClass<"Rook", [i32], 32, (add (sequence "R%u", 4, 31), R1, R2, R3, R0)>;

def CC_Rook : CallingConv<[CCIfType<[i8, i16], CCPromoteToType<i32>>, CCIfType<[i32], CCAssignToReg<[R4, R5, R6, R7]>>, CCIfType<[i32], CCAssignToStack<4, 4>>]>;
def RetCC_Rook : CallingConv<[CCIfType<[i32], CCAssignToReg<[R4, R5]>>]>;
def CSR_Rook : CalleeSavedRegs<(add R1, (sequence "R%u", 20, 31))>;

class F<bits<6> op, dag outs, dag ins, string asm, list<dag> p = []> : Instruction {
  bits<32> Inst; let Namespace = "Rook"; let Size = 4;
  let OutOperandList = outs; let InOperandList = ins; let AsmString = asm; let Pattern = p; let Inst{31-26} = op;
  field bits<32> SoftFail = 0; let DecoderNamespace = "Rook"; let hasSideEffects = 0; let mayLoad = 0; let mayStore = 0;
}
class Imm<string n> : AsmOperandClass { let Name = n; let RenderMethod = "addImmOperands"; let DiagnosticType = "Invalid"#n; }
def simm16 : Operand<i32>, ImmLeaf<i32, "return isInt<16>(Imm);"> { let ParserMatchClass = Imm<"SImm16">; let EncoderMethod = "getImmOpValue"; let DecoderMethod = "decodeSImm16"; }
def uimm16 : Operand<i32>, ImmLeaf<i32, "return isUInt<16>(Imm);"> { let ParserMatchClass = Imm<"UImm16">; let EncoderMethod = "getImmOpValue"; }
def uimm5 : Operand<i32>, ImmLeaf<i32, "return isUInt<5>(Imm);"> { let ParserMatchClass = Imm<"UImm5">; }
def hi16 : Operand<i32> { let ParserMatchClass = Imm<"Hi16">; let EncoderMethod = "getImmOpValue"; }
def brtarget : Operand<OtherVT> { let ParserMatchClass = Imm<"BrTarget">; let EncoderMethod = "getBranchTargetOpValue"; let DecoderMethod = "decodeBranchTarget"; let OperandType = "OPERAND_PCREL"; let PrintMethod = "printBranchTarget"; }
def calltarget : Operand<i32> { let ParserMatchClass = Imm<"CallTarget">; let EncoderMethod = "getCallTargetOpValue"; let DecoderMethod = "decodeCallTarget"; let OperandType = "OPERAND_PCREL"; }
def MemAsm : AsmOperandClass { let Name = "Mem"; let ParserMethod = "parseMemOperand"; }
def mem : Operand<i32> { let MIOperandInfo = (ops GPR:$base, simm16:$offset); let PrintMethod = "printMemOperand"; let ParserMatchClass = MemAsm; let EncoderMethod = "getMemOpValue"; let DecoderMethod = "decodeMem"; }
def addr : ComplexPattern<i32, 2, "selectAddr", [frameindex]>;

def RookCall : SDNode<"RookISD::CALL", SDTypeProfile<0, -1, [SDTCisPtrTy<0>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
def RookRet : SDNode<"RookISD::RET_GLUE", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def RookHi : SDNode<"RookISD::HI", SDTIntUnaryOp>;
def RookLo : SDNode<"RookISD::LO", SDTIntUnaryOp>;
def callseq_start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;

class RRR<bits<6> op, string n, SDPatternOperator o> : F<op, (outs GPR:$rd), (ins GPR:$rs, GPR:$rt), n#" $rd, $rs, $rt", [(set i32:$rd, (o i32:$rs, i32:$rt))]> {
  bits<5> rd; bits<5> rs; bits<5> rt; let Inst{25-21} = rd; let Inst{20-16} = rs; let Inst{15-11} = rt; let Inst{10-0} = 0; }
class RRI<bits<6> op, string n, Operand t> : F<op, (outs GPR:$rd), (ins GPR:$rs, t:$imm), n#" $rd, $rs, $imm"> {
  bits<5> rd; bits<5> rs; bits<16> imm; let Inst{25-21} = rd; let Inst{20-16} = rs; let Inst{15-0} = imm; }
def ADD : RRR<1, "add", add>; def SUB : RRR<2, "sub", sub>; def AND : RRR<3, "and", and>; def OR : RRR<4, "or", or>; def XOR : RRR<5, "xor", xor>;
def SLL : RRR<6, "sll", shl>; def SRL : RRR<7, "srl", srl>; def SRA : RRR<8, "sra", sra>; def MUL : RRR<9, "mul", mul>; def SLT : RRR<10, "slt", setlt>; def SLTU : RRR<11, "sltu", setult>;
def ADDI : RRI<12, "addi", simm16>; def ANDI : RRI<13, "andi", uimm16>; def ORI : RRI<14, "ori", uimm16>; def XORI : RRI<15, "xori", uimm16>;
def : Pat<(add GPR:$a, simm16:$b), (ADDI GPR:$a, simm16:$b)>;
def : Pat<(and GPR:$a, uimm16:$b), (ANDI GPR:$a, uimm16:$b)>;
def : Pat<(or GPR:$a, uimm16:$b), (ORI GPR:$a, uimm16:$b)>;
def : Pat<(xor GPR:$a, uimm16:$b), (XORI GPR:$a, uimm16:$b)>;
class Sh<bits<6> op, string n, SDPatternOperator o> : F<op, (outs GPR:$rd), (ins GPR:$rs, uimm5:$sh), n#" $rd, $rs, $sh", [(set i32:$rd, (o i32:$rs, uimm5:$sh))]> {
  bits<5> rd; bits<5> rs; bits<5> sh; let Inst{25-21} = rd; let Inst{20-16} = rs; let Inst{15-11} = sh; let Inst{10-0} = 0; }
def SLLI : Sh<16, "slli", shl>; def SRLI : Sh<17, "srli", srl>; def SRAI : Sh<18, "srai", sra>;
def LUI : F<19, (outs GPR:$rd), (ins hi16:$imm), "lui $rd, $imm"> { bits<5> rd; bits<16> imm; let Inst{25-21} = rd; let Inst{20-16} = 0; let Inst{15-0} = imm; }
def HI16X : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant((N->getZExtValue() >> 16) & 0xffff, SDLoc(N), MVT::i32); }]>;
def LO16X : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(N->getZExtValue() & 0xffff, SDLoc(N), MVT::i32); }]>;
def : Pat<(i32 simm16:$i), (ADDI (i32 R0), simm16:$i)>;
def : Pat<(i32 imm:$i), (ORI (LUI (HI16X imm:$i)), (LO16X imm:$i))>;
def : Pat<(RookHi tglobaladdr:$g), (LUI tglobaladdr:$g)>;
def : Pat<(or GPR:$r, (RookLo tglobaladdr:$g)), (ORI GPR:$r, tglobaladdr:$g)>;
class Ld<bits<6> op, string n> : F<op, (outs GPR:$rd), (ins mem:$addr), n#" $rd, $addr"> { let mayLoad = 1; bits<5> rd; bits<21> addr; let Inst{25-21} = rd; let Inst{20-0} = addr; }
class St<bits<6> op, string n> : F<op, (outs), (ins GPR:$rd, mem:$addr), n#" $rd, $addr"> { let mayStore = 1; bits<5> rd; bits<21> addr; let Inst{25-21} = rd; let Inst{20-0} = addr; }
def LW : Ld<20, "lw">; def LH : Ld<21, "lh">; def LHU : Ld<22, "lhu">; def LB : Ld<23, "lb">; def LBU : Ld<24, "lbu">;
def SW : St<25, "sw">; def SH : St<26, "sh">; def SB : St<27, "sb">;
multiclass LdP<PatFrag f, Instruction i> { def : Pat<(i32 (f addr:$a)), (i addr:$a)>; }
defm : LdP<load, LW>; defm : LdP<sextloadi16, LH>; defm : LdP<zextloadi16, LHU>; defm : LdP<extloadi16, LHU>; defm : LdP<sextloadi8, LB>; defm : LdP<zextloadi8, LBU>; defm : LdP<extloadi8, LBU>;
def : Pat<(store i32:$v, addr:$a), (SW $v, addr:$a)>; def : Pat<(truncstorei16 i32:$v, addr:$a), (SH $v, addr:$a)>; def : Pat<(truncstorei8 i32:$v, addr:$a), (SB $v, addr:$a)>;
class Br<bits<6> op, string n, PatFrag c> : F<op, (outs), (ins GPR:$rs, GPR:$rt, brtarget:$dst), n#" $rs, $rt, $dst", [(brcond (i32 (c i32:$rs, i32:$rt)), bb:$dst)]> {
  let isBranch = 1; let isTerminator = 1; bits<5> rs; bits<5> rt; bits<16> dst; let Inst{25-21} = rs; let Inst{20-16} = rt; let Inst{15-0} = dst; }
def BEQ : Br<28, "beq", seteq>; def BNE : Br<29, "bne", setne>; def BLT : Br<30, "blt", setlt>; def BGE : Br<31, "bge", setge>; def BLTU : Br<32, "bltu", setult>; def BGEU : Br<33, "bgeu", setuge>;
def J : F<34, (outs), (ins brtarget:$dst), "j $dst", [(br bb:$dst)]> { let isBranch = 1; let isTerminator = 1; let isBarrier = 1; bits<26> dst; let Inst{25-0} = dst; }
let isCall = 1, Defs = [R1] in {
def CALL : F<35, (outs), (ins calltarget:$dst), "call $dst", []> { bits<26> dst; let Inst{25-0} = dst; }
def CALLR : F<36, (outs), (ins GPR:$rs), "callr $rs", [(RookCall i32:$rs)]> { bits<5> rs; let Inst{25-21} = rs; let Inst{20-0} = 0; }
}
def : Pat<(RookCall tglobaladdr:$d), (CALL tglobaladdr:$d)>; def : Pat<(RookCall texternalsym:$d), (CALL texternalsym:$d)>;
def RET : F<37, (outs), (ins), "ret", [(RookRet)]> { let isReturn = 1; let isTerminator = 1; let isBarrier = 1; let Uses = [R1]; let Inst{25-0} = 0; }
def JR : F<38, (outs), (ins GPR:$rs), "jr $rs", [(brind i32:$rs)]> { let isBranch = 1; let isTerminator = 1; let isBarrier = 1; let isIndirectBranch = 1; bits<5> rs; let Inst{25-21} = rs; let Inst{20-0} = 0; }
def NOP : F<0, (outs), (ins), "nop"> { let Inst{25-0} = 0; }
class Pseudo<dag o, dag i, list<dag> p> : F<0, o, i, "", p> { let isPseudo = 1; let isCodeGenOnly = 1; }
let Defs = [R2], Uses = [R2] in {
def ADJCALLSTACKDOWN : Pseudo<(outs), (ins i32imm:$a, i32imm:$b), [(callseq_start timm:$a, timm:$b)]>;
def ADJCALLSTACKUP : Pseudo<(outs), (ins i32imm:$a, i32imm:$b), [(callseq_end timm:$a, timm:$b)]>;
}
def RookInstrInfo : InstrInfo;
def : ProcessorModel<"generic", NoSchedModel, []>;
def RookAsmParser : AsmParser { let ShouldEmitMatchRegisterName = 1; }
def Rook : Target { let InstructionSet = RookInstrInfo; let AssemblyParsers = [RookAsmParser]; }
