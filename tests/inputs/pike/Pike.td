// Pike: a 32-bit RISC made up for tests of archetypes where its .td says less than Rook's. Conditions are numbers, registers are numbered
// for DWARF alone, no instruction calls, two registers hold constants by patterns alone, memory operands have a third part, and
// instructions are of 16, 32 and 64 bits, the upper half of a word first, with a field that is no operand.
include "llvm/Target/Target.td"
foreach i = 0-15 in def R#i : Register<"r"#i>, DwarfRegNum<[i]> { let Namespace = "Pike"; }
def SR : Register<"sw"> { let Namespace = "Pike"; }
def GPR : RegisterClass<"Pike", [i32], 32, (add (sequence "R%u", 2, 15), R1, R0)>;
def CCR : RegisterClass<"Pike", [i32], 32, (add SR)> { let isAllocatable = 0; }
def CC_Pike : CallingConv<[CCIfType<[i32], CCAssignToReg<[R4, R5]>>, CCIfType<[i32], CCAssignToStack<4, 4>>]>;
def RetCC_Pike : CallingConv<[CCIfType<[i32], CCAssignToReg<[R4]>>]>;

class I<int size, dag outs, dag ins, string asm, list<dag> p = []> : Instruction {
  bits<64> Inst; field bits<64> SoftFail = 0; let Namespace = "Pike"; let Size = size;
  let OutOperandList = outs; let InOperandList = ins; let AsmString = asm; let Pattern = p;
}
class F<bits<5> op, dag outs, dag ins, string asm, list<dag> p = []> : I<4, outs, ins, asm, p> { let Inst{31-27} = op; }
class AsmClass<string n> : AsmOperandClass { let Name = n; }
def LOW : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(N->getZExtValue() & 0xffff, SDLoc(N), MVT::i32); }]>;
def HIGH : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(N->getZExtValue() >> 16, SDLoc(N), MVT::i32); }]>;
def lo16 : Operand<i32>, PatLeaf<(i32 imm), [{ return (N->getZExtValue() & 0xFFFFUL) == N->getZExtValue(); }], LOW> { let ParserMatchClass = AsmClass<"Lo16">; }
def hi16 : Operand<i32>, PatLeaf<(i32 imm), [{ return (N->getZExtValue() & 0xFFFF0000UL) == N->getZExtValue(); }], HIGH> { let ParserMatchClass = AsmClass<"Hi16">; let PrintMethod = "printHi16"; }
def ones16 : Operand<i32>, PatLeaf<(i32 imm), [{ return N->getZExtValue() >= 0xFFFF0000UL; }], LOW> { let ParserMatchClass = AsmClass<"Ones16">; let PrintMethod = "printOnes16"; }
def shift : Operand<i32>, PatLeaf<(imm), [{ int Imm = N->getSExtValue(); return Imm >= -31 && Imm <= 31; }]>;
def condition : Operand<i32> { let PrintMethod = "printCond"; }
def coded : Operand<i32>, ImmLeaf<i32, "return Imm == 0 || Imm == 1 || Imm == -1;"> { let EncoderMethod = "encodeCode"; let ParserMatchClass = AsmClass<"Code">; }
def aluop : Operand<i32>;
def mem : Operand<i32> { let MIOperandInfo = (ops GPR:$base, lo16:$offset, aluop:$op); let ParserMatchClass = AsmClass<"Mem">; let PrintMethod = "printMem"; let DecoderMethod = "decodeMem"; }
def indirect : Operand<i32> { let MIOperandInfo = (ops GPR:$base); let ParserMatchClass = AsmClass<"Indirect">; let PrintMethod = "printIndirect"; }
def target : Operand<OtherVT>;
def addr : ComplexPattern<i32, 3, "selectAddr", [frameindex]>;
def pair : ComplexPattern<i32, 3, "selectPair", []>;

def PikeCall : SDNode<"PikeISD::CALL", SDTypeProfile<0, -1, [SDTCisPtrTy<0>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
def PikeRet : SDNode<"PikeISD::RET_GLUE", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def PikeWhole : SDNode<"PikeISD::WHOLE", SDTIntUnaryOp>;
def PikeBrCC : SDNode<"PikeISD::BR_CC", SDTypeProfile<0, 2, [SDTCisVT<0, OtherVT>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPInGlue]>;
def callseq_start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;

class RRR<bits<5> op, string n, SDPatternOperator o> : F<op, (outs GPR:$d), (ins GPR:$a, GPR:$b), n#"\t$d, $a, $b", [(set i32:$d, (o i32:$a, i32:$b))]> {
  bits<4> d; bits<4> a; bits<4> b; bit N; let Inst{26-23} = d; let Inst{22-19} = a; let Inst{18-15} = b; let Inst{14} = N; let Inst{13-0} = 0; }
class RRI<bits<5> op, string n, Operand t, list<dag> p = []> : F<op, (outs GPR:$d), (ins GPR:$a, t:$imm), n#"\t$d, $a, $imm", p> {
  bits<4> d; bits<4> a; bits<16> imm; let Inst{26-23} = d; let Inst{22-19} = a; let Inst{18-16} = 0; let Inst{15-0} = imm; }
def ADD : RRR<1, "add", add>; def OR : RRR<2, "or", or>; def XOR : RRR<3, "xor", xor>; def AND : RRR<4, "and", and>; def SUB : RRR<5, "sub", sub>;
let Defs = [SR] in def SUBF : RRR<6, "subf", subc>; let Uses = [SR] in def SUBB : RRR<7, "subb", sube>;
def ADDI : RRI<8, "addi", lo16>; def ORI : RRI<9, "ori", lo16>; def ORHI : RRI<10, "ori", hi16>; def ANDI : RRI<11, "andi", ones16>;
def : Pat<(add GPR:$a, lo16:$b), (ADDI GPR:$a, lo16:$b)>; def : Pat<(or GPR:$a, hi16:$b), (ORHI GPR:$a, hi16:$b)>;
def : Pat<(or GPR:$a, lo16:$b), (ORI GPR:$a, lo16:$b)>; def : Pat<(and GPR:$a, ones16:$b), (ANDI GPR:$a, ones16:$b)>;
def : Pat<(i32 lo16:$i), (ORI (i32 R0), lo16:$i)>; def : Pat<(i32 ones16:$i), (ANDI (i32 R1), ones16:$i)>;
def SH : RRI<12, "sh", shift, [(set i32:$d, (shl i32:$a, shift:$imm))]>;
let isPseudo = 1 in def CTLZ : I<0, (outs GPR:$d), (ins GPR:$a), "", [(set i32:$d, (ctlz i32:$a))]>;
def MOV : I<8, (outs GPR:$d), (ins i32imm:$imm), "mov\t$d, $imm"> { bits<4> d; bits<32> imm; let Inst{63-32} = imm; let Inst{31-27} = 13; let Inst{26-23} = d; let Inst{22-0} = 0; }
def : Pat<(PikeWhole tglobaladdr:$g), (MOV tglobaladdr:$g)>;
class M<bits<5> op, dag o, dag i, string n, list<dag> p> : F<op, o, i, n, p> { bits<4> d; bits<22> at; let Inst{26-23} = d; let Inst{21-0} = at; let Inst{22} = 0; }
def LW : M<14, (outs GPR:$d), (ins mem:$at), "ld\t$d, $at", [(set i32:$d, (load addr:$at))]>;
def SW : M<15, (outs), (ins GPR:$d, mem:$at), "st\t$d, $at", [(store i32:$d, addr:$at)]>;
def SWAP : M<16, (outs), (ins GPR:$d, mem:$at), "swap\t$d, $at", [(store (add (load addr:$at), i32:$d), addr:$at)]>;
let isPseudo = 1 in def LWX : I<0, (outs GPR:$d), (ins mem:$at), "", [(set i32:$d, (sextloadi16 pair:$at))]>;
def LDI : I<2, (outs GPR:$d), (ins indirect:$at), "ld\t$d, $at"> { bits<4> d; bits<4> at; let Inst{15-8} = 0b11110001; let Inst{7-4} = d; let Inst{3-0} = at; }
let isBranch = 1, isTerminator = 1, isBarrier = 1, hasDelaySlot = 1 in {
def B : F<17, (outs), (ins target:$to), "b\t$to", [(br bb:$to)]> { bits<26> to; let Inst{26-3} = to{25-2}; let Inst{2-0} = 0; }
let isIndirectBranch = 1 in def JR : F<18, (outs), (ins GPR:$a), "b\t$a", [(brind i32:$a)]> { bits<4> a; let Inst{26-23} = a; let Inst{22-0} = 0; }
}
let isBranch = 1, isTerminator = 1, Uses = [SR] in
def BCC : F<19, (outs), (ins target:$to, condition:$c), "b$c\t$to", [(PikeBrCC bb:$to, imm:$c)]> { bits<4> c; bits<20> to; let Inst{26-23} = c; let Inst{22-5} = to{19-2}; let Inst{4-0} = 0; }
let isReturn = 1, isTerminator = 1, isBarrier = 1 in def RET : F<20, (outs), (ins), "ret", [(PikeRet)]> { let Inst{26-0} = 0; }
def ADD3 : I<8, (outs GPR:$d), (ins GPR:$a, i32imm:$imm), "add3\t$d, {$a, $imm}"> { bits<4> d; bits<4> a; bits<32> imm; let Inst{63-32} = imm; let Inst{31-27} = 21; let Inst{26-23} = d; let Inst{22-19} = a; let Inst{18-0} = 0; }
def ADD3C : F<22, (outs GPR:$d), (ins GPR:$a, coded:$imm), "add3\t$d, $a, $imm"> { bits<4> d; bits<4> a; bits<2> imm; let Inst{26-23} = d; let Inst{22-19} = a; let Inst{18-17} = imm; let Inst{16-0} = 0; }
def NOP : I<2, (outs), (ins), "nop"> { let Inst{15-0} = 0xf000; }
class Pseudo<dag o, dag i, list<dag> p> : I<0, o, i, "", p> { let isPseudo = 1; let isCodeGenOnly = 1; }
let isCall = 1, Defs = [R15] in { def CALL : Pseudo<(outs), (ins i32imm:$to), []>; def CALLR : Pseudo<(outs), (ins GPR:$a), [(PikeCall i32:$a)]>; }
def : Pat<(PikeCall tglobaladdr:$d), (CALL tglobaladdr:$d)>;
let Defs = [R2], Uses = [R2] in { def DOWN : Pseudo<(outs), (ins i32imm:$a, i32imm:$b), [(callseq_start timm:$a, timm:$b)]>;
def UP : Pseudo<(outs), (ins i32imm:$a, i32imm:$b), [(callseq_end timm:$a, timm:$b)]>; }
def PikeInstrInfo : InstrInfo;
def : ProcessorModel<"generic", NoSchedModel, []>;
def Pike : Target { let InstructionSet = PikeInstrInfo; }
