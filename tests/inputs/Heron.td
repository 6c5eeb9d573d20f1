// A 64-bit machine with predicated instructions: words, loads of each width, a product's upper half, an add that a condition guards.
include "llvm/Target/Target.td"

foreach n = 0-7 in
  def R # n : Register<"r" # n> { let Namespace = "Heron"; let HWEncoding = n; }
def SP : Register<"sp"> { let Namespace = "Heron"; let HWEncoding = 8; }
def LR : Register<"lr"> { let Namespace = "Heron"; let HWEncoding = 9; }
def GR : RegisterClass<"Heron", [i64], 64, (add (sequence "R%u", 0, 7), SP, LR)>;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern> : Instruction {
  let Namespace = "Heron";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst;
  bits<4> d;
  bits<4> a;
  bits<4> b;
  let Inst{7-0} = op;
  let Inst{11-8} = d;
  let Inst{15-12} = a;
  let Inst{19-16} = b;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
}
def pred : PredicateOperand<OtherVT, (ops i64imm), (ops (i64 0))>;

class Binary<bits<8> op, string name, SDPatternOperator node>
  : I<op, (outs GR:$d), (ins GR:$a, GR:$b), name # " $d, $a, $b", [(set i64:$d, (node i64:$a, i64:$b))]>;
def ADD : Binary<1, "add", add>;
def SUB : Binary<2, "sub", sub>;
def MUL : Binary<3, "mul", mul>;
def MULHU : Binary<4, "mulhu", mulhu>;
def SHL : Binary<5, "shl", shl>;
def SRA : Binary<6, "sra", sra>;
def UDIV : Binary<7, "udiv", udiv>;
def EOR : I<8, (outs GR:$d), (ins GR:$a, GR:$b, pred:$p), "eor $d, $a, $b", [(set i64:$d, (xor i64:$a, i64:$b))]> {
  bits<4> p;
  let Inst{23-20} = p;
}
let mayLoad = 1 in {
  def LDW : I<9, (outs GR:$d), (ins GR:$a), "ldw $d, $a", [(set i64:$d, (sextloadi32 i64:$a))]>;
  def LDX : I<10, (outs GR:$d), (ins GR:$a), "ldx $d, $a", [(set i64:$d, (load i64:$a))]>;
}
let mayStore = 1 in
def STX : I<11, (outs), (ins GR:$b, GR:$a), "stx $b, $a", [(store i64:$b, i64:$a)]>;
def retnode : SDNode<"HeronISD::RET", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
let isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [LR] in
def RET : I<12, (outs), (ins), "ret", [(retnode)]>;

def HeronInstrInfo : InstrInfo;
def Heron : Target { let InstructionSet = HeronInstrInfo; }
