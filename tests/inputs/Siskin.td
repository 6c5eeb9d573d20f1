// A machine of two widths that has no pattern but one: what its instructions do, their mnemonics and operands say.
include "llvm/Target/Target.td"

def Wide : HwMode<"+wide", []>;

class R<int n, string name> : Register<name> {
  let Namespace = "Siskin";
  let HWEncoding = n;
}
def ZERO : R<0, "zero">;
def RA : R<1, "ra">;
def SP : R<2, "sp">;
foreach n = 3-15 in
  def R # n : R<n, "r" # n>;

def Word : ValueTypeByHwMode<[DefaultMode, Wide], [i32, i64]>;
def GR : RegisterClass<"Siskin", [Word], 32, (add (sequence "R%u", 3, 15), RA, SP, ZERO)> {
  let RegInfos = RegInfoByHwMode<[DefaultMode, Wide], [RegInfo<32, 32, 32>, RegInfo<64, 64, 64>]>;
}
def FLAGS : R<16, "flags">;

def imm8 : Operand<Word>;
def simm8 : Operand<Word>, ImmLeaf<Word, [{ return isInt<8>(Imm); }]>;
def uimm5 : Operand<Word>;
def label : Operand<OtherVT> { let OperandType = "OPERAND_PCREL"; }
def mem : Operand<Word> { let MIOperandInfo = (ops GR:$base, simm8:$offset); }

class I<bits<8> op, dag outs, dag ins, string asm> : Instruction {
  let Namespace = "Siskin";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  field bits<32> Inst;
  bits<4> d;
  bits<4> a;
  bits<12> b;
  let Inst{7-0} = op;
  let Inst{31-28} = d;
  let Inst{27-24} = a;
  let Inst{23-12} = b;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
}
class RR<bits<8> op, string name> : I<op, (outs GR:$d), (ins GR:$a, GR:$b), name # " $d, $a, $b">;
class RI<bits<8> op, string name, Operand type> : I<op, (outs GR:$d), (ins GR:$a, type:$b), name # " $d, $a, $b">;

def ADD : RR<1, "add">;
def ADDU : RR<2, "addu">;
def ADDI : RI<3, "addi", simm8>;
def AND : RR<4, "and">;
def ANDI : RI<5, "andi", imm8>;
def XOR : RR<6, "xor">;
def OR : RR<7, "or">;
def IOR : RR<8, "ior">;
def SLLI : RI<9, "slli", uimm5>;
def SLTU : RR<10, "sltu">;
def SLT : RR<14, "slt">;
def NOT : I<11, (outs GR:$d), (ins GR:$a), "not $d, $a">;
let Uses = [FLAGS] in
def ADDC : RR<12, "add">;
let Constraints = "$b = $d" in
def SUB : I<13, (outs GR:$d), (ins GR:$a, GR:$b), "sub $a, $b">;
def : Pat<(or GR:$a, GR:$b), (IOR GR:$a, GR:$b)>;

let mayLoad = 1 in {
  def LB : I<20, (outs GR:$d), (ins mem:$b), "lb $d, $b">;
  def LW : I<21, (outs GR:$d), (ins mem:$b), "lw $d, $b">;
}
let mayStore = 1 in
def SW : I<22, (outs), (ins GR:$d, GR:$a, simm8:$b), "sw $d, ${b}($a)">;

let isCall = 1 in {
  def JAL : I<30, (outs GR:$d), (ins label:$b), "jal $d, $b">;
  def JALR : I<31, (outs GR:$d), (ins GR:$a, simm8:$b), "jalr $d, ${b}($a)">;
}
let isBranch = 1, isTerminator = 1 in {
  def BEQ : I<32, (outs), (ins GR:$d, GR:$a, label:$b), "beq $d, $a, $b">;
  def BNE : I<33, (outs), (ins GR:$d, GR:$a, label:$b), "bne $d, $a, $b">;
}

def SiskinInstrInfo : InstrInfo { let guessInstructionProperties = 0; }
def Siskin : Target { let InstructionSet = SiskinInstrInfo; }
def : Processor<"generic", NoItineraries, []>;
