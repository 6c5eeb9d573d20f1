// A 64-bit machine with narrow parts of registers, on which one number is the stack pointer or the zero register, as the operand has it;
// with operands that are shifted registers, numbers in two parts, parts of numbers, and offsets that count in the size of what is loaded.
include "llvm/Target/Target.td"

def lo : SubRegIndex<32> { let Namespace = "Dunlin"; }
class Part<string name, int n> : Register<name> { let Namespace = "Dunlin"; let HWEncoding = n; }
class Whole<string name, int n, Register part> : Register<name> {
  let Namespace = "Dunlin";
  let HWEncoding = n;
  let SubRegs = [part];
  let SubRegIndices = [lo];
}
foreach n = 0-7 in {
  def W # n : Part<"w" # n, n>;
  def R # n : Whole<"r" # n, n, !cast<Register>("W" # n)>;
}
def WSP : Part<"wsp", 15>;
def WZR : Part<"wzr", 15>;
def SP : Whole<"sp", 15, WSP>;
def ZR : Whole<"zr", 15, WZR> { let isConstant = true; }
def FLAGS : Register<"flags"> { let Namespace = "Dunlin"; }
def GR : RegisterClass<"Dunlin", [i64], 64, (add (sequence "R%u", 0, 7), ZR)> { let DecoderMethod = "decodeOne<Dunlin::GRRegClassID, 0, 16>"; }
def GRsp : RegisterClass<"Dunlin", [i64], 64, (add (sequence "R%u", 0, 7), SP)> { let DecoderMethod = "decodeOne<Dunlin::GRspRegClassID,0, 16>"; }
def GRall : RegisterClass<"Dunlin", [i64], 64, (add (sequence "R%u", 0, 7), ZR, SP)>;
def WR : RegisterClass<"Dunlin", [i32], 32, (add (sequence "W%u", 0, 7), WZR)> { let DecoderMethod = "decodeOne<Dunlin::WRRegClassID, 0, 16>"; }
def GRz : RegisterOperand<GR>;

class I<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern> : Instruction {
  let Namespace = "Dunlin";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst;
  bits<4> d;
  bits<4> a;
  let Inst{5-0} = op;
  let Inst{9-6} = d;
  let Inst{13-10} = a;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
}

// A register, shifted or extended.
class ShiftedReg<ValueType t, RegisterClass c> : Operand<t>, ComplexPattern<t, 2, "SelectShifted", []> {
  let PrintMethod = "printShifted";
  let MIOperandInfo = (ops c, i32imm);
}
def shifted64 : ShiftedReg<i64, GR>;
def shifted32 : ShiftedReg<i32, WR>;
def extended64 : Operand<i64>, ComplexPattern<i64, 2, "SelectExtended", []> {
  let PrintMethod = "printExtended";
  let MIOperandInfo = (ops GR, i32imm);
}
class Shifted<bits<6> op, string name, SDPatternOperator node, RegisterClass c, Operand o>
  : I<op, (outs c:$d), (ins c:$a, (o $b, $shift):$b_and_shift), name # " $d, $a, $b_and_shift", [(set c:$d, (node c:$a, o:$b_and_shift))]> {
  bits<4> b;
  bits<6> shift;
  let Inst{17-14} = b;
  let Inst{23-18} = shift;
}
multiclass Shifteds<bits<6> op, bits<6> narrow, string name, SDPatternOperator node> {
  let isPseudo = 1, isCodeGenOnly = 1 in
  def r : I<0, (outs GR:$d), (ins GR:$a, GR:$b), "", [(set i64:$d, (node i64:$a, i64:$b))]>;
  def x : Shifted<op, name, node, GR, shifted64>;
  def w : Shifted<narrow, name # "w", node, WR, shifted32>;
}
defm ADD : Shifteds<1, 2, "add", add>;
defm SUB : Shifteds<3, 4, "sub", sub>;
defm AND : Shifteds<5, 6, "and", and>;
defm OR : Shifteds<7, 8, "or", or>;
defm XOR : Shifteds<9, 10, "xor", xor>;
def ADDE : I<11, (outs GR:$d), (ins GR:$a, (extended64 $b, $kind):$b_and_kind), "adde $d, $a, $b_and_kind",
             [(set i64:$d, (add i64:$a, extended64:$b_and_kind))]> {
  bits<4> b;
  bits<3> kind;
  let Inst{17-14} = b;
  let Inst{20-18} = kind;
}

// A number of 12 bits, and a bit that shifts it.
def parted : Operand<i64>, ComplexPattern<i64, 2, "SelectParted", [imm]> {
  let EncoderMethod = "getParted";
  let DecoderMethod = "decodeParted";
  let PrintMethod = "printParted";
  let MIOperandInfo = (ops i64imm, i64imm);
}
def negative : ComplexPattern<i64, 2, "SelectNegative", [imm]>;
class Numbered<bits<6> op, string name> : I<op, (outs GRsp:$d), (ins GRsp:$a, parted:$n), name # " $d, $a, $n", []> {
  bits<13> n;
  let Inst{26-14} = n;
}
def ADDI : Numbered<12, "addi"> { let Pattern = [(set i64:$d, (add GRsp:$a, parted:$n))]; }
def SUBI : Numbered<13, "subi">;
def : Pat<(add GRsp:$a, negative:$n), (SUBI GRsp:$a, negative:$n)>;

// Sixteen bits of a number.
def Sixteen : AsmOperandClass {
  let Name = "Sixteen";
  let PredicateMethod = "isImmInRange<0,65535>";
  let RenderMethod = "addImmOperands";
}
def amount : Operand<i32> { let PrintMethod = "printAmount"; }
def sixteen : Operand<i64> { let ParserMatchClass = Sixteen; }
class Wide<bits<6> op, string name, dag ins> : I<op, (outs GR:$d), ins, name # " $d, $n$s", []> {
  bits<16> n;
  bits<6> s;
  let Inst{25-10} = n;
  let Inst{31-26} = s;
}
def MVZ : Wide<14, "mvz", (ins sixteen:$n, amount:$s)>;
let Constraints = "$src = $d" in
def MVK : Wide<15, "mvk", (ins GR:$src, sixteen:$n, amount:$s)>;

// Loads and stores: offsets that count bytes, and such that count eight of them as one.
def near : ComplexPattern<i64, 2, "SelectNear", []>;
def scaled : ComplexPattern<i64, 2, "SelectScaled", []>;
def off9 : Operand<i64>, ImmLeaf<i64, [{ return Imm >= -256 && Imm < 256; }]>;
def off12s8 : Operand<i64> { let PrintMethod = "printScaled<8>"; }
class Memory<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern> : I<op, outs, ins, asm # " $d, $a, $n", pattern> {
  bits<12> n;
  let Inst{25-14} = n;
}
let mayLoad = 1 in {
  def LDS : Memory<16, (outs GR:$d), (ins GRsp:$a, off12s8:$n), "lds", [(set GR:$d, (load (scaled GRsp:$a, off12s8:$n)))]>;
  def LDU : Memory<17, (outs GR:$d), (ins GRsp:$a, off9:$n), "ldu", [(set GR:$d, (load (near GRsp:$a, off9:$n)))]>;
  def LDW : Memory<18, (outs WR:$d), (ins GRsp:$a, off9:$n), "ldw", [(set WR:$d, (load (near GRsp:$a, off9:$n)))]>;
}
let mayStore = 1 in {
  def STS : Memory<19, (outs), (ins GR:$d, GRsp:$a, off12s8:$n), "sts", [(store GR:$d, (scaled GRsp:$a, off12s8:$n))]>;
  def STU : Memory<20, (outs), (ins GRz:$d, GRsp:$a, off9:$n), "stu", [(store GRz:$d, (near GRsp:$a, off9:$n))]>;
  def STW : Memory<21, (outs), (ins WR:$d, GRsp:$a, off9:$n), "stw", [(store WR:$d, (near GRsp:$a, off9:$n))]>;
}

def : Pat<(i32 (trunc GRsp:$a)), (i32 (EXTRACT_SUBREG GRsp:$a, lo))>;
def : Pat<(i64 (anyext WR:$a)), (INSERT_SUBREG (i64 (IMPLICIT_DEF)), WR:$a, lo)>;
def : Pat<(i64 (zext WR:$a)), (SUBREG_TO_REG (i64 0), (ORw WZR, WR:$a, 0), lo)>;
def HINT : I<22, (outs), (ins off9:$n), "hint $n", []> {
  bits<3> n;
  let Inst{12-10} = n;
}
def : InstAlias<"nop", (HINT 0b000)>;
def retnode : SDNode<"DunlinISD::RET", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in
def RET : I<23, (outs), (ins), "ret", [(retnode)]>;

// Registers of vectors count bits, those of numbers do not.
foreach n = 0-3 in
  def V # n : Register<"v" # n> { let Namespace = "Dunlin"; let HWEncoding = n; }
def VR : RegisterClass<"Dunlin", [v8i8], 64, (add (sequence "V%u", 0, 3))>;
def CNT : I<24, (outs VR:$d), (ins VR:$a), "cnt $d.8b, $a.8b", [(set v8i8:$d, (ctpop v8i8:$a))]>;

def DunlinInstrInfo : InstrInfo;
def Dunlin : Target { let InstructionSet = DunlinInstrInfo; }
