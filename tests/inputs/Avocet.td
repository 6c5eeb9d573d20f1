// An instruction set as descriptions from before LLVM 3 put it: encodings whose fields stand for operands by their position, among them
// one that only holds a place; a branch that C++ chooses by an opcode; calls that list what they change, one of them through a register
// that its assembly names; upper parts that are added to a register; a return that takes no registers; C++ that LLVM no longer compiles.

include "llvm/Target/Target.td"

let Namespace = "Avocet" in {
  foreach n = 0-15 in
    def R#n : Register<"r"#n>, DwarfRegNum<[n]> { let HWEncoding = n; }
}
// r12 has the address of a callee, r13 the return address, r14 the stack pointer, r15 is always 0.
def GPR : RegisterClass<"Avocet", [i32], 32, (add (sequence "R%u", 0, 15))>;

def target : Operand<OtherVT>;
def simm16 : Operand<i32>, ImmLeaf<i32, [{ return isInt<16>(Imm); }]>;

def SDT_Start : SDCallSeqStart<[SDTCisVT<0, i32>]>;
def SDT_End : SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>;
def callseq_start : SDNode<"ISD::CALLSEQ_START", SDT_Start, [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDT_End, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;
def retflag : SDNode<"AvocetISD::RET_FLAG", SDTNone, [SDNPHasChain, SDNPOptInGlue]>;
def AvocetHi : SDNode<"AvocetISD::GPRelHi", SDTIntBinOp>;

class Avocet<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  field bits<32> Inst;
  let Namespace = "Avocet";
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  let Inst{31-24} = op;
}

class Memory<bits<8> op, dag outs, dag ins, string mnemonic, list<dag> pattern = []>
    : Avocet<op, outs, ins, mnemonic # " $RA, $DISP($RB)", pattern> {
  bits<4> Ra;
  bits<16> disp;
  bits<4> Rb;
  let Inst{23-20} = Ra;
  let Inst{19-16} = Rb;
  let Inst{15-0} = disp;
}

class Load<bits<8> op, string mnemonic, list<dag> pattern = []>
    : Memory<op, (outs GPR:$RA), (ins simm16:$DISP, GPR:$RB), mnemonic, pattern>;
class Store<bits<8> op, string mnemonic, list<dag> pattern = []>
    : Memory<op, (outs), (ins GPR:$RA, simm16:$DISP, GPR:$RB), mnemonic, pattern>;

class Operate<bits<8> op, string mnemonic, SDPatternOperator node>
    : Avocet<op, (outs GPR:$RC), (ins GPR:$RA, GPR:$RB), mnemonic # " $RC, $RA, $RB",
            [(set GPR:$RC, (node GPR:$RA, GPR:$RB))]> {
  bits<4> Rc;
  bits<4> Ra;
  bits<4> Rb;
  let Inst{23-20} = Rc;
  let Inst{19-16} = Ra;
  let Inst{15-12} = Rb;
  let Inst{11-0} = 0;
}

// The place of an operand that is not encoded.
class Branch<bits<8> op, string asm> : Avocet<op, (outs), (ins i32imm:$opc, GPR:$R, target:$dst), asm> {
  bits<32> Opc;
  bits<4> Ra;
  bits<20> disp;
  let Inst{23-20} = Ra;
  let Inst{19-0} = disp;
  let isBranch = 1;
  let isTerminator = 1;
}

class Jump<bits<8> op, dag ins, string asm, list<dag> pattern = []> : Avocet<op, (outs), ins, asm, pattern> {
  bits<4> Ra = 0;
  bits<20> disp;
  let Inst{23-20} = Ra;
  let Inst{19-0} = disp;
}

let Defs = [R14], Uses = [R14], isPseudo = 1 in {
  def ADJDOWN : Avocet<0, (outs), (ins i32imm:$amt), "", [(callseq_start timm:$amt)]>;
  def ADJUP : Avocet<0, (outs), (ins i32imm:$amt, i32imm:$amt2), "", [(callseq_end timm:$amt, timm:$amt2)]>;
}

def LDA : Load<0x01, "lda", [(set GPR:$RA, (add GPR:$RB, simm16:$DISP))]>;
def LDAH : Load<0x02, "ldah">;
let isCodeGenOnly = 1 in
  def LDAHr : Load<0x02, "ldah", [(set GPR:$RA, (AvocetHi tglobaladdr:$DISP, GPR:$RB))]>;

let mayLoad = 1 in {
  def LDW : Load<0x03, "ldw", [(set GPR:$RA, (load (add GPR:$RB, simm16:$DISP)))]>;
  def LDHU : Load<0x04, "ldhu", [(set GPR:$RA, (zextloadi16 (add GPR:$RB, simm16:$DISP)))]>;
  def LDBU : Load<0x05, "ldbu", [(set GPR:$RA, (zextloadi8 (add GPR:$RB, simm16:$DISP)))]>;
}
let mayStore = 1 in {
  def STW : Store<0x06, "stw", [(store GPR:$RA, (add GPR:$RB, simm16:$DISP))]>;
  def STH : Store<0x07, "sth", [(truncstorei16 GPR:$RA, (add GPR:$RB, simm16:$DISP))]>;
  def STB : Store<0x08, "stb", [(truncstorei8 GPR:$RA, (add GPR:$RB, simm16:$DISP))]>;
}
def : Pat<(i32 (load GPR:$a)), (LDW 0, GPR:$a)>;
def : Pat<(i32 (zextloadi16 GPR:$a)), (LDHU 0, GPR:$a)>;
def : Pat<(i32 (zextloadi8 GPR:$a)), (LDBU 0, GPR:$a)>;
def : Pat<(i32 (extloadi16 GPR:$a)), (LDHU 0, GPR:$a)>;
def : Pat<(i32 (extloadi8 GPR:$a)), (LDBU 0, GPR:$a)>;
def : Pat<(store GPR:$v, GPR:$a), (STW GPR:$v, 0, GPR:$a)>;
def : Pat<(truncstorei16 GPR:$v, GPR:$a), (STH GPR:$v, 0, GPR:$a)>;
def : Pat<(truncstorei8 GPR:$v, GPR:$a), (STB GPR:$v, 0, GPR:$a)>;

def ADD : Operate<0x10, "add", add>;
def SUB : Operate<0x11, "sub", sub>;
def AND : Operate<0x12, "and", and>;
def BIS : Operate<0x13, "bis", or>;
def XOR : Operate<0x14, "xor", xor>;
def SLL : Operate<0x15, "sll", shl>;
def SRL : Operate<0x16, "srl", srl>;
def SRA : Operate<0x17, "sra", sra>;
def CMPEQ : Operate<0x18, "cmpeq", seteq>;
def CMPLT : Operate<0x19, "cmplt", setlt>;
def CMPLE : Operate<0x1a, "cmple", setle>;
def CMPULT : Operate<0x1b, "cmpult", setult>;
def CMPULE : Operate<0x1c, "cmpule", setule>;
def : Pat<(setgt GPR:$a, GPR:$b), (CMPLT GPR:$b, GPR:$a)>;
def : Pat<(setge GPR:$a, GPR:$b), (CMPLE GPR:$b, GPR:$a)>;
def : Pat<(setugt GPR:$a, GPR:$b), (CMPULT GPR:$b, GPR:$a)>;
def : Pat<(setuge GPR:$a, GPR:$b), (CMPULE GPR:$b, GPR:$a)>;
def : Pat<(setne GPR:$a, GPR:$b), (CMPEQ (CMPEQ GPR:$a, GPR:$b), R15)>;

// r15 always holds 0, or this is wrong.
def : Pat<(i32 simm16:$i), (LDA simm16:$i, R15)>;
// Only C++ of the target's own knows these parts of a number.
def High : SDNodeXForm<imm, [{ return getI32Imm(highPart(N->getZExtValue())); }]>;
def Low : SDNodeXForm<imm, [{ return getI32Imm(lowPart(N->getZExtValue())); }]>;
def wide : PatLeaf<(imm), [{ return N->getZExtValue() > 0xffff; }]>;
def : Pat<(i32 wide:$i), (LDA (Low wide:$i), (LDAH (High wide:$i), R15))>;
// LLVM's nodes of memory have no such method.
def ordered_load : PatFrag<(ops node:$a), (load node:$a), [{ return cast<LoadSDNode>(N)->getOrdering() <= 2; }]>;
def : Pat<(i32 (ordered_load (add GPR:$a, 8))), (LDW 8, GPR:$a)>;

let isBarrier = 1, isBranch = 1, isTerminator = 1 in
  def BR : Jump<0x20, (ins target:$DISP), "br $DISP", [(br bb:$DISP)]>;
def COND : Branch<0, "# branch $opc, $R, $dst">;
def BEQ : Branch<0x21, "beq $R, $dst">;
def BNE : Branch<0x22, "bne $R, $dst">;
def opcode : SDNodeXForm<imm, [{
  return getI32Imm(N->getZExtValue() ? Avocet::BNE : Avocet::BEQ);
}]>;
def : Pat<(brcond (seteq GPR:$a, 0), bb:$t), (COND (opcode 0), GPR:$a, bb:$t)>;
def : Pat<(brcond GPR:$a, bb:$t), (COND (opcode 1), GPR:$a, bb:$t)>;

let isCall = 1, Defs = [R0, R1, R2, R3, R4, R5, R6, R7, R12, R13] in {
  def BSR : Jump<0x23, (ins target:$DISP), "bsr $DISP">;
  let Uses = [R12], disp = 0 in
    def JSR : Jump<0x24, (ins), "jsr r13, (r12)">;
}
let isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [R13], disp = 0 in
  def RET : Jump<0x25, (ins), "ret r13", [(retflag)]>;
let isBranch = 1, isTerminator = 1, isBarrier = 1, isIndirectBranch = 1 in
  def JMP : Avocet<0x26, (outs), (ins GPR:$RS), "jmp ($RS)", [(brind GPR:$RS)]> {
    bits<4> Ra;
    let Inst{23-20} = Ra;
    let Inst{19-0} = 0;
  }

def CC_Avocet : CallingConv<[
  CCIfType<[i8, i16], CCPromoteToType<i32>>,
  CCIfType<[i32], CCAssignToReg<[R1, R2, R3, R4]>>,
  CCIfType<[i32], CCAssignToStack<4, 4>>
]>;
def RetCC_Avocet : CallingConv<[
  CCIfType<[i8, i16], CCPromoteToType<i32>>,
  CCIfType<[i32], CCAssignToReg<[R0, R1]>>
]>;

def : ProcessorModel<"generic", NoSchedModel, []>;
def AvocetInstrInfo : InstrInfo;
def Avocet : Target { let InstructionSet = AvocetInstrInfo; }
