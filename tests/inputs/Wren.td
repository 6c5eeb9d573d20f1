// A 16-bit machine that has what a simulator may get wrong: a byte view of each register that clears the rest, pairs, flags that carry,
// a delay slot, a predicate, two results, memory operands, an upper immediate, a return address on the stack.
include "llvm/Target/Target.td"

def sub_low : SubRegIndex<8>;
def sub_first : SubRegIndex<16>;
def sub_second : SubRegIndex<16, 16>;

class Reg8<int n> : Register<"r" # n # "b"> {
  let Namespace = "Wren";
}
class Reg16<int n, list<Register> low> : RegisterWithSubRegs<"r" # n, low> {
  let Namespace = "Wren";
  let HWEncoding = n;
  let SubRegIndices = [sub_low];
}
foreach n = 1-7 in {
  def R # n # B : Reg8<n>;
  def R # n : Reg16<n, [!cast<Register>("R" # n # "B")]>;
}
let Namespace = "Wren" in {
  def SP : Register<"sp"> { let HWEncoding = 0; }
  def SR : Register<"sr">;
  let SubRegIndices = [sub_first, sub_second] in
  def R2R3 : RegisterWithSubRegs<"r2:r3", [R2, R3]>;
}

def GR8 : RegisterClass<"Wren", [i8], 8, (sequence "R%uB", 1, 7)>;
def GR16 : RegisterClass<"Wren", [i16], 16, (add (sequence "R%u", 1, 7), SP)>;
def Pair : RegisterClass<"Wren", [i32], 16, (add R2R3)>;
def CCR : RegisterClass<"Wren", [i16], 16, (add SR)> { let isAllocatable = 0; }

class I<dag outs, dag ins, string asm, list<dag> pattern, bits<8> op = 0> : Instruction {
  let Namespace = "Wren";
  let Size = 2;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<16> Inst;
  let Inst{7-0} = op;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
}

def pred : PredicateOperand<OtherVT, (ops i16imm), (ops (i16 0))>;
def jump : Operand<OtherVT> { let OperandType = "OPERAND_PCREL"; let DecoderMethod = "decodeJump"; }
def mem : Operand<i16> { let MIOperandInfo = (ops GR16:$base, i16imm:$offset); let DecoderMethod = "decodeMem"; }
def addr : ComplexPattern<i16, 2, "SelectAddr", []>;
def hi8 : Operand<i16>, ImmLeaf<i16, [{ return (Imm & 0xff) == 0xff; }]> { let DecoderMethod = "decodeHi"; }
def NEG : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(-N->getSExtValue(), SDLoc(N), MVT::i16); }]>;
def shift : Operand<i16>, ImmLeaf<i16, [{ return Imm >= -15 && Imm <= 15; }]> { let DecoderMethod = "decodeShift"; }
def bit_clear : PatFrag<(ops node:$a, node:$b), (and node:$a, (not node:$b))>;
def loadbyte : PatFrag<(ops node:$p), (i16 (zextloadi8 node:$p))>;
def WrenCall : SDNode<"WrenISD::CALL", SDTypeProfile<0, 1, [SDTCisVT<0, i16>]>, [SDNPHasChain]>;
def WrenRet : SDNode<"WrenISD::RET", SDTNone, [SDNPHasChain]>;
def WrenOdd : SDNode<"WrenISD::ODD", SDTIntUnaryOp>;
def SDTDivide : SDTypeProfile<2, 2, [SDTCisSameAs<0, 1>, SDTCisSameAs<0, 2>, SDTCisSameAs<0, 3>, SDTCisInt<0>]>;
def both : SDNode<"ISD::SDIVREM", SDTDivide>;
def long_product : SDNode<"ISD::UMUL_LOHI", SDTDivide>;

class RR<bits<8> op, string name, list<dag> pattern>
    : I<(outs GR16:$d), (ins GR16:$a, GR16:$b), name # " $d, $a, $b", pattern, op>;

let Defs = [SR] in {
  def ADD : RR<1, "add", [(set GR16:$d, (add GR16:$a, GR16:$b)), (implicit SR)]>;
  def SUB : RR<2, "sub", [(set GR16:$d, (sub GR16:$a, GR16:$b)), (implicit SR)]>;
  let Uses = [SR] in {
    def ADC : RR<3, "adc", [(set GR16:$d, (adde GR16:$a, GR16:$b)), (implicit SR)]>;
    def SBC : RR<4, "sbc", [(set GR16:$d, (sube GR16:$a, GR16:$b)), (implicit SR)]>;
  }
  def XOR : RR<5, "xor", [(set GR16:$d, (xor GR16:$a, GR16:$b)), (implicit SR)]>;
}
def : Pat<(addc GR16:$a, GR16:$b), (ADD GR16:$a, GR16:$b)>;
def : Pat<(subc GR16:$a, GR16:$b), (SUB GR16:$a, GR16:$b)>;

def BIC : RR<6, "bic", [(set GR16:$d, (bit_clear GR16:$a, GR16:$b))]>;
def MIN : I<(outs GR16:$d), (ins GR16:$a, GR16:$b, pred:$p), "min$p $d, $a, $b", [(set GR16:$d, (smin GR16:$a, GR16:$b))], 7>;
def DIVREM : I<(outs GR16:$q, GR16:$r), (ins GR16:$a, GR16:$b), "divrem", [(set GR16:$q, GR16:$r, (both GR16:$a, GR16:$b))], 8>;
def UMULL : I<(outs GR16:$l, GR16:$h), (ins GR16:$a, GR16:$b), "umull", [(set GR16:$l, GR16:$h, (long_product GR16:$a, GR16:$b))], 9>;
def ADDP : I<(outs Pair:$d), (ins Pair:$a, Pair:$b), "addp", [(set Pair:$d, (add Pair:$a, Pair:$b))], 10>;
def ADDB : I<(outs GR8:$d), (ins GR8:$a, GR8:$b), "addb", [(set GR8:$d, (add GR8:$a, GR8:$b))], 11>;
def SLT : RR<12, "slt", [(set GR16:$d, (setlt GR16:$a, GR16:$b))]>;
def SEL : I<(outs GR16:$d), (ins GR16:$c, GR16:$a, GR16:$b), "sel", [(set GR16:$d, (select (setne GR16:$c, 0), GR16:$a, GR16:$b))], 13>;
def SXT : I<(outs GR16:$d), (ins GR16:$a), "sxt", [(set GR16:$d, (sext_inreg GR16:$a, i8))], 14>;
def SWAP : I<(outs GR16:$d), (ins GR16:$a), "swap", [(set GR16:$d, (bswap GR16:$a))], 15>;
def LD : I<(outs GR16:$d), (ins mem:$m), "ld", [(set GR16:$d, (load addr:$m))], 16>;
def LDB : I<(outs GR16:$d), (ins mem:$m), "ldb", [(set GR16:$d, (loadbyte addr:$m))], 17>;
def LDSB : I<(outs GR16:$d), (ins mem:$m), "ldsb", [], 18>;
def : Pat<(i16 (extloadi8 addr:$m)), (LDSB addr:$m)>;
def : Pat<(i16 (sextloadi8 addr:$m)), (LDSB addr:$m)>;
def ST : I<(outs), (ins GR16:$v, mem:$m), "st", [(store GR16:$v, addr:$m)], 19>;
def STB : I<(outs), (ins GR16:$v, mem:$m), "stb", [(truncstorei8 GR16:$v, addr:$m)], 20>;
def ADDM : I<(outs), (ins GR16:$v, mem:$m), "addm", [(store (add (load addr:$m), GR16:$v), addr:$m)], 21>;
def ORHI : I<(outs GR16:$d), (ins GR16:$a, hi8:$i), "orhi", [(set GR16:$d, (or GR16:$a, hi8:$i))], 22>;
def SHIFT : I<(outs GR16:$d), (ins GR16:$a, shift:$i), "shift", [(set GR16:$d, (shl GR16:$a, shift:$i))], 23>;
def : Pat<(srl GR16:$a, shift:$i), (SHIFT GR16:$a, (NEG $i))>;
def LI : I<(outs GR16:$d), (ins i16imm:$i), "li", [(set GR16:$d, imm:$i)], 24>;
def ODD : I<(outs GR16:$d), (ins GR16:$a), "odd", [(set GR16:$d, (WrenOdd GR16:$a))], 25>;
def MYSTERY : I<(outs), (ins), "mystery", [], 26>;
def JMP : I<(outs), (ins jump:$t), "jmp", [(br bb:$t)], 27> { let isBranch = 1; let isBarrier = 1; let isTerminator = 1; }
let hasDelaySlot = 1 in {
  def JNZ : I<(outs), (ins GR16:$a, jump:$t), "jnz", [(brcond (setne GR16:$a, 0), bb:$t)], 28> { let isBranch = 1; let isTerminator = 1; }
  def CALL : I<(outs), (ins GR16:$a), "call", [(WrenCall GR16:$a)], 29> { let isCall = 1; let Uses = [SP]; }
}
def RET : I<(outs), (ins), "ret", [(WrenRet)], 30> { let isReturn = 1; let isBarrier = 1; let isTerminator = 1; }
def TRAP : I<(outs), (ins), "trap", [(trap)], 31>;
def CLEAR : I<(outs), (ins), "clear", [(set SR, 0)], 32> { let Defs = [SR]; }
def INC : I<(outs GR16:$d), (ins GR16:$a), "inc", [], 33>;
def : Pat<(add GR16:$a, 1), (INC GR16:$a)>;
def defined : PatLeaf<(i8 GR8:$a), [{ return N->getOpcode() != ISD::TRUNCATE; }]>;
def : Pat<(i16 (zext defined:$a)), (SUBREG_TO_REG (i16 0), GR8:$a, sub_low)>;

def CC_Wren : CallingConv<[CCIfType<[i16], CCAssignToReg<[R1, R2]>>]>;
def RetCC_Wren : CallingConv<[CCIfType<[i16], CCAssignToReg<[R1, R2]>>]>;

def WrenInstrInfo : InstrInfo { let guessInstructionProperties = 0; }
def Wren : Target { let InstructionSet = WrenInstrInfo; }
