// A machine whose fields hold something else than the numbers in its assembly: less one, or without the low bits, by one pair of methods
// for all of them. Calls have an integer operand that is encoded as the target of a jump is.
include "llvm/Target/Target.td"

class R<int n, string letter = "r"> : Register<letter # n> { let Namespace = "Ibis"; let HWEncoding = n; }
foreach n = 0-15 in def R # n : R<n>;
def GR : RegisterClass<"Ibis", [i32], 32, (sequence "R%u", 0, 15)> { let DecoderMethod = "decodeRegister<Ibis::GRRegClassID>"; }
foreach n = 0-1 in def F # n : R<n, "f">;
def FR : RegisterClass<"Ibis", [f32], 32, (add F0, F1)> { let DecoderMethod = "decodeRegister<Ibis::FRRegClassID>"; }

class Asm<string name> : AsmOperandClass { let Name = name; let RenderMethod = "addImmOperands"; }
class Signed<int size, int below = 0> : Operand<i32>, ImmLeaf<i32, "return isShiftedInt<" # size # ", " # below # ">(Imm);"> {
  let ParserMatchClass = Asm<"Signed" # size # "Below" # below>;
  let EncoderMethod = "encodeAsr<" # below # ">";
  let DecoderMethod = "decodeSigned<" # size # ", " # below # ">";
}
def plain : Signed<8>;
def fours : Signed<8, 2>;
def eights : Signed<8, 3>;
def next : Operand<i32>, ImmLeaf<i32, "return isUInt<2>(Imm - 1);"> {
  let ParserMatchClass = Asm<"Next">;
  let EncoderMethod = "encodeLessOne";
  let DecoderMethod = "decodeUnsigned<2, 1>";
}
def five : Operand<i32>, ImmLeaf<i32, "return isUInt<5>(Imm);"> {
  let ParserMatchClass = Asm<"Five">;
  let DecoderMethod = "decodeUnsigned<5>";
}
def place : Operand<OtherVT> {
  let ParserMatchClass = Asm<"Place">;
  let EncoderMethod = "encodeAsr<2>";
  let DecoderMethod = "decodeSigned<16, 2>";
}
def callee : Operand<i32> {
  let ParserMatchClass = Asm<"Callee">;
  let EncoderMethod = "encodeAsr<2>";
  let DecoderMethod = "decodeSigned<16, 2>";
}
def shifted : Operand<i32>, ComplexPattern<i32, 2, "selectShifted"> { let MIOperandInfo = (ops GR, i32imm); }
def mask : SDNodeXForm<imm, "return CurDAG->getTargetConstant(Ibis::MaskOfNaN | Ibis::MaskOfZero, SDLoc(N), Subtarget->getILenVT());">;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  let Namespace = "Ibis";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst = 0;
  bits<4> d;
  bits<4> a;
  let Inst{31-24} = op;
}
class Load<bits<8> op, string name, Operand type, list<dag> pattern = []>
    : I<op, (outs GR:$d), (ins GR:$a, type:$n), name # " $d, $a, $n", pattern> {
  bits<8> n;
  let Inst{15-8} = n;
  let Inst{7-4} = d;
  let Inst{3-0} = a;
}
def ADDI : Load<1, "addi", plain, [(set GR:$d, (add GR:$a, plain:$n))]>;
let mayLoad = 1 in {
  def LW : Load<2, "lw", fours, [(set GR:$d, (load (add GR:$a, fours:$n)))]>;
  def LD : Load<3, "ld", eights>;
}
def SHADD : I<4, (outs GR:$d), (ins GR:$a, GR:$b, next:$n), "shadd $d, $a, $b, $n"> {
  bits<4> b;
  bits<2> n;
  let Inst{13-12} = n;
  let Inst{11-8} = b;
  let Inst{7-4} = d;
  let Inst{3-0} = a;
}
def ROT : I<5, (outs GR:$d), (ins GR:$a, five:$n), "rot $d, $a, $n", [(set GR:$d, (rotr GR:$a, five:$n))]> {
  bits<5> n;
  let Inst{12-8} = n;
  let Inst{7-4} = d;
  let Inst{3-0} = a;
}
class Jump<bits<8> op, string name, Operand type> : I<op, (outs), (ins type:$to), name # " $to"> {
  bits<16> to;
  let Inst{15-0} = to;
}
let isBranch = 1, isTerminator = 1, isBarrier = 1 in def J : Jump<6, "j", place>;
let isCall = 1, Defs = [R15] in def JAL : Jump<7, "jal", callee>;

class Shifted<bits<8> op, string name> : I<op, (outs GR:$d), (ins GR:$a, shifted:$b), name # " $d, $a, $b"> {
  bits<7> b;
  let Inst{14-8} = b;
  let Inst{7-4} = d;
  let Inst{3-0} = a;
}
class Two<SDPatternOperator op> : Instruction {
  let Namespace = "Ibis";
  let OutOperandList = (outs GR:$to);
  let InOperandList = (ins GR:$x, GR:$y);
  let Pattern = [(set GR:$to, (op GR:$x, GR:$y))];
  let isPseudo = 1;
}
def or_not : PatFrag<(ops node:$a, node:$b), (or node:$a, (not node:$b))>;
def ADDS : Shifted<8, "add"> { let Pattern = [(set GR:$d, (add GR:$a, shifted:$b))]; }
def SUBS : Shifted<9, "sub"> { let Pattern = [(set GR:$d, (sub GR:$a, shifted:$b))]; }
def ORNS : Shifted<10, "orn"> { let Pattern = [(set GR:$d, (or_not GR:$a, shifted:$b))]; }
def ORS : Shifted<11, "or"> { let Pattern = [(set GR:$d, (or GR:$a, shifted:$b))]; let Defs = [R15]; }
def MUL : I<12, (outs GR:$d), (ins GR:$a, GR:$b), "mul $d, $a, $b", [(set GR:$d, (mul GR:$a, GR:$b))]>;
foreach i = ["ADDS", "ORNS", "ORS"] in
def : InstAlias<!tolower(i) # " $d, $a, $b", (!cast<Instruction>(i) GR:$d, GR:$a, GR:$b, 64)>;
def ADD : Two<add>;
def SUB : Two<sub>; // no alias says how SUBS does not shift
def ORN : Two<or_not>;
def OR : Two<or>; // ORS clobbers a register
def MULTIPLY : Two<mul>;

def MOVE : I<14, (outs FR:$d), (ins GR:$a), "move $d, $a"> {
  let Inst{7-4} = d;
  let Inst{3-0} = a;
}
def IsPlain : TIIPredicate<"isPlain", MCReturnStatement<CheckOpcode<[ADDI]>>>;
def CC : CallingConv<[CCIfType<[i32], CCAssignToReg<[R1, R2]>>]>;
def RetCC : CallingConv<[CCIfType<[i32], CCAssignToReg<[R1]>>]>;
def ibis_ret : SDNode<"IbisISD::RET", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in def RET : I<13, (outs), (ins), "ret", [(ibis_ret)]>;

def IbisInstrInfo : InstrInfo;
def Ibis : Target { let InstructionSet = IbisInstrInfo; }
