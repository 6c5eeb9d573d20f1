// A machine in whose assembly instructions are equations, with an instruction that holds the upper bits of the immediate behind it, truth
// values in registers of their own, and conditions that call the subtarget by another name.
include "llvm/Target/Target.td"

def Level1 : SubtargetFeature<"l1", "Whole", "Whimbrel::Level::One", "the first level">;
def Level2 : SubtargetFeature<"l2", "Whole", "Whimbrel::Level::Two", "the second level", [Level1]>;
def Wide2 : SubtargetFeature<"w2", "Wide", "Whimbrel::Level::Two", "wide registers">;
def HasTwo : Predicate<"WST->hasTwo()">, AssemblerPredicate<(all_of Level2)>;
def : ProcessorModel<"generic", NoSchedModel, [Level1]>;

class R<int n> : Register<"r" # n> { let Namespace = "Whimbrel"; let HWEncoding = n; }
foreach n = 0-15 in def R # n : R<n>;
let Namespace = "Whimbrel" in {
  def lower : SubRegIndex<32>;
  def upper : SubRegIndex<32, 32>;
}
foreach n = 0-7 in
def D # n : RegisterWithSubRegs<"r" # !add(n, n, 1) # ":" # !add(n, n), [!cast<R>("R" # !add(n, n)), !cast<R>("R" # !add(n, n, 1))]> {
  let Namespace = "Whimbrel";
  let HWEncoding = !add(n, n);
  let SubRegIndices = [lower, upper];
  let CoveredBySubRegs = 1;
}
class P<int n> : Register<"p" # n> { let Namespace = "Whimbrel"; let HWEncoding = n; }
foreach n = 0-3 in def P # n : P<n>;
def GR : RegisterClass<"Whimbrel", [i32, f32], 32, (sequence "R%u", 0, 15)>;
def DR : RegisterClass<"Whimbrel", [i64], 64, (sequence "D%u", 0, 7)>;
def PR : RegisterClass<"Whimbrel", [i1], 32, (sequence "P%u", 0, 3)> { let Size = 32; }
def I32 : PatLeaf<(i32 GR:$r)>;
def F32 : PatLeaf<(f32 GR:$r)>;

def s32_0Imm : Operand<i32>;
def s30_2Imm : Operand<i32>;
def u32_0Imm : Operand<i32>;
def s8_0Imm : Operand<i32>;
def u26_6Imm : Operand<i32>;
def place : Operand<OtherVT>;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  let Namespace = "Whimbrel";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst = ?;
  bits<4> d;
  bits<4> a;
  let Inst{31-24} = op;
}
class Number<bits<8> op, Operand type, string asm, list<dag> pattern = []> : I<op, (outs GR:$d), (ins GR:$a, type:$n), asm, pattern> {
  bits<10> n;
  let Inst{23-20} = d;
  let Inst{19-16} = a;
  let Inst{9-0} = n;
}
def EXT : I<0, (outs), (ins u26_6Imm:$n), "more(#$n)"> {
  bits<32> n;
  let Inst{31-26} = 0;
  let Inst{25-16} = n{31-22};
  let Inst{15-0} = n{21-6};
}
def SET : I<1, (outs GR:$d), (ins s32_0Imm:$n), "$d = #$n", [(set GR:$d, imm:$n)]> {
  bits<8> n;
  let Inst{23-20} = d;
  let Inst{9-2} = n;
}
def ADDI : Number<2, s32_0Imm, "$d = add($a,#$n)">;
def ANDI : Number<3, u32_0Imm, "$d = and($a,#$n)">;
def SHL : Number<4, s8_0Imm, "$d = shl($a,#$n)">;
let mayLoad = 1 in
def LW : I<5, (outs GR:$d), (ins GR:$a, s30_2Imm:$n), "$d = word($a+#$n)"> {
  bits<10> n;
  let Inst{23-20} = d;
  let Inst{19-16} = a;
  let Inst{7-0} = n{9-2};
}
class Three<bits<8> op, RegisterClass type, string asm, list<dag> pattern> : I<op, (outs type:$d), (ins GR:$a, GR:$b), asm, pattern> {
  bits<4> b;
  let Inst{23-20} = d;
  let Inst{19-16} = a;
  let Inst{3-0} = b;
}
def ADD : Three<6, GR, "$d = add($a,$b)", [(set GR:$d, (add GR:$a, GR:$b))]>;
def SAME : Three<7, PR, "$d = same($a,$b)", [(set PR:$d, (seteq I32:$a, I32:$b))]>;
def MORE : Three<8, PR, "$d = more($a,$b)", [(set PR:$d, (setgt I32:$a, I32:$b))]>;
def ABOVE : Three<9, PR, "$d = above($a,$b)", [(set PR:$d, (setugt I32:$a, I32:$b))]>;
def FLOAT : Three<10, PR, "$d = fmore($a,$b)", [(set PR:$d, (setge F32:$a, F32:$b))]>;
class Branch<bits<8> op, string asm> : I<op, (outs), (ins PR:$a, place:$to), asm> {
  bits<12> to;
  let Inst{19-16} = a;
  let Inst{11-0} = to;
  let isBranch = 1;
  let isTerminator = 1;
}
def BT : Branch<11, "if ($a) jump $to">;
def BF : Branch<12, "if (!$a) jump $to">;
def : Pat<(brcond PR:$a, bb:$to), (BT PR:$a, bb:$to)>;
def : Pat<(brcond (not PR:$a), bb:$to), (BF PR:$a, bb:$to)>;
def PAIR : I<13, (outs DR:$d), (ins GR:$a, GR:$b), "$d = pair($a,$b)"> {
  bits<4> b;
  let Inst{23-20} = d;
  let Inst{19-16} = a;
  let Inst{3-0} = b;
}
def COUNT : I<14, (outs GR:$d), (ins DR:$a), "$d = count($a)"> {
  let Inst{23-20} = d;
  let Inst{19-16} = a;
}
def : Pat<(i32 (ctpop GR:$a)), (COUNT (PAIR GR:$a, GR:$a))>;
let isCall = 1, Defs = [R15] in
def CALL : I<17, (outs), (ins GR:$a), "callr $a"> { let Inst{19-16} = a; }
def back : SDNode<"WhimbrelISD::BACK", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in {
  def HALF : I<0, (outs), (ins), "jumpr r15"> { let AsmVariantName = "Never"; let Uses = [R15]; }
  def AFTER_EXCEPTION : I<16, (outs), (ins), "jumpr r15", [(back)]> { let Uses = [R14]; let Inst{3-0} = 15; }
  def BACK : I<15, (outs), (ins), "jumpr r15", [(back)]> { let Uses = [R15]; let Inst{3-0} = 15; }
}
let isPseudo = 1, isCodeGenOnly = 1 in {
  def ZEXT : I<0, (outs GR:$d), (ins GR:$a), "$d = zext($a)"> { let Inst = ?; }
  def OTHER : I<0, (outs GR:$d), (ins GR:$a), "$d = other($a)"> { let Inst = ?; }
}
def : InstAlias<"$d = zext($a)", (ANDI GR:$d, GR:$a, 255)>;
def : InstAlias<"$d = other($a)", (ADD GR:$d, GR:$a, R3)>; // a register that the pseudo does not have

def CC : CallingConv<[CCIfType<[i32], CCAssignToReg<[R1, R2]>>]>;
def RetCC : CallingConv<[CCIfType<[i32], CCAssignToReg<[R1]>>]>;
def WhimbrelInstrInfo : InstrInfo;
def Whimbrel : Target { let InstructionSet = WhimbrelInstrInfo; }
