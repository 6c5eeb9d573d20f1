// A 32-bit machine whose .td selects whole words alone, and those only where they are aligned; parts of a word are loaded and stored by
// instructions without a pattern. Its numbers are as wide as a field, and its nop has an operand.
include "llvm/Target/Target.td"

foreach n = 0-14 in
  def R # n : Register<"r" # n> { let Namespace = "Jay"; let HWEncoding = n; }
def SP : Register<"sp"> { let Namespace = "Jay"; let HWEncoding = 15; }
def GR : RegisterClass<"Jay", [i32], 32, (add (sequence "R%u", 0, 14), SP)>;
def LowGR : RegisterClass<"Jay", [i32], 32, (add (sequence "R%u", 0, 3))>;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  let Namespace = "Jay";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst;
  bits<4> d;
  bits<4> a;
  bits<16> n;
  let Inst{7-0} = op;
  let Inst{11-8} = d;
  let Inst{15-12} = a;
  let Inst{31-16} = n;
}
def uses16 : PatLeaf<(imm), [{ return (uint64_t)N->getZExtValue() == (unsigned short)N->getZExtValue(); }]>;
def fits5 : ImmLeaf<i32, [{ return Imm == (Imm & 0x1f); }]>;
def address : ComplexPattern<iPTR, 2, "selectAddress", [frameindex]>;
def mem : Operand<iPTR> { let MIOperandInfo = (ops ptr_rc, i32imm); }
def doubling : PatFrag<(ops node:$a, node:$n), (shl node:$a, node:$n)>;
def half : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant((uint64_t)N->getZExtValue() >> 1, MVT::i32); }]>;
def HasShift : Predicate<"Subtarget.hasShift()">;
def NoShift : Predicate<"Subtarget.noShift()">;
def brtarget : Operand<OtherVT> { let EncoderMethod = "encodeBranchTarget"; }
def jumptarget : Operand<OtherVT> { let EncoderMethod = "encodeJumpTarget"; }
def calltarget : Operand<iPTR> { let EncoderMethod = "encodeJumpTarget"; }
class Aligned<PatFrag node> : PatFrag<(ops node:$p), (node node:$p), [{ return cast<LoadSDNode>(N)->getAlign() >= 4; }]>;
def wordload : Aligned<load>;

def ADD : I<1, (outs GR:$d), (ins GR:$a, GR:$b), "add $d, $a, $b", [(set i32:$d, (add i32:$a, i32:$b))]> {
  bits<4> b;
  let n{3-0} = b;
  let n{15-4} = 0;
}
def ADDI : I<2, (outs GR:$d), (ins GR:$a, i32imm:$n), "addi $d, $a, $n", [(set i32:$d, (add i32:$a, uses16:$n))]>;
def ADDS : I<3, (outs LowGR:$d), (ins LowGR:$a, i32imm:$n), "adds $d, $a, $n", [(set i32:$d, (add LowGR:$a, uses16:$n))]>;
def SHLI : I<4, (outs GR:$d), (ins GR:$a, i32imm:$n), "shli $d, $a, $n", [(set i32:$d, (doubling i32:$a, fits5:$n))]>;
def LW : I<5, (outs GR:$d), (ins mem:$at), "lw $d, $at", [(set i32:$d, (wordload address:$at))]> {
  bits<20> at;
  let a = at{19-16};
  let n = at{15-0};
}
def LB : I<6, (outs GR:$d), (ins GR:$a, i32imm:$n), "lb $d, $n($a)">;
def LBU : I<7, (outs GR:$d), (ins GR:$a, i32imm:$n), "lbu $d, $n($a)">;
def SB : I<8, (outs), (ins GR:$d, GR:$a, i32imm:$n), "sb $d, $n($a)">;
def SW : I<9, (outs), (ins GR:$d, GR:$a, i32imm:$n), "sw $d, $n($a)">;
def RSET : I<10, (outs GR:$d), (ins i32imm:$n), "rset $d, $n">;
def LI : I<11, (outs GR:$d), (ins i32imm:$n), "li $d, $n">;
def NOP : I<12, (outs), (ins i32imm:$n), "s.nop $n">;
let isBranch = 1, isTerminator = 1 in {
  def BLEZ : I<13, (outs), (ins GR:$a, brtarget:$n), "blez $a, $n", [(brcond (i32 (setlt i32:$a, 1)), bb:$n)]>;
  def BNZ : I<14, (outs), (ins GR:$a, brtarget:$n), "bnz $a, $n", [(brcond i32:$a, bb:$n)]>;
}
let isCall = 1 in
def CALL : I<16, (outs), (ins calltarget:$n), "call $n">;
def XSUB : I<15, (outs GR:$d), (ins GR:$a, i32imm:$n), "xsub $d, $a, $n", [(set i32:$d, (null_frag i32:$a, imm:$n))]>;
def : Pat<(i32 imm:$n), (LI imm:$n)>;

def JayInstrInfo : InstrInfo;
def Jay : Target { let InstructionSet = JayInstrInfo; }
