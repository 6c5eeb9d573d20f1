// A 32-bit machine that compares into flags and branches on the number of a condition; a jump has the number that always holds.
include "llvm/Target/Target.td"

foreach n = 0-13 in
  def R # n : Register<"r" # n> { let Namespace = "Finch"; let HWEncoding = n; }
def SP : Register<"sp"> { let Namespace = "Finch"; let HWEncoding = 14; }
def LR : Register<"lr"> { let Namespace = "Finch"; let HWEncoding = 15; }
def FLAGS : Register<"flags"> { let Namespace = "Finch"; }
def GR : RegisterClass<"Finch", [i32], 32, (add (sequence "R%u", 0, 13), SP, LR)>;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  let Namespace = "Finch";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst;
  let Inst{31-24} = op;
  let hasSideEffects = 0;
}
def place : Operand<OtherVT>;
def CMP : I<1, (outs), (ins GR:$a, GR:$b), "cmp $a, $b"> {
  bits<4> a;
  bits<4> b;
  let Inst{3-0} = a;
  let Inst{7-4} = b;
  let Defs = [FLAGS];
}
class Branch<dag ins, string asm, bit barrier> : I<2, (outs), ins, asm> {
  bits<20> to;
  let Inst{19-0} = to;
  let isBranch = 1;
  let isTerminator = 1;
  let isBarrier = barrier;
}
def JMP : Branch<(ins place:$to), "jmp $to", 1> { let Inst{23-20} = 14; }
def JCC : Branch<(ins place:$to, i32imm:$cond), "j$cond $to", 0> {
  bits<4> cond;
  let Inst{23-20} = cond;
  let Uses = [FLAGS];
}

def FinchInstrInfo : InstrInfo;
def Finch : Target { let InstructionSet = FinchInstrInfo; }
