// A machine of two widths in one description, told apart by a condition that no record answers: each register twice, each call and move of
// the return address twice, loads with the offset before the base, offsets in units of 8, arguments on the stack left to C++.
include "llvm/Target/Target.td"

def Feature64 : SubtargetFeature<"64bit", "HasLongWords", "true", "Registers of 64 bits">;
def Narrow : Predicate<"!Subtarget->isGodwit64()">;
def Wide : Predicate<"Subtarget->isGodwit64()">;

let Namespace = "Godwit" in {
  def lower : SubRegIndex<32>;
  foreach n = 0-7 in {
    def R # n : Register<"r" # n> { let HWEncoding = n; }
    def X # n : RegisterWithSubRegs<"r" # n, [!cast<Register>("R" # n)]> { let SubRegIndices = [lower]; let HWEncoding = n; }
  }
  def LR : Register<"lr">;
  def LR8 : Register<"lr">;
  def CNT : Register<"cnt">;
  def CNT8 : Register<"cnt">;
}
def GR : RegisterClass<"Godwit", [i32], 32, (sequence "R%u", 0, 7)>;
def GX : RegisterClass<"Godwit", [i64], 64, (sequence "X%u", 0, 7)>;

class I<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern> : Instruction {
  let Namespace = "Godwit";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  field bits<32> Inst;
  let Inst{7-0} = op;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
}
class Twin<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern> : I<op, outs, ins, asm, pattern> {
  let isCodeGenOnly = 1;
}
def s8 : Operand<i64>, ImmLeaf<i64, "return isInt<8>(Imm);">;
def s21 : Operand<i64>, ImmLeaf<i64, "return isInt<21>(Imm);">;
def u6 : Operand<i32>, ImmLeaf<i32, "return isUInt<6>(Imm);">;
def callee : Operand<iPTR> { let OperandType = "OPERAND_PCREL"; }
def begin : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def end : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;
class Binary<bits<8> op, RegisterClass held, ValueType type, string name, SDPatternOperator node>
  : I<op, (outs held:$d), (ins held:$a, held:$b), name # " $d, $a, $b", [(set type:$d, (node type:$a, type:$b))]> {
  bits<3> d;
  bits<3> a;
  bits<3> b;
  let Inst{10-8} = d;
  let Inst{13-11} = a;
  let Inst{16-14} = b;
}
multiclass Both<bits<8> op, string name, SDPatternOperator node> {
  def "" : Binary<op, GR, i32, name, node>;
  let isCodeGenOnly = 1 in
  def _8 : Binary<op, GX, i64, name, node>;
}
defm ADD : Both<1, "add", add>;
defm SUB : Both<2, "sub", sub>;
defm AND : Both<3, "and", and>;
defm OR : Both<4, "or", or>;
defm XOR : Both<5, "xor", xor>;
class Immediate<bits<8> op, RegisterClass held, ValueType type, string name, SDPatternOperator node>
  : I<op, (outs held:$d), (ins held:$a, s8:$n), name # " $d, $a, $n", [(set type:$d, (node type:$a, s8:$n))]> {
  bits<3> d;
  bits<3> a;
  bits<8> n;
  let Inst{10-8} = d;
  let Inst{13-11} = a;
  let Inst{31-24} = n;
}
let isCodeGenOnly = 1 in
def ADDI_8 : Immediate<6, GX, i64, "addi", add>;
def LI : I<7, (outs GR:$d), (ins i32imm:$n), "li $d, $n", [(set i32:$d, imm:$n)]> {
  bits<3> d;
  bits<21> n;
  let Inst{10-8} = d;
  let Inst{31-11} = n;
}
let isCodeGenOnly = 1 in
def LI_8 : I<7, (outs GX:$d), (ins s21:$n), "li $d, $n", [(set i64:$d, s21:$n)]> {
  bits<3> d;
  bits<21> n;
  let Inst{10-8} = d;
  let Inst{31-11} = n;
}
def COMPLEMENT : SDNodeXForm<imm, [{ return CurDAG->getTargetConstant(63 - N->getZExtValue(), SDLoc(N), MVT::i32); }]>;
def ROTATE : I<8, (outs GX:$d), (ins GX:$a, u6:$n, u6:$m), "rotate $d, $a, $n, $m", []> {
  bits<3> d;
  bits<3> a;
  bits<6> n;
  bits<6> m;
  let Inst{10-8} = d;
  let Inst{13-11} = a;
  let Inst{19-14} = n;
  let Inst{25-20} = m;
}
def : Pat<(shl i64:$a, (i32 imm:$n)), (ROTATE $a, imm:$n, (COMPLEMENT $n))>;

def Units : AsmOperandClass { let Name = "Units"; let PredicateMethod = "isS11ImmX8"; let RenderMethod = "addImmOperands"; }
def units : Operand<iPTR> {
  let ParserMatchClass = Units;
  let EncoderMethod = "getUnits";
  let DecoderMethod = "decodeUnits";
}
def offset : Operand<iPTR>;
def base : Operand<iPTR>, PointerLikeRegClass<0>;
def at : Operand<iPTR> { let MIOperandInfo = (ops offset:$o, base:$a); }
def at8 : Operand<iPTR> { let MIOperandInfo = (ops units:$o, base:$a); }
def any : ComplexPattern<iPTR, 2, "selectAny", [], []>;
def times8 : ComplexPattern<iPTR, 2, "selectTimes8", [], []>;
class Access<bits<8> op, dag outs, dag ins, string asm, list<dag> pattern> : I<op, outs, ins, asm, pattern> {
  bits<3> d;
  bits<8> o;
  bits<3> a;
  let Inst{10-8} = d;
  let Inst{18-11} = o;
  let Inst{21-19} = a;
}
let mayLoad = 1 in {
  def LW : Access<9, (outs GR:$d), (ins (at $o, $a):$x), "lw $d, $x", [(set i32:$d, (load any:$x))]>;
  def LX : Access<10, (outs GX:$d), (ins (at8 $o, $a):$x), "lx $d, $x", [(set i64:$d, (load times8:$x))]>;
}
let mayStore = 1 in {
  def SW : Access<11, (outs), (ins GR:$d, (at $o, $a):$x), "sw $d, $x", [(store i32:$d, any:$x)]>;
  def SX : Access<12, (outs), (ins GX:$d, (at8 $o, $a):$x), "sx $d, $x", [(store i64:$d, times8:$x)]>;
}
def : Pat<(i64 (zext i32:$a)), (ROTATE (INSERT_SUBREG (i64 (IMPLICIT_DEF)), $a, lower), 0, 32)>;
def : Pat<(i64 (anyext i32:$a)), (INSERT_SUBREG (i64 (IMPLICIT_DEF)), $a, lower)>;
def : Pat<(i32 (trunc i64:$a)), (EXTRACT_SUBREG $a, lower)>;

def call : SDNode<"GodwitISD::CALL", SDTypeProfile<0, -1, [SDTCisInt<0>]>, [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
def back : SDNode<"GodwitISD::RET_GLUE", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
class Call<bits<8> op, string asm, list<dag> pattern> : I<op, (outs), (ins callee:$t), asm, pattern> {
  bits<24> t;
  let Inst{31-8} = t;
  let isCall = 1;
}
let Defs = [LR] in {
  def BL : Call<13, "bl $t", []>;
  def BLA : Call<14, "bla $t", [(call (i32 imm:$t))]>;
}
let Defs = [LR8], isCodeGenOnly = 1 in
def BL_8 : Call<13, "bl $t", []>;
def : Pat<(call (i32 tglobaladdr:$t)), (BL tglobaladdr:$t)>;
def : Pat<(call (i32 texternalsym:$t)), (BL texternalsym:$t)>;
def : Pat<(call (i64 tglobaladdr:$t)), (BL_8 tglobaladdr:$t)>;
def : Pat<(call (i64 texternalsym:$t)), (BL_8 texternalsym:$t)>;
let isCall = 1 in {
  let Defs = [LR], Uses = [CNT], Predicates = [Narrow] in
  def BCNTL : I<15, (outs), (ins), "bcntl", []>;
  let Defs = [LR8], Uses = [CNT8], Predicates = [Wide] in
  def BCNTL_8 : Twin<15, (outs), (ins), "bcntl", []>;
}
class Move<bits<8> op, dag outs, dag ins, string asm> : I<op, outs, ins, asm, []> {
  bits<3> d;
  let Inst{10-8} = d;
}
let Defs = [CNT] in
def MTCNT : Move<16, (outs), (ins GR:$d), "mtcnt $d">;
let Defs = [CNT8], isCodeGenOnly = 1 in
def MTCNT_8 : Move<16, (outs), (ins GX:$d), "mtcnt $d">;
let Uses = [LR] in
def MFLR : Move<17, (outs GR:$d), (ins), "mflr $d">;
let Uses = [LR8], isCodeGenOnly = 1 in
def MFLR_8 : Move<17, (outs GX:$d), (ins), "mflr $d">;
let Defs = [LR] in
def MTLR : Move<18, (outs), (ins GR:$d), "mtlr $d">;
let Defs = [LR8], isCodeGenOnly = 1 in
def MTLR_8 : Move<18, (outs), (ins GX:$d), "mtlr $d">;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in {
  let Uses = [LR], Predicates = [Narrow] in
  def RET : I<19, (outs), (ins), "ret", [(back)]>;
  let Uses = [LR8], Predicates = [Wide] in
  def RET_8 : Twin<19, (outs), (ins), "ret", [(back)]>;
}
let Defs = [R1], Uses = [R1], isPseudo = 1 in {
  def DOWN : I<0, (outs), (ins i32imm:$a, i32imm:$b), "", [(begin timm:$a, timm:$b)]>;
  def UP : I<0, (outs), (ins i32imm:$a, i32imm:$b), "", [(end timm:$a, timm:$b)]>;
}


def CC_Godwit32 : CallingConv<[CCIfType<[i32], CCAssignToReg<[R2, R3]>>, CCIfType<[i32], CCAssignToStack<4, 4>>]>;
def CC_Godwit64 : CallingConv<[CCIfType<[i32], CCPromoteToType<i64>>, CCIfType<[i64], CCAssignToReg<[X2, X3]>>]>;
def RetCC_Godwit : CallingConv<[CCIfType<[i32], CCAssignToReg<[R2]>>, CCIfType<[i64], CCAssignToReg<[X2]>>]>;
def : ProcessorModel<"generic", NoSchedModel, []>;
def : ProcessorModel<"godwit64", NoSchedModel, [Feature64]>;
def GodwitInstrInfo : InstrInfo;
def Godwit : Target { let InstructionSet = GodwitInstrInfo; }
