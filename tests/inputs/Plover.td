// A 32-bit machine described as before LLVM 3.9: fields stand for operands by their position, no instruction has a Size, bits are numbered
// from the left, and what C++ expands has an opcode. A prefix gives the upper half of an immediate; a comparison leaves its result in
// an ordinary register, which a branch compares with zero; a call is given the register of the return address.
include "llvm/Target/Target.td"

class PloverReg<bits<5> n> : Register<"r" # n> {
  let Namespace = "Plover";
  let HWEncoding{4-0} = n;
}
foreach n = 0-15 in
  def R # n : PloverReg<n>;
def GPR : RegisterClass<"Plover", [i32], 32, (sequence "R%u", 0, 15)>;

def PloverRet : SDNode<"PloverISD::RET", SDTypeProfile<0, 1, [SDTCisInt<0>]>, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def PloverCall : SDNode<"PloverISD::CALL", SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>,
                        [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
def start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def finish : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>,
                    [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;

def simm16 : Operand<i32>;
def brtarget : Operand<OtherVT>;
def calltarget : Operand<i32>;
def MemAsmOperand : AsmOperandClass { let Name = "Mem"; }
def memri : Operand<i32> {
  let PrintMethod = "printMemOperand";
  let MIOperandInfo = (ops GPR, simm16);
  let ParserMatchClass = MemAsmOperand;
}
def immSExt16 : PatLeaf<(imm), [{ return isInt<16>(N->getSExtValue()); }]>;
def addr : ComplexPattern<i32, 2, "SelectAddr", [frameindex], []>;

class Format<bits<6> val> { bits<6> Value = val; }
def Pseudo : Format<0>;
def Real : Format<1>;

class PloverInst<bits<6> op, Format form, dag outs, dag ins, string asm, list<dag> pattern> : Instruction {
  let Namespace = "Plover";
  field bits<32> Inst;
  bits<6> opcode = op;
  let Inst{0-5} = opcode;
  let isCodeGenOnly = !eq(!cast<string>(form), "Pseudo");
  dag OutOperandList = outs;
  dag InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
}
class Three<bits<6> op, bits<11> flags, dag outs, dag ins, string asm, list<dag> pattern> : PloverInst<op, Real, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<5> ra;
  bits<5> rb;
  let Inst{6-10} = rd;
  let Inst{11-15} = ra;
  let Inst{16-20} = rb;
  let Inst{21-31} = flags;
}
// The operands in another order than the fields.
class Swapped<bits<6> op, bits<11> flags, dag outs, dag ins, string asm, list<dag> pattern> : Three<op, flags, outs, ins, asm, pattern> {
  bits<5> rrd;
  bits<5> rrb;
  bits<5> rra;
  let rd = rrd;
  let ra = rra;
  let rb = rrb;
}
class Two<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern> : PloverInst<op, Real, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<5> ra;
  bits<16> imm16;
  let Inst{6-10} = rd;
  let Inst{11-15} = ra;
  let Inst{16-31} = imm16;
}

def FeatureFloat : SubtargetFeature<"float", "HasFloat", "true", "Has floating point">;
def HasFloat : Predicate<"Subtarget->hasFloat()">, AssemblerPredicate<(all_of FeatureFloat)>;

let Defs = [R1], Uses = [R1] in {
  def DOWN : PloverInst<0, Pseudo, (outs), (ins simm16:$a, simm16:$b), "#DOWN $a", [(start timm:$a, timm:$b)]>;
  def UP : PloverInst<0, Pseudo, (outs), (ins simm16:$a, simm16:$b), "#UP $a", [(finish timm:$a, timm:$b)]>;
}

class Arith<bits<6> op, bits<11> flags, string name, SDNode node>
  : Three<op, flags, (outs GPR:$dst), (ins GPR:$b, GPR:$c), name # " $dst, $b, $c", [(set GPR:$dst, (node GPR:$b, GPR:$c))]>;
def ADD : Arith<1, 0, "add", add>;
def OR : Arith<2, 0, "or", or>;
def AND : Arith<2, 1, "and", and>;
def XOR : Arith<2, 2, "xor", xor>;
def MUL : Arith<3, 0, "mul", mul>;
def SHL : Arith<4, 0, "shl", shl>;
def SRL : Arith<4, 1, "srl", srl>;
def SRA : Arith<4, 2, "sra", sra>;
def RSUB : Swapped<5, 0, (outs GPR:$dst), (ins GPR:$b, GPR:$c), "rsub $dst, $c, $b", [(set GPR:$dst, (sub GPR:$b, GPR:$c))]>;
def CMP : Three<6, 1, (outs GPR:$dst), (ins GPR:$b, GPR:$c), "cmp $dst, $b, $c", []>;
def CMPU : Three<6, 3, (outs GPR:$dst), (ins GPR:$b, GPR:$c), "cmpu $dst, $b, $c", []>;
def ADDI : Two<7, (outs GPR:$dst), (ins GPR:$b, simm16:$c), "addi $dst, $b, $c", [(set GPR:$dst, (add GPR:$b, immSExt16:$c))]>;
def IMM : PloverInst<8, Real, (outs), (ins simm16:$imm), "imm $imm", []>;
// The same bits as ADDI's, under another name.
def ADDF : Two<7, (outs GPR:$dst), (ins GPR:$b, simm16:$c), "addf $dst, $b, $c", []> { let Predicates = [HasFloat]; }

let mayLoad = 1 in {
  def LW : Two<16, (outs GPR:$dst), (ins memri:$addr), "lw $dst, $addr", [(set GPR:$dst, (load addr:$addr))]>;
  def LH : Two<17, (outs GPR:$dst), (ins memri:$addr), "lh $dst, $addr", [(set GPR:$dst, (zextloadi16 addr:$addr))]>;
  def LB : Two<18, (outs GPR:$dst), (ins memri:$addr), "lb $dst, $addr", [(set GPR:$dst, (zextloadi8 addr:$addr))]>;
}
let mayStore = 1 in {
  def SW : Two<19, (outs), (ins GPR:$src, memri:$addr), "sw $src, $addr", [(store GPR:$src, addr:$addr)]>;
  def SH : Two<20, (outs), (ins GPR:$src, memri:$addr), "sh $src, $addr", [(truncstorei16 GPR:$src, addr:$addr)]>;
  def SB : Two<21, (outs), (ins GPR:$src, memri:$addr), "sb $src, $addr", [(truncstorei8 GPR:$src, addr:$addr)]>;
}

let isBranch = 1, isTerminator = 1, isBarrier = 1, rd = 0, ra = 0 in
def BR : Two<32, (outs), (ins brtarget:$target), "br $target", [(br bb:$target)]>;
let isBranch = 1, isTerminator = 1, isBarrier = 1, isIndirectBranch = 1, rd = 0, rb = 0 in
def BRR : Three<33, 0, (outs), (ins GPR:$target), "brr $target", [(brind GPR:$target)]>;
class Tested<bits<5> test, string name> : Two<34, (outs), (ins GPR:$a, brtarget:$target), name # " $a, $target", []> {
  let isBranch = 1;
  let isTerminator = 1;
  let rd = test;
}
def BEQ : Tested<0, "beq">;
def BNE : Tested<1, "bne">;
def BLT : Tested<2, "blt">;
def BLE : Tested<3, "ble">;
def BGT : Tested<4, "bgt">;
def BGE : Tested<5, "bge">;
let isCall = 1, Defs = [R3, R4, R5, R6, R7, R8], Uses = [R1] in {
  let ra = 0 in
  def CALL : Two<35, (outs), (ins GPR:$link, calltarget:$target), "call $link, $target", []>;
  let rb = 0 in
  def CALLR : Three<36, 0, (outs), (ins GPR:$link, GPR:$target), "callr $link, $target", []>;
}
let isReturn = 1, isTerminator = 1, isBarrier = 1, rd = 0 in {
  def RTS : Two<37, (outs), (ins GPR:$target, simm16:$imm), "rts $target, $imm", []>;
  def RTE : Two<38, (outs), (ins GPR:$target, simm16:$imm), "rte $target, $imm", []>;
}

let usesCustomInserter = 1 in
def Select_CC : PloverInst<0, Pseudo, (outs GPR:$dst), (ins GPR:$t, GPR:$f, GPR:$c, i32imm:$code), "; SELECT_CC", []>;

def : Pat<(i32 immSExt16:$imm), (ADDI (i32 R0), imm:$imm)>;
def : Pat<(PloverCall (i32 tglobaladdr:$f)), (CALL (i32 R15), tglobaladdr:$f)>;
def : Pat<(PloverCall (i32 texternalsym:$f)), (CALL (i32 R15), texternalsym:$f)>;
def : Pat<(PloverCall GPR:$f), (CALLR (i32 R15), GPR:$f)>;
def : Pat<(PloverRet GPR:$target), (RTS GPR:$target, 4)>;
def : Pat<(select (i32 GPR:$c), (i32 GPR:$t), (i32 GPR:$f)), (Select_CC GPR:$t, GPR:$f, GPR:$c, 2)>;
foreach c = ["EQ", "NE", "LT", "LE", "GT", "GE"] in {
  def : Pat<(brcond (setcc (i32 GPR:$l), (i32 0), !cast<CondCode>("SET" # c)), bb:$t), (!cast<Tested>("B" # c) GPR:$l, bb:$t)>;
  def : Pat<(brcond (setcc (i32 GPR:$l), (i32 GPR:$r), !cast<CondCode>("SET" # c)), bb:$t),
            (!cast<Tested>("B" # c) (CMP GPR:$r, GPR:$l), bb:$t)>;
  def : Pat<(setcc (i32 GPR:$l), (i32 GPR:$r), !cast<CondCode>("SET" # c)),
            (Select_CC (ADDI (i32 R0), 1), (ADDI (i32 R0), 0), (CMP GPR:$r, GPR:$l), 1)>;
}
foreach c = ["LT", "LE", "GT", "GE"] in
  def : Pat<(brcond (setcc (i32 GPR:$l), (i32 GPR:$r), !cast<CondCode>("SETU" # c)), bb:$t),
            (!cast<Tested>("B" # c) (CMPU GPR:$r, GPR:$l), bb:$t)>;

def RetCC_Plover : CallingConv<[CCIfType<[i32], CCAssignToReg<[R3, R4]>>]>;
def CC_Plover : CallingConv<[CCIfType<[i32], CCCustom<"CC_Plover_Assign">>, CCIfType<[i32], CCAssignToStack<4, 4>>]>;

def PloverInstrInfo : InstrInfo;
def : ProcessorModel<"plover", NoSchedModel, []>;
def Plover : Target { let InstructionSet = PloverInstrInfo; }
