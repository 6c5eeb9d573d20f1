// An add, and nothing else that a program needs; and no Size.
include "llvm/Target/Target.td"
def B0 : Register<"b0"> { let Namespace = "Bare"; }
def B1 : Register<"b1"> { let Namespace = "Bare"; }
def Bits16 : RegisterClass<"Bare", [i16], 16, (add B0, B1)>;
def SUM : Instruction {
  field bits<16> Inst;
  bits<1> d;
  bits<1> x;
  bits<1> y;
  let Namespace = "Bare";
  let OutOperandList = (outs Bits16:$d);
  let InOperandList = (ins Bits16:$x, Bits16:$y);
  let AsmString = "sum $d, $x, $y";
  let Pattern = [(set Bits16:$d, (add Bits16:$x, Bits16:$y))];
  let Inst{15-3} = 0;
  let Inst{2} = d;
  let Inst{1} = x;
  let Inst{0} = y;
}
def BareInstrInfo : InstrInfo;
def Bare : Target { let InstructionSet = BareInstrInfo; }
