// Comet: a word-addressed machine of 16-bit words, made up: one pattern, no calling convention, no encodings.
include "llvm/Target/Target.td"
class R<string n, int e> : Register<n> { let Namespace = "Comet"; let HWEncoding = e; }
def GR0 : R<"gr0", 0>; def GR1 : R<"gr1", 1>; def GR2 : R<"gr2", 2>; def SP : R<"sp", 8>;
def GR : RegisterClass<"Comet", [i16], 16, (add GR1, GR2, GR0, SP)>;
class I<dag o, dag i, string a, list<dag> p = []> : Instruction {
  let Namespace = "Comet"; let OutOperandList = o; let InOperandList = i; let AsmString = a; let Pattern = p; let Size = 2; field bits<16> Inst;
}
def ADDA : I<(outs GR:$d), (ins GR:$a, GR:$b), "adda $d, $b", [(set GR:$d, (add GR:$a, GR:$b))]> { let Constraints = "$d = $a"; }
let mayLoad = 1, hasSideEffects = 0 in
def LD : I<(outs GR:$d), (ins GR:$b, i16imm:$o), "ld $d, $o, $b">;
let mayStore = 1, hasSideEffects = 0 in
def ST : I<(outs), (ins GR:$d, GR:$b, i16imm:$o), "st $d, $o, $b">;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in
def RET : I<(outs), (ins), "ret">;
def CometInstrInfo : InstrInfo;
def : ProcessorModel<"generic", NoSchedModel, []>;
def Comet : Target { let InstructionSet = CometInstrInfo; }
